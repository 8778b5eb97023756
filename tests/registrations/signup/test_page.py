"""The sign-up page as anybody uses it: what it asks, what it says, what comes of it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.registrations.forms import ROSA, errors_of, path_of, post
from tests.registrations.wishes import KEY, places_of
from tests.web.pages import Page
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.people.communities import confirm
from trainings.people.models import Consent, Participant
from trainings.registrations.models import Registration
from trainings.schedule.models import CoursePrerequisite, PlaceShown, Project, TrainingState

# -- asking


async def test_page_asks_for_what_is_needed_first_and_consent_last(client: AsyncClient) -> None:
    training = await make.make_training()

    answer = await client.get(path_of(training))

    assert answer.status_code == 200
    page = Page(answer.text)
    names = [str(field.get("name")) for tag, field in page.elements if tag in ("input", "select") and field.get("name")]
    ordered = list(dict.fromkeys(names))
    assert ordered == [
        *("idempotency_key", "from_page", "website"),
        *("given_names", "surnames", "phone", "municipality", "other_municipality", "age_group"),
        *("community", "email", "earlier_code"),
        *(f"members-N-{name}" for name in ("ask_age", "given_names", "surnames", "age_group", "municipality")),
        *("consent_data", "consent_contact", "consent_photo"),
    ]
    answered = [field for _tag, field in page.elements if "checked" in field or "selected" in field]
    assert answered == [], "nothing is answered beforehand"
    assert len(page.all("option")) > 340
    assert re.fullmatch(r"[0-9A-Z]{26}", str(page.one("input", name="idempotency_key")["value"]))
    named = [(str(f.get("name")), f) for tag, f in page.elements if tag in ("input", "select")]
    required = {name for name, f in named if "required" in f and not name.startswith("members-")}
    assert required == {"given_names", "surnames", "municipality", "other_municipality", "consent_data"}


async def test_childcare_is_asked_only_where_places_are_left(client: AsyncClient) -> None:
    none = await make.make_training()
    some = await make.make_training(childcare_capacity=3)
    await make.make_registration(some, childcare_places=1)

    waited_for = await make.make_training(childcare_capacity=1)
    taken = await make.make_training(childcare_capacity=1, has_waiting_list=False)
    for training in (waited_for, taken):
        await make.make_registration(training, childcare_places=1)
    shown = [Page((await client.get(path_of(training))).text) for training in (waited_for, taken)]

    answer = await post(client, waited_for, childcare_places="1")

    words = "Ya no quedan lugares de cuidado infantil"
    assert f"{words}: si los pide, espera en la lista hasta que se libren." in shown[0].text
    assert f"{words}." in shown[1].text
    assert [bool(page.all("input", name="childcare_places")) for page in shown] == [True, False]
    assert "En espera" in Page((await client.get(answer.headers["location"])).text).text
    assert "childcare_places" not in (await client.get(path_of(none))).text
    assert "Quedan 2 lugares de cuidado infantil." in (await client.get(path_of(some))).text


async def test_page_asks_only_whom_the_training_is_for_as_the_training_s_page_says(client: AsyncClient) -> None:
    training = await make.make_training(audience=("docente", "salud"))
    of_course = await make.make_training(course=await make.make_course(audience=["docente", "salud"]))

    page = Page((await client.get(path_of(training))).text)

    for path in (f"/capacitaciones/{of_course.slug}", path_of(of_course)):
        assert "Docentes y personal de salud y comadronas." in Page((await client.get(path)).text).text
    assert "required" in page.one("select", id="actor_type")
    at = page.elements.index(("select", page.one("select", id="actor_type")))
    offered = [field.get("value") for tag, field in page.elements[at : at + 4] if tag == "option"]
    assert offered == ["", "docente", "salud"]
    assert "Docentes y personal de salud y comadronas." in page.text


async def test_donor_s_project_asks_who_people_come_for_and_nobody_has_to_answer(client: AsyncClient) -> None:
    project = await Project.create(name="Raíces", donor="Cooperación", starts_on=clock.today(), ends_on=clock.today())
    training = await make.make_training(project_id=project.id)

    page = Page((await client.get(path_of(training))).text)
    answer = await post(client, training, actor_type="")

    assert "required" not in page.one("select", id="actor_type")
    assert page.one("select", id="members-N-actor_type")
    assert answer.status_code == 303
    assert (await Participant.get()).actor_type is None


async def test_who_lives_where_it_is_held_says_yes_and_who_does_not_says_where(client: AsyncClient) -> None:
    await make.make_municipalities()
    training = await make.make_training()
    elsewhere = {"municipality": "other", "other_municipality": "1207", "actor_type": ""}

    page = Page((await client.get(path_of(training))).text)
    missing = await post(client, training, municipality="other")
    wrong = Page((await post(client, training, surnames="", **elsewhere)).text)
    by_code = Page((await post(client, training, surnames="", **elsewhere | {"municipality": "1207"})).text)
    for answers in ({"municipality": "1705", "other_municipality": "1207"}, elsewhere):
        await post(client, training, given_names=answers["municipality"], **answers)

    assert "¿Vive en La Libertad, Petén?" in page.text
    assert [one["value"] for one in page.all("input", name="municipality")] == ["1705", "other"]
    assert errors_of(Page(missing.text)) == {"other_municipality": "Escoja su municipio de la lista."}
    for shown in (wrong, by_code):
        assert [one["value"] for one in shown.all("input", name="municipality") if "checked" in one] == ["other"]
        assert [one["value"] for one in shown.all("option") if "selected" in one] == ["1207"]
    assert sorted(await Participant.all().values_list("given_names", "municipality_id")) == [
        ("1705", "1705"),
        ("other", "1207"),
    ]


async def test_page_says_which_courses_come_before_and_asks_for_the_code(client: AsyncClient) -> None:
    before = await make.make_course("Consejeras comunitarias: inducción")
    course = await make.make_course("Diplomado")
    await CoursePrerequisite.create(course=course, required=before)
    training = await make.make_training(course=course)

    answer = await client.get(path_of(training))

    assert "Antes hay que completar «Consejeras comunitarias: inducción»." in answer.text
    assert re.search(r"<details open>\s*<summary>Ya vine a otra capacitación", answer.text)


async def test_communities_that_staff_confirmed_are_suggested_and_no_other(client: AsyncClient) -> None:
    training = await make.make_training()
    await make.make_registration(training, municipality="1705", community="Casa de doña Elvira")
    await confirm("1705", "Las Pozas", actor=PROGRAM)

    answer = await client.get(path_of(training))

    assert Page(answer.text).one("datalist", id="communities")
    assert '<option value="Las Pozas">' in answer.text
    assert "Elvira" not in answer.text


async def test_page_of_a_protected_place_does_not_tell_it(client: AsyncClient) -> None:
    training = await make.make_training(place_shown=PlaceShown.AFTER_CONFIRMATION)

    assert "Salón municipal" not in (await client.get(path_of(training))).text


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"opens_at": timedelta(hours=1)}, "La inscripción todavía no se abre"),
        ({"closes_at": timedelta(hours=-1)}, "La inscripción ya se cerró"),
        ({"capacity": 0, "has_waiting_list": False}, "Ya no quedan lugares"),
        ({"state": TrainingState.CANCELLED}, "Esta capacitación se canceló"),
        ({"sessions": [(clock.now() - timedelta(hours=9), clock.now() - timedelta(hours=5))]}, "ya terminó"),
    ],
)
async def test_page_where_nobody_can_sign_up_says_why_and_what_to_do(
    client: AsyncClient, columns: dict[str, Any], sentence: str
) -> None:
    moments = {name: clock.now() + value for name, value in columns.items() if isinstance(value, timedelta)}
    training = await make.make_training(**(columns | moments))

    answer, sent = await client.get(path_of(training)), await post(client, training)

    page = Page(answer.text)
    assert (answer.status_code, sent.status_code) == (200, 409)
    assert sentence in page.text
    assert sentence in sent.text
    assert not page.all("form", method="post")
    assert page.one("a", href="/municipios/la-libertad-peten")
    assert page.one("a", href="tel:+50279001234")


UNKNOWN: list[str] = ["no-existe", "á", "%00", "a" * 3000, "%ff", "..%2f..", "' OR 1=1 --"]


async def test_unknown_trainings_are_one_404(client: AsyncClient) -> None:
    draft = await make.make_training(state=TrainingState.DRAFT)
    for slug in (*UNKNOWN, draft.slug):
        for answer in (
            await client.get(f"/capacitaciones/{slug}/inscripcion"),
            await client.post(f"/capacitaciones/{slug}/inscripcion", data=ROSA),
        ):
            assert answer.status_code == 404, slug
            assert "<h1" in answer.text, slug


async def test_page_travels_light(client: AsyncClient) -> None:
    training = await make.make_training(childcare_capacity=3)

    answer = await client.get(path_of(training))

    # With two stylesheets, two scripts and the sign the whole first visit stays under 40 KB.
    assert len(gzip.compress(answer.content, 6)) < 14_000


# -- answering


async def test_everything_that_is_asked_is_kept(client: AsyncClient) -> None:
    await make.make_municipality()
    training = await make.make_training(childcare_capacity=3)

    await post(
        client,
        training,
        municipality="1705",
        community="Las Pozas",
        organization="COCODE Las Pozas",
        sex="mujer",
        age_group="35-59",
        phone="5555-1234",
        email=" Rosa@Example.ORG ",
        language="kek",
        pueblo="maya",
        needs=["food", "interpreter", "food"],
        childcare_places="2",
        public_official="false",
        consent_contact="yes",
    )

    registration = await Registration.get().prefetch_related("participant", "group")
    person = registration.participant
    assert (person.municipality_id, person.community, person.organization) == ("1705", "Las Pozas", "COCODE Las Pozas")
    assert (person.sex, person.age_group, person.public_official) == ("mujer", "35-59", False)
    assert (person.phone, person.email, person.language, person.pueblo) == (
        "+50255551234",
        "rosa@example.org",
        "kek",
        "maya",
    )
    assert (registration.needs, registration.group.childcare_places) == ("food,interpreter", 2)
    assert sorted(await Consent.all().values_list("purpose")) == [("contact",), ("data",)]


async def test_name_municipality_and_consent_are_enough_and_the_rest_stays_unanswered(
    client: AsyncClient,
) -> None:
    training = await make.make_training()
    empty = dict.fromkeys(("actor_type", "sex", "age_group", "language", "pueblo", "phone", "email"), "")

    answer = await post(client, training, **empty)

    assert answer.status_code == 303
    assert re.fullmatch(r"/i/[0-9A-Z]{32}", answer.headers["location"])
    assert "Listo, ya tiene su lugar" in (await client.get(answer.headers["location"])).text
    assert await places_of(training) == (1, 0)
    person = await Participant.get()
    assert person.actor_type is None
    assert (person.sex, person.age_group, person.language, person.pueblo) == (None, None, None, None)
    assert (person.phone, person.email, person.public_official) == (None, None, None)


async def test_the_order_of_fields_does_not_make_it_another_form(client: AsyncClient) -> None:
    training = await make.make_training()
    answers = ROSA | {"idempotency_key": KEY}

    first = await client.post(path_of(training), data=answers)
    again = await client.post(path_of(training), data=dict(reversed(answers.items())))

    assert again.headers["location"] == first.headers["location"]


async def test_same_key_with_other_answers_is_409_with_the_form(new_client: Callable[[], AsyncClient]) -> None:
    training = await make.make_training()
    await post(new_client(), training, idempotency_key=KEY)

    answer = await post(new_client(), training, idempotency_key=KEY, given_names="Elvira")

    assert answer.status_code == 409
    page = Page(answer.text)
    assert "Esta página ya se envió con otros datos." in page.text
    assert "Si faltó alguien, deje aquí solo a quien falta" in page.text
    assert page.one("input", name="given_names")["value"] == "Elvira"
    key = str(page.one("input", name="idempotency_key")["value"])
    sent_again = await post(new_client(), training, idempotency_key=key, given_names="Elvira")
    assert sent_again.status_code == 303
    own = await new_client().get(sent_again.headers["location"])
    assert "Si faltó alguien de su familia, inscríbale ahí: entra aparte." in own.text
