/** The few signs that the pages use, drawn by code: one stroke weight, the text's own colour. */

const SVG = "http://www.w3.org/2000/svg";

/** Path data in a box of 24 by 24. */
const PATHS = {
  // A heart with a bolt: the sign on every AED cabinet, simplified.
  aed: ["M12 20.5C6.5 16.6 3 13.2 3 9.3A4.8 4.8 0 0 1 12 7a4.8 4.8 0 0 1 9 2.3c0 3.9-3.5 7.3-9 11.2Z", "M12.8 9.2 10 13h4l-2.6 3.8"],
  cpr: ["M8.5 3v7.5M12 2.5v8M15.5 3v7.5", "M5 9.5v4.5c0 4 3 7 7 7s7-3 7-7V9.5"],
  patient: ["M12 4v16M4 12h16"],
  locate: ["M12 2.5v4M12 17.5v4M2.5 12h4M17.5 12h4", "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10Z"],
  phone: ["M6.5 3.5h3l1.5 4-2 1.5a11 11 0 0 0 6 6l1.5-2 4 1.5v3c0 1-.8 2-2 2C11.5 19.5 4.5 12.5 4.5 5.5c0-1.2 1-2 2-2Z"],
  sound: ["M4 9.5v5h3.5L12 18.5v-13L7.5 9.5Z", "M15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11"],
  mute: ["M4 9.5v5h3.5L12 18.5v-13L7.5 9.5Z", "m16 9.5 5 5M21 9.5l-5 5"],
  way: ["M12 3l7.5 17L12 16.5 4.5 20Z"],
  ambulance: ["M2.5 6.5h11v10h-11ZM13.5 10h4.5l3.5 3.5v3h-8Z", "M7 19.2a1.9 1.9 0 1 0 0-3.8 1.9 1.9 0 0 0 0 3.8ZM17.5 19.2a1.9 1.9 0 1 0 0-3.8 1.9 1.9 0 0 0 0 3.8ZM8 9v5M5.5 11.5h5"],
  pin: ["M12 21.5s7-6.5 7-12a7 7 0 1 0-14 0c0 5.5 7 12 7 12Z", "M12 7a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z"],
  warning: ["M12 3.5 22 20.5H2Z", "M12 10v5M12 17.5v.5"],
  close: ["m6 6 12 12M18 6 6 18"],
  clock: ["M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z", "M12 7.5V12l3.2 2"],
  question: ["M8.8 9.2a3.3 3.3 0 1 1 4.6 3c-.9.5-1.4 1-1.4 2.1", "M12 18v.3"],
  barred: ["M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z", "m6.2 6.2 11.6 11.6"],
  search: ["M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z", "m15.3 15.3 5.2 5.2"],
  check: ["m4.5 12.5 5 5 10-11"],
  camera: ["M4 8h3.5L9 5.5h6L16.5 8H20v11H4Z", "M12 10a3.4 3.4 0 1 0 0 6.8A3.4 3.4 0 0 0 12 10Z"],
  calendar: ["M4 6h16v14H4ZM4 10.5h16M8.5 3.5v4M15.5 3.5v4"],
  download: ["M12 4v11M7 10.5l5 5 5-5M4.5 20h15"],
};

/**
 * The sign's path data, for drawing it on a canvas.
 *
 * @param {keyof typeof PATHS} name
 * @returns {string[]}
 */
export function iconPaths(name) {
  return PATHS[name];
}

/**
 * @param {keyof typeof PATHS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
