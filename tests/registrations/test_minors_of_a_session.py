"""Who facilitates finds the minors of what they hold and no others: not opened, renamed, marked or searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from httpx2 import AsyncClient

from tests import make
from tests.attendance.doors import qr_of, scan
from tests.cast import Cast, make_cast
from tests.registrations.families import make_family
from trainings.accounts.models import Role
from trainings.attendance.actions import take
from trainings.attendance.models import Attendance, ScanEvent
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.schedule.models import TrainingSession

NewClient = Callable[[], AsyncClient]
ACROSS = ("/panel", "/panel/semana", "/panel/capacitaciones", "/panel/capacitaciones?q=Xochitl", "/panel?q=Xochitl")


@dataclass(frozen=True)
class World:
    """Ana Coc holds the first of two sessions; a colleague of the same hub the second one, and another training."""

    cast: Cast
    client: AsyncClient
    held: TrainingSession
    not_held: TrainingSession
    own: Registration
    elsewhere: Registration
    session_elsewhere: TrainingSession


async def make_world(new_client: NewClient) -> World:
    """Luz, a minor of the training that Ana Coc holds a session of; Xochitl, a minor of her colleague's."""
    cast = await make_cast()
    colleague = await make.make_user(Role.FACILITATOR, cast.hub)
    first = (make.tomorrow_at(8), make.tomorrow_at(12))
    training = await make.make_training(
        hub=cast.hub, admits_minors=True, sessions=[first], facilitators=[cast.facilitator]
    )
    second = (make.tomorrow_at(8, days=2), make.tomorrow_at(12, days=2))
    not_held = await make.make_session(training, *second, facilitators=[colleague])
    another = await make.make_training(hub=cast.hub, admits_minors=True, sessions=[second], facilitators=[colleague])
    [_ana, luz] = await make_family(training, "Ana", children=["Luz"])
    [_berta, xochitl] = await make_family(another, "Berta", children=["Xochitl"])
    client = new_client()
    await make.sign_in(client, cast.facilitator)
    [held] = [one for one in training.sessions if one.id != not_held.id]
    return World(cast, client, held, not_held, luz, xochitl, another.sessions[0])


def door(session: TrainingSession) -> str:
    return f"/panel/sesiones/{session.id}/asistencia"


def person(registration: Registration) -> str:
    return f"/panel/inscripciones/{registration.id}"


async def test_roster_of_the_own_session_shows_its_minors_and_leads_to_them(new_client: NewClient) -> None:
    world = await make_world(new_client)

    roster, page = await world.client.get(door(world.held)), await world.client.get(person(world.own))

    assert "Luz C. X." in roster.text
    assert (page.status_code, "Luz Coc Xol" in page.text) == (200, True)


async def test_session_of_the_same_training_held_by_a_colleague_is_shut(new_client: NewClient) -> None:
    world = await make_world(new_client)
    mark = {"id": str(tokens.uuid7()), "registration": str(world.own.id), "how": "list"}

    got = [await world.client.get(door(world.not_held) + path) for path in ("", "/sin-boleto", "?q=Luz")]
    sent = [
        await world.client.post(door(world.not_held) + path, data=mark)
        for path in ("/marcas", "/deshacer", "/sin-boleto", "/cerrar")
    ]

    assert {answer.status_code for answer in [*got, *sent]} == {404}
    assert not any("Luz C" in answer.text for answer in got)
    assert await ScanEvent.all().count() == 0


async def test_minor_of_another_training_is_neither_opened_nor_renamed(new_client: NewClient) -> None:
    world = await make_world(new_client)

    opened = await world.client.get(person(world.elsewhere))
    renamed = await world.client.post(
        f"{person(world.elsewhere)}/datos", data={"given_names": "Otra", "surnames": "Persona"}
    )

    assert (opened.status_code, renamed.status_code) == (404, 404)
    assert "Xochitl" not in opened.text
    stored = await Registration.get(id=world.elsewhere.id).prefetch_related("participant")
    assert stored.participant.given_names == "Xochitl"
    assert not await AuditLine.filter(
        object_id=world.elsewhere.id, act__in=["registrations.open", "registrations.rename"]
    )


async def test_minor_of_another_training_is_found_by_no_search_and_on_no_page(new_client: NewClient) -> None:
    world = await make_world(new_client)
    pages = [
        *ACROSS,
        f"{door(world.held)}?q=Xochitl",
        f"{door(world.held)}?q={world.elsewhere.short_code}",
        f"/panel/sesiones/{world.held.id}/hojas",
        f"/panel/capacitaciones/{world.elsewhere.training_id}",
    ]

    named = {path: "Xochitl C" in (await world.client.get(path)).text for path in pages}

    assert named == dict.fromkeys(pages, False)
    for path in ("/panel/apoyos", "/panel/revisar", "/panel/personas/repetidas?nombre=xochitl", "/panel/mensajes"):
        assert (await world.client.get(path)).status_code == 403, path


async def test_minor_of_another_training_is_not_marked_by_who_only_names_their_row(new_client: NewClient) -> None:
    world = await make_world(new_client)
    mark = {"id": str(tokens.uuid7()), "registration": str(world.elsewhere.id), "how": "list"}
    typed = {"id": str(tokens.uuid7()), "code": world.elsewhere.short_code, "how": "typed"}

    answers = [
        await world.client.get((await world.client.post(f"{door(world.held)}/marcas", data=sent)).headers["location"])
        for sent in (mark, typed)
    ]

    assert ["Xochitl" in answer.text for answer in answers] == [False, False]
    assert await Attendance.filter(registration_id=world.elsewhere.id).count() == 0


async def test_mark_made_at_another_session_tells_nothing_and_is_not_taken_back(new_client: NewClient) -> None:
    world = await make_world(new_client)
    elsewhere = world.session_elsewhere
    came = scan(qr_of(world.elsewhere), elsewhere.starts_at, session=elsewhere.id)
    await take(world.session_elsewhere.id, [came], actor=PROGRAM)

    shown = await world.client.get(f"{door(world.held)}?marca={came.id}")
    await world.client.post(f"{door(world.held)}/deshacer", data={"event": str(came.id)})

    assert "Xochitl" not in shown.text
    assert (await Attendance.get(registration_id=world.elsewhere.id)).is_present


async def test_facilitator_without_a_session_any_more_finds_nobody(new_client: NewClient) -> None:
    world = await make_world(new_client)
    client = new_client()
    await make.sign_in(client, await make.make_user(Role.FACILITATOR, world.cast.hub))

    answers = [await client.get(path) for path in (door(world.held), person(world.own))]

    assert [answer.status_code for answer in answers] == [404, 404]
