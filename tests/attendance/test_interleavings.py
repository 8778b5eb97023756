"""Any interleaving, repetition and order of what several phones send gives the same attendance.

Four phones: one with a clock a day ahead, one that is killed and sends from the start again, one that was revoked and
whose marks somebody decided about, one whose clock showed another year and whose pages send what each of them finds. A
sheet is typed in, cards have no name yet, things are taken back, another session is moved meanwhile.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import make
from tests.attendance.doors import Opened, open_door
from tests.attendance.uploading import NO_OFFSET, Event, counted, event, h, make_device, make_sheet, ms
from tests.registrations.card_world import make_spare_cards
from trainings.accounts.models import Role
from trainings.attendance.models import Attendance, Decision, Device, ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.phones.uploads import Upload, receive
from trainings.attendance.projection import KeptMark, heads_of, project, stay_of, undone_by, unnamed_of
from trainings.attendance.scans import Reading
from trainings.attendance.sessions import rescheduling
from trainings.attendance.settling import settle_registrations
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 6, 14, tzinfo=UTC)

# -- what the events of one session say, without a database

IDS = st.sampled_from([uuid5(NAMESPACE_OID, name) for name in "abcdefgh"])
SESSION, ANA = (uuid5(NAMESPACE_OID, name) for name in ("session", "ana"))
MARKS = st.builds(
    KeptMark,
    id=IDS,
    session_id=st.just(SESSION),
    registration_id=st.sampled_from([None, ANA]),
    kind=st.sampled_from(ScanKind),
    at=st.integers(-30, 250).map(lambda minutes: START + minutes * MINUTE),
    stated_at=st.none() | st.integers(0, 240).map(lambda minutes: START + minutes * MINUTE),
    target_id=IDS,
    conflict_of_id=st.none() | IDS,
    code_hash=st.sampled_from(["", "a" * 24, "b" * 24]),
    number=st.integers(-2, 3),
    flag=st.sampled_from(ScanFlag),
    decision=st.sampled_from(Decision),
    body_hash=st.just(""),
    phone_id=st.none() | IDS,
)
SESSIONS = st.lists(MARKS, max_size=10, unique_by=lambda mark: mark.id)


def said(marks: Sequence[KeptMark]) -> tuple[Any, ...]:
    undone = undone_by(marks)
    stay = stay_of([mark for mark in marks if mark.registration_id == ANA], undone)
    return stay, unnamed_of(marks, undone), heads_of(marks, undone)


@settings(max_examples=25)
@given(marks=SESSIONS, shuffled=st.randoms(use_true_random=False))
def test_order_of_events_then_says_the_same(marks: list[KeptMark], shuffled: Random) -> None:
    again = list(marks)
    shuffled.shuffle(again)

    assert said(again) == said(marks)


def test_order_of_two_marks_under_one_id_in_one_moment_then_the_stay_rests_on_the_same() -> None:
    first, second = uuid5(NAMESPACE_OID, "a"), uuid5(NAMESPACE_OID, "b")
    mark = KeptMark(
        id=first,
        session_id=SESSION,
        registration_id=ANA,
        kind=ScanKind.IN,
        how=ScanHow.CAMERA,
        at=START,
        stated_at=None,
        target_id=None,
        conflict_of_id=None,
        code_hash="",
        number=0,
        flag=ScanFlag.NONE,
        decision=Decision.NONE,
        body_hash="",
        phone_id=None,
        created_at=START,
    )
    other = mark._replace(id=second, conflict_of_id=first)

    assert said([mark, other]) == said([other, mark])


# -- what phones send, on a real database


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone with what it kept, in the order in which it was made. `offset`: our clock minus its own, and `sent` what
    the counter of its page shows, as it sends.
    """

    device: Device
    offset: timedelta
    events: Sequence[Event]
    sent: Reading | None = None

    def upload(self, events: Sequence[Event], *, n_unsent: int = 0) -> Upload:
        return Upload(events, self.offset, n_unsent=n_unsent, sent=self.sent)


@dataclass(frozen=True, slots=True)
class Village:
    """A session that is nearly over, with its phones; `decided`: the marks of which somebody says that they count."""

    door: Opened
    people: Sequence[Registration]
    phones: Sequence[Phone]
    decided: Sequence[UUID]


