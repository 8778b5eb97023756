"""Set faults into the program, one at a time, and count how many the tests catch.

    python -m tools.faults draw FILE [OTHER_CHECKOUT]       130 places by chance (SEED), which both checkouts have
    python -m tools.faults map FILE REACHED [PYTEST'S ...]  one run of the suite: which test reaches which of them
    python -m tools.faults judge FILE REACHED VERDICTS [1/2 [VERDICTS_ELSEWHERE]]
                                                            set each, ask who reaches it; half of them with 1/2
    python -m tools.faults compare VERDICTS_BEFORE VERDICTS how many were caught, and which are not any more

Run it in a clean checkout: faults are set into its files, and taken out again.
"""

from __future__ import annotations

import json
import random
import signal
import sys
from collections import Counter
from pathlib import Path

from tools.faults.judge import CAUGHT, judge, rows_of
from tools.faults.map import Reached, watch
from tools.faults.places import Fault, found_again, js_faults, python_faults

SEED = 2028
N_PYTHON, N_SCRIPTS = 100, 30


def draw(file: Path, root: Path, other: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - to be drawn again
    drawn = []
    for find, n in ((python_faults, N_PYTHON), (js_faults, N_SCRIPTS)):
        there = {fault.identity for fault in find(other)}
        drawn += chance.sample([fault for fault in find(root) if fault.identity in there], n)
    file.write_text(json.dumps([fault.as_row() for fault in drawn], ensure_ascii=False, indent=1))


def drawn_in(file: Path, part: str) -> list[Fault]:
    faults = [Fault(**row) for row in json.loads(file.read_text())]
    nth, _, of = part.partition("/")
    return faults[int(nth) - 1 :: int(of)]


def compare(before: Path, after: Path) -> int:
    """How many of the drawn faults each revision's tests caught; 1 where one is missed that was caught before."""
    verdicts = [{tuple(row["identity"]): row["verdict"] for row in rows_of(path)} for path in (before, after)]
    for name, found in zip(("before", "after"), verdicts, strict=True):
        print(name, dict(Counter(map(str, found.values()))))
    lost = [key for key, verdict in verdicts[0].items() if verdict == CAUGHT != verdicts[1].get(key)]
    for key in lost:
        print("not caught any more:", *key[:4], verdicts[1].get(key))
    return 1 if lost else 0


def main(arguments: list[str]) -> int:
    root = Path.cwd()
    # Whoever ends it leaves no fault behind: what was changed is put back on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    match arguments:
        case ["draw", file, *other]:
            draw(Path(file), root, Path(other[0]) if other else root)
        case ["map", file, reached, *rest]:
            watch(root, found_again(root, drawn_in(Path(file), "1/1")).values(), Path(reached).resolve(), rest)
        case ["judge", file, reached, verdicts, *more]:
            part, elsewhere = more[0] if more else "1/1", Path(more[1]) if len(more) > 1 else None
            judge(root, drawn_in(Path(file), part), Reached(Path(reached)), Path(verdicts), elsewhere)
        case ["compare", before, after]:
            return compare(Path(before), Path(after))
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
