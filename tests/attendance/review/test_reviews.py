"""Odd marks and the answers to them: by reason and answer, what attendance and hours are then; and all taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import process_time
from uuid import UUID

import pytest

from tests import make
from tests.attendance.doors import Opened, hours, open_door
from tests.attendance.uploading import Event, counted, event, h, make_device, make_sheet, send
from tests.registrations.card_world import make_spare_cards
from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.attendance import actions, reviews
from trainings.attendance.models import Attendance, Decision, Device, ScanEvent, ScanFlag
from trainings.attendance.phones.closings import closed_on_phones
from trainings.attendance.review import queries as review_queries
from trainings.attendance.review.queries import review_of
from trainings.attendance.review.words import REASONS
from trainings.attendance.reviews import NothingToDecide, NotOfThisTraining
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM, Actor
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import HoldReason, Registration, ReplacedTicket
from trainings.registrations.seats import actions as registrations
from trainings.schedule.models import Training, TrainingSession
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def is_here(person: Registration, session_id: UUID) -> bool:
    row = await Attendance.get_or_none(session_id=session_id, registration_id=person.id)
    return row is not None and row.is_present


async def ids_of(flag: str) -> list[UUID]:
    return [one.id for one in await ScanEvent.filter(flag=flag).order_by("created_at", "id")]


# -- each reason


@dataclass(frozen=True)
class Odd:
    """Somebody who came in an odd way: the events of it, by which phone."""

    person: Registration
    events: list[Event]
    device: Device


async def someone(door: Opened, name: str, **columns: object) -> Registration:
    return await make.make_registration(door.training, given_names=name, **columns)  # type: ignore[arg-type]


async def revoked(door: Opened) -> Odd:
    who = await someone(door, "Rita")
    return Odd(who, [event(door, h=h(who))], await make_device(door, revoked_at=door.starts_at))


async def other_session(door: Opened) -> Odd:
    who = await someone(door, "Otto")
    return Odd(who, [event(door, h=h(who))], await make_device(door, sessions=[]))


async def cancelled(door: Opened) -> Odd:
    who = await someone(door, "Cata")
    await registrations.cancel(who.id, actor=HOLDER_OF_LINK)
    return Odd(who, [event(door, h=h(who))], await make_device(door))


async def held(door: Opened) -> Odd:
    who = await someone(door, "Hilda", hold_reason=HoldReason.REVIEW)
    return Odd(who, [event(door, h=h(who))], await make_device(door))


async def waitlisted(door: Opened) -> Odd:
    full = (await Training.get(id=door.training.id)).taken
    await Training.filter(id=door.training.id).update(capacity=full)
    who = await someone(door, "Lía")
    return Odd(who, [event(door, h=h(who))], await make_device(door))


async def replaced(door: Opened) -> Odd:
    who, old = await someone(door, "Vera"), tokens.digest(tokens.qr_token(), "qr")
    await ReplacedTicket.create(registration_id=who.id, qr_hash=old)
    return Odd(who, [event(door, h=old[:24])], await make_device(door))


async def other_training(door: Opened) -> Odd:
    who = await make.make_registration(await make.make_training(course=await door.training.course), given_names="Tere")
    return Odd(who, [event(door, h=h(who))], await make_device(door))


async def clock_wrong(door: Opened) -> Odd:
    who = await someone(door, "Clara")
    return Odd(who, [event(door, door.starts_at - 10 * HOUR, h=h(who))], await make_device(door))


async def changed_body(door: Opened) -> Odd:
    who = await someone(door, "Berta")
    first = event(door, h=h(who))
    return Odd(who, [first, first | {"at": first["at"] + 1}], await make_device(door))


CASES: dict[str, tuple[Callable[[Opened], Awaitable[Odd]], bool]] = {
    "revoked": (revoked, False),
    "other_session": (other_session, False),
    "cancelled": (cancelled, True),
    "held": (held, True),
    "replaced": (replaced, True),
    "other_training": (other_training, True),
    "clock": (clock_wrong, True),
    "changed_body": (changed_body, True),
    "waitlisted": (waitlisted, True),
}
"""By reason: how somebody comes to it, and whether they are present before anybody answers."""


async def test_marks_of_somebody_follow_the_answer_and_its_undo(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    odds = {flag: await made(door) for flag, (made, _before) in CASES.items()}
    freeze(door.ends_at + HOUR)
    for odd in odds.values():
        for one in odd.events:
            await send(odd.device, one)
    n_told = await OutboxJob.all().count()

    for flag, odd in odds.items():
        keys, before = await ids_of(flag), CASES[flag][1]
        seen = [await is_here(odd.person, door.key)]
        for answer in (Decision.COUNTED, Decision.DISMISSED):
            assert await reviews.decide(door.key, keys, answer, actor=PROGRAM) == len(odd.events)
            seen.append(await is_here(odd.person, door.key))
            seen.append((await hours(odd.person)) == (240, True))
            row = await Attendance.get(registration_id=odd.person.id)
            assert row.to_review is False, "what somebody decided about is not to be reviewed again"
        await reviews.take_back(door.key, keys, actor=PROGRAM)
        seen.append(await is_here(odd.person, door.key))

        assert (flag, seen) == (flag, [before, True, True, False, False, before])
        events = await ScanEvent.filter(id__in=keys)
        assert {(one.flag, one.decision, one.decided_by_id, one.reviewed_at) for one in events} == {
            (flag, "", None, None)
        }
    assert await OutboxJob.all().count() == n_told, "deciding tells nobody"


async def test_late_and_called_off_then_counted_unless_put_aside(db: Settings, freeze: Freeze) -> None:
    door = await open_door(n_sessions=2)
    device = await make_device(door)
    off = door.training.sessions[1]
    freeze(door.starts_at - HOUR)
    await rescheduling.cancel(off.id, actor=PROGRAM)
    freeze(door.ends_at)
    await actions.close_session(door.key, actor=PROGRAM)
    freeze(off.ends_at + HOUR)
    await send(device, event(door, h=h(door.ana)), event(door, off.starts_at, h=h(door.ana)) | {"session": str(off.id)})

    assert await hours(door.ana) == (240, True)
    await reviews.decide(door.key, await ids_of("after_close"), Decision.DISMISSED, actor=PROGRAM)
    assert await hours(door.ana) == (0, False)
    await reviews.decide(off.id, await ids_of("session_off"), Decision.COUNTED, actor=PROGRAM)
    assert await is_here(door.ana, off.id)
    assert await hours(door.ana) == (0, False), "a session that was called off gives no hours"
    await reviews.take_back(door.key, await ids_of("after_close"), actor=PROGRAM)
    assert await hours(door.ana) == (240, True)


# -- whose it is


async def test_marks_of_nobody_then_of_whom_somebody_says_and_nobodys_again(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    sheet, _card = await make_sheet(door, [])
    [spare] = await make_spare_cards(door.training)
    device = await make_device(door)
    gone = await make_device(door, revoked_at=door.starts_at)
    people = {name: await someone(door, name) for name in ("unknown_code", "unknown_row", "unnamed", "revoked")}
    freeze(door.ends_at + HOUR)
    await send(
        device,
        event(door, code=tokens.qr_token(), known=False),
        event(door, how="row", sheet=sheet.code, row=61),
        event(door, kind="walkin", h=spare.qr_hash[:24]),
    )
    without_row = event(door, how="row", sheet=sheet.code, row=61)
    await send(gone, event(door, code=tokens.qr_token(), known=False), without_row)
    assert (await counted(door))[0::2] == (0, 1)

    for flag, who in people.items():
        keys = await ids_of(flag)
        assert await reviews.assign(door.key, keys, who.id, actor=PROGRAM) == len(keys) == 1 + (flag == "revoked")
        assert await hours(who) == (240, True), flag
    assert (await counted(door))[0::2] == (4, 0)

    for flag, who in people.items():
        await reviews.take_back(door.key, await ids_of(flag), actor=PROGRAM)
        assert await hours(who) == (0, False), flag
    assert (await counted(door))[0::2] == (0, 1)
    assert await ScanEvent.filter(registration_id__not_isnull=True).count() == 0


@pytest.mark.both_engines
async def test_unknown_code_then_counted_without_a_name_or_not_at_all(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    freeze(door.starts_at + HOUR)
    await send(await make_device(door), event(door, code=tokens.qr_token(), known=False))
    keys = await ids_of("unknown_code")

    await reviews.decide(door.key, keys, Decision.COUNTED, actor=PROGRAM)
    assert (await counted(door))[2] == 1
    await reviews.decide(door.key, keys, Decision.DISMISSED, actor=PROGRAM)
    assert (await counted(door))[2] == 0


async def test_person_of_no_list_or_nothing_to_decide_then_refused(sqlite_db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    stranger = await make.make_registration(await make.make_training(title="Otra"))
    freeze(door.starts_at + HOUR)
    await send(await make_device(door), event(door, h=h(door.ana)), event(door, code=tokens.qr_token(), known=False))
    [odd], [plain] = await ids_of("unknown_code"), await ids_of("")

    with pytest.raises(NotOfThisTraining):
        await reviews.assign(door.key, [odd], stranger.id, actor=PROGRAM)
    for keys in ([], [plain], [tokens.uuid7()]):
        with pytest.raises(NothingToDecide):
            await reviews.decide(door.key, keys, Decision.DISMISSED, actor=PROGRAM)
    with pytest.raises(NothingToDecide):
        await reviews.assign(door.key, [plain], door.ana.id, actor=PROGRAM)
    assert await is_here(door.ana, door.key)


# -- a whole phone


async def test_all_of_a_phone_then_what_was_seen_and_names_somebody(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    gone = await make_device(door, revoked_at=door.starts_at)
    beto = await someone(door, "Beto")
    freeze(door.starts_at + HOUR)
    arrived = event(door, h=h(beto))
    await send(
        gone,
        event(door, h=h(door.ana)),
        arrived,
        event(door, kind="undo", target=arrived["id"]),
        event(door, kind="heads", how="button", number=3),
        event(door, code=tokens.qr_token(), known=False),
    )
    until = clock.now()
    freeze(door.starts_at + 2 * HOUR)
    await send(gone, event(door, kind="heads", how="button", number=2))
    assert await counted(door) == (0, 2, 0, 0)

    assert await reviews.decide_phone(door.key, gone.id, Decision.COUNTED, until=until, actor=PROGRAM) == 4

    assert await counted(door) == (1, 2, 0, 3), "Beto's was taken back, and what came later waits"
    assert [await is_here(one, door.key) for one in (door.ana, beto)] == [True, False]
    left = await ScanEvent.filter(decision=Decision.NONE)
    assert {one.kind.value for one in left} == {"in", "heads"}


async def test_all_of_a_phone_count_then_who_came_with_a_card_without_a_name_is_decided_one_by_one(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    device = await make_device(door)
    cards = [card.qr_hash[:24] for card in await make_spare_cards(door.training, 2)]
    freeze(door.ends_at)
    too_early = door.starts_at - 10 * HOUR
    await send(device, event(door, too_early, h=h(door.ana)), *(event(door, kind="walkin", h=card) for card in cards))

    n = await reviews.decide_phone(door.key, device.id, Decision.COUNTED, until=clock.now(), actor=PROGRAM)

    undecided = await ScanEvent.filter(decision=Decision.NONE)
    assert (n, sorted(one.code_hash for one in undecided)) == (1, sorted(cards))
    assert await counted(door) == (1, 1, 2, 0), "they are counted beside the list all the same"
    with pytest.raises(NothingToDecide):
        await reviews.decide_phone(door.key, device.id, Decision.COUNTED, until=clock.now(), actor=PROGRAM)
    assert await reviews.decide_phone(door.key, device.id, Decision.DISMISSED, until=clock.now(), actor=PROGRAM) == 2


async def test_undo_of_a_phone_out_of_use_then_its_target_comes_and_goes(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    first, gone = await make_device(door), await make_device(door, revoked_at=door.starts_at)
    freeze(door.ends_at + HOUR)
    arrived = event(door, h=h(door.ana))
    await send(first, arrived)
    await send(gone, event(door, kind="undo", target=arrived["id"]))
    keys = await ids_of("revoked")

    assert await hours(door.ana) == (240, True)
    await reviews.decide(door.key, keys, Decision.COUNTED, actor=PROGRAM)
    assert await hours(door.ana) == (0, False)
    await reviews.take_back(door.key, keys, actor=PROGRAM)
    assert await hours(door.ana) == (240, True)


# -- what is shown, and what is kept of it


async def test_review_groups_by_person_and_reason_and_leaves_out_what_was_taken_back(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    gone = await make_device(door, revoked_at=door.starts_at)
    device = await make_device(door)
    freeze(door.starts_at + HOUR)
    wrong = event(door, code=tokens.qr_token(), known=False)
    await send(gone, event(door, h=h(door.ana)), event(door, h=h(door.ana), kind="out"))
    await send(device, wrong, event(door, kind="undo", target=wrong["id"]))
    session = await TrainingSession.get(id=door.key).prefetch_related("training")
    user = await make.make_user(name="Rosa Xol")

    [case] = (await review_of(session)).open
    assert (case.flag, len(case.events), case.person and case.person.id) == ("revoked", 2, door.ana.id)
    assert case.counts_now is False
    await reviews.decide(door.key, case.ids, Decision.COUNTED, actor=Actor(id=user.id, role="hub_coordinator"))

    review = await review_of(session)
    assert review.open == []
    [decided] = review.decided
    assert (decided.decision, decided.decided_by, decided.first.reviewed_at) == ("counted", "Rosa Xol", clock.now())
    line = await AuditLine.get(act="attendance.decide")
    assert (line.actor_id, line.object_id, line.detail) == (user.id, door.key, {"n": 2, "decision": "counted"})


async def test_close_of_a_phone_out_of_use_then_waits_until_it_counts(sqlite_db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    gone = await make_device(door, revoked_at=door.starts_at)
    freeze(door.starts_at + 3 * HOUR)
    await send(gone, event(door, door.starts_at + HOUR, kind="close", how="button"))

    assert await closed_on_phones([door.key]) == {}
    await reviews.decide(door.key, await ids_of("revoked"), Decision.COUNTED, actor=PROGRAM)
    assert await closed_on_phones([door.key]) == {door.key: door.starts_at + HOUR}


def test_every_reason_has_its_words() -> None:
    assert set(REASONS) == set(ScanFlag) - {ScanFlag.NONE}


# -- very many


async def test_a_phone_makes_any_number_of_odd_marks_then_others_are_found_beside_them(
    db: Settings, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = await open_door()
    device, wild = await make_device(door), await make_device(door)
    coordinator = await actor_of(await make.make_user(hub=await door.training.hub))
    freeze(door.ends_at)
    undone = event(door, code=tokens.qr_token())
    await send(device, undone, event(door, kind="undo", target=undone["id"]), event(door, code=tokens.qr_token()))
    await send(wild, *[event(door, code=tokens.qr_token()) for _ in range(9)])
    monkeypatch.setattr(review_queries, "MOST_MARKS", 4)

    first = await review_of(door.session)
    await reviews.decide(door.key, [key for one in first.open for key in one.ids], Decision.DISMISSED, actor=PROGRAM)
    then = await review_of(door.session)

    assert (len(first.open), len(first.decided)) == (4, 0)
    assert (len(then.open), len(then.decided)) == (4, 4), "what waits is not hidden by what was answered"
    assert await review_queries.n_to_decide(coordinator) == 6


async def test_thousands_of_odd_marks_are_counted_at_once(sqlite_db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    device = await make_device(door)
    coordinator = await actor_of(await make.make_user(hub=await door.training.hub))
    freeze(door.ends_at)
    await send(device, event(door, code=tokens.qr_token()))
    one = await ScanEvent.get()
    columns = {name: getattr(one, name) for name in one._meta.db_fields if name != "id"}
    await ScanEvent.bulk_create([ScanEvent(id=tokens.uuid7(), **columns) for _ in range(2_000)])

    began = process_time()
    assert await review_queries.n_to_decide(coordinator) == 2_001
    # Of work, not of waiting: what else the machine does counts for nothing.
    assert process_time() - began < 2
