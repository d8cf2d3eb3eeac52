/** The caller's page: hold the button, and help is called. */

import { Refusal, pageSettings } from "./api.js";
import { Following } from "./caller/following.js";
import { holdToAct } from "./caller/hold.js";
import { askForPlace } from "./caller/pin.js";
import { CallerPlace } from "./caller/place.js";
import { leaveSos, openSos, pendingSos, prepareSos, sendSos } from "./caller/sos.js";
import { askInDialog } from "./dialog.js";
import { byId, el, fill, show } from "./dom.js";
import { reason } from "./failure.js";
import { distance, setTimezone } from "./format.js";
import { icon } from "./icons.js";
import { onLanguage, startLanguage, word, wordFor } from "./language.js";

/** @typedef {import("./contract/incidents.d.ts").SosRequest} SosRequest */
/** @typedef {import("./contract/incidents.d.ts").SosAnswer} SosAnswer */

const KINDS = /** @type {const} */ (["cardiac_arrest", "unconscious", "choking", "drowning", "trauma", "other"]);

const ready = byId("ready", HTMLElement);
const sending = byId("sending", HTMLElement);
const followingRoot = byId("following", HTMLElement);
const sosButton = byId("sos", HTMLButtonElement);
const advice = byId("hold-advice", HTMLElement);
const drillSwitch = byId("drill-switch", HTMLInputElement);
const kind = byId("kind", HTMLSelectElement);

let number = "120";
/** @type {Following | null} */
let following = null;
/** @type {(() => string) | null} */
let sendingText = null;
const place = new CallerPlace(drawPlace);

/** @param {"ready" | "sending" | "following"} view */
function turnTo(view) {
  show(ready, view === "ready");
  show(sending, view === "sending");
  show(followingRoot, view === "following");
  ringLoud(false);
  window.scrollTo(0, 0);
}

/**
 * While the call is not through, the phone is the way: its button is the one to act on.
 *
 * @param {boolean} loud
 */
function ringLoud(loud) {
  const call = byId("call", HTMLAnchorElement);
  call.classList.toggle("button-act", loud);
  call.classList.toggle("button-strong", !loud);
  call.replaceChildren(icon("phone"), word(loud ? "caller.call_now" : "call_number", { number }));
}

function drawPlace() {
  const box = byId("place", HTMLElement);
  const { state } = place;
  box.dataset.state = state;
  if (!box.querySelector(".icon")) box.prepend(icon("pin"));
  const accuracy = distance(place.accuracy_m ?? 0);
  const text = word(`caller.place.${state}`, { accuracy, number });
  const element = byId("place-text", HTMLElement);
  if (element.textContent !== text) element.textContent = text;
  byId("place-mark", HTMLButtonElement).textContent = word(state === "found" || state === "pinned" ? "caller.place.change" : "caller.place.mark");
}

function drawDrill() {
  show(byId("drill", HTMLElement), drillSwitch.checked);
}

function drawWords() {
  const chosen = kind.value || KINDS[0];
  fill(kind, ...KINDS.map((value) => el("option", { text: wordFor("kind", value), attributes: { value } })));
  kind.value = chosen;
  ringLoud(byId("call", HTMLAnchorElement).classList.contains("button-act"));
  byId("call", HTMLAnchorElement).href = `tel:${number}`;
  drawPlace();
  following?.layOut();
  if (sendingText) byId("sending-text", HTMLElement).textContent = sendingText();
}

/** The call as the page stands, but for the place. */
function described() {
  const floor = Number.parseInt(byId("floor", HTMLInputElement).value, 10);
  const note = byId("note", HTMLTextAreaElement).value.trim();
  const phone = byId("phone", HTMLInputElement).value.trim();
  return {
    kind: /** @type {import("./contract/values.d.ts").Kind} */ (kind.value),
    ...(phone ? { caller: { phone } } : {}),
    ...(note ? { note } : {}),
    ...(Number.isInteger(floor) ? { floor } : {}),
    ...(byId("cpr", HTMLInputElement).checked ? { cpr_in_progress: true } : {}),
    ...(drillSwitch.checked ? { drill: true } : {}),
  };
}

async function callForHelp() {
  advice.textContent = "";
  let { location } = place;
  if (!location) {
    const pinned = await askForPlace({ likely: place.likely, toSend: true, emergencyNumber: number });
    if (!pinned) return;
    place.pin(pinned);
    ({ location } = place);
  }
  if (location) await send(prepareSos({ ...described(), location }));
}

/** @param {SosRequest} request */
async function send(request) {
  turnTo("sending");
  show(byId("drill", HTMLElement), request.drill ?? false);
  const text = byId("sending-text", HTMLElement);
  const again = byId("sending-again", HTMLButtonElement);
  const back = byId("sending-back", HTMLButtonElement);
  /** @param {() => string} read */
  const say = (read) => {
    sendingText = read;
    text.textContent = read();
  };
  const turning = sending.querySelector(".turning");
  turning?.removeAttribute("hidden");
  show(again, false);
  show(back, false);
  say(() => "");
  try {
    const answer = await sendSos(request, (attempt, why) => {
      ringLoud(true);
      say(() => word(why === "busy" ? "caller.retrying.busy" : "caller.retrying", { n: attempt, number }));
    });
    sendingText = null;
    follow(answer);
  } catch (error) {
    ringLoud(true);
    say(() => word("caller.refused", { why: error instanceof Refusal ? reason({ code: error.code, detail: error.message }) : String(error), number }));
    turning?.setAttribute("hidden", "");
    again.onclick = () => void callForHelp();
    back.onclick = () => turnTo("ready");
    show(again, true);
    show(back, true);
  }
}

/** @param {SosAnswer} sos */
function follow(sos) {
  turnTo("following");
  following = new Following(followingRoot, sos, number, {
    onDrill: (drill) => show(byId("drill", HTMLElement), drill),
    onAlone: ringLoud,
    onLeave: () => {
      following = null;
      leaveSos();
      drawDrill();
      turnTo("ready");
    },
  });
  following.start();
}

function start() {
  startLanguage();
  drawWords();
  onLanguage(drawWords);
  drillSwitch.addEventListener("change", drawDrill);
  byId("details", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
  byId("place-mark", HTMLButtonElement).addEventListener("click", async () => {
    const pinned = await askForPlace({ likely: place.likely, toSend: false, emergencyNumber: number });
    if (pinned) place.pin(pinned);
  });
  holdToAct(sosButton, {
    onStart: () => (advice.textContent = word("caller.hold.keep")),
    onHeld: () => void callForHelp(),
    onTap: () => (advice.textContent = word("caller.hold.tapped")),
    onLetGo: () => (advice.textContent = word("caller.hold.tapped")),
    onAssisted: async () => {
      const yes = await askInDialog({
        title: word("caller.assisted.title"),
        answers: [{ label: word("caller.assisted.yes"), tone: "act", value: () => true }, { label: word("back"), value: () => null }],
      });
      if (yes) await callForHelp();
    },
  });
  place.start();
  pageSettings().then((settings) => {
    number = settings.emergency_number;
    setTimezone(settings.timezone);
    drawWords();
  }, () => {
    // The page works without settings; 120 stands.
  });

  const open = openSos();
  const pending = pendingSos();
  if (open) follow(open);
  else if (pending) void send(pending);
  else turnTo("ready");
}

start();
