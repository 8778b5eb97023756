from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Subquery
from tortoise.functions import Count, Min
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.permissions import DESK, can_register_at_desk
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.lib.text import short_name
from trainings.people.models import Consent, Guardian
from trainings.places.models import Hub
from trainings.registrations.eligibility import is_over
from trainings.registrations.models import (
    HAS_NAME,
    Card,
    CardState,
    InvitationLetter,
    OwnLink,
    Registration,
    RegistrationState,
    ReservedBlock,
)
from trainings.registrations.queries import LINK_DAYS
from trainings.registrations.seats.cards import UnknownCard, block_digest
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.phase import over_at
from trainings.web.i18n import N_

SHOWN_TRAINING = ("training__hub__seat", "training__venue__municipality", "municipality")


class UnknownCards(NotFound):
    sentence = N_("Este enlace no abre ninguna tarjeta. Revise que esté completo, o llame a la ventanilla.")


class UnknownBlock(NotFound):
    sentence = N_("No encontramos esas tarjetas en su ventanilla. Búsquelas en la página de la capacitación.")


@dataclass(frozen=True, slots=True)
class CardLine:
    """`name` is short; empty: none, or hidden from this reader."""

    id: UUID
    number: int
    short_code: str
    qr_token: str | None
    state: CardState
    name: str = ""
    registration_id: UUID | None = None
    is_cancelled: bool = False

    @property
    def is_held(self) -> bool:
        return self.state is CardState.HELD

    @property
    def is_ticket(self) -> bool:
        return self.state is CardState.OPEN or (self.state is CardState.USED and not self.is_cancelled)


@dataclass(frozen=True, slots=True)
class Block:
    block: ReservedBlock
    sessions: Sequence[TrainingSession]
    cards: Sequence[CardLine]

    @property
    def training(self) -> Training:
        return self.block.training

    @property
    def n_open(self) -> int:
        return sum(card.state is CardState.OPEN for card in self.cards)

    @property
    def n_named(self) -> int:
        return sum(card.state in HAS_NAME for card in self.cards)

    @property
    def n_given_up(self) -> int:
        return len(self.cards) - self.n_open - self.n_named

    @property
    def is_over(self) -> bool:
        return self.training.state is TrainingState.CANCELLED or is_over(self.sessions, clock.now())


# -- blocks


async def by_bearer_link(token: str) -> Block:
    """Only names that the bearer gave. Unknown, replaced, malformed, or 30 days after the last session: one 404."""
    read = tokens.read_own_link(token)
    found = await _with_training(token_hash=block_digest(read)) if read else None
    if found is None:
        raise UnknownCards
    sessions = await _sessions(found)
    end = over_at(sessions)
    if end is not None and clock.now() > end + LINK_DAYS:
        raise UnknownCards
    return Block(found, sessions, [_without_name(line) for line in await _lines(found, named_by_bearer=True)])


def _without_name(line: CardLine) -> CardLine:
    """Registration ids are for staff."""
    return CardLine(
        line.id, line.number, line.short_code, line.qr_token, line.state, line.name, None, line.is_cancelled
    )


async def block_at_desk(block_id: UUID, actor: Actor) -> Block:
    found = await _with_training(id=block_id)
    if found is None or not can_register_at_desk(actor, found.training.hub_id):
        raise UnknownBlock
    return Block(found, await _sessions(found), await _lines(found))


async def blocks_of(training_id: UUID) -> list[Block]:
    """Without names."""
    found = await reads(ReservedBlock).filter(training_id=training_id).order_by("id").prefetch_related(*SHOWN_TRAINING)
    cards = await reads(Card).filter(block_id__in=[one.id for one in found]).order_by("number")
    sessions = await reads(TrainingSession).filter(training_id=training_id).prefetch_related("venue__municipality")
    return [Block(one, sessions, [_line(card) for card in cards if card.block_id == one.id]) for one in found]


async def has_letter(block_id: UUID) -> bool:
    """A letter says until when the cards wait for a name."""
    return await reads(InvitationLetter).filter(block_id=block_id).exists()


async def _with_training(**which: object) -> ReservedBlock | None:
    return await reads(ReservedBlock).get_or_none(**which).prefetch_related(*SHOWN_TRAINING)


