"""A form posted in an expired session is kept sealed for an hour, until its author signs in again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl
from uuid import UUID

from trainings import clock
from trainings.accounts.models import KeptForm
from trainings.accounts.queries import session_by_token
from trainings.db import keyring
from trainings.errors import TooMany
from trainings.lib import tokens
from trainings.lib.crypt import SealBroken
from trainings.limits import actions as limits
from trainings.web.forms import MAX_FIELDS

LIVES = timedelta(hours=1)
MOST_PER_HOUR = 20
LONGEST_PATH = 300


@dataclass(frozen=True, slots=True)
class Kept:
    path: str
    fields: list[tuple[str, str]]


async def keep(path: str, body: bytes, *, session_token: str) -> str | None:
    """The token for the cookie. None: a browser that never signed in here, more than twenty an hour, or no form.

    The seal names the person: a colleague at the same computer cannot open it.
    """
    session = await session_by_token(session_token)
    if session is None or not body or len(path) > LONGEST_PATH:
        return None
    try:
        text = body.decode("utf-8")
        _fields_of(text)
        await limits.hit("kept_form", str(session.user_id), MOST_PER_HOUR, 3600)
    except (ValueError, TooMany):
        return None
    token, form_id = tokens.session_id(), tokens.uuid7()
    await KeptForm.create(
        id=form_id,
        token_hash=tokens.digest(token, "kept_form"),
        path=path,
        body_sealed=keyring().seal(text, _binding(form_id, session.user_id)),
        expires_at=clock.now() + LIVES,
    )
    return token


async def opened(token: str, *, user_id: UUID | None) -> Kept | None:
    """None: nothing is left, or it is another person's."""
    form = await KeptForm.get_or_none(token_hash=tokens.digest(token, "kept_form"), expires_at__gt=clock.now())
    if form is None or user_id is None:
        return None
    try:
        body = keyring().open(form.body_sealed, _binding(form.id, user_id))
    except SealBroken:
        return None
    return Kept(form.path, _fields_of(body))


async def forget(token: str) -> None:
    await KeptForm.filter(token_hash=tokens.digest(token, "kept_form")).delete()


async def forget_expired() -> int:
    return await KeptForm.filter(expires_at__lte=clock.now()).delete()


def _fields_of(body: str) -> list[tuple[str, str]]:
    return parse_qsl(body, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")


def _binding(form_id: UUID, user_id: UUID) -> str:
    return f"kept_form:body_sealed:{form_id}:{user_id}"
