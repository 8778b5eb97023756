"""Changing sessions in the panel, what happens next, and what the public sees of it for a week."""

from __future__ import annotations

import re
from datetime import timedelta

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.registrations.card_world import make_block
from tests.schedule.changing import DAY, HOUR, MORNING, Freeze, a_training, first, shift, text_of, with_people
from tests.schedule.panel import as_, one, post
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import Addressee, InvitationLetter, OwnLink
from trainings.schedule.changes import differences, recent_changes
from trainings.schedule.models import (
    DatedChange,
    PlaceShown,
    Printout,
    SessionState,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.public import pictures
from trainings.schedule.queries import for_staff

BEFORE = "Cambió: antes jueves 4 de marzo, 8:30 a. m."


# -- the panel


async def test_moved_session_leads_to_who_is_told_and_how_to_stop_it(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    training = await with_people(client, cast, freeze)
    form = {"day": "2027-03-05", "starts": "09:00", "ends": "13:00", "venue": cast.venue.id}

    moved = await post(client, f"/panel/sesiones/{first(training).id}/mover", form)
    page = await text_of(client, moved.headers["location"])

    assert moved.status_code == 303
    assert moved.headers["location"] == one(training, "/cambios")
    assert "<strong>1 persona</strong>" in page
    assert "Ver la lista de llamadas" in page
    [stop] = re.findall(rf'action="({one(training)}/cambios/[0-9a-f-]+/detener)"', page)
    stopped = await post(client, stop)
    after = await text_of(client, stopped.headers["location"])
    assert "Lo que cambió queda como está" in after
    assert "/detener" not in after
    assert await OutboxJob.filter(kind="training_changed", stopped_at=None).count() == 0
    assert (await TrainingSession.get(id=first(training).id)).starts_at == MORNING + DAY + HOUR / 2


async def test_slip_in_the_year_is_refused_at_the_day_and_nobody_is_told(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast)
    await make.make_registration(training, email="ana@x.example")
    await as_(client, cast, "coordinator")
    form = {"day": "2026-03-05", "starts": "09:00", "ends": "13:00", "venue": cast.venue.id}

    refused = await post(client, f"/panel/sesiones/{first(training).id}/mover", form)

    assert refused.status_code == 409
    assert "ya pasaron" in refused.text
    assert re.search(r'<input id="day"[^>]*aria-invalid="true"', refused.text)
    assert await OutboxJob.filter(kind="training_changed").count() == 0


async def test_stopping_too_late_says_what_to_do(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast)
    await make.make_registration(training, email="ana@x.example")
    batch = await shift(first(training).id, HOUR)
    await as_(client, cast, "coordinator")
    freeze(MORNING - 9 * DAY + HOUR)

    refused = await post(client, one(training, f"/cambios/{batch}/detener"))

    assert refused.status_code == 409
    assert "avise por teléfono" in refused.text


async def test_cancelled_session_asks_first_and_is_held_after_all(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, 2)
    session = first(training)
    await as_(client, cast, "coordinator")
    path = f"/panel/sesiones/{session.id}"

    asked = await text_of(client, f"{path}/cancelar")
    cancelled = await post(client, f"{path}/cancelar")
    next_step = await text_of(client, cancelled.headers["location"])
    page = await text_of(client, one(training))
    question = await text_of(client, f"{path}/reabrir")
    restored = await post(client, f"{path}/reabrir")

    assert "¿Cancelar la sesión?" in asked
    assert "no hay a quién avisar" in next_step
    assert "Detener" not in next_step
    assert cancelled.headers["location"] == restored.headers["location"] == one(training, "/cambios")
    assert f'href="{path}/reabrir"' in page
    assert "¿Sí se realiza la sesión?" in question
    assert (await TrainingSession.get(id=session.id)).state is SessionState.PLANNED


async def test_restoring_where_the_place_is_taken_asks_why_it_can_be(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, 2)
    session = first(training)
    await rescheduling.cancel(session.id, actor=PROGRAM)
    await make.make_training(
        hub=cast.hub, venue=cast.venue, title="Otra", sessions=[(session.starts_at, session.ends_at)]
    )
    await as_(client, cast, "coordinator")

    refused = await post(client, f"/panel/sesiones/{session.id}/reabrir")
    done = await post(client, f"/panel/sesiones/{session.id}/reabrir", {"override_reason": "Son dos salones."})

    assert refused.status_code == 409
    assert 'name="override_reason"' in refused.text
    assert done.status_code == 303


async def test_called_off_training_asks_before_it_is_reopened(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast)
    await as_(client, cast, "coordinator")
    called_off = await post(client, one(training, "/cancelar"), {"reason": "No hay paso."})

    question = await text_of(client, one(training, "/reabrir"))
    assert (await Training.get(id=training.id)).state is TrainingState.CANCELLED
    reopened = await post(client, one(training, "/reabrir"))

    assert called_off.headers["location"] == reopened.headers["location"] == one(training, "/cambios")
    assert "¿Sí se realiza la capacitación?" in question
    assert (await Training.get(id=training.id)).state is TrainingState.PUBLISHED


async def test_draft_is_called_off_and_held_after_all_between_its_planners(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT, facilitators=[cast.facilitator])
    await as_(client, cast, "coordinator")

    asked = await text_of(client, one(training, "/cancelar"))
    off = await post(client, one(training, "/cancelar"), {"reason": "No hay fondos."})
    shown = await client.get(one(training))
    question = await text_of(client, one(training, "/reabrir"))
    held = await post(client, one(training, "/reabrir"))

    assert "Es un borrador: nadie más la ha visto." in asked
    assert "Vuelve a ser un borrador: se ve al publicarla." in question
    for page in (asked, question):
        assert "que facilita" not in page
        assert "se le avisa" not in page
    assert off.headers["location"] == held.headers["location"] == one(training)
    assert f"/capacitaciones/{training.slug}" not in shown.text
    assert "Listo: es un borrador otra vez." in await text_of(client, one(training))
    assert (await Training.get(id=training.id)).state is TrainingState.DRAFT
    assert (await OutboxJob.all().count(), await DatedChange.all().count()) == (0, 0)


async def test_hidden_training_says_that_it_stays_hidden_when_held_after_all(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.UNLISTED)
    await as_(client, cast, "coordinator")
    await post(client, one(training, "/cancelar"), {"reason": "No hay fondos."})

    assert "Vuelve a estar solo con enlace: no sale en las listas." in await text_of(client, one(training, "/reabrir"))


async def test_nothing_changed_says_so(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    await as_(client, cast, "assistant")

    assert "Nada cambió esta semana" in await text_of(client, one(training, "/cambios"))
    missing = await client.get(f"/panel/sesiones/{training.sessions[0].id}/cambio.png")
    assert missing.status_code == 404


# -- paper


async def put_on_paper(client: AsyncClient, path: str) -> None:
    """Most papers are opened; a list to sign gets rows of its own each time."""
    form = {"key": str(tokens.uuid7()), "n_blank": "2"}
    answer = await (client.post(path, data=form) if path.endswith("/hojas") else client.get(path))
    assert answer.status_code in (200, 303), path


async def test_paper_from_before_a_change_is_listed_until_it_is_printed_anew(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast)
    session = first(training)
    ana = await make.make_registration(training, given_names="Ana Lucía", surnames="Ba Coc")
    block = await make_block(training)
    letter = await InvitationLetter.create(training_id=training.id, kind=Addressee.COCODE, addressee="COCODE Las Pozas")
    papers = {
        "Convocatoria": one(training, f"/convocatorias/{letter.id}.pdf"),
        "Listado de asistencia": f"/panel/sesiones/{session.id}/hojas",
        "Boleto": f"/panel/inscripciones/{ana.id}/boleto",
        "Tarjetas apartadas": f"/panel/tarjetas/bloques/{block.id}/tarjetas.pdf",
        "Cartel": one(training, "/cartel.pdf"),
    }
    await as_(client, cast, "coordinator")
    for path in papers.values():
        await put_on_paper(client, path)
    before = await text_of(client, one(training, "/cambios"))
    freeze(clock.now() + HOUR)
    await shift(session.id, DAY)

    page = await text_of(client, one(training, "/cambios"))
    freeze(clock.now() + HOUR)
    for path in papers.values():
        await put_on_paper(client, path)
    after = await text_of(client, one(training, "/cambios"))

    assert "Papel con la fecha de antes" not in before + after
    assert sorted(re.findall(r'<th scope="row">([^<]+)', page)) == sorted(papers)
    assert all(f'href="{path}"' in page for path in papers.values())
    assert "COCODE Las Pozas" in page
    assert "Ana Lucía B. C." in page
    assert "Ba Coc" not in page
    assert await Printout.all().count() == 2 * len(papers)


async def test_paper_of_another_session_still_says_what_is_so(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, 2)
    early, late = sorted(training.sessions, key=lambda session: session.starts_at)
    await as_(client, cast, "coordinator")
    for session in (early, late):
        await put_on_paper(client, f"/panel/sesiones/{session.id}/hojas")
    freeze(clock.now() + HOUR)
    await shift(late.id, HOUR)

    page = await text_of(client, one(training, "/cambios"))

    assert page.count("Listado de asistencia") == page.count("Sesión 2") == 2
    assert "Sesión 1" not in page


async def test_paper_printed_between_two_changes_is_wrong_once_it_is_moved_back(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast)
    session = first(training)
    await as_(client, cast, "coordinator")
    await shift(session.id, DAY)
    freeze(clock.now() + timedelta(minutes=2))
    await put_on_paper(client, f"/panel/sesiones/{session.id}/hojas")
    freeze(clock.now() + timedelta(minutes=2))
    await shift(session.id, -DAY)

    assert "Listado de asistencia" in await text_of(client, one(training, "/cambios"))


# -- the public


async def test_moved_session_is_shown_as_changed_for_seven_days(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 20 * DAY)
    training = await a_training(cast)
    path = f"/capacitaciones/{training.slug}"
    pages = (path, "/capacitaciones", f"/municipios/{(await cast.hub.seat).slug}")
    assert BEFORE not in await text_of(client, path)
    await shift(first(training).id, DAY)
    changed_at = clock.now()

    freeze(changed_at + 7 * DAY - HOUR)
    assert [BEFORE in await text_of(client, page) for page in pages] == [True] * 3
    freeze(changed_at + 7 * DAY)
    assert [BEFORE in await text_of(client, page) for page in pages] == [False] * 3
    await shift(first(training).id, DAY)
    assert "Cambió" in await text_of(client, path)
    freeze(clock.now() + HOUR)
    await shift(first(training).id, -DAY)
    assert "Cambió" not in await text_of(client, path), "it was moved back"


async def test_called_off_training_stays_in_the_list_for_a_week(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 20 * DAY)
    training = await a_training(cast)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    off_at = clock.now()

    shown = await text_of(client, "/capacitaciones")
    elsewhere = await text_of(client, "/capacitaciones?idioma_cap=mam")
    freeze(off_at + 7 * DAY)
    later = await text_of(client, "/capacitaciones")

    assert "Se cancelaron esta semana" in shown
    assert "Se canceló: era el jueves 4 de marzo, 8:30 a. m." in shown
    assert "Se cancelaron esta semana" not in elsewhere + later


async def test_own_page_shows_what_changed_since_one_signed_up(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    freeze(MORNING - 20 * DAY)
    training = await a_training(cast)
    ana = await make.make_registration(training)
    await shift(first(training).id, DAY)
    freeze(clock.now() + HOUR)
    beto = await make.make_registration(training, given_names="Beto")
    tokens = [(await OwnLink.get(registration_id=one_.id)).token for one_ in (ana, beto)]

    pages = [await text_of(client, f"/i/{token}") for token in tokens]

    assert "Antes: jueves, 4 de marzo de 2027, de 8:30 a. m. a 12:30 p. m." in pages[0]
    assert "Antes:" not in pages[1]


async def test_place_that_was_left_is_hidden_where_the_place_is(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 20 * DAY)
    training = await a_training(cast, place_shown=PlaceShown.AFTER_CONFIRMATION)
    other = await make.make_venue(cast.hub, "Casa de la Esperanza", municipality="0701")
    session = first(training)
    await shift(session.id, DAY, other.id)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    await rescheduling.reopen(training.id, actor=PROGRAM)
    names = (cast.venue.name, other.name)

    pages = [
        await text_of(client, path)
        for path in (
            f"/capacitaciones/{training.slug}",
            f"/capacitaciones/{training.slug}/evento.ics",
            "/capacitaciones",
            f"/municipios/{(await cast.hub.seat).slug}",
            "/municipios/solola-solola",
            "/cal/guatemala.ics",
        )
    ]
    coordinator = await make.actor_of(cast.coordinator)
    loaded = await for_staff(training.id, coordinator)
    changes = (await recent_changes([training.id]))[training.id]
    [change] = differences(reversed(changes), list(loaded.sessions), loaded, is_called_off=False)
    card, words = pictures.change_card(loaded, change), pictures.change_text(loaded, change)

    assert not [name for name in names for page in pages if name in page]
    assert not [name for name in names if name in f"{card} {words}"]
    assert "Sololá" in card.place
    await as_(client, cast, "coordinator")
    to_share = await text_of(client, one(training, "/cambios"))
    assert not [name for name in names if name in to_share]


# -- the picture


HELD = "Se había cancelado, pero sí se realiza."


async def test_held_after_all_is_said_for_a_week_once_people_were_told_that_it_was_off(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, 2)
    await make.make_registration(training)
    session, other = first(training), max(training.sessions, key=lambda session: session.starts_at)
    pages = [f"/capacitaciones/{training.slug}", "/capacitaciones", "/calendario?mes=2027-03"]
    await rescheduling.cancel(session.id, actor=PROGRAM)
    freeze(clock.now() + HOUR)

    await rescheduling.restore(session.id, actor=PROGRAM)
    await rescheduling.cancel(other.id, actor=PROGRAM)
    await rescheduling.restore(other.id, actor=PROGRAM)

    shown = [await text_of(client, page) for page in pages]
    assert [page.count(HELD) for page in shown] == [1, 1, 1], "of the other nobody heard that it was off"
    await as_(client, cast, "coordinator")
    panel = await text_of(client, one(training, "/cambios"))
    assert "SÍ SE REALIZA" in panel
    assert panel.count('/cambio.png">') == 1
    assert (await client.get(f"/panel/sesiones/{session.id}/cambio.png")).status_code == 200
    freeze(clock.now() + HOUR)
    await rescheduling.cancel(session.id, actor=PROGRAM)
    assert "Se canceló: era el jueves 4 de marzo, 8:30 a. m." in await text_of(client, pages[0])
    freeze(clock.now() + 7 * DAY)
    assert HELD not in await text_of(client, pages[0])
