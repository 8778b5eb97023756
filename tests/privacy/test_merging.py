"""Two people are one because staff say so, and are two again when they take it back."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any
from uuid import UUID

import pytest

from tests import make
from tests.cast import Cast
from tests.certificates.held import AFTER, a_diploma
from tests.privacy.people import merged_into, minor, someone
from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.audit.actor import Actor
from trainings.audit.models import AuditLine
from trainings.certificates.models import Certificate
from trainings.lib import tokens
from trainings.people.merged import same_person_ids
from trainings.people.models import Merge, MergeReason
from trainings.privacy import merging
from trainings.privacy.merge_queries import CROWD, UnknownPerson, alike, found, held_different, merges
from trainings.privacy.merging import AlreadyOne, UnknownMerge, hold_different, show_again, undo
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions

SAID = MergeReason.SAID_SO


async def merge(kept: Registration, merged: Registration, actor: Actor, reason: MergeReason = SAID) -> None:
    await merging.merge(kept.participant_id, merged.participant_id, reason, actor=actor)


async def pairs(actor: Actor) -> tuple[set[frozenset[UUID]], set[frozenset[UUID]]]:
    """The strong and the weak pairs."""
    seen = await alike(actor)
    strong = {frozenset(one.id for one in row.people) for row in seen.strong}
    return strong, {frozenset((of.people[0].id, other.id)) for of in seen.weak for other in of.people[1:]}


def pair(one: Registration, other: Registration) -> frozenset[UUID]:
    return frozenset((one.participant_id, other.participant_id))


# -- merging


async def test_merge_points_to_who_stays_and_leaves_both_histories_where_they_are(cast: Cast, rosa: Actor) -> None:
    with clock.frozen(AFTER):
        certificate = await a_diploma(given_names="Rosa", surnames="Coc")
        first = await Registration.get(id=certificate.registration_id)
        second = await someone(cast.hub)
        before = await Registration.all().order_by("id").values()

        await merge(second, first, rosa, MergeReason.KNOWN_IN_PERSON)

    assert (await merged_into(first), await merged_into(second)) == (second.participant_id, None)
    row = await Merge.get()
    assert (row.reason, row.merged_by_id, row.undone_at) == ("known_in_person", cast.coordinator.id, None)
    assert await Registration.all().order_by("id").values() == before
    assert (await Certificate.get()).registration_id == first.id
    line = await AuditLine.get(act="privacy.merge")
    assert (line.object_id, line.hub_id) == (first.participant_id, cast.hub.id)
    assert line.detail == {"kept": str(second.participant_id), "merge": str(row.id), "reason": "known_in_person"}


async def test_what_would_be_a_ring_changes_nothing(cast: Cast, rosa: Actor) -> None:
    ana, bea, cata = [await someone(cast.hub, name) for name in ("Ana", "Bea", "Cata")]
    await merge(ana, bea, rosa)
    await merge(bea, cata, rosa)

    await merge(cata, ana, rosa)
    await merge(bea, ana, rosa)

    assert [await merged_into(one) for one in (ana, bea, cata)] == [None, ana.participant_id, ana.participant_id]
    assert await Merge.all().count() == 2


async def test_same_two_merged_at_once_are_merged_once(cast: Cast, rosa: Actor) -> None:
    ana, bea = await someone(cast.hub, "Ana"), await someone(cast.hub, "Bea")

    await asyncio.gather(*(merge(*((bea, ana) if n % 2 else (ana, bea)), rosa) for n in range(6)))

    assert await Merge.all().count() == 1
    assert {await merged_into(ana), await merged_into(bea)} == {None, (await Merge.get()).kept_id}
    assert await AuditLine.filter(act="privacy.merge").count() == 1


async def test_ring_of_merges_at_once_leaves_one_who_stays(cast: Cast, rosa: Actor) -> None:
    people = [await someone(cast.hub, name) for name in ("Ana", "Bea", "Cata", "Dora")]

    await asyncio.gather(*(merge(one, other, rosa) for one, other in itertools.pairwise([*people, people[0]])))

    assert [await merged_into(one) for one in people].count(None) == 1
    assert set(await same_person_ids(people[2].participant_id)) == {one.participant_id for one in people}
    assert await Merge.all().count() == 3


# -- taking it back


async def test_undone_merge_leaves_two_people_as_before(cast: Cast, rosa: Actor) -> None:
    ana, bea, cata = [await someone(cast.hub, name) for name in ("Ana", "Bea", "Cata")]
    await merge(bea, cata, rosa)
    await merge(ana, bea, rosa)
    row = await Merge.get(merged_id=bea.participant_id)

    await undo(row.id, actor=rosa)

    assert [await merged_into(one) for one in (ana, bea, cata)] == [None, None, bea.participant_id]
    assert await same_person_ids(ana.participant_id) == [ana.participant_id]
    assert await same_person_ids(cata.participant_id) == [bea.participant_id, cata.participant_id]
    line = await AuditLine.get(act="privacy.undo_merge")
    assert (line.object_id, line.hub_id) == (bea.participant_id, cast.hub.id)


async def test_merge_undone_twice_at_once_is_undone_once_and_can_be_made_again(cast: Cast, rosa: Actor) -> None:
    ana, bea = await someone(cast.hub, "Ana"), await someone(cast.hub, "Bea")
    await merge(ana, bea, rosa)
    row = await Merge.get()

    await asyncio.gather(*(undo(row.id, actor=rosa) for _n in range(5)))
    await merge(bea, ana, rosa)
    await undo(row.id, actor=rosa)

    assert (await merged_into(ana), await merged_into(bea)) == (bea.participant_id, None)
    assert await AuditLine.filter(act="privacy.undo_merge").count() == 1
    assert [said.row.kept_id for said in await merges(rosa)] == [bea.participant_id, ana.participant_id]


# -- two who are not one


async def test_pair_held_to_be_two_is_shown_no_more_until_that_is_taken_back(cast: Cast, rosa: Actor) -> None:
    first, second = await someone(cast.hub), await someone(cast.hub)
    assert await pairs(rosa) == ({pair(first, second)}, set())

    for _twice in range(2):
        await hold_different(second.participant_id, first.participant_id, actor=rosa)
    hidden, [said] = await pairs(rosa), await held_different(rosa)
    await show_again(said.row.id, actor=rosa)

    assert hidden == (set(), set())
    assert (await merged_into(first), await merged_into(second)) == (None, None)
    assert await pairs(rosa) == ({pair(first, second)}, set())
    assert await merges(rosa) == await held_different(rosa) == []
    assert [line.act for line in await AuditLine.filter(act__startswith="privacy.").order_by("id")] == [
        "privacy.hold_different",
        "privacy.show_again",
    ]


@pytest.mark.both_engines
async def test_who_is_not_one_is_not_one_with_those_merged_either(cast: Cast, rosa: Actor) -> None:
    first, second, third = [await someone(cast.hub) for _n in range(3)]
    await hold_different(first.participant_id, second.participant_id, actor=rosa)

    await merge(second, third, rosa)

    assert await pairs(rosa) == (set(), set())


async def test_merge_is_undone_as_such_alone_and_by_the_hubs_it_concerns_only(cast: Cast, rosa: Actor) -> None:
    first, second = await someone(cast.hub), await someone(cast.hub)
    await merge(first, second, rosa)
    row = await Merge.get()

    with pytest.raises(AlreadyOne):
        await hold_different(first.participant_id, second.participant_id, actor=rosa)
    with pytest.raises(UnknownMerge):
        await show_again(row.id, actor=rosa)
    with pytest.raises(UnknownMerge):
        await undo(row.id, actor=await actor_of(cast.coordinator_elsewhere))
    with pytest.raises(UnknownMerge):
        await undo(tokens.uuid7(), actor=rosa)
    assert await merged_into(second) == first.participant_id
    await undo(row.id, actor=rosa)
    with pytest.raises(UnknownMerge):
        await show_again(row.id, actor=rosa)

    assert await Merge.all().count() == 1
    assert await pairs(rosa) == ({pair(first, second)}, set()), "an undone merge is looked at again"


# -- who looks alike


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "Ajú": ({}, "strong"),
    "Bá": ({"given_names": "ROSÁ"}, "strong"),
    "Caal": ({"phone": "", "email": "rosa@correo.example"}, "strong"),
    "Díaz": ({"phone": "", "email": "otra@correo.example"}, "weak"),
    "Elías": ({"phone": "+50255559999"}, "weak"),
    "Fajardo": ({"phone": ""}, "weak"),
    "Gómez": ({"municipality": make.TACANA}, "none"),
    "Hub": ({"municipality": "0000"}, "none"),
    "Ical": ({"given_names": "Rosita"}, "none"),
}
"""What the second of these surnames differs in, and what kind of pair they are."""


async def test_pairs_share_name_and_municipality_and_strong_ones_a_contact(cast: Cast, rosa: Actor) -> None:
    expected: dict[str, set[frozenset[UUID]]] = {"strong": set(), "weak": set(), "none": set()}
    training = await make.make_training(hub=cast.hub, capacity=30)
    for surnames, (changes, kind) in OTHERS.items():
        first = await someone(cast.hub, training=training, surnames=surnames, email="rosa@correo.example")
        second = await someone(cast.hub, training=training, surnames=surnames, **changes)
        expected[kind].add(pair(first, second))

    assert await pairs(rosa) == (expected["strong"], expected["weak"])


async def test_namesake_of_several_stands_in_one_row_with_all_of_them(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub)
    first, second = await someone(cast.hub, training=training), await someone(cast.hub, training=training)
    newest = await someone(cast.hub, phone="+50255559999")

    seen = await alike(rosa)

    assert [[one.id for one in row.people] for row in seen.strong] == [[first.participant_id, second.participant_id]]
    assert [[one.id for one in row.people] for row in seen.weak] == [
        [one.participant_id for one in (newest, first, second)]
    ]
    assert (seen.n_strong, seen.n_weak) == (1, 1)


async def test_merged_and_cancelled_people_are_no_pairs_any_more(cast: Cast, rosa: Actor) -> None:
    first, second, third = [await someone(cast.hub) for _n in range(3)]
    await merge(first, second, rosa)

    before = await pairs(rosa)
    await actions.cancel(third.id, actor=rosa)

    assert before == ({pair(first, third)}, set())
    assert await pairs(rosa) == (set(), set())


async def test_name_of_many_is_counted_not_listed_two_by_two(cast: Cast, rosa: Actor) -> None:
    for _n in range(CROWD + 1):
        await someone(cast.hub, phone="")

    seen = await alike(rosa)

    assert (list(seen.strong), list(seen.weak)) == ([], [])
    assert [crowd.n_people for crowd in seen.crowds] == [CROWD + 1]


async def test_people_of_other_hubs_are_no_pairs(cast: Cast, rosa: Actor) -> None:
    await someone(cast.hub)
    await someone(cast.elsewhere)
    others = [await someone(cast.elsewhere, "Elsa") for _n in range(2)]

    assert await pairs(rosa) == (set(), set())
    assert await pairs(await actor_of(cast.coordinator_elsewhere)) == ({pair(*others)}, set())


async def test_operators_administrator_sees_pairs_across_its_hubs(cast: Cast) -> None:
    second_hub = await make.make_hub("la-libertad-norte", operator=await make.make_operator())
    pairs_there = pair(await someone(cast.hub), await someone(second_hub))

    assert await pairs(await actor_of(cast.admin)) == ({pairs_there}, set())


# -- minors


async def test_minors_are_no_pairs_and_merged_only_inside_one_training(cast: Cast, rosa: Actor) -> None:
    trainings = [await make.make_training(hub=cast.hub, admits_minors=True) for _n in range(2)]
    first, second = await minor(trainings[0]), await minor(trainings[0])
    elsewhere = await minor(trainings[1])
    grown = await someone(cast.hub)
    silent = await someone(cast.hub, training=trainings[0])

    assert await pairs(rosa) == ({pair(grown, silent)}, set())
    for one in (elsewhere, grown):
        with pytest.raises(UnknownPerson):
            await merge(first, one, rosa)
    await merge(first, second, rosa)
    assert await merged_into(second) == first.participant_id


async def test_search_finds_adults_of_own_hubs_by_beginnings_of_words(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, admits_minors=True)
    maria = await someone(cast.hub, "María Elena", surnames="Tzʼunun", community="Las Pozas")
    await minor(training, "María Luz")
    await someone(cast.elsewhere, "María")
    gone = await someone(cast.hub, "María Inés")
    await actions.cancel(gone.id, actor=rosa)

    for name in ("maria", "tzunun", "PÓZAS mar", "ele"):
        assert [one.id for one in await found(rosa, name)] == [maria.participant_id]
    for name in ("lena", "maria coc", "%%%", "luz"):
        assert await found(rosa, name) == []


# -- who may


async def test_people_of_other_hubs_can_be_neither_compared_nor_merged(cast: Cast, rosa: Actor) -> None:
    here, there = await someone(cast.hub), await someone(cast.elsewhere)
    elsa = await actor_of(cast.coordinator_elsewhere)

    for kept, merged, actor in ((here, there, rosa), (there, here, rosa), (here, there, elsa), (there, here, elsa)):
        with pytest.raises(UnknownPerson):
            await merge(kept, merged, actor)
        with pytest.raises(UnknownPerson):
            await hold_different(kept.participant_id, merged.participant_id, actor=actor)
    with pytest.raises(UnknownPerson):
        await merging.merge(here.participant_id, tokens.uuid7(), SAID, actor=rosa)
    with pytest.raises(UnknownPerson):
        await merge(here, here, rosa)

    assert await Merge.all().count() == 0


async def test_side_that_was_only_elsewhere_is_not_named(cast: Cast, rosa: Actor) -> None:
    both_hubs = await someone(cast.hub)
    there = await make.make_training(hub=cast.elsewhere)
    await make.make_registration(
        there, given_names="Rosa", surnames="Coc", municipality=make.LA_LIBERTAD, earlier_code=both_hubs.short_code
    )
    elsewhere = await someone(cast.elsewhere, "Rosita")
    await merge(elsewhere, both_hubs, await actor_of(cast.coordinator_elsewhere))

    [said] = await merges(rosa)

    assert said.kept is None
    assert said.merged is not None
    assert said.merged.id == both_hubs.participant_id
