/** The program itself on this phone: is all of it kept, how far is the download, is there a newer one? */

const WORKER = "/marcar/sw.js";
const SCOPE = "/marcar/";
const AGAIN_MS = 30_000;
const MARKING = "marcar-marking";

export class Shell extends EventTarget {
  isSupported = "serviceWorker" in navigator;
  isComplete = false;
  /** Has anybody looked yet? */
  isKnown = false;
  /** A newer version is here and waits to be let in. */
  hasUpdate = false;
  done = 0;
  total = 0;
  #wantsReload = false;
  #looked = "";
  /** @type {Promise<void> | null} */
  #offering = null;
  /** @type {any} the browser's own question whether to install, where it has one */
  #question = null;

  constructor() {
    super();
    addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.#question = event;
      this.#tell();
    });
  }

  get canInstall() {
    return this.#question !== null;
  }

  install() {
    this.#question?.prompt();
    this.#question = null;
    this.#tell();
  }

  async start() {
    if (!this.isSupported) return this.#know(false);
    const container = navigator.serviceWorker;
    container.addEventListener("message", (event) => this.#heard(event.data));
    container.addEventListener("controllerchange", () => (this.#wantsReload ? location.reload() : this.check()));
    // It may be past its installation before we listen, and not rule yet: then no other word of it comes.
    container.ready.then(() => this.check());
    addEventListener("online", () => this.#register());
    await this.#register();
  }

  /** Where there is no signal this fails, and what is kept already still works. */
  async #register() {
    try {
      const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE, updateViaCache: "none" });
      registration.addEventListener("updatefound", () => this.#follow(registration));
      this.#follow(registration);
    } catch {
      this.#later();
    }
    await this.check();
  }

  /** @param {ServiceWorkerRegistration} registration */
  #follow(registration) {
    this.registration = registration;
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      // "redundant" while installing: a file did not come. What came stays, and the next try goes on from there.
      if (worker.state === "redundant" && !registration.active) this.#later();
      this.check();
    });
  }

  #later() {
    setTimeout(() => this.#register(), AGAIN_MS);
  }

  /** The server named its version: fetch it, once, where it is another than ours. @param {string} version */
  look(version) {
    // Registering looks by itself.
    if (!this.registration || version === this.#looked) return;
    this.#looked = version;
    this.registration?.update().catch(() => undefined);
  }

  /** Look at what is really there. */
  async check() {
    const { registration } = this;
    const active = registration?.active ?? navigator.serviceWorker.controller;
    const waits = Boolean(registration?.waiting && registration.active);
    const isMarking = waits && (await isAnyoneMarking());
    this.hasUpdate = waits && !isMarking;
    if (isMarking) this.#offerLater();
    if (!active) return this.#know(false);
    const { missing } = await asked(active, "state");
    this.#know(!missing.length);
    if (missing.length) this.#know(!(await asked(active, "repair")).missing.length);
    if (this.isComplete) active.postMessage({ kind: "rest" });
  }

  /** @param {boolean} isComplete */
  #know(isComplete) {
    this.isKnown = true;
    this.isComplete = isComplete;
    this.#tell();
  }

  /** When the last window has left its door. */
  #offerLater() {
    this.#offering ??= navigator.locks.request(MARKING, () => undefined).then(() => {
      this.#offering = null;
      return this.check();
    });
  }

  /** Let the newer version in; this window then opens it. */
  update() {
    this.#wantsReload = true;
    this.registration?.waiting?.postMessage({ kind: "update" });
  }

  /** @param {{kind: string, done: number, total: number}} message */
  #heard(message) {
    if (message.kind !== "progress") return;
    this.done = message.done;
    this.total = message.total;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Held while a window stands at a door: a new version waits until it is closed. @returns {Promise<() => void>} */
export function holdMarking() {
  return new Promise((resolve) => {
    if (!navigator.locks) return resolve(() => undefined);
    navigator.locks.request(MARKING, { mode: "shared" }, () => new Promise((free) => resolve(() => free(undefined))));
  });
}

async function isAnyoneMarking() {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.some(({ name }) => name === MARKING);
}

/**
 * @param {ServiceWorker} worker
 * @param {string} kind
 * @returns {Promise<{version: string, missing: string[]}>}
 */
function asked(worker, kind) {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage({ kind }, [channel.port2]);
  });
}
