"""Participants as they are kept: sealed, findable, without a natural key."""

from __future__ import annotations

import pytest

from tests import make
from trainings.audit.actor import PROGRAM
from trainings.db import sql, transaction
from trainings.people import choices
from trainings.people.actions import Sameness, correct_name, sameness
from trainings.people.consents import TEXT_VERSION
from trainings.people.forms import PersonForm
from trainings.people.models import Consent, ConsentHow, ConsentPurpose, Participant
from trainings.registrations.commands import for_one
from trainings.registrations.models import Registration, Source
from trainings.registrations.seats.actions import sign_up
from trainings.settings import Settings

SEALED = ("phone", "email", "language", "pueblo")


def rosa(**fields: str) -> PersonForm:
    described = {
        "given_names": "Rosa Amalia",
        "surnames": "Tzʼunun Coc",
        "municipality": "1705",
        "community": "Las Pozas",
        "actor_type": "cocode",
        "phone": "5555 1234",
        "email": "rosa@example.org",
        "language": "kek",
        "pueblo": "maya",
    }
    return PersonForm.model_validate(described | fields)


async def add(person: PersonForm) -> Participant:
    """Sign them up at the desk."""
    purposes = frozenset({ConsentPurpose.DATA, ConsentPurpose.CONTACT})
    wish = for_one(person, purposes, source=Source.DESK, consent_how=ConsentHow.READ_ALOUD)
    signed_up = await sign_up((await make.make_training()).id, wish, actor=PROGRAM)
    registration = await Registration.get(id=signed_up.registration_ids[0]).prefetch_related("participant")
    return registration.participant


def keys(person: PersonForm) -> Sameness:
    return sameness(person, person.phone, person.email)


@pytest.mark.both_engines
async def test_contacts_language_and_pueblo_are_sealed_in_the_database(db: Settings) -> None:
    await make.make_municipality()
    person = await add(rosa())

    [row] = await sql.rows("SELECT phone, email, language, pueblo, phone_key, email_key FROM participant")

    for column in SEALED:
        plain = getattr(rosa(), column)
        assert plain not in row[column]
    assert "5555" not in row["phone_key"]
    again = await Participant.get(id=person.id)
    assert [getattr(again, column) for column in SEALED] == ["+50255551234", "rosa@example.org", "kek", "maya"]


async def test_consents_are_kept_with_their_text_and_way(db: Settings) -> None:
    await make.make_municipality()

    await add(rosa())

    kept = await Consent.all().order_by("purpose").values_list("purpose", "how", "text_version")
    assert kept == [("contact", "read_aloud", TEXT_VERSION), ("data", "read_aloud", TEXT_VERSION)]


async def test_same_person_twice_is_two_participants(db: Settings) -> None:
    await make.make_municipality()

    first, second = await add(rosa()), await add(rosa())

    assert first.id != second.id
    assert (first.name_key, first.phone_key) == (second.name_key, second.phone_key)


async def test_sameness_forgives_how_a_name_and_a_contact_are_written(sqlite_db: Settings) -> None:
    written = rosa(given_names="ROSA  amália", surnames="Tzunun coc", phone="+502 5555-1234", email="ROSA@example.org")

    assert keys(written) == keys(rosa())
    assert keys(rosa(surnames="Tzunun Cok")) != keys(rosa())


async def test_corrected_name_is_found_by_its_new_words(db: Settings) -> None:
    await make.make_municipality()
    person = await add(rosa())

    async with transaction():
        await correct_name(person, "Rosa", "Qꞌeqchiꞌ")

    again = await Participant.get(id=person.id)
    assert (again.full_name, again.name_key) == ("Rosa Qꞌeqchiꞌ", "rosa qeqchi")
    assert (again.sort_key, again.search_text) == ("qeqchi rosa", " rosa qeqchi las pozas")


def test_list_of_municipalities_names_the_department_and_puts_the_near_ones_first() -> None:
    groups = choices.municipalities_by_department("Huehuetenango")

    assert groups[0][0] == "Huehuetenango"
    everybody = [name for _department, members in groups for _code, name in members]
    assert len(everybody) == 341
    assert {name for name in everybody if name.startswith("La Libertad")} == {
        "La Libertad, Petén",
        "La Libertad, Huehuetenango",
    }
    assert groups[-1][1][0][0] == "0000"
