/** Standing by: on duty or not, how one travels, and whether an alert would get through. */

import { el } from "../dom.js";
import { distance } from "../format.js";
import { word, wordFor } from "../language.js";
import { soundUnlocked, unlockSound } from "../sound.js";
import { testAlarm } from "./alarm.js";

/** @typedef {import("../contract/responders.d.ts").Mode} Mode */
/** @typedef {import("../contract/responders.d.ts").Responder} Responder */

const MODES = /** @type {const} */ (["walk", "run", "bike", "ebike", "car"]);

/**
 * @param {object} view
 * @param {Responder} view.responder
 * @param {import("./sharing.js").PositionSharing} view.sharing
 * @param {boolean} view.busy an answer about duty is awaited
 * @param {string} view.failure what went wrong with it, or ""
 * @param {HTMLElement | null} view.late an alert that was missed and may still be answered
 * @param {HTMLElement} view.reach whether this responder can be reached
 * @param {(on_duty: boolean, mode: Mode) => void} view.onDuty
 * @param {() => void} view.onChange something outside the service's knowledge changed: draw again
 * @param {() => void} view.onSignOut
 * @returns {HTMLElement}
 */
export function standby({ responder, sharing, busy, failure, late, reach, onDuty, onChange, onSignOut }) {
  const on = responder.on_duty;
  const modes = el("fieldset", { class: "modes" }, el("legend", { text: word("responder.mode") }),
    ...MODES.map((mode) => el("label", {},
      el("input", {
        attributes: { type: "radio", name: "mode", value: mode, checked: mode === responder.mode, disabled: busy },
        on: { change: () => onDuty(on, mode) },
      }),
      wordFor("mode", mode))));
  return el("div", { class: "standby" },
    late,
    el("section", { class: "sheet duty", attributes: { "data-on": String(on) } },
      el("div", { class: "duty-state", attributes: { role: "status" } },
        el("span", { class: "duty-lamp" }),
        el("div", {}, el("strong", { text: word(on ? "responder.on_duty" : "responder.off_duty") }),
          el("p", { class: "muted", text: responder.name }))),
      el("p", { text: word(on ? "responder.on_duty.explain" : "responder.off_duty.explain") }),
      el("button", {
        class: `button button-wide ${on ? "" : "button-good"}`,
        text: word(on ? "responder.go_off_duty" : "responder.go_on_duty"),
        attributes: { type: "button", id: "duty", disabled: busy, "aria-pressed": String(on) },
        // The tap that goes on duty is also the touch that browsers ask for before they let an alarm sound.
        on: { click: () => { void unlockSound().then(onChange); onDuty(!on, responder.mode); } },
      }),
      failure ? el("p", { class: "banner banner-warn", text: failure, attributes: { role: "alert" } }) : null,
      modes),
    el("dl", { class: "sheet rows" },
      row("responder.position", positionText(sharing), sharing.state === "denied" || sharing.state === "unavailable"),
      certificateRow(responder),
      alarmRow(on, onChange)),
    reach,
    el("button", { class: "button button-quiet", text: word("token.sign_out"), attributes: { type: "button", id: "sign-out" }, on: { click: onSignOut } }));
}

/** @param {import("./sharing.js").PositionSharing} sharing */
function positionText(sharing) {
  return word(`responder.position.${sharing.state}`, { accuracy: distance(sharing.fix?.accuracy_m ?? 0) });
}

/** @param {Responder} responder */
function certificateRow({ certificate }) {
  const text = word(certificate.valid ? "responder.certificate.valid" : "responder.certificate.expired", { date: certificate.expires_on });
  return row("responder.certificate", text, !certificate.valid);
}

/**
 * @param {boolean} on
 * @param {() => void} onChange
 */
function alarmRow(on, onChange) {
  const unlocked = soundUnlocked();
  const button = el("button", {
    class: "button button-small",
    text: word(unlocked || !on ? "responder.alarm.test" : "responder.alarm.locked"),
    attributes: { type: "button", id: "alarm-test" },
    on: { click: async () => { await unlockSound(); testAlarm(); onChange(); } },
  });
  return el("div", {}, el("dt", { text: word("responder.alarm") }), el("dd", {}, button));
}

/**
 * @param {"responder.position" | "responder.certificate"} name
 * @param {string} text
 * @param {boolean} warn
 */
function row(name, text, warn) {
  return el("div", {}, el("dt", { text: word(name) }), el("dd", { text, attributes: { "data-tone": warn ? "warn" : undefined } }));
}
