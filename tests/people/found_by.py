"""What people are to be found by, worked out from their names and telephones, and what is kept for that."""

from __future__ import annotations

from typing import Any

from trainings.db import keyring, sql
from trainings.lib.text import fold
from trainings.people.models import Guardian, Participant
from trainings.registrations.models import Registration

PARTICLES = {"de", "del", "la", "las", "los", "y"}


async def words_by_name() -> set[tuple[int, str, str]]:
    """Hub (its number), word and person of each registration."""
    found = await Registration.all().values_list(
        "training__hub_id", "participant_id", "participant__given_names", "participant__surnames"
    )
    return {
        (hub_id.int % 2**31, word, str(key))
        for hub_id, key, given, surnames in found
        for word in {*fold(f"{given} {surnames}").split()} - PARTICLES
    }


async def words_kept() -> set[tuple[Any, ...]]:
    return {(hub, word, str(key)) for hub, word, key in await sql.tuples("SELECT * FROM name_word")}


async def tails_by_phone() -> dict[str, str]:
    """Of each person the hash of the last four digits: of their own number, or of the guardian's that a minor's key is
    of; and of a second number after the person's key and a plus.
    """
    ring = keyring()
    others = {f"{one.id}+": str(one.other_phone) for one in await Participant.exclude(other_phone=None)}
    found = {key: ring.blind_index(phone[-4:], "phone_tail")[:8] for key, phone in others.items()}
    guardians: dict[Any, list[str]] = {}
    for guardian in await Guardian.exclude(phone=None):
        guardians.setdefault(guardian.participant_id, []).append(str(guardian.phone))
    for one in await Participant.exclude(phone_key=None):
        told = [one.phone] if one.phone else guardians[one.id]
        (phone,) = {phone for phone in told if ring.blind_index(phone, "phone") == one.phone_key}
        found[str(one.id)] = ring.blind_index(phone[-4:], "phone_tail")[:8]
    return found


async def tails_kept() -> dict[str, str]:
    found = await Participant.all().values_list("id", "phone_tail", "other_phone_tail")
    kept = {str(key): tail for key, tail, _other in found} | {f"{key}+": tail for key, _tail, tail in found}
    return {key: tail for key, tail in kept.items() if tail is not None}
