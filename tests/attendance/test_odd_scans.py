"""Scans that are odd: cards without a place, unknown codes, wrong clocks, late ones, people without a ticket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests import make
from tests.attendance.doors import Opened, answers, flags, hours, open_door, qr_of, scan, stay, take, undo
from tests.registrations.card_world import make_spare_cards
from tests.registrations.wishes import wish
from trainings import clock
from trainings.attendance import actions
from trainings.attendance.events import SentEvent
from trainings.attendance.models import Attendance, ScanEvent, ScanHow, ScanKind
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.db.sql import rows
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.registrations.commands import SignUp
from trainings.registrations.eligibility import AdultsOnly
from trainings.registrations.models import HoldReason, Registration, ReplacedTicket, Source
from trainings.registrations.seats import actions as registrations
from trainings.schedule import actions as schedule
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
MINUTE = timedelta(minutes=1)


# -- odd cards


@pytest.mark.parametrize("state", ["waitlisted", "held", "cancelled"])
async def test_who_had_no_place_and_came_is_counted_and_to_be_reviewed(db: Settings, state: str) -> None:
    door = await open_door(capacity=1)
    berta = await make.make_registration(
        door.training, given_names="Berta", hold_reason=HoldReason.REVIEW if state == "held" else None
    )
    if state == "cancelled":
        await registrations.cancel(berta.id, actor=HOLDER_OF_LINK)

    [said] = await answers(door, scan(qr_of(berta), door.starts_at))

    assert (said.outcome, said.flag) == ("review", state)
    row = await stay(door, berta)
    assert (row.is_present, row.to_review) == (True, True)
    assert (await Registration.get(id=berta.id)).state == state, "the door changes no registration"
    await door.training.refresh_from_db()
    assert door.training.taken == 1


async def test_card_of_another_training_is_counted_and_to_be_reviewed(db: Settings) -> None:
    door = await open_door()
    elsewhere = await make.make_registration(await make.make_training(), given_names="Berta")

    [said] = await answers(door, scan(qr_of(elsewhere), door.starts_at))

    assert (said.outcome, said.flag) == ("review", "other_training")
    assert (await stay(door, elsewhere)).to_review is True


async def test_ticket_that_was_replaced_is_counted_and_to_be_reviewed(db: Settings) -> None:
    door = await open_door()
    old = tokens.qr_token()
    code = tokens.short_code()
    await ReplacedTicket.create(registration_id=door.ana.id, qr_hash=tokens.digest(old, "qr"), short_code=code)

    [said] = await answers(door, scan(old, door.starts_at))
    [typed] = await answers(door, scan(code, door.starts_at))

    assert (said.outcome, said.flag) == ("review", "replaced")
    assert typed.registration == door.ana
    assert (await stay(door)).to_review is True


async def test_row_of_another_training_is_nobodys_here_until_its_person_was_marked(db: Settings) -> None:
    door = await open_door()
    elsewhere = await make.make_registration(await make.make_training(), given_names="Berta")
    tapped = scan(registration=elsewhere, at=door.starts_at)

    assert await take(door, tapped) == ["unknown_code"]
    assert await Attendance.all().count() == 0

    left = scan(registration=elsewhere, at=door.starts_at + MINUTE, kind=ScanKind.OUT)
    assert await take(door, scan(qr_of(elsewhere), door.starts_at)) == ["review"]
    assert await take(door, left) == ["left"]
    assert (await stay(door, elsewhere)).left_at == door.starts_at + MINUTE


async def test_joined_ones_card_counts_as_the_kept_ones(db: Settings) -> None:
    door = await open_door()
    first = await make.make_registration(door.training, phone="+50255551234")
    joined = await make.make_registration(door.training, phone="+50255551234")
    await Registration.filter(id=joined.id).update(joined_to_id=first.id, state="cancelled")

    [said] = await answers(door, scan(qr_of(joined), door.starts_at))

    assert said.registration is not None
    assert (said.outcome, said.registration.id, said.flag) == ("present", first.id, "")
    assert await take(door, scan(qr_of(first), door.starts_at)) == ["already"]
    assert await Attendance.all().values_list("registration_id") == [(first.id,)]


@pytest.mark.both_engines
async def test_unknown_code_is_kept_sealed_for_later(db: Settings) -> None:
    door = await open_door()
    unknown, short = tokens.qr_token(), tokens.short_code()

    said = await answers(door, scan(unknown, door.starts_at), scan(short, door.starts_at, how=ScanHow.TYPED))

    assert [(one.outcome.value, one.registration) for one in said] == [("unknown_code", None)] * 2
    events = await ScanEvent.all().order_by("id")
    assert [(one.unknown_code, one.flag.value) for one in events] == [
        (unknown, "unknown_code"),
        (short, "unknown_code"),
    ]
    for row in await rows("SELECT unknown_code FROM scan_event"):
        assert unknown not in row["unknown_code"]
        assert short not in row["unknown_code"]
    assert await Attendance.all().count() == 0


async def test_unknown_session_is_not_found(sqlite_db: Settings) -> None:
    door = await open_door()

    with pytest.raises(NotFound):
        await take(door, scan(qr_of(door.ana)), session=tokens.uuid7())


# -- clocks


async def test_wrong_clock_is_corrected_and_flagged(db: Settings) -> None:
    door = await open_door()
    a_day = timedelta(days=1)

    assert await take(door, scan(qr_of(door.ana), door.starts_at + a_day), offset=-a_day) == ["present"]

    event = await ScanEvent.get()
    assert (event.at, event.device_at, event.flag) == (door.starts_at, door.starts_at + a_day, "clock")
    row = await stay(door)
    assert (row.arrived_at, row.to_review) == (door.starts_at, False)


@pytest.mark.parametrize(
    ("offset", "flag"), [(timedelta(minutes=5), ""), (timedelta(minutes=5, seconds=1), "clock"), (-6 * MINUTE, "clock")]
)
async def test_clock_may_be_five_minutes_off(db: Settings, offset: timedelta, flag: str) -> None:
    door = await open_door()

    await take(door, scan(qr_of(door.ana), door.starts_at), offset=offset)

    assert await flags(door) == [flag]


@pytest.mark.parametrize(
    ("at", "flag"),
    [(-180 * MINUTE, ""), (-181 * MINUTE, "clock"), (240 * MINUTE + 180 * MINUTE, ""), (timedelta(days=40), "clock")],
)
async def test_time_far_from_the_session_is_flagged_and_counted(db: Settings, at: timedelta, flag: str) -> None:
    door = await open_door()

    assert await take(door, scan(qr_of(door.ana), door.starts_at + at)) == ["present"]

    assert await flags(door) == [flag]
    assert (await stay(door)).is_present is True


async def test_times_at_the_ends_of_what_a_client_can_send_are_kept(db: Settings) -> None:
    door = await open_door()
    epoch, last = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

    await take(door, scan(qr_of(door.ana), last), offset=last - epoch)
    await take(door, scan(qr_of(door.ana), epoch), offset=epoch - last)

    assert await flags(door) == ["clock", "clock"]


# -- after closing


async def test_what_comes_after_closing_is_taken_and_flagged_whatever_its_time(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    freeze(door.ends_at)
    await actions.close_session(door.key, actor=PROGRAM)

    outcomes = await take(door, scan(qr_of(door.ana), door.starts_at), undo(tokens.uuid7()))

    assert outcomes == ["present", "undone"]
    assert await flags(door) == ["after_close", "after_close"]
    row = await stay(door)
    assert (row.is_present, row.minutes, row.to_review) == (True, 240, False)

    await actions.reopen_session(door.key, actor=PROGRAM)
    assert await flags(door) == ["", ""], "nothing is late at a session that is open"


async def nameless_who_left_after_an_hour(freeze: Freeze) -> tuple[Opened, SignUp, SentEvent]:
    """At a session that goes on; the wish that names them, and the mark of their arrival."""
    door = await open_door()
    [card] = await make_spare_cards(door.training)
    freeze(door.starts_at + 60 * MINUTE)
    came = scan(card.qr_token, door.starts_at)
    await take(door, came, scan(card.qr_token, door.starts_at + 60 * MINUTE, kind=ScanKind.OUT))
    return door, wish(source=Source.WALK_IN, card_id=card.id, body_hash=str(card.id)), came


async def test_name_given_in_the_office_then_its_person_came_and_left_as_was_marked_and_nothing_is_late(
    db: Settings, freeze: Freeze
) -> None:
    door, named, came = await nameless_who_left_after_an_hour(freeze)
    freeze(door.ends_at)
    await actions.close_session(door.key, actor=PROGRAM)
    freeze(door.ends_at + timedelta(days=2))

    for _ in range(2):
        said = await actions.add_walk_in(door.key, named, tokens.uuid7(), actor=PROGRAM)

        assert said.registration is not None
        assert (said.id, said.outcome, said.arrived_at) == (came.id, "present", door.starts_at)
        assert await flags(door) == ["", ""]
        assert await hours(said.registration) == (60, False)
        assert (await stay(door, said.registration)).left_at == door.starts_at + 60 * MINUTE


async def test_name_given_to_who_comes_back_while_the_session_goes_on_then_they_are_here_again(
    db: Settings, freeze: Freeze
) -> None:
    door, named, _came = await nameless_who_left_after_an_hour(freeze)
    freeze(door.starts_at + 90 * MINUTE)

    said = await actions.add_walk_in(door.key, named, tokens.uuid7(), actor=PROGRAM)

    assert said.registration is not None
    assert (await stay(door, said.registration)).left_at is None
    freeze(door.ends_at)
    await actions.close_session(door.key, actor=PROGRAM)
    assert await hours(said.registration) == (240, True)


async def test_cancelled_session_still_keeps_who_came(db: Settings) -> None:
    door = await open_door(n_sessions=2)
    await schedule.cancel_session(door.key, actor=PROGRAM)

    assert await take(door, scan(qr_of(door.ana), door.starts_at)) == ["present"]


# -- without a ticket


async def test_walk_in_is_registered_and_present_together(db: Settings, freeze: Freeze) -> None:
    door = await open_door(capacity=1)
    freeze(door.starts_at)
    key = tokens.uuid7()

    said = await actions.add_walk_in(door.key, wish(source=Source.WALK_IN), key, actor=PROGRAM)

    assert said.registration is not None
    assert (said.outcome, said.arrived_at) == ("present", door.starts_at)
    event = await ScanEvent.get(id=key)
    assert (event.kind, event.how, event.registration_id) == ("walkin", "walk_in", said.registration.id)
    await door.training.refresh_from_db()
    assert door.training.taken == 1


async def test_walk_in_sent_twice_is_one_person_and_one_event(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    key = tokens.uuid7()
    about = wish(source=Source.WALK_IN, idempotency_key=f"walkin-{key}", body_hash=str(key))
    freeze(door.starts_at)
    first = await actions.add_walk_in(door.key, about, key, actor=PROGRAM)

    freeze(door.starts_at + MINUTE)
    again = await actions.add_walk_in(door.key, about, key, actor=PROGRAM)

    assert first.registration is not None
    assert again.registration is not None
    assert (again.outcome, again.registration.id) == ("present", first.registration.id)
    assert (await ScanEvent.all().count(), await Registration.all().count()) == (1, 2)


async def test_walk_in_that_is_refused_leaves_nothing(db: Settings) -> None:
    door = await open_door()

    with pytest.raises(AdultsOnly):
        await actions.add_walk_in(
            door.key, wish(age_group="12-13", source=Source.WALK_IN), tokens.uuid7(), actor=PROGRAM
        )

    assert (await ScanEvent.all().count(), await Registration.all().count()) == (0, 1)


async def test_events_know_who_took_them(db: Settings) -> None:
    door = await open_door()
    user = await make.make_user()
    actor = await make.actor_of(user)

    await actions.take(door.key, [scan(qr_of(door.ana), clock.now(), session=door.key)], actor=actor)

    assert (await ScanEvent.get()).user_id == user.id


async def test_door_of_a_training_does_not_wait_for_its_list(db: Settings) -> None:
    door: Opened = await open_door(capacity=1, has_waiting_list=False)

    said = await actions.add_walk_in(door.key, wish(source=Source.WALK_IN), tokens.uuid7(), actor=PROGRAM)

    assert said.outcome == "present"
