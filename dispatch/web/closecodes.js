/** Why the service closed the connection, and whether to come back: the contract's table. */

/** @typedef {{ name: string, comeBack: boolean }} Meaning */

/** @type {Record<number, Meaning>} */
const TABLE = {
  3000: { name: "going_away", comeBack: true },
  3001: { name: "slow_reader", comeBack: true },
  3002: { name: "silent", comeBack: true },
  3003: { name: "no_hello", comeBack: true },
  3004: { name: "begin_again", comeBack: true },
  3500: { name: "bad_token", comeBack: false },
  3501: { name: "bad_hello", comeBack: false },
  3502: { name: "too_many_errors", comeBack: false },
};

/**
 * What a close code means. Codes outside the table (a lost network is 1006) are worth another try,
 * except the rest of 3500-3999, which the contract reserves for "do not".
 *
 * @param {number} code
 * @returns {Meaning}
 */
export function meaningOf(code) {
  return TABLE[code] ?? { name: `code_${code}`, comeBack: code < 3500 || code > 3999 };
}
