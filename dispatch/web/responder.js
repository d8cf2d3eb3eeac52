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
import { LateOffer } from "./responder/late.js";
import { NudgeScreen } from "./responder/nudge.js";
import { Outbox } from "./responder/outbox.js";
import { reachCard } from "./responder/reach.js";
import { PositionSharing } from "./responder/sharing.js";
import { isQuiet, showStandDown } from "./responder/stand_down.js";
import { Task } from "./responder/task.js";
import { WakeTest } from "./responder/wake_test.js";
import { Waking } from "./responder/waking.js";
import { signInForm } from "./signin.js";
import { chime, unlockSound } from "./sound.js";
import { Stream } from "./stream.js";
import { forgetToken, keepToken, onTokenLink, takeToken } from "./token.js";
import { keepAwake } from "./wakelock.js";

/** @typedef {import("./contract.d.ts").ResponderMe} ResponderMe */

const TOKEN = "token:responder";
const page = byId("page", HTMLElement);

/** @type {ResponderMe | null} */
let me = null;
/** @type {Task | null} */
let task = null;
/** @type {Stream | null} */
let stream = null;
/** The alerts that are over, by the last reason heard: told twice, it is shown once. @type {Map<string, string>} */
const stoodDown = new Map();
let busy = false;
let failure = "";
let advice = "";
let token = takeToken(TOKEN);
/** Counts what was done here and what was told, so that an answer asked for before is not taken for the state after. */
let deeds = 0;
let emergencyNumber = "120";

const outbox = new Outbox((message) => stream?.send(message) ?? false, () => {
  alertScreen.advise(word("alert.not_sent"));
  advice = word("alert.not_sent");
});
const alertScreen = new AlertScreen((alert, given) => {
  answer(alert.alert_id, given);
  if (given === "decline") alertScreen.close();
});
const nudgeScreen = new NudgeScreen((nudge, stage) => {
  if (task?.id === nudge.alert_id) onStage(stage);
  else outbox.say({ type: "progress", alert_id: nudge.alert_id, stage });
});
const late = new LateOffer(drawStandby);
const waking = new Waking(() => token ?? "", { onChange: drawStandby, onMessage: onWorker });
const wakeTest = new WakeTest(() => token ?? "", drawStandby);
const sharing = new PositionSharing(
  (fix) => stream?.send({ type: "position", latitude: fix.latitude, longitude: fix.longitude, accuracy_m: fix.accuracy_m, at: fix.at, datum: "wgs84" }) ?? false,
  () => {
    if (task) task.drawMap(sharing.fix);
    else if (!alertScreen.alert) draw();
  },
);

/** @param {string} alert_id @param {import("./responder/outbox.js").Given} given */
function answer(alert_id, given) {
  deeds += 1;
  outbox.answer(alert_id, given);
  void waking.hush(alert_id);
}

function draw() {
  show(byId("drill", HTMLElement), task?.assignment.drill ?? false);
  drawStale();
  if (!token) {
    fill(page, signInForm({ page: "responder", failure, onToken: signIn }));
    return;
  }
  if (me && task) {
    fill(page, assignmentScreen({ task, mode: me.mode, advice, onStage, onProblem, onSeen }));
    task.drawMap(sharing.fix);
  }
  if (!me || task) return;
  const responder = me;
  keepingFocus(() => fill(page, standby({
    responder, sharing, busy, failure, late: late.card(comeLate),
    reach: reachCard({ online: stream?.state === "live", channels: responder.channels, waking, test: wakeTest, onTurn: (on) => void letBeWoken(on) }),
    onDuty: (on, mode) => void setDuty(on, mode), onChange: draw, onSignOut: () => void leave(),
  })));
}

/** None of it is on the screen while there is a task. */
function drawStandby() {
  if (!task) draw();
}

