/** The counted band redrawn after an arrival: one row, the lit figures first. The same drawing as `trainings/web/band.py`. */

const STEP = 12;
const MOST = 40;
const LIT = "h2v2h2v2h2v2h-2v2h-2v2h-2v-2h-2v-2h-2v-2h2v-2h2z";
const DIM = "h1v2h2v1h-2v2h-1v-2h-2v-1h2z";

/**
 * @param {number} lit
 * @param {number} total
 * @returns {{width: number, lit: string, dim: string, figure: number}} figure: how many people one figure stands for
 */
export function lineBand(lit, total) {
  const figure = peopleAFigure(total);
  const n = figures(total, figure);
  // Whole figures only: a full row means everybody, an empty one nobody.
  const n_lit = Math.min(n, lit >= total ? n : Math.floor(Math.max(lit, 0) / figure));
  return { width: STEP * n, lit: path(LIT, 5, 1, 0, n_lit), dim: path(DIM, 5.5, 3.5, n_lit, n), figure };
}

/** @param {number} total */
function peopleAFigure(total) {
  for (let decade = 1; ; decade *= 10) {
    for (const step of [1, 2, 5]) if (figures(total, step * decade) <= MOST) return step * decade;
  }
}

/**
 * @param {number} total
 * @param {number} figure
 */
function figures(total, figure) {
  return Math.max(1, Math.ceil(total / figure));
}

/**
 * @param {string} shape
 * @param {number} x
 * @param {number} y
 * @param {number} from
 * @param {number} to
 */
function path(shape, x, y, from, to) {
  if (from >= to) return "";
  return `M${x + STEP * from} ${y}${shape}${`m${STEP} 0${shape}`.repeat(to - from - 1)}`;
}

/**
 * @param {Element} svg
 * @param {number} lit
 * @param {number} total
 */
export function redraw(svg, lit, total) {
  const band = lineBand(lit, total);
  svg.setAttribute("viewBox", `0 0 ${band.width} ${STEP}`);
  svg.replaceChildren(
    ...[["dim", band.dim], ["lit", band.lit]].map(([name, d]) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", "path");
      element.setAttribute("class", name);
      element.setAttribute("d", d);
      return element;
    }),
  );
}
