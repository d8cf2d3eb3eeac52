/** The public AED map: which defibrillators near here would work if one were needed now. */

import { AedLayer } from "./aed_layer.js";
import { ask, pageSettings } from "./api.js";
import { createMap, putFeatures } from "./carto/basemap.js";
import { MyLocation } from "./carto/mylocation.js";
import { pointFeature } from "./carto/overlay.js";
import { addAedLayer, aedColours } from "./carto/signs.js";
import { byId, el, fill, show } from "./dom.js";
import { setTimezone } from "./format.js";
import { onLanguage, startLanguage, word } from "./language.js";
import { aedDetails } from "./map/details.js";
import { NearestList } from "./map/nearest.js";

/** @typedef {import("./contract/aeds.d.ts").Aed} Aed */

const LEAST_ZOOM = 8;
const USABILITIES = /** @type {const} */ (["usable", "doubtful", "unusable"]);
const onlyUsable = byId("only-usable", HTMLInputElement);

/** @type {import("./carto/basemap.js").BaseMap | undefined} */
let base;
/** @type {{ latitude: number, longitude: number } | null} */
let me = null;
/** @type {Aed | null} */
let opened = null;
/** Counts what was opened and shut: a slow answer about one does not take the place of another that was tapped since. */
let turns = 0;

const layer = new AedLayer(drawAeds);
const nearest = new NearestList((aed) => {
  base?.map.easeTo({ center: base.draw(aed.location), zoom: Math.max(16, base.map.getZoom()) });
  void open(aed.id);
});

function drawAeds() {
  if (!base) return;
  const drawn = layer.drawn(onlyUsable.checked);
  putFeatures(base, "aeds", drawn);
  byId("map", HTMLElement).dataset.drawn = String(drawn.length); // what a canvas cannot tell a test or a screen reader
  const far = base.map.getZoom() < LEAST_ZOOM;
  const note = byId("map-note", HTMLElement);
  note.textContent = word(far ? "aed.zoom_in" : "aed.truncated");
  show(note, far || layer.truncated);
}

function moved() {
  if (!base) return;
  if (base.map.getZoom() >= LEAST_ZOOM) layer.look(base.bounds());
  else drawAeds();
  if (!me) void nearest.look(base.read(base.map.getCenter()), "aed.near_centre");
}

/** @param {string} id */
async function open(id) {
  turns += 1;
  const turn = turns;
  /** @type {Aed} */
  let aed;
  try {
    aed = await ask("GET", `/v1/aeds/${encodeURIComponent(id)}`);
  } catch {
    return; // removed meanwhile, or no network: the list still tells the essentials
  }
  if (turn !== turns) return;
  opened = aed;
  drawDetails();
  byId("details", HTMLElement).scrollIntoView({ block: "nearest" });
}

function drawDetails() {
  const box = byId("details", HTMLElement);
  show(box, opened !== null);
  if (opened) fill(box, aedDetails(opened, shut));
  else fill(box);
  if (base) putFeatures(base, "opened", opened ? [pointFeature(opened.location)] : []);
}

function shut() {
  turns += 1;
  opened = null;
  drawDetails();
}

function drawLegend() {
  fill(byId("legend", HTMLElement), ...USABILITIES.map((usability) => {
    const { fill: colour, rim } = aedColours.light[usability];
    const edge = usability === "unusable" ? rim : colour;
    return el("li", {}, el("i", { attributes: { style: `--sign:${colour};--rim:${edge}` } }), word(`aed.${usability}`));
  }));
}

async function startMap() {
  const container = byId("map", HTMLElement);
  try {
    base = await createMap(container, { theme: "light" });
  } catch {
    fill(container, el("p", { class: "map-failed", text: word("map.failed") }));
    const settings = await pageSettings();
    await nearest.look(settings.centre, "aed.near_centre");
    return;
  }
  const { map } = base;
  const empty = /** @type {import("geojson").FeatureCollection} */ ({ type: "FeatureCollection", features: [] });
  map.addSource("opened", { type: "geojson", data: empty });
  map.addLayer({ id: "opened", type: "circle", source: "opened", paint: { "circle-radius": 20, "circle-color": "#ffffff", "circle-stroke-color": "#14181d", "circle-stroke-width": 2.5 } });
  addAedLayer(base, "light");
  map.addLayer({
    id: "aed-names", type: "symbol", source: "aeds", minzoom: 14.5,
    layout: { "text-field": ["get", "name"], "text-font": ["PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", "sans-serif"], "text-size": 12.5, "text-anchor": "top", "text-offset": [0, 1.9], "text-max-width": 9, "text-optional": true },
    paint: { "text-color": "#14181d", "text-halo-color": "#ffffff", "text-halo-width": 1.5 },
  });
  map.on("click", "aeds", (event) => {
    const id = event.features?.[0]?.properties.id;
    if (typeof id === "string") void open(id);
  });
  map.on("mouseenter", "aeds", () => (map.getCanvas().style.cursor = "pointer"));
  map.on("mouseleave", "aeds", () => (map.getCanvas().style.cursor = ""));
  map.on("moveend", moved);
  const mine = new MyLocation(base, {
    onFound: (fix) => {
      me = fix;
      void nearest.look(fix, "aed.near_me");
    },
  });
  map.addControl(mine, "top-right");
  moved();
  // Where permission was given before, nobody needs to ask again.
  const permission = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (permission?.state === "granted") await mine.find();
}

function drawWords() {
  drawLegend();
  drawDetails();
  drawAeds();
  nearest.draw();
}

startLanguage();
drawWords();
onLanguage(drawWords);
onlyUsable.addEventListener("change", drawAeds);
pageSettings().then((settings) => setTimezone(settings.timezone), () => undefined);
void startMap();