function drawStale() {
  const banner = byId("stale", HTMLElement);
  banner.textContent = word(task ? "responder.stale.assigned" : "responder.stale", { number: emergencyNumber });
  show(banner, stream !== null && isAway(stream.state));
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
  [token, me, task, failure, wakeTest.test] = [null, null, null, why, null];
  draw();
}

/** Signs out by one's own will: this phone is not to be woken for somebody who has left it. */
async function leave() {
  await waking.turnOff();
  signOut("");
}

/** @param {boolean} on */
async function letBeWoken(on) {
  await (on ? waking.turnOn() : waking.turnOff());
  tellLanguage();
  // Which ways to this person there are is for the service to say.
  await read();
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
    const responder = /** @type {import("./contract.d.ts").Responder} */ (
      await ask("PUT", "/v1/responders/me/duty", { token: token ?? "", body: { on_duty, mode } })
    );
    if (me) me = { ...me, ...responder };
    deeds += 1;
  } catch (error) {
    failure = error instanceof Refusal ? word("failure.refused", { why: error.message }) : word("failure.unreachable");
  }
  busy = false;
  share();
  draw();
}

/** Where this phone is, for as long as somebody needs to know. */
function share() {
  if (me?.on_duty || task) sharing.start();
  else sharing.stop();
}

/** @param {import("./contract.d.ts").Stage} stage */
function onStage(stage) {
  if (!task) return;
  deeds += 1;
  advice = "";
  nudgeScreen.close(task.id);
  outbox.say({ type: "progress", alert_id: task.id, stage });
  task.reach(stage);
  if (stage === "done" || stage === "gave_up") finish();
  else draw();
}

/** @param {import("./contract.d.ts").AedProblem} problem */
function onProblem(problem) {
  if (!task) return;
  deeds += 1;
  advice = "";
  outbox.say({ type: "aed_problem", alert_id: task.id, problem });
  task.reporting = true;
  draw();
}

function onSeen() {
  if (task) task.change = null;
  draw();
}

function comeLate() {
  if (!late.alert) return;
  late.busy = true;
  failure = "";
  answer(late.alert.alert_id, "accept");
  draw();
}

/** @param {import("./contract.d.ts").AssignmentMessage} assignment */
function take(assignment) {
  const before = task?.assignment;
  // Their stage has changed, or they were believed to be moving, for a new promise.
  if (before?.state !== assignment.state || before?.eta_s !== assignment.eta_s) nudgeScreen.close(assignment.alert_id);
  if (task?.id !== assignment.alert_id) {
    task = new Task(assignment);
  } else if (task.take(assignment)) {
    chime();
    navigator.vibrate?.([200, 100, 200, 100, 400]);
  }
  alertScreen.close();
  late.drop();
  void waking.hush(assignment.alert_id);
  advice = "";
  void keepAwake(true);
  share();
  draw();
}

function finish() {
  nudgeScreen.close();
  task = null;
  void keepAwake(false);
  share();
  draw();
}

/** @param {import("./contract.d.ts").StandDownMessage} message */
function standDown(message) {
  const { alert_id, reason } = message;
  // The yes is on its way: it is taken late, or answered by another word than this.
  if (reason === "expired" && outbox.answered(alert_id) === "accept") return;
  const underWay = task?.id === alert_id;
  const { last } = alertScreen;
  if (!isQuiet(message) && stoodDown.get(alert_id) !== reason) showStandDown(message, underWay);
  if (reason !== "expired") stoodDown.set(alert_id, reason);
  void waking.hush(alert_id);
  nudgeScreen.close(alert_id);
  if (alertScreen.alert?.alert_id === alert_id) alertScreen.close();
  if (reason !== "expired") late.drop(alert_id);
  else if (last?.alert_id === alert_id && !outbox.answered(alert_id)) late.keep(last);
  if (underWay) finish();
}

