/** The console's map: incidents, responders and AEDs as layers that take thousands of points. */

import { createMap, putFeatures } from "../carto/basemap.js";
import { lineFeature, pointFeature, showAll } from "../carto/overlay.js";
import { signs } from "../carto/palette.js";
import { addAedLayer, aedColours } from "../carto/signs.js";
import { el } from "../dom.js";
import { word, wordFor } from "../language.js";
import { ACTIVE } from "./alerts.js";
import { hasEnded } from "./board.js";

/** @typedef {import("./board.js").Board} Board */
/** @typedef {import("../contract/incidents.d.ts").OperatorIncident} OperatorIncident */

const EMPTY = /** @type {import("geojson").FeatureCollection} */ ({ type: "FeatureCollection", features: [] });
const CLOSEST_ZOOM = 15;
/** Whoever cannot be reached is a ring without a middle: there, but not to be counted on. */
const HOLLOW = "#14181e";

export class Overview {
  /** @type {import("../carto/basemap.js").BaseMap | undefined} */
  base;
  /** @type {string | null} */
  #selected = null;

  /**
   * @param {HTMLElement} container
   * @param {{ onSelect: (id: string) => void, onMove: (bbox: [number, number, number, number], zoom: number) => void }} handlers
   */
  constructor(container, handlers) {
    this.container = container;
    this.handlers = handlers;
  }

  async start() {
    const base = await createMap(this.container, { theme: "dark" });
    const { map } = base;
    addAedLayer(base, "dark");
    for (const source of ["ways", "responders", "incidents"]) map.addSource(source, { type: "geojson", data: EMPTY });
    map.addLayer({ id: "ways", type: "line", source: "ways", layout: { "line-cap": "round" }, paint: { "line-color": signs.responderEngaged, "line-width": 2, "line-dasharray": [0.5, 2] } });
    map.addLayer({
      id: "responders", type: "circle", source: "responders",
      layout: { "circle-sort-key": ["match", ["get", "state"], "engaged", 3, "offered", 2, "free", 1, 0] },
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, ["match", ["get", "state"], "free", 2, "unreachable", 2, 4.5], 16, ["match", ["get", "state"], "free", 5.5, "unreachable", 5, 8]],
        "circle-color": ["match", ["get", "state"], "engaged", signs.responderEngaged, "offered", signs.responderOffered, "unreachable", HOLLOW, signs.responderFree],
        "circle-stroke-color": ["match", ["get", "state"], "free", "#0c0f13", "unreachable", signs.responderUnreachable, "#ffffff"],
        "circle-stroke-width": ["match", ["get", "state"], "free", 0.6, 1.6],
      },
    });
    map.addLayer({ id: "incident-halo", type: "circle", source: "incidents", paint: { "circle-radius": ["case", ["get", "selected"], 24, 17], "circle-color": signs.incident, "circle-opacity": ["case", ["get", "ended"], 0, 0.26], "circle-stroke-color": "#ffffff", "circle-stroke-width": ["case", ["get", "selected"], 1.5, 0] } });
    map.addLayer({ id: "incidents", type: "circle", source: "incidents", paint: { "circle-radius": ["case", ["get", "ended"], 5, 8.5], "circle-color": ["case", ["get", "ended"], signs.incidentQuiet, signs.incident], "circle-stroke-color": ["case", ["get", "drill"], "#ffd766", "#ffffff"], "circle-stroke-width": ["case", ["get", "ended"], 1, 2.5] } });
    map.on("click", "incidents", (event) => {
      const id = event.features?.[0]?.properties.id;
      if (typeof id === "string") this.handlers.onSelect(id);
    });
    this.#explain(base);
    const moved = () => this.handlers.onMove(base.bounds(), map.getZoom());
    map.on("moveend", moved);
    this.base = base;
    moved();
  }

  /**
   * A word about what is under the pointer. Names come from the network: they are set as text.
   *
   * @param {import("../carto/basemap.js").BaseMap} base
   */
  #explain({ map, library }) {
    const popup = new library.Popup({ closeButton: false, closeOnClick: false, offset: 12 });
    for (const layer of ["aeds", "responders", "incidents"]) {
      map.on("mousemove", layer, (event) => {
        const feature = event.features?.[0];
        if (feature?.geometry.type !== "Point") return;
        map.getCanvas().style.cursor = "pointer";
        const { name, state, readiness, kind } = feature.properties;
        const tip = el("div", { class: "tip" },
          el("strong", { text: name || wordFor("kind", kind) }), el("br"),
          state ? wordFor(layer === "incidents" ? "incident_state" : "responder_state", state) : wordFor("readiness", readiness));
        popup.setLngLat(/** @type {[number, number]} */ (feature.geometry.coordinates)).setDOMContent(tip).addTo(map);
      });
      map.on("mouseleave", layer, () => {
        map.getCanvas().style.cursor = "";
        popup.remove();
      });
    }
  }

  /**
   * @param {Board} board
   * @param {boolean} withEnded
   */
  drawIncidents(board, withEnded) {
    if (!this.base) return;
    const shown = board.list.filter((incident) => withEnded || !hasEnded(incident) || incident.incident_id === this.#selected);
    putFeatures(this.base, "incidents", shown.map((incident) => pointFeature(incident.location, {
      id: incident.incident_id, state: incident.state, kind: incident.kind, drill: incident.drill,
      ended: hasEnded(incident), selected: incident.incident_id === this.#selected,
    })));
    this.#drawWays(board);
  }

  /** @param {Board} board */
  drawResponders(board) {
    if (!this.base) return;
    putFeatures(this.base, "responders", [...board.responders.values()].map((responder) =>
      pointFeature(responder, { id: responder.id, name: responder.name, state: responder.state })));
    this.#drawWays(board);
  }

  /** @param {import("geojson").Feature[]} features */
  drawAeds(features) {
    if (this.base) putFeatures(this.base, "aeds", features);
  }

  /**
   * @param {OperatorIncident | null} incident
   * @param {Board} board
   * @param {boolean} go
   */
  select(incident, board, go) {
    this.#selected = incident?.incident_id ?? null;
    this.drawIncidents(board, false);
    if (!this.base || !incident || !go) return;
    showAll(this.base, [incident.location, ...this.#comingFrom(incident, board).flat()], {
      padding: { top: 110, bottom: 90, left: 90, right: 90 }, maxZoom: CLOSEST_ZOOM,
    });
  }

  /**
   * For each who is on the way: where they are, and the AED they still have to fetch.
   *
   * @param {OperatorIncident} incident
   * @param {Board} board
   * @returns {{ latitude: number, longitude: number }[][]}
   */
  #comingFrom(incident, board) {
    return incident.alerts.flatMap((alert) => {
      const responder = board.responders.get(alert.responder_id);
      if (!responder || !ACTIVE.has(alert.state) || alert.state === "on_scene") return [];
      const toFetch = alert.aed?.location && alert.state !== "aed_collected" ? [alert.aed.location] : [];
      return [[responder, ...toFetch]];
    });
  }

  /** The straight ways of those who come to the selected incident. @param {Board} board */
  #drawWays(board) {
    if (!this.base) return;
    const incident = this.#selected ? board.incidents.get(this.#selected) : undefined;
    const ways = incident && !hasEnded(incident)
      ? this.#comingFrom(incident, board).map((stops) => lineFeature([...stops, incident.location]))
      : [];
    putFeatures(this.base, "ways", ways);
  }
}

