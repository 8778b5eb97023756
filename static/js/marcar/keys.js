/** From a card in the hand to the line of the list it opens: hashes, and the name that only its token can read. */

const TEXT = new TextEncoder();
const SALT = TEXT.encode("tm-roster-v1");
const HASH_LENGTH = 24;
const SHORT_LENGTH = 16;
// A key is used for one text only: it comes from the token and the version of the list.
const NO_NONCE = new Uint8Array(12);

/** How the list names the card of this token. @param {string} token @returns {Promise<string>} */
export async function hashOf(token) {
  return (await sha256(`qr:${token}`)).slice(0, HASH_LENGTH);
}

/**
 * How the list names a short code. It opens no name: forty bits can be searched.
 * @param {string} code
 * @param {string} training
 */
export async function shortOf(code, training) {
  return (await sha256(`short:${code}:${training}`)).slice(0, SHORT_LENGTH);
}

/**
 * The name on a line of the list.
 * @param {{n: string, h: string}} line
 * @param {string} token of the card in the hand
 * @param {{version: string, session: string}} roster
 * @returns {Promise<string>} empty where the token does not fit: a wrong name would be worse
 */
export async function openName({ n, h }, token, { version, session }) {
  try {
    const secret = await crypto.subtle.importKey("raw", TEXT.encode(token), "HKDF", false, ["deriveKey"]);
    const derivation = { name: "HKDF", hash: "SHA-256", salt: SALT, info: TEXT.encode(`name|${version}`) };
    const key = await crypto.subtle.deriveKey(derivation, secret, { name: "AES-GCM", length: 128 }, false, ["decrypt"]);
    const box = { name: "AES-GCM", iv: NO_NONCE, additionalData: TEXT.encode(`${h}|${session}`) };
    // Names are filled up with spaces, so that their lengths tell nothing.
    return new TextDecoder().decode(await crypto.subtle.decrypt(box, key, fromBase64Url(n))).trimEnd();
  } catch {
    return "";
  }
}

/** @param {string} text @returns {Promise<string>} hex */
async function sha256(text) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", TEXT.encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} text */
export function fromBase64Url(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** @param {Uint8Array} bytes */
export function toBase64Url(bytes) {
  // One by one: a copy of two thousand marks is more than a call takes as arguments.
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
