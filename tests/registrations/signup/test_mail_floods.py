"""Our mail is no weapon: who types another's address many times over does not have us write to it as often."""

from __future__ import annotations

from urllib.parse import urlencode

from httpx2 import AsyncClient

from tests import make
from tests.registrations.forms import of_page
from tests.registrations.wishes import link_of, wish
from trainings.audit.actor import HOLDER_OF_LINK, VISITOR
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import HoldReason, Registration
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import sign_up
from trainings.settings import Settings

FORM = {"content-type": "application/x-www-form-urlencoded"}
VICTIM = "victima@correo.example"
PERSON = {"surnames": "Coc", "municipality": "0000", "actor_type": "otro", "email": VICTIM, "consent_data": "yes"}


async def kinds() -> list[str]:
    return [kind for (kind,) in await OutboxJob.all().order_by("id").values_list("kind")]


async def test_address_typed_again_and_again_gets_ten_messages_and_no_more(client: AsyncClient) -> None:
    training = await make.make_training(capacity=100)

    for number in range(13):
        client.cookies.clear()
        person = urlencode(PERSON | of_page() | {"given_names": f"Ana {number}"})
        answer = await client.post(f"/capacitaciones/{training.slug}/inscripcion", content=person, headers=FORM)
        assert answer.status_code == 303

    assert await kinds() == ["registration_confirmed"] * 10
    assert await Registration.filter(state="held").count() == 3


async def test_held_for_review_is_told_when_staff_let_it_in(db: Settings) -> None:
    training = await make.make_training()
    first = await sign_up(training.id, wish(email=VICTIM, phone="+50255551234"), actor=VISITOR)
    again = wish(email="otra@correo.example", phone="+50255551234", hold_reason=HoldReason.REVIEW)

    held = await sign_up(training.id, again, actor=VISITOR)
    at_first = await kinds()
    await actions.approve(held.group_id, actor=VISITOR)

    assert first.is_new
    assert at_first == ["registration_confirmed"]
    assert await kinds() == ["registration_confirmed"] * 2


async def test_taking_back_what_nobody_let_in_writes_to_nobody(db: Settings) -> None:
    registration = await make.make_registration(await make.make_training(), email=VICTIM, hold_reason=HoldReason.REVIEW)

    await actions.cancel(registration.id, actor=HOLDER_OF_LINK)

    assert await kinds() == []


async def test_leaving_and_coming_back_ends_after_ten_times_a_day(client: AsyncClient) -> None:
    own = await link_of(await make.make_registration(await make.make_training()))

    statuses = []
    for _ in range(12):
        await client.post(f"{own}/cancelar")
        statuses.append((await client.post(f"{own}/volver")).status_code)

    assert statuses == [303] * 10 + [429] * 2
    assert await kinds() == []


async def test_coming_back_is_counted_by_the_address_not_by_the_registration(client: AsyncClient) -> None:
    training = await make.make_training()
    links = [
        await link_of(await make.make_registration(training, given_names=f"Ana {number}", email=VICTIM))
        for number in range(3)
    ]

    statuses = []
    for own in links:
        for _ in range(4):
            await client.post(f"{own}/cancelar")
            statuses.append((await client.post(f"{own}/volver")).status_code)

    assert statuses == [303] * 10 + [429] * 2
    assert len(await kinds()) == 3 + 11 + 10, "of each sign-up, and each time of leaving and of coming back"
