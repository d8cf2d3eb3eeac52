/** The device that the page's address names: `/map#aed=ID`, to be sent to somebody. */

const NAME = "aed";

/** @returns {string | null} */
export function aedInAddress() {
  const id = new URLSearchParams(location.hash.slice(1)).get(NAME);
  return id && /^[0-9a-f-]{36}$/i.test(id) ? id : null;
}

/** @param {string | null} id */
export function putAedInAddress(id) {
  const hash = id ? `#${NAME}=${id}` : "";
  if (location.hash !== hash) history.replaceState(null, "", `${location.pathname}${location.search}${hash}`);
}
