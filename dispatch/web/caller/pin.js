/** The caller's own pin: a map that is moved under a fixed needle, or two numbers where no map can be drawn. */

import { createMap } from "../carto/basemap.js";
import { MyLocation } from "../carto/mylocation.js";
import { raise } from "../dialog.js";
import { el } from "../dom.js";
import { icon } from "../icons.js";
import { word } from "../language.js";

/** @typedef {{ latitude: number, longitude: number }} Place */

const CLOSE_ZOOM = 16;
const FAR_ZOOM = 12;

/**
 * Asks the caller to show the place.
 *
 * @param {{ likely: Place | null, toSend: boolean, emergencyNumber: string }} options `toSend`: the button was already held, so the answer goes out at once
 * @returns {Promise<Place | null>} null when the caller went back
 */
export function askForPlace({ likely, toSend, emergencyNumber }) {
  return new Promise((resolve) => {
    /** @type {() => Place | null} */
    let readPlace = () => null;
    const mapBox = el("div", { class: "pin-map" });
    const use = el("button", {
      class: "button button-act button-wide",
      text: word(toSend ? "caller.pin.send" : "caller.pin.use"),
      attributes: { type: "button", id: "pin-use", disabled: true },
      on: { click: () => finish(readPlace()) },
    });
    const dialog = el("dialog", { class: "pin", attributes: { "aria-labelledby": "pin-title" } },
      el("div", { class: "pin-head" },
        el("h2", { text: word("caller.pin.title"), attributes: { id: "pin-title" } }),
        el("p", { class: "muted", text: word("caller.pin.explain") })),
      mapBox,
      el("div", { class: "dialog-actions" }, use,
        el("a", { class: "button button-strong", text: word("call_number", { number: emergencyNumber }), attributes: { href: `tel:${emergencyNumber}` } }),
        el("button", { class: "button button-quiet", text: word("back"), attributes: { type: "button" }, on: { click: () => finish(null) } })));

    /** @param {Place | null} place */
    const finish = (place) => {
      lower();
      resolve(place);
    };
    const lower = raise(dialog, () => finish(null));

    createMap(mapBox, { theme: "light", ...(likely ? { centre: likely } : {}), zoom: likely ? CLOSE_ZOOM : FAR_ZOOM }).then(
      (base) => {
        mapBox.append(el("div", { class: "pin-cross" }, icon("pin")));
        base.map.addControl(new MyLocation(base), "top-right");
        readPlace = () => base.read(base.map.getCenter());
        use.disabled = false;
      },
      () => {
        const blind = typedPlace(likely, emergencyNumber, (ready) => (use.disabled = !ready));
        mapBox.replaceChildren(blind.element);
        readPlace = blind.read;
      },
    );
  });
}

/**
 * Two numbers to type, for a browser without WebGL.
 *
 * @param {Place | null} likely
 * @param {string} emergencyNumber
 * @param {(ready: boolean) => void} onReady
 */
function typedPlace(likely, emergencyNumber, onReady) {
  const latitude = el("input", { attributes: { inputmode: "decimal", value: likely?.latitude } });
  const longitude = el("input", { attributes: { inputmode: "decimal", value: likely?.longitude } });
  const read = () => {
    const place = { latitude: Number.parseFloat(latitude.value), longitude: Number.parseFloat(longitude.value) };
    const sound = Math.abs(place.latitude) <= 90 && Math.abs(place.longitude) <= 180;
    return sound ? place : null;
  };
  const element = el("div", { class: "pin-blind" },
    el("p", { text: word("caller.pin.blind", { number: emergencyNumber }) }),
    el("label", { class: "field" }, el("span", { text: word("caller.pin.latitude") }), latitude),
    el("label", { class: "field" }, el("span", { text: word("caller.pin.longitude") }), longitude));
  element.addEventListener("input", () => onReady(read() !== null));
  onReady(read() !== null);
  return { element, read };
}
