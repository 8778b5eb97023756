"""Who is erased leaves nothing behind but what they were told."""

from __future__ import annotations

from typing import Any

import pytest

from tests import make
from tests.certificates.held import AFTER, a_diploma, make_attendee, make_held
from tests.registrations.families import make_family
from tests.registrations.wishes import places_of
from trainings import clock
from trainings.attendance.models import Attendance
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM, VISITOR
from trainings.audit.models import AuditLine
from trainings.certificates.models import Certificate
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import Consent, ConsentPurpose, Guardian, Merge, MergeReason, Participant, Relation
from trainings.privacy.withdrawal import NAMELESS_COUNT, what_stays, withdraw_data
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.models import Registration
from trainings.registrations.own.erasures import What, ask_for_erasure, keep_data
from trainings.registrations.seats.actions import detach, sign_up
from trainings.settings import Settings

ANSWERS: dict[str, Any] = {
    "given_names": "Rosa Amalia",
    "surnames": "Coc Xol",
    "municipality": "1705",
    "community": "Las Pozas",
    "organization": "Radio Maya",
    "actor_type": "radio",
    "sex": "mujer",
    "age_group": "25-34",
    "language": "kek",
    "pueblo": "maya",
    "public_official": True,
    "phone": "+50255551234",
    "email": "rosa@correo.example",
    "needs": ("interpreter",),
    "purposes": frozenset(ConsentPurpose),
}
NOTHING = {
    **dict.fromkeys(("sex", "age_group", "language", "pueblo", "public_official")),
    **dict.fromkeys(("phone", "other_phone", "email", "phone_key", "email_key")),
    "community": "",
    "organization": "",
}


async def person_of(registration: Registration) -> Participant:
    return await Participant.get(id=registration.participant_id)


async def state_of(registration: Registration) -> str:
    return (await Registration.get(id=registration.id)).state.value


async def test_who_takes_back_everything_before_coming_is_nobody_afterwards(db: Settings) -> None:
    training = await make.make_training()
    registration = await make.make_registration(training, **ANSWERS)
    registration.participant.other_phone = "+50244441234"
    await registration.participant.save(update_fields=["other_phone"])

    await withdraw_data(registration.id, actor=HOLDER_OF_LINK)

    person = await person_of(registration)
    assert {name: getattr(person, name) for name in NOTHING} == NOTHING
    assert (person.full_name, person.name_key, person.search_text, person.municipality_id) == ("—", "", "", None)
    assert person.sort_key == ""
    row = await Registration.get(id=registration.id)
    assert (row.state.value, row.needs) == ("cancelled", None)
    assert await places_of(training) == (0, 0)
    assert not await Consent.exists(withdrawn_at=None)
    assert await Consent.all().count() == 3
    assert await OutboxJob.all().count() == 0


