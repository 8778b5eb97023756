/**
 * What a browser keeps for one origin, in memory: as much of IndexedDB as our stores ask of it. Transactions run one after
 * another; one that fails leaves nothing behind. `trouble` is what goes wrong from now on.
 */

/** @typedef {"" | "full" | "refused" | "taken back" | "broken" | "lost answer"} Trouble */

const later = (act) => setImmediate(act);

class Source {
  #listeners = new Map();

  addEventListener(type, heard) {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), heard]);
  }

  tell(type, event = {}) {
    const told = { target: this, type, ...event };
    this[`on${type}`]?.(told);
    for (const heard of this.#listeners.get(type) ?? []) heard(told);
  }
}

class Request extends Source {
  result = undefined;
  error = null;
}

export class Disk {
  /** @type {Map<string, {version: number, stores: Map<string, any>, open: Set<Connection>, queue: Transaction[]}>} */
  bases = new Map();
  /** @type {Trouble} */
  trouble = "";

  open(name, version) {
    const request = new Request();
    later(() => this.#open(name, version, request));
    return request;
  }

  #open(name, version, request) {
    const found = this.bases.get(name);
    if (found && found.version < (version ?? found.version)) for (const one of found.open) one.tell("versionchange", { newVersion: version });
    if (found) return this.#done(request, found, name);
    const made = { version: version ?? 1, stores: new Map(), open: new Set(), queue: [] };
    request.result = new Connection(this, made, name);
    request.transaction = { abort: () => (made.isAborted = true) };
    request.tell("upgradeneeded");
    if (made.isAborted) {
      request.error = new DOMException("aborted", "AbortError");
      return request.tell("error");
    }
    this.bases.set(name, made);
    return this.#done(request, made, name);
  }

  #done(request, base, name) {
    request.result = new Connection(this, base, name);
    base.open.add(request.result);
    request.tell("success");
  }

  /** As a browser does under an open page, to make room or because somebody asked it. */
  deleteDatabase(name, { isTold = true } = {}) {
    const base = this.bases.get(name);
    this.bases.delete(name);
    for (const one of base?.open ?? []) {
      if (isTold) one.tell("versionchange", { newVersion: null });
      one.close();
    }
  }

  /** As iOS does while a page is in the background. */
  takeAway(name) {
    for (const one of [...this.bases.get(name).open]) one.close();
  }

  /** How many connections are open. */
  n_open(name) {
    return this.bases.get(name)?.open.size ?? 0;
  }
}

class Connection extends Source {
  isClosed = false;

  constructor(disk, base, name) {
    super();
    Object.assign(this, { disk, base, name });
  }

  close() {
    this.isClosed = true;
    this.base.open.delete(this);
  }

  createObjectStore(name, { keyPath } = {}) {
    const made = { keyPath, rows: new Map(), indexes: new Set() };
    this.base.stores.set(name, made);
    return { createIndex: (index) => made.indexes.add(index) };
  }

  get objectStoreNames() {
    return [...this.base.stores.keys()];
  }

  transaction(names, mode = "readonly", { durability = "default" } = {}) {
    if (this.isClosed) throw new DOMException("closed", "InvalidStateError");
    if (this.disk.trouble === "broken") throw new DOMException("broken", "UnknownError");
    for (const name of [names].flat()) if (!this.base.stores.has(name)) throw new DOMException(name, "NotFoundError");
    const made = new Transaction(this, [names].flat(), mode, durability);
    this.base.queue.push(made);
    if (this.base.queue.length === 1) later(() => made.run());
    return made;
  }
}

class Transaction extends Source {
  error = null;
  #asked = [];
  #isAborted = false;
  #isOver = false;

  constructor(connection, names, mode, durability) {
    super();
    Object.assign(this, { connection, base: connection.base, names, mode, durability });
  }

  objectStore(name) {
    if (!this.names.includes(name)) throw new DOMException(name, "NotFoundError");
    return new Store(this, this.base.stores.get(name));
  }

  ask(act) {
    if (this.#isOver) throw new DOMException("over", "TransactionInactiveError");
    const request = new Request();
    this.#asked.push([request, act]);
    return request;
  }

  abort(error = null) {
    this.#isAborted = true;
    this.error = error;
  }

  run() {
    const before = new Map(this.names.map((name) => [name, new Map(this.base.stores.get(name).rows)]));
    const step = () => {
      const [request, act] = this.#isAborted ? [] : (this.#asked.shift() ?? []);
      if (!request) return this.#end(before);
      try {
        request.result = act();
        request.tell("success");
      } catch (error) {
        if (!(error instanceof DOMException)) throw error;
        request.error = error;
        request.tell("error");
        this.abort(error);
      }
      return later(step);
    };
    step();
  }

  #end(before) {
    const { disk } = this.connection;
    this.#isOver = true;
    const isWriting = this.mode === "readwrite";
    if (isWriting && this.names.length > 1 && disk.trouble === "taken back" && !this.#isAborted) this.abort();
    if (this.#isAborted) for (const [name, rows] of before) this.base.stores.get(name).rows = rows;
    let isLost = false;
    if (isWriting && this.names.length > 1 && disk.trouble === "lost answer") {
      [isLost, disk.trouble, this.error] = [true, "", new DOMException("lost", "UnknownError")];
    }
    this.base.queue.shift();
    this.tell(this.#isAborted || isLost ? "abort" : "complete");
    const next = this.base.queue[0];
    if (next) later(() => next.run());
  }
}

class Store {
  constructor(transaction, kept, index = "") {
    Object.assign(this, { transaction, kept, indexed: index });
  }

  index(name) {
    if (!this.kept.indexes.has(name)) throw new DOMException(name, "NotFoundError");
    return new Store(this.transaction, this.kept, name);
  }

  #rows(value) {
    const all = [...this.kept.rows].filter(([, row]) => !this.indexed || (value === undefined ? row[this.indexed] !== undefined : row[this.indexed] === value));
    return all.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => structuredClone(row));
  }

  getAll(value, most = Infinity) {
    return this.transaction.ask(() => this.#rows(value).slice(0, most));
  }

  count(value) {
    return this.transaction.ask(() => this.#rows(value).length);
  }

  get(key) {
    return this.transaction.ask(() => structuredClone(this.kept.rows.get(key)));
  }

  put(value, key = value[this.kept.keyPath]) {
    this.#mayWrite();
    const copy = structuredClone(value);
    return this.transaction.ask(() => void this.kept.rows.set(key, copy));
  }

  add(value) {
    this.#mayWrite();
    const { trouble } = this.transaction.connection.disk;
    if (trouble === "full") throw new DOMException("full", "QuotaExceededError");
    const [copy, key] = [structuredClone(value), value[this.kept.keyPath]];
    return this.transaction.ask(() => {
      if (trouble === "refused" || this.kept.rows.has(key)) throw new DOMException("there already", "ConstraintError");
      this.kept.rows.set(key, copy);
    });
  }

  delete(key) {
    this.#mayWrite();
    return this.transaction.ask(() => void this.kept.rows.delete(key));
  }

  #mayWrite() {
    if (this.transaction.mode !== "readwrite") throw new DOMException("read only", "ReadOnlyError");
  }
}
