"""What changes a registration that stands: cancelling, coming back, names, needs, approval, places."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.registrations.families import group_token, make_family
from tests.registrations.wishes import link_of, places_of, state_of
from tests.web.pages import Page
from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import OutboxJob
from trainings.registrations.eligibility import CannotChange, SignUpClosed, TrainingFull
from trainings.registrations.models import Author, HoldReason, Registration, RegistrationGroup
from trainings.registrations.own.group_actions import rejoin_member
from trainings.registrations.queries import position_on_waiting_list
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import fewer_places
from trainings.registrations.seats.allocation import CapacityBelowTaken, ChildcareBelowTaken, ChildcareFull, NotHeld
from trainings.registrations.telling import changes
from trainings.schedule.models import Training, TrainingState
from trainings.settings import Settings

Freeze = Callable[[datetime], None]


async def make_three() -> tuple[Training, list[Registration]]:
    """One place: Ana has it, Berta and Cruz wait, all with an address."""
    training = await make.make_training(capacity=1)
    names = ("Ana", "Berta", "Cruz")
    people = [
        await make.make_registration(training, given_names=name, email=f"{name.lower()}@example.org") for name in names
    ]
    await OutboxJob.all().delete()
    return training, people


async def position(registration: Registration) -> int | None:
    return await position_on_waiting_list(await Registration.get(id=registration.id).prefetch_related("group"))


# -- cancelling


async def test_cancel_promotes_the_next_in_the_same_step_and_both_are_told(db: Settings) -> None:
    training, (ana, berta, cruz) = await make_three()

    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)

    assert [await state_of(one) for one in (ana, berta, cruz)] == ["cancelled", "confirmed", "waitlisted"]
    assert await places_of(training) == (1, 0)
    jobs = await OutboxJob.all().order_by("id").values_list("kind", "subject_id")
    assert jobs == [("registration_cancelled", ana.id), ("registration_promoted", berta.id)]
    assert {job.run_at <= clock.now() for job in await OutboxJob.all()} == {True}
    acts = await AuditLine.filter(act__startswith="registrations.").order_by("id").values_list("act", "object_id")
    assert acts[-2:] == [("registrations.cancel", ana.id), ("registrations.promote", berta.group_id)]


async def test_cancel_by_staff_is_told_after_ten_minutes_in_a_batch_that_can_be_stopped(
    db: Settings, freeze: Freeze
) -> None:
    cast = await make_cast()
    _training, (ana, _berta, _cruz) = await make_three()
    freeze(clock.now())

    await actions.cancel(ana.id, actor=await actor_of(cast.coordinator))

    job = await OutboxJob.get(kind="registration_cancelled")
    assert job.run_at == clock.now() + STAFF_DELAY
    assert job.batch_id is not None


@pytest.mark.parametrize("is_over", [True, False], ids=["over", "called off"])
async def test_nothing_is_cancelled_or_promoted_once_the_training_is_over_or_called_off(
    db: Settings, freeze: Freeze, *, is_over: bool
) -> None:
    training, (ana, berta, _cruz) = await make_three()
    if is_over:
        freeze(training.sessions[0].ends_at)
    else:
        await changes.call_off_training(training.id, "No hay quien facilite ese día.", actor=PROGRAM)

    with pytest.raises(CannotChange):
        await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    await actions.resize(training.id, 5, 0, actor=PROGRAM)
    assert [await state_of(one) for one in (ana, berta)] == ["confirmed", "waitlisted"]


@pytest.mark.parametrize("act", [actions.cancel, rejoin_member, actions.approve])
async def test_unknown_registration_is_not_found(sqlite_db: Settings, act: Callable[..., object]) -> None:
    with pytest.raises(NotFound):
        await act(tokens.uuid7(), actor=PROGRAM)  # type: ignore[misc]


# -- coming back


async def test_rejoin_gets_a_place_where_one_is_free(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    ana = await make.make_registration(training, email="ana@example.org")
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)

    await rejoin_member(ana.id, actor=HOLDER_OF_LINK)

    again = await Registration.get(id=ana.id)
    assert (again.state, again.cancelled_at, again.qr_token) == ("confirmed", None, ana.qr_token)
    assert await places_of(training) == (1, 0)
    kinds = await OutboxJob.all().order_by("id").values_list("kind")
    assert kinds == [("registration_confirmed",), ("registration_cancelled",), ("registration_confirmed",)]


async def test_rejoin_is_refused_by_the_window_and_by_full_trainings(db: Settings, freeze: Freeze) -> None:
    full = await make.make_training(capacity=1, has_waiting_list=False)
    ana = await make.make_registration(full, given_names="Ana")
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    await make.make_registration(full, given_names="Berta")
    closing = await make.make_training(closes_at=make.tomorrow_at(7))
    cruz = await make.make_registration(closing)
    await actions.cancel(cruz.id, actor=HOLDER_OF_LINK)

    with pytest.raises(TrainingFull):
        await rejoin_member(ana.id, actor=HOLDER_OF_LINK)
    freeze(make.tomorrow_at(7))
    with pytest.raises(SignUpClosed):
        await rejoin_member(cruz.id, actor=HOLDER_OF_LINK)


async def test_held_sign_up_cannot_let_itself_in_by_cancelling_and_coming_back(db: Settings) -> None:
    training = await make.make_training()
    held = await make.make_registration(training, hold_reason=HoldReason.REVIEW)
    await actions.cancel(held.id, actor=HOLDER_OF_LINK)

    await rejoin_member(held.id, actor=HOLDER_OF_LINK)

    assert await state_of(held) == "held"
    assert await places_of(training) == (0, 0)


async def test_held_sign_up_is_let_in_by_staff_who_take_it_up_again(db: Settings) -> None:
    cast = await make_cast()
    training = await make.make_training(closes_at=clock.now() + timedelta(hours=1))
    held = await make.make_registration(training, hold_reason=HoldReason.REVIEW)
    await actions.cancel(held.id, actor=HOLDER_OF_LINK)

    await rejoin_member(held.id, actor=await actor_of(cast.coordinator))

    assert await state_of(held) == "confirmed"


# -- approval


async def test_approve_gives_a_place_and_then_the_waiting_list(db: Settings) -> None:
    training = await make.make_training(capacity=1, approval_required=True)
    ana = await make.make_registration(training, given_names="Ana", email="ana@example.org")
    berta = await make.make_registration(training, given_names="Berta", email="berta@example.org")
    await OutboxJob.all().delete()

    await actions.approve(ana.group_id, actor=PROGRAM)
    await actions.approve(berta.group_id, actor=PROGRAM)

    assert [await state_of(one) for one in (ana, berta)] == ["confirmed", "waitlisted"]
    assert await places_of(training) == (1, 0)
    jobs = await OutboxJob.all().order_by("id").values_list("kind", "subject_id")
    assert jobs == [("registration_confirmed", ana.id), ("registration_waitlisted", berta.id)]


async def test_approve_refuses_without_a_place_where_there_is_no_waiting_list(db: Settings) -> None:
    training = await make.make_training(
        capacity=1, childcare_capacity=1, approval_required=True, has_waiting_list=False
    )
    ana = await make.make_registration(training, given_names="Ana", childcare_places=1)
    berta = await make.make_registration(training, given_names="Berta", childcare_places=1)
    await actions.approve(ana.group_id, actor=PROGRAM)

    with pytest.raises(TrainingFull):
        await actions.approve(berta.group_id, actor=PROGRAM)
    await actions.resize(training.id, 2, 1, actor=PROGRAM)
    with pytest.raises(ChildcareFull):
        await actions.approve(berta.group_id, actor=PROGRAM)
    assert await state_of(berta) == "held"
    await actions.resize(training.id, 2, 2, actor=PROGRAM)
    await actions.approve(berta.group_id, actor=PROGRAM)

    assert await state_of(berta) == "confirmed"
    assert await places_of(training) == (2, 2)


async def test_approve_refuses_who_is_not_held_and_what_is_over(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training(approval_required=True)
    held = await make.make_registration(training, given_names="Ana")
    let_in = await make.make_registration(training, given_names="Berta")
    await actions.approve(let_in.group_id, actor=PROGRAM)

    with pytest.raises(NotHeld):
        await actions.approve(let_in.group_id, actor=PROGRAM)
    freeze(training.sessions[0].ends_at)
    with pytest.raises(CannotChange):
        await actions.approve(held.group_id, actor=PROGRAM)


# -- names and needs


async def test_rename_writes_the_name_as_it_will_be_printed_and_found(db: Settings) -> None:
    training = await make.make_training()
    ana = await make.make_registration(training, community="Las Pozas")

    await actions.rename(ana.id, "Ana Lucía", "Ba Coc", actor=HOLDER_OF_LINK)

    renamed = await Registration.get(id=ana.id).prefetch_related("participant")
    person = renamed.participant
    assert (renamed.renamed_by, renamed.renamed_at is not None) == (Author.PERSON, True)
    assert (person.full_name, person.name_key) == ("Ana Lucía Ba Coc", "ana lucia ba coc")
    assert person.search_text == " ana lucia ba coc las pozas"
    [line] = await AuditLine.filter(act="registrations.rename")
    assert line.detail == {}, "the audit holds no names"


async def test_needs_change_until_the_training_is_over(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training()
    ana = await make.make_registration(training, needs=("ramp",))

    await actions.change_needs(ana.id, ["food", "interpreter"], actor=HOLDER_OF_LINK)
    assert (await Registration.get(id=ana.id)).needs == "food,interpreter"
    await actions.change_needs(ana.id, [], actor=HOLDER_OF_LINK)
    assert (await Registration.get(id=ana.id)).needs is None

    freeze(training.sessions[0].ends_at)
    with pytest.raises(CannotChange):
        await actions.change_needs(ana.id, ["food"], actor=HOLDER_OF_LINK)


# -- places of the training


async def test_resize_below_what_is_taken_is_refused_with_the_number(db: Settings) -> None:
    training = await make.make_training(capacity=3, childcare_capacity=2)
    await make.make_registration(training, given_names="Ana", childcare_places=2)
    await make.make_registration(training, given_names="Berta")

    with pytest.raises(CapacityBelowTaken) as seats:
        await actions.resize(training.id, 1, 2, actor=PROGRAM)
    with pytest.raises(ChildcareBelowTaken) as children:
        await actions.resize(training.id, 3, 1, actor=PROGRAM)

    assert (seats.value.field, seats.value.values) == ("capacity", {"taken": 2})
    assert (children.value.field, children.value.values) == ("childcare_capacity", {"taken": 2})
    row = await Training.get(id=training.id)
    assert (row.capacity, row.childcare_capacity) == (3, 2)


# -- telling everybody


async def test_call_off_tells_everybody_who_counts_on_it_after_ten_minutes(db: Settings, freeze: Freeze) -> None:
    training, (ana, berta, cruz) = await make_three()
    await actions.cancel(cruz.id, actor=HOLDER_OF_LINK)
    await OutboxJob.all().delete()
    freeze(clock.now())

    batch = await changes.call_off_training(training.id, "No hay quien facilite ese día.", actor=PROGRAM)

    assert (await Training.get(id=training.id)).state is TrainingState.CANCELLED
    jobs = await OutboxJob.filter(batch_id=batch).order_by("id")
    assert [(job.kind, job.subject_id) for job in jobs] == [
        ("training_cancelled", ana.id),
        ("training_cancelled", berta.id),
    ]
    assert {job.run_at for job in jobs} == {clock.now() + STAFF_DELAY}


async def test_place_that_nobody_needs_goes_to_the_family_that_waits_for_it(client: AsyncClient, db: Settings) -> None:
    training = await make.make_training(capacity=10, childcare_capacity=3)
    [ana, _beto] = await make_family(training, "Ana", "Beto", childcare_places=3)
    waits = await make.make_registration(training, given_names="Luz", childcare_places=1)
    base = f"/i/{await group_token(ana)}"

    page = Page((await client.get(base)).text)
    answer = await client.post(f"{base}/cuidado", data={"childcare_places": "2"})
    more = await client.post(f"{base}/cuidado", data={"childcare_places": "3"})

    assert [one["value"] for one in page.all("option")] == ["2", "1", "0"]
    assert (answer.status_code, answer.headers["location"]) == (303, base)
    assert more.status_code == 303
    assert (await RegistrationGroup.get(id=ana.group_id)).childcare_places == 2
    assert await state_of(waits) == "confirmed"
    assert await places_of(training) == (3, 3)
    assert (await AuditLine.get(act="registrations.fewer_childcare")).detail == {"places": 2}


async def test_who_waits_for_childcare_alone_gets_in_with_fewer(client: AsyncClient) -> None:
    training = await make.make_training(capacity=10, childcare_capacity=3)
    await make.make_registration(training, given_names="Ana", childcare_places=2)
    waits = await make.make_registration(training, given_names="Luz", childcare_places=2)
    base = await link_of(waits)

    page = (await client.get(base)).text
    await client.post(f"{base}/cuidado", data={"childcare_places": "1"})

    assert "Si puede venir con menos, dígalo abajo: no pierde su lugar en la lista." in page
    assert "Listo, ya tiene su lugar" in (await client.get(base)).text
    assert await places_of(training) == (2, 3)


NO_NUMBERS: list[str] = ["", "x", "-1", "9"]


async def test_what_is_no_number_of_children_changes_nothing(client: AsyncClient) -> None:
    training = await make.make_training(childcare_capacity=3)
    ana = await make.make_registration(training, childcare_places=2)

    for typed in NO_NUMBERS:
        answer = await client.post(f"{await link_of(ana)}/cuidado", data={"childcare_places": typed})

        assert answer.status_code == 422, typed
        assert await places_of(training) == (1, 2), typed


async def test_one_of_a_family_does_not_change_it_for_all_nor_anybody_what_is_called_off(client: AsyncClient) -> None:
    training = await make.make_training(childcare_capacity=3)
    ana, beto = await make_family(training, "Ana", "Beto", childcare_places=2)
    alone = await link_of(beto)
    claimed = (await client.post(f"{alone}/mio", data={})).headers["location"]

    answer = await client.post(f"{claimed}/cuidado", data={"childcare_places": "0"})
    await changes.call_off_training(training.id, "Llovió", actor=PROGRAM)

    assert answer.status_code == 409
    with pytest.raises(CannotChange):
        await fewer_places(ana.group_id, 0, actor=HOLDER_OF_LINK)
    assert await places_of(training) == (2, 2)
