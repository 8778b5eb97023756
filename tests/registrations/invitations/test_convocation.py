"""Whom a training invites: the list as it is kept and as it is typed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests import make
from tests.cast import Cast
from tests.registrations.card_world import make_block
from tests.registrations.letters import POZAS, SCHOOL, prepared
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.registrations.invitations import convocation
from trainings.registrations.invitations.convocation import Done, Invited, Prepared
from trainings.registrations.invitations.forms import AddForm, kind_of
from trainings.registrations.models import Addressee, InvitationLetter, InvitedHow
from trainings.schedule.models import Training


async def listed(training: Training) -> list[tuple[str, InvitedHow | None]]:
    return [(one.addressee, one.how) for one in await convocation.letters_of(training.id)]


# -- the list


async def test_list_keeps_the_order_and_takes_nobody_twice(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    other = Invited(Addressee.COCODE, "COCODE Las Pozas", community="Otra aldea")

    first = await convocation.prepare(training.id, [POZAS, SCHOOL, POZAS], actor=PROGRAM)
    again = await convocation.prepare(
        training.id, [Invited(Addressee.OTHER, "cocode LAS POZAS", community="aldea las pozas"), other], actor=PROGRAM
    )

    assert (first, again) == (Prepared(2, 1), Prepared(1, 1))
    assert [one.addressee for one in await convocation.letters_of(training.id)] == [
        "COCODE Las Pozas",
        "Escuela Oficial Rural Mixta K’ante’",
        "COCODE Las Pozas",
    ]
    line = await AuditLine.filter(act="registrations.prepare_letters").order_by("id").first()
    assert line is not None
    assert (line.detail, line.hub_id) == ({"n": 2}, cast.hub.id)


@pytest.mark.both_engines
async def test_list_typed_by_two_at_once_holds_everybody_once(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)

    await asyncio.gather(*(convocation.prepare(training.id, [POZAS, SCHOOL], actor=PROGRAM) for _ in range(3)))

    assert await InvitationLetter.all().count() == 2


async def test_invitation_is_recorded_taken_back_and_only_then_removed(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    pozas, school = await prepared(training)
    yesterday = clock.today() - timedelta(days=1)

    n = await convocation.mark_invited(training.id, [pozas.id], Done(InvitedHow.VISIT, yesterday), actor=PROGRAM)
    marked = await convocation.letter_of(training.id, pozas.id)
    with pytest.raises(convocation.AlreadyInvited):
        await convocation.remove(training.id, [pozas.id, school.id], actor=PROGRAM)
    standing = await listed(training)
    await convocation.take_back(training.id, [pozas.id], actor=PROGRAM)
    removed = await convocation.remove(training.id, [pozas.id], actor=PROGRAM)

    assert (n, removed) == (1, 1)
    assert marked.invited_at == clock.midnight(yesterday)
    assert standing == [("COCODE Las Pozas", InvitedHow.VISIT), (SCHOOL.addressee, None)]
    assert await listed(training) == [(SCHOOL.addressee, None)]
    acts = [line.act for line in await AuditLine.filter(act__contains="nvit").order_by("id")]
    assert acts == ["registrations.mark_invited", "registrations.take_back_invitation"]


async def test_who_was_invited_already_is_added_as_such(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)

    [radio] = await prepared(
        training, Invited(Addressee.ORGANIZATION, "Radio local"), done=Done(InvitedHow.RADIO, clock.today())
    )

    assert (radio.how, radio.invited_at) == (InvitedHow.RADIO, clock.midnight(clock.today()))


async def test_letters_of_another_training_are_not_touched(cast: Cast) -> None:
    training, other = [await make.make_training(hub=cast.hub) for _ in range(2)]
    [mine, _] = await prepared(training)
    block = await make_block(training)

    for act in (convocation.take_back, convocation.remove):
        with pytest.raises(convocation.NothingChosen):
            await act(other.id, [mine.id], actor=PROGRAM)
    with pytest.raises(convocation.UnknownCards):
        await convocation.prepare(other.id, [POZAS], actor=PROGRAM, block_id=block.id)
    with pytest.raises(convocation.UnknownLetter):
        await convocation.letter_of(other.id, mine.id)
    assert len(await listed(training)) == 2
    assert await listed(other) == []


async def test_cards_go_with_one_letter_alone(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    [first, second] = await prepared(training)
    block = await make_block(training)

    with pytest.raises(convocation.CardsGoOnce):
        await convocation.attach(training.id, [first.id, second.id], block.id, actor=PROGRAM)
    for _ in range(2):
        await convocation.attach(training.id, [first.id], block.id, actor=PROGRAM)
    with pytest.raises(convocation.CardsGoOnce):
        await convocation.attach(training.id, [second.id], block.id, actor=PROGRAM)
    radio = Invited(Addressee.ORGANIZATION, "Radio local")
    with pytest.raises(convocation.CardsGoOnce):
        await convocation.prepare(training.id, [radio], actor=PROGRAM, block_id=block.id)
    assert [one.block_id for one in await convocation.letters_of(training.id)] == [block.id, None]
    await convocation.attach(training.id, [first.id, second.id], None, actor=PROGRAM)
    added = [radio, Invited(Addressee.ORGANIZATION, "Radio del pueblo")]
    with pytest.raises(convocation.CardsGoOnce):
        await convocation.prepare(training.id, added, actor=PROGRAM, block_id=block.id)
    await convocation.prepare(training.id, [radio], actor=PROGRAM, block_id=block.id)
    assert [one.block_id for one in await convocation.letters_of(training.id)] == [None, None, block.id]


async def test_list_refuses_nobody_a_day_to_come_and_more_than_fit(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    [letter, _] = await prepared(training)
    tomorrow = Done(InvitedHow.CALL, clock.today() + timedelta(days=1))
    many = [Invited(Addressee.COCODE, f"COCODE {n}") for n in range(499)]

    with pytest.raises(convocation.NobodyNamed):
        await convocation.prepare(training.id, [], actor=PROGRAM)
    with pytest.raises(convocation.InvitedInFuture):
        await convocation.prepare(training.id, [SCHOOL], actor=PROGRAM, done=tomorrow)
    with pytest.raises(convocation.InvitedInFuture):
        await convocation.mark_invited(training.id, [letter.id], tomorrow, actor=PROGRAM)
    with pytest.raises(convocation.TooManyLetters):
        await convocation.prepare(training.id, many, actor=PROGRAM)
    assert len(await listed(training)) == 2


# -- as it is typed


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("COCODE Aldea Las Pozas", Addressee.COCODE),
        ("Escuela Oficial Rural Mixta", Addressee.SCHOOL),
        ("E.O.R.M. Caserío El Mango", Addressee.OTHER),
        ("EORM Caserío El Mango", Addressee.SCHOOL),
        ("Centro de Salud", Addressee.INSTITUTION),
        ("PGN", Addressee.INSTITUTION),
        ("Asociación de mujeres Ixq’anil", Addressee.ORGANIZATION),
        ("Redención", Addressee.OTHER),
    ],
)
def test_kind_is_told_by_how_the_name_begins(name: str, kind: Addressee) -> None:
    assert kind_of(name) is kind


def test_lines_are_bodies_with_office_and_community() -> None:
    form = AddForm(
        names="COCODE Las Pozas | Presidencia | Aldea Las Pozas\n\n  | \nEORM  El   Mango|Dirección\nA|b|c|d"
    )

    assert form.invited() == [
        Invited(Addressee.COCODE, "COCODE Las Pozas", "Presidencia", "Aldea Las Pozas"),
        Invited(Addressee.SCHOOL, "EORM El Mango", "Dirección"),
        Invited(Addressee.OTHER, "A", "b", "c|d"),
    ]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ("Bien\n| Presidencia", "A la línea 2 le falta el nombre."),
        ("Bien\n\n" + "x" * 161, "La línea 2 es demasiado larga."),
        ("Da\N{REPLACEMENT CHARACTER}ado", "La línea 1 tiene una letra que no se puede leer."),
        ("A\n" * 501, "Son demasiadas líneas. Agregue hasta 500."),
    ],
    ids=["no name", "long", "unreadable", "many"],
)
def test_lines_that_cannot_be_read_are_named(names: str, sentence: str) -> None:
    with pytest.raises(convocation.NobodyNamed) as refused:
        AddForm(names=names).invited()

    assert str(refused.value) == sentence
