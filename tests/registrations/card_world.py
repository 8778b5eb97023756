"""Cards as the tests of this folder make them, and what became of their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests import make
from tests.registrations.wishes import wish
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM, Actor
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose, Relation
from trainings.places.models import Hub
from trainings.registrations.cards.use import CardUsed, name_card
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.models import Card, CardState, Registration, ReservedBlock
from trainings.registrations.seats.cards import Reservation, make_spares, reserve
from trainings.schedule.models import Course, Training

MOTHER = GuardianContact("Ana Xol", Relation.MADRE, phone="+50255551234")


async def make_block(training: Training, n: int = 3, *, community: str = "Las Pozas", **details: Any) -> ReservedBlock:
    """Cards for the COCODE of Las Pozas."""
    wanted = Reservation(n=n, community=community, holder="COCODE de Las Pozas", **details)
    return await reserve(training.id, wanted, actor=PROGRAM)


async def make_spare_cards(training: Training, n: int = 1) -> list[Card]:
    """Spare cards of the training's hub."""
    sheet_id = await make_spares(training.hub_id, n, actor=PROGRAM)
    return await Card.filter(sheet_id=sheet_id).order_by("number")


async def ask_course_before(training: Training) -> Course:
    """Another course that must be completed before this training."""
    before = await make.make_course("Consejeras comunitarias: inducción")
    await Training.filter(id=training.id).update(required_courses=[str(before.id)])
    return before


async def cards_of(block: ReservedBlock) -> list[Card]:
    return await Card.filter(block_id=block.id).order_by("number")


async def card_of(block: ReservedBlock, number: int = 1) -> Card:
    return await Card.get(block_id=block.id, number=number)


async def states_of(block: ReservedBlock) -> list[CardState]:
    return [card.state for card in await cards_of(block)]


async def named(card: Card, *, body_hash: str = "rosa", actor: Actor = HOLDER_OF_LINK, **about: Any) -> CardUsed:
    """The card given to Rosa Amalia Coc Xol, or whom the fields name, by the bearer unless told otherwise."""
    return await name_card(card.id, wish(body_hash=body_hash, **about), actor=actor)


async def registration_of(used: CardUsed) -> Registration:
    return await Registration.get(id=used.registration_id).prefetch_related("participant", "group")


def minor(*, guardian: GuardianContact | None = MOTHER, has_assented: bool = True, age_group: str = "14-17") -> SignUp:
    """A child's wish, with the mother's permission unless told otherwise."""
    about = {"given_names": "Diego", "surnames": "Coc", "municipality": "0000", "actor_type": "juventud"}
    person = PersonForm.model_validate(about | {"age_group": age_group, "phone": "+50255550000"})
    members = (Member(person, has_assented=has_assented),)
    return SignUp(members, frozenset({ConsentPurpose.DATA}), guardian=guardian, body_hash="diego")


async def places_of(training: Training) -> tuple[int, int]:
    """(taken, reserved) as stored."""
    row = await Training.get(id=training.id)
    return row.taken, row.reserved


@dataclass(frozen=True, slots=True)
class CardsOfHub:
    """A block and a spare card of one hub, for what asks every route."""

    block: ReservedBlock
    spare: Card

    @property
    def secrets(self) -> tuple[str, str]:
        """What tells of them: nothing of it may stand on a page for others."""
        return str(self.block.id), self.block.token or ""

    @property
    def by_beginning(self) -> dict[str, dict[str, object]]:
        """What stands in their addresses."""
        return {
            "/tarjetas/": {"token": self.block.token, "number": 1},
            "/panel/tarjetas/bloques/": {"id": self.block.id},
            "/panel/tarjetas/hojas/": {"id": self.spare.sheet_id},
            "/panel/tarjetas/": {"id": self.spare.id},
        }


async def make_cards_of(hub: Hub) -> CardsOfHub:
    training = await make.make_training(hub=hub, title="Con lugares apartados")
    [spare, _another] = await make_spare_cards(training, 2)
    return CardsOfHub(await make_block(training), spare)
