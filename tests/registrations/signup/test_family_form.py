"""The form of several people: who is read, what is taken from the first, who answers for minors, all errors at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.registrations.forms import ROSA
from trainings.db.fields import set_keyring
from trainings.lib.crypt import Keyring
from trainings.people.models import AgeGroup, Relation
from trainings.registrations.commands import SignUp
from trainings.registrations.models import Source
from trainings.registrations.signup.family_forms import read_wish, renumber
from trainings.web.forms import FormErrors, Typed

DIEGO = {
    "members-1-given_names": "Diego",
    "members-1-surnames": "Coc",
    "members-1-age_group": "14-17",
    "members-1-assent": "yes",
}
MOTHER = {"guardian_relation": "madre", "guardian_consent": "yes"}


@pytest.fixture(autouse=True)
def a_key() -> None:
    """Answers are hashed with the secret key; no database is read."""
    set_keyring(Keyring(["k" * 48]))


def typed(**answers: Any) -> Typed:
    return Typed.of(ROSA | answers)


def read(**answers: Any) -> SignUp:
    return read_wish(typed(**answers))


def errors(**answers: Any) -> dict[str, str]:
    with pytest.raises(FormErrors) as caught:
        read(**answers)
    return caught.value.typed.errors


def names(wish: SignUp) -> list[str]:
    return [one.person.given_names for one in wish.members]


# -- who is read


def test_one_person_is_the_bare_fields() -> None:
    wish = read(phone="5555 1234", needs=["ramp", "food"], childcare_places="2", consent_contact="yes")

    (rosa,) = wish.members
    assert (rosa.person.given_names, rosa.person.phone, rosa.needs) == ("Rosa Amalia", "+50255551234", ("food", "ramp"))
    assert (wish.childcare_places, sorted(wish.purposes), wish.guardian) == (2, ["contact", "data"], None)


def test_further_people_are_read_in_the_order_of_their_numbers_with_what_they_left_out_from_the_first() -> None:
    others = {f"members-{n}-{name}": f"{name[0]}{n}" for n in (10, 2, 3) for name in ("given_names", "surnames")}

    wish = read(municipality="1705", community="Las Pozas", **others | {"members-3-actor_type": "docente"})

    assert names(wish) == ["Rosa Amalia", "g2", "g3", "g10"]
    assert [one.person.municipality for one in wish.members] == ["1705"] * 4
    assert [one.person.community for one in wish.members] == ["Las Pozas"] * 4
    assert [one.person.actor_type for one in wish.members] == ["cocode", "cocode", "docente", "cocode"]


def test_who_lives_elsewhere_is_not_given_the_community_of_the_first() -> None:
    ana = {"members-1-given_names": "Ana", "members-1-surnames": "Ba", "members-1-municipality": "1207"}

    wish = read(municipality="1705", community="Las Pozas", **ana)

    assert [(one.person.municipality, one.person.community) for one in wish.members] == [
        ("1705", "Las Pozas"),
        ("1207", ""),
    ]


def test_people_never_filled_in_are_left_out_and_gaps_close() -> None:
    blank = {"members-1-given_names": " ", "members-1-ask_age": "yes", "members-1-surnames": ""}
    ana = {"members-4-given_names": "Ana", "members-4-surnames": "Ba", "members-4-needs": ["ramp"]}
    form = typed(**blank, **ana)

    wish = read_wish(form)

    assert names(wish) == ["Rosa Amalia", "Ana"]
    assert wish.members[1].needs == ("ramp",)
    assert {name for name in form.fields if name.startswith("members-")} == {
        "members-1-given_names",
        "members-1-surnames",
        "members-1-needs",
    }


@pytest.mark.parametrize("name", ["members-0-given_names", "members-x-surnames", "members--1-x", "members-12345-x"])
def test_numbers_that_are_none_are_unknown_fields(name: str) -> None:
    assert names(read(**{name: "Ana"})) == ["Rosa Amalia"]


def test_eight_fit_and_a_hundred_are_refused_in_words() -> None:
    crowd = {f"members-{n}-{name}": "Ana" for n in range(1, 100) for name in ("given_names", "surnames")}
    seven = {name: value for name, value in crowd.items() if int(name.split("-")[1]) <= 7}

    assert read(**seven).n_people == 8
    assert errors(**crowd) == {
        "": "En un formulario caben hasta 8 personas. Inscriba a las demás en otro. Si es un grupo grande, llame a la "
        "ventanilla."
    }


def test_what_no_form_holds_is_passed_on() -> None:
    wish = read_wish(typed(), source=Source.DESK, browser_key="x")

    assert (wish.source, wish.browser_key, wish.browser_is_known) == (Source.DESK, "x", True)


# -- the contact of all


def test_contact_is_that_of_the_first_adult_who_gave_one() -> None:
    ana = {"members-1-given_names": "Ana", "members-1-surnames": "Ba", "members-1-phone": "5555 1234"}

    assert read(**ana).contact_phone == "+50255551234"
    assert read(**ana, phone="4444 1234").contact_phone == "+50244441234"


def test_a_minors_own_contact_is_not_looked_at() -> None:
    wish = read(**DIEGO, **MOTHER, **{"members-1-phone": "no tengo", "members-1-email": "diego@example.org"})

    assert (wish.members[1].person.phone, wish.members[1].person.email) == (None, None)
    assert (wish.contact_phone, wish.contact_email) == (None, None)


def test_contact_of_a_guardian_reaches_the_adult_who_gave_none() -> None:
    wish = read(**DIEGO, **MOTHER, guardian_phone="5555 1234")

    assert wish.contact_phone == "+50255551234"


# -- age


def test_an_adult_of_the_short_form_has_no_age_band() -> None:
    wish = read(
        age_group="18+",
        **{"members-1-given_names": "Ana", "members-1-surnames": "Ba", "members-1-age_group": "18+"},
        **{"members-2-given_names": "Eva", "members-2-surnames": "Ba", "members-2-age_group": "60+"},
    )

    assert [one.person.age_group for one in wish.members] == [None, None, AgeGroup.A60]


def test_age_of_further_people_is_needed_where_the_page_asks_for_it() -> None:
    ana = {"members-1-given_names": "Ana", "members-1-surnames": "Ba"}

    assert read(**ana).n_people == 2
    assert errors(**ana, **{"members-1-ask_age": "yes"}) == {"members-1-age_group": "Escoja la edad."}


# -- minors and who answers for them


def test_guardian_is_the_first_adult_who_comes_along_unless_another_is_named() -> None:
    wish = read(**DIEGO, **MOTHER)
    of_another = read(**DIEGO, **MOTHER, guardian_name="Elvira Xol", guardian_phone="5555-1234")

    assert wish.guardian is not None
    assert (wish.guardian.name, wish.guardian.relation) == ("Rosa Amalia Coc Xol", Relation.MADRE)
    assert [one.has_assented for one in wish.members] == [False, True]
    assert of_another.guardian is not None
    assert (of_another.guardian.name, of_another.guardian.phone) == ("Elvira Xol", "+50255551234")


def test_adult_who_comes_with_a_minor_is_asked_for_the_permission_at_its_fields() -> None:
    without_answers = {name: value for name, value in DIEGO.items() if name != "members-1-assent"}

    assert errors(**without_answers) == {
        "members-1-assent": "Falta que Diego diga que quiere participar. Pregúntele y marque la casilla.",
        "guardian_relation": "Escoja qué es de quien tiene menos de 18 años.",
        "guardian_consent": "Falta el permiso de la madre, el padre o la persona encargada. Marque la casilla.",
    }


def test_minor_who_names_nobody_is_a_wish_without_a_guardian() -> None:
    wish = read(age_group="12-13", phone="5555 1234", guardian_name="  ")

    assert wish.guardian is None
    assert wish.contact_phone is None


def test_guardian_who_stays_at_home_must_be_reachable() -> None:
    named = {"age_group": "12-13", "assent": "yes", "guardian_name": "Elvira Xol"} | MOTHER

    assert errors(**named) == {"guardian_phone": "Escriba el teléfono de la madre, el padre o la persona encargada."}
    assert read(**named, guardian_phone="5555 1234").contact_phone == "+50255551234"
    assert read(**named, guardian_email="Elvira@example.org").contact_email == "elvira@example.org"


def test_guardian_is_read_only_for_minors() -> None:
    assert read(guardian_relation="x", guardian_phone="x").guardian is None


# -- what is wrong


def test_everything_that_is_wrong_is_told_at_once_each_at_its_field() -> None:
    people = {
        "members-1-given_names": "Diego",
        "members-1-age_group": "12-13",
        "members-3-surnames": "Ba",
        "members-3-actor_type": "presidente",
    }

    found = errors(
        given_names="", municipality="", phone="5", consent_data="", childcare_places="9", guardian_phone="1", **people
    )

    assert list(found) == [
        "given_names",
        "municipality",
        "phone",
        "members-1-surnames",
        "members-2-given_names",
        "members-2-actor_type",
        "members-1-assent",
        "guardian_relation",
        "guardian_phone",
        "guardian_consent",
        "childcare_places",
        "consent_data",
    ]


# -- adding and taking out


def test_taking_out_closes_the_gap_and_keeps_empty_people_that_stand_in_the_page() -> None:
    form = typed(**{"members-1-given_names": "Ana", "members-2-given_names": "Diego", "members-3-given_names": ""})

    renumber(form, without=[1], keep_empty=True)

    assert {name: values for name, values in form.fields.items() if name.startswith("members-")} == {
        "members-1-given_names": ["Diego"],
        "members-2-given_names": [""],
    }


def test_same_answers_have_the_same_hash_whatever_the_numbers() -> None:
    one = {"members-1-given_names": "Ana", "members-1-surnames": "Ba"}
    five = {"members-5-given_names": "Ana", "members-5-surnames": "Ba"}

    assert read(**one).body_hash == read(**five).body_hash
    assert read(**one).body_hash != read(**one, phone="5555 1234").body_hash
    assert read(**one).body_hash == read(**one, do="").body_hash
