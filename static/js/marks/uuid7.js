/** What every mark is frozen with: a name that is made on this device, time first (RFC 9562) so that the server's index stays in order, and when it was made. */

/**
 * @param {number} [now] milliseconds since 1970
 * @returns {string}
 */
export function uuid7(now = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let place = 0; place < 6; place += 1) bytes[place] = Math.floor(now / 2 ** (8 * (5 - place))) % 256;
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** What is frozen with every mark: its name, and when it was made, by the clock and by the counter of that opening of the page. @param {string} page */
export function factsOf(page) {
  return { id: uuid7(), at: Date.now(), perf: Math.round(performance.now()), page };
}

/** A name for one opening of a page. */
export function pageName() {
  return uuid7().slice(-12);
}
