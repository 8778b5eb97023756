from __future__ import annotations

from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.outbox.placeholders import OwnWords
from trainings.outbox.templates import save_words
from trainings.people.models import Participant
from trainings.registrations.telling.contacts import mark_refused
from trainings.seed.world import World

OWN = {
    "session_reminder": OwnWords(
        "La ventanilla de {municipio} le recuerda su cita",
        "Buenos días. Le esperamos en {titulo}, {fecha}, en {lugar}.\n\n"
        "Si no puede llegar, avísenos al {telefono}: hay vecinos en la lista de espera.",
    ),
}


async def build_letters(world: World) -> None:
    operator_id = world.hubs[0].operator_id
    for kind, words in OWN.items():
        await save_words(operator_id, kind, "es-GT", words, actor=PROGRAM)
    coming = Participant.filter(
        email_key__not_isnull=True,
        registrations__training__hub_id=world.hubs[0].id,
        registrations__training__sessions__starts_at__gt=clock.now(),
    )
    person = await coming.order_by("id").first()
    if person is not None and person.email is not None:
        await mark_refused(person.email)