async def _sessions(block: ReservedBlock) -> list[TrainingSession]:
    sessions = reads(TrainingSession).filter(training_id=block.training_id).prefetch_related("venue__municipality")
    return sorted(await sessions, key=lambda session: (session.starts_at, session.id))


async def _lines(block: ReservedBlock, *, named_by_bearer: bool = False) -> list[CardLine]:
    cards = await reads(Card).filter(block_id=block.id).order_by("number").prefetch_related("registration__participant")
    people = {card.registration.id: card.registration for card in cards if card.registration is not None}
    shown = await _given_by_bearer(people) if named_by_bearer else people
    return [_line(card, shown.get(card.registration_id) if card.registration_id else None) for card in cards]


def _line(card: Card, registration: Registration | None = None) -> CardLine:
    person = registration.participant if registration is not None else None
    return CardLine(
        id=card.id,
        number=card.number,
        short_code=card.short_code,
        qr_token=card.qr_token,
        state=card.state,
        name=short_name(person.given_names, person.surnames) if person is not None else "",
        registration_id=card.registration_id,
        is_cancelled=registration is not None and registration.state is RegistrationState.CANCELLED,
    )


async def _given_by_bearer(people: Mapping[UUID, Registration]) -> dict[UUID, Registration]:
    """Cards whose consent no staff recorded, and whose registration nobody claimed."""
    participants = [one.participant_id for one in people.values()]
    agreed = {key for (key,) in await _unrecorded(Consent, participants)}
    agreed |= {key for (key,) in await _unrecorded(Guardian, participants)}
    claimed = reads(OwnLink).filter(registration_id__in=list(people), claimed_at__not_isnull=True)
    own = {key for (key,) in await claimed.values_list("registration_id")}
    return {
        key: one
        for key, one in people.items()
        if one.participant_id in agreed and key not in own and one.detached_at is None
    }


async def _unrecorded(kind: type[Consent | Guardian], participants: Collection[UUID]) -> list[tuple[UUID]]:
    found = reads(kind).filter(participant_id__in=list(participants), recorded_by_id=None)
    return list(await found.values_list("participant_id"))


# -- spare cards


async def hubs_at_desk(actor: Actor) -> list[Hub]:
    return await reads(Hub).filter(id__in=sorted(actor.hubs_with(DESK))).order_by("name", "id")


@dataclass(frozen=True, slots=True)
class Printing:
    sheet_id: UUID
    hub_id: UUID
    made_at: datetime
    n: int
    n_open: int


def spare_cards(hub_ids: Collection[UUID]) -> QuerySet[Card]:
    """Without those on the sheets of a practice."""
    spare = reads(Card).filter(block_id=None, hub_id__in=sorted(hub_ids))
    practised = spare.filter(sheet_rows__sheet__session__training__state=TrainingState.PRACTICE)
    return spare.exclude(id__in=Subquery(practised.values("id")))


async def printings_of(hub_ids: Collection[UUID], *, most: int = 20) -> list[Printing]:
    rows = (
        await spare_cards(hub_ids)
        .annotate(n=Count("id"), made_at=Min("created_at"))
        .group_by("sheet_id", "hub_id", "state")
        .values("sheet_id", "hub_id", "state", "n", "made_at")
    )
    made: dict[UUID, Printing] = {}
    for row in rows:
        before = made.get(row["sheet_id"])
        n_open = row["n"] if row["state"] == CardState.OPEN else 0
        made[row["sheet_id"]] = Printing(
            sheet_id=row["sheet_id"],
            hub_id=row["hub_id"],
            made_at=row["made_at"] if before is None else min(row["made_at"], before.made_at),
            n=row["n"] + (before.n if before else 0),
            n_open=n_open + (before.n_open if before else 0),
        )
    return sorted(made.values(), key=lambda one: one.made_at, reverse=True)[:most]


async def printing_at_desk(sheet_id: UUID, actor: Actor) -> tuple[UUID, list[CardLine]]:
    """(hub, cards) of spare cards, at the actor's desk."""
    cards = await reads(Card).filter(sheet_id=sheet_id, block_id=None).order_by("number")
    if not cards or not can_register_at_desk(actor, cards[0].hub_id):
        raise UnknownBlock
    return cards[0].hub_id, [_line(card) for card in cards]


# -- one card, by what is printed on it


