"""The sign-up page as anybody uses it: what it asks, what it says, what it keeps of what was typed."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.registrations.wishes import KEY, places_of
from tests.web.pages import Page
from trainings import clock
from trainings.lib import tokens
from trainings.people.models import Consent, Participant
from trainings.registrations.models import OwnLink, Registration, RegistrationGroup
from trainings.schedule.models import PlaceShown, Training, TrainingState

Freeze = Callable[[datetime], None]
ROSA = {
    "given_names": "Rosa Amalia",
    "surnames": "Coc Xol",
    "municipality": "0000",
    "actor_type": "cocode",
    "consent_data": "yes",
}
FORM_TYPE = {"content-type": "application/x-www-form-urlencoded"}


def path_of(training: Training) -> str:
    return f"/capacitaciones/{training.slug}/inscripcion"


async def post(client: AsyncClient, training: Training, **fields: Any) -> Response:
    """Send the form as the page would, with a fresh key unless one is given."""
    answers: dict[str, Any] = {"idempotency_key": tokens.idempotency_key()} | ROSA | fields
    return await client.post(path_of(training), data=answers)


def errors_of(page: Page) -> dict[str, str]:
    """Field → what is wrong with it, of the fields that say so themselves and are tied to their sentence."""
    wrong = [field for field in page.elements if field[1].get("aria-invalid") == "true"]
    found = {}
    for _tag, field in wrong:
        tied = (field.get("aria-describedby") or "").split()[-1]
        sentence = re.search(
            rf'id="{re.escape(tied)}">.*?<span class="hide">Error: </span>([^<]+)<', page.source, re.DOTALL
        )
        assert sentence, f"{field} names {tied}"
        found[str(field.get("name") or field.get("id"))] = sentence[1]
    return found


# -- asking


async def test_page_asks_for_what_is_needed_first_and_consent_last(client: AsyncClient) -> None:
    training = await make.make_training()

    answer = await client.get(path_of(training))

    assert answer.status_code == 200
    page = Page(answer.text)
    names = [str(field.get("name")) for tag, field in page.elements if tag in ("input", "select") and field.get("name")]
    ordered = list(dict.fromkeys(names))
    assert ordered[:7] == ["idempotency_key", "given_names", "surnames", "municipality", "actor_type", "phone", "email"]
    assert ordered[-3:] == ["consent_data", "consent_contact", "consent_photo"]
    assert not page.all("input", checked=""), "nothing is answered beforehand"
    assert len(page.all("option")) > 340
    assert re.fullmatch(r"[0-9A-Z]{26}", str(page.one("input", name="idempotency_key")["value"]))
    required = {str(f.get("name")) for tag, f in page.elements if tag in ("input", "select") and "required" in f}
    assert required == {"given_names", "surnames", "municipality", "actor_type", "consent_data"}


async def test_municipalities_of_the_own_department_come_first(client: AsyncClient) -> None:
    training = await make.make_training()

    page = Page((await client.get(path_of(training))).text)

    groups = [group["label"] for group in page.all("optgroup")]
    assert groups[0] == "Petén"
    assert groups[-1] == "Otro"
    assert len(set(groups)) == len(groups) == 23


async def test_childcare_is_asked_only_where_places_are_left(client: AsyncClient) -> None:
    none = await make.make_training()
    some = await make.make_training(childcare_capacity=3)
    await make.make_registration(some, childcare_places=1)

    assert "childcare_places" not in (await client.get(path_of(none))).text
    assert "Quedan 2 lugares para menores de 12 años." in (await client.get(path_of(some))).text


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
    ],
)
async def test_page_where_nobody_can_sign_up_says_why_and_what_to_do(
    client: AsyncClient, columns: dict[str, Any], sentence: str
) -> None:
    moments = {name: clock.now() + value for name, value in columns.items() if isinstance(value, timedelta)}
    training = await make.make_training(**(columns | moments))

    answer = await client.get(path_of(training))

    page = Page(answer.text)
    assert answer.status_code == 200
    assert sentence in page.text
    assert not page.all("form", method="post")
    assert page.one("a", href="/municipios/la-libertad-peten")
    assert page.one("a", href="tel:+50279001234")


async def test_page_of_a_training_that_is_over_says_so(client: AsyncClient, freeze: Freeze) -> None:
    training = await make.make_training()
    freeze(training.sessions[0].ends_at)

    assert "Esta capacitación ya terminó" in (await client.get(path_of(training))).text


async def test_page_of_a_full_training_offers_the_waiting_list(client: AsyncClient) -> None:
    training = await make.make_training(capacity=0)

    page = Page((await client.get(path_of(training))).text)

    assert "Los lugares están ocupados." in page.text
    assert "Apuntarme en la lista de espera" in page.text


@pytest.mark.parametrize("slug", ["no-existe", "á", "%00", "a" * 3000, "%ff", "..%2f..", "' OR 1=1 --"])
async def test_unknown_trainings_are_one_404(client: AsyncClient, slug: str) -> None:
    for answer in (
        await client.get(f"/capacitaciones/{slug}/inscripcion"),
        await client.post(f"/capacitaciones/{slug}/inscripcion", data=ROSA),
    ):
        assert answer.status_code == 404
        assert "<h1" in answer.text


async def test_drafts_are_unknown_to_the_public(client: AsyncClient) -> None:
    training = await make.make_training(state=TrainingState.DRAFT)

    assert (await client.get(path_of(training))).status_code == 404
    assert (await post(client, training)).status_code == 404


async def test_page_travels_light(client: AsyncClient) -> None:
    training = await make.make_training(childcare_capacity=3)

    answer = await client.get(path_of(training))

    # With stylesheet, two scripts and the sign the whole first visit stays under 40 KB.
    assert len(gzip.compress(answer.content, 6)) < 14_000


# -- answering


async def test_name_municipality_actor_type_and_consent_are_enough(client: AsyncClient) -> None:
    training = await make.make_training()

    answer = await post(client, training)

    assert answer.status_code == 303
    assert re.fullmatch(r"/i/[0-9A-Z]{32}", answer.headers["location"])
    shown = await client.get(answer.headers["location"])
    assert "Listo, ya tiene su lugar" in shown.text
    assert await places_of(training) == (1, 0)


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


async def test_unanswered_questions_stay_unanswered(client: AsyncClient) -> None:
    training = await make.make_training()

    await post(client, training, sex="", age_group="", language="", pueblo="", phone="", email="", needs="")

    person = await Participant.get()
    assert (person.sex, person.age_group, person.language, person.pueblo) == (None, None, None, None)
    assert (person.phone, person.email, person.public_official) == (None, None, None)


async def test_two_clicks_on_the_button_are_one_registration(client: AsyncClient) -> None:
    training = await make.make_training()

    first = await post(client, training, idempotency_key=KEY)
    again = await post(client, training, idempotency_key=KEY)

    assert again.headers["location"] == first.headers["location"]
    assert await places_of(training) == (1, 0)


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
    assert page.one("input", name="given_names")["value"] == "Elvira"


async def test_same_person_from_the_same_browser_is_led_to_the_registration(client: AsyncClient) -> None:
    training = await make.make_training()

    first = await post(client, training)
    again = await post(client, training, community="Las Pozas")

    assert again.headers["location"] == first.headers["location"]
    assert await Registration.all().count() == 1


async def test_browser_is_known_by_a_random_cookie_that_scripts_cannot_read(client: AsyncClient) -> None:
    training = await make.make_training()

    answer = await post(client, training)

    cookie = answer.headers["set-cookie"]
    assert re.match(r"aparato=[0-9A-Z]{32}; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax$", cookie)


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"closes_at": timedelta(hours=-1)}, "La inscripción ya se cerró"),
        ({"capacity": 0, "has_waiting_list": False}, "Ya no quedan lugares"),
    ],
)
async def test_refusal_by_a_rule_is_409_and_says_what_to_do(
    client: AsyncClient, columns: dict[str, Any], code: str
) -> None:
    moments = {name: clock.now() + value for name, value in columns.items() if isinstance(value, timedelta)}
    training = await make.make_training(**(columns | moments))

    answer = await post(client, training)

    assert answer.status_code == 409
    assert code in answer.text


async def test_minor_gets_a_kind_sentence_with_the_phone_and_keeps_what_was_typed(client: AsyncClient) -> None:
    training = await make.make_training()

    answer = await post(client, training, age_group="14-17", community="Las Pozas")

    page = Page(answer.text)
    assert answer.status_code == 409
    assert "se inscriben con su madre, padre o persona encargada en la ventanilla. Llame al 7900 1234" in page.text
    assert page.one("input", name="community")["value"] == "Las Pozas"
    assert page.one("input", name="age_group", value="14-17")["checked"] is None
    assert await Participant.all().count() == 0


# -- wrong answers


async def test_empty_form_says_what_is_missing_at_each_field_and_on_top(client: AsyncClient) -> None:
    training = await make.make_training()

    answer = await client.post(path_of(training), data={"idempotency_key": KEY})

    page = Page(answer.text)
    assert answer.status_code == 422
    assert errors_of(page) == {
        "given_names": "Escriba los nombres.",
        "surnames": "Escriba los apellidos.",
        "municipality": "Escoja el municipio.",
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
        assert answer.status_code == 422
        assert errors_of(page) == {field: sentence}
        if page.all("input", id=field):
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

    for key in ("short", "x" * 65, "\x00" * 22, "á" * 22, " " * 22 + "x"):
        answer = await post(client, training, idempotency_key=key)

        assert answer.status_code == 422
        assert "La página es antigua." in answer.text


async def test_clients_without_a_key_may_sign_up_too(client: AsyncClient) -> None:
    training = await make.make_training()

    assert (await client.post(path_of(training), data=ROSA)).status_code == 303


NAMES = [
    ("María", "Caal Tz’ib"),
    ("Ch’orti’", "Tzʼunun Qꞌeqchiꞌ"),
    ("Íñigo", "Ñ"),
    ("O", "Ba"),
    ("María de los Ángeles", "De León viuda de la Cruz"),
    ("Ana 🌽", "Xol 👩‍👧"),
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
        assert person is not None
        assert (person.given_names, person.surnames) == (given_names, surnames)
        page = Page((await client.get(answer.headers["location"])).text)
        assert f"{given_names} {surnames}" in page.text
        assert all("/static/" in str(script.get("src")) for script in page.all("script"))
        assert not page.all("img")
        assert not page.all("b", onerror="alert(1)")


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
        assert person.given_names == kept
        await forget_everybody()


async def forget_everybody() -> None:
    """The next sign-up from this browser is nobody's repeat."""
    for model in (OwnLink, Registration, RegistrationGroup, Consent, Participant):
        await model.all().delete()


