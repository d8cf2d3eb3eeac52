/** The colours of the base map: quiet, so that what is drawn on it can be loud. */

/** @typedef {{ ground: string, district: string, outline: string, name: string, halo: string, grid: string }} Palette */

/** @type {Record<"light" | "dark", Palette>} */
export const palettes = {
  light: { ground: "#e9edf1", district: "#f6f7f9", outline: "#b4bdc8", name: "#5a6572", halo: "#f6f7f9", grid: "#dde2e8" },
  dark: { ground: "#0c0f13", district: "#14181e", outline: "#39424e", name: "#8d98a7", halo: "#0c0f13", grid: "#1e242c" },
};

/** Colours of what is drawn on the map; each also differs from the others by form or by ring. */
export const signs = {
  incident: "#e5263c",
  incidentQuiet: "#8b95a3",
  responderFree: "#4d8fd6",
  responderOffered: "#e0a021",
  responderEngaged: "#1fb6c9",
  responderUnreachable: "#a4adb9",
  aedUsable: "#1e9e5a",
  aedDoubtful: "#d08a10",
  aedUnusable: "#8a94a1",
  me: "#1668d8",
  way: "#1668d8",
};
