"""What calendars are told: exactly the session that changed, exactly the feeds it is in, and nothing for the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests import make
from tests.cast import Cast
from tests.schedule.wishes import plan_of
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.registrations.seats.actions import resize
from trainings.registrations.telling.changes import call_off_training
from trainings.schedule import actions, calendar_texts
from trainings.schedule.actions import SessionPlan
from trainings.schedule.catalogue import course_actions
from trainings.schedule.catalogue.course_actions import CoursePlan
from trainings.schedule.ics import TEXT_FORMAT
from trainings.schedule.models import (
    Course,
    PlaceShown,
    SessionFeed,
    SessionText,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.versions.models import Counter

NOON = datetime(2027, 3, 1, 18, tzinfo=UTC)
Freeze = Callable[[datetime], None]


@dataclass(frozen=True)
class Seen:
    """What every subscriber could see: texts by session, feeds of each, and the counters."""

    texts: dict[str, str]
    feeds: set[tuple[str, str]]
    counters: dict[str, int]

    def texts_changed(self, before: Seen) -> set[str]:
        return {key for key in self.texts.keys() | before.texts.keys() if self.texts.get(key) != before.texts.get(key)}

    def moved(self, before: Seen) -> dict[str, int]:
        """By how much each counter rose."""
        rises = {key: number - before.counters.get(key, 0) for key, number in self.counters.items()}
        return {key: rise for key, rise in rises.items() if rise}


async def seen() -> Seen:
    return Seen(
        texts={str(text.session_id): text.body for text in await SessionText.all()},
        feeds={
            (str(session_id), scope) for session_id, scope in await SessionFeed.all().values_list("session_id", "scope")
        },
        counters={counter.key: counter.number for counter in await Counter.all()},
    )


def line(body: str, name: str) -> str:
    """One property of a VEVENT, unfolded."""
    lines = body.replace("\r\n ", "").split("\r\n")
    return next((one.split(":", 1)[1] for one in lines if one.split(":", 1)[0].split(";")[0] == name), "")


OWN_FEEDS = {"guatemala", "municipio:1705", "ventanilla:la-libertad-peten", "tema:riesgos"}


def session_plans(training: Training) -> list[SessionPlan]:
    return [
        SessionPlan(session.starts_at, session.ends_at, session.venue_id, id=session.id)
        for session in sorted(training.sessions, key=lambda session: session.starts_at)
    ]


async def edit(training: Training, **changes: object) -> None:
    await actions.edit_training(training.id, plan_of(training, **changes), session_plans(training), actor=PROGRAM)


async def two_sessions(cast: Cast, **columns: object) -> Training:
    hours = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (3, 10)]
    return await make.make_training(hub=cast.hub, sessions=hours, **columns)  # type: ignore[arg-type]  # columns of a plan


async def test_draft_leaves_no_trace(cast: Cast) -> None:
    before = await seen()

    await make.make_training(hub=cast.hub, state=TrainingState.DRAFT)

    assert await seen() == before


async def test_publishing_puts_each_session_into_its_four_feeds(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT)
    before = await seen()

    await actions.publish(training.id, actor=PROGRAM)

    after = await seen()
    [session] = training.sessions
    assert set(after.texts) == {str(session.id)}
    assert after.feeds == {(str(session.id), scope) for scope in OWN_FEEDS}
    assert after.moved(before) == dict.fromkeys(OWN_FEEDS, 1)
    body = after.texts[str(session.id)]
    assert (line(body, "SEQUENCE"), line(body, "STATUS")) == ("0", "CONFIRMED")
    assert line(body, "LOCATION") == r"Salón municipal\, Barrio El Centro\, La Libertad\, Petén"


async def test_move_changes_exactly_one_event_with_sequence_one_more(cast: Cast, freeze: Freeze) -> None:
    freeze(NOON)
    training = await two_sessions(cast)
    other = await make.make_training(hub=cast.elsewhere)
    first, second = session_plans(training)
    before = await seen()
    freeze(NOON + timedelta(minutes=5))

    later = first.starts_at + timedelta(hours=1)
    await actions.move_session(first.id, later, first.ends_at, None, actor=PROGRAM)  # type: ignore[arg-type]  # has an id

    after = await seen()
    assert after.texts_changed(before) == {str(first.id)}
    body = after.texts[str(first.id)]
    assert line(body, "SEQUENCE") == "1"
    assert line(body, "DTSTART") == f"{clock.local(later):%Y%m%dT%H%M%S}"
    assert line(body, "DTSTAMP") == line(body, "LAST-MODIFIED") == "20270301T180500Z"
    assert after.moved(before) == dict.fromkeys(OWN_FEEDS, 1)
    assert after.feeds == before.feeds
    assert {str(second.id), str(other.sessions[0].id)} <= set(after.texts)
    row = await TrainingSession.get(id=first.id)
    assert (row.sequence, row.stamped_at) == (1, datetime(2027, 3, 1, 18, 5, tzinfo=UTC))


async def test_places_sign_ups_and_closing_change_nothing(cast: Cast) -> None:
    past = (clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1))
    training = await make.make_training(hub=cast.hub, sessions=[past])
    before = await seen()

    await resize(training.id, 40, 10, actor=PROGRAM)
    await make.make_registration(training)
    await actions.close_session(training.sessions[0].id, actor=PROGRAM)
    await actions.reopen_session(training.sessions[0].id, actor=PROGRAM)

    assert await seen() == before


async def test_saving_the_form_as_it_is_or_what_calendars_do_not_show_changes_nothing_shown(cast: Cast) -> None:
    training = await two_sessions(cast)
    before = await seen()

    await edit(training)
    await edit(training, walk_ins=False, approval_required=True, neutral_title="Reunión")

    assert await seen() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Otro título"},
        {"summary": "Otra cosa"},
        {"bring": "Su DPI"},
        {"offers": ("snack",)},
        {"languages": ("kek",)},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_words_move_stamps_of_all_sessions_but_no_sequence(
    cast: Cast, freeze: Freeze, changes: dict[str, object]
) -> None:
    freeze(NOON)
    training = await two_sessions(cast)
    before = await seen()

    await edit(training, **changes)

    after = await seen()
    assert after.texts_changed(before) == {str(session.id) for session in training.sessions}
    assert {line(body, "SEQUENCE") for body in after.texts.values()} == {"0"}
    # Two changes in one second are still two: stamps strictly grow.
    assert {line(body, "DTSTAMP") for body in after.texts.values()} == {"20270301T180001Z"}
    filters = {f"{key}/filtros" for key in OWN_FEEDS if "languages" in changes}
    assert after.moved(before) == dict.fromkeys(OWN_FEEDS | filters, 1)


async def test_session_that_moves_away_stays_in_its_feeds_and_joins_the_new_one(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    far = await make.make_venue(cast.hub, "Escuela", municipality="1711")
    [session] = training.sessions
    before = await seen()

    await actions.move_session(session.id, session.starts_at, session.ends_at, far.id, actor=PROGRAM)

    after = await seen()
    assert after.feeds - before.feeds == {(str(session.id), "municipio:1711")}
    assert before.feeds <= after.feeds
    assert after.moved(before) == dict.fromkeys(OWN_FEEDS | {"municipio:1711"}, 1)
    assert line(after.texts[str(session.id)], "SEQUENCE") == "1"

    await actions.move_session(session.id, session.starts_at, session.ends_at, cast.venue.id, actor=PROGRAM)

    back = await seen()
    assert back.feeds == after.feeds
    assert back.moved(after) == dict.fromkeys(OWN_FEEDS | {"municipio:1711"}, 1)
    assert line(back.texts[str(session.id)], "SEQUENCE") == "2"


async def test_protected_place_shows_the_municipality_only(cast: Cast) -> None:
    hidden = await make.make_venue(cast.hub, "Casa de doña Ana", lat=None, lon=None)
    training = await make.make_training(hub=cast.hub, venue=hidden, place_shown=PlaceShown.AFTER_CONFIRMATION)

    body = (await seen()).texts[str(training.sessions[0].id)]
    assert line(body, "LOCATION") == r"La Libertad\, Petén"
    assert "Ana" not in body
    assert line(body, "GEO") == ""


async def test_hiding_the_place_later_takes_it_out_of_every_text(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)

    await edit(training, place_shown=PlaceShown.AFTER_CONFIRMATION)

    body = (await seen()).texts[str(training.sessions[0].id)]
    assert "Salón" not in body
    assert line(body, "SEQUENCE") == "1"


async def test_calling_off_cancels_each_event_once_and_freezes_it(cast: Cast) -> None:
    training = await two_sessions(cast)
    before = await seen()

    await call_off_training(training.id, "No hay paso por la lluvia.", actor=PROGRAM)

    after = await seen()
    assert {line(body, "STATUS") for body in after.texts.values()} == {"CANCELLED"}
    assert {line(body, "SEQUENCE") for body in after.texts.values()} == {"1"}
    assert all(line(body, "SUMMARY").startswith("CANCELADA: ") for body in after.texts.values())
    assert after.moved(before) == dict.fromkeys(OWN_FEEDS, 1)
    async with transaction():
        assert await calendar_texts.refresh(training_ids=[training.id]) == set()


async def test_what_was_held_before_calling_off_has_taken_place(cast: Cast, freeze: Freeze) -> None:
    freeze(NOON)
    training = await two_sessions(cast)
    held, coming = session_plans(training)
    freeze(NOON + timedelta(days=5))
    assert held.id is not None
    await actions.close_session(held.id, actor=PROGRAM)

    await call_off_training(training.id, "No hay quien facilite.", actor=PROGRAM)

    texts = (await seen()).texts
    assert line(texts[str(held.id)], "STATUS") == "CONFIRMED"
    assert line(texts[str(coming.id)], "STATUS") == "CANCELLED"


async def test_reopening_confirms_again_with_a_higher_sequence(cast: Cast) -> None:
    training = await two_sessions(cast)
    await call_off_training(training.id, "No hay paso.", actor=PROGRAM)

    await actions.reopen(training.id, actor=PROGRAM)

    bodies = (await seen()).texts.values()
    assert {(line(body, "STATUS"), line(body, "SEQUENCE")) for body in bodies} == {("CONFIRMED", "2")}
    assert not any("CANCELADA" in body for body in bodies)


async def test_unlisting_takes_out_of_the_feeds_and_later_words_stay_out_of_them(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    await actions.unlist(training.id, actor=PROGRAM)
    unlisted = await seen()

    await edit(training, title="Lo que nadie debe leer")
    await actions.add_session(
        training.id, SessionPlan(make.tomorrow_at(8, days=5), make.tomorrow_at(9, days=5)), actor=PROGRAM
    )

    assert unlisted.texts == {}
    assert await seen() == unlisted


async def test_held_while_hidden_it_stays_so_when_the_rest_is_called_off(cast: Cast, freeze: Freeze) -> None:
    freeze(NOON)
    training = await two_sessions(cast)
    await actions.unlist(training.id, actor=PROGRAM)
    hidden = await seen()
    freeze(NOON + timedelta(days=5))

    await call_off_training(training.id, "No hay paso.", actor=PROGRAM)

    assert await seen() == hidden


async def test_cancelling_one_session_changes_one_event(cast: Cast) -> None:
    training = await two_sessions(cast)
    first, second = session_plans(training)
    before = await seen()

    await actions.cancel_session(second.id, actor=PROGRAM)  # type: ignore[arg-type]  # has an id

    after = await seen()
    assert after.texts_changed(before) == {str(second.id)}
    body = after.texts[str(second.id)]
    assert (line(body, "STATUS"), line(body, "SEQUENCE")) == ("CANCELLED", "1")
    assert line(after.texts[str(first.id)], "SUMMARY").endswith("sesión 1 de 2")


async def test_session_cancelled_in_a_draft_never_comes_into_feeds(cast: Cast) -> None:
    training = await two_sessions(cast, state=TrainingState.DRAFT)
    first, second = session_plans(training)
    await actions.cancel_session(second.id, actor=PROGRAM)  # type: ignore[arg-type]  # has an id

    await actions.publish(training.id, actor=PROGRAM)

    assert set((await seen()).texts) == {str(first.id)}


async def test_another_topic_of_the_course_joins_its_feed(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    trata = await make.make_topic("trata", "Trata de personas")
    course = await Course.get(id=training.course_id)
    before = await seen()

    await course_actions.edit_course(
        course.id,
        CoursePlan(
            kind=course.kind,
            topic_id=trata.id,
            title=course.title,
            minutes=course.minutes,
            contents=tuple((part["title"], part["minutes"]) for part in course.contents),
        ),
        actor=PROGRAM,
    )

    after = await seen()
    assert after.feeds - before.feeds == {(str(training.sessions[0].id), "tema:trata")}
    assert after.moved(before) == dict.fromkeys(OWN_FEEDS | {"tema:trata"}, 1)
    assert line(after.texts[str(training.sessions[0].id)], "SEQUENCE") == "0"


async def test_texts_of_an_older_program_are_written_again(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    [session] = training.sessions
    body = (await SessionText.get(session_id=session.id)).body
    older = body.replace("TRANSP:OPAQUE\r\n", "")
    await SessionText.filter(session_id=session.id).update(format=0, body=older)

    async with transaction():
        n_changed = await calendar_texts.rewrite_outdated()

    text = await SessionText.get(session_id=session.id)
    assert n_changed == 1
    assert text.format == TEXT_FORMAT
    assert line(text.body, "TRANSP") == "OPAQUE"
    assert line(text.body, "SEQUENCE") == "0"
