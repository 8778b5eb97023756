"""One registration as staff see it: who may, what is shown, what is logged, and what its buttons do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.registrations.wishes import places_of, state_of
from tests.web.pages import Page
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.schedule.models import Training

NewClient = Callable[[], AsyncClient]


async def signed_in(new_client: NewClient, cast: Cast, who: str) -> AsyncClient:
    client = new_client()
    await make.sign_in(client, getattr(cast, who))
    return client


async def make_one(cast: Cast, **fields: Any) -> tuple[Training, Registration]:
    """A training of La Libertad held by Ana Coc, and Rosa on it with telephone, address and a need."""
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    described = {
        "given_names": "Rosa Amalia",
        "surnames": "Coc Xol",
        "phone": "+50255551234",
        "email": "rosa@example.org",
        "municipality": "1705",
        "community": "Las Pozas",
        "needs": ("ramp",),
    }
    return training, await make.make_registration(training, **(described | fields))


# -- who sees what


@pytest.mark.parametrize("who", ["assistant", "coordinator", "admin"])
async def test_desk_sees_name_contact_and_needs_and_opening_is_logged(new_client: NewClient, who: str) -> None:
    cast = await make_cast()
    training, rosa = await make_one(cast)
    client = await signed_in(new_client, cast, who)

    answer = await client.get(f"/panel/inscripciones/{rosa.id}")

    page = Page(answer.text)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    for words in ("Rosa Amalia Coc Xol", "5555 1234", "rosa@example.org", "Entrada sin gradas", "Las Pozas"):
        assert words in page.text, words
    [line] = await AuditLine.filter(act="registrations.open")
    assert (line.object_id, line.hub_id, line.actor_id) == (rosa.id, training.hub_id, getattr(cast, who).id)
    assert line.detail == {"contact": True}


async def test_facilitator_of_the_training_sees_the_name_without_contact_or_needs(new_client: NewClient) -> None:
    cast = await make_cast()
    _training, rosa = await make_one(cast)
    client = await signed_in(new_client, cast, "facilitator")

    page = Page((await client.get(f"/panel/inscripciones/{rosa.id}")).text)

    assert "Rosa Amalia Coc Xol" in page.text
    for words in ("5555 1234", "rosa@example.org", "Entrada sin gradas"):
        assert words not in page.text
    assert {form["action"] for form in page.all("form", method="post")} == {
        "/salir",
        f"/panel/inscripciones/{rosa.id}/datos",
    }
    [line] = await AuditLine.filter(act="registrations.open")
    assert line.detail == {"contact": False}


async def test_facilitator_corrects_a_name(new_client: NewClient) -> None:
    cast = await make_cast()
    _training, rosa = await make_one(cast)
    client = await signed_in(new_client, cast, "facilitator")
    base = f"/panel/inscripciones/{rosa.id}"

    renamed = await client.post(f"{base}/datos", data={"given_names": "Rosa", "surnames": "Cóc"})

    assert renamed.headers["location"] == base
    assert (await Registration.get(id=rosa.id).prefetch_related("participant")).participant.full_name == "Rosa Cóc"


async def test_same_person_hints_are_for_staff(new_client: NewClient) -> None:
    cast = await make_cast()
    training, rosa = await make_one(cast)
    _, alike = (
        training,
        await make.make_registration(
            training, given_names="Rosa Amalia", surnames="Coc Xol", phone="+50255551234", municipality="1705"
        ),
    )
    namesake = await make.make_registration(
        training, given_names="Rosa Amalia", surnames="Coc Xol", community="El Rosal"
    )
    client = await signed_in(new_client, cast, "coordinator")

    page = Page((await client.get(f"/panel/inscripciones/{rosa.id}")).text)

    assert "Quizá es la misma persona que otra inscripción" in page.text
    assert "Hay otra inscripción con el mismo nombre" in page.text
    links = {a["href"] for a in page.all("a") if str(a.get("href", "")).startswith("/panel/inscripciones/")}
    assert {f"/panel/inscripciones/{alike.id}", f"/panel/inscripciones/{namesake.id}"} <= links


# -- what the desk does


async def test_desk_cancels_and_takes_up_again(new_client: NewClient) -> None:
    cast = await make_cast()
    training, rosa = await make_one(cast)
    client = await signed_in(new_client, cast, "assistant")
    base = f"/panel/inscripciones/{rosa.id}"

    assert (await client.post(f"{base}/cancelar")).headers["location"] == base
    assert await state_of(rosa) == "cancelled"
    assert "Inscribir otra vez" in (await client.get(base)).text
    await client.post(f"{base}/volver")

    assert await state_of(rosa) == "confirmed"
    assert await places_of(training) == (1, 0)
    [line] = await AuditLine.filter(act="registrations.cancel")
    assert line.actor_id == cast.assistant.id


async def test_printed_ticket_has_all_that_is_needed_and_is_logged(new_client: NewClient) -> None:
    cast = await make_cast()
    _training, rosa = await make_one(cast)
    client = await signed_in(new_client, cast, "assistant")

    answer = await client.get(f"/panel/inscripciones/{rosa.id}/boleto")

    page = Page(answer.text)
    assert answer.status_code == 200
    for words in ("Rosa Amalia Coc Xol", tokens.show_short_code(rosa.short_code), "Salón municipal", "7900 1234"):
        assert words in page.text, words
    assert page.one("svg", **{"class": "qr"})
    assert await AuditLine.filter(act="registrations.print_ticket", object_id=rosa.id).count() == 1


async def test_wrong_name_is_told_with_the_form(new_client: NewClient) -> None:
    cast = await make_cast()
    _training, rosa = await make_one(cast)
    client = await signed_in(new_client, cast, "coordinator")

    answer = await client.post(f"/panel/inscripciones/{rosa.id}/datos", data={"given_names": "", "surnames": "Y"})

    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.one("input", name="given_names")["aria-invalid"] == "true"
    assert page.one("input", name="surnames")["value"] == "Y"
