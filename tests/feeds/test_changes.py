"""A change moves the event it is about and its feeds' ETags; whatever calendars do not show moves nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from httpx2 import AsyncClient

from tests import make
from tests.database import forget
from tests.feeds.asking import FEED, body_of, events_in, line_of, poll
from tests.schedule.wishes import plan_of, standing
from trainings.accounts.models import Role
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.registrations.seats.actions import cancel, resize
from trainings.schedule import actions as schedule
from trainings.schedule.models import SessionText, Training, TrainingSession, TrainingState

ALL_FEEDS = (FEED, "/cal/ventanilla/la-libertad-peten.ics", "/cal/tema/riesgos.ics", "/cal/guatemala.ics")
TACANA_FEED = "/cal/municipio/tacana-san-marcos.ics"
NOON = datetime(2027, 3, 1, 18, tzinfo=UTC)
Freeze = Callable[[datetime], None]


async def three_sessions(**columns: object) -> Training:
    days = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (3, 4, 5)]
    return await make.make_training(sessions=days, **columns)  # type: ignore[arg-type]  # columns of a plan


def changed(before: str, after: str) -> list[UUID]:
    """The sessions whose event is another one, came or went."""
    old, new = events_in(before), events_in(after)
    return [session_id for session_id in old | new if old.get(session_id) != new.get(session_id)]


async def move(session: TrainingSession, hours: int = 2, venue_id: UUID | None = None) -> None:
    shift = timedelta(hours=hours)
    await schedule.move_session(
        session.id,
        session.starts_at + shift,
        session.ends_at + shift,
        venue_id or session.venue_id,
        actor=PROGRAM,
        override_reason="prueba",
    )


async def test_moved_session_changes_exactly_one_event_in_every_feed_at_once(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(NOON)
    training = await three_sessions()
    await make.make_training()
    session = training.sessions[1]
    freeze(NOON + timedelta(hours=1))
    before = {path: await poll(client, path) for path in ALL_FEEDS}

    await move(session)

    for path in ALL_FEEDS:
        after = await poll(client, path, if_none_match=before[path].headers["etag"])
        assert after.status_code == 200, path
        assert changed(before[path].text, after.text) == [session.id]
        assert len(events_in(after.text)) == 4, path
        old, new = events_in(before[path].text)[session.id], events_in(after.text)[session.id]
        assert (line_of(old, "SEQUENCE"), line_of(new, "SEQUENCE")) == ("0", "1"), path
        assert line_of(new, "DTSTART") == "20270305T100000", path
        assert line_of(new, "DTSTAMP") == line_of(new, "LAST-MODIFIED") == "20270301T190000Z", path
        assert line_of(new, "UID") == line_of(old, "UID"), path
        assert after.headers["last-modified"] == "Mon, 01 Mar 2027 19:00:00 GMT", path


async def test_each_move_raises_sequence_and_stamp_even_within_a_second(client: AsyncClient, freeze: Freeze) -> None:
    freeze(NOON)
    session = (await three_sessions()).sessions[0]
    stamps, etags = [], set()
    for _ in range(3):
        held = (await poll(client)).headers["last-modified"]
        await move(await TrainingSession.get(id=session.id))
        answer = await poll(client, if_modified_since=held)
        assert (held, answer.status_code) == ("Mon, 01 Mar 2027 18:00:00 GMT", 200), "who compares dates gets each"
        event = events_in(answer.text)[session.id]
        stamps.append((line_of(event, "SEQUENCE"), line_of(event, "DTSTAMP")))
        etags.add(answer.headers["etag"])

    assert [sequence for sequence, _stamp in stamps] == ["1", "2", "3"]
    assert sorted({stamp for _sequence, stamp in stamps}) == [stamp for _sequence, stamp in stamps]
    assert len(etags) == 3


async def test_sign_ups_places_closing_and_a_restart_change_not_one_byte(client: AsyncClient, freeze: Freeze) -> None:
    freeze(NOON)
    training = await make.make_training(sessions=[(NOON, NOON + timedelta(hours=2))])
    freeze(NOON + timedelta(hours=1))
    before = {path: await poll(client, path) for path in ALL_FEEDS}

    registration = await make.make_registration(training, phone="55550001")
    await resize(training.id, 40, 2, actor=PROGRAM)
    await cancel(registration.id, actor=PROGRAM)
    await schedule.close_session(training.sessions[0].id, actor=PROGRAM)
    same_process = {path: await poll(client, path) for path in ALL_FEEDS}
    forget()
    next_process = {path: await poll(client, path) for path in ALL_FEEDS}

    for path in ALL_FEEDS:
        for after in (same_process[path], next_process[path]):
            assert (after.headers, after.content) == (before[path].headers, before[path].content)


async def test_saving_a_training_as_it_is_changes_nothing(client: AsyncClient) -> None:
    training = await three_sessions()
    before = await poll(client)

    await schedule.edit_training(training.id, plan_of(training), await standing(training), actor=PROGRAM)

    after = await poll(client)
    assert (after.headers["etag"], after.content) == (before.headers["etag"], before.content)


async def test_new_words_move_stamps_but_no_sequence(client: AsyncClient, freeze: Freeze) -> None:
    freeze(NOON)
    training = await three_sessions()
    before = await body_of(client)
    freeze(NOON + timedelta(hours=1))

    plan = plan_of(training, title="Otro título")
    await schedule.edit_training(training.id, plan, await standing(training), actor=PROGRAM)

    for old, new in zip(events_in(before).values(), events_in(await body_of(client)).values(), strict=True):
        assert line_of(new, "SUMMARY").startswith("Otro título\\, sesión ")
        assert line_of(new, "DTSTAMP") == "20270301T190000Z"
        for name in ("SEQUENCE", "DTSTART", "UID", "URL", "CREATED"):
            assert line_of(new, name) == line_of(old, name)


async def test_called_off_training_is_cancelled_and_comes_back_with_a_higher_sequence(client: AsyncClient) -> None:
    called_off = await make.make_training()

    async with transaction():
        await schedule.cancel_training(await Training.get(id=called_off.id), "Cierre de carretera.", actor=PROGRAM)
    [gone] = events_in(await body_of(client)).values()
    await schedule.reopen(called_off.id, actor=PROGRAM)
    [back] = events_in(await body_of(client)).values()

    assert (line_of(gone, "STATUS"), line_of(gone, "SEQUENCE")) == ("CANCELLED", "1")
    assert (line_of(back, "STATUS"), line_of(back, "SEQUENCE")) == ("CONFIRMED", "2")
    assert not line_of(back, "SUMMARY").startswith("CANCELADA")


async def test_training_that_becomes_unlisted_leaves_the_feeds_and_is_called_cancelled_nowhere(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(NOON)
    training = await three_sessions()
    await schedule.cancel_session(training.sessions[2].id, actor=PROGRAM)
    etags = [(await poll(client, path)).headers["etag"] for path in ALL_FEEDS]

    freeze(NOON + timedelta(minutes=5))
    await schedule.unlist(training.id, actor=PROGRAM)
    answers = [await poll(client, path, if_none_match=etag) for path, etag in zip(ALL_FEEDS, etags, strict=True)]

    assert [events_in(answer.text) for answer in answers] == [{}] * 4
    assert await SessionText.all().count() == 0


async def test_training_that_was_unlisted_when_it_is_published_again_then_it_is_newer_than_before(
    client: AsyncClient,
) -> None:
    training = await make.make_training()
    [before] = events_in(await body_of(client)).values()

    await schedule.unlist(training.id, actor=PROGRAM)
    await schedule.publish(training.id, actor=PROGRAM)

    [back] = events_in(await body_of(client)).values()
    assert (line_of(back, "UID"), line_of(back, "STATUS")) == (line_of(before, "UID"), "CONFIRMED")
    assert (line_of(before, "SEQUENCE"), line_of(back, "SEQUENCE")) == ("0", "1")
    assert line_of(back, "DTSTAMP") > line_of(before, "DTSTAMP")


async def test_unlisted_training_when_it_is_called_off_then_the_feeds_say_nothing(client: AsyncClient) -> None:
    training = await make.make_training()
    await schedule.unlist(training.id, actor=PROGRAM)

    async with transaction():
        await schedule.cancel_training(await Training.get(id=training.id), "Cierre de carretera.", actor=PROGRAM)

    assert [events_in(await body_of(client, path)) for path in ALL_FEEDS] == [{}] * 4


async def test_drafts_and_trainings_that_were_never_listed_are_in_no_feed(client: AsyncClient) -> None:
    await make.make_training(state=TrainingState.DRAFT)
    await make.make_training(state=TrainingState.UNLISTED)

    assert [events_in(await body_of(client, path)) for path in ALL_FEEDS] == [{}] * 4


async def test_session_moved_to_another_municipality_stays_in_the_old_feed_with_its_new_place(
    client: AsyncClient,
) -> None:
    hub = await make.make_hub(serves=(make.TACANA,))
    travelling = await make.make_hub("tacana-san-marcos", municipality=make.TACANA, serves=(make.LA_LIBERTAD,))
    venue = await make.make_venue(travelling, "Salón de La Libertad", municipality=make.LA_LIBERTAD)
    at_home = await make.make_venue(travelling, "Casa comunal", municipality=make.TACANA)
    training = await make.make_training(hub=travelling, venue=venue)
    [session] = training.sessions
    before = events_in(await body_of(client, FEED))[session.id]

    await move(session, hours=0, venue_id=at_home.id)

    assert hub.slug != travelling.slug
    for path in (FEED, TACANA_FEED, "/cal/ventanilla/tacana-san-marcos.ics"):
        event = events_in(await body_of(client, path))[session.id]
        assert line_of(event, "LOCATION") == "Casa comunal\\, Barrio El Centro\\, Tacaná\\, San Marcos"
        assert (line_of(event, "STATUS"), line_of(event, "SEQUENCE")) == ("CONFIRMED", "1")
        assert line_of(event, "UID") == line_of(before, "UID")


async def test_municipality_feed_holds_what_is_there_and_what_hubs_seated_there_do(client: AsyncClient) -> None:
    hub = await make.make_hub(serves=(make.TACANA,))
    away = await make.make_training(hub=hub, venue=await make.make_venue(hub, "Escuela", municipality=make.TACANA))
    home = await make.make_training(hub=hub)

    here, there = events_in(await body_of(client, FEED)), events_in(await body_of(client, TACANA_FEED))

    assert set(here) == {away.sessions[0].id, home.sessions[0].id}
    assert there == {away.sessions[0].id: here[away.sessions[0].id]}


async def test_public_feeds_show_the_title_not_the_neutral_one(client: AsyncClient) -> None:
    await make.make_training(title="Salir de la violencia", neutral_title="Taller de costura")

    for path in ALL_FEEDS:
        [event] = events_in(await body_of(client, path)).values()
        assert line_of(event, "SUMMARY") == "Salir de la violencia", path
        assert "costura" not in event, path


async def test_feeds_hold_nothing_about_anybody(client: AsyncClient) -> None:
    hub = await make.make_hub(email="ventanilla@muni.example")
    teacher = await make.make_user(Role.FACILITATOR, hub, email="facilita@muni.example", name="Ana Coc")
    training = await make.make_training(hub=hub, facilitators=[teacher], contact_phone="+50255559999")
    await make.make_registration(training, phone="55550001", email="caal@gente.example", community="Las Pozas")

    for path in ALL_FEEDS:
        body = (await body_of(client, path)).replace("\r\n ", "")
        for private in ("Caal", "María", "55550001", "gente.example", "Las Pozas", "Ana Coc", "facilita@", "55559999"):
            assert private not in body, path
        for name in ("ATTENDEE", "ORGANIZER", "VALARM", "CONTACT", "COMMENT", "X-ALT-DESC"):
            assert f"\r\n{name}" not in body, path
        assert "BEGIN:VALARM" not in body, path
