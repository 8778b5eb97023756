"""A full home page: the ten hubs, ten trainings to come, notes for every situation."""

from __future__ import annotations

from datetime import timedelta

from tests import make
from tests.notes import sounds
from tests.notes.make_notes import make_contact, make_note
from trainings.audit.actor import PROGRAM
from trainings.notes.actions import set_recording
from trainings.notes.models import Situation
from trainings.places.actions import create_hub, create_operator, create_venue
from trainings.places.hub_file import demo_hubs
from trainings.places.models import Hub
from trainings.schedule.models import Course
from trainings.seed.catalogue import COURSES

N_TRAININGS = 10


async def furnish() -> dict[str, str]:
    """All municipalities, ten hubs in ten of them, ten trainings, eight notes; the addresses of the first ones."""
    await make.make_municipalities()
    venues = []
    for entry in demo_hubs():
        operator = await create_operator(entry.operator, actor=PROGRAM)
        hub = await create_hub(entry.hub, operator=operator, actor=PROGRAM)
        venues.append((hub, await create_venue(entry.venues[0], hub=hub, actor=PROGRAM)))
    courses = [await make_course(number) for number in range(N_TRAININGS)]
    slugs = []
    for number, course in enumerate(courses):
        hub, venue = venues[number % len(venues)]
        start = make.tomorrow_at(8, 30, days=number + 1)
        training = await make.make_training(
            hub=hub,
            venue=venue,
            course=course,
            capacity=30,
            sessions=[(start, start + timedelta(minutes=course.minutes))],
            languages=("spa",),
            interpreter_languages=("kek",),
            offers=("snack", "fare", "childcare"),
            childcare_capacity=6,
            bring="Cuaderno y lapicero",
        )
        slugs.append(training.slug)
    return {"training": f"/capacitaciones/{slugs[0]}", "note": await make_orientation(venues[0][0])}


async def make_orientation(hub: Hub) -> str:
    """Notes for every situation and four numbers; the address of a note that can be heard."""
    body = "# Señales\n\n" + "- Piden un depósito por adelantado.\n" * 12 + "\n[Llámenos](tel:+50279001234) y pregunte."
    titles = [f"Antes de pagar por un trabajo, pregunte ({number})" for number in range(8)]
    notes = [await make_note(hub, title=title, body=body * 3, situations=[*Situation]) for title in titles]
    for number, name in ((110, "Policía Nacional Civil"), (122, "Bomberos"), (1546, "Alba-Keneth"), (1555, "PDH")):
        await make_contact(name=name, phone=str(number), about="Si alguien corre peligro.", is_emergency=number < 1550)
    await set_recording(notes[0].id, sounds.mp3(200), "kek", actor=PROGRAM)
    return f"/notas/{notes[0].slug}"


async def make_course(number: int) -> Course:
    seed = COURSES[number]
    topic = await make.make_topic(f"tema-{number}", seed.topic)
    return await make.make_course(
        seed.title,
        topic=topic,
        kind=seed.kind,
        minutes=seed.sessions[0],
        summary=seed.summary,
        audience=list(seed.audience),
        contents=[{"title": title, "minutes": minutes} for title, minutes in seed.contents],
    )
