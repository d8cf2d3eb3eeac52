/**
 * What this responder is asked and what they are on: from the alert over the task to the order to stop, whichever way word
 * of it comes, and however often.
 */

import { secondsUntil } from "../clock.js";
import { isPassing, refused } from "../failure.js";
import { word } from "../language.js";
import { chime } from "../sound.js";
import { keepAwake } from "../wakelock.js";
import { AlertScreen } from "./alert.js";
import { LateOffer } from "./late.js";
import { NudgeScreen } from "./nudge.js";
import { Outbox } from "./outbox.js";
import { isQuiet, showStandDown } from "./stand_down.js";
import { Task } from "./task.js";

/** @typedef {import("../contract/alerts.d.ts").AlertMessage} AlertMessage */
/** @typedef {import("../contract/alerts.d.ts").AssignmentMessage} AssignmentMessage */
/** @typedef {import("../contract/alerts.d.ts").StandDownMessage} StandDownMessage */
/** @typedef {import("../contract/alerts.d.ts").NudgeMessage} NudgeMessage */
/** @typedef {import("../contract/stream.d.ts").ClientMessage} ClientMessage */
/** @typedef {import("./outbox.js").Given} Given */

/**
 * @typedef {object} Handlers
 * @property {(message: ClientMessage) => boolean} send says whether it went out
 * @property {() => { latitude: number, longitude: number } | null} fix where this phone is
 * @property {() => void} onDeed something was said here or told
 * @property {() => void} onChange what is on the page has to be drawn again
 * @property {(alert_id: string) => void} onSettled a notification about this alert is not wanted any more
 */

