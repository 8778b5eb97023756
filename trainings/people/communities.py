"""Names that people wrote in a municipality. Only confirmed names are suggested: a written name may be a house's
address. Names that fold alike (capitals, accents, apostrophes) are one community.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tortoise.expressions import Subquery
from tortoise.functions import Count

from trainings import clock
from trainings.accounts.permissions import DESK
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, sql, transaction
from trainings.errors import Refusal, WrongInput
from trainings.lib.text import fold
from trainings.people.actions import searchable
from trainings.people.models import Community, Participant
from trainings.places.models import Municipality
from trainings.web.i18n import N_

MOST_SUGGESTED = 200
BATCH = 200


class NamelessCommunity(WrongInput):
    sentence = N_("Escriba el nombre de la comunidad, con letras o números.")


class NotDecided(Refusal):
    sentence = N_("Eso ya se deshizo. Mire la lista otra vez.")


@dataclass(frozen=True, slots=True)
class Written:
    name: str
    n_people: int


@dataclass(frozen=True, slots=True)
class Known:
    """`n_otherwise`: people with another spelling."""

    name: str
    n_people: int
    n_otherwise: int


@dataclass(frozen=True, slots=True)
class Communities:
    new: Sequence[Written]
    confirmed: Sequence[Known]
    hidden: Sequence[Known]


# -- reading


SUGGESTED = "SELECT name FROM community WHERE municipality_id = ? AND hidden_at IS NULL ORDER BY key LIMIT ?"


async def suggestions(ine_code: str) -> list[str]:
    """Confirmed names, alphabetically, at most 200."""
    return [name for (name,) in await sql.tuples(SUGGESTED, ine_code, MOST_SUGGESTED, are_few=True)]


async def confirmed_names(codes: Collection[str]) -> dict[tuple[str, str], str]:
    rows = reads(Community).filter(municipality_id__in=list(codes), hidden_at=None)
    return {(code, key): name for code, key, name in await rows.values_list("municipality_id", "key", "name")}


async def municipalities_in_scope(actor: Actor) -> list[Municipality]:
    found = reads(Municipality).filter(services__hub_id__in=list(actor.hubs_with(DESK)))
    return await found.distinct().order_by("name", "ine_code")


async def written_by_people(codes: Collection[str]) -> dict[str, list[Written]]:
    spelled = await _spellings(codes)
    known: dict[str, set[str]] = {code: set() for code in codes}
    for code, key in (
        await reads(Community).filter(municipality_id__in=list(codes)).values_list("municipality_id", "key")
    ):
        known[code].add(key)
    return {code: _undecided(spelled[code], known[code]) for code in codes}


async def communities_of(ine_code: str) -> Communities:
    spelled = (await _spellings([ine_code]))[ine_code]
    rows = await reads(Community).filter(municipality_id=ine_code).order_by("key")
    return Communities(
        new=_undecided(spelled, {row.key for row in rows}),
        confirmed=[_known(row, spelled) for row in rows if row.hidden_at is None],
        hidden=[_known(row, spelled) for row in rows if row.hidden_at is not None],
    )


Spellings = Mapping[str, Counter[str]]
"""By folded name: people for each spelling."""


async def _spellings(codes: Collection[str]) -> dict[str, dict[str, Counter[str]]]:
    found: dict[str, dict[str, Counter[str]]] = {code: {} for code in codes}
    written = (
        reads(Participant)
        .filter(municipality_id__in=list(codes), merged_into_id=None)
        .exclude(community="")
        .exclude(id__in=Subquery(Participant.filter(registrations__training__state="practice").values("id")))
        .annotate(n=Count("id"))
        .group_by("municipality_id", "community")
    )
    for code, name, n in await written.values_list("municipality_id", "community", "n"):
        if key := _folded(name):
            found[code].setdefault(key, Counter())[name] += n
    return found


def _undecided(spelled: Spellings, known: Collection[str]) -> list[Written]:
    new = {key: names for key, names in spelled.items() if key not in known}
    in_order = sorted(new, key=lambda key: (-new[key].total(), key))
    return [Written(_usual(new[key]), new[key].total()) for key in in_order]


def _usual(names: Counter[str]) -> str:
    return min(names, key=lambda name: (-names[name], name))


def _known(row: Community, spelled: Spellings) -> Known:
    names = spelled.get(row.key, Counter())
    return Known(row.name, names.total(), names.total() - names[row.name])


# -- deciding


async def confirm(ine_code: str, name: str, *, actor: Actor) -> None:
    """Suggest the name in this spelling. Refuses a name without letters."""
    async with transaction():
        await _decide(ine_code, name, is_hidden=False, actor=actor)


async def correct(ine_code: str, written: str, name: str, *, actor: Actor) -> None:
    """Suggest `name` instead of `written`. People's answers stay as they are. Refuses as `confirm`."""
    async with transaction():
        await _decide(ine_code, name, is_hidden=False, actor=actor)
        if _key(written) != _key(name):
            await _decide(ine_code, written, is_hidden=True, actor=actor)


