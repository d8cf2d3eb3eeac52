/** The token that a page works with: from the link's hash, kept on this device, or typed in. */

/**
 * The token from `#token=…`, moved out of the address at once so that it is not in the history or in a shared link;
 * else the one kept from before.
 *
 * @param {string} key where this page keeps it
 * @returns {string | null}
 */
export function takeToken(key) {
  const fromHash = new URLSearchParams(location.hash.slice(1)).get("token");
  if (fromHash) {
    keepToken(key, fromHash);
    history.replaceState(null, "", location.pathname + location.search);
    return fromHash;
  }
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/**
 * Calls back with the token of a link that is opened while the page is already there: the browser then only changes
 * the hash, and loads nothing.
 *
 * @param {string} key
 * @param {(token: string) => void} onToken
 */
export function onTokenLink(key, onToken) {
  window.addEventListener("hashchange", () => {
    if (!location.hash.startsWith("#token=")) return;
    const token = takeToken(key);
    if (token) onToken(token);
  });
}

/**
 * @param {string} key
 * @param {string} token
 */
export function keepToken(key, token) {
  try {
    localStorage.setItem(key, token);
  } catch {
    // No storage: the token serves until the page is left.
  }
}

/** @param {string} key */
export function forgetToken(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}

/**
 * Reads what a person pasted: the token alone, or a whole link with it.
 *
 * @param {string} pasted
 */
export function readPasted(pasted) {
  const text = pasted.trim();
  const hash = text.indexOf("#token=");
  return hash < 0 ? text : new URLSearchParams(text.slice(hash + 1)).get("token") ?? "";
}
