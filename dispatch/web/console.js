/** The operator's console: every incident live, on one map, with what can be done about it. */

import { pageSettings } from "./api.js";
import { AedLayer } from "./aed_layer.js";
import { drawConnection, isAway } from "./connection.js";
import { Alarms } from "./console/alarms.js";
import { Board, hasEnded } from "./console/board.js";
import { DeadLetters } from "./console/dead_letters.js";
import { incidentDetail } from "./console/detail.js";
import { drawIncidents } from "./console/incidents.js";
import { legendItems, Overview } from "./console/overview.js";
import { TwinsDialog } from "./console/twins.js";
import { byId, el, fill, keepingFocus, show } from "./dom.js";
import { refused, whyNot } from "./failure.js";
import { setTimezone, timeOfDay } from "./format.js";
import { icon } from "./icons.js";
import { language, onLanguage, startLanguage, word, wordFor } from "./language.js";
import { meaningOf } from "./closecodes.js";
import { signInForm } from "./signin.js";
import { chime, unlockSound } from "./sound.js";
import { steadily } from "./steady.js";
import { Stream } from "./stream.js";
import { forgetToken, keepToken, onTokenLink, takeToken } from "./token.js";

const TOKEN = "token:console";
const COUNTS = /** @type {const} */ (["open_incidents", "on_duty", "connected", "aeds_usable"]);

let token = takeToken(TOKEN);
/** @type {Board | null} */
let board = null;
/** @type {Stream | null} */
let stream = null;
/** @type {string | null} */
let selected = null;
let message = "";
let audible = true;
let withEnded = false;
/** @type {{ bbox: [number, number, number, number], zoom: number } | null} */
let view = null;
/** @type {string | null} */
let lostAt = null;

const letters = new DeadLetters(() => token ?? "");
const alarms = new Alarms({ onShowLetters: () => void letters.open(), isAudible: () => audible });
const twins = new TwinsDialog(merge);
const aeds = new AedLayer(() => {
  overview.drawAeds(aeds.drawn(false));
  const note = byId("map-note", HTMLElement);
  note.textContent = word("aed.truncated");
  show(note, aeds.truncated);
});
const overview = new Overview(byId("map", HTMLElement), {
  onSelect: (id) => select(id, false),
  onMove: (bbox, zoom) => {
    view = { bbox, zoom };
    aeds.look(bbox);
    watch();
  },
});

function watch() {
  if (view) stream?.send({ type: "watch", ...view });
}

/** @param {string} tab */
function turnTo(tab) {
  document.body.dataset.tab = tab;
  for (const button of document.querySelectorAll("[data-tab-to]")) {
    if (button instanceof HTMLElement) button.setAttribute("aria-current", String(button.dataset.tabTo === tab));
  }
}

/**
 * @param {string} id
 * @param {boolean} go move the map there
 */
function select(id, go) {
  selected = id;
  message = "";
  if (!board) return;
  overview.select(board.incidents.get(id) ?? null, board, go);
  turnTo("detail");
  draw();
  board.read(id).catch(showFailure);
}

/** @param {unknown} error */
function showFailure(error) {
  message = whyNot(error);
  draw();
}

/**
 * Merges, and shows the one that goes on.
 *
 * @param {string} from
 * @param {string} into
 * @returns {Promise<string>} why not, or ""
 */
async function merge(from, into) {
  try {
    await board?.merge(from, into);
  } catch (error) {
    return whyNot(error);
  }
  select(into, true);
  return "";
}

/** @type {import("./console/actions.js").Command} */
function command(name, body) {
  if (!selected) return;
  message = "";
  board?.command(selected, name, body).catch(showFailure);
}

const draw = steadily(() => {
  drawCounts();
  if (!board) return;
  const shown = board.list.filter((incident) => withEnded || !hasEnded(incident) || incident.incident_id === selected);
  const known = board;
  drawIncidents(byId("incidents", HTMLElement), shown, (incident) => known.twinsOf(incident), selected, (id) => select(id, true));
  show(byId("no-incidents", HTMLElement), shown.length === 0);
  overview.drawIncidents(board, withEnded);
  twins.draw(board);
  drawLegend();
  drawDetail();
});

function drawLegend() {
  const items = legendItems(board);
  const legend = byId("legend", HTMLElement);
  // Once a second, and mostly the same.
  if (legend.textContent !== items.map((item) => item.textContent).join("")) fill(legend, ...items);
}

/** What the panel showed when it was last drawn: with every picture there is a reason to look, seldom one to draw. */
let shown = "";

function drawDetail() {
  const incident = (selected && board?.incidents.get(selected)) || null;
  const twinsOfIt = (incident && board?.twinsOf(incident)) || [];
  const now = [
    incident?.incident_id, incident?.version, incident?.timeline?.length, message, language(),
    ...twinsOfIt.flatMap((twin) => [twin.incident_id, twin.version]),
  ].join();
  if (now === shown) return;
  shown = now;
  const panel = byId("detail", HTMLElement);
  const { parentElement } = panel;
  const scrolled = parentElement?.scrollTop ?? 0;
  keepingFocus(() => fill(panel, incidentDetail({
    incident, twins: twinsOfIt, message, command, onSelect: (id) => select(id, true),
    onCompare: (twin) => { if (incident && board) twins.open([incident.incident_id, twin.incident_id], board); },
  })));
  if (parentElement) parentElement.scrollTop = scrolled;
}

