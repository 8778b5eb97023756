"""A line names a body and an office, never a private contact."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.lib.text import fold
from trainings.registrations.models import Addressee, InvitationLetter, InvitedHow, ReservedBlock
from trainings.schedule.models import Training
from trainings.web.i18n import N_

MOST_LETTERS = 500


class NobodyNamed(WrongInput):
    sentence = N_("Escriba a quién se invita, uno en cada línea.")


class TooManyLetters(Refusal):
    sentence = N_("Una capacitación lleva hasta %(most)s convocatorias. Ya hay %(n)s.")


class NothingChosen(WrongInput):
    sentence = N_("Marque primero en la lista a quién.")


class AlreadyInvited(Refusal):
    sentence = N_("Lo que ya se anotó como entregado no se quita. Deshaga primero la entrega.")


class InvitedInFuture(Refusal):
    sentence = N_("Ese día todavía no llega. Escriba el día en que se invitó.")


class UnknownCards(Refusal):
    sentence = N_("Esas tarjetas no son de esta capacitación. Escoja otras de la lista.")


class CardsGoOnce(Refusal):
    sentence = N_("Esas tarjetas se entregan una sola vez: van con una sola carta. Escójalas para una, o aparte otras.")


class UnknownLetter(NotFound):
    sentence = N_("No encontramos esa convocatoria en su ventanilla. Búsquela en la capacitación.")


@dataclass(frozen=True, slots=True)
class Invited:
    kind: Addressee
    addressee: str
    office: str = ""
    community: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    how: InvitedHow
    day: date


@dataclass(frozen=True, slots=True)
class Prepared:
    n_new: int
    n_known: int


# -- reading


async def letters_of(training_id: UUID) -> list[InvitationLetter]:
    return await reads(InvitationLetter).filter(training_id=training_id).order_by("id")


async def letter_of(training_id: UUID, letter_id: UUID) -> InvitationLetter:
    found = await reads(InvitationLetter).get_or_none(id=letter_id, training_id=training_id)
    if found is None:
        raise UnknownLetter
    return found


# -- writing


async def prepare(
    training_id: UUID,
    invited: Sequence[Invited],
    *,
    actor: Actor,
    block_id: UUID | None = None,
    done: Done | None = None,
) -> Prepared:
    """Add bodies; `done` where they were invited already. Known names stay.

    Refuses an empty list, more than 500 in all, a day to come, cards of another training, and cards for several
    letters.
    """
    if not invited:
        raise NobodyNamed(field="names")
    _check_day(done, field="done_day")
    async with transaction():
        training = await _locked(training_id)
        await _check_block(training_id, block_id, field="block")
        standing = await InvitationLetter.filter(training_id=training_id).values_list("addressee", "community")
        known = {_key(addressee, community) for addressee, community in standing}
        rows = [
            InvitationLetter(
                training_id=training_id,
                block_id=block_id,
                kind=one.kind,
                addressee=one.addressee,
                office=one.office,
                community=one.community,
                **_columns(done),
                recorded_by_id=actor.id,
            )
            for one in _but_known(invited, known)
        ]
        if len(standing) + len(rows) > MOST_LETTERS:
            raise TooManyLetters(field="names", most=MOST_LETTERS, n=len(standing))
        await _check_cards_go_once(block_id, [row.id for row in rows], field="block")
        await InvitationLetter.bulk_create(rows)
        await _record("prepare_letters", training, len(rows), actor, how=done.how if done else None)
    return Prepared(len(rows), len(invited) - len(rows))


async def mark_invited(training_id: UUID, letter_ids: Collection[UUID], done: Done, *, actor: Actor) -> int:
    """Returns how many. Refuses a day to come, and (NothingChosen) none."""
    _check_day(done, field="day")
    async with transaction():
        training = await _locked(training_id)
        chosen = await _chosen(training_id, letter_ids)
        ids = [one.id for one in chosen]
        await InvitationLetter.filter(id__in=ids).update(**_columns(done), recorded_by_id=actor.id)
        await _record("mark_invited", training, len(ids), actor, how=done.how)
    return len(ids)


async def take_back(training_id: UUID, letter_ids: Collection[UUID], *, actor: Actor) -> int:
    """Back to prepared; returns how many changed."""
    async with transaction():
        training = await _locked(training_id)
        ids = [one.id for one in await _chosen(training_id, letter_ids) if one.invited_at is not None]
        await InvitationLetter.filter(id__in=ids).update(how=None, invited_at=None, recorded_by_id=actor.id)
        await _record("take_back_invitation", training, len(ids), actor)
    return len(ids)


async def remove(training_id: UUID, letter_ids: Collection[UUID], *, actor: Actor) -> int:
    """Returns how many. Refuses all where one was invited."""
    async with transaction():
        training = await _locked(training_id)
        chosen = await _chosen(training_id, letter_ids)
        if any(one.invited_at is not None for one in chosen):
            raise AlreadyInvited
        await InvitationLetter.filter(id__in=[one.id for one in chosen]).delete()
        await _record("remove_letters", training, len(chosen), actor)
    return len(chosen)


async def attach(training_id: UUID, letter_ids: Collection[UUID], block_id: UUID | None, *, actor: Actor) -> int:
    """Send a block's cards with a letter, or none; returns how many letters. Refuses another training's block, and
    cards for several letters.
    """
    async with transaction():
        training = await _locked(training_id)
        await _check_block(training_id, block_id, field="attached")
        ids = [one.id for one in await _chosen(training_id, letter_ids)]
        await _check_cards_go_once(block_id, ids, field="attached")
        await InvitationLetter.filter(id__in=ids).update(block_id=block_id)
        await _record("attach_cards", training, len(ids), actor)
    return len(ids)


async def _locked(training_id: UUID) -> Training:
    """Letters change one at a time, so that nobody is added twice."""
    [training] = await lock(Training, [training_id])
    return training


async def _chosen(training_id: UUID, letter_ids: Iterable[UUID]) -> list[InvitationLetter]:
    found = await InvitationLetter.filter(training_id=training_id, id__in=list(letter_ids))
    if not found:
        raise NothingChosen
    return found


async def _check_block(training_id: UUID, block_id: UUID | None, *, field: str) -> None:
    if block_id is not None and not await ReservedBlock.exists(id=block_id, training_id=training_id):
        raise UnknownCards(field=field)


async def _check_cards_go_once(block_id: UUID | None, letter_ids: Sequence[UUID], *, field: str) -> None:
    """Enclosed cards are paper: they go with one letter."""
    if block_id is None or not letter_ids:
        return
    standing = InvitationLetter.filter(block_id=block_id).exclude(id__in=list(letter_ids))
    if len(letter_ids) > 1 or await standing.exists():
        raise CardsGoOnce(field=field)


def _check_day(done: Done | None, *, field: str) -> None:
    if done is not None and done.day > clock.today():
        raise InvitedInFuture(field=field)


def _columns(done: Done | None) -> dict[str, object]:
    return {"how": done.how, "invited_at": clock.midnight(done.day)} if done else {"how": None, "invited_at": None}


def _but_known(invited: Iterable[Invited], known: Collection[str]) -> list[Invited]:
    new: dict[str, Invited] = {}
    for one in invited:
        key = _key(one.addressee, one.community)
        if key not in known:
            new.setdefault(key, one)
    return list(new.values())


def _key(addressee: str, community: str) -> str:
    return f"{fold(addressee)} · {fold(community)}"


async def _record(act: str, training: Training, n: int, actor: Actor, *, how: InvitedHow | None = None) -> None:
    detail = {"n": n, "how": how.value} if how else {"n": n}
    await record(f"registrations.{act}", actor=actor, object_id=training.id, hub_id=training.hub_id, **detail)
