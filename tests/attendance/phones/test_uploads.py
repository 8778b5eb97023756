"""What phones send: every event is kept, exactly once, and counts by the rules of the door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests import make
from tests.attendance.doors import Opened, hours, open_door, qr_of, stay
from tests.attendance.uploading import counted, event, h, kept, make_device, make_sheet, ms, send, states
from tests.counting import statements
from tests.registrations.card_world import make_spare_cards
from tests.registrations.wishes import wish
from trainings.attendance import actions
from trainings.attendance.models import Attendance, Decision, ScanEvent
from trainings.attendance.projection import project
from trainings.attendance.queries import RosterLine, roster
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.db import transaction
from trainings.lib import tokens
from trainings.lib.tokens import show_short_code
from trainings.registrations.cards.use import use_at_door
from trainings.registrations.models import HoldReason, Registration, ReplacedTicket, Source
from trainings.registrations.seats import actions as registrations
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
Over = Callable[[Opened], None]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def over(freeze: Freeze) -> Over:
    """Let the session be over: what comes in was made before."""
    return lambda door: freeze(door.ends_at + HOUR)


# -- whom a mark means


@pytest.mark.both_engines
async def test_card_by_hash_by_token_and_by_short_code_then_the_person(db: Settings, over: Over) -> None:
    door = await open_door()
    device = await make_device(door)
    people = [door.ana] + [await make.make_registration(door.training, given_names=name) for name in ("B", "C")]
    over(door)
    sent = [
        event(door, h=h(people[0])),
        event(door, code=qr_of(people[1]), known=False),
        event(door, code=people[2].short_code, how="typed", known=False),
    ]

    found, again = await states(device, *sent), await states(device, *sent)

    assert (found, again) == ([("stored", "")] * 3, [("already", "")] * 3)
    for one in people:
        row = await stay(door, one)
        assert (row.is_present, row.arrived_at, row.minutes, row.to_review) == (True, door.starts_at, 240, False)
        assert await hours(one) == (240, True)
    first = await kept(sent[0]["id"])
    assert (first.phone_id, first.registration_id, first.code_hash) == (device.id, door.ana.id, h(door.ana))
    assert (first.seq, first.perf, first.page, first.app_version, first.roster_version) == (
        1,
        1234,
        "p1",
        "1.0.0",
        "v1",
    )


@pytest.mark.both_engines
async def test_row_of_a_sheet_then_whose_it_was_when_printed_and_a_blank_one_is_its_card(
    db: Settings, over: Over
) -> None:
    door = await open_door()
    device = await make_device(door)
    sheet, card = await make_sheet(door, [door.ana])
    over(door)

    found = await states(
        device,
        event(door, how="row", sheet=sheet.code, row=1),
        event(door, how="row", sheet=f"{sheet.code[:4].lower()}-{sheet.code[4:]}", row=1),
        event(door, kind="walkin", how="row", sheet=sheet.code, row=2),
        event(door, how="row", sheet=sheet.code, row=61),
        event(door, how="row", sheet="ZZZZZ", row=1),
    )

    assert found == [("stored", ""), ("stored", ""), ("flagged", "unnamed")] + [("flagged", "unknown_row")] * 2
    assert (await stay(door)).is_present is True
    rows = await ScanEvent.all().order_by("id").values_list("sheet_id", "row", "code_hash")
    assert rows == [
        (sheet.id, 1, ""),
        (sheet.id, 1, ""),
        (sheet.id, 2, card.qr_hash[:24]),
        (sheet.id, 61, ""),
        (None, 1, ""),
    ]
    assert [one.unknown_code for one in await ScanEvent.all().order_by("id")] == [None] * 4 + ["ZZZZZ"]


async def test_replaced_ticket_then_its_holder_to_be_reviewed(db: Settings, over: Over) -> None:
    door = await open_door()
    device = await make_device(door)
    old = tokens.qr_token()
    code = tokens.short_code()
    await ReplacedTicket.create(registration_id=door.ana.id, qr_hash=tokens.digest(old, "qr"), short_code=code)
    over(door)

    assert await states(device, event(door, h=tokens.digest(old, "qr")[:24])) == [("flagged", "replaced")]
    assert await states(device, event(door, code=code, how="code")) == [("flagged", "replaced")]

    row = await stay(door)
    assert (row.is_present, row.to_review) == (True, True)


@pytest.mark.parametrize("state", ["waitlisted", "held", "cancelled"])
async def test_who_had_no_place_and_came_then_counted_and_to_be_reviewed(
    sqlite_db: Settings, over: Over, state: str
) -> None:
    door = await open_door(capacity=1)
    device = await make_device(door)
    berta = await make.make_registration(
        door.training, given_names="Berta", hold_reason=HoldReason.REVIEW if state == "held" else None
    )
    if state == "cancelled":
        await registrations.cancel(berta.id, actor=HOLDER_OF_LINK)
    over(door)

    assert await states(device, event(door, h=h(berta))) == [("flagged", state)]

    row = await stay(door, berta)
    assert (row.is_present, row.to_review) == (True, True)
    assert (await Registration.get(id=berta.id)).state == state, "the door changes no registration"


async def test_joined_ones_card_then_the_kept_one_is_here(db: Settings, over: Over) -> None:
    door = await open_door()
    device = await make_device(door)
    first = await make.make_registration(door.training, phone="+50255551234")
    joined = await make.make_registration(door.training, phone="+50255551234")
    await Registration.filter(id=joined.id).update(joined_to_id=first.id, state="cancelled")
    over(door)

    assert await states(device, event(door, h=h(joined))) == [("stored", "")]

    assert await Attendance.all().values_list("registration_id") == [(first.id,)]


async def test_ticket_of_another_training_then_counted_here_and_made_up_there(db: Settings, over: Over) -> None:
    door = await open_door()
    device = await make_device(door)
    elsewhere = await make.make_training(course=await door.training.course)
    berta = await make.make_registration(elsewhere, given_names="Berta")
    old = tokens.short_code()
    await ReplacedTicket.create(registration_id=berta.id, qr_hash=tokens.digest("old", "qr"), short_code=old)
    [card] = await make_spare_cards(elsewhere)
    rosa = (await use_at_door(card.id, elsewhere.id, wish(body_hash="rosa"), actor=PROGRAM)).registration_id
    over(door)

    found = [
        (
            one.id,
            await states(device, event(door, code=one.short_code, how="typed"))
            + await states(device, event(door, h=h(one))),
        )
        for one in (berta, await Registration.get(id=rosa))
    ]

    told = [("flagged", "other_training")] * 2
    assert await states(device, event(door, code=old, how="typed")) == told[:1], "of a ticket that was printed anew"
    assert found == [(berta.id, told), (rosa, told)], "its code as typed, and its picture; a card that was given a name"
    assert [(await stay(door, one)).to_review for one in (berta, await Registration.get(id=rosa))] == [True] * 2
    assert await hours(berta) == (240, True)


async def test_code_of_another_training_typed_on_a_phone_then_the_list_tells_the_code_until_the_ticket_is_read(
    db: Settings, over: Over
) -> None:
    door = await open_door()
    device = await make_device(door)
    berta = await make.make_registration(await make.make_training(), given_names="Berta", community="El Naranjo")
    over(door)

    async def guest() -> RosterLine:
        session = await TrainingSession.get(id=door.key).select_related("training")
        return next(one for one in await roster(session) if not one.is_of_training)

    await states(device, event(door, code=berta.short_code, how="typed"))
    typed = await guest()
    await states(device, event(door, h=h(berta)))
    read = await guest()

    assert (typed.name, typed.full_name, typed.community) == (*[show_short_code(berta.short_code)] * 2, "")
    assert "berta" not in typed.search_text
    assert (read.name.split()[0], read.community) == ("Berta", "El Naranjo")


async def test_row_of_a_sheet_of_another_training_then_it_names_nobody(db: Settings, over: Over) -> None:
    door, elsewhere = await open_door(), await open_door()
    device = await make_device(door)
    sheet, _card = await make_sheet(elsewhere, [elsewhere.ana])
    over(door)

    found = await states(device, *(event(door, how="row", sheet=sheet.code, row=number) for number in (1, 2)))

    assert found == [("flagged", "unknown_row")] * 2, "a short code that was tried out tells of nobody elsewhere"
    assert await ScanEvent.all().values_list("registration_id", "code_hash", "sheet_id") == [(None, "", None)] * 2
    assert not await Attendance.exists()


# -- people without a name yet


async def test_walk_in_by_spare_card_then_counted_without_a_name_and_for_the_person_once_it_has_one(
    db: Settings, over: Over
) -> None:
    door = await open_door()
    device = await make_device(door)
    one, two = await make_spare_cards(door.training, 2)
    over(door)
    gone = event(door, kind="walkin", h=two.qr_hash[:24])
    sent = [event(door, kind="walkin", h=one.qr_hash[:24]), event(door, code=one.short_code, how="typed"), gone]

    assert [await states(device, mark) for mark in reversed(sent)] == [[("flagged", "unnamed")]] * 3
    assert await counted(door) == (0, 1, 2, 0)
    await send(device, event(door, kind="undo", target=gone["id"]))
    assert await counted(door) == (0, 1, 1, 0)

    named = await actions.add_walk_in(
        door.key, wish(source=Source.WALK_IN, card_id=one.id), tokens.uuid7(), actor=PROGRAM
    )

    assert named.registration is not None
    assert await counted(door) == (1, 2, 0, 0)
    assert await hours(named.registration) == (240, True)
    assert {((await kept(mark["id"])).registration_id, (await kept(mark["id"])).flag) for mark in sent[:2]} == {
        (named.registration.id, "")
    }


async def test_companions_and_consent_and_leaving_early(db: Settings, over: Over) -> None:
    door = await open_door()
    device = await make_device(door)
    over(door)
    heads = event(door, kind="heads", number=3, how="button")

    found = await states(
        device,
        event(door, kind="consent", how="button"),
        heads,
        event(door, kind="heads", number=-1, how="button"),
        event(door, h=h(door.ana)),
        event(door, door.starts_at + 3 * HOUR, kind="left", h=h(door.ana), stated_at=ms(door.starts_at + 90 * MINUTE)),
    )

    assert found == [("stored", "")] * 5
    assert await counted(door) == (1, 1, 0, 2)
    row = await stay(door)
    assert (row.left_at, row.minutes) == (door.starts_at + 90 * MINUTE, 90)
    await send(device, event(door, kind="undo", target=heads["id"]))
    assert await counted(door) == (1, 1, 0, 0)


# -- phones that are out of use


@pytest.mark.parametrize("why", ["revoked", "expired", "elsewhere"])
async def test_phone_out_of_use_then_kept_and_counted_only_once_somebody_says_so(
    db: Settings, freeze: Freeze, why: str
) -> None:
    door = await open_door()
    device = await make_device(
        door,
        sessions=[] if why == "elsewhere" else None,
        revoked_at=door.starts_at if why == "revoked" else None,
    )
    freeze(door.ends_at + timedelta(days=38 if why == "expired" else 1))
    came = event(door, h=h(door.ana))
    heads, undo = event(door, kind="heads", number=2), event(door, kind="undo", target=came["id"])

    flag = "other_session" if why == "elsewhere" else "revoked"
    assert await states(device, came, heads, undo) == [("flagged", flag)] * 3
    assert (await stay(door)).is_present is False
    assert await counted(door) == (0, 1, 0, 0)

    await ScanEvent.filter(id__in=[came["id"], heads["id"]]).update(decision=Decision.COUNTED)
    async with transaction():
        await project(door.session, [door.ana.id])
    assert (await stay(door)).is_present is True
    assert await counted(door) == (1, 1, 0, 2)
    await ScanEvent.filter(id=undo["id"]).update(decision=Decision.COUNTED)
    async with transaction():
        await project(door.session, [door.ana.id])
    assert (await stay(door)).is_present is False


# -- many


@pytest.mark.both_engines
async def test_fifty_events_cost_no_more_statements_than_one(db: Settings, over: Over) -> None:
    door = await open_door(capacity=60)
    device = await make_device(door)
    people = [await make.make_registration(door.training, given_names=f"P{n}") for n in range(50)]
    over(door)
    with statements() as for_one:
        await send(device, event(door, h=h(door.ana)))

    with statements() as for_many:
        await send(device, *(event(door, h=h(one)) for one in people))

    assert len(for_many) <= len(for_one) + 3, "the insert goes in parts: three of sixteen rows and one of two"
    assert await Attendance.filter(is_present=True, minutes=240).count() == 51
