"""Support needs with the hub's answers: the sealed text of `Registration.needs`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum


class NeedState(StrEnum):
    """Asked and unanswered, arranged, or impossible here."""

    ASKED = "asked"
    ARRANGED = "arranged"
    IMPOSSIBLE = "impossible"


def read_needs(text: str | None) -> dict[str, NeedState]:
    """`food,ramp=arranged`: by code, in order. A bare code has no answer yet."""
    parts = [part.partition("=") for part in (text or "").split(",") if part]
    return {code: NeedState(state or NeedState.ASKED) for code, _sign, state in parts}


def write_needs(needs: Mapping[str, NeedState]) -> str | None:
    """None: nothing is asked for."""
    parts = [code if state is NeedState.ASKED else f"{code}={state.value}" for code, state in sorted(needs.items())]
    return ",".join(parts) or None


def asking_for(text: str | None, codes: Collection[str]) -> str | None:
    """Needs that stay keep their answer."""
    known = read_needs(text)
    return write_needs({code: known.get(code, NeedState.ASKED) for code in codes})
