/** Two calls that may tell of one emergency, side by side, for the operator to judge and to merge. */

import { askInDialog } from "../dialog.js";
import { el, fill, keepingFocus } from "../dom.js";
import { clockTime, countdown, distance, dotted, floorName, timeOfDay } from "../format.js";
import { metresBetween } from "../geolocation.js";
import { language, word, wordFor } from "../language.js";
import { tick } from "../ticking.js";
import { ACTIVE } from "./alerts.js";
import { hasEnded } from "./board.js";
import { shortName, stateChip } from "./incidents.js";

/** @typedef {import("../contract/incidents.d.ts").OperatorIncident} OperatorIncident */
/** @typedef {import("./board.js").Board} Board */

/**
 * A line for each likely twin of this incident, with the way to compare.
 *
 * @param {OperatorIncident} incident
 * @param {OperatorIncident[]} twins
 * @param {(twin: OperatorIncident) => void} onCompare
 */
export function twinLines(incident, twins, onCompare) {
  return twins.map((twin) => el("div", { class: "twin-line", attributes: { "data-twin": twin.incident_id } },
    el("div", {}, el("strong", { text: word("twins.with", { name: shortName(twin.incident_id) }) }), el("p", { class: "numeral", text: apart(incident, twin) })),
    el("button", { class: "button button-strong", text: word("twins.compare"), attributes: { type: "button", id: `compare-${twin.incident_id}` }, on: { click: () => onCompare(twin) } })));
}

/**
 * @param {OperatorIncident} one
 * @param {OperatorIncident} other
 */
function apart(one, other) {
  const later_s = (Date.parse(other.opened_at) - Date.parse(one.opened_at)) / 1000;
  return word(later_s < 0 ? "twins.away.earlier" : "twins.away", { distance: metres(one, other), time: clockTime(Math.abs(later_s)) });
}

/**
 * @param {OperatorIncident} one
 * @param {OperatorIncident} other
 */
function metres(one, other) {
  return distance(metresBetween(one.location, other.location));
}

export class TwinsDialog {
  /** @type {HTMLDialogElement | null} */
  #dialog = null;
  /** @type {[string, string] | null} */
  #ids = null;
  #drawn = "";
  #failure = "";
  /** @type {Map<string, OperatorIncident>} both as they were last seen */
  #seen = new Map();

  /** @param {(from: string, into: string) => Promise<string>} merge the reason why not, or "" */
  constructor(merge) {
    this.merge = merge;
  }

  /**
   * @param {[string, string]} ids
   * @param {Board} board
   */
  open(ids, board) {
    this.close();
    [this.#ids, this.#drawn, this.#failure] = [ids, "", ""];
    this.#seen.clear();
    const dialog = el("dialog", { class: "twins", attributes: { "aria-label": word("twins.title") } });
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (this.#dialog === dialog) [this.#dialog, this.#ids] = [null, null];
    });
    this.#dialog = dialog;
    document.body.append(dialog);
    this.draw(board);
    dialog.showModal();
  }

  close() {
    this.#dialog?.close();
  }

  /**
   * Both as they are now. One that the board no longer has has ended: a picture may leave it out before its end is told.
   *
   * @param {Board} board
   */
  draw(board) {
    const dialog = this.#dialog;
    if (!dialog || !this.#ids) return;
    const known = this.#ids.map((id) => board.incidents.get(id));
    for (const incident of known) if (incident) this.#seen.set(incident.incident_id, incident);
    const [one, other] = this.#ids.map((id) => this.#seen.get(id));
    if (!one || !other) return this.close();
    const open = known.every((incident) => incident && !hasEnded(incident));
    const drawn = [one.version, other.version, open, language(), this.#failure].join();
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    keepingFocus(() => fill(dialog,
      el("h2", { text: word("twins.title") }),
      this.#failure ? el("p", { class: "banner banner-warn", text: this.#failure, attributes: { role: "alert" } }) : null,
      open ? null : el("p", { class: "banner banner-warn", text: word("twins.gone"), attributes: { role: "status" } }),
      el("div", { class: "twins-columns" }, this.#column(one, other, open, board), this.#column(other, one, open, board)),
      el("div", { class: "dialog-actions" }, el("button", {
        class: "button", text: word(open ? "twins.apart_from_now" : "close"), attributes: { type: "button", id: "twins-close" }, on: { click: () => this.close() },
      }))));
  }

  /**
   * @param {OperatorIncident} incident
   * @param {OperatorIncident} other
   * @param {boolean} open
   * @param {Board} board
   */
  #column(incident, other, open, board) {
    const { location } = incident;
    const phone = incident.caller?.phone;
    const floor = typeof incident.floor === "number" ? floorName(incident.floor) : null;
    return el("section", { class: "twin", attributes: { "data-twin-column": incident.incident_id } },
      el("header", {}, el("h3", { text: shortName(incident.incident_id) }), stateChip(incident.state),
        incident.drill ? el("span", { class: "drill-mark", text: word("drill") }) : null),
      el("dl", { class: "facts" },
        ...fact("twins.time", dotted([timeOfDay(incident.opened_at), wordFor("kind", incident.kind)])),
        ...fact("facts.place", `${location.latitude.toFixed(5)}, ${location.longitude.toFixed(5)}`),
        ...fact("twins.apart", dotted([metres(incident, other), typeof location.accuracy_m === "number" ? word("facts.accuracy", { accuracy: distance(location.accuracy_m) }) : null])),
        ...fact("facts.note", dotted([floor, incident.note]) || "–"),
        ...fact("facts.caller", phone ? el("a", { text: phone, attributes: { href: `tel:${phone}` } }) : "–"),
        ...fact("twins.coming", coming(incident))),
      open ? el("button", {
        class: "button", text: word("twins.merge", { name: shortName(other.incident_id) }),
        attributes: { type: "button", id: `merge-${incident.incident_id}` }, on: { click: () => void this.#ask(incident, other, board) },
      }) : null);
  }

  /**
   * @param {OperatorIncident} from
   * @param {OperatorIncident} into
   * @param {Board} board
   */
  async #ask(from, into, board) {
    const names = { from: shortName(from.incident_id), into: shortName(into.incident_id) };
    const sure = await askInDialog({
      title: word("twins.confirm", names),
      text: word("twins.confirm.explain", names),
      answers: [
        { label: word("twins.merge", { name: names.into }), tone: "strong", value: () => true },
        { label: word("back"), tone: "quiet", value: () => null },
      ],
    });
    if (!sure) return;
    this.#failure = await this.merge(from.incident_id, into.incident_id);
    if (this.#failure) this.draw(board);
    else this.close();
  }
}

/** @param {OperatorIncident} incident */
function coming({ alerts }) {
  const active = alerts.filter((alert) => ACTIVE.has(alert.state));
  if (active.length === 0) return word("twins.nobody");
  return el("ul", {}, ...active.map((alert) => {
    const who = dotted([alert.responder_name ?? alert.responder_id, wordFor("role", alert.role), " "]);
    const when = el("span");
    if (alert.state === "on_scene") when.textContent = wordFor("alert_state", alert.state);
    else tick(when, () => countdown(alert.arrives_at));
    return el("li", {}, who, when);
  }));
}

/**
 * @param {import("../language.js").Word} name
 * @param {string | HTMLElement} value
 */
function fact(name, value) {
  return [el("dt", { text: word(name) }), el("dd", { class: "numeral" }, value)];
}
