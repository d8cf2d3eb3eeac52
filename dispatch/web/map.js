/** The public AED map: which defibrillators near here would work if one were needed now. */

import { ask, pageSettings } from "./api.js";
import { aedSigns } from "./carto/aed_images.js";
import { AedTiles } from "./carto/aed_tiles.js";
import { createMap, putFeatures } from "./carto/basemap.js";
import { MyLocation } from "./carto/mylocation.js";
import { pointFeature } from "./carto/overlay.js";
import { byId, el, fill, show } from "./dom.js";
import { setTimezone } from "./format.js";
import { icon } from "./icons.js";
import { onLanguage, startLanguage, word } from "./language.js";
import { Chips } from "./map/chips.js";
import { aedDetails, severalHere } from "./map/details.js";
import { aedInAddress, putAedInAddress } from "./map/deep_link.js";
import { NearestList } from "./map/nearest.js";
import { reportProblem } from "./map/report.js";
import { SearchField } from "./map/search.js";

/** @typedef {import("./contract/registry.d.ts").PublicAed} Aed */
/** @typedef {import("./contract/registry.d.ts").TileAed} TileAed */

const CLOSE_ZOOM = 16;
const SAID_MS = 6_000;
const SIGNS = /** @type {const} */ (["now", "unchecked", "later", "unknown", "no"]);

/** @type {import("./carto/basemap.js").BaseMap | undefined} */
let base;
/** @type {AedTiles | undefined} */
let tiles;
/** @type {{ latitude: number, longitude: number } | null} */
let me = null;
/** @type {Aed | null} */
let opened = null;
/** @type {TileAed[]} */
let several = [];
/** Said once, for a moment. */
let saying = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let sayingTimer;
let note = /** @type {import("./language.js").Word | null} */ (null);
/** Counts what was opened and shut: a slow answer about one does not take the place of another that was tapped since. */
let turns = 0;
/** @type {Set<string>} devices that this browser has told of a problem with */
const reported = new Set();

const nearest = new NearestList((aed) => go(aed.id));
const chips = new Chips(byId("chips", HTMLElement), (chosen) => tiles?.narrow(chosen));
const search = new SearchField(byId("search", HTMLInputElement), byId("found", HTMLElement), {
  near: () => me ?? (base ? base.read(base.map.getCenter()) : null),
  onSelect: (aed) => go(aed.id),
});

/** Shows a device, and goes there. @param {string} id */
function go(id) {
  void open(id, true);
}

/**
 * @param {string} id
 * @param {boolean} [move] the map goes there too
 */
async function open(id, move = false) {
  turns += 1;
  const turn = turns;
  /** @type {Aed} */
  let aed;
  try {
    aed = await ask("GET", `/v1/aeds/${encodeURIComponent(id)}`);
  } catch {
    if (turn === turns) say("aed.not_there");
    return; // removed meanwhile, or no network: the list still tells the essentials
  }
  if (turn !== turns) return;
  [opened, several] = [aed, []];
  putAedInAddress(aed.id);
  if (move && base && aed.location) base.map.easeTo({ center: base.draw(aed.location), zoom: Math.max(CLOSE_ZOOM, base.map.getZoom()) });
  drawDetails();
  bringIntoView();
}

/** @param {TileAed[]} aeds */
function tapped(aeds) {
  const [only] = aeds;
  if (only && aeds.length === 1) return void open(only.id);
  turns += 1;
  [opened, several] = [null, aeds];
  drawDetails();
  bringIntoView();
}

function bringIntoView() {
  const details = byId("details", HTMLElement);
  details.scrollIntoView({ block: "start" });
  const title = details.querySelector("h2");
  if (title instanceof HTMLElement) title.focus({ preventScroll: true });
}

function drawDetails() {
  const box = byId("details", HTMLElement);
  show(box, opened !== null || several.length > 0);
  if (opened) {
    const aed = opened;
    fill(box, aedDetails({ aed, reported: reported.has(aed.id), onClose: shut, onReport: () => void report(aed) }));
  } else if (several.length) fill(box, severalHere(several, (id) => void open(id), shut));
  else fill(box);
  if (base) putFeatures(base, "opened", opened?.location ? [pointFeature(opened.location)] : []);
}

