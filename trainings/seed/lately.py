from __future__ import annotations

from datetime import timedelta

from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.people import communities
from trainings.registrations.invitations import convocation
from trainings.registrations.invitations.convocation import Done
from trainings.registrations.invitations.forms import AddForm
from trainings.registrations.models import InvitedHow, ReservedBlock
from trainings.schedule.catalogue.course_actions import CoursePlan, edit_course
from trainings.schedule.models import Course, Training
from trainings.seed.world import World

CONFIRMED = (
    *("Las Pozas", "El Subín", "Las Palmas", "San Joaquín", "Barrio El Centro", "Nueva Libertad"),
    *("Colonia El Porvenir", "Aldea El Retalteco"),
)
INVITED = """\
COCODE Aldea Las Pozas | Presidencia | Aldea Las Pozas
COCODE Caserío San Marcos
Escuela Oficial Rural Mixta El Subín | Dirección
Centro de Salud de La Libertad
Asociación de mujeres Ixq’anil
"""
EARLIER = "Mecanismos de regularización y Código de Migración (Decreto 44-2016)"
LATER = "Diplomado en gestión municipal de la migración"


async def build_lately(world: World) -> None:
    """Last of all: earlier registrations knew no prerequisite."""
    for name in CONFIRMED:
        await communities.confirm(world.hubs[0].seat_id, name, actor=PROGRAM)
    await _invite()
    await _ask_for_an_earlier_course(world.courses[LATER], world.courses[EARLIER])


async def _ask_for_an_earlier_course(course: Course, earlier: Course) -> None:
    plan = CoursePlan(
        kind=course.kind,
        topic_id=course.topic_id,
        title=course.title,
        minutes=course.minutes,
        summary=course.summary,
        contents=tuple((str(part["title"]), int(part["minutes"])) for part in course.contents),
        audience=tuple(course.audience),
        prerequisite_ids=frozenset({earlier.id}),
    )
    await edit_course(course.id, plan, actor=PROGRAM)
    # Published before the course asked for anything: as if it had been so already, for the page that says it.
    coming = Training.filter(course_id=course.id, sessions__ends_at__gt=clock.now())
    ids = [one for (one,) in await coming.distinct().values_list("id")]
    await Training.filter(id__in=ids).update(required_courses=[str(earlier.id)])


async def _invite() -> None:
    block = await ReservedBlock.first()
    if block is None:
        return
    await convocation.prepare(block.training_id, AddForm(names=INVITED).invited(), actor=PROGRAM)
    letters = await convocation.letters_of(block.training_id)
    yesterday = clock.today() - timedelta(days=1)
    await convocation.attach(block.training_id, [letters[0].id], block.id, actor=PROGRAM)
    await convocation.mark_invited(
        block.training_id, [letters[0].id], Done(InvitedHow.LETTER, yesterday), actor=PROGRAM
    )
    await convocation.mark_invited(
        block.training_id, [letters[2].id], Done(InvitedHow.VISIT, clock.today()), actor=PROGRAM
    )
