"""The list on a phone: whoever has the card in the hand opens one name, whoever has the phone alone none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from tests import make
from tests.attendance.phone_side import code_hash, name_of, short_key, with_names
from tests.counting import statements
from tests.database import KEY
from tests.registrations.card_world import make_block, make_spare_cards, named
from trainings.attendance.models import AttendanceSheet, SheetRow
from trainings.attendance.phones.roster_file import MOST_SPARES, rosters_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.db.fields import set_keyring
from trainings.lib.crypt import Keyring, new_key
from trainings.registrations.models import Card, CardState, Registration, RegistrationState
from trainings.registrations.seats import actions
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings


async def file_of(session: TrainingSession) -> dict[str, Any]:
    return with_names(json.loads((await rosters_of([session]))[session.id].body()))


async def version_of(session: TrainingSession) -> str:
    return (await rosters_of([session]))[session.id].version


def token_of(registration: Registration | Card) -> str:
    assert registration.qr_token is not None
    return registration.qr_token


async def print_sheet(
    session: TrainingSession, people: list[Registration], cards: list[Card], code: str = "7K2QM"
) -> AttendanceSheet:
    """Rows for the people, then blank ones for the cards."""
    sheet = await AttendanceSheet.create(session=session, code=code)
    for number, one in enumerate([*people, *cards], start=1):
        is_card = isinstance(one, Card)
        await SheetRow.create(
            sheet=sheet, number=number, card=one if is_card else None, registration=None if is_card else one
        )
    return sheet


async def test_card_in_the_hand_opens_its_own_name_and_no_other(db: Settings) -> None:
    training = await make.make_training(
        sessions=[(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (1, 2)]
    )
    ana = await make.make_registration(training, given_names="Ana Lucía", surnames="Ba Coc")
    rosa = await make.make_registration(training, given_names="Rosa", surnames="Q’eqchi’ Xol")
    first, second = training.sessions

    file, other = await file_of(first), await file_of(second)

    assert [name_of(file, token_of(one)) for one in (ana, rosa)] == ["Ana Lucía B. C.", "Rosa Q. X."]
    assert name_of(other, token_of(ana)) == "Ana Lucía B. C."
    assert len({len(person[1]) for person in file["people"]}) == 1, "its length does not say whose it is"
    assert {person[0]: person[2:] for person in file["people"]} == {
        code_hash(token_of(one)): [short_key(one.short_code, training.id), "c"] for one in (ana, rosa)
    }
    assert [person[0] for person in file["people"]] == sorted(person[0] for person in file["people"])
    of_ana = next(person for person in file["people"] if person[0] == code_hash(token_of(ana)))
    moved = {**file, "people": [[code_hash(token_of(rosa)), *of_ana[1:]]]}
    elsewhere = {**file, "session": other["session"]}
    for wrong, card in ((moved, rosa), (elsewhere, ana), ({**file, "version": other["version"]}, ana)):
        with pytest.raises(InvalidTag):
            name_of(wrong, token_of(card))


async def test_short_code_finds_a_line_and_opens_no_name(db: Settings) -> None:
    training = await make.make_training()
    ana = await make.make_registration(training)
    [session] = training.sessions
    file = await file_of(session)

    [line] = file["people"]
    assert line[2] == short_key(ana.short_code, training.id)
    for guess in (ana.short_code, line[2], line[0]):
        forged = {**file, "people": [[code_hash(guess), *line[1:]]]}
        with pytest.raises(InvalidTag):
            name_of(forged, guess)


async def test_everybody_who_may_come_is_in_it_each_under_the_state_they_have(db: Settings) -> None:
    training = await make.make_training(capacity=2)
    ana, gone = [await make.make_registration(training, given_names=name) for name in ("Ana", "Beto")]
    await actions.cancel(gone.id, actor=HOLDER_OF_LINK)
    held, waiting = [await make.make_registration(training, given_names=name) for name in ("Cata", "Delia")]
    await Registration.filter(id=held.id).update(state=RegistrationState.HELD)
    await Registration.filter(id=waiting.id).update(state=RegistrationState.WAITLISTED)
    [session] = training.sessions

    file = await file_of(session)

    states = {person[0]: person[3] for person in file["people"]}
    assert [states[code_hash(token_of(one))] for one in (ana, gone, held, waiting)] == ["c", "x", "h", "w"]


async def test_joined_one_and_replaced_ticket_count_as_the_kept_ones(db: Settings) -> None:
    training = await make.make_training()
    ana, again = [
        await make.make_registration(training, given_names="Ana", surnames="Coc", phone="+50255551234")
        for _time in range(2)
    ]
    await Registration.filter(id=again.id).update(joined_to_id=ana.id, state="cancelled")
    await actions.replace_ticket(ana.id, actor=PROGRAM)
    new = await Registration.get(id=ana.id)
    [session] = training.sessions

    file = await file_of(session)

    people = {person[0]: person for person in file["people"]}
    index = file["people"].index(people[code_hash(token_of(new))])
    assert len(people) == 3
    assert people[code_hash(token_of(new))][3:] == ["c"]
    assert people[code_hash(token_of(ana))] == [
        code_hash(token_of(ana)),
        "",
        short_key(ana.short_code, training.id),
        "r",
        index,
    ]
    assert people[code_hash(token_of(again))][2:] == [short_key(again.short_code, training.id), "c", index]
    assert [name_of(file, token_of(one)) for one in (new, again)] == ["Ana C."] * 2


async def test_rows_of_printed_sheets_name_cards_also_where_a_ticket_was_replaced_since(db: Settings) -> None:
    training = await make.make_training()
    ana, beto = [await make.make_registration(training, given_names=name) for name in ("Ana", "Beto")]
    [session] = training.sessions
    spares = await make_spare_cards(training, 2)
    sheet = await print_sheet(session, [ana, beto], spares)
    await actions.replace_ticket(beto.id, actor=PROGRAM)
    new = await Registration.get(id=beto.id)

    [told] = (await file_of(session))["sheets"]

    hashes = [code_hash(token) for token in (token_of(ana), token_of(new), *map(token_of, spares))]
    assert (told["code"], told["rows"]) == (sheet.code, [[n, h] for n, h in enumerate(hashes, start=1)])
    assert told["named"] == 2


async def test_blank_row_stays_one_when_its_card_gets_a_name(db: Settings) -> None:
    training = await make.make_training()
    ana = await make.make_registration(training)
    [session] = training.sessions
    block = await make_block(training, 2)
    spares = await Card.filter(block_id=block.id).order_by("number")
    await print_sheet(session, [ana], spares)
    before = await version_of(session)
    await named(spares[0])

    file = await file_of(session)

    assert file["version"] != before
    assert len(file["people"]) == 2
    assert (file["sheets"][0]["named"], len(file["sheets"][0]["rows"])) == (1, 3)


async def test_spare_cards_are_those_that_may_be_given_out_here(db: Settings) -> None:
    elsewhere = await make.make_training(hub=await make.make_hub("tacana-san-marcos", municipality=make.TACANA))
    training, other = await make.make_training(), await make.make_training()
    reserved, of_other = await make_block(training, 2), await make_block(other, 1)
    forgotten = await make_spare_cards(training, 2)
    printed = await make_spare_cards(training, 3)
    newest = await make_spare_cards(training, 2)
    await make_spare_cards(elsewhere, 1)
    [session] = training.sessions
    await print_sheet(session, [], [printed[0]])
    await Card.filter(id=newest[1].id).update(state=CardState.VOID)
    used = await named(await Card.get(block_id=reserved.id, number=1))

    file = await file_of(session)

    open_ones = [await Card.get(block_id=reserved.id, number=2), *printed, newest[0]]
    assert {h for h, _s in file["spares"]} == {code_hash(token_of(one)) for one in open_ones}
    assert {s for _h, s in file["spares"]} == {short_key(one.short_code, training.id) for one in open_ones}
    assert code_hash(token_of(await Registration.get(id=used.registration_id))) in [p[0] for p in file["people"]]
    assert {of_other.id, reserved.id} == {one.block_id for one in await Card.filter(block_id__not_isnull=True)}
    assert not {code_hash(token_of(one)) for one in forgotten} & {h for h, _s in file["spares"]}


async def test_spare_cards_of_the_newest_printing_are_bounded_and_those_on_rows_are_not(db: Settings) -> None:
    training = await make.make_training()
    [session] = training.sessions
    [model] = await make_spare_cards(training, 1)
    await Card.bulk_create(
        [
            Card(
                hub_id=model.hub_id,
                sheet_id=model.sheet_id,
                number=number,
                short_code=f"{number:09}",
                qr_hash=f"{number:064}",
            )
            for number in range(2, 300)
        ]
    )
    last = await Card.get(number=299)
    await print_sheet(session, [], [last])

    spares = (await file_of(session))["spares"]

    assert len(spares) == MOST_SPARES
    assert last.qr_hash[:24] in {h for h, _s in spares}


async def test_version_changes_with_whatever_changes_and_else_stays(db: Settings) -> None:
    training = await make.make_training()
    ana, beto = [await make.make_registration(training, given_names=name) for name in ("Ana", "Beto")]
    [session] = training.sessions
    seen = [await version_of(session)]
    assert await version_of(session) == seen[0]
    assert len(seen[0]) == 24

    async def rename() -> None:
        await actions.rename(ana.id, "Ana María", "Caal Tzib", actor=PROGRAM)

    async def cancel() -> None:
        await actions.cancel(beto.id, actor=HOLDER_OF_LINK)

    async def replace() -> None:
        await actions.replace_ticket(ana.id, actor=PROGRAM)

    async def spares() -> None:
        await make_spare_cards(training, 1)

    async def sheet() -> None:
        await print_sheet(session, [ana], [])

    async def sign_up() -> None:
        await make.make_registration(training, given_names="Cata")

    async def other_keys() -> None:
        set_keyring(Keyring([new_key(), KEY]))

    for change in (rename, cancel, replace, spares, sheet, sign_up, other_keys):
        await change()
        seen.append(await version_of(session))

    set_keyring(Keyring([KEY]))
    assert len(set(seen)) == len(seen)


async def test_lists_of_three_sessions_cost_no_more_statements_than_of_one(db: Settings) -> None:
    training = await make.make_training(
        sessions=[(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (1, 2, 3)]
    )
    ana = await make.make_registration(training)
    cards = await make_spare_cards(training, 3)
    for number, session in enumerate(training.sessions):
        await print_sheet(session, [ana], [cards[number]], code=f"7K2Q{number}")

    with statements() as for_one:
        await rosters_of([training.sessions[0]])
    with statements() as for_three:
        await rosters_of(list(training.sessions))

    assert len(for_three) == len(for_one) < 10
