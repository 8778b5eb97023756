"""Which passwords are refused, and that hashing costs what it should."""

from __future__ import annotations

import pytest

from trainings.accounts import passwords
from trainings.accounts.passwords import (
    PasswordCommon,
    PasswordPersonal,
    PasswordTooLong,
    PasswordTooShort,
    WeakPassword,
)

NAME, EMAIL = "María Elena Caal", "coordina.peten@muni.example"


@pytest.fixture(autouse=True)
def quick_hashes() -> None:
    """None: here the cost itself is looked at."""


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("elote verde", PasswordTooShort),
        ("x" * 201, PasswordTooLong),
        ("1qaz2wsx3edc", PasswordCommon),
        ("passwordpassword", PasswordCommon),
        ("Password2024!!!", PasswordCommon),
        ("CONTRASEÑA 2026", PasswordCommon),
        ("¡Guatemala2026!", PasswordCommon),
        ("502555512345", PasswordCommon),
        ("121212121212", PasswordCommon),
        ("aaaaaaaaaaaaaaaa", PasswordCommon),
        ("soy maria elena 7", PasswordPersonal),
        ("Coordina en el lago", PasswordPersonal),
    ],
)
def test_weak_password_is_refused(password: str, refusal: type[WeakPassword]) -> None:
    with pytest.raises(WeakPassword) as refused:
        passwords.refuse_weak(password, name=NAME, email=EMAIL)

    assert type(refused.value) is refusal
    assert refused.value.field == "password"


@pytest.mark.parametrize("password", ["cuatro tamales verdes", "x7#kq2!vTz9b", "ñandú ʼayin 8", " espacios adentro "])
def test_long_unlisted_password_is_taken_whatever_its_characters(password: str) -> None:
    passwords.refuse_weak(password, name=NAME, email=EMAIL)


async def test_password_is_right_only_exactly_as_set() -> None:
    kept = await passwords.make_hash(" Cuatro tamales ñ ")

    assert await passwords.is_right(" Cuatro tamales ñ ", kept)
    assert await passwords.is_right(" Cuatro tamales n\N{COMBINING TILDE} ", kept)
    assert not await passwords.is_right("Cuatro tamales ñ", kept)
    assert not await passwords.is_right(" cuatro tamales ñ ", kept)


async def test_nobodys_hash_costs_as_much_as_a_new_one_and_is_nobodys() -> None:
    kept = await passwords.make_hash("cuatro tamales verdes")

    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.needs_new_hash(passwords.NOBODYS)
    assert not await passwords.is_right("", "")
