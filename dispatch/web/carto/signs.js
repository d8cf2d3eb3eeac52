/** The AED's sign as images for map layers: a rounded square, where people are round; its fill says whether it is usable. */

import { iconPaths } from "../icons.js";
import { signs } from "./palette.js";

/** @typedef {import("./basemap.js").BaseMap} BaseMap */
/** @typedef {import("../aeds.js").Usability} Usability */

const SIZE = 22;
const SHARP = 3;

/** @type {Record<"light" | "dark", Record<Usability, { fill: string, rim: string, mark: string }>>} */
export const aedColours = {
  light: {
    usable: { fill: signs.aedUsable, rim: "#ffffff", mark: "#ffffff" },
    doubtful: { fill: signs.aedDoubtful, rim: "#ffffff", mark: "#ffffff" },
    unusable: { fill: "#ffffff", rim: signs.aedUnusable, mark: signs.aedUnusable },
  },
  dark: {
    usable: { fill: "#1c8d52", rim: "#0c0f13", mark: "#ffffff" },
    doubtful: { fill: "#b97a0b", rim: "#0c0f13", mark: "#ffffff" },
    unusable: { fill: "#272e36", rim: "#717c8a", mark: "#717c8a" },
  },
};

/**
 * Adds the source `aeds` and its layer, drawing features whose `usability` is set.
 *
 * @param {BaseMap} base
 * @param {"light" | "dark"} theme
 */
export function addAedLayer({ map }, theme) {
  for (const [usability, colours] of Object.entries(aedColours[theme])) {
    map.addImage(`aed-${usability}`, drawSign(colours), { pixelRatio: SHARP });
  }
  map.addSource("aeds", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  map.addLayer({
    id: "aeds", type: "symbol", source: "aeds",
    layout: {
      "icon-image": ["concat", "aed-", ["get", "usability"]],
      "icon-size": ["interpolate", ["linear"], ["zoom"], 8, 0.22, 11, 0.4, 13, 0.62, 16, 1],
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      // Usable ones on top.
      "symbol-sort-key": ["match", ["get", "usability"], "usable", 2, "doubtful", 1, 0],
    },
  });
}

/** @param {{ fill: string, rim: string, mark: string }} colours */
function drawSign({ fill, rim, mark }) {
  const side = SIZE * SHARP;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [side, side];
  const pen = canvas.getContext("2d");
  if (!pen) return new ImageData(side, side);
  pen.scale(SHARP, SHARP);
  pen.beginPath();
  pen.roundRect(1, 1, SIZE - 2, SIZE - 2, 5.5);
  pen.fillStyle = fill;
  pen.fill();
  pen.lineWidth = 1.6;
  pen.strokeStyle = rim;
  pen.stroke();
  pen.translate(SIZE * 0.17, SIZE * 0.17);
  pen.scale((SIZE * 0.66) / 24, (SIZE * 0.66) / 24);
  pen.lineWidth = 2.3;
  pen.lineCap = "round";
  pen.lineJoin = "round";
  pen.strokeStyle = mark;
  for (const path of iconPaths("aed")) pen.stroke(new Path2D(path));
  return pen.getImageData(0, 0, side, side);
}
