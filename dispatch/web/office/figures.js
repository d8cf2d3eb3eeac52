/** How well the devices are looked after: figures of a period, by owner, district and cause, and day by day. */

import { el, fill } from "../dom.js";
import { whyNot } from "../failure.js";
import { dateTime, today } from "../format.js";
import { word, wordFor } from "../language.js";
import { depths } from "./desk.js";
import { plotOf } from "./plots.js";
import { percent, table } from "./tables.js";

/** @typedef {import("../contract/owners.d.ts").Figures} Figures */
/** @typedef {import("../contract/owners.d.ts").FiguresOf} FiguresOf */

const PERIODS = /** @type {const} */ ([7, 30, 90, 365]);
const SHEETS = /** @type {const} */ (["owners", "districts", "causes", "days"]);
const DAY_MS = 86_400_000;
const LEAST_UNIT = /** @type {const} */ (["unit.minutes", 60]);
const UNITS = /** @type {const} */ ([["unit.days", 86_400], ["unit.hours", 3600], LEAST_UNIT]);
const STATES = /** @type {const} */ (["ready", "degraded", "unverified", "out_of_service", "in_use"]);

export class FiguresRoom {
  element = el("div", { class: "room figures-room" });
  /** @type {Figures | null} */
  #figures = null;
  #owners = /** @type {import("../contract/owners.d.ts").Owner[]} */ ([]);
  #failure = "";
  #asked = { owner_id: "", from: dayBefore(29), to: dayBefore(0) };
  #turn = 0;

  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {URLSearchParams} about */
  async open(about) {
    this.#asked.owner_id = about.get("owner_id") ?? this.#asked.owner_id;
    this.draw();
    // Both at once: the figures of a large register take a moment.
    await Promise.all([this.desk.owners().then((owners) => {
      this.#owners = owners;
      this.draw();
    }, () => undefined), this.#read()]);
  }

  get #query() {
    const query = new URLSearchParams({ from: this.#asked.from, to: this.#asked.to });
    if (this.#asked.owner_id) query.set("owner_id", this.#asked.owner_id);
    return query;
  }

  async #read() {
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const figures = /** @type {Figures} */ (await this.desk.ask("GET", `/v1/registry/figures?${this.#query}`));
      if (turn !== this.#turn) return;
      [this.#figures, this.#failure] = [figures, ""];
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#failure = whyNot(error);
    }
    this.draw();
  }

  draw() {
    const figures = this.#figures;
    fill(this.element, this.#controls(),
      this.#failure ? el("p", { class: "banner banner-warn", text: this.#failure, attributes: { role: "alert" } }) : null,
      figures || this.#failure ? null : el("p", { class: "muted", text: word("office.loading"), attributes: { role: "status" } }),
      ...(figures ? [
        this.#tiles(figures.total), this.#plots(figures),
        this.#block("owners", this.#table(word("office.by_owner"), figures.owners, word("office.owner"), (row) => row.owner_id && row.owner_id !== figures.owner_id
          ? el("a", { text: row.name, attributes: { href: `#room=figures&owner_id=${row.owner_id}` } }) : row.name || word("office.no_owner"))),
        this.#block("districts", this.#table(word("office.by_district"), figures.districts, word("office.district"), (row) => row.code
          ? el("a", { text: row.name ?? row.code, attributes: { href: `#room=devices&district=${row.code}` } }) : word("office.no_district"))),
        this.#block("causes", this.#causes(figures)),
        el("p", { class: "muted small", text: word("office.as_of", { time: dateTime(figures.at) }) }),
      ] : []));
  }

