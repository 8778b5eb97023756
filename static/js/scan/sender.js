/** Brings kept events to the server, one request at a time, until each is acknowledged by its id. */

/** @typedef {import("./store.js").ScanEvent} ScanEvent */
/** @typedef {import("./store.js").Store} Store */

/**
 * @typedef {object} Result what the server says about one event
 * @property {string} id
 * @property {boolean} stored
 * @property {"present" | "already" | "left" | "undone" | "review" | "card" | "unknown_code" | "not_a_ticket" | string} outcome
 * @property {string} [name] short form
 * @property {string} [arrived] time in words
 * @property {string} [text] the second line of the answer
 * @property {string | null} [registration] the row it belongs to
 * @property {string | null} [link] where a nameless card gets its name
 * @property {string | null} [event] the check-in that counts, which Undo takes back
 */

/** @typedef {{n_present: number, n_expected: number}} Totals */
/** @typedef {"" | "offline" | "signed_out" | "refused"} Trouble */

const BATCH = 50;
const TIMEOUT_MS = 20_000;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;

export class Sender {
  /** @type {Map<string, ScanEvent>} made on this page and not answered yet, also where another window has sent them already */
  #own = new Map();
  /** @type {Set<string>} those of them that could not be kept: they live as long as this page */
  #loose = new Set();
  /** @type {Set<string>} refused by the server on this visit; kept, but not in the way of the others */
  #aside = new Set();
  /** @type {Promise<void> | null} */
  #running = null;
  #again = false;
  #n_failures = 0;
  #timer = 0;

  /**
   * @param {Store | null} store null where the browser has none
   * @param {(event: ScanEvent, result: Result, totals: Totals) => void} onAnswer
   * @param {(n: number, trouble: Trouble) => void} onUnsent after each attempt
   */
  constructor(store, onAnswer, onUnsent) {
    this.store = store;
    this.onAnswer = onAnswer;
    this.onUnsent = onUnsent;
  }

  /**
   * Keep an event on this device, before anything is sent.
   * @param {Omit<ScanEvent, "seq">} draft
   * @returns {Promise<boolean>} false where the device could not keep it
   */
  async keep(draft) {
    try {
      if (!this.store) throw new Error("no store");
      this.#own.set(draft.id, await this.store.keep(draft));
      return true;
    } catch {
      this.#own.set(draft.id, { ...draft, seq: 0 });
      this.#loose.add(draft.id);
      return false;
    }
  }

  /** @param {string} id */
  isLoose(id) {
    return this.#loose.has(id);
  }

  /** @param {string} id */
  isAside(id) {
    return this.#aside.has(id);
  }

  /** Would closing this page lose something? */
  get hasLoose() {
    return this.#loose.size > 0;
  }

  /** @returns {Promise<ScanEvent[]>} oldest first */
  async unsent() {
    const kept = this.store ? await this.store.unsent().catch(() => []) : [];
    const all = new Map([...this.#own, ...kept.map((event) => /** @type {const} */ ([event.id, event]))]);
    return [...all.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Try those again that the server refused. */
  forgive() {
    this.#aside.clear();
  }

  /** Send everything that waits. Calls while one is under way are gathered into one more run. */
  flush() {
    clearTimeout(this.#timer);
    this.#again = true;
    this.#running ??= this.#loop().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #loop() {
    while (this.#again) {
      this.#again = false;
      await this.#run();
    }
  }

  async #run() {
    /** @type {Trouble} */
    let trouble = "";
    for (const chunk of chunked((await this.unsent()).filter((event) => !this.#aside.has(event.id)))) {
      trouble = (await this.#send(chunk)) || trouble;
      if (trouble === "offline" || trouble === "signed_out") break;
    }
    const n = (await this.unsent()).length;
    if (!trouble && this.#aside.size) trouble = "refused";
    this.onUnsent(n, trouble);
    this.#n_failures = trouble ? this.#n_failures + 1 : 0;
    if (trouble === "offline" || trouble === "signed_out") this.#retryLater();
  }

  #retryLater() {
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.#n_failures - 1));
    // Not all phones of a hall at the same moment when the signal comes back.
    this.#timer = setTimeout(() => this.flush(), wait * (0.75 + Math.random() / 2));
  }

  /**
   * @param {ScanEvent[]} chunk of one address
   * @returns {Promise<Trouble>}
   */
  async #send(chunk) {
    const { trouble, body } = await post(chunk[0].url, chunk);
    if (trouble === "unreadable" && chunk.length > 1) {
      // One bad event must not keep the others here: halve until it is alone.
      const middle = Math.ceil(chunk.length / 2);
      const first = await this.#send(chunk.slice(0, middle));
      if (first === "offline" || first === "signed_out") return first;
      return (await this.#send(chunk.slice(middle))) || first;
    }
    if (trouble === "offline" || trouble === "signed_out") return trouble;
    const results = new Map(trouble ? [] : body.results.map((/** @type {Result} */ result) => [result.id, result]));
    const settled = chunk.filter((event) => isSettled(results.get(event.id)));
    await this.#forget(settled.map((event) => event.id));
    for (const event of settled) this.onAnswer(event, /** @type {Result} */ (results.get(event.id)), body);
    for (const event of chunk) if (!settled.includes(event)) this.#aside.add(event.id);
    return settled.length === chunk.length ? "" : "refused";
  }

  /** @param {string[]} ids */
  async #forget(ids) {
    for (const id of ids) {
      this.#own.delete(id);
      this.#loose.delete(id);
    }
    // Where the store fails they are sent again later, and counted once there.
    await this.store?.forget(ids).catch(() => undefined);
  }
}

/**
 * The server has it, or says that it is no ticket at all: there is nothing to store then, now or later.
 * @param {Result | undefined} result
 */
function isSettled(result) {
  return result?.stored === true || result?.outcome === "not_a_ticket";
}

/**
 * Events of one address at a time, at most fifty.
 * @param {ScanEvent[]} events
 */
function chunked(events) {
  const urls = [...new Set(events.map((event) => event.url))];
  return urls.flatMap((url) => {
    const own = events.filter((event) => event.url === url);
    return Array.from({ length: Math.ceil(own.length / BATCH) }, (_, n) => own.slice(n * BATCH, (n + 1) * BATCH));
  });
}

/**
 * @param {string} url
 * @param {ScanEvent[]} events
 * @returns {Promise<{trouble: Trouble | "unreadable", body?: any}>}
 */
async function post(url, events) {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      // A redirect leads to the sign-in page; following it would look like an answer.
      redirect: "manual",
      cache: "no-store",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: JSON.stringify({ events: events.map(({ url: _url, ...sent }) => sent), client_now: Date.now() }),
      signal: control.signal,
    });
    if (response.type === "opaqueredirect" || response.status === 401) return { trouble: "signed_out" };
    if (response.status === 403 || response.status === 404) return { trouble: "refused" };
    if ([400, 409, 413, 415, 422].includes(response.status)) return { trouble: "unreadable" };
    if (!response.ok) return { trouble: "offline" };
    const body = await response.json();
    // A hotel's "accept our terms" page also answers 200.
    return Array.isArray(body?.results) ? { trouble: "", body } : { trouble: "offline" };
  } catch {
    return { trouble: "offline" };
  } finally {
    clearTimeout(timer);
  }
}
