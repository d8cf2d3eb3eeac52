/** The custodian's page: what is due, an inspection in three taps, and what else there is to tell of a device. */

import { ask, pageSettings, Refusal } from "./api.js";
import { Absences } from "./custodian/absences.js";
import { alertsCard } from "./custodian/alerts.js";
import { deviceView, reportOf } from "./custodian/device.js";
import { home } from "./custodian/home.js";
import { Inspection, inspectionForm } from "./custodian/inspection.js";
import { Kept } from "./custodian/kept.js";
import { byUrgency, orderCard } from "./custodian/orders.js";
import { Outbox } from "./custodian/outbox.js";
import { waitingCard } from "./custodian/waiting.js";
import { PhoneAlerts } from "./custodian/waking.js";
import { byId, fill, keepingFocus, show } from "./dom.js";
import { whyNot } from "./failure.js";
import { dateTime, setTimezone, today } from "./format.js";
import { onLanguage, startLanguage, word } from "./language.js";
import { signInForm } from "./signin.js";
import { steadily } from "./steady.js";
import { forgetToken, keepToken, onTokenLink, takeToken } from "./token.js";
import { subjectOf } from "./registry/subject.js";

/** @typedef {import("./contract/owners.d.ts").CareDevice} CareDevice */
/** @typedef {import("./contract/owners.d.ts").Myself} Myself */
/** @typedef {import("./contract/work_orders.d.ts").WorkOrder} WorkOrder */
/** @typedef {{ kind: "home" } | { kind: "device", id: string } | { kind: "inspect", id: string }} Screen */

const TOKEN = "token:custodian";
const READ_AGAIN_MS = 60_000;
const page = byId("page", HTMLElement);
const kept = new Kept();

let token = takeToken(TOKEN);
/** @type {Myself | null} */
let me = null;
/** @type {string | null} since when what is shown is out of date */
let staleSince = null;
let failure = "";
/** @type {Screen} */
let screen = { kind: "home" };
/** @type {Inspection | null} */
let inspection = null;
/** What is half filled in, by device: a gesture to go back is easily made. @type {Map<string, Inspection>} */
const begun = new Map();
/** Whose all this is, or was before their token ran out. */
let author = subjectOf(token);
/** @type {Map<string, string>} why the last tap on an order did nothing */
const orderFailures = new Map();
/** What was just told of a device, until the next thing. @type {Map<string, string>} */
const news = new Map();
/** Counts readings: an answer that was asked for before something was told does not take its place. */
let reads = 0;

const outbox = new Outbox({
  token: () => token,
  subject: () => subjectOf(token),
  onChange: () => draw(),
  onTold: (entry) => {
    news.set(entry.aed_id, word(`told.${entry.report.kind === "inspection" ? "inspection" : "other"}`));
    void read();
  },
});
const alerts = new PhoneAlerts(() => token ?? "", { onChange: () => draw(), onPushed: () => void read() });
const absences = new Absences({ token: () => token ?? "", onChange: () => void read() });

const draw = steadily(() => {
  drawBanner();
  if (!token) return fill(page, signInForm({ page: "custodian", failure, onToken: signIn }));
  // A form that is being filled in is not drawn anew by what happens elsewhere.
  if (screen.kind === "inspect" && page.querySelector(".inspection")) return undefined;
  return keepingFocus(() => fill(page, screenElement()));
});

function screenElement() {
  const known = me;
  if (!known) return document.createTextNode(failure || word("office.loading"));
  const at = screen;
  const inspected = inspection?.device;
  if (at.kind === "inspect" && inspection && inspected) return inspectionForm(inspection, { onDone: (report) => void tell(inspected, report), onBack: () => history.back() });
  const device = at.kind === "home" ? undefined : known.devices.find((each) => each.id === at.id);
  if (at.kind === "device" && device) {
    return deviceView({
      device, failure, standing: standingOf(device.id), isBegun: isBegun(device.id) && begun.get(device.id)?.step !== "begin",
      orders: byUrgency(known.orders.filter((order) => order.aed_id === device.id)).map(drawOrder),
      onInspect: () => inspect(device), onTell: (told) => void askAndTell(told, device), onBack: () => history.back(),
    });
  }
  return home({
    me: known, standingOf, orders: byUrgency(known.orders).map(drawOrder), waiting: waitingCard(outbox),
    // Nobody is told, nor stood in for, whom the office does not know.
    alerts: known.custodian ? alertsCard(alerts) : null, absences: known.custodian ? absences.card(subjectOf(token), known.absences) : null,
    onDevice: (one) => go({ kind: "device", id: one.id }), onSignOut: () => void leave(),
  });
}

/** @param {WorkOrder} order */
function drawOrder(order) {
  return orderCard({
    order, myself: subjectOf(token), failure: orderFailures.get(order.id) ?? "",
    onTake: () => void take(order),
    // One may be given an order about a device that is another's, or beyond those that are listed.
    onInspect: () => inspect(me?.devices.find((each) => each.id === order.aed_id) ?? { id: order.aed_id, name: order.aed_name }),
  });
}