  #controls() {
    const deep = depths(this.#owners);
    const owner = el("select", { attributes: { id: "figures-owner", "aria-label": word("office.owner") }, on: { change: () => this.#ask({ owner_id: owner.value }) } },
      el("option", { text: word("office.all_owners"), attributes: { value: "" } }),
      ...this.#owners.map(({ id, name }) => el("option", { text: `${"　".repeat(deep.get(id) ?? 0)}${name}`, attributes: { value: id, selected: id === this.#asked.owner_id } })));
    const from = el("input", { attributes: { type: "date", id: "figures-from", value: this.#asked.from, max: this.#asked.to, "aria-label": word("office.from") }, on: { change: () => from.value && this.#ask({ from: from.value }) } });
    const to = el("input", { attributes: { type: "date", id: "figures-to", value: this.#asked.to, min: this.#asked.from, "aria-label": word("office.to") }, on: { change: () => to.value && this.#ask({ to: to.value }) } });
    return el("div", { class: "filters" }, owner,
      el("span", { class: "periods", attributes: { role: "group" } }, ...PERIODS.map((days) => el("button", {
        class: "button button-small", text: word("office.last_days", { n: days }),
        attributes: { type: "button", "data-days": days, "aria-pressed": String(this.#asked.from === dayBefore(days - 1) && this.#asked.to === dayBefore(0)) },
        on: { click: () => this.#ask({ from: dayBefore(days - 1), to: dayBefore(0) }) },
      }))),
      from, el("span", { text: "–" }), to);
  }

  /** @param {Partial<{ owner_id: string, from: string, to: string }>} changed */
  #ask(changed) {
    Object.assign(this.#asked, changed);
    this.draw();
    void this.#read();
  }

  /** @param {FiguresOf} total */
  #tiles(total) {
    /** @param {string} id @param {import("../language.js").Word} name @param {string} value @param {string} [tone] */
    const tile = (id, name, value, tone) => el("div", { class: "tile", attributes: { "data-figure": id, "data-tone": tone } }, el("dt", { text: word(name) }), el("dd", { class: "numeral", text: value }));
    return el("dl", { class: "tiles" },
      tile("devices", "office.devices", String(total.devices)),
      tile("uptime", "office.uptime", percent(total.uptime)),
      tile("detect", "office.mttd", lasting(total.mean_time_to_detect_s)),
      tile("repair", "office.mttr", lasting(total.mean_time_to_repair_s)),
      tile("open", "office.orders_open", String(total.open_orders)),
      tile("overdue", "office.overdue", String(total.overdue_orders), total.overdue_orders ? "act" : undefined));
  }

  /** @param {Figures} figures */
  #plots({ days }) {
    const names = days.map(({ day }) => day);
    const lowest = Math.min(1, ...days.map(({ uptime }) => uptime ?? 1));
    // From 100 % down to where something is to be seen.
    const least = lowest >= 0.9 ? 0.9 : lowest >= 0.5 ? 0.5 : 0;
    const longest_s = Math.max(0, ...days.map(({ mean_time_to_repair_s }) => mean_time_to_repair_s ?? 0));
    const [unit, unit_s] = UNITS.find(([, seconds]) => longest_s >= 2 * seconds) ?? LEAST_UNIT;
    /** @param {string} id @param {import("../language.js").Word} title @param {SVGSVGElement} plot @param {[import("../language.js").Word, string][]} legend */
    const frame = (id, title, plot, legend) => el("figure", { class: "plot-frame", attributes: { "data-plot": id } },
      el("figcaption", {}, el("strong", { text: word(title) }), ...legend.map(([name, tone]) => el("span", { class: `plot-key plot-${tone}`, text: word(name) }))), plot);
    return el("div", { class: "plots" },
      frame("uptime", "office.uptime", plotOf({ title: word("office.uptime"), days: names, least, most: 1, write: (value) => `${Math.round(value * 1000) / 10} %`, series: [{ name: word("office.uptime"), kind: "line", tone: "good", values: days.map(({ uptime }) => uptime ?? null) }] }), []),
      frame("orders", "office.orders", plotOf({ title: word("office.orders"), days: names, counts: true, write: whole, series: [
        { name: word("office.opened"), kind: "bars", tone: "warn", values: days.map(({ opened }) => opened) },
        { name: word("office.closed"), kind: "bars", tone: "info", values: days.map(({ closed }) => closed) },
        { name: word("office.overdue"), kind: "line", tone: "act", values: days.map(({ overdue }) => overdue) },
      ] }), [["office.opened", "warn"], ["office.closed", "info"], ["office.overdue", "act"]]),
      frame("repair", "office.mttr", plotOf({ title: word("office.mttr"), days: names, write: (value) => word(unit, { n: Math.round(value * 10) / 10 }), series: [{ name: word("office.mttr"), kind: "line", tone: "info", values: days.map(({ mean_time_to_repair_s: s }) => (typeof s === "number" ? s / unit_s : null)) }] }), []));
  }

  /**
   * @template {FiguresOf} T
   * @param {string} label
   * @param {T[]} rows
   * @param {string} title
   * @param {(row: T) => import("../dom.js").Child} nameOf
   */
  #table(label, rows, title, nameOf) {
    return [el("h2", { text: label }), table({
      label, rows,
      columns: [
        { title, main: true, cell: nameOf },
        { title: word("office.devices"), number: true, cell: (row) => String(row.devices) },
        { title: word("office.states"), cell: (row) => statesBar(row) },
        { title: word("office.uptime"), number: true, cell: (row) => percent(row.uptime) },
        { title: word("office.mttd"), number: true, cell: (row) => lasting(row.mean_time_to_detect_s) },
        { title: word("office.mttr"), number: true, cell: (row) => lasting(row.mean_time_to_repair_s) },
        { title: word("office.orders_open"), number: true, cell: (row) => String(row.open_orders) },
        { title: word("office.overdue"), number: true, cell: (row) => el("span", { text: String(row.overdue_orders), attributes: { "data-tone": row.overdue_orders ? "act" : undefined } }) },
      ],
    })];
  }

  /** @param {Figures} figures */
  #causes({ causes }) {
    const label = word("office.by_cause");
    return [el("h2", { text: label }), table({
      label, rows: causes,
      columns: [
        { title: word("office.what"), main: true, cell: (row) => el("a", { text: wordFor("cause", row.cause), attributes: { href: `#room=orders&cause=${row.cause}` } }) },
        { title: word("office.opened"), number: true, cell: (row) => String(row.opened_orders) },
        { title: word("office.closed"), number: true, cell: (row) => String(row.closed_orders) },
        { title: word("office.mttd"), number: true, cell: (row) => lasting(row.mean_time_to_detect_s) },
        { title: word("office.mttr"), number: true, cell: (row) => lasting(row.mean_time_to_repair_s) },
        { title: word("office.orders_open"), number: true, cell: (row) => String(row.open_orders) },
        { title: word("office.overdue"), number: true, cell: (row) => el("span", { text: String(row.overdue_orders), attributes: { "data-tone": row.overdue_orders ? "act" : undefined } }) },
      ],
    })];
  }

  /** @param {typeof SHEETS[number]} sheet @param {HTMLElement[]} children */
  #block(sheet, children) {
    return el("section", { class: "block", attributes: { "data-table": sheet } }, ...children,
      el("p", { class: "downloads" }, el("button", { class: "button button-quiet button-small", text: "CSV", attributes: { type: "button", "data-csv": sheet, "aria-label": word("office.csv", { name: word(`office.sheet.${sheet}`) }) }, on: { click: () => void this.#download(sheet) } })));
  }

  /** @param {typeof SHEETS[number]} sheet */
  async #download(sheet) {
    try {
      const query = this.#query;
      query.set("table", sheet);
      await this.desk.download(`/v1/registry/figures.csv?${query}`, `aed-${sheet}-${this.#asked.from}-${this.#asked.to}.csv`);
    } catch (error) {
      this.#failure = whyNot(error);
      this.draw();
    }
  }
}

/** The states as a bar of their shares; in words for who cannot see it. @param {FiguresOf} row */
function statesBar({ by_state }) {
  const counts = STATES.map((state) => [state, by_state[state] ?? 0]);
  const label = counts.filter(([, count]) => count).map(([state, count]) => `${wordFor("readiness", String(state))} ${count}`).join(word("list.comma"));
  return el("span", { class: "states-bar", attributes: { role: "img", "aria-label": label, title: label } },
    ...counts.map(([state, count]) => el("i", { attributes: { "data-readiness": String(state), style: `flex-grow:${count}` } })));
}

/** @param {number | null | undefined} seconds */
function lasting(seconds) {
  if (typeof seconds !== "number") return "–";
  if (seconds < 5400) return word("unit.minutes", { n: Math.max(1, Math.round(seconds / 60)) });
  if (seconds < 48 * 3600) return word("unit.hours", { n: (seconds / 3600).toFixed(1) });
  return word("unit.days", { n: (seconds / 86_400).toFixed(1) });
}

/** @param {number} value */
function whole(value) {
  return String(Math.round(value * 10) / 10);
}

/** @param {number} days */
function dayBefore(days) {
  return new Date(Date.parse(today()) - days * DAY_MS).toISOString().slice(0, 10);
}
