"""The sign-up page as a family uses it: people added and taken out without script, minors, childcare, a crowd."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient, Response
from tortoise.exceptions import OperationalError

from tests import make
from tests.registrations.forms import FORM_TYPE, ROSA, errors_of, path_of, post
from tests.registrations.wishes import KEY, places_of
from tests.web.pages import Page
from trainings.limits.models import RateWindow
from trainings.people.models import Assent, Guardian, Participant
from trainings.registrations.models import OwnLink, Registration, RegistrationGroup
from trainings.registrations.seats.actions import Crowded
from trainings.registrations.signup import limits as guarding
from trainings.schedule.models import Training

SIGN_UP = "trainings.registrations.signup.routes.sign_up"
MOTHER = {"guardian_relation": "madre", "guardian_consent": "yes"}


def person(number: int, name: str, age: str = "18+", **answers: str) -> dict[str, str]:
    """One who comes along, as the page sends them."""
    own = {"ask_age": "yes", "given_names": name, "surnames": "Coc", "age_group": age, **answers}
    return {f"members-{number}-{field}": value for field, value in own.items()}


FAMILY = {
    "phone": "5555 1234",
    "childcare_places": "2",
    **person(1, "Mateo"),
    **person(2, "Diego", "14-17", assent="yes"),
    **person(3, "Ana", "12-13", assent="yes"),
    **person(4, "Elvira"),
    **MOTHER,
}


async def make_open_to_minors(**columns: Any) -> Training:
    return await make.make_training(**({"admits_minors": True, "childcare_capacity": 3} | columns))


async def nothing_is_kept() -> bool:
    kept = (Participant, Registration, RegistrationGroup, Guardian, Assent, OwnLink)
    return [await model.all().count() for model in kept] == [0] * len(kept)


def values_of(page: Page, name: str) -> list[str | None]:
    return [field.get("value") for field in page.all("input", name=name)]


# -- a family signs up


async def test_family_of_five_is_signed_up_with_minors_and_childcare(client: AsyncClient) -> None:
    training = await make_open_to_minors()

    answer = await post(client, training, **FAMILY)

    assert answer.status_code == 303
    assert re.fullmatch(r"/i/[0-9A-Z]{32}", answer.headers["location"])
    assert await places_of(training) == (5, 2)
    people = await Participant.all().order_by("id")
    assert [(one.given_names, one.phone, one.actor_type) for one in people] == [
        ("Rosa Amalia", "+50255551234", "cocode"),
        ("Mateo", "+50255551234", "cocode"),
        ("Diego", None, "cocode"),
        ("Ana", None, "cocode"),
        ("Elvira", "+50255551234", "cocode"),
    ]
    guardians = await Guardian.all().order_by("id").prefetch_related("participant")
    assert [(one.participant.given_names, one.name, one.phone) for one in guardians] == [
        ("Diego", "Rosa Amalia Coc Xol", "+50255551234"),
        ("Ana", "Rosa Amalia Coc Xol", "+50255551234"),
    ]
    assert await Assent.all().count() == 2


async def test_family_without_room_for_all_waits_whole(client: AsyncClient) -> None:
    training = await make_open_to_minors(capacity=4)

    await post(client, training, **FAMILY)

    assert await places_of(training) == (0, 0)
    assert [one.state.value for one in await Registration.all()] == ["waitlisted"] * 5


async def test_group_larger_than_the_training_is_not_promised_a_place(client: AsyncClient) -> None:
    training = await make_open_to_minors(capacity=3)

    answer = await post(client, training, **FAMILY)
    page = Page((await client.get(answer.headers["location"])).text)

    assert "Están en la lista de espera" in page.text
    assert "Son más personas que los lugares de toda la capacitación." in page.text
    assert "Cuando haya lugar" not in page.text
    assert page.all("a", href="tel:+50279001234")


async def test_one_bad_member_shows_all_again_with_the_error_at_the_field(client: AsyncClient) -> None:
    training = await make_open_to_minors()

    answer = await post(client, training, **(FAMILY | {"members-2-given_names": "", "members-4-age_group": ""}))

    page = Page(answer.text)
    assert answer.status_code == 422
    assert errors_of(page) == {
        "members-2-given_names": "Escriba los nombres.",
        "members-4-age_group": "Escoja la edad.",
    }
    assert page.one("a", href="#members-2-given_names")
    assert "Persona 3: Escriba los nombres." in page.text
    assert "Elvira: Escoja la edad." in page.text
    for name in ("members-1-given_names", "members-3-given_names", "members-4-given_names"):
        assert values_of(page, name) == [FAMILY[name]]
    assert page.one("input", name="childcare_places")["value"] == "2"
    assert page.one("input", id="members-2-assent")["checked"] is None
    assert "Inscribir a 5 personas" in page.text
    assert await nothing_is_kept()


async def test_a_hundred_people_are_refused_in_words(client: AsyncClient) -> None:
    training = await make_open_to_minors()

    for n_fields in (2, 6):
        names = ("given_names", "surnames", "community", "phone", "email", "organization")[:n_fields]
        crowd = {f"members-{n}-{name}": "x" for n in range(1, 100) for name in names}
        answer = await client.post(path_of(training), content=urlencode(ROSA | crowd), headers=FORM_TYPE)

        assert answer.status_code == 422
        assert "En un formulario caben hasta 8 personas." in answer.text
        assert "Inscribir a 100" not in answer.text
    assert await nothing_is_kept()


async def test_answers_that_the_page_has_no_field_for_come_back_with_it(client: AsyncClient) -> None:
    training = await make_open_to_minors()

    answer = await post(
        client, training, **(FAMILY | {"surnames": "", "members-1-sex": "x", "members-1-pueblo": "maya"})
    )

    page = Page(answer.text)
    assert values_of(page, "members-1-pueblo") == ["maya"]
    assert page.one("p", id="members-1-sex")
    assert "Mateo: Escoja una de las opciones." in page.text


# -- adding and taking out without script


async def edit(client: AsyncClient, training: Training, do: str, **answers: str) -> tuple[Response, Page]:
    answer = await post(client, training, do=do, idempotency_key=KEY, **answers)
    return answer, Page(answer.text)


async def test_button_adds_a_person_and_keeps_everything(client: AsyncClient) -> None:
    training = await make_open_to_minors()

    answer, page = await edit(client, training, "add", surnames="", **person(1, "Diego", "14-17"))

    assert answer.status_code == 200
    assert errors_of(page) == {}
    assert values_of(page, "given_names") == ["Rosa Amalia"]
    assert values_of(page, "members-1-given_names") == ["Diego"]
    assert page.one("input", name="members-1-age_group", value="14-17")["checked"] is None
    assert values_of(page, "members-2-given_names") == [""]
    assert page.one("input", name="idempotency_key")["value"] == KEY
    assert "Quitar a Diego" in page.text
    assert "Inscribir a 3 personas" in page.text
    again = page.one("button", value="add")
    assert again["formaction"] == f"{path_of(training)}#members-3-given_names"


async def test_a_ninth_person_is_not_added(client: AsyncClient) -> None:
    training = await make_open_to_minors()
    seven = {name: value for n in range(1, 8) for name, value in person(n, f"Ana {n}").items()}

    answer, page = await edit(client, training, "add", **seven)

    assert answer.status_code == 200
    assert values_of(page, "members-7-given_names") == ["Ana 7"]
    assert not page.all("input", name="members-8-given_names")
    assert "hidden" in page.one("button", value="add")
    assert "En un formulario caben hasta 8 personas." in page.text


async def test_no_more_people_are_asked_for_than_the_training_holds(client: AsyncClient) -> None:
    training = await make_open_to_minors(capacity=3)

    _answer, page = await edit(client, training, "add", **person(1, "Beto"))

    assert "Hasta 3 personas, con usted." in page.text
    assert page.all("form", method="post", **{"data-largest": "3"})
    assert "hidden" in page.one("button", value="add")


async def test_editing_the_page_keeps_and_counts_nothing(client: AsyncClient) -> None:
    training = await make_open_to_minors()

    for do in ("add", "remove-1", "remove-9999"):
        await edit(client, training, do, **FAMILY)

    assert await nothing_is_kept()
    assert await RateWindow.all().count() == 0


# -- minors


async def test_minor_alone_is_told_what_to_do_and_nothing_is_kept(client: AsyncClient) -> None:
    training = await make_open_to_minors()

    answer = await post(client, training, age_group="14-17", phone="5555 1234")

    page = Page(answer.text)
    assert answer.status_code == 409
    assert "se inscribe con su madre, padre o persona encargada" in page.text
    assert page.all("a", href="/menores")
    assert set(errors_of(page)) == {"guardian_name"}
    assert await nothing_is_kept()


async def test_page_for_minors_says_whom_to_call_and_asks_nothing(client: AsyncClient) -> None:
    await make.make_hub()

    answer = await client.get("/menores")

    page = Page(answer.text)
    assert answer.status_code == 200
    assert not [tag for tag, _field in page.elements if tag in ("form", "input", "textarea")]
    assert "Procuraduría General de la Nación (PGN)" in page.text
    assert page.one("a", href="tel:+50279001234")
    assert "set-cookie" not in answer.headers


async def test_family_with_minors_where_they_may_not_come_is_told_at_each_age(client: AsyncClient) -> None:
    training = await make.make_training(childcare_capacity=3)
    without_permission = {name: value for name, value in FAMILY.items() if name not in (*MOTHER, "members-3-assent")}

    answer = await post(client, training, **without_permission)

    page = Page(answer.text)
    assert answer.status_code == 409
    assert set(errors_of(page)) == {"members-2-age_group", "members-3-age_group"}
    assert "Quite a quien es menor, o llame al 7900 1234" in page.text
    assert await nothing_is_kept()


async def test_only_who_is_too_young_is_told_so_and_the_others_still_need_permission(client: AsyncClient) -> None:
    training = await make_open_to_minors(minimum_age=14)
    without_permission = {name: value for name, value in FAMILY.items() if name not in MOTHER}

    answer = await post(client, training, **without_permission)

    assert answer.status_code == 422
    assert set(errors_of(Page(answer.text))) == {"members-3-age_group", "guardian_relation", "guardian_consent"}


async def test_permission_is_asked_only_where_minors_may_come(client: AsyncClient) -> None:
    adults, all_ages = await make.make_training(), await make_open_to_minors()

    assert "guardian_relation" not in (await client.get(path_of(adults))).text
    page = Page((await client.get(path_of(all_ages))).text)
    assert page.one("select", name="guardian_relation")
    assert page.one("input", name="guardian_consent")
    assert "Sé que puedo decir que no, o irme cuando quiera." in page.text


# -- a crowd


@pytest.mark.parametrize(("trouble", "seconds"), [(Crowded(), "10"), (OperationalError("database is locked"), "30")])
async def test_crowded_program_gives_the_page_back_with_when_to_try_again(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, trouble: Exception, seconds: str
) -> None:
    training = await make_open_to_minors()

    async def fail(*_args: object, **_how: object) -> object:
        raise trouble

    monkeypatch.setattr(SIGN_UP, fail)
    answer = await post(client, training, idempotency_key=KEY, **FAMILY)
    monkeypatch.undo()

    page = Page(answer.text)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, seconds)
    assert f"espere {seconds} segundos y toque el botón otra vez" in page.text
    assert values_of(page, "members-4-given_names") == ["Elvira"]
    assert page.one("input", name="idempotency_key")["value"] == KEY
    assert (await post(client, training, idempotency_key=KEY, **FAMILY)).status_code == 303


async def test_too_many_from_one_address_get_the_page_back_with_when_to_try_again(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = await make_open_to_minors()
    monkeypatch.setattr(guarding, "PER_ADDRESS_MINUTE", 1)

    await post(client, training)
    answer = await post(client, training, **FAMILY)

    page = Page(answer.text)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "Lo que escribió sigue en esta página" in page.text
    assert values_of(page, "members-2-given_names") == ["Diego"]
    assert await Registration.all().count() == 1
