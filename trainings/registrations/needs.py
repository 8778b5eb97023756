"""The support that a person asks for, with what the hub answered: the one sealed text of `Registration.needs`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum


class NeedState(StrEnum):
    """What became of a wish: asked and not answered yet, arranged, or impossible here."""

    ASKED = "asked"
    ARRANGED = "arranged"
    IMPOSSIBLE = "impossible"


def read_needs(text: str | None) -> dict[str, NeedState]:
    """The needs by code, in order: `food,ramp=arranged`. A code alone was asked for and has no answer yet."""
    parts = [part.partition("=") for part in (text or "").split(",") if part]
    return {code: NeedState(state or NeedState.ASKED) for code, _sign, state in parts}


def write_needs(needs: Mapping[str, NeedState]) -> str | None:
    """The text that is stored; nothing where nothing is asked for."""
    parts = [code if state is NeedState.ASKED else f"{code}={state.value}" for code, state in sorted(needs.items())]
    return ",".join(parts) or None


def asking_for(text: str | None, codes: Collection[str]) -> str | None:
    """The text once exactly these are asked for: those that stay keep their answer."""
    known = read_needs(text)
    return write_needs({code: known.get(code, NeedState.ASKED) for code in codes})
