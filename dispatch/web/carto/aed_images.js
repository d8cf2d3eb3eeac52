/** The signs of the map of AEDs as images: each state differs by form and mark, not by colour alone. */

import { iconPaths } from "../icons.js";
import { signs } from "./palette.js";

/** @typedef {import("../contract/registry.d.ts").Usable} Usable */
/** @typedef {Usable | "unchecked"} Sign usable now, but nobody has verified its condition: `unchecked` */

const SIZE = 24;
const SHARP = 3;
const PIE = 46;
/** Shares are drawn to so many parts: more would make more images, and nobody sees the difference. */
export const PARTS = 12;

/** @type {Record<Sign, { fill: string, rim: string, mark: string, icon: "aed" | "clock" | "question" | "barred" }>} */
export const aedSigns = {
  now: { fill: signs.aedUsable, rim: "#ffffff", mark: "#ffffff", icon: "aed" },
  unchecked: { fill: "#ffffff", rim: signs.aedUsable, mark: "#12703f", icon: "aed" },
  later: { fill: "#fff3da", rim: signs.aedDoubtful, mark: "#8a5300", icon: "clock" },
  unknown: { fill: "#ffffff", rim: "#6b7684", mark: "#56606c", icon: "question" },
  no: { fill: "#e3e7ec", rim: "#8a94a1", mark: "#56606c", icon: "barred" },
};

/** Green, amber, grey and white: as the signs of single devices. */
const SLICES = [signs.aedUsable, signs.aedDoubtful, "#8a94a1", "#dfe4ea"];

/** @param {import("maplibre-gl").Map} map */
export function addAedImages(map) {
  for (const [name, look] of Object.entries(aedSigns)) map.addImage(`aed-${name}`, drawSign(look), { pixelRatio: SHARP });
  map.setMissingStyleImageResolver((id) => {
    if (!id.startsWith("pie-") || map.hasImage(id)) return;
    const shares = id.slice(4).split("-").map(Number);
    map.addImage(id, drawPie(shares), { pixelRatio: SHARP });
  });
}

/** @param {number} side */
function canvasOf(side) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [side * SHARP, side * SHARP];
  const pen = canvas.getContext("2d");
  pen?.scale(SHARP, SHARP);
  return pen;
}

/** @param {{ fill: string, rim: string, mark: string, icon: "aed" | "clock" | "question" | "barred" }} look */
function drawSign({ fill, rim, mark, icon }) {
  const pen = canvasOf(SIZE);
  if (!pen) return new ImageData(SIZE * SHARP, SIZE * SHARP);
  pen.beginPath();
  pen.roundRect(1.2, 1.2, SIZE - 2.4, SIZE - 2.4, 6);
  pen.fillStyle = fill;
  pen.fill();
  pen.lineWidth = 1.8;
  pen.strokeStyle = rim;
  pen.stroke();
  pen.translate(SIZE * 0.19, SIZE * 0.19);
  pen.scale((SIZE * 0.62) / 24, (SIZE * 0.62) / 24);
  pen.lineWidth = 2.4;
  pen.lineCap = "round";
  pen.lineJoin = "round";
  pen.strokeStyle = mark;
  for (const path of iconPaths(icon)) pen.stroke(new Path2D(path));
  return pen.getImageData(0, 0, SIZE * SHARP, SIZE * SHARP);
}

/**
 * A ring of shares around a white middle, where the count is written.
 *
 * @param {number[]} shares of `PARTS`, in the order of the slices; what is left is unknown
 */
function drawPie(shares) {
  const pen = canvasOf(PIE);
  if (!pen) return new ImageData(PIE * SHARP, PIE * SHARP);
  const middle = PIE / 2;
  const known = shares.reduce((sum, share) => sum + share, 0);
  pen.beginPath();
  pen.arc(middle, middle, middle - 1, 0, 2 * Math.PI);
  pen.fillStyle = "#ffffff";
  pen.fill();
  let from = -Math.PI / 2;
  [...shares, Math.max(0, PARTS - known)].forEach((share, i) => {
    if (share <= 0) return;
    const to = from + (share / Math.max(PARTS, known)) * 2 * Math.PI;
    pen.beginPath();
    pen.arc(middle, middle, middle - 4, from, to);
    pen.lineWidth = 6;
    pen.strokeStyle = SLICES[i] ?? "#dfe4ea";
    pen.stroke();
    from = to;
  });
  pen.beginPath();
  pen.arc(middle, middle, middle - 0.75, 0, 2 * Math.PI);
  pen.lineWidth = 1.5;
  pen.strokeStyle = "#ffffff";
  pen.stroke();
  return pen.getImageData(0, 0, PIE * SHARP, PIE * SHARP);
}
