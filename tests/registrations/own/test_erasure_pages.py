"""Behind an own link: asking that one's data be deleted, the notice on each page till then, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from httpx2 import AsyncClient

from tests import make
from tests.certificates.held import AFTER, a_diploma, make_held
from tests.privacy.asked import DUE, MOMENT, NOW, coming_training, due_of, work
from tests.registrations.families import group_token, make_family, people_of
from tests.registrations.wishes import link_of, places_of, state_of
from tests.web.pages import Page
from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.certificates.models import Certificate
from trainings.lib import dates
from trainings.outbox.models import OutboxJob
from trainings.people.models import Consent, ConsentPurpose, Guardian, Participant
from trainings.registrations.models import Registration
from trainings.registrations.own.erasures import KIND, WAIT, ask_for_erasure
from trainings.registrations.seats import actions
from trainings.settings import Settings

Freeze = Callable[[datetime], None]

EVERY_PAGE = ("", "/datos", "/permisos", "/permisos/photo", "/cancelar")
WHEN = dates.day_and_time(DUE, "es-GT")
SELF = "No borrar mis datos"


async def ana_of(client: AsyncClient) -> tuple[Registration, str]:
    """Ana, signed up for something in ten days with all permissions, and her link."""
    purposes = frozenset(ConsentPurpose)
    ana = await make.make_registration(await coming_training(), phone="5555 1234", sex="mujer", purposes=purposes)
    return ana, await link_of(ana)


def undo_forms(page: Page) -> list[str | None]:
    return [form["action"] for form in page.all("form") if (form["action"] or "").endswith("/no-borrar")]


async def test_person_is_told_when_and_asks_and_each_page_of_the_link_has_the_way_back_to_be_pressed_twice(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(NOW)
    ana, base = await ana_of(client)
    told = Page((await client.get(f"{base}/permisos/data")).text)
    assert undo_forms(Page((await client.get(base)).text)) == []

    answer = await client.post(f"{base}/permisos/data")

    assert f"A las 72 horas: el {WHEN}" in told.text
    assert "El nombre: de la asistencia, los boletos y las listas." in told.text
    assert "expedientes de sesión, listas impresas y archivos exportados" in told.text
    assert not told.all("input", name="papers"), "there is no diploma"
    assert (answer.status_code, answer.headers["location"]) == (303, f"{base}/permisos")
    assert await state_of(ana) == "confirmed"
    assert await due_of(ana) == DUE
    for path in EVERY_PAGE:
        page = Page((await client.get(base + path)).text)
        assert undo_forms(page) == [f"{base}/no-borrar"], path
        assert f"El {WHEN}, se borran sus datos." in page.text, path
        assert SELF in page.text, path
    permissions = Page((await client.get(f"{base}/permisos")).text)
    assert not permissions.all("a", href=f"{base}/permisos/data")
    assert permissions.all("a", href=f"{base}/permisos/photo"), "this one still ends at once"
    assert (await client.get(f"{base}/permisos/data")).headers["location"] == f"{base}/permisos"
    freeze(DUE - MOMENT)
    answers = [await client.post(f"{base}/no-borrar") for _press in range(2)]
    assert [(one.status_code, one.headers["location"]) for one in answers] == [(303, f"{base}/permisos")] * 2
    assert await due_of(ana) is None
    page = Page((await client.get(f"{base}/permisos")).text)
    assert "Los datos no se borran y todo sigue igual." in page.text
    assert page.all("a", href=f"{base}/permisos/data")


async def test_asking_writes_to_nobody_and_the_ticket_holds_till_then(client: AsyncClient, freeze: Freeze) -> None:
    freeze(NOW)
    ana, base = await ana_of(client)
    n_messages = await OutboxJob.exclude(kind=KIND).count()

    await client.post(f"{base}/permisos/data")
    await client.post(f"{base}/permisos/photo")

    assert await OutboxJob.exclude(kind=KIND).count() == n_messages
    assert await places_of(await ana.training) == (1, 0)
    assert (await client.get(f"{base}/boleto.png")).status_code == 200
    assert (await client.post(f"{base}/nombre", data={"given_names": "Ana", "surnames": "Coc"})).status_code == 303
    assert await Consent.filter(withdrawn_at=clock.now()).values_list("purpose") == [("photo",)], "that ends at once"
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    assert undo_forms(Page((await client.get(base)).text)) == [f"{base}/no-borrar"]


async def test_after_72_hours_it_is_done_and_the_pages_still_open(
    client: AsyncClient, settings: Settings, freeze: Freeze
) -> None:
    freeze(NOW)
    ana, base = await ana_of(client)
    await client.post(f"{base}/permisos/data")
    freeze(DUE)
    waited = Page((await client.get(base)).text)
    late = await client.post(f"{base}/no-borrar")

    await work(settings)

    assert "Se están borrando sus datos." in waited.text
    assert undo_forms(waited) == []
    assert (late.status_code, "Ya pasaron las 72 horas" in late.text) == (409, True)
    person = await Participant.get(id=ana.participant_id)
    assert (person.full_name, person.phone, person.sex, await state_of(ana)) == ("—", None, None, "cancelled")
    assert await places_of(await ana.training) == (0, 0)
    for path in ("", "/datos", "/permisos"):
        answer = await client.get(base + path)
        assert answer.status_code == 200
        assert undo_forms(Page(answer.text)) == []
    refused = await client.post(f"{base}/no-borrar")
    assert refused.status_code == 409
    assert "Ya pasaron las 72 horas" in refused.text


async def test_guardian_asks_for_a_minor_and_undoes_it_from_each_page_of_the_groups_link(
    client: AsyncClient, settings: Settings, freeze: Freeze
) -> None:
    freeze(NOW)
    training = await coming_training(admits_minors=True)
    [ana, cata] = await make_family(training, "Ana", children=["Cata"], phone="5555 1234")
    base = f"/i/{await group_token(ana)}"
    member = f"{base}/{cata.id}"
    page = Page((await client.get(f"{member}/permisos")).text)

    await client.post(f"{member}/permisos/data")

    assert "Soy la madre, el padre o la persona encargada" in page.text
    for path in ("", "/cancelar", f"/{cata.id}/cambiar", f"/{ana.id}/cambiar", f"/{cata.id}/datos"):
        page = Page((await client.get(base + path)).text)
        assert undo_forms(page) == [f"{member}/no-borrar"], path
        assert f"El {WHEN}, se borran los datos de Cata Coc Xol." in page.text
    assert (await client.post(f"{member}/no-borrar")).status_code == 303
    await client.post(f"{member}/permisos/data")
    freeze(DUE)
    await work(settings)
    assert [one.state.value for one in await people_of(ana.group_id)] == ["confirmed", "cancelled"]
    assert (await Guardian.get()).withdrawn_at == clock.now()


async def test_what_an_adult_asked_is_told_by_no_link_but_their_own(client: AsyncClient, freeze: Freeze) -> None:
    freeze(NOW)
    [ana, beto] = await make_family(await coming_training(), "Ana", "Beto")
    base = f"/i/{await group_token(ana)}"
    unclaimed = await link_of(beto)
    await ask_for_erasure(beto.id, actor=HOLDER_OF_LINK)

    pages = [Page((await client.get(path)).text) for path in (base, f"{base}/{beto.id}/cambiar", unclaimed)]
    answers = [await client.post(f"{path}/no-borrar") for path in (base, f"{base}/{beto.id}", unclaimed)]

    assert [undo_forms(page) for page in pages] == [[], [], []]
    assert not [page for page in pages if "se borran" in page.text]
    assert [answer.status_code for answer in answers] == [404, 404, 409]
    assert await due_of(beto) == DUE


async def test_archived_link_asks_and_undoes_too(client: AsyncClient, freeze: Freeze) -> None:
    freeze(NOW)
    ana, base = await ana_of(client)
    freeze(NOW + timedelta(days=60))

    await client.post(f"{base}/permisos/data")

    assert undo_forms(Page((await client.get(base)).text)) == [f"{base}/no-borrar"]
    assert (await client.post(f"{base}/no-borrar")).status_code == 303
    assert await due_of(ana) is None


async def test_who_has_a_diploma_says_what_becomes_of_it_before_the_data_go(
    client: AsyncClient, freeze: Freeze, db: Settings
) -> None:
    freeze(AFTER)
    certificate = await a_diploma(await make_held())
    base = await link_of(await Registration.get(id=certificate.registration_id))

    shown = Page((await client.get(f"{base}/permisos/data")).text)
    unsaid = await client.post(f"{base}/permisos/data", data={})
    asked_for = await client.post(f"{base}/permisos/data", data={"papers": "papers"})
    freeze(AFTER + WAIT)
    await work(db)

    assert [(one["value"], "checked" in one) for one in shown.all("input", name="papers")] == [
        *[("data", False), ("name", False), ("papers", False)]
    ]
    assert (unsaid.status_code, asked_for.status_code) == (422, 303)
    assert "Escoja qué pasa con los diplomas." in unsaid.text
    assert (await Certificate.get(id=certificate.id)).printed_name == "—"


async def test_own_data_are_taken_along_and_erased_under_headings_of_their_own(client: AsyncClient) -> None:
    about: dict[str, Any] = {"community": "Las Pozas", "language": "kek", "pueblo": "maya", "needs": ("ramp",)}
    ana = await make.make_registration(await coming_training(title="Retorno"), sex="mujer", phone="55551234", **about)
    ana.participant.other_phone = "+50244441234"
    await ana.participant.save(update_fields=["other_phone"])
    base = await link_of(ana)

    page = Page((await client.get(f"{base}/datos")).text)
    copy = await client.get(f"{base}/datos/copia")

    assert {"copia", "borrar"} <= {str(one.get("id")) for one in page.all("h2")}
    assert page.one("a", href=f"{base}/permisos/data")
    assert page.one("a", href=f"{base}/datos/copia")
    assert copy.headers["content-type"] == "text/plain; charset=utf-8"
    assert copy.headers["content-disposition"] == 'attachment; filename="mis-datos.txt"'
    told = (
        "Caal Tzib",
        "5555 1234",
        "Otro teléfono: 4444 1234",
        "Las Pozas",
        "Mujer",
        "Q’eqchi’",
        "Maya",
        "Entrada sin gradas",
        "Retorno",
        "pueden guardar",
    )
    assert [one for one in told if one not in copy.text] == []
