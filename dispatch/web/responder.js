/** The responder's page: stand by, be alerted, go. */

import { Refusal, ask } from "./api.js";
import { secondsUntil } from "./clock.js";
import { drawConnection, isAway } from "./connection.js";
import { byId, fill, keepingFocus, show } from "./dom.js";
import { onLanguage, startLanguage, word, wordFor } from "./language.js";
import { meaningOf } from "./closecodes.js";
import { AlertScreen } from "./responder/alert.js";
import { assignmentScreen } from "./responder/assignment.js";
import { standby } from "./responder/duty.js";
import { RouteMap } from "./responder/route_map.js";
import { PositionSharing } from "./responder/sharing.js";
import { rememberStage, rememberedStage, stagesPassed } from "./responder/stages.js";
import { showStandDown } from "./responder/stand_down.js";
import { signInForm } from "./signin.js";
import { unlockSound } from "./sound.js";
import { Stream } from "./stream.js";
import { forgetToken, keepToken, onTokenLink, takeToken } from "./token.js";
import { keepAwake } from "./wakelock.js";

/** @typedef {import("./contract.d.ts").ResponderMe} ResponderMe */
/** @typedef {import("./contract.d.ts").AssignmentMessage} AssignmentMessage */
/** @typedef {import("./contract.d.ts").AlertState} AlertState */

const TOKEN = "token:responder";
/** An alert this long past its answering time is not shown any more. */
const LATE_S = 120;
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
let busy = false;
let failure = "";
let advice = "";
let token = takeToken(TOKEN);
/** Counts what was done here, so that an answer asked for before it is not taken for the state after it. */
let deeds = 0;

const alertScreen = new AlertScreen((alert, answer) => {
  deeds += 1;
  answering = { type: "answer", alert_id: alert.alert_id, answer };
  say(answering);
  if (answer === "decline") alertScreen.close();
});
const sharing = new PositionSharing(
  (fix) => stream?.send({ type: "position", latitude: fix.latitude, longitude: fix.longitude, accuracy_m: fix.accuracy_m, at: fix.at, datum: "wgs84" }) ?? false,
  () => {
    if (assignment) drawMap();
    else if (!alertScreen.alert) draw();
  },
);

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
    fill(page, assignmentScreen({ assignment, state: stage, mode: me.mode, map: map.element, advice, onStage }));
    drawMap();
    return;
  }
  const responder = me;
  keepingFocus(() => fill(page, standby({
    responder, sharing, busy, failure, onDuty: (on, mode) => void setDuty(on, mode), onChange: draw, onSignOut: () => signOut(""),
  })));
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
  forgetToken(TOKEN);
  [token, me, assignment, map, failure] = [null, null, null, null, why];
  draw();
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
  say({ type: "progress", alert_id: assignment.alert_id, stage: next });
  stage = next;
  rememberStage(assignment.alert_id, next);
  if (next === "done" || next === "gave_up") finish();
  else draw();
}

/** @param {AssignmentMessage} message */
function take(message) {
  const known = assignment?.alert_id === message.alert_id;
  assignment = message;
  stage = message.state ?? rememberedStage(message.alert_id) ?? "accepted";
  alertScreen.close();
  advice = "";
  if (!known || !map) {
    map = new RouteMap();
    void map.start(message.location);
  }
  void keepAwake(true);
  share();
  draw();
}

function finish() {
  assignment = null;
  map = null;
  void keepAwake(false);
  share();
  draw();
}

/** @param {import("./contract.d.ts").ServerMessage} message */
function onMessage(message) {
  switch (message.type) {
    case "alert":
      // Delivered late, after a long time away: what is still on is told by reading afresh.
      if (assignment?.alert_id === message.alert_id || secondsUntil(message.respond_by) < -LATE_S) return;
      alertScreen.open(message, sharing.fix);
      return;
    case "assignment":
      take(message);
      return;
    case "stand_down":
      showStandDown(message, assignment?.alert_id === message.alert_id);
      if (alertScreen.alert?.alert_id === message.alert_id) alertScreen.close();
      if (assignment?.alert_id === message.alert_id) finish();
      return;
    case "duty":
      if (me) me = { ...me, on_duty: message.on_duty, mode: message.mode ?? me.mode };
      share();
      draw();
      return;
    case "error":
      advice = word("failure.refused", { why: message.detail });
      if (!assignment) failure = advice;
      if (message.of === "answer") alertScreen.close();
      if (message.of === "progress") void read();
      draw();
      return;
    default:
  }
}

/** @param {import("./stream.js").StreamState} state @param {number} [code] */
function onState(state, code) {
  drawConnection(state);
  show(byId("stale", HTMLElement), isAway(state));
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

/** Reads what this responder is on right now: after a reload, and whenever messages may have been missed. */
async function read() {
  const before = deeds;
  try {
    const answer = /** @type {ResponderMe} */ (await ask("GET", "/v1/responders/me", { token: token ?? "" }));
    if (deeds !== before) return void read();
    me = answer;
    failure = "";
    if (answer.assignment) take(answer.assignment);
    else if (assignment && unsent.length === 0) finish();
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
}

startLanguage();
drawConnection("closed");
onLanguage(() => {
  drawConnection(stream?.state ?? "closed");
  draw();
});
// Any first touch unlocks the alarm, also for one who was on duty before a reload.
document.addEventListener("pointerdown", () => void unlockSound(), { once: true });
onTokenLink(TOKEN, (given) => {
  signOut("");
  signIn(given);
});
start();
