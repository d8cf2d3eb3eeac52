/** The fields of a device's record, as its forms have them: entering, editing, moving. */

import { word, wordFor } from "../language.js";
import { ownerChoices } from "./desk.js";

/** @typedef {import("./forms.js").FieldSpec} FieldSpec */
/** @typedef {import("../contract/owners.d.ts").Owner} Owner */
/** @typedef {import("../contract/owners.d.ts").Custodian} Custodian */

const ACCESSES = ["public", "ask", "code", "private", "unknown"];

/** @returns {[value: string, label: string][]} */
function yesNo() {
  return [["", "–"], ["true", word("office.yes")], ["false", word("office.no")]];
}

/** Where inside its place it hangs. @returns {FieldSpec[]} */
export function spotFields() {
  return [
    { name: "address", label: word("aed.address"), kind: "text" },
    { name: "place_detail", label: word("aed.place_detail"), kind: "text" },
    { name: "floor", label: word("office.floor"), kind: "number", least: -50, most: 300 },
    { name: "indoor", label: word("indoor"), kind: "switch", choices: yesNo() },
  ];
}

/** When, and by whose leave, it can be had. @returns {FieldSpec[]} */
export function accessFields() {
  return [
    { name: "access", label: word("aed.access"), kind: "choice", section: word("office.section.access"), choices: /** @type {[string, string][]} */ (ACCESSES.map((each) => [each, wordFor("access", each)])) },
    { name: "opening_hours", label: word("aed.hours"), kind: "text", hint: word("office.hours.hint") },
    { name: "opening_hours_note", label: word("field.opening_hours_note"), kind: "text" },
    { name: "phone", label: word("aed.phone"), kind: "text" },
  ];
}

/** Who answers for it. @param {Owner[]} owners @param {Custodian[]} custodians @returns {FieldSpec[]} */
export function answerFields(owners, custodians) {
  return [
    { name: "owner_id", label: word("office.owner"), kind: "choice", section: word("office.section.answers"), choices: ownerChoices(owners) },
    { name: "custodian", label: word("office.custodian"), kind: "text", hint: word("office.custodian.hint"), suggestions: custodians.map(({ subject, name }) => [subject, name]) },
  ];
}

/** The device itself, and what in it runs out. @returns {FieldSpec[]} */
export function machineFields() {
  return [
    { name: "maker", label: word("office.maker"), kind: "text", section: word("office.section.device") },
    { name: "model", label: word("office.type"), kind: "text" },
    { name: "serial_number", label: word("office.serial"), kind: "text" },
    { name: "manufactured_on", label: word("office.manufactured"), kind: "date" },
    { name: "has_self_test", label: word("office.self_test"), kind: "switch", choices: yesNo() },
    { name: "is_connected", label: word("office.connected"), kind: "switch", choices: yesNo() },
    { name: "battery_expires_on", label: word("office.battery_until"), kind: "date", section: word("office.section.dates") },
    { name: "pads_expire_on", label: word("office.pads_until"), kind: "date" },
    { name: "pads_child_expire_on", label: word("office.pads_child_until"), kind: "date" },
    { name: "battery_fitted_on", label: word("field.battery_fitted_on"), kind: "date" },
    { name: "pads_fitted_on", label: word("field.pads_fitted_on"), kind: "date" },
    { name: "pads_child_fitted_on", label: word("office.pads_child_fitted"), kind: "date" },
  ];
}

/** What is seldom filled in. @returns {FieldSpec[]} */
export function otherFields() {
  return [
    { name: "fence_m", label: word("office.fence"), kind: "number", least: 1, section: word("office.section.other") },
    { name: "photos", label: word("aed.photos"), kind: "lines", hint: word("office.photos.hint") },
  ];
}