async def make_village() -> Village:
    hub = await make.make_hub()
    user = await make.make_user(Role.FACILITATOR, hub)
    door = await open_door(n_sessions=2, hub=hub, facilitators=[user], capacity=4)
    names = ("Berta", "Carla", "Delia", "Elena", "Flora", "Gloria", "Hilda", "Irma", "Julia")
    people = [door.ana, *[await make.make_registration(door.training, given_names=name) for name in names]]
    sheet, _card = await make_sheet(door, people[:6])
    one, other = (card.qr_hash[:24] for card in await make_spare_cards(door.training, 2))
    cards = [h(person) for person in people]
    ahead = marks_ahead(door, cards, one)
    second = marks_with_sheet(door, cards, sheet.code, ahead)
    third = marks_out_of_use(door, cards, other, second)
    phones = [
        Phone(await make_device(door, prepared_by_id=user.id), -DAY, ahead),
        Phone(await make_device(door, prepared_by_id=user.id), NO_OFFSET, second),
        Phone(await make_device(door, revoked_at=door.starts_at), NO_OFFSET, third),
        *pages_of_another_year(door, await make_device(door), cards[6:]),
    ]
    return Village(door, people, phones, [UUID(third[0]["id"]), UUID(third[3]["id"])])


def marks_ahead(door: Opened, cards: Sequence[str], spare: str) -> list[Event]:
    """Of the phone whose clock is a day ahead. Each mark has a fixed time, on its own clock."""
    ana, berta, _carla, _delia, _elena, flora, *_others = cards
    start = door.starts_at + DAY
    marks = [
        event(door, start, h=ana),
        event(door, start + 2 * MINUTE, h=berta),
        event(door, start + 3 * MINUTE, kind="walkin", h=spare),
        event(door, start + 4 * MINUTE, h=flora),
        event(door, start + 5 * MINUTE, kind="heads", number=2, how="button"),
        event(door, start + HOUR, kind="left", h=ana, stated_at=ms(start + 50 * MINUTE)),
        event(door, start + 3 * HOUR, kind="close", how="button"),
    ]
    return [*marks, event(door, start + 6 * MINUTE, kind="undo", target=marks[1]["id"])]


def marks_with_sheet(door: Opened, cards: Sequence[str], sheet: str, ahead: Sequence[Event]) -> list[Event]:
    """Of the phone that enters the rows of the sheet, one of them blank and one that it does not have."""
    ana, berta, carla, delia, elena, _flora, _gloria, _hilda, _irma, julia = cards
    start = door.starts_at
    marks = [
        event(door, start + 5 * MINUTE, h=ana),
        event(door, start + 6 * MINUTE, h=carla),
        *[event(door, start + (3 + row) * MINUTE, how="row", sheet=sheet, row=row) for row in (4, 7, 61)],
        event(door, start + 10 * MINUTE, kind="walkin", code=tokens.qr_token(), known=False),
        event(door, start + 11 * MINUTE, kind="heads", number=1, how="button"),
        event(door, start + 2 * HOUR, kind="out", h=delia),
        event(door, start + 2 * HOUR + MINUTE, h=delia),
        event(door, start + 3 * HOUR, h=julia, how="sheet"),
        event(door, start + 2 * HOUR, kind="out", h=julia),
    ]
    marks.append(event(door, start + 12 * MINUTE, kind="undo", target=marks[6]["id"]))
    # Another body under an id that a mark of the same phone has, taken back with it, and one of the other phone.
    marks += [marks[1] | {"h": elena}, event(door, start + 13 * MINUTE, h=berta, id=ahead[3]["id"])]
    return [*marks, event(door, start + 14 * MINUTE, kind="undo", target=marks[1]["id"])]


def marks_out_of_use(door: Opened, cards: Sequence[str], spare: str, others: Sequence[Event]) -> list[Event]:
    """Of the phone that was taken out of use; it takes back what the second one marked."""
    _ana, _berta, _carla, _delia, elena, flora, *_others = cards
    start = door.starts_at
    return [
        event(door, start + MINUTE, h=elena),
        event(door, start + 2 * MINUTE, h=flora),
        event(door, start + 3 * MINUTE, kind="walkin", h=spare),
        event(door, start + 4 * MINUTE, kind="undo", target=others[2]["id"]),
    ]