/**
 * What the signs mean, and how many first-aiders of each kind the map has in view.
 *
 * @param {Board | null} board
 */
export function legendItems(board) {
  const aeds = aedColours.dark;
  const responders = [...(board?.responders.values() ?? [])];
  /** @param {import("../contract/picture.d.ts").LiveResponder["state"]} state */
  const counted = (state) => `${word(`legend.${state}`)} ${responders.filter((each) => each.state === state).length}`;
  /** @param {string} colour @param {string} rim @param {string} text @param {"round" | "square"} form */
  const item = (colour, rim, text, form) =>
    el("li", {}, el("i", { attributes: { style: `--sign:${colour};--rim:${rim}`, "data-form": form } }), text);
  return [
    item(signs.incident, "#ffffff", word("legend.incident"), "round"),
    item(signs.responderFree, signs.responderFree, counted("free"), "round"),
    item(signs.responderOffered, "#ffffff", counted("offered"), "round"),
    item(signs.responderEngaged, "#ffffff", counted("engaged"), "round"),
    item(HOLLOW, signs.responderUnreachable, counted("unreachable"), "round"),
    item(aeds.usable.fill, aeds.usable.fill, `AED · ${word("aed.usable")}`, "square"),
    item(aeds.doubtful.fill, aeds.doubtful.fill, `AED · ${word("aed.doubtful")}`, "square"),
    item(aeds.unusable.fill, aeds.unusable.rim, `AED · ${word("aed.unusable")}`, "square"),
  ];
}