async def hide(ine_code: str, name: str, *, actor: Actor) -> None:
    """An address, a joke, another municipality's. Refuses as `confirm`."""
    async with transaction():
        await _decide(ine_code, name, is_hidden=True, actor=actor)


async def take_back(ine_code: str, name: str, *, actor: Actor) -> None:
    """The name is new again. Refuses (NotDecided). The row goes: it holds only the decision, and the audit keeps both
    acts.
    """
    async with transaction():
        row = await Community.get_or_none(municipality_id=ine_code, key=_key(name))
        if row is None:
            raise NotDecided
        await row.delete()
        await record("people.take_back_community", actor=actor, object_id=row.id, municipality=ine_code)


async def use_spelling(ine_code: str, name: str, *, actor: Actor) -> int:
    """Give people's other spellings the staff's; returns how many people. Refuses (NotDecided) an unconfirmed name."""
    async with transaction():
        row = await Community.get_or_none(municipality_id=ine_code, key=_key(name), hidden_at=None)
        if row is None:
            raise NotDecided
        names = (await _spellings([ine_code]))[ine_code].get(row.key, Counter())
        n_people = await _respell(ine_code, [one for one in names if one != row.name], row.name)
        await record(
            "people.respell_community", actor=actor, object_id=row.id, municipality=ine_code, n_people=n_people
        )
    return n_people


async def _decide(ine_code: str, name: str, *, is_hidden: bool, actor: Actor) -> None:
    key = _key(name)
    row = Community(
        municipality_id=ine_code,
        name=name,
        key=key,
        confirmed_by_id=actor.id,
        hidden_at=clock.now() if is_hidden else None,
    )
    # Of two simultaneous decisions the later counts.
    await Community.bulk_create(
        [row], on_conflict=["municipality_id", "key"], update_fields=["name", "confirmed_by_id", "hidden_at"]
    )
    kept = await Community.get(municipality_id=ine_code, key=key)
    act = "people.hide_community" if is_hidden else "people.confirm_community"
    await record(act, actor=actor, object_id=kept.id, municipality=ine_code)


def _folded(name: str) -> str:
    return fold(name)[:160]


def _key(name: str) -> str:
    key = _folded(name)
    if not key:
        raise NamelessCommunity
    return key


async def _respell(ine_code: str, spellings: Iterable[str], name: str) -> int:
    wanted = Participant.filter(municipality_id=ine_code, community__in=list(spellings))
    ids = [participant_id for (participant_id,) in await wanted.order_by("id").values_list("id")]
    for start in range(0, len(ids), BATCH):
        people = await lock(Participant, ids[start : start + BATCH])
        for person in people:
            person.community = name
            person.search_text = searchable(person.given_names, person.surnames, name)
        await Participant.bulk_update(people, fields=["community", "search_text"])
    return len(ids)
