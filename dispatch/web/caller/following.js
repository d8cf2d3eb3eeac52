/** After the tap: who is coming and when, what to do meanwhile, and the way back. */

import { Refusal, ask } from "../api.js";
import { howToReach } from "../aeds.js";
import { askInDialog } from "../dialog.js";
import { drawList, el, fill, show } from "../dom.js";
import { whyNot } from "../failure.js";
import { arrival, countdown, distance, dotted, minutes } from "../format.js";
import { icon } from "../icons.js";
import { word, wordFor } from "../language.js";
import { amapLink } from "../navigation.js";
import { Stream } from "../stream.js";
import { tick } from "../ticking.js";
import { FollowingMap } from "./following_map.js";
import { rhythmCard, stopRhythm } from "./rhythm_card.js";
import { headline, isAlone } from "./headline.js";

/** @typedef {import("../contract/incidents.d.ts").CallerIncident} CallerIncident */
/** @typedef {import("../contract/incidents.d.ts").ComingResponder} ComingResponder */
/** @typedef {import("../contract/incidents.d.ts").SosAnswer} SosAnswer */

/** While the live connection is away the state is asked for this often. */
const ASK_EVERY_MS = 5_000;
/** Beyond this, an AED helps nobody who waits here: half an hour on foot, there alone. */
const WORTH_FETCHING_M = 2_500;
const STEPS = /** @type {const} */ (["check", "call", "push", "rhythm", "aed", "stay"]);
const ENDED = new Set(["closed", "cancelled"]);
const GONE = new Set(["stood_down", "gave_up", "declined", "expired", "withdrawn"]);

export class Following {
  /** @type {CallerIncident | null} */
  #incident = null;
  /** @type {import("../stream.js").StreamState} */
  #connection = "connecting";
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #asking;
  /** Whether the service works without its database. */
  #degraded;
  /** Whether nothing is followed any more: what was still asked then has nobody to tell. */
  #over = false;

  /**
   * @param {HTMLElement} root
   * @param {SosAnswer} sos
   * @param {string} emergencyNumber
   * @param {{ onLeave: () => void, onDrill: (drill: boolean) => void, onAlone: (alone: boolean) => void }} handlers
   */
  constructor(root, sos, emergencyNumber, handlers) {
    this.root = root;
    this.sos = sos;
    this.number = emergencyNumber;
    this.handlers = handlers;
    this.map = new FollowingMap();
    this.#degraded = sos.degraded;
    this.aeds = sos.nearest_aeds.filter((aed) => aed.distance_m <= WORTH_FETCHING_M);
    this.stream = new Stream({
      token: sos.token,
      onMessage: (message) => {
        if (message.type === "incident" && "responders" in message) this.#take(message, "anew" in message);
        else if (message.type === "service") this.#takeService(message.degraded);
      },
      onState: (state) => {
        this.#connection = state;
        this.#drawConnection();
      },
      onAfresh: () => void this.#read(),
      onDegraded: (degraded) => this.#takeService(degraded),
    });
  }