def pages_of_another_year(door: Opened, device: Device, cards: Sequence[str]) -> list[Phone]:
    """Of the phone whose clock fell back to 2015, from its three pages.

    The first is gone: it sent one mark while the clock was wrong. The second is open still, and sends with the clock
    set right; a third window sends some of the same, and what that one made.
    """
    gloria, hilda, irma, _julia = cards
    start, since_start = door.starts_at, door.starts_at - datetime(2015, 1, 1, tzinfo=UTC)

    def made(page: str, opened: timedelta, after: timedelta, card: str, **parts: Any) -> Event:
        lost = start + after - since_start
        return event(door, lost, h=card, page=page, perf=(after - opened) / timedelta(milliseconds=1), **parts)

    def first(after: timedelta, card: str, **parts: Any) -> Event:
        return made("first", -HOUR, after, card, **parts)

    def second(after: timedelta, card: str, **parts: Any) -> Event:
        return made("second", 2 * HOUR, after, card, **parts)

    came = first(5 * MINUTE, gloria)
    gone = first(80 * MINUTE, irma, kind="out")
    left = second(2 * HOUR + 10 * MINUTE, gloria, kind="out")
    said_at = ms(start + 2 * HOUR - since_start)
    said = second(2 * HOUR + 30 * MINUTE, hilda, kind="left", stated_at=said_at)
    # Made with the clock right again: it tells when the first page was opened, and nobody is to ask it.
    again = first(30 * MINUTE, gloria) | {"at": ms(start + 30 * MINUTE)}
    now = start + 3 * HOUR + 30 * MINUTE
    old = Phone(device, since_start, [came], Reading("first", 7_200_000, start + HOUR))
    open_page = Phone(
        device,
        NO_OFFSET,
        [came, first(20 * MINUTE, hilda), first(25 * MINUTE, irma), gone, again, left, said],
        Reading("second", 5_400_000, now),
    )
    return [
        old,
        open_page,
        replace(old, offset=NO_OFFSET, events=[gone, left, said], sent=Reading("third", 60_000, now)),
    ]


async def forget(village: Village) -> None:
    """As if nothing had come in."""
    await ScanEvent.all().delete()
    await Attendance.all().delete()
    await TrainingSession.all().update(closed_at=None)
    await Registration.all().update(minutes_attended=0, completed_at=None)
    await Device.all().update(n_unsent=1, last_seen_at=None)


async def presence(village: Village) -> tuple[Any, ...]:
    """Who is here, as the last upload left it: nothing has been computed anew since."""
    columns = ("registration_id", "arrived_at", "left_at", "to_review")
    rows = await Attendance.filter(is_present=True).order_by("registration_id").values_list(*columns)
    return rows, await counted(village.door), await ScanEvent.all().count()


async def standing(village: Village) -> tuple[Any, ...]:
    hours = await Registration.all().order_by("id").values_list("minutes_attended")
    return await presence(village), hours, (await TrainingSession.get(id=village.door.key)).closed_at


async def outcome(village: Village) -> dict[str, tuple[Any, ...]]:
    """What stands when all has come in; once the phones say that nothing is left; and once somebody decided."""
    found = {"sent": await presence(village)}
    for phone in village.phones:
        await receive(phone.device, phone.upload(()))
    found["closed"] = await standing(village)
    await ScanEvent.filter(id__in=village.decided).update(decision=Decision.COUNTED)
    async with transaction():
        await project(await TrainingSession.get(id=village.door.key), [one.id for one in village.people])
        await settle_registrations([one.id for one in village.people])
    return found | {"decided": await standing(village)}


@pytest.fixture
async def village(db: Settings, freeze: Freeze) -> Village:
    made = await make_village()
    freeze(made.door.starts_at + 3 * HOUR + 30 * MINUTE)
    return made


async def in_order(village: Village) -> dict[str, tuple[Any, ...]]:
    await forget(village)
    for phone in village.phones:
        await receive(phone.device, phone.upload(phone.events))
    return await outcome(village)


@pytest.fixture
async def expected(village: Village) -> dict[str, tuple[Any, ...]]:
    return await in_order(village)


async def move_another(village: Village) -> None:
    """Another session of the training, an hour on or back."""
    other = await TrainingSession.get(id=village.door.training.sessions[1].id)
    by = HOUR if other.starts_at == village.door.training.sessions[1].starts_at else -HOUR
    await rescheduling.move(other.id, other.starts_at + by, other.ends_at + by, None, actor=PROGRAM)


