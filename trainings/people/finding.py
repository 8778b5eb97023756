"""By what staff find people of a hub: each word of a name, and the last digits of a telephone."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any
from uuid import UUID

from trainings.db import keyring, sql
from trainings.db.sql import Insert, Statement
from trainings.lib.text import telling_words

TAIL_DIGITS, TAIL_LENGTH = 4, 8

NAME_WORD = Insert("name_word", "hub int, word text, participant_id uuid", ends="ON CONFLICT DO NOTHING")
"""Written with each registration: an earlier code may bring a person to another hub."""
DROPPED = "DELETE FROM name_word WHERE hub = ? AND word = ? AND participant_id = ?"
NAMED = """
    SELECT DISTINCT p.id, p.name_key, t.hub_id
    FROM participant p
    JOIN registration r ON r.participant_id = p.id
    JOIN training t ON t.id = r.training_id
    WHERE p.id IN ?list AND t.state <> 'practice'
"""


@lru_cache
def hub_number(hub_id: UUID | str) -> int:
    """Random bits of the key, in a ninth of its room. Hubs of one number would share candidates and nothing else:
    people are looked up among the registrations of the reader's hubs.
    """
    return int(str(hub_id)[-8:], 16) & 0x7FFFFFFF


def words_of(name_key: str) -> list[str]:
    """Different ones, of a folded name."""
    return telling_words(dict.fromkeys(name_key.split()))


def word_rows(hub: int, name_key: str, participant_id: str) -> list[tuple[Any, ...]]:
    return [(hub, word, participant_id) for word in words_of(name_key)]


async def drop_words(people: Collection[UUID]) -> None:
    """Before the name changes or goes, in the caller's transaction."""
    await sql.execute_many(DROPPED, await _rows(people))


async def add_words(people: Collection[UUID]) -> None:
    """After the name changed, in the caller's transaction."""
    await sql.write_all([Statement(NAME_WORD, await _rows(people))])


async def _rows(people: Collection[UUID]) -> list[tuple[Any, ...]]:
    found = await sql.rows(NAMED, list(people))
    return [row for one in found for row in word_rows(hub_number(one["hub_id"]), one["name_key"], one["id"])]


def phone_tail(phone: str | None) -> str | None:
    """A keyed hash of the last digits: it brings candidates, whose telephones are compared."""
    return keyring().blind_index(phone[-TAIL_DIGITS:], "phone_tail")[:TAIL_LENGTH] if phone else None


def phone_tails(digits: str) -> list[str]:
    """Under every secret key."""
    return [key[:TAIL_LENGTH] for key in keyring().blind_indexes(digits[-TAIL_DIGITS:], "phone_tail")]
