/** The map library, fetched only by pages that come to draw a map: the SOS button must not wait for a megabyte. */

const STYLESHEET = "/web/vendor/maplibre-gl/maplibre-gl.css";

/** @typedef {typeof import("/web/vendor/maplibre-gl/maplibre-gl.mjs")} MapLibre */

/** @type {Promise<MapLibre> | undefined} */
let library;

/** @returns {Promise<MapLibre>} */
export function loadMapLibre() {
  library ??= Promise.all([import("/web/vendor/maplibre-gl/maplibre-gl.mjs"), addStylesheet()]).then(
    ([module]) => module,
    (error) => {
      library = undefined; // a lost network may be back at the next try
      throw error;
    },
  );
  return library;
}

function addStylesheet() {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = STYLESHEET;
    link.addEventListener("load", () => resolve(undefined));
    link.addEventListener("error", () => reject(new Error("map stylesheet")));
    // First in the head, so that our own sheets can overrule it.
    document.head.prepend(link);
  });
}
