"""Typed fields of one to eight people → the sign-up, or every error at its field.

The first person's fields are bare, others' have a prefix (`members-1-given_names`, the contract).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from trainings.people.actions import GuardianContact
from trainings.people.models import AgeGroup
from trainings.registrations.commands import LARGEST_GROUP, Member, SignUp
from trainings.registrations.eligibility import field_of
from trainings.registrations.signup.forms import GuardianForm, MemberForm, SharedForm, answers_hash
from trainings.web.forms import FormErrors, FormT, Typed, check
from trainings.web.i18n import N_, gettext

FURTHER = re.compile(r"members-([1-9][0-9]{0,3})-(.+)")
REMOVE = re.compile(r"remove-([1-9][0-9]{0,3})")
ADULT = "18+"
""""18 o más": the age group is asked later, or never."""
MINOR_AGES = frozenset(band.value for band in AgeGroup if band.is_minor)
CONTACT = ("phone", "email")
INHERITED = ("municipality", "actor_type")
ELSEWHERE, OTHER_MUNICIPALITY = "other", "other_municipality"
"""The answer "En otro lugar", and the list that it opens."""
ASKS_AGE = "ask_age"
"""Sent with each further person: the age is obligatory, since a child is easily overlooked."""
ABOUT_GUARDIAN = ("guardian_name", "guardian_relation", "guardian_phone", "guardian_email", "guardian_consent")

TOO_MANY_PEOPLE = N_(
    "En un formulario caben hasta 8 personas. Inscriba a las demás en otro. Si es un grupo grande, llame a la "
    "ventanilla."
)
NO_AGE = N_("Escoja la edad.")
NO_ASSENT = N_("Falta que %(name)s diga que quiere participar. Pregúntele y marque la casilla.")
NO_ASSENT_OF_ANYBODY = N_(
    "Falta que quien es menor de edad diga que quiere participar. Pregúntele y marque la casilla."
)
NO_GUARDIAN_CONTACT = N_("Escriba el teléfono de la madre, el padre o la persona encargada.")


def read_wish(typed: Typed, **how: Any) -> SignUp:
    """`how`: fields of `SignUp` that no form holds (source, browser …). Raises FormErrors with everything wrong.

    Further people inherit municipality, community and actor type from the first. A minor's own contact is ignored.
    People are renumbered without gaps, so that `typed` can be shown again.
    """
    renumber(typed)
    _settle_municipality(typed)
    n_people = count_people(typed)
    if n_people > LARGEST_GROUP:
        typed.errors[""] = gettext(TOO_MANY_PEOPLE)
        raise FormErrors(typed)
    people = [_read_person(typed, number) for number in range(n_people)]
    guardian = _read_guardian(typed, n_people)
    shared = _checked(SharedForm, typed)
    if typed.errors:
        raise FormErrors(typed)
    assert shared is not None
    members = [Member(one, tuple(one.needs), has_assented=one.assent == "yes") for one in people if one is not None]
    return SignUp(
        tuple(_reachable(members, guardian)),
        shared.purposes,
        childcare_places=shared.childcare_places,
        guardian=guardian,
        idempotency_key=shared.idempotency_key or None,
        body_hash=answers_hash(typed),
        earlier_code=shared.earlier_code,
        **how,
    )


def _settle_municipality(typed: Typed) -> None:
    """The code of the list stands where "En otro lugar" was answered, so that however it was asked it is one answer."""
    chosen = typed.fields.pop(OTHER_MUNICIPALITY, [""])[-1].strip()
    if chosen and typed.value("municipality") == ELSEWHERE:
        typed.fields["municipality"] = [chosen]


# -- the further people and their numbers


def numbers_of(typed: Typed) -> list[int]:
    return sorted({int(found[1]) for found in map(FURTHER.fullmatch, typed.fields) if found})


def count_people(typed: Typed) -> int:
    return 1 + len(numbers_of(typed))


def renumber(typed: Typed, *, without: Iterable[int] = (), keep_empty: bool = False) -> None:
    """Further people become 1, 2, 3 … in place, without removed and never filled people."""
    numbers = numbers_of(typed)
    if not numbers:
        return
    out = set(without) | (set() if keep_empty else {number for number in numbers if _is_empty(typed, number)})
    new = {old: place for place, old in enumerate((n for n in numbers if n not in out), 1)}
    fields: dict[str, list[str]] = {}
    for name, values in typed.fields.items():
        found = FURTHER.fullmatch(name)
        if found is None:
            fields[name] = values
        elif int(found[1]) in new:
            fields[field_of(new[int(found[1])], found[2])] = values
    typed.fields = fields


def is_edited(typed: Typed) -> bool:
    """A button added or removed a person; `typed` is then to be shown again. A full form says so."""
    done = typed.value("do")
    removed = REMOVE.fullmatch(done)
    if done != "add" and removed is None:
        return False
    renumber(typed, without=[int(removed[1])] if removed else [], keep_empty=True)
    n_people = count_people(typed)
    if removed is None and n_people < LARGEST_GROUP:
        typed.fields[field_of(n_people, ASKS_AGE)] = ["yes"]
    elif removed is None:
        typed.errors[""] = gettext(TOO_MANY_PEOPLE)
    return True


def _is_empty(typed: Typed, number: int) -> bool:
    prefix = field_of(number, "")
    return not any(
        name.startswith(prefix) and name != prefix + ASKS_AGE and any(value.strip() for value in values)
        for name, values in typed.fields.items()
    )


def is_minor(typed: Typed, number: int) -> bool:
    return typed.value(field_of(number, "age_group")).strip() in MINOR_AGES


# -- one person, and who answers for the minors


def _read_person(typed: Typed, number: int) -> MemberForm | None:
    own = {name: typed.values(field_of(number, name)) for name in MemberForm.model_fields}
    age = typed.value(field_of(number, "age_group")).strip()
    if age == ADULT:
        own["age_group"] = []
    if age in MINOR_AGES:
        own |= {name: [] for name in CONTACT}
    inherited = _inherit(typed, own) if number else set()
    seen = Typed(own)
    person = _checked(MemberForm, seen)
    for name, sentence in seen.errors.items():
        if name not in inherited:
            typed.errors.setdefault(field_of(number, name), sentence)
    if not age and typed.value(field_of(number, ASKS_AGE)):
        typed.errors.setdefault(field_of(number, "age_group"), gettext(NO_AGE))
    return person


def _inherit(typed: Typed, own: dict[str, list[str]]) -> set[str]:
    """Returns the fields, whose errors are shown only once."""
    blank = {name for name in (*INHERITED, "community") if not any(value.strip() for value in own[name])}
    if "municipality" not in blank:
        blank.discard("community")
    own |= {name: typed.values(name) for name in blank}
    return blank


def _read_guardian(typed: Typed, n_people: int) -> GuardianContact | None:
    minors = [number for number in range(n_people) if is_minor(typed, number)]
    if not minors:
        return None
    adult = next((number for number in range(n_people) if number not in minors), None)
    if adult is None and not any(typed.value(name).strip() for name in ABOUT_GUARDIAN):
        return None
    _check_assents(typed, minors)
    own = {name: typed.values(name) for name in ABOUT_GUARDIAN}
    if adult is not None and not typed.value("guardian_name").strip():
        own["guardian_name"] = [_full_name(typed, adult)]
    if adult is None and not (typed.value("guardian_phone").strip() or typed.value("guardian_email").strip()):
        typed.errors.setdefault("guardian_phone", gettext(NO_GUARDIAN_CONTACT))
    form = _checked(GuardianForm, Typed(own), typed)
    if form is None:
        return None
    return GuardianContact(form.guardian_name, form.guardian_relation, form.guardian_phone, form.guardian_email)


def _check_assents(typed: Typed, minors: Sequence[int]) -> None:
    for number in minors:
        if not typed.has(field_of(number, "assent"), "yes"):
            name = typed.value(field_of(number, "given_names")).strip()
            sentence = gettext(NO_ASSENT) % {"name": name} if name else gettext(NO_ASSENT_OF_ANYBODY)
            typed.errors.setdefault(field_of(number, "assent"), sentence)


def _full_name(typed: Typed, number: int) -> str:
    return " ".join(typed.value(field_of(number, name)).strip() for name in ("given_names", "surnames")).strip()


def _reachable(members: Sequence[Member], guardian: GuardianContact | None) -> list[Member]:
    """The first adult gets the first contact that an adult or the guardian gave."""
    adult = next((place for place, one in enumerate(members) if not one.is_minor), None)
    if adult is None:
        return list(members)
    contacts = [(one.person.phone, one.person.email) for one in members if not one.is_minor]
    if guardian is not None:
        contacts.append((guardian.phone, guardian.email))
    phone, email = next((contact for contact in contacts if any(contact)), (None, None))
    reached = members[adult].person.model_copy(update={"phone": phone, "email": email})
    return [replace(one, person=reached) if place == adult else one for place, one in enumerate(members)]


def _checked(form: type[FormT], typed: Typed, into: Typed | None = None) -> FormT | None:
    try:
        return check(form, typed)
    except FormErrors:
        if into is not None and into is not typed:
            for name, sentence in typed.errors.items():
                into.errors.setdefault(name, sentence)
        return None
