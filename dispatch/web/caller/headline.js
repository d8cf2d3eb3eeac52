/** The one sentence that the caller must read first. */

import { el } from "../dom.js";
import { arrival, countdown } from "../format.js";
import { otherLocale, otherWord, word } from "../language.js";
import { tick } from "../ticking.js";

/** @typedef {import("../contract/incidents.d.ts").CallerIncident} CallerIncident */
/** @typedef {import("../contract/incidents.d.ts").SosAnswer} SosAnswer */
/** @typedef {{ tone: "plain" | "act" | "good", title: string, lines: HTMLElement[] }} Headline */

/**
 * Whether the caller is alone with the patient: nobody is asked, on the way or there.
 *
 * @param {CallerIncident | null} incident null until the first answer about it
 * @param {SosAnswer} sos
 */
export function isAlone(incident, sos) {
  return incident ? incident.nobody_reached : sos.nobody_reached;
}

const UNDER_WAY = new Set(["accepted", "en_route", "aed_collected"]);

/**
 * @param {CallerIncident | null} incident null until the first answer about it
 * @param {SosAnswer} sos
 * @param {string} number the emergency number
 * @returns {Headline}
 */
export function headline(incident, sos, number) {
  const ambulance = ambulanceLine(incident);
  /** @param {Headline["tone"]} tone @param {string} title @param {...(HTMLElement | null)} lines @returns {Headline} */
  const say = (tone, title, ...lines) => ({ tone, title, lines: lines.filter((line) => line !== null) });

  if (incident?.state === "closed") return say("plain", word("caller.status.closed"), line(word("caller.status.thanks")));
  if (incident?.state === "cancelled") return say("plain", word("caller.status.cancelled"));
  const responders = incident?.responders ?? [];
  if (incident?.state === "on_scene" || responders.some((one) => one.state === "on_scene")) {
    return say("good", word("caller.status.here"), line(word("caller.status.here.more")), ambulance);
  }
  // Before those who come: somebody who no longer answers is still on the list, but not counted on.
  if (isAlone(incident, sos)) return say("act", word("caller.nobody.title"), ...aloneLines(number), ambulance);
  const coming = responders.filter((one) => UNDER_WAY.has(one.state));
  if (coming.length > 0) return say("good", word("caller.status.coming"), firstArrival(coming), ambulance);
  const alerted = Math.max(incident?.alerted ?? 0, sos.alerted);
  const title = alerted === 1 ? word("caller.status.alerting.one") : word("caller.status.alerting", { n: alerted });
  return say("plain", title, line(word("caller.status.waiting", { number })), ambulance);
}

/**
 * What to do alone, in both languages: whoever kneels beside the caller may read the other one.
 *
 * @param {string} number
 */
function aloneLines(number) {
  return [
    line(word("caller.nobody", { number })),
    el("p", { class: "other-language", text: `${otherWord("caller.nobody.title")} — ${otherWord("caller.nobody", { number })}`, attributes: { lang: otherLocale() } }),
  ];
}

/** @param {string} text */
function line(text) {
  return el("p", { text });
}

/** @param {import("../contract/incidents.d.ts").ComingResponder[]} coming */
function firstArrival(coming) {
  const first = coming
    .map((one) => one.arrives_at ?? (typeof one.eta_s === "number" ? arrival(one.eta_s) : null))
    .filter((at) => at !== null)
    .sort()[0];
  if (!first) return null;
  // Live regions would read every second aloud: the ticking part is kept from them.
  return tick(el("p", { class: "numeral", attributes: { "aria-live": "off" } }), () => word("caller.status.coming_in", { time: countdown(first) }));
}

/** @param {CallerIncident | null} incident */
function ambulanceLine(incident) {
  const ambulance = incident?.ambulance;
  if (ambulance?.arrived_at) return line(word("caller.status.ambulance_here"));
  const arrives = ambulance?.arrives_at;
  if (!arrives) return null;
  return tick(el("p", { class: "numeral", attributes: { "aria-live": "off" } }), () => word("caller.status.ambulance", { time: countdown(arrives) }));
}