function shut() {
  turns += 1;
  [opened, several] = [null, []];
  putAedInAddress(null);
  drawDetails();
}

/** @param {Aed} aed */
async function report(aed) {
  const { told, failure } = await reportProblem(aed);
  if (failure) return sayText(failure);
  if (!told) return;
  reported.add(aed.id);
  byId("news", HTMLElement).textContent = word("report.thanks");
  tiles?.again();
  lookForNearest();
  if (opened?.id === aed.id) await open(aed.id);
}

/** @param {import("./language.js").Word} name */
function say(name) {
  sayText(word(name));
}

/** @param {string} text */
function sayText(text) {
  byId("news", HTMLElement).textContent = text;
  saying = text;
  clearTimeout(sayingTimer);
  sayingTimer = setTimeout(() => {
    saying = "";
    drawNote();
  }, SAID_MS);
  drawNote();
}

/** What was just said, or what is to be said for as long as it is so. */
function drawNote() {
  const element = byId("map-note", HTMLElement);
  const text = saying || (note ? word(note) : "");
  element.textContent = text;
  show(element, text !== "");
}

function drawLegend() {
  fill(byId("legend", HTMLElement), ...SIGNS.map((sign) => {
    const look = aedSigns[sign];
    return el("li", {}, el("i", { attributes: { style: `--sign:${look.fill};--rim:${sign === "now" ? look.fill : look.rim};--mark:${look.mark}` } }, icon(look.icon)), word(`aed.sign.${sign}`));
  }));
}

function lookForNearest() {
  if (me) void nearest.look(me, "aed.near_me");
  else if (base) void nearest.look(base.read(base.map.getCenter()), "aed.near_centre");
}

function moved() {
  if (!me) lookForNearest();
}

async function startMap() {
  const container = byId("map", HTMLElement);
  const linked = aedInAddress();
  if (linked) await open(linked);
  try {
    base = await createMap(container, { theme: "light", ...(opened?.location ? { centre: opened.location, zoom: CLOSE_ZOOM } : {}) });
  } catch {
    fill(container, el("p", { class: "map-failed", text: word("map.failed") }));
    const settings = await pageSettings();
    await nearest.look(settings.centre, "aed.near_centre");
    return;
  }
  const { map } = base;
  const settings = await pageSettings();
  const empty = /** @type {import("geojson").FeatureCollection} */ ({ type: "FeatureCollection", features: [] });
  map.addSource("opened", { type: "geojson", data: empty });
  map.addLayer({ id: "opened", type: "circle", source: "opened", paint: { "circle-radius": 21, "circle-color": "#ffffff", "circle-stroke-color": "#14181d", "circle-stroke-width": 2.5 } });
  tiles = new AedTiles(base, settings.tiles?.datum ?? "wgs84", {
    onAeds: tapped,
    onTrouble: (failed) => {
      note = failed ? "aed.tiles_failed" : null;
      drawNote();
    },
  });
  if (chips.chosen.size) tiles.narrow([...chips.chosen]);
  map.on("moveend", moved);
  const mine = new MyLocation(base, {
    onFound: (fix) => {
      me = fix;
      lookForNearest();
    },
  });
  map.addControl(mine, "bottom-right");
  drawDetails();
  moved();
  // Where permission was given before, nobody needs to ask again; who follows a link wants to see that device.
  const permission = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (permission?.state === "granted" && !linked) await mine.find();
}

function drawWords() {
  chips.draw();
  drawLegend();
  drawDetails();
  drawNote();
  nearest.draw();
}

startLanguage();
drawWords();
onLanguage(drawWords);
byId("legend-box", HTMLDetailsElement).open = matchMedia("(width >= 800px)").matches;
window.addEventListener("hashchange", () => {
  const id = aedInAddress();
  if (id && id !== opened?.id) go(id);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && !document.querySelector("dialog[open]")) {
    search.shut();
    if (opened || several.length) shut();
  }
});
pageSettings().then((settings) => setTimezone(settings.timezone), () => undefined);
void startMap();
