/** An alert on the whole screen: what, how far, how long there is to answer; two buttons. */

import { howToReach } from "../aeds.js";
import { createMap, putFeatures } from "../carto/basemap.js";
import { circleFeature, Markers, showAll } from "../carto/overlay.js";
import { signs } from "../carto/palette.js";
import { raise } from "../dialog.js";
import { el, fill } from "../dom.js";
import { clockTime, distance, dotted } from "../format.js";
import { said, word, wordFor } from "../language.js";
import { tick } from "../ticking.js";
import { muteAlarm, startAlarm, stopAlarm } from "./alarm.js";
import { secondsRing } from "./seconds_ring.js";

/** @typedef {import("../contract/alerts.d.ts").AlertMessage} AlertMessage */

export class AlertScreen {
  /** @type {HTMLDialogElement | null} */
  #dialog = null;
  /** @type {() => void} */
  #lower = () => undefined;
  /** @type {() => void} */
  #stopRing = () => undefined;
  /** @type {Set<string>} what has rung here: the same alert again, numbered or not, does not ring twice */
  #rung = new Set();
  /** @type {AlertMessage | null} */
  alert = null;
  /** @type {AlertMessage | null} the one that was shown last, though it may be gone */
  last = null;

  /** @param {(alert: AlertMessage, answer: "accept" | "decline") => void} onAnswer */
  constructor(onAnswer) {
    this.onAnswer = onAnswer;
  }

  /**
   * @param {AlertMessage} alert
   * @param {{ latitude: number, longitude: number } | null} me
   */
  open(alert, me) {
    if (this.alert?.alert_id === alert.alert_id) return;
    this.close();
    [this.alert, this.last] = [alert, alert];
    const advice = el("p", { class: "advice", attributes: { role: "status", hidden: true } });
    const ring = secondsRing(alert.respond_by, word("alert.left"), () => {
      stopAlarm();
      this.advise(word("alert.late"));
    });
    this.#stopRing = ring.stop;
    const map = el("div", { class: "alert-map" }, el("p", { class: "alert-map-note", text: word("alert.area") }));
    const accept = el("button", { class: "button alert-accept", text: word("alert.accept"), attributes: { type: "button", id: "accept" }, on: { click: () => this.#answer("accept") } });
    const decline = el("button", { class: "button alert-decline", text: word("alert.decline"), attributes: { type: "button", id: "decline" }, on: { click: () => this.#answer("decline") } });
    const dialog = el("dialog", { class: "alert-screen", attributes: { "aria-labelledby": "alert-title" } },
      el("div", { class: "alert-top" },
        alert.drill ? el("p", { class: "drill-banner", text: word("drill.banner") }) : null,
        el("div", { class: "alert-head" },
          el("h2", { text: word("alert.title"), attributes: { id: "alert-title" } }),
          ring.element,
          el("p", { text: `${wordFor("kind", alert.kind)} — ${word(`alert.do.${alert.role}`)}` }))),
      figures(alert),
      map,
      el("div", { class: "alert-answers" }, advice, decline, accept));
    this.#advice = advice;
    dialog.addEventListener("pointerdown", (event) => {
      if (event.target instanceof Element && !event.target.closest(".alert-answers")) muteAlarm();
    });
    // Nothing but an answer takes it away: Escape must not lose a call for help.
    this.#lower = raise(dialog);
    accept.focus({ preventScroll: true });
    this.#dialog = dialog;
    if (!this.#rung.has(alert.alert_id)) startAlarm();
    this.#rung.add(alert.alert_id);
    void drawArea(map, alert, me);
  }

  /** @type {HTMLElement | null} */
  #advice = null;

  close() {
    // The alarm may be another question's.
    if (!this.alert) return;
    stopAlarm();
    this.#stopRing();
    this.#lower();
    this.#dialog = null;
    this.alert = null;
  }

  /** @param {string} text */
  advise(text) {
    if (!this.#advice) return;
    this.#advice.textContent = text;
    this.#advice.hidden = text === "";
  }

  /**
   * The answer did not get through: it can be given again.
   *
   * @param {string} why
   */
  askAgain(why) {
    this.#enable(true);
    this.advise(why);
  }

  /** @param {boolean} enabled */
  #enable(enabled) {
    for (const button of this.#dialog?.querySelectorAll("button") ?? []) button.disabled = !enabled;
  }

  /** @param {"accept" | "decline"} answer */
  #answer(answer) {
    if (!this.alert) return;
    stopAlarm();
    this.#enable(false);
    this.advise(word("alert.accepting"));
    this.onAnswer(this.alert, answer);
  }
}

/** @param {AlertMessage} alert */
function figures(alert) {
  const { aed } = alert;
  const why = said(alert.reason);
  return el("dl", { class: "alert-figures" },
    el("div", {}, el("dt", { text: word("alert.distance") }), el("dd", { class: "numeral", text: distance(alert.distance_m) })),
    el("div", {}, el("dt", { text: word("alert.eta") }), tick(el("dd", { class: "numeral" }), () => clockTime(alert.eta_s))),
    aed ? el("div", { class: "whole" },
      el("dt", { text: word("alert.fetch") }),
      el("dd", { text: dotted([aed.name, typeof aed.distance_m === "number" ? distance(aed.distance_m) : null]) }),
      el("dd", { text: howToReach(aed) })) : null,
    why ? el("div", { class: "whole" }, el("dt", { text: word("alert.why") }), el("dd", { text: why })) : null);
}

/**
 * @param {HTMLElement} container
 * @param {AlertMessage} alert
 * @param {{ latitude: number, longitude: number } | null} me
 */
async function drawArea(container, alert, me) {
  const { area, aed } = alert;
  try {
    const base = await createMap(container, { theme: "light", centre: area, zoom: 14, interactive: false });
    base.map.addSource("area", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    base.map.addLayer({ id: "area", type: "fill", source: "area", paint: { "fill-color": signs.incident, "fill-opacity": 0.22 } });
    base.map.addLayer({ id: "area-line", type: "line", source: "area", paint: { "line-color": signs.incident, "line-width": 2 } });
    const circle = circleFeature(area, area.radius_m);
    putFeatures(base, "area", [circle]);
    new Markers(base).put([
      ...(aed ? [{ key: "aed", kind: /** @type {const} */ ("aed"), place: aed.location, label: aed.name }] : []),
      ...(me ? [{ key: "me", kind: /** @type {const} */ ("me"), place: me, label: word("map.me") }] : []),
    ]);
    const rim = /** @type {import("geojson").Polygon} */ (circle.geometry).coordinates[0] ?? [];
    const places = rim.map(([longitude = 0, latitude = 0]) => ({ latitude, longitude }));
    showAll(base, [...places, ...(me ? [me] : []), ...(aed ? [aed.location] : [])], { padding: { top: 84, bottom: 44, left: 36, right: 36 } });
  } catch {
    fill(container, el("p", { class: "map-failed", text: word("map.failed") }));
  }
}
