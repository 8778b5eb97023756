"""The process's keyring for sealed columns."""

from __future__ import annotations

from trainings.lib.crypt import Keyring

_current: list[Keyring] = []


def set_keyring(ring: Keyring) -> None:
    _current[:] = [ring]


def keyring() -> Keyring:
    assert _current, "the keyring is set when the database is connected"
    return _current[0]
