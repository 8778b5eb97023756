"""The process's keyring, with which sealed columns are opened and closed."""

from __future__ import annotations

from trainings.lib.crypt import Keyring

_current: list[Keyring] = []


def set_keyring(ring: Keyring) -> None:
    """Seal and open with `ring` from now on."""
    _current[:] = [ring]


def keyring() -> Keyring:
    """The keyring set by `connect`."""
    assert _current, "the keyring is set when the database is connected"
    return _current[0]
