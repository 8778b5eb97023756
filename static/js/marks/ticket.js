/** What a camera saw or somebody typed: a ticket's token, a short code, or neither. The same rules as `trainings/lib/tokens.py`. */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TOKEN = /^[0-9A-HJKMNP-TV-Z]{20}$/;
const SHORT_CODE = /^[0-9A-HJKMNP-TV-Z]{9}$/;
const ADDRESS = /^https?:\/\/[^\s?#]+\/C\/([^/?#]+)\/?(?:[?#].*)?$/i;
const LONGEST = 300;
/** So begin the codes of the sample cards, in the picture and typed: see `trainings/attendance/phones/shell.py`. */
const SAMPLE = "PRACT1C";

/**
 * Upper case, O as 0, I and L as 1, without spaces, dashes, dots.
 * @param {string} typed
 */
export function normalise(typed) {
  const wide = typed.slice(0, LONGEST).normalize("NFKC").toUpperCase();
  return wide.replace(/[\s._\u2212\p{Pd}]/gu, "").replace(/O/g, "0").replace(/[IL]/g, "1");
}

/**
 * The token of a ticket or card: bare, or at the end of an address `…/C/{token}`. A QR of anything else is null, and its
 * text never leaves this device: it may be somebody's vaccination card.
 * @param {string} text
 * @returns {string | null}
 */
export function readToken(text) {
  const address = ADDRESS.exec(text.trim());
  const token = normalise(address ? address[1] : text);
  return TOKEN.test(token) ? token : null;
}

/**
 * A typed short code whose check character fits; null tells the person at once to look again, without any signal.
 * @param {string} typed
 * @returns {string | null}
 */
export function readShortCode(typed) {
  const code = normalise(typed);
  return SHORT_CODE.test(code) && checkCharacter(code.slice(0, -1)) === code.slice(-1) ? code : null;
}

/** @param {string} code of a card to practise with */
export function isSample(code) {
  return code.startsWith(SAMPLE);
}

/**
 * `K7Q29XMDC` as people read it: `K7Q2-9XMD-C`. A token is no name for anybody and stays off the screen.
 * @param {string | null} code
 */
export function shownCode(code) {
  return code && SHORT_CODE.test(code) ? code.replace(/^(.{4})(.{4})/, "$1-$2-") : "";
}

/**
 * A weighted sum in GF(32), polynomial x^5 + x^2 + 1: finds every wrong character and every swap of two.
 * @param {string} body
 */
export function checkCharacter(body) {
  let total = 0;
  for (let place = 0; place < body.length; place += 1) {
    let value = ALPHABET.indexOf(body[place]);
    for (let times = 0; times <= place; times += 1) value = value & 16 ? (value << 1) ^ 0b100101 : value << 1;
    total ^= value;
  }
  return ALPHABET[total];
}

/** From what was shown or typed to its mark. What a `card` becomes, and how a page is to `decline`, is each page's own. */
export class Marking {
  /** One after another: two pictures of one card must not overtake each other. @type {Promise<unknown>} */
  #queue = Promise.resolve();

  /**
   * What the camera saw. The text of a foreign code stays unread and unkept: it may be somebody's vaccination card.
   * @param {string} text
   */
  scanned(text) {
    const token = readToken(text);
    return token ? this.card(token, "camera") : this.decline("not_ticket");
  }

  /**
   * What was typed, or what a scanner with a cable typed.
   * @param {string} text
   */
  typed(text) {
    const code = readShortCode(text) ?? readToken(text);
    return code ? this.card(code, "typed") : this.decline("not_ticket", "mistyped");
  }

  /**
   * @template T
   * @param {() => Promise<T>} act
   * @returns {Promise<T>}
   */
  next(act) {
    const result = this.#queue.then(act);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}
