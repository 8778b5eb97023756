from __future__ import annotations

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from trainings.errors import WrongInput
from trainings.lib.text import fold
from trainings.web.i18n import N_

SHORTEST, LONGEST = 12, 200
COMMON_LIST = Path(__file__).parent / "data" / "common_passwords.txt"
OWN_WORDS = frozenset({
    "capacitacion", "capacitaciones", "contraseña", "guatemala", "migracion", "migraciones", "municipalidad", "peten",
    "plataforma", "quetzaltenango", "sanmarcos", "secreto", "usuario", "ventanilla", "ventanillas", "vimmig",
})  # fmt: skip
"""Local guesses that no international list has."""

SHORTEST_PERSONAL = 4
MOST_MONOTONOUS = 4

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Two at a time: fifty sign-ins at once may wait for each other, but not slow down everybody else's pages.
_threads = ThreadPoolExecutor(2, "passwords")

NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$GY5QFUNpFwZbRZbOX6qLMg$KbgHvMYTvB7+XabzWz7QvqnoW9QFHQ3Aql+oCKVZkJY"
"""Checked where the user does not exist, so that the answer takes as long. Nobody knows its password."""


class WeakPassword(WrongInput):
    pass


class PasswordTooShort(WeakPassword):
    sentence = N_("Escriba 12 letras o más. Puede ser una frase.")


class PasswordTooLong(WeakPassword):
    sentence = N_("Escriba hasta 200 letras.")


class PasswordCommon(WeakPassword):
    sentence = N_("Esa contraseña es fácil de adivinar. Escriba otra: por ejemplo, cuatro palabras que no van juntas.")


class PasswordPersonal(WeakPassword):
    sentence = N_("No use su nombre ni su correo en la contraseña. Escriba otra.")


async def make_hash(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, _normal(password))


async def is_right(password: str, password_hash: str) -> bool:
    """Takes the same work when `password_hash` is empty."""
    matches = await asyncio.get_running_loop().run_in_executor(_threads, _matches, password, password_hash or NOBODYS)
    return matches and bool(password_hash)


def needs_new_hash(password_hash: str) -> bool:
    return _hasher.check_needs_rehash(password_hash)


def refuse_weak(password: str, *, name: str, email: str) -> None:
    """Raises WeakPassword. Length and guessing count, not kinds of characters (NIST SP 800-63B)."""
    if len(password) < SHORTEST:
        raise PasswordTooShort(field="password")
    if len(password) > LONGEST:
        raise PasswordTooLong(field="password")
    if _is_common(password):
        raise PasswordCommon(field="password")
    if _is_personal(password, name, email):
        raise PasswordPersonal(field="password")


def _normal(password: str) -> str:
    # The same key gives one code point on one phone and two on another.
    return unicodedata.normalize("NFC", password)


def _matches(password: str, password_hash: str) -> bool:
    try:
        return _hasher.verify(password_hash, _normal(password))
    except VerificationError:
        return False


def _is_common(password: str) -> bool:
    """Listed; or a listed word repeated or with digits and signs around it; or few different characters."""
    lowered = _normal(password).casefold()
    core = _unit(_unit(lowered).strip("".join(c for c in set(lowered) if not c.isalpha())))
    tried = {lowered, core, fold(core)}
    return len(set(lowered)) <= MOST_MONOTONOUS or not core or not tried.isdisjoint(_common())


def _unit(text: str) -> str:
    return text[: (text + text).find(text, 1)] if text else text


def _is_personal(password: str, name: str, email: str) -> bool:
    plain = fold(password).replace(" ", "")
    words = [*fold(name).split(), *fold(email.partition("@")[0]).split()]
    return any(word in plain for word in words if len(word) >= SHORTEST_PERSONAL)


@cache
def _common() -> frozenset[str]:
    lines = COMMON_LIST.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# ")) | {fold(word) for word in OWN_WORDS}
