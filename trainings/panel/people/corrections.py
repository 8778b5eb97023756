"""«Corregir datos»: what the form asked, corrected on one page. What is not in the answer stays as it is."""

from __future__ import annotations

from typing import Any

from trainings.audit.actor import Actor
from trainings.certificates.issuing import names
from trainings.db import transaction
from trainings.lib.phones import show_phone
from trainings.people import choices
from trainings.places.models import ANOTHER_PLACE
from trainings.registrations.desk.forms import CorrectionForm
from trainings.registrations.desk.person import OnlyTheDesk, StaffView, permissions_of
from trainings.registrations.models import read_needs
from trainings.registrations.own import answers
from trainings.registrations.seats import actions
from trainings.registrations.signup.forms import RenameForm
from trainings.registrations.telling import contacts
from trainings.schedule.session_actions import locked_training
from trainings.settings import get_settings
from trainings.web.forms import FormErrors, Typed, check
from trainings.web.i18n import N_, gettext

NAMES = ("given_names", "surnames")
ANSWERS = ("community", "organization", "sex", "language", "public_official")
ASKS_NEEDS = "asks_needs"
"""Beside the boxes of the needs: all unticked means none."""


def contact_of(view: StaffView) -> tuple[str | None, str | None]:
    """(phone, address) that the desk corrects; a minor's are the guardian's."""
    person = view.own.registration.participant
    if not view.is_minor:
        return person.phone, person.email
    protectors = permissions_of(view).protectors
    phones, addresses = [one.phone for one in protectors], [one.email for one in protectors]
    return next(filter(None, phones), None), next(filter(None, addresses), None)


def filled_form(view: StaffView) -> Typed:
    registration = view.own.registration
    person, (phone, address) = registration.participant, contact_of(view)
    official = person.public_official
    return Typed.of(
        {
            **{name: getattr(person, name) for name in (*NAMES, "community", "organization", "language")},
            "number": show_phone(phone) if phone else None,
            "address": address,
            "municipality": person.municipality_id or ANOTHER_PLACE,
            "actor_type": person.actor_type.value if person.actor_type else "",
            "sex": person.sex.value if person.sex else "",
            "age_group": person.age_group.value if person.age_group else "",
            "public_official": "" if official is None else str(official).lower(),
            "needs": list(read_needs(registration.needs)),
        }
    )


def choices_for(view: StaffView) -> dict[str, Any]:
    """By template name, for the desk."""
    department = view.own.registration.training.hub.seat.department
    return choices.of_person(department) if view.is_desk else {}


async def correct(view: StaffView, typed: Typed, *, actor: Actor) -> str:
    """All or nothing; returns what to say. Refuses as each correction does, and (OnlyTheDesk) more than the name to who
    facilitates.
    """
    renamed, form = _checked(typed)
    if not view.is_desk and any(name in typed.fields for name in (*CorrectionForm.model_fields, ASKS_NEEDS)):
        raise OnlyTheDesk
    registration = view.own.registration
    said = [gettext(N_("Listo. Los datos quedaron corregidos."))]
    async with transaction():
        await locked_training(registration.training_id)
        said += await _correct_contacts(view, form, typed, actor)
        person = registration.participant
        if renamed is not None and (renamed.given_names, renamed.surnames) != (person.given_names, person.surnames):
            await names.correct(registration.id, renamed.given_names, renamed.surnames, None, actor=actor)
        if ASKS_NEEDS in typed.fields and set(form.needs) != set(read_needs(registration.needs)):
            await actions.change_needs(registration.id, form.needs, actor=actor)
        if "age_group" in typed.fields:
            await answers.correct_age(registration.id, form.age_group, actor=actor)
        await answers.correct_answers(registration.id, _answers(form, typed), actor=actor)
    return " ".join(said)


def _checked(typed: Typed) -> tuple[RenameForm | None, CorrectionForm]:
    """Errors of both are shown at once."""
    try:
        renamed = check(RenameForm, typed) if any(name in typed.fields for name in NAMES) else None
    except FormErrors:
        check(CorrectionForm, typed)
        raise
    return renamed, check(CorrectionForm, typed)


def _answers(form: CorrectionForm, typed: Typed) -> dict[str, object]:
    wanted: dict[str, object] = {name: getattr(form, name) for name in ANSWERS if name in typed.fields}
    if form.municipality is not None:
        wanted["municipality_id"] = None if form.municipality == ANOTHER_PLACE else form.municipality
    if form.actor_type is not None:
        wanted["actor_type"] = form.actor_type
    return wanted


async def _correct_contacts(view: StaffView, form: CorrectionForm, typed: Typed, actor: Actor) -> list[str]:
    """Returns what it means for how the person is told."""
    key, (phone, address), said = view.own.registration.id, contact_of(view), []
    if "number" in typed.fields and form.number != phone:
        await contacts.correct_phone(key, form.number, actor=actor)
        called = N_("Desde ahora se le llama a ese teléfono.")
        said.append(called if form.number else N_("Ya no se le llama a ningún teléfono."))
    if "address" in typed.fields and form.address != address:
        await contacts.correct_email(key, form.address, actor=actor)
        said.append(_about_mail(form.address))
    return [gettext(sentence) for sentence in said]


def _about_mail(address: str | None) -> str:
    if address is None:
        return N_("Ya no se le escribe por correo: avísele por teléfono.")
    if not get_settings().sends_mail:
        return N_("El correo queda anotado, pero por ahora no se envían correos.")
    return N_("Los próximos mensajes van a ese correo.")