/** @param {import("./contract.d.ts").AlertMessage} alert */
function beAlerted(alert) {
  if (task?.id === alert.alert_id) return;
  // Told again, perhaps with another number or none, of what was declined here already.
  if (outbox.answered(alert.alert_id) === "decline") return;
  late.drop();
  // Delivered late, after some time away: it does not ring any more.
  if (secondsUntil(alert.respond_by) < 0) late.keep(alert);
  else alertScreen.open(alert, sharing.fix);
}

/** @param {import("./contract.d.ts").ServerMessage} message */
function onMessage(message) {
  if ("alert_id" in message) deeds += 1;
  switch (message.type) {
    case "alert":
      return beAlerted(message);
    case "assignment":
      return take(message);
    case "stand_down":
      return standDown(message);
    case "nudge":
      return task && task.id !== message.alert_id ? undefined : nudgeScreen.open(message);
    case "test_alert":
      return testAlarm();
    case "test_result":
      wakeTest.take(message);
      return void read();
    case "duty":
      if (me) me = { ...me, on_duty: message.on_duty, mode: message.mode ?? me.mode };
      share();
      return draw();
    case "error":
      return beRefused(message);
    default:
  }
}

/** @param {import("./contract.d.ts").ErrorMessage} error */
function beRefused({ detail, of }) {
  advice = word("failure.refused", { why: detail });
  if (!task) failure = advice;
  if (of === "answer") {
    alertScreen.close();
    late.drop();
  }
  if (of === "aed_problem" && task) task.reporting = false;
  if (of === "progress" || of === "aed_problem") void read();
  draw();
}

/** @param {import("./stream.js").StreamState} state @param {number} [code] */
function onState(state, code) {
  drawConnection(state);
  drawStale();
  drawStandby();
  if (state === "refused") return signOut(wordFor("refused", meaningOf(code ?? 0).name));
  if (state !== "live") return;
  if (outbox.comeBack(alertScreen.alert?.alert_id)) advice = "";
  sharing.sayAgain();
  // What was sent just before the break may never have arrived: the service's word on it counts.
  void read();
}

/** @param {import("./contract.d.ts").WorkerMessage} message */
function onWorker(message) {
  if (!token || message.type === "resubscribe") return;
  const { test_id, alert_id, alert } = message.message;
  if (test_id) wakeTest.heardHere(test_id);
  if (message.type === "opened" && alert) void openPushed(alert);
  // A task, a stand-down or a question: the page reads how things stand.
  else if (alert_id || alert) void read();
}

/**
 * A notification was tapped: what it was about is shown, whatever has become of it.
 *
 * @param {NonNullable<import("./contract.d.ts").PushedMessage["alert"]>} alert
 */
async function openPushed(alert) {
  await read();
  if (task || alertScreen.alert || outbox.answered(alert.alert_id)) return;
  // Not on offer any more, and nobody has said why, as they do when it is over: its time to answer has passed.
  if (!stoodDown.has(alert.alert_id)) late.keep(alert);
}

/**
 * Reads what this responder is on right now: after a reload, and whenever messages may have been missed.
 *
 * @returns {Promise<void>}
 */
async function read() {
  const before = deeds;
  try {
    const answer = /** @type {ResponderMe} */ (await ask("GET", "/v1/responders/me", { token: token ?? "" }));
    if (deeds !== before) return await read();
    me = answer;
    failure = "";
    if (answer.assignment) take(answer.assignment);
    else if (task && !outbox.isWaiting) finish();
    if (task) task.reporting = false;
    if (answer.alert && !answer.assignment) alertScreen.open(answer.alert, sharing.fix);
    else if (!answer.alert && alertScreen.alert && !outbox.isWaiting) alertScreen.close();
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
  tellLanguage();
  draw();
});
pageSettings().then((settings) => {
  emergencyNumber = settings.emergency_number;
  setTimezone(settings.timezone);
  draw();
}, () => undefined);
// Any first touch unlocks the alarm, also for one who was on duty before a reload.
document.addEventListener("pointerdown", () => void unlockSound(), { once: true });
onTokenLink(TOKEN, (given) => {
  signOut("");
  signIn(given);
});
start();
