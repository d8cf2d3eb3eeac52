/**
 * An inspection in three taps: begin, all good, confirm. Or item by item, with a note where something is amiss and the dates
 * that stand on what hangs there.
 */

import { el, fill } from "../dom.js";
import { icon } from "../icons.js";
import { today } from "../format.js";
import { word, wordFor } from "../language.js";
import { freshId } from "../registry/fresh_id.js";
import { serverNow } from "../clock.js";

/** @typedef {import("../contract/owners.d.ts").CareDevice} CareDevice */
/** @typedef {Pick<CareDevice, "id" | "name"> & Partial<CareDevice>} Inspected of somebody else's there is no more than its name */
/** @typedef {import("../contract/registry.d.ts").InspectionItem} InspectionItem */
/** @typedef {import("../contract/registry.d.ts").Report} Report */

const ITEMS = /** @type {const} */ (["status_light", "battery", "pads_adult", "pads_child", "casing", "access", "cabinet", "sign", "accessories"]);
/** Something amiss with these, and the device saves lives all the same. */
const MINOR = new Set(["pads_child", "cabinet", "sign", "accessories"]);
/** A date that is nearer is asked for anew. */
const SOON_MS = 90 * 86_400_000;
const DATES = /** @type {const} */ (["battery_expires_on", "pads_expire_on", "pads_child_expire_on"]);

/** What has been looked at so far: kept beside the form, so that drawing it anew loses nothing. */
export class Inspection {
  /** @type {"begin" | "items" | "confirm"} */
  step = "begin";
  /** @type {Map<InspectionItem, { ok: boolean, note: string }>} */
  found = new Map();
  note = "";
  photo = "";
  /** Sent again under the same id, however often somebody taps. */
  report_id = freshId();
  /** The day that it was begun. */
  day = today();

  /** @param {Inspected} device */
  constructor(device) {
    this.device = device;
    this.hasChildPads = Boolean(device.pads_child_expire_on);
    this.dates = Object.fromEntries(DATES.map((name) => [name, device[name] ?? ""]));
  }

  get items() {
    return ITEMS.filter((item) => item !== "pads_child" || this.hasChildPads);
  }

  allGood() {
    for (const item of this.items) this.found.set(item, { ok: true, note: "" });
    this.step = "confirm";
  }

  get amiss() {
    return this.items.filter((item) => this.found.get(item)?.ok === false);
  }

  /** Whether it keeps the device from saving a life. */
  get isSerious() {
    return this.amiss.some((item) => !MINOR.has(item));
  }

  /** Whether it is out of date by the register, and no later day has been filled in: then nobody is sent for it. */
  get isExpired() {
    return [this.dates.battery_expires_on, this.dates.pads_expire_on].some((day) => Boolean(day) && /** @type {string} */ (day) < today());
  }

  get isComplete() {
    return this.items.every((item) => this.found.has(item));
  }

  /** @returns {Report} */
  report() {
    const items = this.items.map((item) => {
      const { ok, note } = this.found.get(item) ?? { ok: true, note: "" };
      return { item, ok, ...(note.trim() ? { note: note.trim() } : {}) };
    });
    const dates = Object.fromEntries(DATES.filter((name) => this.dates[name] && this.dates[name] !== this.device[name]).map((name) => [name, this.dates[name]]));
    return {
      kind: "inspection", report_id: this.report_id, at: new Date(serverNow()).toISOString(),
      outcome: this.isSerious ? "failed" : "ok", items, ...dates,
      ...(this.note.trim() ? { note: this.note.trim() } : {}),
      ...(this.photo.trim() ? { photos: [this.photo.trim()] } : {}),
    };
  }
}

/**
 * The form, at the step that it has come to.
 *
 * @param {Inspection} inspection
 * @param {{ onDone: (report: Report) => void, onBack: () => void }} handlers
 * @returns {HTMLElement}
 */
export function inspectionForm(inspection, handlers) {
  const place = el("div", { class: "inspection" });
  const draw = () => {
    fill(place, ...steps[inspection.step]());
    place.querySelector("h2")?.focus({ preventScroll: true });
  };
  /** @param {typeof inspection.step} step */
  const turn = (step) => {
    inspection.step = step;
    draw();
    window.scrollTo(0, 0);
  };

  const head = () => el("div", { class: "inspection-head" },
    el("button", { class: "button button-quiet button-small", text: word("back"), attributes: { type: "button", id: "inspection-back" }, on: { click: () => (inspection.step === "begin" ? handlers.onBack() : turn("begin")) } }),
    el("h2", { text: word("inspection.of", { name: inspection.device.name }), attributes: { tabindex: "-1" } }));

  const steps = {
    begin: () => [head(), el("section", { class: "sheet choices" },
      el("p", { text: word("inspection.look") }),
      el("ul", { class: "look-at" }, ...inspection.items.map((item) => el("li", { text: wordFor("item", item) }))),
      el("button", { class: "button button-good button-wide tall", attributes: { type: "button", id: "all-good" }, on: { click: () => { inspection.allGood(); turn("confirm"); } } }, icon("check"), word("inspection.all_good")),
      el("button", { class: "button button-wide tall", text: word("inspection.by_item"), attributes: { type: "button", id: "by-item" }, on: { click: () => turn("items") } }))],

    items: () => [head(), el("form", { class: "sheet items", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); turn("confirm"); } } },
      ...inspection.items.map((item) => itemRow(inspection, item)),
      ...dateFields(inspection),
      textField("inspection.note", inspection.note, 2000, (value) => (inspection.note = value)),
      photoField(inspection),
      el("button", { class: "button button-strong button-wide tall", text: word("inspection.go_on"), attributes: { type: "submit", id: "items-done" } }))],

    confirm: () => {
      const verdict = el("div", { attributes: { role: "status" } });
      const button = el("button", { text: word("inspection.confirm"), attributes: { type: "submit", id: "confirm" } });
      const judge = () => {
        fill(verdict, summary(inspection));
        button.className = `button button-wide tall ${inspection.isSerious || inspection.isExpired ? "button-act" : "button-good"}`;
      };
      judge();
      // A form, so that a date that cannot be is said here, and not refused after the custodian has gone.
      return [head(), el("form", { class: "sheet confirm", on: { input: judge, submit: (/** @type {Event} */ event) => { event.preventDefault(); button.disabled = true; handlers.onDone(inspection.report()); } } },
        verdict,
        ...expiring(inspection),
        button,
        el("button", { class: "button button-wide", text: word("inspection.change"), attributes: { type: "button", id: "change" }, on: { click: () => turn("items") } }))];
    },
  };
  draw();
  return place;
}