  start() {
    this.handlers.onDrill(this.sos.drill);
    this.layOut();
    this.stream.open();
    void this.#read();
    this.#asking = setInterval(() => {
      if (this.#connection !== "live") void this.#read();
    }, ASK_EVERY_MS);
  }

  stop() {
    this.#over = true;
    clearInterval(this.#asking);
    this.stream.close();
    stopRhythm();
  }

  /** Builds the page; again when the language changes. */
  layOut() {
    if (this.#incident && ENDED.has(this.#incident.state)) return this.#layOutEnd(this.#incident);
    this.status = el("section", { class: "status", attributes: { role: "status", "aria-live": "polite" } });
    this.warning = el("div", { class: "banner banner-warn", attributes: { role: "alert", hidden: true } }, icon("warning"), el("span", { text: word("caller.stale", { number: this.number }) }));
    this.quiet = el("div", { class: "quiet-lines", attributes: { role: "status" } });
    this.aedsExplained = el("p", { class: "muted small" });
    this.coming = el("ul", { class: "coming" });
    this.cpr = el("input", { attributes: { type: "checkbox", id: "cpr-now" }, on: { change: () => void this.#tellCpr() } });
    const aeds = el("ul", { class: "aeds" });
    drawList(aeds, this.aeds, (aed) => aed.id, (aed) => el("li", {},
      el("span", { class: "who-sign", attributes: { "data-role": "aed" } }, icon("aed")),
      el("strong", { text: aed.name }),
      el("span", { class: "eta numeral", text: minutes(aed.walk_s) }),
      el("span", { class: "detail", text: dotted([distance(aed.distance_m), howToReach(aed)]) }),
      el("a", { class: "way", attributes: { href: amapLink(aed.location, aed.name, "walk"), target: "_blank", rel: "noopener noreferrer" } }, icon("way"), word("aed.directions"))));
    this.grid = el("div", { class: "following-grid" },
      el("div", { class: "column" },
        el("section", { class: "sheet order-who" }, el("h2", { text: word("caller.who") }), this.coming),
        rhythmCard(),
        el("section", { class: "sheet order-steps" }, el("h2", { text: word("caller.steps") }),
          el("ol", { class: "steps" }, ...STEPS.map((step) => el("li", {}, word(`caller.step.${step}`, { number: this.number }))))),
        el("section", { class: "end-actions order-end" },
          el("label", { class: "switch sheet" }, word("caller.cpr"), this.cpr),
          el("button", { class: "button", text: word("caller.cancel"), attributes: { type: "button", id: "cancel" }, on: { click: () => void this.#cancel() } }))),
      el("div", { class: "column" },
        this.map.element,
        el("section", { class: "sheet order-aeds" }, el("h2", { text: word("caller.aeds") }),
          this.aedsExplained, aeds)));
    fill(this.root, this.status, this.warning, this.quiet, this.grid);
    this.map.rename();
    this.#draw();
    this.#drawConnection();
  }

  /**
   * Nothing is left to do but to say so.
   *
   * @param {CallerIncident} incident
   */
  #layOutEnd(incident) {
    const { title, lines } = headline(incident, this.sos, this.number);
    fill(this.root,
      el("section", { class: "status", attributes: { role: "status" } }, el("div", { class: "status-inner" }, el("h2", { text: title }), ...lines)),
      el("div", { class: "after" },
        el("button", { class: "button", text: word("caller.new"), attributes: { type: "button", id: "leave" }, on: { click: () => this.#leave() } })));
  }

  async #read() {
    try {
      this.#take(await ask("GET", `/v1/incidents/${encodeURIComponent(this.sos.incident_id)}`, { token: this.sos.token }));
    } catch (error) {
      // The incident is unknown to the service or the token is spent: nothing is left to follow.
      if (!this.#over && error instanceof Refusal && [401, 403, 404].includes(error.status)) this.#leave();
    }
  }

  /**
   * @param {CallerIncident} incident
   * @param {boolean} anew It went another way than was told before, perhaps up to a higher version.
   */
  #take(incident, anew = false) {
    if (this.#over) return;
    const known = this.#incident;
    // Once merged, what is shown is the incident that goes on, which counts its own versions.
    const isSameStory = known !== null && known.merged_into === incident.merged_into;
    if (isSameStory && !anew && incident.version < known.version) return;
    // A late word from before the merger.
    if (!anew && known?.merged_into && !incident.merged_into) return;
    const first = this.#incident === null;
    this.#incident = incident;
    this.#draw();
    if (first) void this.map.start(incident.location);
    if (!ENDED.has(incident.state)) return;
    this.stop();
    this.layOut();
  }

  #draw() {
    const incident = this.#incident;
    if (!this.status || !this.coming || !this.cpr || !this.aedsExplained) return;
    const { tone, title, lines } = headline(incident, this.sos, this.number);
    this.status.dataset.tone = tone;
    fill(this.status, el("div", { class: "status-inner" }, el("h2", { text: title }), ...lines));
    const alone = isAlone(incident, this.sos);
    this.handlers.onAlone(alone);
    this.grid?.classList.toggle("alone", alone);
    this.aedsExplained.textContent = word(this.aeds.length === 0 ? "caller.aeds.none" : alone ? "caller.aeds.nobody" : "caller.aeds.explain");
    this.#drawQuiet();
    const coming = (incident?.responders ?? []).filter((one) => !GONE.has(one.state));
    drawList(this.coming, coming, (one) => one.alert_id, drawComing, (one) => JSON.stringify([one.state, one.arrives_at, one.eta_s, one.distance_m, document.documentElement.lang]));
    if (coming.length === 0) fill(this.coming, el("li", { class: "muted", text: word(alone ? "caller.who.nobody" : "caller.who.none") }));
    this.coming.closest(".order-who")?.classList.toggle("urgent", coming.length > 0);
    if (document.activeElement !== this.cpr) this.cpr.checked = incident?.cpr_in_progress ?? false;
    if (incident) this.map.draw(incident, this.aeds);
  }

  /** What is good to know and asks for nothing. */
  #drawQuiet() {
    if (!this.quiet) return;
    const incident = this.#incident;
    const lines = [
      incident?.merged_into || incident?.merged.length ? el("p", { text: word("caller.merged"), attributes: { "data-quiet": "merged" } }) : null,
      this.#degraded ? el("p", { text: word("caller.degraded"), attributes: { "data-quiet": "degraded" } }) : null,
    ];
    fill(this.quiet, ...lines);
    show(this.quiet, lines.some((line) => line !== null));
  }

  /** @param {boolean} degraded */
  #takeService(degraded) {
    this.#degraded = degraded;
    this.#drawQuiet();
  }

  #drawConnection() {
    if (!this.warning) return;
    const away = this.#connection === "stale" || this.#connection === "waiting" || this.#connection === "refused";
    show(this.warning, away);
  }

  async #tellCpr() {
    const in_progress = this.cpr?.checked ?? false;
    await this.#command("cpr", { in_progress });
  }

  async #cancel() {
    const reasons = /** @type {const} */ (["caller_cancelled", "false_alarm", "duplicate"]);
    const reason = await askInDialog({
      title: word("caller.cancel.title"),
      text: word("caller.cancel.explain"),
      answers: [
        ...reasons.map((value) => ({ label: word(`caller.cancel.${value}`), value: () => value })),
        { label: word("caller.cancel.keep"), tone: /** @type {const} */ ("strong"), value: () => null },
      ],
    });
    if (reason) await this.#command("cancel", { reason });
  }

  /**
   * @param {"cancel" | "cpr"} command
   * @param {object} body
   */
  async #command(command, body) {
    try {
      this.#take(await ask("POST", `/v1/incidents/${encodeURIComponent(this.sos.incident_id)}/${command}`, { token: this.sos.token, body }));
    } catch (error) {
      if (this.#over) return;
      const merged = error instanceof Refusal && error.code === "merged";
      const told = merged ? { title: word("caller.cancel.merged"), text: word("caller.merged") } : { title: whyNot(error) };
      await askInDialog({ ...told, answers: [{ label: word("close"), value: () => true }] });
    }
  }

  #leave() {
    this.stop();
    this.handlers.onLeave();
  }
}

/**
 * @param {ComingResponder} one
 * @returns {HTMLElement}
 */
function drawComing(one) {
  const there = one.state === "on_scene" || one.state === "done";
  const arrives = one.arrives_at ?? (typeof one.eta_s === "number" ? arrival(one.eta_s) : null);
  const eta = el("span", { class: "eta numeral" });
  if (there) eta.textContent = wordFor("alert_state", one.state);
  else if (arrives) tick(eta, () => countdown(arrives));
  const detail = [
    one.role === "aed" && one.aed_name ? word("caller.brings", { aed: one.aed_name }) : wordFor("role", one.role),
    there ? null : wordFor("alert_state", one.state),
    !there && typeof one.distance_m === "number" ? distance(one.distance_m) : null,
  ];
  return el("li", {},
    el("span", { class: "who-sign", attributes: { "data-role": one.role } }, icon(one.role)),
    el("strong", { text: one.name ?? word("caller.anonymous") }),
    eta,
    el("span", { class: "detail", text: dotted(detail) }));
}
