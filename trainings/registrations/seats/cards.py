"""Reserved cards count in `Training.reserved` and change under their training's lock; a spare card has its own lock."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM, Actor
from trainings.db import lock, transaction
from trainings.errors import NotFound, Refusal
from trainings.lib import tokens
from trainings.people.actions import UnknownMunicipality
from trainings.places.models import Hub, Municipality
from trainings.registrations.commands import Fill, SetAside
from trainings.registrations.eligibility import TrainingCancelled, TrainingOver
from trainings.registrations.models import HAS_NAME, Card, CardState, Registration, ReservedBlock
from trainings.registrations.seats.actions import ask
from trainings.schedule.changes import TrainingFacts
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.phase import Phase, phase
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_

logger = logging.getLogger("trainings.registrations")

MOST_RESERVED = 60
MOST_SPARE = 80
RELEASED_BEFORE = timedelta(hours=24)
"""Default time before the first session at which nameless cards go to the waiting list."""


class ReleasedTooLate(Refusal):
    sentence = N_("Los lugares sin nombre se sueltan, a más tardar, cuando empieza la primera sesión.")


class ReleasedInThePast(Refusal):
    sentence = N_("Esa hora ya pasó. Escriba una que esté por venir.")


class AlreadyReleased(Refusal):
    sentence = N_("Estas tarjetas ya se soltaron: sus lugares pasaron a otras personas. Aparte lugares de nuevo.")


class NotPublished(Refusal):
    sentence = N_("Esta capacitación es un borrador. Publíquela y después aparte lugares.")


class UnknownCard(NotFound):
    code = "unknown_card"
    sentence = N_("No encontramos esa tarjeta en su ventanilla. Revise el código: tiene 9 letras y números.")


class UnknownHub(NotFound):
    sentence = N_("No encontramos esa ventanilla entre las suyas.")


class HasName(Refusal):
    code = "card_has_name"
    sentence = N_("Esta tarjeta ya tiene nombre. Lo que haya que cambiar se hace en la inscripción de esa persona.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """`holder` gets the cards, which wait for names until `release_at`. `key`: made by the form; the same twice is
    reserved once.
    """

    n: int
    community: str
    holder: str
    municipality_id: str | None = None
    phone: str | None = None
    release_at: datetime | None = None
    key: UUID | None = None


async def reserve(training_id: UUID, wanted: Reservation, *, actor: Actor) -> ReservedBlock:
    """Reserve 1 to 60 places as nameless cards, all or none (rules: Reserved places).

    The same key again changes nothing. Refuses more than are free, a release that has passed or lies after the
    beginning, an unknown municipality, drafts, and trainings called off or over.
    """
    assert 1 <= wanted.n <= MOST_RESERVED
    async with transaction():
        training = await locked_training(training_id)
        standing = await ReservedBlock.get_or_none(id=wanted.key) if wanted.key else None
        if standing is not None and standing.training_id == training_id:
            return standing
        starts_at = await start_of_what_is_to_come(training)
        release_at = release_time(wanted.release_at, starts_at)
        if wanted.municipality_id and not await Municipality.exists(ine_code=wanted.municipality_id):
            raise UnknownMunicipality(field="municipality")
        await ask(SetAside(training_id=training_id, n_cards=wanted.n, actor=actor))
        key = wanted.key if wanted.key and standing is None else tokens.uuid7()
        block = await _write_block(training, replace(wanted, key=key, release_at=release_at), starts_at, actor)
        await _print(training.hub_id, tokens.uuid7(), wanted.n, block)
        await record("registrations.reserve", actor=actor, object_id=block.id, hub_id=training.hub_id, n=wanted.n)
        return block


async def start_of_what_is_to_come(training: Training) -> datetime:
    sessions = await TrainingSession.filter(training_id=training.id)
    refused = {Phase.DRAFT: NotPublished, Phase.CANCELLED: TrainingCancelled, Phase.HELD: TrainingOver}
    now = phase(training, sessions, clock.now())
    if now in refused:
        raise refused[now]
    starts_at = first_start(sessions)
    assert starts_at is not None
    return starts_at


def usual_release(starts_at: datetime) -> datetime:
    """24 hours before the start, or the start itself where that is near."""
    usual = starts_at - RELEASED_BEFORE
    return usual if usual > clock.now() else starts_at


def release_time(wanted: datetime | None, starts_at: datetime) -> datetime:
    """None: the usual one. Refuses a past time, or one after the beginning."""
    wanted = usual_release(starts_at) if wanted is None else wanted
    if wanted <= clock.now():
        raise ReleasedInThePast(field="release_on")
    if wanted > starts_at:
        raise ReleasedTooLate(field="release_on")
    return wanted


async def _write_block(training: Training, wanted: Reservation, starts_at: datetime, actor: Actor) -> ReservedBlock:
    assert wanted.release_at is not None
    token = tokens.own_link()
    return await ReservedBlock.create(
        id=wanted.key,
        training_id=training.id,
        municipality_id=wanted.municipality_id,
        community=wanted.community,
        holder=wanted.holder,
        phone=wanted.phone,
        token_hash=block_digest(token),
        token=token,
        release_at=wanted.release_at,
        agreed_seconds=seconds_before(starts_at - wanted.release_at),
        created_by_id=actor.id,
    )


def seconds_before(before: timedelta) -> int:
    return max(int(before.total_seconds()), 0)


def block_digest(token: str) -> str:
    return tokens.digest(token, "block")


async def make_spares(hub_id: UUID, n: int, *, actor: Actor, key: UUID | None = None) -> UUID:
    """Print 1 to 80 spare cards; returns the key of their sheet: `key`, made by the form. The same twice is printed
    once.
    """
    assert 1 <= n <= MOST_SPARE
    sheet_id = key or tokens.uuid7()
    async with transaction():
        await lock(Hub, [hub_id])
        if await Card.exists(sheet_id=sheet_id):
            return sheet_id
        await _print(hub_id, sheet_id, n, None)
        await record("registrations.make_spare_cards", actor=actor, object_id=sheet_id, hub_id=hub_id, n=n)
        return sheet_id


async def _print(hub_id: UUID, sheet_id: UUID, n: int, block: ReservedBlock | None) -> None:
    codes = await _free_short_codes(n, block.training_id if block else None)
    rows = []
    for number, code in enumerate(codes, start=1):
        qr = tokens.qr_token()
        rows.append(
            Card(
                hub_id=hub_id,
                block_id=block.id if block else None,
                sheet_id=sheet_id,
                number=number,
                short_code=code,
                qr_hash=tokens.digest(qr, "qr"),
                qr_token=qr,
            )
        )
    await Card.bulk_create(rows)


async def _free_short_codes(n: int, training_id: UUID | None) -> Sequence[str]:
    """Searched first: a refused insert ends a transaction."""
    free: dict[str, None] = {}
    while len(free) < n:
        codes = [tokens.short_code() for _ in range(n - len(free))]
        cards = await Card.filter(short_code__in=codes).values_list("short_code")
        tickets = await Registration.filter(training_id=training_id, short_code__in=codes).values_list("short_code")
        free |= dict.fromkeys(sorted({*codes} - {code for (code,) in [*cards, *tickets]}))
    return list(free)


async def record_printing(card_ids: Sequence[UUID], *, hub_id: UUID, actor: Actor) -> None:
    await record("registrations.print_cards", actor=actor, object_id=card_ids[0], hub_id=hub_id, n=len(card_ids))


# -- giving places up


async def release(block_id: UUID, *, actor: Actor) -> int:
    """A block's nameless cards open nothing any more; their places go to the waiting list. Returns how many. Twice is
    once.
    """
    async with transaction():
        block, training = await locked_block(block_id)
        n = await Card.filter(block_id=block.id, state=CardState.OPEN).update(state=CardState.RELEASED)
        if block.released_at is not None and not n:
            return 0
        block.released_at = block.released_at or clock.now()
        await block.save(update_fields=["released_at"])
        if n:
            await ask(Fill(training_id=training.id, n_cards=n, actor=actor))
        await record("registrations.release_cards", actor=actor, object_id=block.id, hub_id=training.hub_id, n=n)
        return n


async def set_release(block_id: UUID, wanted: datetime, *, actor: Actor) -> ReservedBlock:
    """Keep a block's nameless cards until then; later this long before the first session, wherever that moves.

    Refuses with AlreadyReleased a released block; a past time, or one after the beginning; a training called off or
    over.
    """
    async with transaction():
        block, training = await locked_block(block_id)
        if block.released_at is not None:
            raise AlreadyReleased
        starts_at = await start_of_what_is_to_come(training)
        old, block.release_at = block.release_at, release_time(wanted, starts_at)
        if block.release_at == old:
            return block
        block.agreed_seconds = seconds_before(starts_at - block.release_at)
        await block.save(update_fields=["release_at", "agreed_seconds"])
        await record(
            "registrations.set_release",
            actor=actor,
            object_id=block.id,
            hub_id=training.hub_id,
            old=old.isoformat(),
            new=block.release_at.isoformat(),
        )
        return block


async def release_due() -> int:
    """Release each due block by itself; returns the number of places freed. A training called off keeps them, like its
    offers: it may take place after all.
    """
    come = ReservedBlock.filter(released_at=None, release_at__lte=clock.now())
    due = await come.exclude(training__state=TrainingState.CANCELLED).order_by("release_at", "id")
    n_places = 0
    for block in due:
        try:
            n_places += await release(block.id, actor=PROGRAM)
        except Exception:  # a block that cannot be released must not hold up others
            logger.exception("block %s could not be released", block.id)
    return n_places


async def move_releases(before: TrainingFacts, *, actor: Actor) -> None:
    """Keep the agreed time before the first session, after that moved or another became first.

    Until the beginning where less time is left, or the time came while the training was called off; the agreement
    stays. In the caller's transaction, with the training locked.
    """
    was_off = before.training.state is TrainingState.CANCELLED
    old = None if was_off else first_start(list(before.sessions.values()))
    new = first_start(await TrainingSession.filter(training_id=before.training.id))
    if new is None or new == old:
        return
    for block in await ReservedBlock.filter(training_id=before.training.id, released_at=None).order_by("id"):
        assert block.agreed_seconds is not None
        release_at, wanted = block.release_at, new - timedelta(seconds=block.agreed_seconds)
        block.release_at = wanted if wanted > clock.now() else new
        if block.release_at != release_at:
            await block.save(update_fields=["release_at"])
            await record(
                "registrations.move_release",
                actor=actor,
                object_id=block.id,
                hub_id=before.training.hub_id,
                old=release_at.isoformat(),
                new=block.release_at.isoformat(),
            )


def first_start(sessions: Sequence[TrainingSession]) -> datetime | None:
    return min((one.starts_at for one in sessions if one.state is SessionState.PLANNED), default=None)


async def give_back(card_id: UUID, *, actor: Actor) -> None:
    """The card's place goes to the waiting list. Refuses a card with a name."""
    await _give_up(card_id, CardState.RELEASED, "registrations.give_back_card", actor)