/** @param {Inspection} inspection @param {typeof ITEMS[number]} item */
function itemRow(inspection, item) {
  const found = inspection.found.get(item);
  const note = el("input", { attributes: { type: "text", maxlength: 500, placeholder: word("inspection.what_is_wrong"), "aria-label": word("inspection.what_is_wrong"), value: found?.note ?? "" }, on: { input: () => keep(false) } });
  note.hidden = found?.ok !== false;
  /** @param {boolean} ok */
  const keep = (ok) => {
    inspection.found.set(item, { ok, note: ok ? "" : note.value });
    note.hidden = ok;
  };
  /** @param {boolean} ok */
  const choice = (ok) => el("label", { attributes: { "data-ok": String(ok) } },
    el("input", { attributes: { type: "radio", name: `item-${item}`, value: ok ? "ok" : "amiss", required: true, checked: found?.ok === ok }, on: { change: () => keep(ok) } }),
    icon(ok ? "check" : "warning"), word(ok ? "inspection.ok" : "inspection.amiss"));
  return el("fieldset", { class: "item", attributes: { "data-item": item } },
    el("legend", {}, wordFor("item", item), el("span", { class: "muted small", text: wordFor("item_hint", item, "") })),
    el("div", { class: "item-choices" }, choice(true), choice(false)), note);
}

/**
 * What the register takes to be old, or soon to be: whoever stands before it sees whether it has been replaced.
 *
 * @param {Inspection} inspection
 */
function expiring(inspection) {
  const soon = new Date(serverNow() + SOON_MS).toISOString().slice(0, 10);
  const fields = dateFields(inspection, (name) => Boolean(inspection.device[name]) && /** @type {string} */ (inspection.device[name]) < soon);
  return fields.length ? [el("p", { class: "small muted", text: word("inspection.expiring") }), ...fields] : [];
}

/** @param {Inspection} inspection @param {(name: typeof DATES[number]) => boolean} [isShown] */
function dateFields(inspection, isShown = () => true) {
  return DATES.filter((name) => (name !== "pads_child_expire_on" || inspection.hasChildPads) && isShown(name)).map((name) => el("label", { class: "field" },
    el("span", { text: word(`inspection.${name}`) }),
    el("input", { attributes: { type: "date", min: "2000-01-01", max: "2100-12-31", value: inspection.dates[name], "data-date": name }, on: { input: (/** @type {Event} */ event) => (inspection.dates[name] = /** @type {HTMLInputElement} */ (event.target).value) } })));
}

/** @param {Inspection} inspection */
function photoField(inspection) {
  return el("label", { class: "field" }, el("span", { text: word("inspection.photo") }),
    el("input", { attributes: { type: "url", pattern: "https://.*", maxlength: 500, placeholder: "https://", value: inspection.photo, id: "photo" }, on: { input: (/** @type {Event} */ event) => (inspection.photo = /** @type {HTMLInputElement} */ (event.target).value) } }));
}

/**
 * @param {import("../language.js").Word} name
 * @param {string} value
 * @param {number} longest
 * @param {(value: string) => void} keep
 */
function textField(name, value, longest, keep) {
  const area = el("textarea", { attributes: { rows: 2, maxlength: longest }, on: { input: () => keep(area.value) } });
  area.value = value;
  return el("label", { class: "field" }, el("span", { text: word(name) }), area);
}

/** @param {InspectionItem} item @param {string} [note] */
function noted(item, note) {
  return note ? word("list.colon", { name: wordFor("item", item), value: note }) : wordFor("item", item);
}

/** @param {Inspection} inspection */
function summary(inspection) {
  const { amiss, isSerious, isExpired } = inspection;
  if (amiss.length === 0 && isExpired) return el("p", { class: "verdict", attributes: { "data-tone": "act" } }, icon("warning"), word("inspection.verdict.expired"));
  if (amiss.length === 0) return el("p", { class: "verdict", attributes: { "data-tone": "good" } }, icon("check"), word("inspection.verdict.good"));
  return el("div", { class: "verdict", attributes: { "data-tone": isSerious || isExpired ? "act" : "warn" } }, icon("warning"),
    el("div", {}, el("p", { text: word(isSerious ? "inspection.verdict.serious" : isExpired ? "inspection.verdict.minor_expired" : "inspection.verdict.minor") }),
      el("ul", {}, ...amiss.map((item) => el("li", { text: noted(item, inspection.found.get(item)?.note) })))));
}
