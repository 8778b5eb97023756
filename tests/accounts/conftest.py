"""Hundreds of sign-ins: each costs as little as a hash can. What a real one costs is asked by `test_passwords.py`."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from trainings.accounts import passwords

QUICK = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", QUICK)
    monkeypatch.setattr(passwords, "NOBODYS", QUICK.hash("nobody's"))
