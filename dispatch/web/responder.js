/** The responder's page: stand by, be alerted, go. */

import { ask, pageSettings } from "./api.js";
import { meaningOf } from "./closecodes.js";
import { drawConnection, isAway } from "./connection.js";
import { byId, el, fill, keepingFocus, show } from "./dom.js";
import { whyNot } from "./failure.js";
import { setTimezone } from "./format.js";
import { language, onLanguage, startLanguage, word, wordFor } from "./language.js";
import { testAlarm } from "./responder/alarm.js";
import { assignmentScreen } from "./responder/assignment.js";
import { standby } from "./responder/duty.js";
import { Engagement } from "./responder/engagement.js";
import { reachCard } from "./responder/reach.js";
import { PositionSharing } from "./responder/sharing.js";
import { Standing } from "./responder/standing.js";
import { WakeTest } from "./responder/wake_test.js";
import { signInForm } from "./signin.js";
import { unlockSound } from "./sound.js";
import { steadily } from "./steady.js";
import { Stream } from "./stream.js";
import { forgetToken, keepToken, onTokenLink, takeToken } from "./token.js";
import { Waking } from "./waking.js";

/** @typedef {import("./contract/responders.d.ts").ResponderMe} ResponderMe */

const TOKEN = "token:responder";
const page = byId("page", HTMLElement);

/** @type {ResponderMe | null} */
let me = null;
/** @type {Stream | null} */
let stream = null;
/** @type {Standing | null} */
let standing = null;
let busy = false;
let failure = "";
let token = takeToken(TOKEN);
let emergencyNumber = "120";

const engagement = new Engagement({
  send: (message) => stream?.send(message) ?? false,
  fix: () => sharing.fix,
  onDeed: () => standing?.overtake(),
  onChange: () => { share(); draw(); },
  onSettled: (alert_id) => void waking.hush(alert_id),
});
const waking = new Waking(
  () => token ?? "",
  { worker: "/responder-worker.js", scope: "/responder", subscription: "/v1/responders/me/push-subscription" },
  { onChange: drawStandby, onMessage: onWorker },
);
const wakeTest = new WakeTest(() => token ?? "", drawStandby);
const sharing = new PositionSharing(
  (fix) => stream?.send({ type: "position", latitude: fix.latitude, longitude: fix.longitude, accuracy_m: fix.accuracy_m, at: fix.at, datum: "wgs84" }) ?? false,
  () => {
    if (engagement.task) engagement.task.drawMap(sharing.fix);
    else if (!engagement.alertScreen.alert) draw();
  },
);

/** @type {string | undefined} */
let drawnTask;

const draw = steadily(() => {
  const { task, advice, late } = engagement;
  show(byId("drill", HTMLElement), task?.assignment.drill ?? false);
  drawStale();
  if (!token) {
    fill(page, signInForm({ page: "responder", failure, onToken: signIn }));
    return;
  }
  // Another screen altogether begins at its top.
  if (task?.id !== drawnTask) window.scrollTo(0, 0);
  drawnTask = task?.id;
  if (!me) {
    // Nothing is known yet, and perhaps for a while.
    fill(page, failure ? el("p", { class: "sheet", text: failure, attributes: { role: "alert" } }) : null);
    return;
  }
  if (task) {
    fill(page, assignmentScreen({
      task, mode: me.mode, advice,
      onStage: (stage) => engagement.reach(stage), onProblem: (problem) => engagement.report(problem), onSeen: () => engagement.see(),
    }));
    task.drawMap(sharing.fix);
    return;
  }
  const responder = me;
  keepingFocus(() => fill(page, standby({
    responder, sharing, busy, failure, late: late.card(comeLate),
    reach: reachCard({ online: stream?.state === "live", channels: responder.channels, waking, test: wakeTest, onTurn: (on) => void letBeWoken(on) }),
    onDuty: (on, mode) => void setDuty(on, mode), onChange: draw, onSignOut: () => void leave(),
  })));
});

/** None of it is on the screen while there is a task. */
function drawStandby() {
  if (!engagement.task) draw();
}

