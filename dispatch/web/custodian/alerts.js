/** Whether this phone is told of what is to be done, and the switch for it. */

import { el } from "../dom.js";
import { word } from "../language.js";

/**
 * @param {import("./waking.js").PhoneAlerts} alerts
 * @returns {HTMLElement}
 */
export function alertsCard(alerts) {
  const { state, obstacle } = alerts;
  const on = state === "on";
  const advice = state === "unsupported" ? word(obstacle === "home_screen" || obstacle === "insecure" ? `notices.unsupported.${obstacle}` : "notices.unsupported")
    : state === "blocked" || state === "failed" ? word(`waking.${state}`)
      : word(on ? "notices.on" : state === "busy" ? "waking.busy" : "notices.off");
  return el("section", { class: "sheet alerts", attributes: { id: "alerts", "data-alerts": state } },
    el("h2", { text: word("notices.title") }),
    el("p", { class: "muted", text: advice, attributes: { role: "status" } }),
    state === "unsupported" || state === "blocked" ? null : el("button", {
      class: `button button-small ${on ? "" : "button-strong"}`, text: word(on ? "waking.turn_off" : "notices.turn_on"),
      attributes: { type: "button", id: "alerts-turn", disabled: state === "busy", "aria-pressed": String(on) },
      on: { click: () => void (on ? alerts.turnOff() : alerts.turnOn()) },
    }));
}
