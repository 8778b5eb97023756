"""Who takes whose place at a session: both hear of it after ten minutes, and the people of the training do not."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.outbox.make_jobs import until_settled, with_smtp, working
from tests.outbox.smtp import Peer
from tests.outbox.told import FRIDAY, SATURDAY, Freeze, a_training
from trainings import clock, jobs
from trainings.accounts.models import Role, RoleGrant, User
from trainings.attendance.sessions import rescheduling
from trainings.lib.dates import NBSP
from trainings.outbox.actions import STAFF_DELAY, stop_batch
from trainings.outbox.models import CallList, OutboxJob
from trainings.registrations.telling.changes import leaves_at, publish, unlist
from trainings.registrations.telling.eve_notes import write_eve_notes
from trainings.schedule.models import SessionFacilitator, Training, TrainingState
from trainings.settings import Settings

HOUR = timedelta(hours=1)


@pytest.fixture
async def cast(db: Settings, freeze: Freeze) -> Cast:
    freeze(FRIDAY)
    return await make_cast()


@pytest.fixture
async def training(cast: Cast) -> Training:
    """Held by Ana Coc, with somebody signed up; nothing waits to be sent."""
    made = await a_training(hub=cast.hub, venue=cast.venue, facilitators=[cast.facilitator])
    await make.make_registration(made, email="persona@x.example")
    await OutboxJob.all().delete()
    return made


async def hand_over(training: Training, old: User, new: User, cast: Cast, *, later: timedelta | None = None) -> None:
    """What the form of a training does, by its coordinator."""
    [session] = training.sessions

    async def act() -> None:
        held = SessionFacilitator.filter(session_id=session.id)
        await held.filter(user_id=old.id).update(user_id=new.id)
        if later:
            await (
                type(session)
                .filter(id=session.id)
                .update(starts_at=session.starts_at + later, ends_at=session.ends_at + later)
            )

    await rescheduling.change_sessions(training.id, act, actor=await make.actor_of(cast.coordinator))


async def deliver(settings: Settings, freeze: Freeze, peer: Peer) -> dict[str, tuple[str, str]]:
    """What leaves after the ten minutes: subject and words by address."""
    freeze(clock.now() + STAFF_DELAY)
    async with working(with_smtp(settings, peer.url), jobs.COMPOSERS):
        await until_settled()
    found = {}
    for message in peer.accepted:
        body = message.get_body(("plain",))
        assert body is not None
        words = " ".join(body.get_content().replace(NBSP, " ").split())
        found[str(message["To"])] = (str(message["Subject"]), words)
    return found


async def test_who_comes_and_who_goes_are_told_and_nobody_else(
    db: Settings, peer: Peer, freeze: Freeze, cast: Cast, training: Training
) -> None:
    await hand_over(training, cast.facilitator, cast.assistant, cast)

    told = await deliver(db, freeze, peer)

    when = "sábado, 6 de marzo de 2027, de 8:30 a. m. a 12:30 p. m."
    assert told.keys() == {cast.facilitator.email, cast.assistant.email}
    assert all(f"{training.title} · La Libertad, Petén" in words for _subject, words in told.values())
    assert f"Ya no facilita la sesión del {when}" in told[cast.facilitator.email][1]
    assert f"/panel/capacitaciones/{training.id}" not in told[cast.facilitator.email][1], "it is none of hers any more"
    words = told[cast.assistant.email][1]
    assert (
        f"Ahora usted facilita la sesión del {when.removesuffix('.')}. (Salón municipal, La Libertad, Petén)." in words
    )
    assert f"/panel/capacitaciones/{training.id}" in words
    assert told[cast.facilitator.email][0] == "Cambió quién facilita una sesión"
    assert told[cast.assistant.email][0] == "Usted facilita una sesión"
    assert await CallList.all().count() == 0


async def test_who_was_put_in_before_it_was_published_hears_of_it_once_then(
    db: Settings, peer: Peer, freeze: Freeze, cast: Cast
) -> None:
    people = [cast.facilitator, cast.coordinator]
    draft = await a_training(hub=cast.hub, venue=cast.venue, facilitators=people, state=TrainingState.DRAFT)
    await OutboxJob.all().delete()
    actor = await make.actor_of(cast.coordinator)

    for act in (publish, unlist, publish):
        await act(draft.id, actor=actor)
    [session] = draft.sessions
    await rescheduling.move(session.id, FRIDAY + 30 * HOUR, FRIDAY + 32 * HOUR, cast.venue.id, actor=actor)
    told = await deliver(db, freeze, peer)

    subject, words = told[cast.facilitator.email]
    assert told.keys() == {cast.facilitator.email}
    assert subject == "Usted facilita una sesión"
    assert "Ahora usted facilita la sesión del sábado, 6 de marzo de 2027, de 2:30 p. m. a 4:30 p. m." in words
    assert "Antes:" not in words
    assert len(peer.accepted) == 1


async def test_note_of_a_first_publication_that_was_stopped_leaves_no_more(cast: Cast) -> None:
    draft = await a_training(hub=cast.hub, facilitators=[cast.facilitator], state=TrainingState.DRAFT)
    actor = await make.actor_of(cast.coordinator)
    await publish(draft.id, actor=actor)
    before, note = await leaves_at(draft.id), await OutboxJob.get(kind="facilitator_changed")
    assert note.batch_id is not None

    await stop_batch(note.batch_id, actor=actor)

    assert (before, await leaves_at(draft.id)) == (clock.now() + STAFF_DELAY, None)


@pytest.mark.parametrize("is_held", [False, True])
async def test_called_off_before_they_heard_of_it_they_hear_nothing_unless_it_is_held(
    client: AsyncClient, db: Settings, peer: Peer, freeze: Freeze, cast: Cast, is_held: bool
) -> None:
    people = [cast.facilitator]
    draft = await a_training(hub=cast.hub, venue=cast.venue, facilitators=people, state=TrainingState.DRAFT)
    await OutboxJob.all().delete()
    actor = await make.actor_of(cast.coordinator)
    await publish(draft.id, actor=actor)
    await make.sign_in(client, cast.coordinator)
    page = f"/panel/capacitaciones/{draft.id}"

    asked = (await client.get(f"{page}/cancelar")).text
    await rescheduling.call_off(draft.id, "Lluvia", actor=actor)
    if is_held:
        asked = (await client.get(f"{page}/reabrir")).text
        await rescheduling.reopen(draft.id, actor=actor)
    after, shown = [(await client.get(path)).text for path in (f"{page}/cambios", page)]
    told = await deliver(db, freeze, peer)

    assert [subject for subject, _words in told.values()] == ["Usted facilita una sesión"] * is_held
    assert ["que facilita" in asked, "A quien facilita" in after, "A quien facilita" in shown] == [is_held] * 3
    assert ("Nadie está en la lista." in asked) is is_held


async def test_handing_back_or_on_within_ten_minutes_tells_only_what_stays(
    db: Settings, peer: Peer, freeze: Freeze, cast: Cast, training: Training
) -> None:
    third = await make.make_user(Role.FACILITATOR, cast.hub, email="tercera@x.example", name="Eva Tzi")
    await hand_over(training, cast.facilitator, cast.assistant, cast)
    await hand_over(training, cast.assistant, third, cast)

    told = await deliver(db, freeze, peer)
    peer.accepted.clear()
    await hand_over(training, third, cast.assistant, cast)
    await hand_over(training, cast.assistant, third, cast)
    nothing = await deliver(db, freeze, peer)

    assert told.keys() == {cast.facilitator.email, third.email}
    assert nothing == {}


async def test_handed_over_and_moved_at_once_each_hears_what_they_did_not_know(
    db: Settings, peer: Peer, freeze: Freeze, cast: Cast, training: Training
) -> None:
    await hand_over(training, cast.facilitator, cast.assistant, cast, later=HOUR)

    told = await deliver(db, freeze, peer)

    assert told.keys() == {"persona@x.example", cast.facilitator.email, cast.assistant.email}
    assert "Ya no facilita" in told[cast.facilitator.email][1]
    assert "de 9:30 a. m. a 1:30 p. m." in told[cast.assistant.email][1]
    assert "Antes:" not in told[cast.assistant.email][1], "the hour that was is none of theirs"


async def test_page_of_changes_can_stop_it(
    client: AsyncClient, db: Settings, peer: Peer, freeze: Freeze, cast: Cast, training: Training
) -> None:
    await hand_over(training, cast.facilitator, cast.assistant, cast)
    await make.sign_in(client, cast.coordinator)

    page = (await client.get(f"/panel/capacitaciones/{training.id}/cambios")).text
    batch_id = {job.batch_id for job in await OutboxJob.all()}.pop()
    assert batch_id is not None
    await stop_batch(batch_id, actor=await make.actor_of(cast.coordinator))

    assert f"/cambios/{batch_id}/detener" in page
    assert "A las 2 personas que facilitan" in page
    assert await deliver(db, freeze, peer) == {}


DAY = timedelta(days=1)


def shown_words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\xa0", " ").split())


async def test_people_and_who_facilitates_are_counted_apart_and_named_in_the_queue(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(FRIDAY)
    cast = await make_cast()
    gone = await make.make_user(Role.FACILITATOR, cast.hub, email="gone@x.example")
    people = [cast.facilitator, cast.coordinator, gone]
    training = await a_training(2, hub=cast.hub, venue=cast.venue, facilitators=people)
    await RoleGrant.filter(user_id=gone.id).delete()
    await make.make_registration(training, email="ana@x.example")
    await make.make_registration(training, given_names="Beto", email="beto@x.example")
    session = min(training.sessions, key=lambda one: one.starts_at)
    await make.sign_in(client, cast.coordinator)

    before = [
        shown_words((await client.get(path)).text)
        for path in (
            f"/panel/sesiones/{session.id}/mover",
            f"/panel/sesiones/{session.id}/cancelar",
            f"/panel/capacitaciones/{training.id}/cancelar",
        )
    ]
    await SessionFacilitator.filter(user_id=gone.id).delete()
    actor = await make.actor_of(cast.coordinator)
    await rescheduling.move(session.id, SATURDAY + DAY, SATURDAY + DAY + HOUR, session.venue_id, actor=actor)
    after = shown_words((await client.get(f"/panel/capacitaciones/{training.id}/cambios")).text)
    queue = shown_words((await client.get("/panel/mensajes")).text)

    for page in before:
        assert "Se les escribe a 2 personas que dejaron su correo." in page
        assert "Aparte se le escribe a 1 persona que facilita." in page
    assert "Se les avisa por correo a 2 personas a las" in after
    assert "A quien facilita, también por correo, a las" in after
    assert "a 2 personas · a 1 que facilita · sale en 10 minutos" in queue
    assert f"Cambio, a quien facilita Ana Coc, facilita {training.title} Sale a su hora" in queue


async def test_facilitator_alone_is_told_of_a_training_without_people(client: AsyncClient, freeze: Freeze) -> None:
    freeze(FRIDAY)
    cast = await make_cast()
    training = await a_training(hub=cast.hub, venue=cast.venue, facilitators=[cast.facilitator])
    [session] = training.sessions
    await make.sign_in(client, cast.coordinator)

    before = shown_words((await client.get(f"/panel/sesiones/{session.id}/mover")).text)
    actor = await make.actor_of(cast.coordinator)
    await rescheduling.move(session.id, SATURDAY + DAY, SATURDAY + DAY + HOUR, session.venue_id, actor=actor)
    after = shown_words((await client.get(f"/panel/capacitaciones/{training.id}/cambios")).text)

    assert "Nadie está en la lista. Aparte se le escribe a 1 persona que facilita." in before
    assert "A quien facilita, también por correo, a las" in after
    assert "Nadie dejó su correo" not in after


async def test_note_for_tomorrow_says_to_whom_it_goes_and_about_what(client: AsyncClient, freeze: Freeze) -> None:
    freeze(FRIDAY + 8 * HOUR)
    cast = await make_cast()
    training = await a_training(hub=cast.hub, venue=cast.venue, facilitators=[cast.facilitator])
    await write_eve_notes()
    job = await OutboxJob.get(kind="facilitator_eve")
    await make.sign_in(client, cast.coordinator)

    listed = shown_words((await client.get("/panel/mensajes")).text)
    opened = shown_words((await client.get(f"/panel/mensajes/{job.id}")).text)

    assert f"Para la sesión de mañana Ana Coc, facilita {training.title}" in listed
    assert "Ana Coc, facilita" in opened
    assert cast.facilitator.email not in listed
