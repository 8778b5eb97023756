"""Editing a training that others may know of."""

from __future__ import annotations

from datetime import timedelta

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import as_, one, post, posted, rows_of
from trainings import clock
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import RegistrationState
from trainings.schedule.models import Training, TrainingSession, TrainingState


async def test_untouched_edit_changes_nothing_but_the_revision(client: AsyncClient, cast: Cast) -> None:
    hours = [(make.tomorrow_at(8, 30, days=days), make.tomorrow_at(12, days=days)) for days in (3, 9)]
    training = await make.make_training(
        hub=cast.hub,
        sessions=hours,
        facilitators=[cast.facilitator],
        opens_at=clock.midnight(clock.today()),
        languages=("kek",),
        summary="Dos\nrenglones",
        childcare_capacity=3,
    )
    await as_(client, cast, "coordinator")
    before = await Training.filter(id=training.id).values()
    sessions = await TrainingSession.all().order_by("id").values()

    page = await client.get(one(training, "/editar"))
    answer = await post(client, one(training, "/editar"), posted(page.text))

    assert answer.status_code == 303
    after = await Training.filter(id=training.id).values()
    changed = {name for name in after[0] if after[0][name] != before[0][name]}
    assert changed == {"revision", "changed_at"}
    assert await TrainingSession.all().order_by("id").values() == sessions
    assert await OutboxJob.filter(kind="training_changed").count() == 0


async def test_edit_that_moves_a_session_tells_who_left_an_address_after_ten_minutes(
    client: AsyncClient, cast: Cast
) -> None:
    training = await make.make_training(hub=cast.hub)
    await make.make_registration(training, email="alguien@correo.example")
    await make.make_registration(training, given_names="Otra", phone="5555 1234")
    await as_(client, cast, "coordinator")
    page = await client.get(one(training, "/editar"))

    await post(client, one(training, "/editar"), {**posted(page.text), "sessions-0-starts": "09:00"})

    jobs = await OutboxJob.filter(kind="training_changed")
    assert len(jobs) == 1
    assert jobs[0].run_at > clock.now() + timedelta(minutes=9)
    moved = await TrainingSession.get(training_id=training.id)
    assert (f"{clock.local(moved.starts_at):%H:%M}", moved.sequence) == ("09:00", 1)


async def test_capacity_below_taken_is_refused_and_nothing_else_is_saved(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    for name in ("Ana", "Berta"):
        await make.make_registration(training, given_names=name)
    await as_(client, cast, "coordinator")
    page = await client.get(one(training, "/editar"))

    answer = await post(client, one(training, "/editar"), {**posted(page.text), "title": "Otro", "capacity": 1})

    assert answer.status_code == 409
    assert "Ya hay 2 lugares ocupados" in answer.text
    assert 'value="Otro"' in answer.text
    kept = await Training.get(id=training.id)
    assert (kept.title, kept.capacity) == (training.title, 20)


async def test_more_capacity_promotes_who_waits(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, capacity=1)
    await make.make_registration(training, given_names="Ana")
    waiting = await make.make_registration(training, given_names="Berta")
    await as_(client, cast, "coordinator")
    page = await client.get(one(training, "/editar"))

    await post(client, one(training, "/editar"), {**posted(page.text), "capacity": 2})

    await waiting.refresh_from_db()
    assert waiting.state is RegistrationState.CONFIRMED


async def test_edit_of_an_old_page_is_refused(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    await as_(client, cast, "coordinator")
    page = await client.get(one(training, "/editar"))
    await post(client, one(training, "/editar"), {**posted(page.text), "title": "Primera"})

    answer = await post(client, one(training, "/editar"), {**posted(page.text), "title": "Segunda"})

    assert answer.status_code == 409
    assert "Otra persona cambió" in answer.text
    assert (await Training.get(id=training.id)).title == "Primera"


async def test_held_sessions_are_not_in_the_form(client: AsyncClient, cast: Cast) -> None:
    hour = timedelta(hours=1)
    held = (clock.now() - 3 * hour, clock.now() - hour)
    training = await make.make_training(
        hub=cast.hub, sessions=[held, (make.tomorrow_at(8, days=3), make.tomorrow_at(9, days=3))]
    )
    await as_(client, cast, "coordinator")

    page = (await client.get(one(training, "/editar"))).text

    assert rows_of(page) == [0]
    assert "Sesión 2" in page
    assert str(training.sessions[0].id) not in page


async def test_form_of_a_called_off_training_is_refused(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.CANCELLED)
    await as_(client, cast, "coordinator")

    assert (await client.get(one(training, "/editar"))).status_code == 409
    assert "/editar" not in (await client.get(one(training))).text


async def test_form_of_a_published_training_offers_its_own_course_alone_and_says_what_to_do(
    client: AsyncClient, cast: Cast
) -> None:
    training = await make.make_training(hub=cast.hub)
    draft = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT)
    other = await make.make_course("Otro curso", completion_share=1)
    await as_(client, cast, "coordinator")

    page, of_draft = [await client.get(one(which, "/editar")) for which in (training, draft)]
    answer = await post(client, one(training, "/editar"), {**posted(page.text), "title": "Mío", "course": other.id})

    assert "Otro curso" in of_draft.text
    assert "Otro curso" not in page.text
    assert "duplíquela y escójalo en la copia" in page.text
    assert answer.status_code == 409
    assert "Ya publicada, una capacitación no cambia de curso" in answer.text
    assert 'value="Mío"' in answer.text
    assert (await Training.get(id=training.id)).course_id == training.course_id
