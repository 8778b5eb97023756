/** Row numbers as somebody reads them off a signed list. The same rules as `trainings/attendance/sheets/row_lists.py`. */

const WORDS = { all: "todas", todos: "todas", except: "menos", excepto: "menos", but: "menos", salvo: "menos", plus: "mas", also: "mas", tambien: "mas", ademas: "mas" };
const JOINING = new Set("y e and las los la el filas fila rows row".split(" "));
const TOKEN = /\p{Nd}+\s*(?:-|a|al|to|\.{2,})\s*\p{Nd}+|\p{Nd}+|\p{L}+|[^\s,;.]/gu;
const RANGE = /^(\d+)\D+(\d+)$/;
/** Behind a word, as in "menos: 4"; between numbers it could mean a range. */
const COLON = /(\p{L})\s*:/gu;
const LONGEST = 400;

/** What cannot be read: `trouble` is "unreadable" with a `word`, or "no_such_row" with a `row` and the `last` one. */
export class RowListError extends Error {
  /** @param {{trouble: "unreadable" | "no_such_row", word?: string, row?: number, last?: number}} what */
  constructor(what) {
    super(what.trouble);
    Object.assign(this, what);
    this.trouble = what.trouble;
  }
}

/**
 * The rows meant, in order, each once. "todas" are those with a name, 1 to `named`. What comes after "menos" is taken
 * away, blank rows too, until "más": who signed on one is added behind that word.
 * @param {string} typed
 * @param {{named: number, last: number}} sheet
 * @returns {number[]}
 * @throws {RowListError}
 */
export function readRows(typed, { named, last }) {
  const here = new Set();
  let isTakingAway = false;
  for (const word of words(typed)) {
    if (word === "todas") for (let row = 1; row <= named; row += 1) here.add(row);
    else if (word === "menos" || word === "mas") isTakingAway = word === "menos";
    else for (const row of numbers(word, last)) isTakingAway ? here.delete(row) : here.add(row);
  }
  return [...here].sort((a, b) => a - b);
}

/** "1-3, 5, 8-10" of rows in order. @param {number[]} rows */
export function listedRows(rows) {
  /** @type {Array<[number, number]>} */
  const ranges = [];
  for (const row of rows) {
    const latest = ranges[ranges.length - 1];
    if (latest && latest[1] === row - 1) latest[1] = row;
    else ranges.push([row, row]);
  }
  return ranges.map(([first, final]) => (first === final ? `${first}` : `${first}-${final}`)).join(", ");
}

/** @param {string} typed */
function words(typed) {
  const plain = typed.slice(0, LONGEST).toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[\u2010-\u2015\u2212]/g, "-").replace(COLON, "$1 ");
  const found = plain.match(TOKEN) ?? [];
  return found.map((word) => /** @type {Record<string, string>} */ (WORDS)[word] ?? word).filter((word) => !JOINING.has(word));
}

/**
 * One number, or a range of them.
 * @param {string} word
 * @param {number} last
 */
function numbers(word, last) {
  const ends = RANGE.exec(word);
  if (!ends && !/^\d+$/.test(word)) throw new RowListError({ trouble: "unreadable", word });
  const [one, other] = ends ? [Number(ends[1]), Number(ends[2])] : [Number(word), Number(word)];
  const [first, final] = [Math.min(one, other), Math.max(one, other)];
  for (const row of [first, final]) if (row < 1 || row > last) throw new RowListError({ trouble: "no_such_row", row, last });
  return Array.from({ length: final - first + 1 }, (_, n) => first + n);
}