async def card_by_code(typed: str, actor: Actor) -> Card:
    """By QR or short code. Refuses (UnknownCard) where the actor is not at the desk."""
    qr, short_code = tokens.read_qr(typed), tokens.read_short_code(typed)
    if qr is not None:
        return await _at_desk(actor, qr_hash=tokens.digest(qr, "qr"))
    if short_code is not None:
        return await _at_desk(actor, short_code=short_code)
    raise UnknownCard


async def card_at_desk(card_id: UUID, actor: Actor) -> Card:
    return await _at_desk(actor, id=card_id)


async def _at_desk(actor: Actor, **which: object) -> Card:
    card = await reads(Card).get_or_none(**which).select_related("block__training", "hub__seat")
    if card is None or not can_register_at_desk(actor, card.hub_id):
        raise UnknownCard
    return card


async def trainings_to_come(hub_id: UUID) -> list[Training]:
    open_ones = reads(Training).filter(hub_id=hub_id, state__in=[TrainingState.PUBLISHED, TrainingState.UNLISTED])
    coming = open_ones.filter(sessions__ends_at__gt=clock.now()).distinct()
    found = [one for one in await coming.prefetch_related("sessions") if not is_over(list(one.sessions), clock.now())]
    return sorted(found, key=lambda one: min(session.starts_at for session in one.sessions))


SLIPS_WITHIN = timedelta(days=30)


async def trainings_of_slips(hub_ids: Iterable[UUID]) -> list[Training]:
    """To come, under way and over lately, the latest first."""
    known = reads(Training).filter(
        hub_id__in=sorted(hub_ids), state__in=[TrainingState.PUBLISHED, TrainingState.UNLISTED]
    )
    lately = known.filter(sessions__ends_at__gt=clock.now() - SLIPS_WITHIN).distinct()
    found = await lately.prefetch_related("sessions")
    return sorted(found, key=lambda one: min(session.starts_at for session in one.sessions), reverse=True)


async def session_of_slip(card: Card, training_id: UUID | None) -> TrainingSession | None:
    """At which the person came: of the sheet on whose row the card stands, else the last of the chosen training that
    began. None: none did, or the card is reserved.
    """
    begun = reads(TrainingSession).filter(training__hub_id=card.hub_id, state=SessionState.PLANNED)
    on_row = await begun.filter(sheets__rows__card_id=card.id).first()
    if on_row is not None or training_id is None or card.block_id is not None:
        return on_row
    return await begun.filter(training_id=training_id, starts_at__lte=clock.now()).order_by("-starts_at").first()


# -- at the door


@dataclass(frozen=True, slots=True)
class SeenCard:
    """A card shown at a door that is nobody's ticket. `is_elsewhere`: reserved for another training; `community`: of a
    reserved card; `qr_hash` makes its QR and short code one card.
    """

    id: UUID
    short_code: str
    state: CardState
    is_reserved: bool
    is_elsewhere: bool
    community: str = ""
    qr_hash: str = ""

    @property
    def is_usable(self) -> bool:
        return self.state is CardState.OPEN and not self.is_elsewhere


async def seen_at(training: Training, codes: Collection[str]) -> dict[str, SeenCard]:
    """Only cards of the training's hub that are nobody's ticket."""
    if not codes:
        return {}
    digests = {tokens.digest(code, "qr"): code for code in codes if len(code) == tokens.QR_TOKEN_LENGTH}
    ours = reads(Card).filter(hub_id=training.hub_id, state__not=CardState.USED).select_related("block")
    by_qr = await ours.filter(qr_hash__in=list(digests)) if digests else []
    typed = [code for code in codes if len(code) == tokens.SHORT_CODE_LENGTH]
    by_code = await ours.filter(short_code__in=typed) if typed else []
    seen = {digests[card.qr_hash]: _seen(card, training) for card in by_qr}
    return seen | {card.short_code: _seen(card, training) for card in by_code}


async def seen_card(training: Training, card_id: UUID) -> SeenCard:
    card = await reads(Card).get_or_none(id=card_id, hub_id=training.hub_id).select_related("block")
    if card is None:
        raise UnknownCard
    return _seen(card, training)


def _seen(card: Card, training: Training) -> SeenCard:
    block = card.block
    return SeenCard(
        id=card.id,
        short_code=card.short_code,
        state=card.state,
        is_reserved=block is not None,
        is_elsewhere=block is not None and block.training_id != training.id,
        community=block.community if block is not None else "",
        qr_hash=card.qr_hash,
    )
