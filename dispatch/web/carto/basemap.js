/**
 * A map that reads without the internet: district outlines with their names, a hexagon grid and a scale bar, drawn by
 * code; and, where the service is configured with tiles, those tiles underneath in whatever datum they use.
 */

import { ask, pageSettings } from "../api.js";
import { onLanguage, word } from "../language.js";
import { AtRest } from "./at_rest.js";
import { fromGcj02, toGcj02 } from "./datum.js";
import { centreOf } from "./districts.js";
import { hexGrid } from "./hexgrid.js";
import { loadMapLibre } from "./maplibre.js";
import { palettes } from "./palette.js";

/** @typedef {import("maplibre-gl").Map} MapLibreMap */
/** @typedef {import("./datum.js").Point} Point */

/**
 * @typedef {object} BaseMap
 * @property {MapLibreMap} map
 * @property {import("./maplibre.js").MapLibre} library
 * @property {(place: { latitude: number, longitude: number }) => Point} draw where a WGS-84 place is drawn on this map
 * @property {(point: { lng: number, lat: number }) => { latitude: number, longitude: number }} read the WGS-84 place at a point of this map
 * @property {() => [number, number, number, number]} bounds the view's west, south, east, north in WGS-84
 */

const FONT = ["PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", "sans-serif"];
const EMPTY = /** @type {import("geojson").FeatureCollection} */ ({ type: "FeatureCollection", features: [] });
/** Outlines are asked for in a box this much larger than the view, so that small moves ask nothing. */
const DISTRICT_MARGIN = 0.5;

/**
 * Makes a map in the element.
 *
 * @param {HTMLElement} container
 * @param {{ theme: "light" | "dark", centre?: { latitude: number, longitude: number }, zoom?: number, interactive?: boolean }} options
 * @returns {Promise<BaseMap>}
 * @throws {Error} when the browser cannot draw maps, or the library cannot be fetched
 */
export async function createMap(container, { theme, centre, zoom, interactive = true }) {
  const [library, settings] = await Promise.all([loadMapLibre(), pageSettings()]);
  const shifted = settings.tiles?.datum === "gcj02";
  /** @type {BaseMap["draw"]} */
  const draw = ({ longitude, latitude }) => (shifted ? toGcj02([longitude, latitude]) : [longitude, latitude]);
  /** @type {BaseMap["read"]} */
  const read = ({ lng, lat }) => {
    const [longitude, latitude] = shifted ? fromGcj02([lng, lat]) : [lng, lat];
    return { latitude, longitude };
  };
  const map = new library.Map({
    container,
    style: styleOf(theme, settings.tiles ?? null),
    center: draw(centre ?? settings.centre),
    zoom: zoom ?? settings.zoom,
    minZoom: 4,
    maxZoom: 19,
    interactive,
    attributionControl: settings.tiles ? { compact: true } : false,
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: 0,
    locale: {
      "NavigationControl.ZoomIn": word("map.zoom_in"),
      "NavigationControl.ZoomOut": word("map.zoom_out"),
      "Map.Title": word("map.title"),
    },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new library.ScaleControl({ maxWidth: 110 }), "bottom-left");
  if (interactive) map.addControl(new library.NavigationControl({ showCompass: false }), "bottom-right");

  const bounds = () => {
    const box = map.getBounds();
    const southWest = read(box.getSouthWest());
    const northEast = read(box.getNorthEast());
    return /** @type {[number, number, number, number]} */ ([
      southWest.longitude, southWest.latitude, northEast.longitude, northEast.latitude,
    ]);
  };
  const base = { map, library, draw, read, bounds };
  const rest = new AtRest(map);
  await new Promise((resolve) => map.once("load", resolve));
  keepGround(base, rest);
  return base;
}

/**
 * Gives a source of features that are in WGS-84; they are drawn where this map has them.
 *
 * @param {BaseMap} base
 * @param {string} source
 * @param {import("geojson").Feature[]} features
 */
export function putFeatures(base, source, features) {
  const found = base.map.getSource(source);
  if (!found || !("setData" in found)) return;
  const data = { type: "FeatureCollection", features: features.map((feature) => drawn(base, feature)) };
  /** @type {import("maplibre-gl").GeoJSONSource} */ (found).setData(/** @type {any} */ (data));
}

/**
 * @param {BaseMap} base
 * @param {import("geojson").Feature} feature
 * @returns {import("geojson").Feature}
 */
function drawn(base, feature) {
  /** @param {any} coordinates @returns {any} */
  const move = (coordinates) =>
    typeof coordinates[0] === "number"
      ? base.draw({ longitude: coordinates[0], latitude: coordinates[1] })
      : coordinates.map(move);
  const geometry = /** @type {any} */ (feature.geometry);
  return { ...feature, geometry: { ...geometry, coordinates: move(geometry.coordinates) } };
}

/**
 * Keeps the grid and the districts in step with the view.
 *
 * @param {BaseMap} base
 * @param {AtRest} rest
 */
function keepGround(base, rest) {
  /** @type {[number, number, number, number] | undefined} */
  let asked;
  const refresh = async () => {
    const view = base.bounds();
    putFeatures(base, "grid", [hexGrid(view, base.map.getZoom())]);
    if (asked && contains(asked, view)) return;
    const box = widened(view);
    asked = box;
    try {
      const districts = /** @type {import("geojson").FeatureCollection} */ (
        await ask("GET", `/v1/districts?bbox=${box.map((value) => value.toFixed(4)).join(",")}`)
      );
      putFeatures(base, "districts", districts.features);
      putFeatures(base, "district-names", districts.features.flatMap(centreOf));
    } catch {
      asked = undefined; // the grid still reads; the next move asks again
    }
  };
  base.map.on("moveend", () => void rest.after(refresh()));
  onLanguage(() => base.map.getCanvas().setAttribute("aria-label", word("map.title")));
  void rest.after(refresh());
  rest.ready();
}

/**
 * @param {[number, number, number, number]} outer
 * @param {[number, number, number, number]} inner
 */
function contains(outer, inner) {
  return outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];
}