async def interleaved(village: Village, chance: Random) -> dict[str, tuple[Any, ...]]:
    """What comes of the same marks in any order, in batches of any size, half of them twice."""
    await forget(village)
    sent = [(phone, one) for phone in village.phones for one in phone.events]
    sent += chance.sample(sent, len(sent) // 2)
    chance.shuffle(sent)
    moved_before = chance.randint(0, 2 * len(sent))
    while sent:
        if len(sent) <= moved_before:
            moved_before = -1
            await move_another(village)
        phone = sent[0][0]
        # Of this phone the next few; that the answer is lost and they come again is among what is repeated.
        batch = [pair for pair in sent if pair[0] is phone][: chance.randint(1, 6)]
        for pair in batch:
            sent.remove(pair)
        upload = phone.upload([one for _phone, one in batch], n_unsent=chance.choice([0, 1, 30]))
        await receive(phone.device, upload)
    return await outcome(village)


# A shorter interleaving would tell no more, and looking for one takes minutes.
few = settings(max_examples=2, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
CHANCES = st.randoms(use_true_random=False)


@few
@given(chance=CHANCES)
async def test_interleaving_repetition_and_order_of_uploads_then_the_same_attendance(
    village: Village, expected: dict[str, tuple[Any, ...]], chance: Random
) -> None:
    assert await interleaved(village, chance) == expected


@pytest.mark.proof
@settings(few, max_examples=150)
@given(chance=CHANCES)
async def test_many_interleavings_then_the_same_attendance(
    village: Village, expected: dict[str, tuple[Any, ...]], chance: Random
) -> None:
    assert await interleaved(village, chance) == expected


async def test_story_then_what_everybody_saw(village: Village) -> None:
    (rows, totals, n_events), hours, closed_at = (await in_order(village))["decided"]
    start = village.door.starts_at

    of = {key: rest for key, *rest in rows}
    assert of.keys() == {one.id for one in village.people} - {village.people[2].id}, "Carla was taken back"
    ana, berta, delia, elena, flora, *others = (of[one.id] for one in village.people if one.id in of)
    assert ana == [start, start + 50 * MINUTE, False]
    assert berta == [start + 13 * MINUTE, None, True]
    assert delia == [start + 2 * HOUR + MINUTE, None, False]
    assert elena == [start + MINUTE, None, False], "seen by the phone that was taken out of use"
    assert flora == [start + 4 * MINUTE, None, True]
    assert others == [
        [start + 5 * MINUTE, start + 2 * HOUR + 10 * MINUTE, True],
        [start, start + 2 * HOUR, True],
        [start, start + 3 * HOUR, True],
        [start, start + 2 * HOUR, True],
    ], "Gloria by the old offset and the counter, Hilda and Irma as nothing tells, Julia by the paper; all waited"
    assert [minutes for (minutes,) in hours] == [50, 180, 0, 180, 180, 180, 130, 120, 180, 120]
    assert closed_at == start + 3 * HOUR
    assert totals == (9, 10, 2, 2), "two cards without a name, of phones in use; two companions, one taken back"
    sent = {json.dumps(one) for phone in village.phones for one in phone.events}
    assert n_events == len(sent)


async def test_two_phones_at_the_same_moment_then_each_mark_once(postgres_db: Settings, freeze: Freeze) -> None:
    village = await make_village()
    freeze(village.door.starts_at + 3 * HOUR + 30 * MINUTE)
    expected = await in_order(village)

    await forget(village)
    async with asyncio.timeout(60):
        await asyncio.gather(
            *(receive(phone.device, phone.upload(phone.events)) for phone in village.phones for _window in range(2))
        )
    assert await outcome(village) == expected


async def test_same_id_at_two_trainings_at_the_same_moment_then_both_kept(
    postgres_db: Settings, freeze: Freeze
) -> None:
    doors = [await open_door(), await open_door()]
    phones = [await make_device(door) for door in doors]
    freeze(doors[0].ends_at + HOUR)

    came = event(doors[0], h=h(doors[0].ana))
    marks = [came, came | {"session": str(doors[1].key), "h": h(doors[1].ana)}]
    uploads = [receive(phone, Upload([mark], NO_OFFSET, n_unsent=1)) for phone, mark in zip(phones, marks, strict=True)]
    async with asyncio.timeout(60):
        said = await asyncio.gather(*uploads)
    assert sorted(result.state for [result] in said) == ["conflict", "stored"]
    assert await ScanEvent.filter(id=came["id"]).count() == 1
    assert await ScanEvent.filter(conflict_of_id=came["id"]).count() == 1
    for door in doors:
        row = await Attendance.get(registration_id=door.ana.id)
        assert (row.is_present, row.minutes) == (True, 240)
