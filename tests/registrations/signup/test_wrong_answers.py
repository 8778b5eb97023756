"""What is wrong in the sign-up form is told where it is wrong, and what was typed is kept and shown as it was."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient

from tests import make, moment
from tests.registrations.forms import FORM_TYPE, errors_of, path_of, post
from tests.registrations.wishes import KEY
from tests.web.pages import Page
from trainings.people.models import Consent, Participant
from trainings.registrations.models import OwnLink, Registration, RegistrationGroup
from trainings.registrations.signup.forms import GuardianForm, MemberForm, SharedForm

# -- wrong answers


async def test_empty_form_says_what_is_missing_at_each_field_and_on_top(client: AsyncClient) -> None:
    training = await make.make_training(audience=("docente",))

    answer = await client.post(path_of(training), data={"idempotency_key": KEY})

    page = Page(answer.text)
    assert answer.status_code == 422
    assert errors_of(page) == {
        "given_names": "Escriba los nombres.",
        "surnames": "Escriba los apellidos.",
        "municipality": "Diga dónde vive.",
        "actor_type": "Escoja de parte de quién viene.",
        "consent_data": "Para inscribirle necesitamos su permiso de guardar estos datos. Marque la casilla.",
    }
    assert "Falta corregir 5 datos" in page.text
    assert page.text.lstrip().startswith("Error: ")
    for name in errors_of(page):
        assert page.one("a", href=f"#{name}")
    assert page.one("input", name="idempotency_key")["value"] == KEY
    assert await Participant.all().count() == 0


WRONG = [
    ("phone", "5555 123", "Escriba los 8 números del teléfono, por ejemplo 5555 1234."),
    ("email", "rosa@", "Escriba un correo completo, por ejemplo nombre@correo.com, o déjelo vacío."),
    ("municipality", "17", "Escoja su municipio de la lista."),
    ("municipality", "9999", "Escoja su municipio de la lista."),
    ("actor_type", "presidente", "Escoja una de las opciones."),
    ("language", "xxx", "Escoja una de las opciones."),
    ("given_names", "x" * 121, "Es demasiado largo: escriba hasta 120 letras."),
    ("given_names", "\u200b\u202e", "Falta este dato."),
    ("surnames", "Co\ufffdc", "Hay una letra que no se puede leer. Escríbalo otra vez."),
    ("childcare_places", "9", "Escriba 8 o menos."),
    ("childcare_places", "-1", "Escriba 0 o más."),
    ("childcare_places", "dos", "Escriba un número."),
]


async def test_wrong_answers_are_told_at_their_field_and_kept(client: AsyncClient) -> None:
    training = await make.make_training(childcare_capacity=8)

    for field, typed, sentence in WRONG:
        answer = await post(client, training, **{field: typed})

        page = Page(answer.text)
        assert answer.status_code == 422, (field, typed)
        assert errors_of(page) == {"other_municipality" if field == "municipality" else field: sentence}
        if field != "municipality" and page.all("input", id=field):
            assert page.one("input", id=field)["value"] == typed
        assert page.one("input", name="surnames" if field != "surnames" else "given_names")["value"]
    assert await Registration.all().count() == 0


async def test_choices_that_are_not_offered_are_told(client: AsyncClient) -> None:
    training = await make.make_training()

    for field in ("sex", "age_group", "pueblo", "needs", "public_official"):
        answer = await post(client, training, **{field: "x'; DROP TABLE"})

        assert answer.status_code == 422
        assert "Falta corregir 1 dato" in answer.text
        assert re.search(rf'<a href="#{field}">(Escoja una de las opciones|Escoja sí o no)\.</a>', answer.text)


async def test_keys_that_are_not_ours_are_about_the_whole_page(client: AsyncClient) -> None:
    training = await make.make_training()

    for key in ("short", "x" * 65, "\x01" * 22, "á" * 22, " " * 22 + "x"):
        answer = await post(client, training, idempotency_key=key)

        assert answer.status_code == 422
        assert "La página es antigua." in answer.text


NAMES = [
    ("Ch’orti’ Íñigo", "Tzʼunun Qꞌeqchiꞌ viuda de la Cruz"),
    ("Ana 🌽 O", "Xol 👩‍👧"),
    ("<b>Ana</b>", "<script>alert(1)</script>"),
    ("{{ 7*7 }}", '"><img src=x onerror=alert(1)>'),
    ("Robert'); DROP TABLE", "--"),
    ("%s%n", "${x} =1+1"),
]


async def test_names_are_kept_and_shown_exactly_and_escaped(client: AsyncClient) -> None:
    training = await make.make_training()

    for given_names, surnames in NAMES:
        answer = await post(client, training, given_names=given_names, surnames=surnames)

        person = await Participant.all().order_by("-id").first()
        assert person is not None, (given_names, surnames)
        assert (person.given_names, person.surnames) == (given_names, surnames)
        page = Page((await client.get(answer.headers["location"])).text)
        assert f"{given_names} {surnames}" in page.text
        assert all("/static/" in str(script.get("src")) for script in page.all("script")), (given_names, surnames)
        assert not page.all("img"), (given_names, surnames)
        assert not page.all("b", onerror="alert(1)"), (given_names, surnames)


CLEANED = [
    ("  Rosa   Amalia ", "Rosa Amalia"),
    ("Rosa\u202eAmalia", "RosaAmalia"),
    ("Rosa\x07\u200e Amalia", "Rosa Amalia"),
    ("Rosa\nAmalia", "Rosa Amalia"),
    ("Rosa\x00Amalia", "RosaAmalia"),
    ("Jose\u0301", "José"),
]


async def test_names_lose_control_and_direction_marks_only(client: AsyncClient) -> None:
    training = await make.make_training()

    for typed, kept in CLEANED:
        assert (await post(client, training, given_names=typed, email="")).status_code == 303
        person = await Participant.get()
        assert person.given_names == kept, typed
        await forget_everybody()


async def forget_everybody() -> None:
    """The next sign-up from this browser is nobody's repeat."""
    for model in (OwnLink, Registration, RegistrationGroup, Consent, Participant):
        await model.all().delete()


