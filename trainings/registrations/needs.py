"""Support that somebody asks for, and what staff answered: one sealed text of `code` or `code=state`, comma between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from trainings.people.words import NEEDS


class NeedState(StrEnum):
    """What came of a wish. Without an answer it is only asked for."""

    ASKED = "asked"
    ARRANGED = "arranged"
    IMPOSSIBLE = "impossible"


def read_needs(stored: str | None) -> dict[str, NeedState]:
    """Code → state, in the order of the list of needs. Codes and states that nobody knows any more are left out."""
    found: dict[str, NeedState] = {}
    for part in (stored or "").split(","):
        code, _sep, state = part.strip().partition("=")
        if code in NEEDS:
            found[code] = NeedState(state) if state in set(NeedState) else NeedState.ASKED
    return {code: found[code] for code in NEEDS if code in found}


def write_needs(needs: Mapping[str, NeedState]) -> str | None:
    """The text to be stored; none where nothing is asked for."""
    parts = [code if state is NeedState.ASKED else f"{code}={state.value}" for code, state in sorted(needs.items())]
    return ",".join(parts) or None


def ask_again(stored: str | None, codes: Iterable[str]) -> str | None:
    """The text after somebody asks for these: what was asked for already keeps its answer."""
    answered = read_needs(stored)
    return write_needs({code: answered.get(code, NeedState.ASKED) for code in codes})
