/** Looks at the video about eight times a second and tells each code once, until it has left the picture for a while. */

/** @typedef {import("./decoder.js").Decoder} Decoder */

const FRAME_MS = 125;
const SLOW_FRAME_MS = 200;
const SMALL = 480;
export const REARM_MS = 3_000;

/** The same card held still is one scan; shown again three seconds after it left the picture, it is another. */
export class Rearm {
  /** @type {Map<string, number>} */
  #seen = new Map();

  /**
   * @param {string} text
   * @param {number} now milliseconds
   * @returns {boolean} is this a new sight of the code?
   */
  isNew(text, now) {
    const last = this.#seen.get(text);
    this.#seen.set(text, now);
    return last === undefined || now - last >= REARM_MS;
  }
}

/**
 * @param {HTMLVideoElement} video
 * @param {Decoder} decoder
 * @param {(text: string) => void} onCode
 * @param {AbortSignal} signal ends the looking
 */
export async function watch(video, decoder, onCode, signal) {
  const canvas = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  const rearm = new Rearm();
  let size = decoder.size;
  while (!signal.aborted) {
    const began = performance.now();
    const picture = centre(video, canvas, pen, size);
    const text = picture ? await decoder.read(picture) : null;
    const took = performance.now() - began;
    if (took > SLOW_FRAME_MS) size = SMALL;
    if (text && !signal.aborted && rearm.isNew(text, performance.now())) onCode(text);
    await pause(Math.max(FRAME_MS - took, FRAME_MS / 4));
  }
}

/**
 * The square middle of the picture, which is where people hold the card.
 * @param {HTMLVideoElement} video
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2D} pen
 * @param {number} most
 */
function centre(video, canvas, pen, most) {
  const side = Math.min(video.videoWidth, video.videoHeight);
  if (!side || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
  const size = Math.min(side, most);
  if (canvas.width !== size) canvas.width = canvas.height = size;
  pen.drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, size, size);
  return pen.getImageData(0, 0, size, size);
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
