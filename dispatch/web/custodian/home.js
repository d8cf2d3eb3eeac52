/** What a custodian sees first: what is to be done, their devices, whether they can be told, and when they are away. */

import { el } from "../dom.js";
import { icon } from "../icons.js";
import { said, word } from "../language.js";
import { stateChip } from "./device.js";

/** @typedef {import("../contract/owners.d.ts").Myself} Myself */
/** @typedef {import("../contract/owners.d.ts").CareDevice} CareDevice */

const WORST_FIRST = ["out_of_service", "in_use", "degraded", "unverified", "ready", "removed"];

/**
 * @param {object} view
 * @param {Myself} view.me
 * @param {HTMLElement[]} view.orders
 * @param {HTMLElement | null} view.waiting what is still to be sent
 * @param {HTMLElement | null} view.alerts
 * @param {HTMLElement | null} view.absences
 * @param {(aed_id: string) => string} view.standingOf what waits to be sent about a device, or ""
 * @param {(device: CareDevice) => void} view.onDevice
 * @param {() => void} view.onSignOut
 */
export function home({ me, orders, waiting, alerts, absences, standingOf, onDevice, onSignOut }) {
  return el("div", { class: "home" },
    whoAmI(me),
    waiting,
    el("section", { class: "due-list", attributes: { id: "due" } },
      el("h2", {}, word("custodian.due"), orders.length ? el("span", { class: "count", text: String(orders.length) }) : null),
      orders.length ? el("ul", { class: "orders" }, ...orders) : el("p", { class: "sheet nothing" }, icon("check"), word(isAllWell(me) ? "custodian.all_well" : "custodian.nothing_due")),
      me.orders_truncated ? el("p", { class: "muted small", text: word("custodian.orders_truncated") }) : null),
    el("section", { attributes: { id: "devices" } },
      el("h2", {}, word("custodian.devices"), el("span", { class: "count", text: String(me.devices.length) })),
      me.devices.length ? el("ul", { class: "devices" }, ...sorted(me.devices).map((device) => deviceRow(device, me, standingOf(device.id), onDevice))) : el("p", { class: "sheet muted", text: word("custodian.no_devices") }),
      me.devices_truncated ? el("p", { class: "muted small", text: word("custodian.truncated") }) : null),
    alerts,
    absences,
    el("button", { class: "button button-quiet", text: word("token.sign_out"), attributes: { type: "button", id: "sign-out" }, on: { click: onSignOut } }));
}

/** Nothing to do is not the same: the office may have cancelled an order, or seen to it that another is told. @param {Myself} me */
function isAllWell({ devices }) {
  return devices.length > 0 && devices.every(({ readiness }) => readiness === "ready");
}

/** @param {Myself} me */
function whoAmI({ custodian }) {
  if (!custodian) return el("p", { class: "banner banner-warn sheet", text: word("custodian.not_entered") });
  const { certificate } = custodian;
  const warn = !certificate?.valid;
  const text = !certificate ? word("custodian.certificate.none") : word(certificate.valid ? "custodian.certificate.valid" : "custodian.certificate.expired", { date: certificate.expires_on });
  const away = custodian.away ? word("custodian.away", { name: custodian.seen_to_by_name ?? word("custodian.the_venue") }) : "";
  return el("section", { class: "sheet who" },
    el("strong", { text: custodian.name }),
    el("p", { class: "small", text, attributes: { "data-tone": warn ? "warn" : undefined } }),
    away ? el("p", { class: "small", text: away, attributes: { "data-tone": "warn" } }) : null);
}

/** @param {CareDevice[]} devices */
function sorted(devices) {
  return [...devices].sort((a, b) => WORST_FIRST.indexOf(a.readiness) - WORST_FIRST.indexOf(b.readiness) || a.name.localeCompare(b.name, "zh"));
}

/**
 * @param {CareDevice} device
 * @param {Myself} me
 * @param {string} standing
 * @param {(device: CareDevice) => void} onDevice
 */
function deviceRow(device, me, standing, onDevice) {
  const others = me.custodian && device.custodian !== me.custodian.subject;
  return el("li", {}, el("button", { attributes: { type: "button", "data-device": device.id }, on: { click: () => onDevice(device) } },
    el("strong", { text: device.name }), stateChip(device),
    el("span", { class: "why", text: device.readiness === "ready" ? device.place_detail ?? device.address ?? "" : said(device.why) }),
    others ? el("span", { class: "small muted", text: word("custodian.standing_in", { name: device.custodian }) }) : null,
    standing ? el("span", { class: "small standing", text: standing }) : null));
}
