/** The AEDs of a map as vector tiles: single devices close up, clusters further away. */

import { onLanguage, word } from "../language.js";
import { addAedImages, PARTS } from "./aed_images.js";

/** @typedef {import("./basemap.js").BaseMap} BaseMap */
/** @typedef {import("../contract/registry.d.ts").TileAed} TileAed */
/** @typedef {import("../contract/registry.d.ts").TileCluster} TileCluster */

const SOURCE = "aeds";
/** From the lowest to the highest. */
const LAYERS = ["aed-clusters", "aeds", "aed-names"];
const FONT = ["PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", "sans-serif"];
/** Tiles are made up to here; closer up the same ones are drawn larger. */
const DEEPEST = 16;
const FINGER_PX = 9;
const LONGEST_NAME = 28;
const TRY_AGAIN_MS = 5_000;
const NUDGE_MS = 250;

/**
 * @typedef {object} Handlers
 * @property {(aeds: TileAed[]) => void} onAeds those under the finger: more than one where they hang close together
 * @property {(failed: boolean) => void} onTrouble some tiles could not be had; they are tried again
 */

export class AedTiles {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #failed = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #nudging;
  #only = "";
  /** Part of the address, so that a browser's copy is not taken for the newest. */
  #edition = 0;

  /**
   * @param {BaseMap} base
   * @param {import("../contract/values.d.ts").Datum} datum of the map below
   * @param {Handlers} handlers
   */
  constructor(base, datum, handlers) {
    this.base = base;
    this.datum = datum;
    this.handlers = handlers;
    const { map } = base;
    addAedImages(map);
    this.#add(map);
    this.#listen(map);
    onLanguage(() => map.setLayoutProperty("aed-names", "text-field", label()));
  }

  /** @param {string[]} only what the map is narrowed down to */
  narrow(only) {
    this.#only = only.join(",");
    this.again();
  }