export class Engagement {
  /** @type {Task | null} what was said yes to */
  task = null;
  /** What to know about the last tap, or "". */
  advice = "";
  /** The alerts that are over, by the last reason heard: told twice, it is shown once. @type {Map<string, string>} */
  #over = new Map();

  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    this.outbox = new Outbox(handlers.send, () => {
      this.alertScreen.advise(word("alert.not_sent"));
      this.advice = word("alert.not_sent");
    });
    this.alertScreen = new AlertScreen((alert, given) => {
      this.#answer(alert.alert_id, given);
      if (given === "decline") this.alertScreen.close();
    });
    this.nudgeScreen = new NudgeScreen(({ alert_id }, stage) => {
      if (this.task?.id === alert_id) this.reach(stage);
      else this.outbox.say({ type: "progress", alert_id, stage });
    });
    // It stands among what is shown without a task.
    this.late = new LateOffer(() => { if (!this.task) handlers.onChange(); });
  }

  /** @param {AlertMessage | AssignmentMessage | StandDownMessage | NudgeMessage} message */
  hear(message) {
    this.handlers.onDeed();
    switch (message.type) {
      case "alert":
        return this.#beAlerted(message);
      case "assignment":
        return this.#take(message);
      case "stand_down":
        return this.#standDown(message);
      case "nudge":
        if (!this.task || this.task.id === message.alert_id) this.nudgeScreen.open(message);
    }
  }

  /**
   * How things stand by the service's word, whatever was heard before.
   *
   * @param {import("../contract/responders.d.ts").ResponderMe} me
   */
  reconcile({ alert, assignment }) {
    if (assignment) this.#take(assignment);
    else if (this.task && !this.outbox.isWaiting) this.#finish();
    if (this.task) this.task.reporting = false;
    if (alert && !assignment) this.#beAlerted(alert);
    else if (!alert && this.alertScreen.alert && !this.outbox.isWaiting) this.alertScreen.close();
  }

  /** The connection is back: what was said meanwhile goes out. */
  comeBack() {
    if (this.outbox.comeBack(this.alertScreen.alert?.alert_id)) this.advice = "";
  }

  /** Somebody else may use this page next. */
  drop() {
    this.alertScreen.close();
    this.nudgeScreen.close();
    this.late.drop();
    this.outbox.forget();
    [this.task, this.advice] = [null, ""];
    void keepAwake(false);
  }

  /** @param {string} alert_id @param {Given} given */
  #answer(alert_id, given) {
    this.handlers.onDeed();
    this.outbox.answer(alert_id, given);
    this.handlers.onSettled(alert_id);
  }

  /** @param {import("../contract/alerts.d.ts").Stage} stage */
  reach(stage) {
    if (!this.task) return;
    this.handlers.onDeed();
    this.advice = "";
    this.nudgeScreen.close(this.task.id);
    this.outbox.say({ type: "progress", alert_id: this.task.id, stage });
    this.task.reach(stage);
    if (stage === "done" || stage === "gave_up") this.#finish();
    else this.handlers.onChange();
  }

  /** @param {import("../contract/aeds.d.ts").AedProblem} problem */
  report(problem) {
    if (!this.task) return;
    this.handlers.onDeed();
    this.advice = "";
    this.outbox.say({ type: "aed_problem", alert_id: this.task.id, problem });
    this.task.reporting = true;
    this.handlers.onChange();
  }

  /** What has become different about the way was read. */
  see() {
    if (this.task) this.task.change = null;
    this.handlers.onChange();
  }

  /** A yes to the alert that was missed. */
  comeLate() {
    if (!this.late.alert) return;
    this.late.busy = true;
    this.#answer(this.late.alert.alert_id, "accept");
    this.handlers.onChange();
  }

  /**
   * The service has refused what was said last.
   *
   * @param {import("../contract/stream.d.ts").ErrorMessage} error
   * @returns {string} why
   */
  beRefused(error) {
    this.advice = refused(error);
    if (error.of === "aed_problem" && this.task) this.task.reporting = false;
    if (error.of === "answer" && isPassing(error)) {
      this.alertScreen.askAgain(this.advice);
      this.late.busy = false;
    } else if (error.of === "answer") {
      this.alertScreen.close();
      this.late.drop();
    }
    return this.advice;
  }

  /**
   * A notification about this alert was tapped, and how things stand has been read since: where nothing is on any more
   * and nobody has said why, its time to answer has passed.
   *
   * @param {import("./late.js").MissedAlert} alert
   */
  openLate(alert) {
    if (this.task || this.alertScreen.alert || this.outbox.answered(alert.alert_id)) return;
    if (!this.#over.has(alert.alert_id)) this.late.keep(alert);
  }

  /** @param {AlertMessage} alert */
  #beAlerted(alert) {
    if (this.task?.id === alert.alert_id) return;
    // Told again, perhaps with another number or none, of what was declined here already.
    if (this.outbox.answered(alert.alert_id) === "decline") return;
    this.late.drop();
    // Delivered late, after some time away: it does not ring any more.
    if (secondsUntil(alert.respond_by) < 0) this.late.keep(alert);
    else this.alertScreen.open(alert, this.handlers.fix());
  }

  /** @param {AssignmentMessage} assignment */
  #take(assignment) {
    const { alert_id, incident_id, drill, nudged } = assignment;
    const before = this.task?.assignment;
    // Their stage has changed, or they were believed to be moving, for a new promise.
    if (before?.state !== assignment.state || before?.eta_s !== assignment.eta_s) this.nudgeScreen.close(alert_id);
    if (before?.alert_id !== alert_id || before.state !== assignment.state) this.advice = "";
    if (this.task?.id !== alert_id) {
      this.task = new Task(assignment);
    } else if (this.task.take(assignment)) {
      chime();
      navigator.vibrate?.([200, 100, 200, 100, 400]);
    }
    this.alertScreen.close();
    this.late.drop();
    this.handlers.onSettled(alert_id);
    void keepAwake(true);
    this.handlers.onChange();
    // Asked before this page was opened anew, and not answered yet.
    if (nudged) this.nudgeScreen.open({ type: "nudge", alert_id, incident_id, drill, ...nudged });
  }

  #finish() {
    this.nudgeScreen.close();
    this.task = null;
    void keepAwake(false);
    this.handlers.onChange();
  }

  /** @param {StandDownMessage} message */
  #standDown(message) {
    const { alert_id, reason } = message;
    // The yes is on its way: it is taken late, or answered by another word than this.
    if (reason === "expired" && this.outbox.answered(alert_id) === "accept") return;
    const underWay = this.task?.id === alert_id;
    const { last } = this.alertScreen;
    if (!isQuiet(message) && this.#over.get(alert_id) !== reason) showStandDown(message, underWay);
    if (reason !== "expired") this.#over.set(alert_id, reason);
    this.handlers.onSettled(alert_id);
    this.nudgeScreen.close(alert_id);
    if (this.alertScreen.alert?.alert_id === alert_id) this.alertScreen.close();
    if (reason !== "expired") this.late.drop(alert_id);
    else if (last?.alert_id === alert_id && !this.outbox.answered(alert_id)) this.late.keep(last);
    if (underWay) this.#finish();
  }
}
