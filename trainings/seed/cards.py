from __future__ import annotations

from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.people.models import ConsentHow, ConsentPurpose
from trainings.registrations.cards.use import name_card
from trainings.registrations.commands import for_one
from trainings.registrations.models import Card, Source
from trainings.registrations.seats.cards import Reservation, make_spares, reserve
from trainings.schedule.models import Training, TrainingState
from trainings.seed.names import person
from trainings.seed.world import World

N_CARDS, N_NAMED, N_SPARE = 8, 3, 8
COMMUNITY = "Las Pozas"


async def build_cards(world: World) -> None:
    hub = world.hubs[0]
    await make_spares(hub.id, N_SPARE, actor=PROGRAM)
    training = await _next_with_room(world)
    if training is None:
        return
    wanted = Reservation(
        n=N_CARDS,
        community=COMMUNITY,
        holder="Presidenta del COCODE",
        municipality_id=hub.seat_id,
        phone="+50255550142",
    )
    block = await reserve(training.id, wanted, actor=PROGRAM)
    for card in await Card.filter(block_id=block.id).order_by("number").limit(N_NAMED):
        who = person(world.dice, hub.seat_id, [], is_asked=False).model_copy(update={"community": COMMUNITY})
        wish = for_one(
            who,
            frozenset({ConsentPurpose.DATA}),
            source=Source.CARD,
            consent_how=ConsentHow.FORM,
            body_hash=str(card.id),
        )
        await name_card(card.id, wish, actor=HOLDER_OF_LINK)


async def _next_with_room(world: World) -> Training | None:
    coming = Training.filter(
        hub_id=world.hubs[0].id, state=TrainingState.PUBLISHED, sessions__starts_at__gt=clock.now()
    )
    for training in await coming.distinct().prefetch_related("sessions").order_by("created_at", "id"):
        is_begun = any(session.starts_at <= clock.now() for session in training.sessions)
        if not is_begun and training.capacity - training.occupied >= 2 * N_CARDS:
            return training
    return None