  /** Has every tile fetched anew. */
  again() {
    clearTimeout(this.#timer);
    this.#edition += 1;
    const { map } = this.base;
    if (this.#failed) {
      // MapLibre 6.17 never asks again for a tile that failed once, whatever its source's new address: only a new source does.
      const order = map.getLayersOrder();
      const above = order[order.indexOf(LAYERS.at(-1) ?? "") + 1];
      for (const layer of LAYERS) map.removeLayer(layer);
      map.removeSource(SOURCE);
      this.#failed = false;
      this.#add(map, above);
      return;
    }
    const source = map.getSource(SOURCE);
    if (source && "setTiles" in source) /** @type {import("maplibre-gl").VectorTileSource} */ (source).setTiles([this.#address()]);
  }

  /** @param {import("maplibre-gl").Map} map @param {string} [above] the layer that stays above them */
  #add(map, above) {
    map.addSource(SOURCE, { type: "vector", tiles: [this.#address()], minzoom: 0, maxzoom: DEEPEST });
    this.#addLayers(map, above);
  }

  #address() {
    const asked = new URLSearchParams();
    if (this.#only) asked.set("only", this.#only);
    if (this.datum !== "wgs84") asked.set("datum", this.datum);
    if (this.#edition) asked.set("edition", String(this.#edition));
    const query = asked.size ? `?${asked}` : "";
    return `${location.origin}/v1/aeds/tiles/{z}/{x}/{y}${query}`;
  }

  /** @param {import("maplibre-gl").Map} map @param {string} [above] */
  #addLayers(map, above) {
    /** @param {"now" | "later" | "no"} name @returns {any} */
    const share = (name) => ["to-string", ["round", ["*", PARTS, ["/", ["get", name], ["get", "count"]]]]];
    map.addLayer({
      id: "aed-clusters", type: "symbol", source: SOURCE, "source-layer": "clusters",
      layout: {
        "icon-image": ["concat", "pie-", share("now"), "-", share("later"), "-", share("no")],
        "icon-size": ["interpolate", ["linear"], ["log10", ["get", "count"]], 0, 0.72, 2, 0.92, 4, 1.2],
        "icon-allow-overlap": true, "icon-ignore-placement": true,
        "text-field": ["case", [">=", ["get", "count"], 1000], ["concat", ["to-string", ["/", ["round", ["/", ["get", "count"], 100]], 10]], "k"], ["to-string", ["get", "count"]]],
        "text-font": FONT, "text-size": ["interpolate", ["linear"], ["log10", ["get", "count"]], 0, 12, 4, 14],
        "text-allow-overlap": true, "text-ignore-placement": true,
        "symbol-sort-key": ["get", "count"],
      },
      paint: { "text-color": "#14181d" },
    }, above);
    map.addLayer({
      id: "aeds", type: "symbol", source: SOURCE, "source-layer": "aeds",
      layout: {
        "icon-image": ["concat", "aed-", ["case", ["all", ["==", ["get", "usable"], "now"], ["!", ["get", "checked"]]], "unchecked", ["get", "usable"]]],
        "icon-size": ["interpolate", ["linear"], ["zoom"], 6, 0.5, 11, 0.7, 13, 0.8, 16, 1.1],
        "icon-allow-overlap": true, "icon-ignore-placement": true,
        // What can be had lies on top.
        "symbol-sort-key": ["match", ["get", "usable"], "now", 3, "later", 2, "unknown", 1, 0],
      },
    }, above);
    map.addLayer({
      id: "aed-names", type: "symbol", source: SOURCE, "source-layer": "aeds", minzoom: 14.5,
      layout: {
        "text-field": label(),
        "text-font": FONT, "text-size": 12.5, "text-anchor": "top", "text-offset": [0, 1.45], "text-max-width": 9, "text-optional": true,
      },
      paint: { "text-color": "#14181d", "text-halo-color": "#ffffff", "text-halo-width": 1.5 },
    }, above);
  }

  /** @param {import("maplibre-gl").Map} map */
  #listen(map) {
    map.on("click", (event) => {
      const { x, y } = event.point;
      const box = /** @type {[[number, number], [number, number]]} */ ([[x - FINGER_PX, y - FINGER_PX], [x + FINGER_PX, y + FINGER_PX]]);
      const found = map.queryRenderedFeatures(box, { layers: ["aeds"] });
      if (found.length > 0) {
        const aeds = new Map(found.map(({ properties }) => [properties.id, /** @type {TileAed} */ (properties)]));
        return this.handlers.onAeds([...aeds.values()]);
      }
      const [cluster] = map.queryRenderedFeatures(box, { layers: ["aed-clusters"] });
      if (cluster) this.#open(/** @type {TileCluster} */ (cluster.properties));
    });
    for (const layer of ["aeds", "aed-clusters"]) {
      map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
      map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
    }
    map.on("error", (event) => {
      if (/** @type {{ sourceId?: string }} */ (event).sourceId !== SOURCE) return;
      if (this.#failed) return;
      this.#failed = true;
      this.#timer = setTimeout(() => this.again(), TRY_AGAIN_MS);
    });
    map.on("sourcedataloading", (event) => {
      if (event.sourceId === SOURCE) this.#nudge(map);
    });
    map.on("idle", () => {
      clearInterval(this.#nudging);
      this.#nudging = undefined;
      this.#tell(map);
    });
  }

  /** Tiles that were empty and still are give the map nothing to draw: by itself it would not come to rest again. @param {import("maplibre-gl").Map} map */
  #nudge(map) {
    this.#nudging ??= setInterval(() => {
      if (map.areTilesLoaded()) map.triggerRepaint();
    }, NUDGE_MS);
  }

  /** What a canvas cannot tell a test or a screen reader. @param {import("maplibre-gl").Map} map */
  #tell(map) {
    const { dataset } = map.getContainer();
    const drawn = new Set(map.queryRenderedFeatures({ layers: ["aeds"] }).map(({ properties }) => properties.id));
    const clusters = map.queryRenderedFeatures({ layers: ["aed-clusters"] });
    dataset.drawn = String(drawn.size);
    dataset.clusters = String(clusters.length);
    dataset.clustered = String(clusters.reduce((sum, { properties }) => sum + Number(properties.count), 0));
    this.handlers.onTrouble(this.#failed);
  }

  /** Goes close enough for a cluster to come apart. @param {TileCluster} cluster */
  #open({ west, south, east, north }) {
    const { map } = this.base;
    const animate = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    map.fitBounds([west, south, east, north], { padding: 70, maxZoom: Math.max(16, map.getZoom() + 2), animate, duration: 600 });
  }
}

/** A device's name, and when its place opens if it is closed. @returns {any} */
function label() {
  const [before = "", after = ""] = word("aed.opens_at").split("{time}");
  // A name without a space has one line, however long.
  const name = ["case", [">", ["length", ["get", "name"]], LONGEST_NAME], ["concat", ["slice", ["get", "name"], 0, LONGEST_NAME - 1], "…"], ["get", "name"]];
  return ["case", ["has", "opens"], ["concat", name, "\n", before, ["get", "opens"], after], name];
}
