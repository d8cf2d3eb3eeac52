/** Saying where a device hangs by tapping a map; the numbers beside it say the same, in a datum that is named. */

import { createMap } from "../carto/basemap.js";
import { fromBd09, fromGcj02 } from "../carto/datum.js";
import { MyLocation } from "../carto/mylocation.js";
import { Markers } from "../carto/overlay.js";
import { el, fill, show } from "../dom.js";
import { word } from "../language.js";

/** @typedef {{ latitude: number, longitude: number }} Place */
/** @typedef {import("./forms.js").Form} Form */

/** A finger on a map of a whole city is half a street off: the map comes closer, and the next tap is the place. */
const CLOSE_ZOOM = 15;
const CLOSER_ZOOM = 17;
/** The map follows numbers when they are written, not digit by digit. */
const PAUSE_MS = 500;
const PLACE_FIELDS = "[data-field=latitude], [data-field=longitude], [data-field=datum]";

export class PlaceMap {
  #explain = el("p", { class: "muted small" });
  #frame = el("div", { class: "place-map", attributes: { hidden: true } });
  #open = el("button", { class: "button button-small", attributes: { type: "button", "data-open-map": true }, on: { click: () => void this.begin() } });
  element = el("div", { class: "place-picker" }, this.#open, this.#frame, this.#explain);
  /** @type {import("../carto/basemap.js").BaseMap | null} */
  #base = null;
  /** @type {Markers | null} */
  #markers = null;
  #state = /** @type {"shut" | "opening" | "open" | "failed"} */ ("shut");
  /** @type {Form | null} whose numbers it follows */
  #form = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    this.#speak();
  }

  /**
   * Takes the numbers of this form from now on; the map itself stays as it is.
   *
   * @param {Form} form with the fields `latitude`, `longitude` and `datum`
   */
  follow(form) {
    this.#form = form;
    form.element.addEventListener("input", ({ target }) => {
      if (!(target instanceof Element && target.closest(PLACE_FIELDS))) return;
      this.#mark();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#go(), PAUSE_MS);
    });
    this.#speak();
    this.#mark();
  }

  /**
   * Brings the map, which a form that only mends a record need not have.
   *
   * @param {Place} [near] what it shows as long as no place is written
   */
  async begin(near) {
    if (this.#state !== "shut" && this.#state !== "failed") return;
    this.#become("opening");
    const place = (this.#form ? placeIn(this.#form) : null) ?? near;
    /** @type {import("../carto/basemap.js").BaseMap} */
    let base;
    try {
      base = await createMap(this.#frame, { theme: "light", ...(place ? { centre: place, zoom: CLOSER_ZOOM } : {}) });
    } catch {
      return this.#become("failed");
    }
    // Given up meanwhile.
    if (!this.#isAwaited) return base.map.remove();
    this.#base = base;
    this.#markers = new Markers(base);
    base.map.addControl(new MyLocation(base), "top-right");
    base.map.on("click", ({ lngLat }) => this.#pick(lngLat));
    this.#become("open");
    this.#mark();
    return this.#go();
  }

  get #isAwaited() {
    return this.#state === "opening";
  }

  /** Gives the map's memory back. */
  end() {
    this.#base?.map.remove();
    [this.#base, this.#markers] = [null, null];
    fill(this.#frame);
    this.#become("shut");
  }

  /** @param {{ lng: number, lat: number }} point of the map */
  #pick(point) {
    const base = this.#base;
    if (!base) return;
    const { latitude, longitude } = base.read(point);
    clearTimeout(this.#timer);
    this.#form?.write({ latitude: latitude.toFixed(6), longitude: longitude.toFixed(6), datum: "wgs84" });
    this.#mark();
    if (base.map.getZoom() < CLOSE_ZOOM) base.map.easeTo({ center: [point.lng, point.lat], zoom: CLOSER_ZOOM });
  }

  #mark() {
    const place = this.#form ? placeIn(this.#form) : null;
    this.#frame.dataset.place = place ? `${place.latitude.toFixed(6)},${place.longitude.toFixed(6)}` : "";
    if (!this.#base) return;
    this.#markers?.put(place ? [{ key: "aed", kind: "aed", place, label: "" }] : []);
  }

  /** To the place that was written, unless it is in view already. */
  #go() {
    const place = this.#form ? placeIn(this.#form) : null;
    if (!place || !this.#base) return;
    const { map } = this.#base;
    const point = this.#base.draw(place);
    if (map.getZoom() < CLOSE_ZOOM || !map.getBounds().contains(point)) map.jumpTo({ center: point, zoom: Math.max(map.getZoom(), CLOSER_ZOOM) });
  }

  /** @param {"shut" | "opening" | "open" | "failed"} state */
  #become(state) {
    this.#state = state;
    show(this.#open, state === "shut");
    // What is not shown has no size, and a map without one draws nothing.
    show(this.#frame, state === "opening" || state === "open");
    this.#speak();
  }

  #speak() {
    this.#open.textContent = word("office.map.open");
    show(this.#explain, this.#state !== "shut");
    this.#explain.textContent = word(this.#state === "failed" ? "office.map.failed" : "office.map.explain");
  }
}

/**
 * The fields of a place, with the map under them.
 *
 * @param {PlaceMap} map
 * @param {boolean} required
 * @returns {import("./forms.js").FieldSpec[]}
 */
export function placeFields(map, required) {
  return [
    { name: "latitude", label: word("office.latitude"), kind: "number", required, least: -90, most: 90 },
    { name: "longitude", label: word("office.longitude"), kind: "number", required, least: -180, most: 180 },
    {
      name: "datum", label: word("office.datum"), kind: "choice", required, hint: word("import.datum.hint"), below: map.element,
      choices: [["wgs84", word("datum.wgs84")], ["gcj02", word("datum.gcj02")], ["bd09", word("datum.bd09")]],
    },
  ];
}

/**
 * The place as it is sent: in the datum that it was written in, for the service converts exactly.
 *
 * @param {Form} form
 */
export function locationIn(form) {
  return { latitude: Number(form.value("latitude")), longitude: Number(form.value("longitude")), datum: form.value("datum") || "wgs84" };
}

/** The place in WGS-84, or null while the numbers say none. @param {Form} form @returns {Place | null} */
export function placeIn(form) {
  if (!form.value("latitude").trim() || !form.value("longitude").trim()) return null;
  const { latitude: north, longitude: east, datum } = locationIn(form);
  if (!(Math.abs(north) <= 90 && Math.abs(east) <= 180)) return null;
  const [longitude, latitude] = datum === "gcj02" ? fromGcj02([east, north]) : datum === "bd09" ? fromBd09([east, north]) : [east, north];
  return { latitude, longitude };
}
