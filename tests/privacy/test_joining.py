"""What one person has twice in a training becomes one sign-up, and two again where it was a mistake."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.attendance.doors import Opened, hours, qr_of, scan, take
from tests.cast import Cast, make_cast
from tests.oracle import faults_of
from tests.privacy.people import minor, someone
from tests.registrations.families import make_family
from tests.registrations.meanwhile import person_held
from tests.registrations.wishes import link_of, places_of, state_of
from tests.web.pages import Page
from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.attendance.actions import close_session
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM, Actor
from trainings.outbox.models import OutboxJob
from trainings.people.models import Consent, Merge, MergeReason
from trainings.privacy import merging
from trainings.privacy.withdrawal import withdraw_data
from trainings.registrations.desk.look_alikes import look_alikes_in
from trainings.registrations.models import HoldReason, NeedState, Registration, RegistrationGroup
from trainings.registrations.own.group_actions import rejoin_member
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import answer_need
from trainings.registrations.seats.allocation import OtherTicket
from trainings.schedule.models import Training
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
INDEX = "/panel/personas/repetidas"


async def unite(one: Registration, other: Registration, actor: Actor) -> None:
    await merging.merge(one.participant_id, other.participant_id, MergeReason.SAID_SO, actor=actor)


async def undo(actor: Actor) -> None:
    row = await Merge.filter(undone_at=None).order_by("-id").first()
    assert row is not None
    await merging.undo(row.id, actor=actor)


async def kept_of(one: Registration) -> object:
    return (await Registration.get(id=one.id)).joined_to_id


async def set_state(one: Registration, state: str) -> None:
    await Registration.filter(id=one.id).update(state=state)
    await RegistrationGroup.filter(id=one.group_id).update(state=state)


# -- joining


@pytest.mark.both_engines
async def test_the_oldest_stays_and_the_place_of_the_other_goes_to_who_waits(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, capacity=2)
    first, second = await someone(cast.hub, training=training), await someone(cast.hub, training=training)
    waits = await someone(cast.hub, "Ana", training)
    await OutboxJob.all().delete()

    await unite(second, first, rosa)

    assert [await state_of(one) for one in (first, second, waits)] == ["confirmed", "cancelled", "confirmed"]
    assert (await kept_of(second), await kept_of(first)) == (first.id, None)
    assert await places_of(training) == (2, 0)
    assert await OutboxJob.filter(kind__startswith="registration_cancelled").count() == 0
    assert await look_alikes_in([training.id]) == set()
    assert await faults_of(training.id) == []


@pytest.mark.parametrize(
    ("states", "kept"),
    [
        (("waitlisted", "confirmed"), 1),
        (("offered", "confirmed"), 1),
        (("held", "waitlisted"), 1),
        (("waitlisted", "offered"), 1),
        (("waitlisted", "waitlisted"), 0),
    ],
)
async def test_the_best_state_stays(cast: Cast, rosa: Actor, states: tuple[str, str], kept: int) -> None:
    training = await make.make_training(hub=cast.hub)
    both = [await someone(cast.hub, training=training) for _time in range(2)]
    for one, state in zip(both, states, strict=True):
        await set_state(one, state)
    await Training.filter(id=training.id).update(taken=sum(state in ("confirmed", "offered") for state in states))

    await unite(both[0], both[1], rosa)

    assert await state_of(both[kept]) == states[kept]
    assert await kept_of(both[1 - kept]) == both[kept].id


async def test_childcare_counts_once_and_the_larger_number_and_support_of_both_is_asked_for(
    cast: Cast, rosa: Actor
) -> None:
    training = await make.make_training(hub=cast.hub, childcare_capacity=9)
    first = await someone(cast.hub, training=training, childcare_places=1, needs=("ramp",))
    second = await someone(cast.hub, training=training, childcare_places=3, needs=("ramp", "food"))
    assert await places_of(training) == (2, 4)
    await answer_need(first.id, "ramp", NeedState.ARRANGED, actor=rosa)

    await unite(first, second, rosa)

    assert await places_of(training) == (1, 3)
    assert (await Registration.get(id=first.id)).needs == "food,ramp=arranged", "answers stay"
    await actions.cancel(first.id, actor=HOLDER_OF_LINK)
    assert await places_of(training) == (0, 0)


async def test_childcare_of_who_waits_counts_with_the_place_where_it_is_free(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, capacity=1, childcare_capacity=2)
    first = await someone(cast.hub, training=training)
    second = await someone(cast.hub, training=training, childcare_places=2)
    assert await state_of(second) == "waitlisted"

    await unite(first, second, rosa)

    assert await places_of(training) == (1, 2)
    await actions.cancel(first.id, actor=HOLDER_OF_LINK)
    assert await places_of(training) == (0, 0)


async def test_who_has_a_counted_place_stays_before_who_came_without_one(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub)
    came = await someone(cast.hub, training=training)
    await Registration.filter(id=came.id).update(source="walk_in")
    signed_up = await someone(cast.hub, training=training)
    await Training.filter(id=training.id).update(taken=1)

    await unite(came, signed_up, rosa)

    assert await kept_of(came) == signed_up.id
    assert await places_of(training) == (1, 0)


async def test_who_left_a_contact_stays_before_who_left_none(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub)
    nameless = await someone(cast.hub, training=training, phone=None)
    reached = await someone(cast.hub, training=training, email="rosa@correo.example")

    await unite(nameless, reached, rosa)

    assert await kept_of(nameless) == reached.id


async def test_attendance_is_the_union_and_either_card_counts_as_the_one_kept(
    cast: Cast, rosa: Actor, freeze: Freeze
) -> None:
    training = await make.make_training(hub=cast.hub)
    first, second = await someone(cast.hub, training=training), await someone(cast.hub, training=training)
    door = Opened(training, training.sessions[0], first)
    freeze(door.starts_at)
    await take(door, scan(qr_of(second), door.starts_at))

    await unite(first, second, rosa)

    assert await take(door, scan(qr_of(first), door.starts_at)) == ["already"]
    assert await take(door, scan(qr_of(second), door.starts_at)) == ["already"]
    freeze(door.ends_at)
    await close_session(door.key, actor=PROGRAM)
    assert (await hours(first), await hours(second)) == ((240, True), (0, False))


async def test_what_came_in_one_form_is_not_joined(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub)
    father, son = await make_family(training, "Juan", "Juan", phone="+50255551234")

    await unite(father, son, rosa)

    assert [await state_of(one) for one in (father, son)] == ["confirmed", "confirmed"]


@pytest.mark.both_engines
async def test_two_of_staff_join_the_same_two_at_once_then_one_place_is_given_on(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, capacity=2)
    first, second = await someone(cast.hub, training=training), await someone(cast.hub, training=training)
    ana, bea = [await someone(cast.hub, name, training) for name in ("Ana", "Bea")]
    other = await actor_of(cast.admin)

    await asyncio.gather(*(unite(first, second, one) for one in (rosa, other)))

    assert [await state_of(one) for one in (first, second)] == ["confirmed", "cancelled"]
    assert [await state_of(one) for one in (ana, bea)] == ["confirmed", "waitlisted"]
    assert await places_of(training) == (2, 0)
    assert await Merge.all().count() == 1
    assert await faults_of(training.id) == []


@pytest.mark.both_engines
async def test_two_who_are_joined_to_a_third_at_once_stand_once_in_the_training_they_share(
    cast: Cast, rosa: Actor
) -> None:
    training = await make.make_training(hub=cast.hub)
    third = await someone(cast.hub)
    both = [await someone(cast.hub, training=training) for _time in range(2)]

    await asyncio.gather(*(unite(third, one, rosa) for one in both))

    assert sorted([await state_of(one) for one in both]) == ["cancelled", "confirmed"]
    assert await places_of(training) == (1, 0)


# -- taking it back


async def test_undone_both_stand_as_before_with_their_own_marks(cast: Cast, rosa: Actor, freeze: Freeze) -> None:
    training = await make.make_training(hub=cast.hub)
    first, second = await someone(cast.hub, training=training), await someone(cast.hub, training=training)
    door = Opened(training, training.sessions[0], first)
    freeze(door.starts_at)
    await take(door, scan(qr_of(second), door.starts_at))
    await unite(first, second, rosa)

    await undo(rosa)

    assert [await state_of(one) for one in (first, second)] == ["confirmed", "confirmed"]
    assert await kept_of(second) is None
    assert await places_of(training) == (2, 0)
    freeze(door.ends_at)
    await close_session(door.key, actor=PROGRAM)
    assert (await hours(first), await hours(second)) == ((0, False), (240, True))


async def test_undone_after_the_place_is_gone_then_first_of_the_list(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, capacity=2)
    first, second = await someone(cast.hub, training=training), await someone(cast.hub, training=training)
    ana, bea = [await someone(cast.hub, name, training) for name in ("Ana", "Bea")]
    await unite(first, second, rosa)
    assert [await state_of(one) for one in (ana, bea)] == ["confirmed", "waitlisted"]

    await undo(rosa)

    assert await state_of(second) == "waitlisted"
    assert await places_of(training) == (2, 0)
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    assert [await state_of(one) for one in (second, bea)] == ["confirmed", "waitlisted"]


async def test_undone_who_waited_and_who_was_held_are_where_they_were(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, capacity=1)
    first, second, behind = [await someone(cast.hub, name, training) for name in ("Rosa", "Rosa", "Ana")]
    held = await someone(cast.hub, training=training, hold_reason=HoldReason.REVIEW)
    numbers = await RegistrationGroup.filter(wait_number__not_isnull=True).order_by("wait_number").values_list("id")
    await merging.merge_sure(None, [one.participant_id for one in (first, second, held)], actor=rosa)
    assert [await kept_of(one) for one in (second, held)] == [first.id, first.id]

    for row in await Merge.all():
        await merging.undo(row.id, actor=rosa)

    assert [await state_of(one) for one in (first, second, held)] == ["confirmed", "waitlisted", "held"]
    waiting = RegistrationGroup.filter(wait_number__not_isnull=True, state="waitlisted")
    assert await waiting.order_by("wait_number").values_list("id") == numbers
    assert await state_of(behind) == "waitlisted"


async def test_undone_of_a_family_then_with_the_others_again(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub)
    alone = await someone(cast.hub, "Rosa", training)
    family = await make_family(training, "Ana", "Rosa")
    await unite(alone, family[1], rosa)
    assert await places_of(training) == (2, 0)

    await undo(rosa)

    assert [await state_of(one) for one in family] == ["confirmed", "confirmed"]
    assert (await RegistrationGroup.get(id=family[0].group_id)).n_people == 2
    assert await places_of(training) == (3, 0)


async def test_undone_the_later_of_two_merges_then_what_the_earlier_joined_stays_joined(
    cast: Cast, rosa: Actor
) -> None:
    training = await make.make_training(hub=cast.hub)
    first, second, third = [await someone(cast.hub, training=training) for _time in range(3)]
    await unite(second, third, rosa)
    await unite(first, second, rosa)

    await undo(rosa)

    assert [await state_of(one) for one in (first, second, third)] == ["confirmed", "confirmed", "cancelled"]
    assert [await kept_of(one) for one in (first, second, third)] == [None, None, second.id]
    assert await places_of(training) == (2, 0)


async def test_undone_at_one_hub_then_nothing_stays_joined_at_another(cast: Cast, rosa: Actor) -> None:
    elsewhere = await make.make_training(hub=cast.elsewhere)
    first, second = [await someone(cast.hub) for _time in range(2)]
    there = [await someone(cast.elsewhere, training=elsewhere) for _time in range(2)]
    for here, one in zip((first, second), there, strict=True):
        await Registration.filter(id=one.id).update(participant_id=here.participant_id)
    await unite(first, second, await actor_of(cast.coordinator_elsewhere))
    assert await kept_of(there[1]) == there[0].id

    await undo(rosa)

    assert [await state_of(one) for one in there] == ["confirmed", "confirmed"]


async def test_undone_who_waits_because_the_place_is_gone_is_told_and_so_are_staff(
    client: AsyncClient, cast: Cast, rosa: Actor
) -> None:
    training = await make.make_training(hub=cast.hub, capacity=2)
    first = await someone(cast.hub, training=training)
    second = await someone(cast.hub, training=training, email="rosa@correo.example")
    await someone(cast.hub, "Ana", training)
    await unite(first, second, rosa)
    await OutboxJob.all().delete()
    await make.sign_in(client, cast.coordinator)

    answer = await client.post(f"{INDEX}/decisiones/{(await Merge.get()).id}/deshacer", follow_redirects=True)

    jobs = await OutboxJob.all()
    assert [(job.kind, job.subject_id) for job in jobs] == [("registration_waitlisted", second.id)]
    assert "Ya no había lugar para 1 inscripción: quedó de primera en la lista de espera." in answer.text


async def test_undone_who_waited_moves_up_where_a_place_is_free_by_then(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, capacity=0)
    first, second = [await someone(cast.hub, training=training) for _time in range(2)]
    await unite(first, second, rosa)
    await actions.resize(training.id, 2, 0, actor=PROGRAM)
    assert [await state_of(one) for one in (first, second)] == ["confirmed", "cancelled"]

    await undo(rosa)

    assert [await state_of(one) for one in (first, second)] == ["confirmed", "confirmed"]
    assert await places_of(training) == (2, 0)


async def test_undone_who_was_told_of_an_offer_is_told_again_as_the_time_to_answer_begins_anew(
    cast: Cast, rosa: Actor
) -> None:
    training = await make.make_training(hub=cast.hub, capacity=9)
    first = await someone(cast.hub, training=training)
    second = await someone(cast.hub, training=training, email="rosa@correo.example")
    await set_state(second, "offered")
    await RegistrationGroup.filter(id=second.group_id).update(reached_at=clock.now(), offered_until=clock.now())
    await unite(first, second, rosa)
    await OutboxJob.all().delete()

    await undo(rosa)

    group = await RegistrationGroup.get(id=second.group_id)
    assert (group.state, group.reached_at, group.offered_until) == ("offered", None, None)
    assert [(job.kind, job.subject_id) for job in await OutboxJob.all()] == [("registration_offered", second.id)]


async def test_undone_each_has_its_own_childcare_and_mark(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, childcare_capacity=9)
    first = await someone(cast.hub, training=training, childcare_places=1)
    second = await someone(cast.hub, training=training, childcare_places=3)
    await Registration.filter(id=second.id).update(mark=80)
    await unite(first, second, rosa)
    assert (await Registration.get(id=first.id)).mark == 80

    await undo(rosa)

    groups = [await RegistrationGroup.get(id=one.group_id) for one in (first, second)]
    assert [one.childcare_places for one in groups] == [1, 3]
    assert await places_of(training) == (2, 4)
    assert [(await Registration.get(id=one.id)).mark for one in (first, second)] == [None, 80]


async def test_undone_of_a_family_that_moved_up_then_first_of_the_list(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, capacity=2)
    alone, other = [await someone(cast.hub, name, training) for name in ("Rosa", "Bea")]
    family = await make_family(training, "Ana", "Rosa")
    await unite(alone, family[1], rosa)
    await actions.cancel(other.id, actor=HOLDER_OF_LINK)
    assert [await state_of(one) for one in family] == ["confirmed", "cancelled"]

    await undo(rosa)

    assert [await state_of(one) for one in family] == ["confirmed", "waitlisted"]
    await actions.cancel(alone.id, actor=HOLDER_OF_LINK)
    assert await state_of(family[1]) == "confirmed"


# -- pages


async def test_one_press_joins_a_row_and_it_is_listed_to_be_undone(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    people = [await someone(cast.hub, training=training) for _time in range(3)]
    await make.sign_in(client, cast.coordinator)

    page = Page((await client.get(INDEX)).text)
    fields = [str(one["value"]) for one in page.all("input", name="persona", type="hidden")]
    answer = await client.post(f"{INDEX}/unir", data={"persona": fields})
    again = await client.post(f"{INDEX}/unir", data={"persona": fields})

    assert fields == [str(one.participant_id) for one in people]
    assert (answer.status_code, again.status_code) == (303, 409)
    assert [await state_of(one) for one in people] == ["confirmed", "cancelled", "cancelled"]
    assert (await client.get(INDEX)).text.count("/deshacer") == 2


async def test_where_the_telephone_differs_there_is_a_choice_and_no_button(client: AsyncClient, cast: Cast) -> None:
    mail = "rosa@correo.example"
    first = await someone(cast.hub, email=mail)
    second = await someone(cast.hub, phone="+50255559999", email=mail)
    await make.sign_in(client, cast.coordinator)

    page = Page((await client.get(INDEX)).text)
    forced = await client.post(
        f"{INDEX}/unir", data={"persona": [str(first.participant_id), str(second.participant_id)]}
    )

    assert "Algo no coincide: compárelas" in page.text
    assert page.all("input", name="persona", type="hidden") == []
    assert forced.status_code == 409
    assert await Merge.all().count() == 0


async def test_all_of_a_training_at_once_and_nobody_else(client: AsyncClient, cast: Cast) -> None:
    training, other = [await make.make_training(hub=cast.hub, title=title) for title in ("Refugio", "Otra")]
    pairs = [
        [await someone(cast.hub, name, training, phone=f"+5025555000{n}") for _time in range(2)]
        for n, name in enumerate(("Ana", "Bea"))
    ]
    elsewhere = [await someone(cast.hub, "Cata", one) for one in (training, other)]
    await make.sign_in(client, cast.coordinator)
    path = f"{INDEX}?capacitacion={training.id}"

    page = await client.get(path)
    answer = await client.post(f"{INDEX}/unir?capacitacion={training.id}")

    assert answer.headers["location"] == path
    assert "Unir a todas las de esta capacitación" in page.text
    assert "Cata" not in page.text
    assert [[await state_of(one) for one in pair] for pair in pairs] == [["confirmed", "cancelled"]] * 2
    assert [await state_of(one) for one in elsewhere] == ["confirmed", "confirmed"]
    assert "Nada que revisar" in (await client.get(path)).text


async def test_list_of_a_training_holds_its_minors_and_a_daughter_is_not_her_mother(
    client: AsyncClient, cast: Cast
) -> None:
    training = await make.make_training(hub=cast.hub, admits_minors=True)
    mother, *daughters = await someone(cast.hub, training=training), await minor(training), await minor(training)
    await make.sign_in(client, cast.coordinator)

    page = Page((await client.get(f"{INDEX}?capacitacion={training.id}")).text)
    fields = [str(one["value"]) for one in page.all("input", name="persona", type="hidden")]
    await client.post(f"{INDEX}/unir?capacitacion={training.id}")

    assert fields == [str(one.participant_id) for one in daughters]
    assert [await state_of(one) for one in (mother, *daughters)] == ["confirmed", "confirmed", "cancelled"]
    assert "Nada que revisar" in (await client.get(INDEX)).text


async def test_who_are_one_already_and_stand_twice_are_joined_from_the_list_of_the_training(
    client: AsyncClient, cast: Cast
) -> None:
    training = await make.make_training(hub=cast.hub)
    both = [await someone(cast.hub, training=training) for _time in range(2)]
    elsewhere = await make.make_training(hub=cast.elsewhere)
    for one in both:
        there = await someone(cast.elsewhere, training=elsewhere)
        await Registration.filter(id=there.id).update(participant_id=one.participant_id)
    await unite(both[0], both[1], await actor_of(cast.coordinator_elsewhere))
    assert [await state_of(one) for one in both] == ["confirmed", "confirmed"]
    await make.sign_in(client, cast.coordinator)
    path = f"?capacitacion={training.id}"

    await client.post(f"{INDEX}/unir{path}", data={"persona": [str(one.participant_id) for one in both]})

    assert [await state_of(one) for one in both] == ["confirmed", "cancelled"]
    assert "Nada que revisar" in (await client.get(INDEX + path)).text


async def test_family_of_one_name_and_those_told_apart_are_not_in_the_list(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    await make_family(training, "Juan", "Juan", phone="+50255550000")
    first, second = await someone(cast.hub, training=training), await someone(cast.hub, training=training)
    await merging.hold_different(first.participant_id, second.participant_id, actor=await actor_of(cast.coordinator))
    await make.sign_in(client, cast.coordinator)

    assert "Nada que revisar" in (await client.get(INDEX)).text


async def test_pages_of_the_joined_one_say_which_one_counts_and_offer_nothing_that_is_refused(
    client: AsyncClient, cast: Cast, rosa: Actor
) -> None:
    training = await make.make_training(hub=cast.hub)
    first, second = await someone(cast.hub, training=training), await someone(cast.hub, training=training)
    before = (await client.get(await link_of(second))).text
    await unite(first, second, rosa)

    kept, joined = [(await client.get(await link_of(one))).text for one in (first, second)]
    await make.sign_in(client, cast.coordinator)
    page = Page((await client.get(f"/panel/inscripciones/{second.id}")).text)

    assert "¿Ya se había inscrito? No importa: la ventanilla une las repetidas." in before
    assert "Ya estaba inscrita: vale el otro boleto" in joined
    assert "este también sirve, impreso o en foto" in joined
    assert "Inscribirme otra vez" not in joined
    assert "Ya estaba inscrita" not in kept
    assert "Se unió a otra inscripción de la misma persona. Abrir la que vale" in page.text
    assert ("Cancelada" in page.text, "Quizá es la misma persona" in page.text) == (False, False)
    assert page.all("form", action=f"/panel/inscripciones/{second.id}/volver") == []
    with pytest.raises(OtherTicket):
        await rejoin_member(second.id, actor=HOLDER_OF_LINK)


async def test_who_withdrew_the_permission_meanwhile_takes_no_place_again(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, capacity=2, childcare_capacity=2)
    first = await someone(cast.hub, training=training)
    second = await someone(cast.hub, training=training, childcare_places=2)
    await unite(first, second, rosa)
    await withdraw_data(second.id, actor=HOLDER_OF_LINK)

    await undo(rosa)

    assert [await state_of(one) for one in (first, second)] == ["confirmed", "cancelled"]
    assert await kept_of(second) is None
    assert await places_of(training) == (1, 0)


async def test_who_withdraws_the_permission_while_a_join_is_undone_takes_no_place_again(postgres_db: Settings) -> None:
    """Also somebody whom an earlier merge made one with the person of the merge that is undone."""
    cast = await make_cast()
    rosa = await actor_of(cast.coordinator)
    training = await make.make_training(hub=cast.hub)
    first, second, third = [await someone(cast.hub, training=training) for _time in range(3)]
    await unite(second, third, rosa)
    await unite(first, second, rosa)
    await withdraw_data(second.id, actor=HOLDER_OF_LINK)

    async with person_held(third.participant_id, lambda: undo(rosa)) as undoing:
        await Consent.filter(participant_id=third.participant_id).update(withdrawn_at=third.created_at)

    await undoing
    assert [await state_of(one) for one in (first, second, third)] == ["confirmed", "cancelled", "cancelled"]


async def test_who_withdrew_the_permission_after_a_training_that_was_held_counts_again(
    cast: Cast, rosa: Actor, freeze: Freeze
) -> None:
    training = await make.make_training(hub=cast.hub)
    first, second = await someone(cast.hub, training=training), await someone(cast.hub, training=training)
    await unite(first, second, rosa)
    freeze(training.sessions[0].ends_at)
    await withdraw_data(second.id, actor=HOLDER_OF_LINK)

    await undo(rosa)

    assert [await state_of(one) for one in (first, second)] == ["confirmed", "confirmed"]


async def test_undone_the_later_of_two_joins_takes_no_childcare_from_who_asked_for_it(cast: Cast, rosa: Actor) -> None:
    training = await make.make_training(hub=cast.hub, childcare_capacity=9)
    kept = await someone(cast.hub, training=training, childcare_places=2)
    second = await someone(cast.hub, training=training)
    third = await someone(cast.hub, training=training, childcare_places=2)
    await unite(second, third, rosa)
    await unite(kept, second, rosa)

    last = await Merge.filter(undone_at=None).order_by("-id").first()
    assert last is not None
    await merging.undo(last.id, actor=rosa)

    assert (await Registration.get(id=kept.id).prefetch_related("group")).group.childcare_places == 2
