"""What phones send: every event is kept, exactly once, and counts by the rules of the door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from tortoise.exceptions import IntegrityError

from tests import make
from tests.attendance.doors import Opened, hours, open_door, qr_of, stay
from tests.attendance.uploading import counted, event, h, kept, make_device, make_sheet, ms, send, states
from tests.counting import statements
from tests.registrations.card_world import make_spare_cards
from tests.registrations.wishes import wish
from trainings.attendance import actions, settling
from trainings.attendance.models import Attendance, Decision, Device, ScanEvent
from trainings.attendance.phones.api_routes import result_json
from trainings.attendance.projection import project
from trainings.attendance.queries import RosterLine, lines_of, listed
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.db import transaction
from trainings.db.sql import execute
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

    async def guest() -> tuple[RosterLine, str]:
        session = await TrainingSession.get(id=door.key).select_related("training")
        [person] = [one for one in await listed(session) if not one.is_of_training]
        return (await lines_of(session, [person]))[0], person.search_text

    await states(device, event(door, code=berta.short_code, how="typed"))
    typed, found_by = await guest()
    await states(device, event(door, h=h(berta)))
    read, also_by = await guest()

    assert (typed.name, typed.full_name, typed.community) == (*[show_short_code(berta.short_code)] * 2, "")
    assert ("berta" in found_by, "berta" in also_by) == (False, True)
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


async def test_many_events_cost_no_more_statements_than_one(db: Settings, over: Over) -> None:
    door = await open_door(capacity=20)
    device = await make_device(door)
    people = [await make.make_registration(door.training, given_names=f"P{n}") for n in range(18)]
    over(door)
    with statements() as for_one:
        await send(device, event(door, h=h(door.ana)))

    with statements() as for_many:
        await send(device, *(event(door, h=h(one)) for one in people))

    assert len(for_many) <= len(for_one) + 2, "both inserts go in parts: one of sixteen rows and one of two"
    assert await Attendance.filter(is_present=True, minutes=240).count() == 19


async def test_undo_before_its_target_then_takes_effect_with_it_and_only_on_it(db: Settings, over: Over) -> None:
    door = await open_door()
    on_a, on_b = await make_device(door), await make_device(door)
    over(door)
    came = event(door, h=h(door.ana))

    await send(on_a, event(door, kind="undo", target=came["id"]))
    await send(on_a, came)
    assert (await stay(door)).is_present is False
    await send(on_b, event(door, door.starts_at + 5 * MINUTE, h=h(door.ana)))

    assert (await stay(door)).arrived_at == door.starts_at + 5 * MINUTE


@pytest.mark.parametrize("is_turned", [False, True])
async def test_same_id_with_another_body_then_both_kept_and_looked_at_whichever_came_first(
    db: Settings, over: Over, is_turned: bool
) -> None:
    door = await open_door()
    device = await make_device(door)
    berta = await make.make_registration(door.training, given_names="Berta")
    over(door)
    came = event(door, h=h(door.ana))
    bodies = [came, came | {"h": h(berta)}]
    first, second = reversed(bodies) if is_turned else bodies

    assert await states(device, first) == [("stored", "")]
    assert await states(device, second, second, first) == [
        ("conflict", "changed_body"),
        ("conflict", "changed_body"),
        ("already", "changed_body"),
    ]

    assert await ScanEvent.all().count() == 2
    for one in (door.ana, berta):
        row = await stay(door, one)
        assert (row.is_present, row.to_review) == (True, True)
    await send(device, event(door, kind="undo", target=came["id"]))
    assert await Attendance.filter(is_present=True).count() == 0


async def test_same_id_at_another_session_then_another_body(db: Settings, over: Over) -> None:
    door = await open_door(n_sessions=2)
    device = await make_device(door)
    over(door)
    came = event(door, h=h(door.ana))

    assert await states(device, came, came | {"session": str(door.training.sessions[1].id)}) == [
        ("stored", ""),
        ("conflict", "changed_body"),
    ]

    assert await Attendance.filter(is_present=True, to_review=True).count() == 2


async def test_same_id_at_another_hub_then_both_kept_and_neither_hub_is_asked_about_the_other(
    sqlite_db: Settings, over: Over
) -> None:
    door, elsewhere = await open_door(), await open_door(hub=await make.make_hub("tacana", municipality=make.TACANA))
    over(door)
    came = event(door, h=h(door.ana))
    await send(await make_device(door), came)

    theirs = came | {"session": str(elsewhere.key), "h": h(elsewhere.ana)}
    assert await states(await make_device(elsewhere), theirs, theirs) == [("conflict", "")] * 2

    assert [(await stay(one)).to_review for one in (door, elsewhere)] == [False] * 2
    assert {flag for (flag,) in await ScanEvent.all().values_list("flag")} == {""}


async def test_what_is_only_noted_beside_a_mark_changes_then_it_is_the_same_mark(
    sqlite_db: Settings, over: Over
) -> None:
    door = await open_door()
    device = await make_device(door)
    over(door)
    came = event(door, h=h(door.ana))
    await send(device, came)

    assert await states(device, came | {"perf": 1, "seq": 9, "page": "p9", "app": "2.0.0", "more": True}) == [
        ("already", "")
    ]


async def test_session_is_closed_or_called_off_then_kept_and_flagged(db: Settings, freeze: Freeze) -> None:
    door = await open_door(n_sessions=2)
    device = await make_device(door)
    await rescheduling.cancel(door.key, actor=PROGRAM)
    freeze(door.ends_at + HOUR)
    off = event(door, h=h(door.ana))

    assert await states(device, off) == [("flagged", "session_off")]
    assert (await stay(door)).minutes == 0

    freeze(door.starts_at - HOUR)
    await rescheduling.restore(door.key, actor=PROGRAM)
    freeze(door.ends_at + HOUR)
    assert (await kept(off["id"])).flag == "", "as it was held after all"


async def test_somebody_left_at_an_impossible_time_then_kept_and_flagged_until_it_is_possible(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    device, elsewhere = await make_device(door), await make_device(door)
    freeze(door.ends_at - 30 * MINUTE)
    said_at, before = door.ends_at - HOUR, door.starts_at - 30 * MINUTE
    left = [
        event(door, said_at, kind="left", h=h(door.ana), stated_at=ms(moment))
        for moment in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2096, 2, 29, tzinfo=UTC), before)
    ]
    assert await states(elsewhere, event(door, h=h(door.ana))) == [("stored", "")]

    found = await send(device, *left)

    assert [(one.state, one.flag) for one in found] == [("flagged", "clock")] * 3
    assert result_json(found[0])["text"] == "La hora de la marca es rara. Cuenta, y quien coordina la revisa."
    await rescheduling.move(door.key, before, door.ends_at, None, actor=PROGRAM)
    assert [(await kept(one["id"])).flag for one in left] == ["clock", "clock", ""], "as it was held after all"


async def test_session_moved_after_the_marks_then_compared_with_the_one_that_was_held(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    device = await make_device(door)
    day_before = door.starts_at - timedelta(days=1)
    freeze(day_before + 5 * HOUR)
    early, odd = event(door, day_before, h=h(door.ana)), event(door, day_before, kind="heads", number=1)
    assert await states(device, early, odd) == [("flagged", "clock")] * 2

    freeze(day_before - HOUR)
    await rescheduling.move(door.key, day_before, day_before + 2 * HOUR, None, actor=PROGRAM)
    freeze(day_before + 5 * HOUR)

    assert [(await kept(one["id"])).flag for one in (early, odd)] == ["", ""]
    await settling.settle(door.training.id)
    assert await hours(door.ana) == (120, True)


# -- one that breaks us


@pytest.fixture
async def breaking(sqlite_db: Settings) -> str:
    """A mark that the database refuses, as a mistake of ours would: what is noted as its page."""
    await execute(
        "CREATE TRIGGER breaks BEFORE INSERT ON scan_event WHEN NEW.page = 'breaks' "
        "BEGIN SELECT RAISE(ABORT, 'breaks'); END"
    )
    return "breaks"


async def test_mark_that_breaks_us_then_the_others_are_kept_and_it_stays_on_the_phone(
    breaking: str, over: Over, caplog: pytest.LogCaptureFixture
) -> None:
    door = await open_door()
    device = await make_device(door)
    over(door)
    good, other = event(door, h=h(door.ana)), event(door, kind="heads", number=1)
    bad = event(door, h=h(door.ana), page=breaking)

    found = await send(device, good, bad, other, n_unsent=0)

    assert [one.state for one in found] == ["stored", "malformed", "stored"]
    assert await ScanEvent.all().count() == 2
    assert (await Device.get(id=device.id)).n_unsent == 1
    assert "could not be kept" in caplog.text
    assert h(door.ana) not in caplog.text


async def test_each_mark_breaks_us_then_it_is_our_trouble_and_they_stay(breaking: str, over: Over) -> None:
    door = await open_door()
    device = await make_device(door)
    over(door)

    with pytest.raises(IntegrityError):
        await send(device, *(event(door, h=h(door.ana), page=breaking) for _number in range(3)))


async def test_rows_of_the_signed_paper_typed_in_later_are_dated_at_the_beginning_as_in_the_panel(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    device = await make_device(door)
    berta, carla = [await make.make_registration(door.training, given_names=name) for name in ("Berta", "Carla")]
    typed = door.ends_at + 12 * HOUR
    lines = [event(door, typed, how="sheet", h=h(one)) for one in (door.ana, berta)]
    left = event(door, door.starts_at + HOUR, kind="left", h=h(berta), stated_at=ms(door.starts_at + HOUR))

    freeze(door.starts_at - HOUR)
    before = event(door, door.starts_at - 2 * MINUTE, how="sheet", h=h(carla))
    assert await states(device, before) == [("stored", "")], "still to come, and no clock says so"
    freeze(typed)
    assert await states(device, left, *lines) == [("stored", "")] * 3
    assert await states(device, event(door, typed - 3 * HOUR, how="sheet", h=h(carla)), offset=3 * HOUR) == [
        ("stored", "")
    ]

    rows = [await stay(door, one) for one in (door.ana, berta)]
    assert [row.arrived_at for row in rows] == [door.starts_at] * 2
    assert rows[1].left_at == door.starts_at + HOUR
    assert (await kept(lines[0]["id"])).device_at == typed
