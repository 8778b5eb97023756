"""What is sent, and to whom: only what still holds, and nobody else's link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests import make
from tests.outbox.told import (
    FOUR_HOURS,
    FRIDAY,
    SATURDAY,
    Freeze,
    a_training,
    announced,
    call_off,
    cancel,
    change,
    everything,
    last_job,
    last_mail,
    put_on_waiting_list,
    tell,
    token_of,
)
from tests.registrations.families import make_family
from trainings import clock, jobs
from trainings.audit.actor import PROGRAM
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.lib.tokens import certificate_code, own_link, uuid7
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import HoldReason, LinkScope, OwnLink, Registration, RegistrationState
from trainings.registrations.own.group_actions import rejoin_member
from trainings.registrations.seats.actions import reject
from trainings.schedule.models import PlaceShown
from trainings.settings import Settings


@pytest.fixture(autouse=True)
def _on_friday(freeze: Freeze) -> None:
    freeze(FRIDAY)


# -- what no longer holds


async def leave(_registration: Registration) -> None:
    """Nothing happens meanwhile."""


async def offer(registration: Registration) -> None:
    await change(registration, RegistrationState.OFFERED)


HOLDS_AND_NOT: tuple[tuple[Callable[[Registration], Awaitable[None]], set[str], set[str]], ...] = (
    (
        leave,
        {"own_link_again", "registration_confirmed", "registration_promoted", "training_changed"},
        {
            "offer_expired",
            "registration_cancelled",
            "registration_held",
            "registration_offered",
            "registration_rejected",
            "registration_waitlisted",
            "training_cancelled",
        },
    ),
    (
        cancel,
        {"offer_expired", "own_link_again", "registration_cancelled", "registration_rejected", "waitlist_closed"},
        {"registration_confirmed", "registration_promoted", "training_changed"},
    ),
    (call_off, {"training_cancelled"}, {"registration_confirmed", "registration_offered", "training_changed"}),
    (
        put_on_waiting_list,
        {"registration_waitlisted", "training_changed"},
        {"registration_confirmed", "waitlist_closed"},
    ),
    (offer, {"registration_offered"}, {"registration_confirmed"}),
)
"""What happens between announcing and sending; which kinds are sent all the same, and which are not."""


@pytest.mark.parametrize(("meanwhile", "sent", "overtaken"), HOLDS_AND_NOT)
async def test_message_is_sent_only_while_it_holds(
    sqlite_db: Settings,
    meanwhile: Callable[[Registration], Awaitable[None]],
    sent: set[str],
    overtaken: set[str],
) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    for kind in sent | overtaken:
        await announced(registration, kind)

    await meanwhile(registration)

    found = {kind: (await last_mail(kind)).is_overtaken for kind in sent | overtaken}
    assert found == dict.fromkeys(sent, False) | dict.fromkeys(overtaken, True)


async def test_confirmation_of_what_is_over_is_not_sent(db: Settings, freeze: Freeze) -> None:
    await make.make_registration(await a_training(), email="ana@x.example")
    freeze(SATURDAY + FOUR_HOURS)

    assert (await last_mail("registration_confirmed")).is_overtaken


async def test_of_two_waiting_messages_of_a_kind_only_the_later_is_sent(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    await announced(registration, "training_changed")
    first = await last_job("training_changed")
    await announced(registration, "training_changed")
    second = await last_job("training_changed")
    compose = jobs.COMPOSERS["training_changed"]

    earlier, later = await compose(first), await compose(second)

    assert earlier
    assert later
    assert (earlier.is_overtaken, later.is_overtaken) == (True, False)
    await OutboxJob.filter(id=second.id).update(stopped_at=clock.now())
    again = await compose(first)
    assert again
    assert not again.is_overtaken


# -- to whom


async def test_nobody_without_an_address_is_written_to(db: Settings) -> None:
    training = await a_training()
    await make.make_registration(training, phone="55551234")
    assert await OutboxJob.all().count() == 0

    registration = await make.make_registration(training, email="ana@x.example", given_names="Ana")
    registration.participant.email = None
    await registration.participant.save(update_fields=["email"])

    job = await last_job("registration_confirmed")
    assert await jobs.COMPOSERS[job.kind](job) is None


async def test_revoked_link_is_not_sent(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    old = await token_of(registration)
    await OwnLink.filter(registration_id=registration.id).update(revoked_at=clock.now())
    new = await a_link(registration, LinkScope.PERSON)

    told = everything(await last_mail("registration_confirmed"))

    assert old not in told
    assert new in told


async def test_link_of_a_group_goes_to_who_filled_the_form_only(db: Settings) -> None:
    training = await a_training()
    first = await make.make_registration(training, email="ana@x.example")
    second = await make.make_registration(training, email="beto@x.example", given_names="Beto")
    await OwnLink.all().delete()
    await Registration.filter(id=second.id).update(group_id=first.group_id)
    token = await a_link(first, LinkScope.GROUP)

    assert token in (await tell(first, "own_link_again")).text
    to_other = await tell(second, "own_link_again")
    assert "/i/" not in to_other.text + to_other.html
    assert to_other.is_overtaken


async def a_link(registration: Registration, scope: LinkScope) -> str:
    token = own_link()
    await OwnLink.create(
        token_hash=token,
        token=token,
        scope=scope,
        group_id=registration.group_id,
        registration_id=registration.id if scope is LinkScope.PERSON else None,
    )
    return token


async def test_certificate_is_announced_with_link_and_check_address(db: Settings, freeze: Freeze) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    certificate = await a_certificate(registration)
    freeze(SATURDAY + timedelta(days=2))

    mail = await compose_ready(certificate)

    assert mail.subject == "Su diploma está listo"
    assert not mail.is_overtaken
    assert mail.invitation is None
    for body in (mail.text, mail.html):
        assert f"http://localhost:8000/i/{await token_of(registration)}" in body
        assert f"http://localhost:8000/verificar/{certificate.code}" in body
        assert "M. E. C. T." in body
    await Certificate.filter(id=certificate.id).update(state=CertificateState.REVOKED)
    assert (await compose_ready(certificate)).is_overtaken


async def compose_ready(certificate: Certificate) -> Mail:
    job = await OutboxJob.create(
        kind="certificate_ready",
        payload={"certificate_id": str(certificate.id)},
        subject_id=certificate.registration_id,
        dedup=str(uuid7()),
        run_at=clock.now(),
    )
    mail = await jobs.COMPOSERS["certificate_ready"](job)
    assert mail
    return mail


async def a_certificate(registration: Registration) -> Certificate:
    hub = await make.make_hub()
    return await Certificate.create(
        registration_id=registration.id,
        kind=CertificateKind.DIPLOMA,
        state=CertificateState.VALID,
        operator_id=hub.operator_id,
        hub_id=hub.id,
        year=2027,
        number=1,
        folio="VIMMIG-1705-2027-000001",
        code=certificate_code(),
        printed_name="María Elena Caal Tzib",
        initials="M. E. C. T.",
        title="Riesgos",
        minutes=240,
        held_on=SATURDAY.date(),
        issuer="Municipalidad de La Libertad",
        sheet={},
        issued_at=clock.now(),
    )


KIND = "registration_rejected"


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
