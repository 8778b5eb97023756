/** The camera part of the page: button, picture, choice of camera, torch, and when it rests. */

import { Camera, CameraError } from "./camera.js";
import { loadDecoder } from "./decoder.js";

const IDLE_MS = 60_000;
const FRAME_MS = 125;
const SLOW_FRAME_MS = 200;
const SMALL = 480;
const REARM_MS = 3_000;

export class Lens {
  /** @type {AbortController | null} */
  #looking = null;
  /** Whoever waits for the camera or the reader compares: it may have been told to rest, or to start anew, meanwhile. */
  #turn = 0;
  #idle = 0;

  /**
   * @param {HTMLElement} part
   * @param {Record<string, string>} words
   * @param {(text: string) => void} onCode
   * @param {() => void} onTap the moment in which browsers allow sound
   */
  constructor(part, words, onCode, onTap) {
    this.part = part;
    this.words = words;
    this.onCode = onCode;
    this.onTap = onTap;
    this.camera = new Camera(found(part, "video"), () => this.rest("camera_ended"));
    this.note = found(part, "[data-lens-note]");
    this.startButton = found(part, "[data-start]");
    this.stopButton = found(part, "[data-stop]");
    this.torch = found(part, "[data-torch]");
    this.choice = /** @type {HTMLSelectElement} */ (found(part, "[data-choice]"));
    this.#listen();
    part.hidden = false;
  }

  #listen() {
    this.startButton.addEventListener("click", () => this.start());
    this.stopButton.addEventListener("click", () => this.rest(""));
    this.torch.addEventListener("click", () => this.#switchTorch());
    this.choice.addEventListener("change", () => this.start(this.choice.value));
    document.addEventListener("visibilitychange", () => document.hidden && this.startButton.hidden && this.rest("camera_resting"));
    addEventListener("pagehide", () => this.rest(""));
  }

  /** @param {string} [deviceId] */
  async start(deviceId) {
    this.onTap();
    this.#looking?.abort();
    const turn = ++this.#turn;
    this.#say("camera_starting");
    this.startButton.hidden = true;
    try {
      // Both at once: people grant permission while the reader loads.
      const [decoder] = await Promise.all([this.#decoder(), this.camera.start(deviceId)]);
      if (turn !== this.#turn) return;
      await this.#show();
      if (turn !== this.#turn) return;
      this.part.dataset.reader = decoder.name;
      this.#look(decoder);
    } catch (error) {
      if (turn === this.#turn) this.rest(error instanceof CameraError ? `camera_${error.trouble}` : "reader_failed");
    }
  }

  /**
   * Turn the camera off: it eats the battery, and its light says "you are filmed".
   * @param {string} word why, in the words of the page; empty where the person did it
   */
  rest(word) {
    this.#turn += 1;
    clearTimeout(this.#idle);
    this.#looking?.abort();
    this.#looking = null;
    this.camera.stop();
    this.part.classList.remove("on");
    for (const control of [this.stopButton, this.torch, this.choice]) control.hidden = true;
    this.startButton.hidden = false;
    this.#say(word);
  }

  #decoder() {
    const { zxing = "", wasm = "", jsqr = "" } = this.part.dataset;
    return loadDecoder({ zxing, wasm, jsqr });
  }

  async #show() {
    this.part.classList.add("on");
    this.stopButton.hidden = false;
    // On a phone, camera and answer fill the screen together.
    if (matchMedia("(max-width: 62rem)").matches) this.part.parentElement?.scrollIntoView();
    this.torch.hidden = !this.camera.hasTorch;
    this.torch.setAttribute("aria-pressed", "false");
    const cameras = await this.camera.choices();
    const label = (/** @type {MediaDeviceInfo} */ camera, /** @type {number} */ n) => camera.label || `${this.words.camera} ${n + 1}`;
    this.choice.replaceChildren(...cameras.map((camera, n) => new Option(label(camera, n), camera.deviceId)));
    this.choice.value = this.camera.deviceId ?? "";
    this.choice.hidden = cameras.length < 2;
    this.#say("");
  }

  /** @param {import("./decoder.js").Decoder} decoder */
  #look(decoder) {
    this.#looking = new AbortController();
    this.#stayAwake();
    const seen = (/** @type {string} */ text) => {
      this.#stayAwake();
      this.onCode(text);
    };
    watch(this.camera.video, decoder, seen, this.#looking.signal).catch(() => this.rest("reader_failed"));
  }

  #stayAwake() {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.rest("camera_resting"), IDLE_MS);
  }

  async #switchTorch() {
    const on = this.torch.getAttribute("aria-pressed") !== "true";
    await this.camera.torch(on);
    this.torch.setAttribute("aria-pressed", String(on));
  }

  /** @param {string} word */
  #say(word) {
    this.note.textContent = word ? this.words[word] : "";
  }
}

/**
 * @param {ParentNode} part
 * @param {string} selector
 * @returns {any}
 */
function found(part, selector) {
  return part.querySelector(selector);
}

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
 * Looks at the video about eight times a second and tells each code once, until it has left the picture for a while.
 * @param {HTMLVideoElement} video
 * @param {import("./decoder.js").Decoder} decoder
 * @param {(text: string) => void} onCode
 * @param {AbortSignal} signal ends the looking
 */
async function watch(video, decoder, onCode, signal) {
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
