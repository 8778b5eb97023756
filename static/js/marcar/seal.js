/** Sealing to the server: what was written here this phone cannot read again. The same as `trainings/lib/sealing.py`. */

import { fromBase64Url, toBase64Url } from "./keys.js";

const TEXT = new TextEncoder();
const VERSION = 1;
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const INFO = TEXT.encode("trainings-seal-v1");
// The key is used for this one text.
const NO_NONCE = new Uint8Array(12);

/**
 * @param {string} text
 * @param {string} purpose `slip|<event id>` or `backup|<device id>`: sealed for one it does not open as another
 * @param {{id: string, raw: string}} key the server's, as it told this phone
 * @returns {Promise<string>} base64url
 */
export async function seal(text, purpose, key) {
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]));
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const server = await crypto.subtle.importKey("raw", fromBase64Url(key.raw), CURVE, false, []);
  const agreed = await crypto.subtle.deriveBits({ name: "ECDH", public: server }, pair.privateKey, 256);
  const secret = await crypto.subtle.importKey("raw", agreed, "HKDF", false, ["deriveKey"]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: point, info: INFO };
  const box = await crypto.subtle.deriveKey(derivation, secret, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const how = { name: "AES-GCM", iv: NO_NONCE, additionalData: TEXT.encode(purpose) };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(how, box, TEXT.encode(text)));
  return toBase64Url(joined(Uint8Array.of(VERSION), TEXT.encode(key.id), point, sealed));
}

/** @param {Uint8Array[]} parts */
function joined(...parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
