/** The responder's page: stand by, be alerted, go. */

import { Refusal, ask, pageSettings } from "./api.js";
import { secondsUntil } from "./clock.js";
import { drawConnection, isAway } from "./connection.js";
import { byId, fill, keepingFocus, show } from "./dom.js";
import { setTimezone } from "./format.js";
import { language, onLanguage, startLanguage, word, wordFor } from "./language.js";
import { meaningOf } from "./closecodes.js";
import { testAlarm } from "./responder/alarm.js";
import { AlertScreen } from "./responder/alert.js";
import { assignmentScreen } from "./responder/assignment.js";
import { standby } from "./responder/duty.js";
import { LATE_S, LateOffer } from "./responder/late.js";
import { NudgeScreen } from "./responder/nudge.js";
import { reachCard } from "./responder/reach.js";
import { routeChange } from "./responder/route_change.js";
import { RouteMap } from "./responder/route_map.js";
import { PositionSharing } from "./responder/sharing.js";
import { rememberStage, rememberedStage, stagesPassed } from "./responder/stages.js";
import { isQuiet, showStandDown } from "./responder/stand_down.js";
import { WakeTest, forgetProofs } from "./responder/wake_test.js";
import { Waking } from "./responder/waking.js";
import { signInForm } from "./signin.js";
import { chime, unlockSound } from "./sound.js";
import { Stream } from "./stream.js";
import { forgetToken, keepToken, onTokenLink, takeToken } from "./token.js";
import { keepAwake } from "./wakelock.js";

/** @typedef {import("./contract.d.ts").ResponderMe} ResponderMe */
/** @typedef {import("./contract.d.ts").AssignmentMessage} AssignmentMessage */
/** @typedef {import("./contract.d.ts").AlertState} AlertState */

const TOKEN = "token:responder";
const page = byId("page", HTMLElement);

/** @type {ResponderMe | null} */
let me = null;
/** @type {AssignmentMessage | null} */
let assignment = null;
/** @type {AlertState} */
let stage = "accepted";
/** @type {RouteMap | null} */
let map = null;
/** @type {Stream | null} */
let stream = null;
/** @type {import("./contract.d.ts").ClientMessage[]} what was tapped while the connection was away */
let unsent = [];
/** @type {(import("./contract.d.ts").ClientMessage & { type: "answer" }) | null} the last answer: said again after a break, for it may have been lost */
let answering = null;
/** @type {import("./responder/route_change.js").RouteChange | null} what has become different about the way, until it is seen */
let change = null;
/** A problem with the AED was said; what to do instead is awaited. */
let reporting = false;
/** Alert and reason of every order to stop that was shown: told twice, it is shown once. */
const stoodDown = new Set();
let busy = false;
let failure = "";
let advice = "";
let token = takeToken(TOKEN);
/** Counts what was done here, so that an answer asked for before it is not taken for the state after it. */
let deeds = 0;
let emergencyNumber = "120";

const alertScreen = new AlertScreen((alert, given) => {
  answer(alert.alert_id, given);
  if (given === "decline") alertScreen.close();
});
const nudgeScreen = new NudgeScreen((nudge, next) => {
  if (assignment?.alert_id === nudge.alert_id) onStage(next);
  else say({ type: "progress", alert_id: nudge.alert_id, stage: next });
});
const late = new LateOffer(() => {
  if (!assignment) draw();
});
const waking = new Waking(() => token ?? "", { onChange: drawStandby, onMessage: onWorker });
const wakeTest = new WakeTest(() => token ?? "", drawStandby);
const sharing = new PositionSharing(
  (fix) => stream?.send({ type: "position", latitude: fix.latitude, longitude: fix.longitude, accuracy_m: fix.accuracy_m, at: fix.at, datum: "wgs84" }) ?? false,
  () => {
    if (assignment) drawMap();
    else if (!alertScreen.alert) draw();
  },
);

/**
 * @param {string} alert_id
 * @param {"accept" | "decline"} given
 */
function answer(alert_id, given) {
  deeds += 1;
  answering = { type: "answer", alert_id, answer: given };
  say(answering);
  void waking.hush(alert_id);
}

/** @param {import("./contract.d.ts").ClientMessage} message */
function say(message) {
  if (stream?.send(message)) return;
  unsent.push(message);
  alertScreen.advise(word("alert.not_sent"));
  advice = word("alert.not_sent");
}

function draw() {
  const drill = assignment?.drill ?? false;
  show(byId("drill", HTMLElement), drill);
  if (!token) {
    fill(page, signInForm({ page: "responder", failure, onToken: signIn }));
    return;
  }
  if (!me) return;
  if (assignment && map) {
    fill(page, assignmentScreen({ assignment, state: stage, mode: me.mode, map: map.element, advice, change, reporting, onStage, onProblem, onSeen }));
    drawMap();
    return;
  }
  const responder = me;
  keepingFocus(() => fill(page, standby({
    responder, sharing, busy, failure, late: late.card(comeLate),
    reach: reachCard({ online: stream?.state === "live", waking, test: wakeTest, onTurnOn: () => void letBeWoken() }),
    onDuty: (on, mode) => void setDuty(on, mode), onChange: draw, onSignOut: () => void leave(),
  })));
}

