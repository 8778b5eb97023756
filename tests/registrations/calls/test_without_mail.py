"""Without a mail server nothing promises mail: pages say what happens instead, kept messages stand in the panel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.certificates.desk import text_of
from tests.certificates.held import AFTER, issue_all, make_attendee, make_held
from tests.outbox.make_jobs import until_settled, working
from tests.outreach.make_activity import make_activity
from tests.registrations.call_world import MONDAY, Freeze, a_list, a_training
from tests.registrations.wishes import link_of
from trainings import jobs
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import CallList, CallReason, OutboxJob
from trainings.outreach.actions import TimeAndPlace, move_activity
from trainings.registrations.calls.people import Why, audience_of, n_to_tell
from trainings.registrations.telling.changes import publish
from trainings.schedule.models import TrainingState
from trainings.settings import Settings, get_settings

NewClient = Callable[[], AsyncClient]


@pytest.fixture(autouse=True)
def _no_mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("TRAININGS_SMTP_URL")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


async def test_form_promises_no_ticket_by_mail_and_asks_for_a_telephone(client: AsyncClient) -> None:
    training = await make.make_training()

    page = await client.get(f"/capacitaciones/{training.slug}/inscripcion")

    assert "le enviamos" not in page.text
    assert "Por ahora no enviamos correos. Para avisarle, deje también un teléfono." in page.text


async def test_lost_links_are_asked_for_at_the_hub_only(client: AsyncClient) -> None:
    await make.make_registration(await make.make_training(), email="ana@x.example")
    n_before = await OutboxJob.all().count()

    page = await client.get("/mis-inscripciones")
    posted = await client.post("/mis-inscripciones", data={"email": "ana@x.example"})
    after = await client.get("/mis-inscripciones?enviado=si")

    assert "enviamos otra vez" not in page.text
    assert '<form class="stack" action="/mis-inscripciones"' not in page.text
    assert "Por ahora no enviamos correos" in page.text
    assert "Llame o pase a su ventanilla." in page.text
    assert (posted.status_code, posted.headers["location"]) == (303, "/mis-inscripciones")
    assert "ya le escribimos" not in after.text
    assert await OutboxJob.all().count() == n_before


async def test_ticket_of_who_left_an_address_only_promises_no_word(client: AsyncClient) -> None:
    training = await make.make_training(capacity=0)
    by_mail = await make.make_registration(training, email="ana@x.example")
    by_phone = await make.make_registration(training, given_names="Beto", phone="+50255551234")

    mailed = (await client.get(await link_of(by_mail))).text
    phoned = (await client.get(await link_of(by_phone))).text

    assert "le avisamos" not in mailed
    assert "Por ahora no enviamos correos: ábrala de vez en cuando, o llame a la ventanilla." in mailed
    assert "le avisamos" in phoned


async def test_everybody_is_to_be_called_at_once(db: Settings, freeze: Freeze) -> None:
    freeze(MONDAY)
    training = await a_training()
    ana = await make.make_registration(training, email="ana@x.example")
    called = await a_list(training)

    told = await n_to_tell(training.id)
    listed = (await audience_of(called)).listed

    assert told == (0, 1)
    assert [(one.person.id, one.why) for one in listed] == [(ana.id, Why.NO_SERVER)]


async def test_everybody_whose_diploma_is_ready_is_to_be_called(db: Settings, freeze: Freeze) -> None:
    training = await make_held()
    ana = await make_attendee(training, given_names="Ana", email="ana@x.example")
    freeze(AFTER)

    await issue_all(training)

    listed = await CallList.get(training_id=training.id, reason=CallReason.CERTIFICATE)
    [household] = (await audience_of(listed)).listed
    assert (household.person.id, household.why) == (ana.id, Why.NO_SERVER)


async def test_kept_messages_stand_in_the_messages_of_their_hub(db: Settings, new_client: NewClient) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, venue=cast.venue)
    await make.make_registration(training, given_names="Ana", surnames="Xol", email="ana@x.example")
    async with working(db, jobs.COMPOSERS):
        await until_settled()
    here, elsewhere = new_client(), new_client()
    await make.sign_in(here, cast.coordinator)
    await make.sign_in(elsewhere, cast.coordinator_elsewhere)

    kept = await here.get("/panel/mensajes?ver=guardados")
    other = await elsewhere.get("/panel/mensajes?ver=guardados")

    assert "No hay servidor de correo." in kept.text
    assert "Inscripción confirmada" in kept.text
    assert 'Guardados, sin enviar <span class="num">1</span>' in kept.text
    assert "Inscripción confirmada" not in other.text


async def test_staff_are_asked_to_tell_people_themselves(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, venue=cast.venue)
    ana = await make.make_registration(training, email="ana@x.example")
    desk = new_client()
    await make.sign_in(desk, cast.coordinator)

    person = await desk.get(f"/panel/inscripciones/{ana.id}")
    board = await desk.get("/panel/apoyos")
    corrected = await desk.post(f"/panel/inscripciones/{ana.id}/datos", data={"address": "ana@y.example"})
    after = await desk.get(corrected.headers["location"])

    for promise in ("Se le avisa por correo", "le llega a su correo", "se le avisa"):
        assert promise not in person.text + board.text
    assert "Por ahora no se envían correos: avise usted por teléfono." in person.text
    assert "El correo queda anotado, pero por ahora no se envían correos." in after.text


async def test_account_page_promises_no_summaries(new_client: NewClient) -> None:
    client = new_client()
    await make.sign_in(client, (await make_cast()).coordinator)

    page = await client.get("/panel/cuenta")

    assert "Le llegan a" not in page.text
    assert "Por ahora no se envían correos: lo mismo se ve en la semana." in page.text


async def test_change_promises_no_mail_to_who_facilitates_nor_a_time_at_which_it_leaves(
    new_client: NewClient, freeze: Freeze
) -> None:
    freeze(MONDAY)
    cast = await make_cast()
    training = await a_training(cast, facilitators=[cast.facilitator])
    await make.make_registration(training, email="ana@x.example")
    [session] = training.sessions
    desk = new_client()
    await make.sign_in(desk, cast.coordinator)

    question = text_of(await desk.get(f"/panel/sesiones/{session.id}/mover"))
    later = session.starts_at + timedelta(days=1)
    batch = await rescheduling.move(
        session.id, later, later + timedelta(hours=4), session.venue_id, actor=await make.actor_of(cast.coordinator)
    )
    page = await desk.get(f"/panel/capacitaciones/{training.id}/cambios")
    queue = await desk.get("/panel/mensajes")

    assert "Avísele usted a 1 persona que facilita: por ahora no se envían correos." in question
    assert "A 1 persona hay que llamarle." in question
    assert "se le escribe" not in question
    assert "Avísele usted a 1 persona que facilita: por ahora no se envían correos." in text_of(page)
    assert "A 1 persona hay que llamarle." in text_of(page)
    assert "por correo" not in text_of(page)
    assert "Por ahora no se envían correos: avise usted por teléfono." in text_of(queue)
    assert "sale en" not in text_of(queue)
    assert "Sale a su hora" not in text_of(queue)
    assert f"/panel/mensajes/lotes/{batch}/detener" in queue.text, "it stops the calls as well"


async def test_who_holds_something_from_now_on_is_told_by_staff(new_client: NewClient) -> None:
    cast = await make_cast()
    draft = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT, facilitators=[cast.facilitator])
    activity = await make_activity(cast.hub, responsible=cast.facilitator)
    desk = new_client()
    await make.sign_in(desk, cast.coordinator)
    later = activity.starts_at + timedelta(days=1)
    day = TimeAndPlace(later, later + timedelta(hours=4), make.LA_LIBERTAD, None, "Parque central")

    await publish(draft.id, actor=PROGRAM)
    await move_activity(activity.id, day, actor=PROGRAM)
    training_page = text_of(await desk.get(f"/panel/capacitaciones/{draft.id}"))
    activity_page = text_of(await desk.get(f"/panel/actividades/{activity.id}"))

    assert "Avísele usted a quien facilita: por ahora no se envían correos." in training_page
    assert "Avísele usted a quien responde por la actividad: por ahora no se envían correos." in activity_page
    for page in (training_page, activity_page):
        assert "se le escribe a la" not in page
        assert "Detener el aviso" not in page


async def test_whom_a_closed_waiting_list_leaves_is_to_be_called(new_client: NewClient, freeze: Freeze) -> None:
    freeze(MONDAY)
    cast = await make_cast()
    training = await a_training(cast, capacity=0)
    await make.make_registration(training, email="ana@x.example", phone="+50255551234")
    desk = new_client()
    await make.sign_in(desk, cast.coordinator)

    closed = await desk.post(f"/panel/capacitaciones/{training.id}/espera/cerrar")
    page = text_of(await desk.get(closed.headers["location"]))

    assert "La lista se cerró: falta llamar 1" in page
    assert "Por ahora no se envían correos: avise usted por teléfono." in page
    for promise in ("A las demás se les escribe", "El correo sale", "Detener los avisos", "No dejaron correo"):
        assert promise not in page