/**
 * @param {[number, number, number, number]} box
 * @returns {[number, number, number, number]}
 */
function widened([west, south, east, north]) {
  const [dx, dy] = [(east - west) * DISTRICT_MARGIN, (north - south) * DISTRICT_MARGIN];
  return [Math.max(-180, west - dx), Math.max(-90, south - dy), Math.min(180, east + dx), Math.min(90, north + dy)];
}

/**
 * @param {"light" | "dark"} theme
 * @param {{ url: string, attribution: string } | null} tiles
 * @returns {import("maplibre-gl").StyleSpecification}
 */
function styleOf(theme, tiles) {
  const colours = palettes[theme];
  /** @type {import("maplibre-gl").StyleSpecification} */
  const style = {
    version: 8,
    // No `glyphs`: the library then draws every letter from the device's own fonts, and needs no server for them.
    sources: {
      districts: { type: "geojson", data: EMPTY },
      "district-names": { type: "geojson", data: EMPTY },
      grid: { type: "geojson", data: EMPTY },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": colours.ground } },
      { id: "districts", type: "fill", source: "districts", paint: { "fill-color": colours.district, "fill-opacity": tiles ? 0 : 1 } },
      { id: "grid", type: "line", source: "grid", layout: { visibility: tiles ? "none" : "visible" }, paint: { "line-color": colours.grid, "line-width": 1 } },
      { id: "district-outlines", type: "line", source: "districts", paint: { "line-color": colours.outline, "line-width": ["interpolate", ["linear"], ["zoom"], 7, 0.6, 12, 1.6] } },
      {
        id: "district-names", type: "symbol", source: "district-names",
        layout: {
          "text-field": ["get", "name"], "text-font": FONT, "text-letter-spacing": 0.08,
          "text-size": ["interpolate", ["linear"], ["zoom"], 7, 11, 13, 16], "text-padding": 8,
        },
        paint: { "text-color": colours.name, "text-halo-color": colours.halo, "text-halo-width": 1.4 },
      },
    ],
  };
  if (tiles) {
    style.sources.tiles = { type: "raster", tiles: [tiles.url], tileSize: 256, attribution: tiles.attribution };
    style.layers.splice(1, 0, { id: "tiles", type: "raster", source: "tiles", paint: theme === "dark" ? { "raster-brightness-max": 0.55, "raster-saturation": -0.6 } : {} });
  }
  return style;
}