# -- wrong requests


HOSTILE = ("\x00", "\ufffd", "x" * 5_000, "٣٤٥", "-9223372036854775809", "=1+1", "🌽" * 100, "\u202e" * 20, "%s%n")


CHILD = {
    "members-1-given_names": "Ana",
    "members-1-surnames": "Coc",
    "members-1-age_group": "12-13",
    "members-1-assent": "yes",
    "guardian_relation": "madre",
    "guardian_consent": "yes",
}
OWN = (*MemberForm.model_fields, *SharedForm.model_fields, "website", "from_page", "do", "hub", "training_id")
OF_THE_CHILD = (*(f"members-1-{name}" for name in (*MemberForm.model_fields, "ask_age")), *GuardianForm.model_fields)


@pytest.mark.parametrize("fields", [OWN, OF_THE_CHILD], ids=["own", "of the child"])
async def test_every_field_survives_every_hostile_value(client: AsyncClient, fields: tuple[str, ...]) -> None:
    training = await make.make_training(childcare_capacity=3, admits_minors=True)

    for n, name in enumerate(fields, start=moment.turn()):
        # Each field alone has one of them, every day the next.
        value = HOSTILE[n % len(HOSTILE)]
        answer = await post(client, training, **(CHILD | {name: value}))
        assert answer.status_code in (303, 422), (name, value)
        assert answer.status_code == 303 or "<h1" in answer.text
    for n in range(len(HOSTILE)):
        of_all = {name: HOSTILE[(n + number) % len(HOSTILE)] for number, name in enumerate(fields)}
        answer = await post(client, training, **(CHILD | of_all))
        assert (answer.status_code, "<h1" in answer.text) == (422, True), of_all


async def test_repeated_and_invented_fields_do_no_harm(client: AsyncClient) -> None:
    training = await make.make_training()
    pairs = [("given_names", "Uno"), ("given_names", "Dos"), ("surnames", "Coc"), ("municipality", "0000")]
    pairs += [("actor_type", "cocode"), ("consent_data", "no"), ("consent_data", "yes"), ("__proto__", "x"), ("", "x")]

    answer = await client.post(path_of(training), content=urlencode(pairs), headers=FORM_TYPE)

    assert answer.status_code == 303
    assert "Dos Coc" in (await client.get(answer.headers["location"])).text


async def test_fields_that_nobody_asked_for_change_nothing(client: AsyncClient) -> None:
    training = await make.make_training(capacity=0)

    await post(client, training, state="confirmed", source="desk", hold_reason="", training_id="x", taken="0")

    registration = await Registration.get()
    assert (registration.state, registration.source) == ("waitlisted", "web")


# -- many
