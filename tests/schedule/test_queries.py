"""What staff see of the schedule: their hubs' and their own sessions, in a fixed number of queries."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests import make
from tests.cast import Cast
from trainings import clock
from trainings.accounts.models import Role, User
from trainings.errors import NotFound
from trainings.schedule import queries
from trainings.schedule.models import Training, TrainingState
from trainings.schedule.queries import TrainingFilter


async def three_trainings(cast: Cast) -> tuple[Training, Training, Training]:
    """One held by the hub's facilitator, one by nobody, one elsewhere."""
    return (
        await make.make_training(hub=cast.hub, facilitators=[cast.facilitator], title="Propia"),
        await make.make_training(hub=cast.hub, title="De la ventanilla"),
        await make.make_training(hub=cast.elsewhere, venue=cast.venue_elsewhere, title="De otra"),
    )


VISIBLE = {
    "facilitator": {"Propia"},
    "assistant": {"Propia", "De la ventanilla"},
    "coordinator": {"Propia", "De la ventanilla"},
    "admin": {"Propia", "De la ventanilla"},
    "monitor": {"Propia", "De la ventanilla", "De otra"},
    "platform": {"Propia", "De la ventanilla", "De otra"},
    "facilitator_elsewhere": set[str](),
    "coordinator_elsewhere": {"De otra"},
}


@pytest.mark.both_engines
async def test_visible_trainings_and_sessions_by_role(cast: Cast) -> None:
    await three_trainings(cast)

    for who, titles in VISIBLE.items():
        actor = await make.actor_of(getattr(cast, who))
        trainings = await queries.visible_to(actor).values_list("title")
        sessions = await queries.coming_sessions(actor, 10)

        assert sorted(title for (title,) in trainings) == sorted(titles), who
        assert sorted(session.title for session in sessions) == sorted(titles), who


async def test_facilitator_sees_of_a_training_only_the_own_sessions_in_the_week(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    other = await make.make_session(training, make.tomorrow_at(14), make.tomorrow_at(15))
    actor = await make.actor_of(cast.facilitator)

    seen = await queries.coming_sessions(actor, 10)

    assert [(session.position, session.n_sessions) for session in seen] == [(1, 2)]
    with pytest.raises(NotFound):
        await queries.session_for_staff(other.id, actor)
    assert (await queries.for_staff(training.id, actor)).id == training.id


@pytest.mark.parametrize(
    ("day", "sunday"),
    [
        (date(2027, 3, 3), date(2027, 2, 28)),
        (date(2027, 2, 28), date(2027, 2, 28)),
        (date(2027, 3, 6), date(2027, 2, 28)),
        (date(2027, 3, 7), date(2027, 3, 7)),
    ],
)
def test_weeks_begin_on_sunday(day: date, sunday: date) -> None:
    assert queries.sunday_before(day) == sunday


async def test_list_is_narrowed_by_state_hub_and_words(cast: Cast) -> None:
    draft = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT, title="Protección de niñez")
    await make.make_training(hub=cast.hub, title="Vías regulares")
    far = await make.make_training(hub=cast.elsewhere, venue=cast.venue_elsewhere, title="Niñez en Tacaná")
    actor = await make.actor_of(cast.monitor)

    async def titles(wanted: TrainingFilter) -> list[str]:
        return sorted(row.title for row in (await queries.trainings_page(actor, wanted, 1)).rows)

    assert await titles(TrainingFilter(state=TrainingState.DRAFT)) == [draft.title]
    assert await titles(TrainingFilter(hub_id=cast.elsewhere.id)) == [far.title]
    assert await titles(TrainingFilter(text="NINEZ")) == sorted([draft.title, far.title])
    assert await titles(TrainingFilter(text="niñez proteccion")) == [draft.title]


async def test_list_pages_without_dates_first_then_the_latest(cast: Cast) -> None:
    made = [
        await make.make_training(
            hub=cast.hub,
            title=f"{n}",
            sessions=[(make.tomorrow_at(8, days=n), make.tomorrow_at(9, days=n))] if n else [],
            state=TrainingState.DRAFT,
        )
        for n in range(queries.PAGE_SIZE + 2)
    ]
    actor = await make.actor_of(cast.coordinator)

    first = await queries.trainings_page(actor, TrainingFilter(), 1)
    second = await queries.trainings_page(actor, TrainingFilter(), 2)

    newest_first = ["0", *(str(n) for n in range(len(made) - 1, 0, -1))]
    assert [row.title for row in (*first.rows, *second.rows)] == newest_first
    assert (second.start, second.total, len(second.rows)) == (queries.PAGE_SIZE, len(made), 2)


@pytest.mark.both_engines
async def test_unclosed_sessions_are_those_that_began(cast: Cast) -> None:
    now, hour = clock.now(), timedelta(hours=1)
    over = await make.make_training(hub=cast.hub, title="Ya fue", sessions=[(now - 3 * hour, now - hour)])
    await make.make_training(hub=cast.hub, title="Va", sessions=[(now - hour, now + hour)])
    await make.make_training(hub=cast.hub, title="Falta")
    await make.make_training(
        hub=cast.hub, title="Borrador", state=TrainingState.DRAFT, sessions=[(now - 3 * hour, now - hour)]
    )
    actor = await make.actor_of(cast.coordinator)

    unclosed = await queries.unclosed_sessions(actor, now - timedelta(days=1))

    assert [session.title for session in unclosed] == ["Ya fue", "Va"]
    assert unclosed[0].id == over.sessions[0].id


async def test_drafts_starting_soon(cast: Cast) -> None:
    soon = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT)
    await make.make_training(hub=cast.hub)
    later = [(make.tomorrow_at(8, days=20), make.tomorrow_at(9, days=20))]
    await make.make_training(hub=cast.hub, state=TrainingState.DRAFT, sessions=later)

    drafts = await queries.drafts_starting_before(
        await make.actor_of(cast.coordinator), clock.now() + timedelta(days=7)
    )

    assert [(draft.id, draft.next_at) for draft in drafts] == [(soon.id, soon.sessions[0].starts_at)]


async def test_people_who_facilitate_are_those_of_the_hub_and_its_operator(cast: Cast) -> None:
    gone = await make.make_user(Role.FACILITATOR, cast.hub)
    await User.filter(id=gone.id).update(is_active=False)

    people = await queries.people_who_facilitate(cast.hub.id, cast.hub.operator_id)

    assert [user.id for user in people] == [cast.facilitator.id, cast.assistant.id, cast.admin.id, cast.coordinator.id]
