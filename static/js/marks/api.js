/** Asks the server, and tells apart what it may answer: for the phone, a failing line and an answer are different things. */

const BASE = "/marcar/api/";
/** So long nothing may come. What comes slowly comes all the same: a list takes a poor line minutes. */
const SILENCE_MS = 20_000;

/**
 * offline: nobody answered · down: the server broke · unprepared: it does not know this phone · refused: it knows why not
 * · unreadable: the request itself was wrong
 * @typedef {"" | "offline" | "down" | "unprepared" | "refused" | "unreadable"} Trouble
 */

/**
 * @typedef {object} Reply
 * @property {Trouble} trouble
 * @property {number} status
 * @property {any} body what was answered, where that is JSON
 * @property {string} etag
 * @property {number} minutes after which to ask again, where there were too many requests; else 0
 */

/**
 * @param {string} path below /marcar/api/, or a whole one
 * @param {{json?: object, etag?: string}} [sent] with `json` it is a POST
 * @returns {Promise<Reply>}
 */
export async function ask(path, { json, etag } = {}) {
  const control = new AbortController();
  let timer = 0;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => control.abort(), SILENCE_MS);
  };
  alive();
  try {
    const response = await fetch(path.startsWith("/") ? path : BASE + path, {
      method: json ? "POST" : "GET",
      credentials: "same-origin",
      // A hotel's "accept our terms" page is a redirect; following it would look like an answer.
      redirect: "error",
      cache: "no-store",
      headers: {
        Accept: "application/json",
        "X-Marcar": "1",
        ...(json ? { "Content-Type": "application/json" } : {}),
        ...(etag ? { "If-None-Match": etag } : {}),
      },
      body: json ? JSON.stringify(json) : undefined,
      signal: control.signal,
    });
    const { status } = response;
    const body = status === 304 || status === 204 ? null : await jsonOf(response, alive).catch(() => undefined);
    // Such a page may also answer 200: what is no JSON did not come from us.
    const trouble = status === 200 && body === undefined ? "offline" : troubleOf(status);
    const minutes = status === 429 ? Math.ceil(Number(response.headers.get("Retry-After") ?? 60) / 60) : 0;
    return { trouble, status, body: body ?? null, etag: response.headers.get("ETag") ?? "", minutes };
  } catch {
    return { trouble: "offline", status: 0, body: null, etag: "", minutes: 0 };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {Response} response
 * @param {() => void} alive something came
 * @returns {Promise<any>}
 */
async function jsonOf(response, alive) {
  alive();
  if (!response.body) return response.json();
  const [reader, decoder] = [response.body.getReader(), new TextDecoder()];
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    alive();
    text += decoder.decode(part.value, { stream: true });
  }
  return JSON.parse(text + decoder.decode());
}

/**
 * @param {number} status
 * @returns {Trouble}
 */
function troubleOf(status) {
  if (status < 400) return "";
  if (status === 401) return "unprepared";
  if (status === 400 || status === 413 || status === 415 || status === 422) return "unreadable";
  if (status === 403 || status === 404 || status === 409 || status === 410) return "refused";
  return "down";
}
