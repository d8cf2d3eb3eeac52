/** Whether this responder can be reached, said honestly, and what they can do about it. */

import { el } from "../dom.js";
import { dateTime } from "../format.js";
import { word } from "../language.js";
import { tick } from "../ticking.js";

/**
 * @param {object} view
 * @param {boolean} view.online whether this page hears the service
 * @param {import("../contract/responders.d.ts").ProvenChannel[]} view.channels the other ways, as the service knows them
 * @param {import("../waking.js").Waking} view.waking
 * @param {import("./wake_test.js").WakeTest} view.test
 * @param {(on: boolean) => void} view.onTurn this phone is to be woken, or no longer
 * @returns {HTMLElement}
 */
export function reachCard({ online, channels, waking, test, onTurn }) {
  const { tone, lines } = verdict(online, channels, waking);
  return el("section", { class: "sheet reach", attributes: { id: "reach", "data-tone": tone } },
    el("h2", { text: word("reach.title") }),
    el("div", { attributes: { role: "status" } }, ...lines.map((text) => el("p", { text }))),
    wakingRow(waking, onTurn),
    el("button", {
      class: "button button-wide", text: word(test.busy ? "waking.testing" : "waking.test"),
      attributes: { type: "button", id: "wake-test", disabled: test.busy || !online }, on: { click: () => void test.start() },
    }),
    test.failure ? el("p", { class: "banner banner-warn", text: test.failure, attributes: { role: "alert" } }) : null,
    results(test));
}

/**
 * @param {boolean} online
 * @param {import("../contract/responders.d.ts").ProvenChannel[]} channels
 * @param {import("../waking.js").Waking} waking
 * @returns {{ tone: "good" | "warn" | "act", lines: string[] }}
 */
function verdict(online, channels, waking) {
  const pushed = waking.state === "on";
  const proven = channels.filter((each) => each.proven).map(({ channel, proven_at }) =>
    word(channel === "web_push" && !pushed ? "reach.proven.elsewhere" : `reach.proven.${channel}`, { time: proven_at ? dateTime(proven_at) : "" }));
  if (!online) return proven.length ? { tone: "warn", lines: [word("reach.offline"), ...proven] } : { tone: "act", lines: [word("reach.nobody")] };
  const here = word("reach.here");
  if (proven.length) return { tone: "good", lines: [here, ...proven] };
  return { tone: "warn", lines: [here, word(pushed ? "reach.unproven" : "reach.page_only")] };
}

/**
 * @param {import("../waking.js").Waking} waking
 * @param {(on: boolean) => void} onTurn
 */
function wakingRow(waking, onTurn) {
  const { state, obstacle } = waking;
  const on = state === "on";
  const advice = state === "unsupported" && obstacle !== "unsupported" && obstacle !== null
    ? word(`waking.unsupported.${obstacle}`)
    : state === "unsupported" || state === "blocked" || state === "failed" ? word(`waking.${state}`) : "";
  const button = el("button", {
    class: `button button-small ${on ? "" : "button-strong"}`,
    text: word(on ? "waking.turn_off" : "waking.turn_on"),
    attributes: { type: "button", id: "waking", disabled: state === "busy", "aria-pressed": String(on) },
    on: { click: () => onTurn(!on) },
  });
  return el("div", { class: "waking", attributes: { "data-waking": state } },
    el("div", {}, el("strong", { text: word("waking.title") }),
      el("p", { class: "muted small", text: advice || word(on ? "waking.on" : state === "busy" ? "waking.busy" : "waking.off") })),
    state === "unsupported" || state === "blocked" ? null : button);
}

/** @param {import("./wake_test.js").WakeTest} test */
function results(test) {
  if (!test.test) return null;
  return el("dl", { class: "rows wake-results" }, ...test.test.channels.map((channel) => el("div", { attributes: { "data-channel": channel.channel, "data-arrived": test.hasArrived(channel.channel) } },
    el("dt", { text: word(`channel.${channel.channel}`) }),
    tick(el("dd", { class: "numeral" }), () => test.outcome(channel)))));
}