function drawStale() {
  const banner = byId("stale", HTMLElement);
  banner.textContent = word(engagement.task ? "responder.stale.assigned" : "responder.stale", { number: emergencyNumber });
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
  standing?.close();
  sharing.stop();
  forgetToken(TOKEN);
  [stream, standing, token, me, busy, failure, wakeTest.test] = [null, null, null, null, false, why, null];
  engagement.drop();
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
  void standing?.read();
}

/** Notifications are worded by the service: it has to know which language this person reads. */
function tellLanguage() {
  if (!me || !token || waking.state !== "on" || me.language === language()) return;
  me = { ...me, language: language() };
  ask("PATCH", `/v1/responders/${encodeURIComponent(me.id)}`, { token, body: { language: language() } }).catch(() => undefined);
}

/**
 * @param {boolean} on_duty
 * @param {import("./contract/responders.d.ts").Mode} mode
 */
async function setDuty(on_duty, mode) {
  const asked = standing;
  asked?.overtake();
  busy = true;
  failure = "";
  draw();
  let why = "";
  let changed = {};
  try {
    changed = await ask("PUT", "/v1/responders/me/duty", { token: token ?? "", body: { on_duty, mode } });
    asked?.overtake();
  } catch (error) {
    why = whyNot(error);
  }
  // Signed out meanwhile: whoever has this page now did not ask.
  if (asked !== standing) return;
  if (me) me = { ...me, ...changed };
  [busy, failure] = [false, why];
  share();
  draw();
}

/** Where this phone is, for as long as somebody needs to know. */
function share() {
  if (me?.on_duty || engagement.task) sharing.start();
  else sharing.stop();
}

function comeLate() {
  failure = "";
  engagement.comeLate();
}

/** @param {import("./contract/stream.d.ts").ServerMessage} message */
function onMessage(message) {
  switch (message.type) {
    case "alert":
    case "assignment":
    case "stand_down":
    case "nudge":
      return engagement.hear(message);
    case "test_alert":
      return testAlarm();
    case "test_result":
      wakeTest.take(message);
      return void standing?.read();
    case "duty":
      standing?.overtake();
      if (me) me = { ...me, on_duty: message.on_duty, mode: message.mode ?? me.mode };
      share();
      return draw();
    case "error":
      return beRefused(message);
    default:
  }
}

/** @param {import("./contract/stream.d.ts").ErrorMessage} error */
function beRefused(error) {
  const why = engagement.beRefused(error);
  if (!engagement.task) failure = why;
  if (error.of === "progress" || error.of === "aed_problem") void standing?.read();
  draw();
}

/** @param {import("./stream.js").StreamState} state @param {number} [code] */
function onState(state, code) {
  drawConnection(state);
  drawStale();
  drawStandby();
  if (state === "refused") return signOut(wordFor("refused", meaningOf(code ?? 0).name));
  if (state !== "live") return;
  engagement.comeBack();
  sharing.sayAgain();
  // What was sent just before the break may never have arrived: the service's word on it counts.
  void standing?.read();
}

/** @param {import("./contract/waking.d.ts").WorkerMessage} message */
async function onWorker(message) {
  if (!token || message.type === "resubscribe") return;
  const { test_id, alert_id, alert } = message.message;
  if (test_id) wakeTest.heardHere(test_id);
  // An alert, a task, a stand-down or a question: the page reads how things stand.
  if (alert_id || alert) await standing?.read();
  if (message.type === "opened" && alert) engagement.openLate(alert);
}

/** @param {ResponderMe} read how this responder stands */
function onRead(read) {
  me = read;
  failure = "";
  engagement.reconcile(read);
  share();
  draw();
}

function start() {
  draw();
  if (!token) return;
  stream?.close();
  standing?.close();
  standing = new Standing(token, {
    onRead,
    onSpent: () => signOut(word("refused.bad_token")),
    onUnreachable: () => { failure = word("failure.waiting"); draw(); },
  });
  stream = new Stream({ token, onMessage, onState, onAfresh: () => void standing?.read() });
  stream.open();
  void standing.read();
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
