"""The rules of who gets a place, tried on random worlds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trainings.registrations.seats.allocation import promote
from trainings.registrations.seats.situation import Party, Room, Shortage

SIZES = st.integers(1, 6)
CHILDREN = st.integers(0, 4)
PARTIES = st.lists(st.tuples(SIZES, CHILDREN), max_size=30).map(
    lambda sizes: [Party(f"{number:02}", people, children) for number, (people, children) in enumerate(sizes)]
)
ROOMS = st.tuples(st.integers(0, 40), st.integers(0, 12)).flatmap(
    lambda top: st.builds(
        Room, st.just(top[0]), st.integers(0, top[0]), st.just(top[1]), st.integers(0, top[1]), st.just(0)
    )
)


def test_promote_when_the_first_does_not_fit_then_the_next_gets_the_place_and_the_reason_is_told() -> None:
    room = Room(capacity=20, taken=18)
    waiting = [Party("family", 4), Party("neighbour", 1), Party("couple", 2), Party("late", 1)]

    outcome = promote(room, waiting)

    assert outcome.promoted == ("neighbour", "late")
    assert outcome.passed_over == (("family", Shortage.SEATS), ("couple", Shortage.SEATS))
    assert outcome.room.taken == 20


def test_promote_when_childcare_is_lacking_then_seats_alone_do_not_help() -> None:
    room = Room(capacity=20, taken=10, childcare_capacity=3, childcare_taken=2)

    outcome = promote(room, [Party("mother", 1, 2), Party("father", 1, 1)])

    assert outcome.promoted == ("father",)
    assert outcome.passed_over == (("mother", Shortage.CHILDCARE),)


@given(ROOMS, PARTIES)
def test_promote_fills_the_room_in_order_never_oversells_never_splits_and_tells_exactly_who_was_overtaken(
    room: Room, waiting: list[Party]
) -> None:
    outcome = promote(room, waiting)

    promoted = [party for party in waiting if party.id in outcome.promoted]
    assert outcome.room.taken == room.taken + sum(party.n_people for party in promoted) <= room.capacity
    children = sum(party.childcare_places for party in promoted)
    assert outcome.room.childcare_taken == room.childcare_taken + children <= room.childcare_capacity
    assert all(outcome.room.shortage(party) for party in waiting if party.id not in outcome.promoted)

    assert list(outcome.promoted) == sorted(outcome.promoted)
    last = max(outcome.promoted, default="")
    overtaken = {party.id for party in waiting if party.id < last and party.id not in outcome.promoted}
    assert {party for party, _reason in outcome.passed_over} == overtaken
