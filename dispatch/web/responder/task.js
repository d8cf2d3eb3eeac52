/** What this responder is on after a yes: the assignment, how far they are with it, and what has become different. */

import { routeChange } from "./route_change.js";
import { RouteMap } from "./route_map.js";
import { rememberStage, rememberedStage, stagesPassed } from "./stages.js";

/** @typedef {import("../contract/alerts.d.ts").AssignmentMessage} AssignmentMessage */
/** @typedef {import("../contract/alerts.d.ts").AlertState} AlertState */

export class Task {
  /** @type {AlertState} */
  stage = "accepted";
  /** @type {import("./route_change.js").RouteChange | null} what has become different about the way, until it is seen */
  change = null;
  /** A problem with the AED was said; what to do instead is awaited. */
  reporting = false;

  /** @param {AssignmentMessage} assignment */
  constructor(assignment) {
    this.assignment = assignment;
    this.map = new RouteMap();
    void this.map.start(assignment.location);
    this.take(assignment);
  }

  get id() {
    return this.assignment.alert_id;
  }

  /**
   * The same task as it stands now.
   *
   * @param {AssignmentMessage} assignment
   * @returns {boolean} whether the way has become another
   */
  take(assignment) {
    const change = routeChange(this.assignment, assignment);
    if (change) [this.change, this.reporting] = [change, false];
    this.assignment = assignment;
    this.stage = assignment.state ?? rememberedStage(this.id) ?? "accepted";
    return change !== null;
  }

  /** @param {import("../contract/alerts.d.ts").Stage} stage */
  reach(stage) {
    this.stage = stage;
    this.change = null;
    rememberStage(this.id, stage);
  }

  /** @param {{ latitude: number, longitude: number } | null} me */
  drawMap(me) {
    const { role } = this.assignment;
    const collected = this.stage !== "accepted" && this.stage !== "en_route" && stagesPassed(role, this.stage) > 0;
    this.map.draw(this.assignment, me, collected);
  }
}
