/** The camera: started by a tap, stopped when nobody needs it. */

const CHOICE = "trainings-camera";

/** @typedef {"denied" | "none" | "insecure" | "failed"} CameraTrouble */

export class CameraError extends Error {
  /** @param {CameraTrouble} trouble */
  constructor(trouble) {
    super(trouble);
    this.trouble = trouble;
  }
}

export class Camera {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {WakeLockSentinel | null} */
  #awake = null;
  /** How often it was stopped: what is still being opened by then is closed again. */
  #stops = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {() => void} onEnded the system took the camera away
   */
  constructor(video, onEnded) {
    this.video = video;
    this.onEnded = onEnded;
  }

  get isOn() {
    return this.#stream !== null;
  }

  /**
   * @param {string} [deviceId] a chosen camera; remembered on this device
   * @throws {CameraError}
   */
  async start(deviceId) {
    this.stop();
    const stops = this.#stops;
    if (!navigator.mediaDevices?.getUserMedia) throw new CameraError("insecure");
    if (deviceId) remember(deviceId);
    const stream = await opened(deviceId ?? remembered());
    if (stops !== this.#stops) return close(stream);
    this.#stream = stream;
    this.video.srcObject = stream;
    await this.video.play();
    if (stops !== this.#stops) return;
    this.#track.addEventListener("ended", this.onEnded);
    // Cards come near and go: a camera that can refocus by itself must.
    if (this.#ability("focusMode")?.includes?.("continuous")) await this.#apply({ focusMode: "continuous" });
    const awake = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
    if (stops === this.#stops) this.#awake = awake;
    else awake?.release();
  }

  stop() {
    this.#stops += 1;
    for (const track of this.#stream?.getTracks() ?? []) track.removeEventListener("ended", this.onEnded);
    if (this.#stream) close(this.#stream);
    this.#stream = null;
    this.video.srcObject = null;
    this.#awake?.release();
    this.#awake = null;
  }

  get hasTorch() {
    return Boolean(this.#stream && this.#ability("torch"));
  }

  /** @param {boolean} on */
  async torch(on) {
    await this.#apply({ torch: on });
  }

  /** The cameras to choose from; names are known only after permission. @returns {Promise<MediaDeviceInfo[]>} */
  async choices() {
    return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
  }

  get deviceId() {
    return this.#stream ? this.#track.getSettings().deviceId : undefined;
  }

  get #track() {
    return /** @type {MediaStream} */ (this.#stream).getVideoTracks()[0];
  }

  /** @param {string} name */
  #ability(name) {
    return /** @type {any} */ (this.#track.getCapabilities?.())?.[name];
  }

  /** @param {object} settings */
  async #apply(settings) {
    await this.#track.applyConstraints({ advanced: [settings] }).catch(() => undefined);
  }
}

/** @param {MediaStream} stream */
function close(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** @param {string | null | undefined} deviceId */
async function opened(deviceId) {
  const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
  // "ideal", not "exact": a laptop has no camera that looks away from its user. A remembered camera may be gone.
  const which = deviceId ? { deviceId: { ideal: deviceId } } : { facingMode: { ideal: "environment" } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { ...which, ...size }, audio: false });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") throw new CameraError("denied");
    if (name === "NotFoundError" || name === "OverconstrainedError") throw new CameraError("none");
    throw new CameraError("failed");
  }
}

/** @returns {string | null} */
function remembered() {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null;
  }
}

/** @param {string} deviceId */
function remember(deviceId) {
  try {
    localStorage.setItem(CHOICE, deviceId);
  } catch {
    // A private window: the choice holds for this visit only.
  }
}