function drawCounts() {
  const counts = board?.counts;
  fill(byId("counts", HTMLElement), ...COUNTS.map((name) => el("div", { attributes: { "data-count": name } },
    el("dt", { text: word(`count.${name}`) }), el("dd", { text: String((name === "open_incidents" ? board?.openCount : counts?.[name]) ?? "–") }))));
}

function drawSound() {
  const button = byId("sound", HTMLButtonElement);
  fill(button, icon(audible ? "sound" : "mute"));
  button.setAttribute("aria-label", word("console.sound"));
  button.setAttribute("aria-pressed", String(audible));
  button.title = word(audible ? "console.sound.on" : "console.sound.off");
}

/** @param {import("./contract/stream.d.ts").ServerMessage} incoming */
function onMessage(incoming) {
  if (!board) return;
  if (incoming.type === "picture") board.takePicture(incoming);
  else if (incoming.type === "incident" && "alerts" in incoming) board.takeIncident(incoming);
  else if (incoming.type === "service") alarms.takeService(incoming);
  else if (incoming.type === "aed") aeds.take(incoming);
  else if (incoming.type === "aeds") aeds.again();
  else if (incoming.type === "error") {
    message = refused(incoming);
    draw();
  }
}

/** @param {import("./stream.js").StreamState} state @param {number} [code] */
function onState(state, code) {
  drawConnection(state);
  if (isAway(state)) lostAt ??= new Date().toISOString();
  if (state === "live") lostAt = null;
  drawStale();
  if (state === "refused") signOut(wordFor("refused", meaningOf(code ?? 0).name));
  if (state === "live") watch();
}

function drawStale() {
  const banner = byId("stale", HTMLElement);
  if (lostAt) banner.textContent = word("console.stale", { time: timeOfDay(board?.at ?? lostAt) });
  show(banner, lostAt !== null);
}

/** @param {string} why */
function signOut(why) {
  stream?.close();
  forgetToken(TOKEN);
  [token, board, stream, lostAt] = [null, null, null, null];
  drawStale();
  askForToken(why);
}

/** @param {string} given */
function signIn(given) {
  stream?.close();
  keepToken(TOKEN, given);
  [token, selected] = [given, null];
  start();
}

/** @param {string} failure */
function askForToken(failure) {
  const place = byId("sign-in-place", HTMLElement);
  fill(place, signInForm({ page: "console", failure, onToken: signIn }));
  show(place, true);
  show(byId("desk", HTMLElement), false);
}

function start() {
  drawCounts();
  if (!token) return askForToken("");
  show(byId("sign-in-place", HTMLElement), false);
  show(byId("desk", HTMLElement), true);
  board = new Board(token, {
    onIncident: (incident, isNew) => {
      if (isNew && !hasEnded(incident)) announce(incident);
      draw();
    },
    onPicture: () => {
      if (board) overview.drawResponders(board);
      if (board?.counts) {
        alarms.takeCounts(board.counts);
        letters.take(board.counts.dead_letters);
      }
      draw();
    },
  });
  stream = new Stream({ token, onMessage, onState, onAfresh: readAfresh });
  stream.open();
  readAfresh();
  if (!overview.base) void startMap();
}

function readAfresh() {
  board?.readRecent().catch(() => undefined); // the picture brings what is open; only older ones are missing
  if (selected) board?.read(selected).catch(() => undefined);
}

/** @param {import("./contract/incidents.d.ts").OperatorIncident} incident */
function announce(incident) {
  byId("news", HTMLElement).textContent = `${word("event.opened")}: ${wordFor("kind", incident.kind)}`;
  if (audible) chime();
}

async function startMap() {
  try {
    await overview.start();
    if (board) {
      // Picked while the map was still on its way.
      if (selected) overview.select(board.incidents.get(selected) ?? null, board, true);
      overview.drawResponders(board);
      overview.drawIncidents(board, withEnded);
    }
  } catch {
    fill(byId("map", HTMLElement), el("p", { class: "map-failed", text: word("map.failed") }));
  }
}

function drawWords() {
  drawConnection(stream?.state ?? "closed");
  drawSound();
  drawStale();
  drawLegend();
  alarms.draw();
  draw();
}

startLanguage();
turnTo("incidents");
drawWords();
onLanguage(drawWords);
byId("sound", HTMLButtonElement).addEventListener("click", () => {
  audible = !audible;
  drawSound();
});
byId("show-ended", HTMLInputElement).addEventListener("change", (event) => {
  withEnded = /** @type {HTMLInputElement} */ (event.target).checked;
  draw();
});
for (const button of document.querySelectorAll("[data-tab-to]")) {
  if (button instanceof HTMLElement) button.addEventListener("click", () => turnTo(button.dataset.tabTo ?? "incidents"));
}
document.addEventListener("pointerdown", () => void unlockSound(), { once: true });
onTokenLink(TOKEN, signIn);
pageSettings().then((settings) => {
  setTimezone(settings.timezone);
  shown = "";
  draw();
}, () => undefined);
start();
