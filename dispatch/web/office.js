/** The Red Cross office's page: the devices, what has to be done, who answers for it, and how well all that goes. */

import { pageSettings } from "./api.js";
import { byId, el, fill, show } from "./dom.js";
import { setTimezone } from "./format.js";
import { onLanguage, startLanguage, word } from "./language.js";
import { CustodiansRoom } from "./office/custodians.js";
import { Desk } from "./office/desk.js";
import { DevicesRoom } from "./office/devices.js";
import { FiguresRoom } from "./office/figures.js";
import { ImportRoom } from "./office/importing.js";
import { OrdersRoom } from "./office/orders.js";
import { OwnersRoom } from "./office/owners.js";
import { signInForm } from "./signin.js";
import { subjectOf } from "./registry/subject.js";
import { forgetToken, keepToken, onTokenLink, takeToken } from "./token.js";

const TOKEN = "token:office";
const ROOMS = /** @type {const} */ (["devices", "orders", "custodians", "owners", "figures", "import"]);

/** @typedef {typeof ROOMS[number]} RoomName */
/** @typedef {{ element: HTMLElement, open: (about: URLSearchParams) => void | Promise<void>, draw: () => void }} Room */

let token = takeToken(TOKEN);
let failure = "";
/** They outlive a token that runs out: what somebody has written in them is there when they are back. @type {Record<RoomName, Room> | null} */
let rooms = null;
/** @type {Desk | null} */
let desk = null;
/** Whose rooms these are. */
let author = "";

/** Where the address leads: `#room=orders&overdue=true`. */
function whereTo() {
  const about = new URLSearchParams(location.hash.slice(1));
  const name = /** @type {RoomName} */ (ROOMS.find((each) => each === about.get("room")) ?? "devices");
  return { name, about };
}

function begin() {
  const place = byId("room", HTMLElement);
  show(byId("rooms", HTMLElement), token !== null);
  show(byId("sign-out", HTMLElement), token !== null);
  if (!token) {
    fill(place, signInForm({ page: "office", failure, onToken: signIn }));
    return;
  }
  if (rooms && desk && author === subjectOf(token)) desk.token = token;
  else furnish(token);
  follow();
}

/** @param {string} given */
function furnish(given) {
  desk = new Desk(given, { onSpent: (why) => { if (token) signOut(why); } });
  author = subjectOf(given);
  rooms = {
    devices: new DevicesRoom(desk), orders: new OrdersRoom(desk), custodians: new CustodiansRoom(desk), owners: new OwnersRoom(desk), figures: new FiguresRoom(desk), import: new ImportRoom(desk),
  };
}

/** Shows the room that the address names. */
function follow() {
  if (!rooms || !token) return;
  const { name, about } = whereTo();
  drawDoors(name);
  const room = rooms[name];
  const place = byId("room", HTMLElement);
  if (place.firstElementChild !== room.element) {
    fill(place, room.element);
    window.scrollTo(0, 0);
  }
  void room.open(about);
}

/** @param {RoomName} here */
function drawDoors(here) {
  fill(byId("rooms", HTMLElement), ...ROOMS.map((name) => el("a", {
    text: word(`office.${name}`), attributes: { href: `#room=${name}`, "data-room": name, "aria-current": name === here ? "page" : null },
  })));
}

/** @param {string} given */
function signIn(given) {
  keepToken(TOKEN, given);
  [token, failure] = [given, ""];
  begin();
}

/** @param {string} why */
function signOut(why) {
  forgetToken(TOKEN);
  [token, failure] = [null, why];
  begin();
}

startLanguage();
onLanguage(() => {
  if (!rooms || !token) return begin();
  const { name } = whereTo();
  drawDoors(name);
  for (const room of Object.values(rooms)) room.draw();
});
window.addEventListener("hashchange", () => {
  if (!location.hash.startsWith("#token=")) follow();
});
byId("sign-out", HTMLButtonElement).addEventListener("click", () => {
  rooms = null;
  signOut("");
});
onTokenLink(TOKEN, signIn);
pageSettings().then((settings) => setTimezone(settings.timezone), () => undefined).then(begin);