/** Nothing of it is on the screen while there is a task. */
function drawStandby() {
  if (!assignment) draw();
}

function drawStale() {
  const banner = byId("stale", HTMLElement);
  banner.textContent = word(assignment ? "responder.stale.assigned" : "responder.stale", { number: emergencyNumber });
  show(banner, stream !== null && isAway(stream.state));
}

function drawMap() {
  if (assignment) map?.draw(assignment, sharing.fix, stage !== "accepted" && stage !== "en_route" && stagesPassed(assignment.role, stage) > 0);
}

/** @param {string} given */
function signIn(given) {
  token = given;
  failure = "";
  keepToken(TOKEN, given);
  start();
}

/** @param {string} why */
function signOut(why) {
  stream?.close();
  stream = null;
  sharing.stop();
  alertScreen.close();
  nudgeScreen.close();
  late.drop();
  forgetToken(TOKEN);
  [token, me, assignment, map, failure, change, reporting, wakeTest.test] = [null, null, null, null, why, null, false, null];
  drawStale();
  draw();
}

/** Signs out by one's own will: this phone is not to be woken for somebody who has left it. */
async function leave() {
  await waking.turnOff();
  forgetProofs();
  signOut("");
}

async function letBeWoken() {
  await waking.turnOn();
  tellLanguage();
}

/** Notifications are worded by the service: it has to know which language this person reads. */
function tellLanguage() {
  if (!me || !token || waking.state !== "on" || me.language === language()) return;
  me = { ...me, language: language() };
  ask("PATCH", `/v1/responders/${encodeURIComponent(me.id)}`, { token, body: { language: language() } }).catch(() => undefined);
}

/**
 * @param {boolean} on_duty
 * @param {import("./contract.d.ts").Mode} mode
 */
async function setDuty(on_duty, mode) {
  deeds += 1;
  busy = true;
  failure = "";
  draw();
  try {
    const answer = /** @type {import("./contract.d.ts").Responder} */ (
      await ask("PUT", "/v1/responders/me/duty", { token: token ?? "", body: { on_duty, mode } })
    );
    if (me) me = { ...me, ...answer };
    deeds += 1;
  } catch (error) {
    failure = error instanceof Refusal ? word("failure.refused", { why: error.message }) : word("failure.unreachable");
  }
  busy = false;
  share();
  draw();
}

function share() {
  if (me?.on_duty || assignment) sharing.start();
  else sharing.stop();
}

/** @param {import("./contract.d.ts").Stage} next */
function onStage(next) {
  if (!assignment) return;
  deeds += 1;
  advice = "";
  change = null;
  nudgeScreen.close(assignment.alert_id);
  say({ type: "progress", alert_id: assignment.alert_id, stage: next });
  stage = next;
  rememberStage(assignment.alert_id, next);
  if (next === "done" || next === "gave_up") finish();
  else draw();
}

/** @param {import("./contract.d.ts").AedProblem} problem */
function onProblem(problem) {
  if (!assignment) return;
  deeds += 1;
  advice = "";
  reporting = true;
  say({ type: "aed_problem", alert_id: assignment.alert_id, problem });
  draw();
}

function onSeen() {
  change = null;
  draw();
}

function comeLate() {
  if (!late.alert) return;
  late.busy = true;
  failure = "";
  answer(late.alert.alert_id, "accept");
  draw();
}

/** @param {AssignmentMessage} message */
function take(message) {
  const known = assignment?.alert_id === message.alert_id;
  const different = routeChange(assignment, message);
  if (different) {
    change = different;
    reporting = false;
    chime();
    navigator.vibrate?.([200, 100, 200, 100, 400]);
  }
  if (!known) [change, reporting] = [null, false];
  // Their stage has changed, or they were believed to be moving, for a new promise.
  if (assignment?.state !== message.state || assignment?.eta_s !== message.eta_s) nudgeScreen.close(message.alert_id);
  assignment = message;
  late.drop();
  void waking.hush(message.alert_id);
  stage = message.state ?? rememberedStage(message.alert_id) ?? "accepted";
  alertScreen.close();
  advice = "";
  if (!known || !map) {
    map = new RouteMap();
    void map.start(message.location);
  }
  void keepAwake(true);
  share();
  drawStale();
  draw();
}

function finish() {
  nudgeScreen.close();
  [assignment, map, change, reporting] = [null, null, null, false];
  drawStale();
  void keepAwake(false);
  share();
  draw();
}

/** @param {import("./contract.d.ts").StandDownMessage} message */
function standDown(message) {
  const { alert_id, reason } = message;
  const underWay = assignment?.alert_id === alert_id;
  const { alert } = alertScreen;
  const offered = alert?.alert_id === alert_id;
  const saidYes = answering?.alert_id === alert_id && answering.answer === "accept";
  // The yes is on its way: it is taken late, or answered by another word than this.
  if (reason === "expired" && saidYes) return;
  if (!isQuiet(message) && !stoodDown.has(`${alert_id}:${reason}`)) showStandDown(message, underWay);
  stoodDown.add(`${alert_id}:${reason}`);
  void waking.hush(alert_id);
  nudgeScreen.close(alert_id);
  if (offered) alertScreen.close();
  if (offered && reason === "expired") late.keep(alert);
  else if (reason !== "expired") late.drop(alert_id);
  if (underWay) finish();
}

