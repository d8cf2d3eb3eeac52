/** Whose token it is: what is kept on a phone belongs to one person, and not to the next who signs in there. */

/**
 * The subject that a token names (its signature is for the service to judge), or "" for what is no token.
 *
 * @param {string | null} token
 * @returns {string}
 */
export function subjectOf(token) {
  try {
    const bytes = Uint8Array.from(atob((token ?? "").split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? ""), (letter) => letter.charCodeAt(0));
    return String(JSON.parse(new TextDecoder().decode(bytes)).sub ?? "");
  } catch {
    return "";
  }
}
