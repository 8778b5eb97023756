"""Help contacts in the panel: changed by the platform alone, confirmed by coordinators too, refused at the field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from httpx2 import AsyncClient

from tests.cast import Cast
from tests.notes.conftest import NOW
from tests.notes.make_notes import make_contact
from tests.schedule.panel import as_, post, posted
from tests.web.pages import Page
from trainings.audit.models import AuditLine
from trainings.notes.models import HelpContact

INDEX, NEW = "/panel/contactos", "/panel/contactos/nuevo"
FORM = {
    "name": "Alerta Alba-Keneth (PGN)",
    "about": "Si desapareció una niña.",
    "phone": "1546",
    "hours": "Las 24 horas",
    "country": "GT",
    "situations": ["child_alone"],
    "is_emergency": "yes",
    "source_name": "Página de la PGN",
    "source_url": "https://pgn.gob.gt/",
    "reviewed_on": "2027-03-01",
    "position": "5",
}


def at(contact: HelpContact, rest: str) -> str:
    return f"{INDEX}/{contact.id}/{rest}"


async def test_contact_is_added_shown_and_corrected(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "platform")

    added = await post(client, NEW, FORM)
    contact = await HelpContact.get()
    typed = posted((await client.get(at(contact, "editar"))).text)
    boxes = {"situations": ["child_alone", "returned"], "is_emergency": "yes"}
    edited = await post(client, at(contact, "editar"), {**typed, **boxes, "phone": "2222 3333"})

    assert (added.status_code, edited.status_code) == (303, 303)
    assert (contact.phone, contact.is_emergency, contact.reviewed_on) == ("1546", True, date(2027, 3, 1))
    kept = await HelpContact.get()
    assert (kept.phone, kept.situations) == ("+50222223333", ["returned", "child_alone"])
    assert (kept.name, kept.hours, kept.position) == (FORM["name"], FORM["hours"], 5)
    assert "tel:+50222223333" in (await client.get("/orientacion/regrese")).text
    assert [line.act for line in await AuditLine.filter(act__startswith="contacts.").order_by("id")] == [
        "contacts.add",
        "contacts.edit",
    ]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "name", "Escriba el nombre de la institución."),
    ({"phone": ""}, "phone", "el número corto (110, 1546)"),
    ({"phone": "12"}, "phone", "el número corto (110, 1546)"),
    ({"phone": "12345"}, "phone", "el número corto (110, 1546)"),
    ({"phone": "javascript:1"}, "phone", "el número corto (110, 1546)"),
    ({"country": "ZZ"}, "country", "Escoja una de las opciones."),
    ({"situations": []}, "situations", "Marque en qué situación se muestra."),
    ({"situations": ["x"]}, "situations", "Escoja una de las opciones."),
    ({"source_name": ""}, "source_name", "Escriba dónde se revisó el número."),
    ({"source_url": "javascript:alert(1)"}, "source_url", "Empieza con https://"),
    ({"reviewed_on": ""}, "reviewed_on", "Escriba qué día se revisó."),
    ({"reviewed_on": "2027-03-04"}, "reviewed_on", "un día que todavía no llega"),
]


async def test_what_is_wrong_is_said_at_its_field(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "platform")

    for typed, field, sentence in WRONG:
        answer = await post(client, NEW, FORM | typed)

        assert answer.status_code == 422, typed
        assert sentence in Page(answer.text).text, typed
        assert Page(answer.text).all("a", href=f"#{field}"), typed
        assert await HelpContact.all().count() == 0, typed


async def test_coordinators_confirm_a_number_and_change_nothing(
    client: AsyncClient, cast: Cast, freeze: Callable[[datetime], None]
) -> None:
    contact = await make_contact(is_emergency=True)
    freeze(NOW + timedelta(days=400))
    await as_(client, cast, "coordinator")

    before = await client.get(INDEX)
    answers = {
        act: (await post(client, at(contact, act), FORM)).status_code
        for act in ("editar", "quitar", "mostrar", "revisar")
    }
    after = await client.get(INDEX)

    assert "Un contacto tiene más de un año sin revisión" in before.text
    assert answers == {"editar": 403, "quitar": 403, "mostrar": 403, "revisar": 303}
    kept = await HelpContact.get()
    assert (kept.reviewed_on, kept.phone, kept.is_active) == (NOW.date() + timedelta(days=400), "110", True)
    assert "más de un año" not in after.text
    assert (NEW in after.text, "Apagar" in after.text) == (False, False)


async def test_contact_is_switched_off_and_on_again(client: AsyncClient, cast: Cast) -> None:
    contact = await make_contact()
    await as_(client, cast, "platform")
    seen = []

    for act in ("quitar", "mostrar"):
        await post(client, at(contact, act))
        seen.append("tel:110" in (await client.get("/orientacion/regrese")).text)

    assert seen == [False, True]


async def test_contact_that_is_not_there_is_unknown(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "platform")
    nowhere = f"{INDEX}/{cast.hub.id}"

    answers = [await client.get(f"{nowhere}/editar")] + [
        await post(client, f"{nowhere}/{act}", FORM) for act in ("editar", "revisar", "quitar", "mostrar")
    ]

    assert {answer.status_code for answer in answers} == {404}


async def test_empty_list_says_what_people_see_meanwhile(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "platform")

    assert "Mientras tanto la orientación muestra el teléfono de cada ventanilla." in (await client.get(INDEX)).text