# -- wrong requests


async def test_what_is_not_a_form_is_refused_in_words(client: AsyncClient) -> None:
    training = await make.make_training()
    path, good = path_of(training), urlencode(ROSA)

    async def send(body: bytes | str, **headers: str) -> int:
        answer = await client.post(path, content=body, headers=FORM_TYPE | headers)
        assert answer.text
        return answer.status_code

    assert await send(good.replace("Rosa", "%ff")) == 400
    assert await send(good.encode() + b"&x=\xff") == 400
    assert await send(good + "&x=" + "y" * 66_000) == 413
    assert await send(good + "&x=1" * 500) == 400
    assert await send("{}", **{"content-type": "application/json"}) == 415
    assert await send("--x\r\n", **{"content-type": "multipart/form-data; boundary=x"}) == 415
    assert await send(good, **{"content-type": "text/plain"}) == 415
    assert await Registration.all().count() == 0


async def test_form_from_another_site_is_refused(client: AsyncClient) -> None:
    training = await make.make_training()

    answer = await client.post(path_of(training), data=ROSA, headers={"origin": "https://evil.example"})

    assert answer.status_code == 403
    assert await Registration.all().count() == 0


async def test_fields_that_nobody_asked_for_change_nothing(client: AsyncClient) -> None:
    training = await make.make_training(capacity=0)

    await post(client, training, state="confirmed", source="desk", hold_for_review="", training_id="x", taken="0")

    registration = await Registration.get()
    assert (registration.state, registration.source) == ("waitlisted", "web")


# -- many


async def test_more_than_ten_a_day_with_one_phone_are_held_for_review(client: AsyncClient) -> None:
    training = await make.make_training()

    for number in range(11):
        await post(client, training, given_names=f"Persona {number}", phone="5555 1234")

    states = await Registration.all().order_by("id").values_list("state")
    assert [state for (state,) in states] == ["confirmed"] * 10 + ["held"]
