/**
 * Who is present, and what is odd about a mark: the same rules as `trainings/attendance/scans.py` and `projection.py`.
 * Pure functions; `tests/attendance/cases.json` is run through both.
 */

const CLOCK_TOLERANCE_MS = 5 * 60_000;
/** How long before and after a session a mark is nothing odd. */
const DOOR_OPENS_MS = 3 * 3_600_000;

/** Kinds of marks that say that somebody came. */
export const ARRIVALS = new Set(["in", "walkin"]);
const DEPARTURES = new Set(["out", "left"]);
/** They count only once somebody decided so. */
const WAIT_FOR_DECISION = new Set(["revoked", "other_session"]);
/** Flags that make a person "present, to be reviewed". */
const ODD_ARRIVALS = new Set(["waitlisted", "held", "cancelled", "other_training", "changed_body", "replaced"]);
const ODD_STATES = { w: "waitlisted", h: "held", x: "cancelled" };

/**
 * @typedef {object} Mark
 * @property {string} id
 * @property {string} kind
 * @property {string} [how]
 * @property {number} at corrected, milliseconds
 * @property {number} [stated_at] when somebody left who "se fue antes"
 * @property {string} [target] of an undo
 * @property {string} [conflict_of] the id that another body took first
 * @property {string} [flag]
 * @property {string} [decision] counted, dismissed
 * @property {number} [number] heads
 * @property {string} [phone] under which preparation heads were counted; a phone knows its own marks alone
 */

/**
 * @typedef {object} Person as in the list of a phone
 * @property {string} f c confirmed, o offered, w waitlisted, h held, x cancelled, s a card without a name, r a replaced ticket
 * @property {string} [of] of a replaced ticket: the state of who has the new one
 */

/**
 * @typedef {object} Stay
 * @property {boolean} present
 * @property {number | null} arrived
 * @property {number | null} seen when they were first seen, which a line of the signed paper does not say
 * @property {number | null} left
 * @property {boolean} to_review
 */

/** @type {Stay} */
const NOBODY = { present: false, arrived: null, seen: null, left: null, to_review: false };

/**
 * What the marks of one person at one session say together; their order does not matter.
 *
 * Present is who has an arrival that stands; arrival is the earliest of those. The latest word of a departure counts
 * unless the person came back after it was said.
 * @param {Mark[]} marks
 * @returns {Stay}
 */
export function stayOf(marks) {
  const left = standing(marks);
  const arrivals = left.filter(({ kind }) => ARRIVALS.has(kind)).sort(inTime);
  if (!arrivals.length) return NOBODY;
  const departure = left.filter(({ kind }) => DEPARTURES.has(kind)).sort(inTime).pop();
  // A line of the signed paper says that somebody came, never that they came back.
  const seen = arrivals.filter(({ how }) => how !== "sheet");
  const hasLeft = departure !== undefined && (!seen.length || departure.at > seen[seen.length - 1].at);
  return {
    present: true,
    arrived: arrivals[0].at,
    seen: seen.length ? seen[0].at : null,
    left: hasLeft ? (departure.stated_at ?? departure.at) : null,
    to_review: arrivals.some(({ flag = "", decision }) => ODD_ARRIVALS.has(flag) && !decision),
  };
}

/**
 * Did they leave, as somebody says, before anybody saw them?
 * @param {Pick<Stay, "left" | "seen">} stay
 */
export function leftUnseen({ left, seen }) {
  return left !== null && seen !== null && left < seen;
}

/**
 * Companions without a card: what was counted up and down, never less than nobody.
 *
 * A phone of whose companions some were put aside gives never less than nobody: what it takes back afterwards may be of
 * those.
 * @param {Mark[]} marks of a whole session
 */
export function headsOf(marks) {
  /** @type {Map<string, number>} */
  const counted = new Map();
  for (const { kind, phone = "", number = 0 } of standing(marks)) {
    if (kind === "heads") counted.set(phone, (counted.get(phone) ?? 0) + number);
  }
  for (const { kind, phone = "", decision } of marks) {
    if (kind === "heads" && decision === "dismissed") counted.set(phone, Math.max(0, counted.get(phone) ?? 0));
  }
  return Math.max(0, [...counted.values()].reduce((sum, n) => sum + n, 0));
}

/**
 * Why a mark is to be looked at; it is kept all the same.
 * @param {Person | null} person null for a code that nobody has
 * @param {{starts: number, ends: number, state: string, closed: boolean}} session milliseconds
 * @param {number} at corrected, milliseconds
 * @param {number} offset the server's clock minus ours
 * @param {number} now corrected
 * @param {number} [stated] of who left: when, as it was said; corrected
 * @returns {string} empty where nothing is odd
 */
export function flagOf(person, session, at, offset, now, stated) {
  if (!person) return "unknown_code";
  if (person.f === "s") return "unnamed";
  const state = person.f === "r" ? (person.of ?? "c") : person.f;
  const odd = /** @type {Record<string, string>} */ (ODD_STATES)[state];
  if (odd) return odd;
  if (person.f === "r") return "replaced";
  if (session.state === "cancelled") return "session_off";
  if (session.closed) return "after_close";
  const isEarlyOrLate = at < session.starts - DOOR_OPENS_MS || at > session.ends + DOOR_OPENS_MS;
  const isAhead = at > now + CLOCK_TOLERANCE_MS;
  const isOdd = isEarlyOrLate || isAhead || (stated !== undefined && isStatedOddly(stated, session, at));
  return Math.abs(offset) > CLOCK_TOLERANCE_MS || isOdd ? "clock" : "";
}

/**
 * Nobody leaves a session before it begins, or later than it is said. All corrected, in milliseconds.
 * @param {number} stated
 * @param {{starts: number}} session
 * @param {number} at when it was said
 */
export function isStatedOddly(stated, { starts }, at) {
  return stated < starts || stated > at + CLOCK_TOLERANCE_MS;
}

/**
 * Those that count and were not taken back. An undo takes back all that came under its id.
 * @param {Mark[]} marks
 */
function standing(marks) {
  const counted = marks.filter(isCounted);
  const undone = new Set(counted.filter(({ kind }) => kind === "undo").map(({ target }) => target));
  return counted.filter(({ id, conflict_of }) => !undone.has(id) && !(conflict_of && undone.has(conflict_of)));
}

/** @param {Mark} mark */
function isCounted({ flag = "", decision = "" }) {
  return decision ? decision === "counted" : !WAIT_FOR_DECISION.has(flag);
}

/**
 * @param {Mark} a
 * @param {Mark} b
 */
function inTime(a, b) {
  return a.at - b.at || (a.stated_at ?? a.at) - (b.stated_at ?? b.at) || ((a.conflict_of ?? a.id) < (b.conflict_of ?? b.id) ? -1 : 1);
}