/** @param {import("./contract.d.ts").ServerMessage} message */
function onMessage(message) {
  switch (message.type) {
    case "alert":
      // Delivered late, after a long time away: what is still on is told by reading afresh.
      if (assignment?.alert_id === message.alert_id || secondsUntil(message.respond_by) < -LATE_S) return;
      // Told again, perhaps with another number or none, of what was declined here already.
      if (answering?.alert_id === message.alert_id && answering.answer === "decline") return;
      late.drop();
      alertScreen.open(message, sharing.fix);
      return;
    case "assignment":
      take(message);
      return;
    case "stand_down":
      standDown(message);
      return;
    case "nudge":
      if (!assignment || assignment.alert_id === message.alert_id) nudgeScreen.open(message);
      return;
    case "test_alert":
      testAlarm();
      return;
    case "test_result":
      wakeTest.take(message);
      return;
    case "duty":
      if (me) me = { ...me, on_duty: message.on_duty, mode: message.mode ?? me.mode };
      share();
      draw();
      return;
    case "error":
      advice = word("failure.refused", { why: message.detail });
      if (!assignment) failure = advice;
      if (message.of === "answer") {
        alertScreen.close();
        late.drop();
      }
      if (message.of === "aed_problem") reporting = false;
      if (message.of === "progress" || message.of === "aed_problem") void read();
      draw();
      return;
    default:
  }
}

/** @param {import("./stream.js").StreamState} state @param {number} [code] */
function onState(state, code) {
  drawConnection(state);
  drawStale();
  drawStandby();
  if (state === "refused") return signOut(wordFor("refused", meaningOf(code ?? 0).name));
  if (state !== "live") return;
  const waiting = unsent;
  unsent = [];
  for (const message of waiting) say(message);
  if (waiting.length) advice = "";
  if (answering && !waiting.includes(answering) && alertScreen.alert?.alert_id === answering.alert_id) say(answering);
  sharing.sayAgain();
  // What was sent just before the break may never have arrived: the service's word on it counts.
  void read();
}

/** @param {import("./contract.d.ts").WorkerMessage} message */
function onWorker(message) {
  if (!token || message.type === "resubscribe") return;
  const { test_id, alert } = message.message;
  if (test_id) wakeTest.heardHere(test_id);
  if (!alert) return;
  if (message.type === "pushed") void read();
  else void openPushed(alert);
}

/**
 * A notification was tapped: what it was about is shown, whatever has become of it.
 *
 * @param {NonNullable<import("./contract.d.ts").PushedMessage["alert"]>} alert
 */
async function openPushed(alert) {
  await read();
  if (assignment || alertScreen.alert || answering?.alert_id === alert.alert_id) return;
  if (secondsUntil(alert.respond_by) < 0) late.keep(alert);
  else standDown({ type: "stand_down", alert_id: alert.alert_id, incident_id: alert.incident_id, reason: "no_longer_needed", drill: alert.drill });
}

/** Reads what this responder is on right now: after a reload, and whenever messages may have been missed. */
async function read() {
  const before = deeds;
  try {
    const answer = /** @type {ResponderMe} */ (await ask("GET", "/v1/responders/me", { token: token ?? "" }));
    if (deeds !== before) return await read();
    me = answer;
    failure = "";
    if (answer.assignment) take(answer.assignment);
    else if (assignment && unsent.length === 0) finish();
    reporting = false;
    if (answer.alert && !answer.assignment) alertScreen.open(answer.alert, sharing.fix);
    else if (!answer.alert && alertScreen.alert && unsent.length === 0) alertScreen.close();
    share();
  } catch (error) {
    if (error instanceof Refusal && (error.status === 401 || error.status === 403)) return signOut(word("refused.bad_token"));
    failure = word("failure.unreachable");
  }
  draw();
}

function start() {
  draw();
  if (!token) return;
  stream?.close();
  stream = new Stream({ token, onMessage, onState, onAfresh: () => void read() });
  stream.open();
  void read();
  void waking.look();
}

startLanguage();
drawConnection("closed");
onLanguage(() => {
  drawConnection(stream?.state ?? "closed");
  drawStale();
  tellLanguage();
  draw();
});
pageSettings().then((settings) => {
  emergencyNumber = settings.emergency_number;
  setTimezone(settings.timezone);
  drawStale();
}, () => undefined);
// Permission may have been given or taken back in the browser's settings meanwhile.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && token && waking.state !== "busy") void waking.look();
});
// Any first touch unlocks the alarm, also for one who was on duty before a reload.
document.addEventListener("pointerdown", () => void unlockSound(), { once: true });
onTokenLink(TOKEN, (given) => {
  // Another person, perhaps: what was proven of one is not of the other.
  forgetProofs();
  signOut("");
  signIn(given);
});
start();
