/** What the console knows: incidents, responders and counts, as the service's messages build them up. */

import { ask } from "../api.js";

/** @typedef {import("../contract/incidents.d.ts").OperatorIncident} OperatorIncident */
/** @typedef {import("../contract/incidents.d.ts").OperatorIncidentMessage} OperatorIncidentMessage */
/** @typedef {import("../contract/picture.d.ts").LiveResponder} LiveResponder */
/** @typedef {import("../contract/picture.d.ts").PictureMessage} PictureMessage */
/** @typedef {import("../contract/incidents.d.ts").TimelineEntry} TimelineEntry */

const ENDED = new Set(["closed", "cancelled"]);
/** Ended incidents beyond this many are forgotten, oldest first: a shift is long. */
const ENDED_KEPT = 200;

/** @param {OperatorIncident} incident */
export function hasEnded(incident) {
  return ENDED.has(incident.state);
}

export class Board {
  /** @type {Map<string, OperatorIncident>} */
  incidents = new Map();
  /** @type {Map<string, LiveResponder>} */
  responders = new Map();
  /** @type {import("../contract/picture.d.ts").Counts | null} */
  counts = null;
  /** @type {string | null} when the service last said how things are */
  at = null;

  /**
   * @param {string} token
   * @param {{ onIncident: (incident: OperatorIncident, isNew: boolean) => void, onPicture: () => void }} handlers
   */
  constructor(token, handlers) {
    this.token = token;
    this.handlers = handlers;
  }

  /** @param {PictureMessage} picture */
  takePicture(picture) {
    if (picture.full) this.responders.clear();
    for (const responder of picture.responders) this.responders.set(responder.id, responder);
    for (const id of picture.gone) this.responders.delete(id);
    if (picture.full && picture.incidents) {
      // What a full picture does not name has ended while we were away.
      const named = new Set(picture.incidents.map((incident) => incident.incident_id));
      for (const [id, incident] of this.incidents) if (!hasEnded(incident) && !named.has(id)) this.incidents.delete(id);
    }
    for (const incident of picture.incidents ?? []) this.#merge(incident);
    this.counts = picture.counts;
    this.at = picture.at;
    this.handlers.onPicture();
  }

  /** @param {OperatorIncidentMessage | OperatorIncident} message */
  takeIncident(message) {
    const isNew = !this.incidents.has(message.incident_id);
    if ("anew" in message) this.incidents.delete(message.incident_id);
    const incident = this.#merge(message);
    this.handlers.onIncident(incident, isNew);
    this.#forgetOld();
  }

  /** Incidents that ended before this page was opened, for the list. */
  async readRecent() {
    const answer = /** @type {{ incidents: OperatorIncident[] }} */ (
      await ask("GET", "/v1/incidents?status=all&limit=60", { token: this.token })
    );
    for (const incident of answer.incidents) this.#merge(incident);
    this.handlers.onPicture();
  }

  /**
   * The whole incident with its whole timeline.
   *
   * @param {string} id
   */
  async read(id) {
    const incident = /** @type {OperatorIncident} */ (await ask("GET", `/v1/incidents/${encodeURIComponent(id)}`, { token: this.token }));
    this.takeIncident(incident);
  }

  /**
   * @param {string} id
   * @param {"cancel" | "close" | "widen" | "ambulance" | "cpr"} command
   * @param {object} body
   */
  async command(id, command, body) {
    const incident = /** @type {OperatorIncident} */ (
      await ask("POST", `/v1/incidents/${encodeURIComponent(id)}/${command}`, { token: this.token, body })
    );
    this.takeIncident(incident);
  }

  /**
   * Makes one incident part of another.
   *
   * @param {string} id
   * @param {string} into
   */
  async merge(id, into) {
    const incident = /** @type {OperatorIncident} */ (
      await ask("POST", `/v1/incidents/${encodeURIComponent(id)}/merge`, { token: this.token, body: { into } })
    );
    this.takeIncident(incident);
    // What became of the one that ended is told to all consoles, too: this only makes sure.
    this.read(id).catch(() => undefined);
  }

  /**
   * The incidents that go on and may be the same emergency as this one, whichever of the two was told so.
   *
   * @param {OperatorIncident} incident
   * @returns {OperatorIncident[]}
   */
  twinsOf(incident) {
    if (hasEnded(incident)) return [];
    return this.list.filter((other) => other !== incident && !hasEnded(other)
      && (incident.likely_duplicates?.includes(other.incident_id) || other.likely_duplicates?.includes(incident.incident_id)));
  }

  /** Counted here: the list must never disagree with the number above it. */
  get openCount() {
    return this.list.filter((incident) => !hasEnded(incident)).length;
  }

  /** Newest first. */
  get list() {
    return [...this.incidents.values()].sort((a, b) => b.opened_at.localeCompare(a.opened_at));
  }

  /**
   * Keeps the newest version, and every event of the timeline that any message brought.
   *
   * @param {OperatorIncident} incoming
   */
  #merge(incoming) {
    const known = this.incidents.get(incoming.incident_id);
    const newest = known && known.version > incoming.version ? known : incoming;
    /** @type {Map<number, TimelineEntry>} */
    const events = new Map();
    for (const entry of [...(known?.timeline ?? []), ...(incoming.timeline ?? [])]) events.set(entry.number, entry);
    const merged = { ...newest, timeline: [...events.values()].sort((a, b) => a.number - b.number) };
    this.incidents.set(merged.incident_id, merged);
    return merged;
  }

  #forgetOld() {
    const ended = this.list.filter(hasEnded);
    for (const incident of ended.slice(ENDED_KEPT)) this.incidents.delete(incident.incident_id);
  }
}
