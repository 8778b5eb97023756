"""Path data of a woven strip, twelve units a figure. Words stand beside it for screen readers."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

STEP = 12
SEATS_A_ROW = 10
MOST_SEATS = 60
MOST_IN_LINE = 40
ROUND_NUMBERS: tuple[int, ...] = tuple(step * 10**decade for decade in range(9) for step in (1, 2, 5))

# A stepped diamond ten units wide and a thin cross five units wide, each drawn from its top left corner.
LIT_FIGURE = "h2v2h2v2h2v2h-2v2h-2v2h-2v-2h-2v-2h-2v-2h2v-2h2z"
DIM_FIGURE = "h1v2h2v1h-2v2h-1v-2h-2v-1h2z"
LIT_CORNER = (5.0, 1.0)
DIM_CORNER = (5.5, 3.5)


@dataclass(frozen=True)
class Band:
    width: int
    height: int
    lit: str
    dim: str
    figure: int = 1


@lru_cache(maxsize=512)
def seats_band(free: int, capacity: int) -> Band:
    """Rows of ten: taken places dim and first, free places lit. Above sixty a figure is several."""
    figure = _people_a_figure(capacity, MOST_SEATS)
    n_figures = _figures(capacity, figure)
    n_lit = min(n_figures, -(-max(free, 0) // figure))
    rows = -(-n_figures // SEATS_A_ROW)
    cells = [divmod(n, SEATS_A_ROW) for n in range(n_figures)]
    n_dim = n_figures - n_lit
    return Band(
        width=STEP * SEATS_A_ROW,
        height=STEP * rows,
        dim=_path(DIM_FIGURE, DIM_CORNER, cells[:n_dim]),
        lit=_path(LIT_FIGURE, LIT_CORNER, cells[n_dim:]),
        figure=figure,
    )


@lru_cache(maxsize=512)
def line_band(lit: int, total: int) -> Band:
    """Lit figures first. Above forty a figure is several."""
    figure = _people_a_figure(total, MOST_IN_LINE)
    n_figures = _figures(total, figure)
    n_lit = min(n_figures, _rounded_lit(lit, total, figure))
    return marks_band(range(1, n_lit + 1), n_figures, figure=figure)


def marks_band(lit: Collection[int], total: int, *, figure: int = 1) -> Band:
    """One row of `total` figures; `lit` are their numbers (from 1)."""
    numbers = range(1, total + 1)
    return Band(
        width=STEP * total,
        height=STEP,
        dim=_path(DIM_FIGURE, DIM_CORNER, [(0, n - 1) for n in numbers if n not in lit]),
        lit=_path(LIT_FIGURE, LIT_CORNER, [(0, n - 1) for n in numbers if n in lit]),
        figure=figure,
    )


def _people_a_figure(total: int, most: int) -> int:
    return next(figure for figure in ROUND_NUMBERS if _figures(total, figure) <= most)


def _figures(total: int, figure: int) -> int:
    return max(1, -(-total // figure))


def _rounded_lit(lit: int, total: int, figure: int) -> int:
    """A full row means everybody, an empty one nobody."""
    if lit >= total:
        return _figures(total, figure)
    return max(lit, 0) // figure


def _path(figure: str, corner: tuple[float, float], cells: Iterable[tuple[int, int]]) -> str:
    parts: list[str] = []
    at_row = at_column = 0
    for row, column in cells:
        if not parts:
            parts.append(f"M{corner[0] + column * STEP:g} {corner[1] + row * STEP:g}{figure}")
        else:
            parts.append(f"m{(column - at_column) * STEP} {(row - at_row) * STEP}{figure}")
        at_row, at_column = row, column
    return "".join(parts)