async def test_place_of_who_takes_back_everything_goes_to_the_waiting_list(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    registration = await make.make_registration(training, **ANSWERS)
    waiting = await make.make_registration(training, given_names="Berta", email="berta@correo.example")

    await withdraw_data(registration.id, actor=HOLDER_OF_LINK)

    assert await state_of(waiting) == "confirmed"
    assert {job.subject_id for job in await OutboxJob.all()} == {waiting.id}


async def test_attendance_stays_without_a_name(db: Settings) -> None:
    await make.make_municipality()
    registration = await make_attendee(await make_held(), **ANSWERS)

    with clock.frozen(AFTER):
        stays = await what_stays([registration.participant_id], by_link=True)
        await withdraw_data(registration.id, actor=HOLDER_OF_LINK)

    person = await person_of(registration)
    assert {name: getattr(person, name) for name in NOTHING} == NOTHING
    assert (person.full_name, person.name_key, person.search_text, person.municipality_id) == ("—", "", "", "1705")
    assert await state_of(registration) == "confirmed", "what is over is not cancelled"
    assert await Attendance.filter(registration_id=registration.id, is_present=True).exists()
    assert stays == [
        NAMELESS_COUNT,
        "Otras inscripciones suyas: cada una se borra con su enlace, o todas en la ventanilla.",
        "Su nombre en lo que ya salió de aquí: expedientes de sesión, listas impresas y archivos exportados.",
        "Lo que otra ventanilla anotó aparte: eso se pide allá.",
        "Las copias de seguridad, hasta 30 días.",
        "Qué permisos dio y qué día los retiró.",
    ]


@pytest.mark.parametrize(
    ("papers", "left"),
    [(What.DATA, ("valid", "Rosa Amalia Coc Xol")), (What.NAME, ("valid", "—")), (What.PAPERS, ("revoked", "—"))],
)
async def test_diploma_keeps_its_name_or_not_as_was_asked(db: Settings, papers: What, left: tuple[str, str]) -> None:
    await make.make_municipality()
    with clock.frozen(AFTER):
        certificate = await a_diploma(**ANSWERS)
        registration = await Registration.get(id=certificate.registration_id)
        await withdraw_data(registration.id, actor=HOLDER_OF_LINK, papers=papers)

    stored = await Certificate.get(id=certificate.id)
    assert (stored.state.value, stored.printed_name) == left
    assert (await person_of(registration)).full_name == "—"


async def test_merged_sign_up_is_forgotten_alone(db: Settings) -> None:
    attended = await make_attendee(await make_held(), given_names="Rosa", surnames="Coc", phone="+50255551234")
    with clock.frozen(AFTER):
        coming = await make.make_registration(
            await make.make_training(), given_names="Rosita", surnames="Coc", phone="+50255559876"
        )
        await Merge.create(
            kept_id=attended.participant_id,
            merged_id=coming.participant_id,
            reason=MergeReason.SAID_SO,
            merged_by_id=tokens.uuid7(),
        )
        await Participant.filter(id=coming.participant_id).update(merged_into_id=attended.participant_id)

        await withdraw_data(attended.id, actor=HOLDER_OF_LINK)

    kept, merged = await person_of(attended), await person_of(coming)
    assert (kept.full_name, kept.phone, await state_of(attended)) == ("—", None, "confirmed")
    assert (merged.full_name, merged.phone, await state_of(coming)) == ("Rosita Coc", "+50255559876", "confirmed")


async def family() -> tuple[Registration, Registration]:
    """Marta signs up with her daughter Luz of 15."""
    mother = PersonForm.model_validate(ANSWERS | {"given_names": "Marta", "surnames": "Ical"})
    luz = {"given_names": "Luz", "surnames": "Ical", "municipality": "1705", "actor_type": "juventud", "sex": "mujer"}
    daughter = PersonForm.model_validate(luz | {"age_group": "14-17"})
    wish = SignUp(
        (Member(mother), Member(daughter, has_assented=True)),
        frozenset({ConsentPurpose.DATA}),
        guardian=GuardianContact("Marta Ical", Relation.MADRE),
    )
    await make.make_municipality()
    training = await make.make_training(admits_minors=True, minimum_age=12)
    done = await sign_up(training.id, wish, actor=VISITOR)
    first, second = [await Registration.get(id=key) for key in done.registration_ids]
    return first, second


async def test_guardian_who_takes_back_a_minors_data_is_forgotten_and_the_minor_stays_protected(db: Settings) -> None:
    mother, daughter = await family()

    stays = await what_stays([daughter.participant_id], by_link=True)
    await withdraw_data(daughter.id, actor=HOLDER_OF_LINK)

    guardian = await Guardian.get()
    assert guardian.withdrawn_at is not None
    assert (guardian.name, guardian.phone, guardian.email) == (None, None, None)
    luz = await person_of(daughter)
    assert (luz.full_name, luz.age_group, luz.sex, luz.phone_key) == ("—", "14-17", None, None)
    assert [await state_of(one) for one in (mother, daughter)] == ["confirmed", "cancelled"]
    assert (await person_of(mother)).phone == "+50255551234"
    assert "Su grupo de edad, para seguir protegiendo sus datos como de menor de edad." in stays


async def test_who_filled_in_the_form_is_told_what_stays_with_the_others_of_it(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    ana, beto, cata = await make_family(training, "Ana", "Beto", children=["Cata"], phone="+50255551234")
    as_guardian = "Su nombre y su contacto como persona encargada de menores: se borran al retirar también ese permiso."
    shared = "El mismo teléfono o correo de quienes vinieron en su formulario: se cambia en la ventanilla."

    told = [await what_stays([one.participant_id], by_link=True) for one in (ana, beto, cata)]
    await detach(beto.id, phone=None, email=None, actor=PROGRAM)
    apart = [await what_stays([one.participant_id], by_link=True) for one in (ana, beto)]
    await withdraw_data(cata.id, actor=HOLDER_OF_LINK)
    alone = await what_stays([ana.participant_id], by_link=True)

    assert [(as_guardian in one, shared in one) for one in (*told, *apart, alone)] == [
        *[(True, True), (False, True), (False, False)],
        *[(True, False), (False, False), (False, False)],
    ]


async def test_taken_back_twice_is_once_and_the_line_holds_no_values(db: Settings) -> None:
    registration = await make.make_registration(await make.make_training(), **ANSWERS)

    await withdraw_data(registration.id, actor=HOLDER_OF_LINK)
    moments = await Consent.all().order_by("id").values_list("withdrawn_at")
    await withdraw_data(registration.id, actor=HOLDER_OF_LINK)

    assert await Consent.all().order_by("id").values_list("withdrawn_at") == moments
    line = await AuditLine.get(act="privacy.withdraw_data")
    training = await registration.training
    assert (line.object_id, line.hub_id) == (registration.id, training.hub_id)
    assert line.detail == {"cancelled": 1, "permissions": 3}


async def test_unknown_registration_is_refused(db: Settings) -> None:
    for action in (withdraw_data, ask_for_erasure, keep_data):
        with pytest.raises(NotFound):
            await action(tokens.uuid7(), actor=HOLDER_OF_LINK)
