"""What people are told whom the hub could not take in: that, whom to ask, and what to do next."""

from __future__ import annotations

import pytest

from tests import make
from tests.outbox.told import FOUR_HOURS, FRIDAY, SATURDAY, Freeze, a_training, everything, last_mail
from tests.registrations.families import make_family
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import HoldReason
from trainings.registrations.own.group_actions import rejoin_member
from trainings.registrations.seats.actions import reject
from trainings.schedule.models import PlaceShown
from trainings.settings import Settings

KIND = "registration_rejected"


@pytest.fixture(autouse=True)
def _on_friday(freeze: Freeze) -> None:
    freeze(FRIDAY)


async def test_rejected_family_is_told_once_that_it_was_not_taken_and_whom_to_call(db: Settings) -> None:
    [ana, _beto] = await make_family(await a_training(approval_required=True), "Ana", "Beto", email="ana@x.example")

    await reject(ana.group_id, actor=PROGRAM)

    assert [job.kind for job in await OutboxJob.all().order_by("id")] == ["registration_held", KIND]
    mail = await last_mail(KIND)
    assert (mail.to, mail.is_overtaken) == ("ana@x.example", False)
    assert mail.subject == "Esta vez no pudimos darles lugar: sábado 6 de marzo, 8:30 a. m."
    for said in ("para esta fecha no pudo aceptarla", "llame al 7900 1234", "A nombre de: A. C. X. y B. C. X."):
        assert said in mail.text
    for untrue in ("cancelada", "Gracias por avisar", "requisito", "Código corto"):
        assert untrue not in mail.text
    assert (mail.invitation, list(mail.attachments)) == (None, [])


async def test_who_lacks_an_earlier_course_is_told_what_would_help(db: Settings) -> None:
    rosa = await make.make_registration(await a_training(), email="ana@x.example", hold_reason=HoldReason.PREREQUISITE)

    await reject(rosa.group_id, actor=PROGRAM)

    mail = await last_mail(KIND)
    assert mail.subject.startswith("Esta vez no pudimos darle lugar")
    assert "Si ya lo completó, llame con su diploma a la mano." in mail.text


async def test_rejection_promises_no_exact_place(db: Settings) -> None:
    training = await a_training(approval_required=True, place_shown=PlaceShown.AFTER_CONFIRMATION)
    rosa = await make.make_registration(training, email="ana@x.example")

    await reject(rosa.group_id, actor=PROGRAM)

    told = everything(await last_mail(KIND))
    assert "Salón municipal" not in told
    assert "El lugar exacto" not in told


async def test_rejection_is_overtaken_by_a_yes_and_by_the_end(db: Settings, freeze: Freeze) -> None:
    training = await a_training(approval_required=True)
    rosa = await make.make_registration(training, email="ana@x.example")
    await reject(rosa.group_id, actor=PROGRAM)
    assert not (await last_mail(KIND)).is_overtaken

    freeze(SATURDAY + FOUR_HOURS)
    assert (await last_mail(KIND)).is_overtaken
    freeze(FRIDAY)
    await rejoin_member(rosa.id, actor=await make.actor_of(await make.make_user(hub=await make.make_hub())))

    assert (await last_mail(KIND)).is_overtaken