async def void(card_id: UUID, *, actor: Actor) -> None:
    """A lost or spoiled card opens nothing; a reserved place is free again. Refuses a card with a name."""
    await _give_up(card_id, CardState.VOID, "registrations.void_card", actor)


async def _give_up(card_id: UUID, state: CardState, act: str, actor: Actor) -> None:
    async with transaction():
        card, training = await locked_card(card_id)
        if card.state in HAS_NAME:
            raise HasName
        if card.state is not CardState.OPEN:
            return
        card.state = state
        await card.save(update_fields=["state"])
        if training is not None:
            await ask(Fill(training_id=training.id, n_cards=1, actor=actor))
        await record(act, actor=actor, object_id=card.id, hub_id=card.hub_id)


async def renew_link(block_id: UUID, *, actor: Actor) -> None:
    async with transaction():
        block, training = await locked_block(block_id)
        token = tokens.own_link()
        block.token, block.token_hash = token, block_digest(token)
        await block.save(update_fields=["token", "token_hash"])
        await record("registrations.renew_card_link", actor=actor, object_id=block.id, hub_id=training.hub_id)


async def locked_card(card_id: UUID) -> tuple[Card, Training | None]:
    """Locks the training, then the card; a spare card has no training."""
    where = await Card.get_or_none(id=card_id).select_related("block")
    if where is None:
        raise UnknownCard
    training = await locked_training(where.block.training_id) if where.block is not None else None
    [card] = await lock(Card, [card_id])
    return card, training


async def locked_block(block_id: UUID) -> tuple[ReservedBlock, Training]:
    """Locks the training, as every writer of a block does."""
    where = await ReservedBlock.get_or_none(id=block_id)
    if where is None:
        raise NotFound(N_("No encontramos esas tarjetas."))
    training = await locked_training(where.training_id)
    return await ReservedBlock.get(id=block_id), training