/** @param {string} aed_id */
function standingOf(aed_id) {
  if (outbox.waiting.some((entry) => entry.aed_id === aed_id)) return word("told.waiting");
  return news.get(aed_id) ?? "";
}

function drawBanner() {
  const banner = byId("offline", HTMLElement);
  show(banner, Boolean(token) && staleSince !== null);
  if (staleSince) banner.textContent = word(outbox.waiting.length ? "custodian.offline.waiting" : "custodian.offline", { time: dateTime(staleSince), n: outbox.waiting.length });
}

/** @param {Screen} to */
function go(to) {
  history.pushState(to, "");
  turn(to);
}

/** @param {Screen} to */
function turn(to) {
  screen = to;
  failure = "";
  inspection = to.kind === "inspect" ? begun.get(to.id) ?? null : null;
  fill(page);
  draw();
  window.scrollTo(0, 0);
}

/** @param {import("./custodian/inspection.js").Inspected} device */
function inspect(device) {
  // What was seen on another day is not how it is today.
  if (!isBegun(device.id)) begun.set(device.id, new Inspection(device));
  go({ kind: "inspect", id: device.id });
}

/** @param {string} aed_id */
function isBegun(aed_id) {
  return begun.get(aed_id)?.day === today();
}

/**
 * @param {{ id: string, name: string }} device
 * @param {import("./contract/registry.d.ts").Report} report
 */
async function tell(device, report) {
  news.delete(device.id);
  begun.delete(device.id);
  history.replaceState({ kind: "home" }, "");
  turn({ kind: "home" });
  const isThere = await outbox.put(device, report);
  byId("news", HTMLElement).textContent = word(isThere ? "told.inspection" : "told.waiting");
  // It may be the token that has run out meanwhile.
  if (!isThere) void read();
}

/** @param {import("./custodian/device.js").Told} told @param {CareDevice} device */
async function askAndTell(told, device) {
  failure = "";
  try {
    const report = await reportOf(told, device);
    if (report) await outbox.put(device, report);
  } catch {
    failure = word("map.no_location");
  }
  draw();
}

/** @param {WorkOrder} order */
async function take(order) {
  try {
    const taken = /** @type {WorkOrder} */ (await ask("POST", `/v1/work-orders/${encodeURIComponent(order.id)}/acknowledge`, { token: token ?? "", body: {} }));
    orderFailures.delete(order.id);
    reads += 1;
    if (me) me = { ...me, orders: me.orders.map((each) => (each.id === taken.id ? taken : each)) };
  } catch (error) {
    orderFailures.set(order.id, whyNot(error));
  }
  draw();
}

/** How things stand, as the service knows it; without a network, as it was last known. */
async function read() {
  if (!token) return;
  reads += 1;
  const asked = { reads, token };
  try {
    const answer = /** @type {Myself} */ (await ask("GET", "/v1/custodians/me", { token }));
    if (asked.reads !== reads || asked.token !== token) return;
    [me, staleSince, failure] = [answer, null, ""];
    kept.keep(subjectOf(token), answer);
  } catch (error) {
    if (asked.token !== token) return;
    const isRefused = error instanceof Refusal && (error.status === 401 || error.status === 403);
    // What somebody has written down at a device is not thrown away with their token: it is kept first.
    if (isRefused && screen.kind === "inspect") return undefined;
    if (isRefused) return signOut(word(error.status === 403 ? "custodian.wrong_role" : "refused.bad_token"));
    const last = kept.last(subjectOf(token));
    staleSince ??= last?.at ?? new Date().toISOString();
    if (!me && last) me = last.me;
    if (!me) failure = whyNot(error);
  }
  draw();
}

/** @param {string} given */
function signIn(given) {
  // What somebody else had begun here is not this one's.
  if (subjectOf(given) !== author) begun.clear();
  keepToken(TOKEN, given);
  [token, me, failure, staleSince, author] = [given, null, "", null, subjectOf(given)];
  start();
}

/** @param {string} why */
function signOut(why) {
  forgetToken(TOKEN);
  [token, me, failure, staleSince, screen] = [null, null, why, null, { kind: "home" }];
  draw();
}

/** By one's own will: this phone is told nothing more, and shows nothing of it to the next. */
async function leave() {
  await alerts.turnOff();
  kept.forget();
  begun.clear();
  signOut("");
}

function start() {
  draw();
  if (!token) return;
  void read();
  void outbox.send();
  void alerts.prepare();
  void alerts.look();
}

startLanguage();
history.replaceState({ kind: "home" }, "");
window.addEventListener("popstate", (event) => turn(/** @type {Screen} */ (event.state ?? { kind: "home" })));
onLanguage(() => {
  if (screen.kind === "inspect") fill(page);
  draw();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void read();
});
window.addEventListener("online", () => void read());
setInterval(() => { if (document.visibilityState === "visible") void read(); }, READ_AGAIN_MS);
onTokenLink(TOKEN, signIn);
pageSettings().then((settings) => {
  setTimezone(settings.timezone);
  draw();
}, () => undefined);
start();
