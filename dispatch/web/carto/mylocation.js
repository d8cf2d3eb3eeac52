/** The map's "my location" button: asks once, then shows and goes to the place. */

import { el, show } from "../dom.js";
import { currentFix } from "../geolocation.js";
import { icon } from "../icons.js";
import { word } from "../language.js";
import { Markers } from "./overlay.js";

/** @typedef {import("./basemap.js").BaseMap} BaseMap */

const NOTE_SHOWN_MS = 6_000;

/**
 * @implements {IControl}
 * @typedef {import("maplibre-gl").IControl} IControl
 */
export class MyLocation {
  /** @type {HTMLElement | undefined} */
  #element;
  #note = el("p", { class: "my-location-note", attributes: { role: "status", hidden: true } });

  /**
   * @param {BaseMap} base
   * @param {{ onFound?: (fix: import("../geolocation.js").Fix) => void }} [handlers]
   */
  constructor(base, handlers = {}) {
    this.base = base;
    this.handlers = handlers;
    this.markers = new Markers(base);
  }

  onAdd() {
    const button = el("button", {
      attributes: { type: "button", "aria-label": word("map.my_location"), "data-word-label": "map.my_location" },
      on: { click: () => void this.find() },
    }, icon("locate"));
    this.#element = el("div", { class: "maplibregl-ctrl maplibregl-ctrl-group my-location" }, button, this.#note);
    return this.#element;
  }

  onRemove() {
    this.#element?.remove();
  }

  async find() {
    show(this.#note, false);
    try {
      const fix = await currentFix();
      this.markers.put([{ key: "me", kind: "me", place: fix, label: "" }]);
      this.base.map.easeTo({ center: this.base.draw(fix), zoom: Math.max(14, this.base.map.getZoom()) });
      this.handlers.onFound?.(fix);
      return fix;
    } catch {
      this.#note.textContent = word("map.no_location");
      show(this.#note, true);
      setTimeout(() => show(this.#note, false), NOTE_SHOWN_MS);
      return null;
    }
  }
}
