"""The waiting list as the desk sees it: who may, what is shown and logged, and what its buttons do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.counting import statements
from tests.registrations.families import group_of, make_family
from tests.registrations.waiting_world import MONDAY, SATURDAY, Freeze
from tests.registrations.wishes import places_of, state_of
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib.tokens import uuid7
from trainings.outbox.models import OutboxJob
from trainings.people.actions import GuardianContact
from trainings.people.models import Participant, Relation
from trainings.registrations.desk.waiting_queries import PAGE
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions
from trainings.registrations.seats.waiting import close_waiting_list, mark_reached
from trainings.registrations.telling import changes
from trainings.schedule.models import Training

NewClient = Callable[[], AsyncClient]


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


async def a_training(cast: Cast, **columns: Any) -> Training:
    """On Saturday at La Libertad, with one place that Ana has."""
    sessions = [(SATURDAY, SATURDAY + timedelta(hours=4))]
    training = await make.make_training(
        hub=cast.hub, venue=cast.venue, sessions=sessions, **({"capacity": 1} | columns)
    )
    await make.make_registration(training, given_names="Ana")
    return training


async def at_desk(new_client: NewClient, cast: Cast, who: str = "assistant") -> AsyncClient:
    client = new_client()
    await make.sign_in(client, getattr(cast, who))
    return client


def path_of(training: Training, group_id: UUID | None = None, verb: str = "") -> str:
    return "/".join([f"/panel/capacitaciones/{training.id}/espera", *([str(group_id), verb] if group_id else [])])


async def page_of(client: AsyncClient, training: Training, query: str = "") -> Page:
    answer = await client.get(path_of(training) + query)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


def in_order(page: Page, *words: str) -> bool:
    places = [page.text.find(word) for word in words]
    return -1 not in places and places == sorted(places)


# -- what is shown


async def test_list_is_in_order_with_size_community_and_how_to_call(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast, childcare_capacity=3, admits_minors=True)
    await make_family(training, "Rosa", "Diego", children=["Luz", "Eva"], phone="+50255551234", childcare_places=2)
    await make.make_registration(training, given_names="Berta", surnames="Pop Ical", community="Las Pozas")
    client = await at_desk(new_client, cast)

    answer = await client.get(path_of(training))

    page = Page(answer.text)
    assert answer.headers["cache-control"] == "no-store"
    [line] = await AuditLine.filter(act="registrations.open_waiting_list")
    assert (line.object_id, line.hub_id, line.actor_id) == (training.id, cast.hub.id, cast.assistant.id)
    assert line.detail == {}, "nobody of the list is in it"
    assert in_order(
        page, "Lista de espera", "Rosa C. X.", "4 personas, 2 en cuidado infantil", "Berta P. I.", "Las Pozas"
    )
    calls = [link["href"] or "" for link in page.all("a") if "55551234" in (link.get("href") or "")]
    assert [call.partition("?")[0] for call in calls] == [
        "tel:+50255551234",
        "https://wa.me/50255551234",
        "sms:+50255551234",
    ]
    words = unquote(calls[1].partition("text=")[2])
    assert words == (
        "Ventanilla de La Libertad: sigue en la lista de espera (sábado 6 de marzo, 8:30 a. m.). "
        "Si ya no le interesa, avísenos al 7900 1234."
    )
    assert "Sin teléfono ni correo" in page.text


async def test_guardian_of_a_child_alone_is_called(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast, admits_minors=True)
    mother = GuardianContact("Marta Coc", Relation.MADRE, phone="+50244440000")
    await make_family(training, children=["Luz"], guardian=mother)
    client = await at_desk(new_client, cast)

    page = await page_of(client, training)

    assert page.one("a", href="tel:+50244440000")
    assert "Marta" not in page.text


async def test_who_was_passed_over_is_told_when_and_why(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    training = await a_training(cast, capacity=2)
    beto = await make.make_registration(training, given_names="Beto")
    family = await make_family(training, "Rosa", "Diego", "Eva")
    await make.make_registration(training, given_names="Cruz")
    freeze(MONDAY + timedelta(hours=1))
    await actions.cancel(beto.id, actor=HOLDER_OF_LINK)
    client = await at_desk(new_client, cast)

    page = await page_of(client, training)

    assert await state_of(family[0]) == "waitlisted"
    assert "Pasó alguien antes, lunes 1 de marzo, 9:30" in page.text.replace("\xa0", " ")
    assert "no había lugar para todas juntas" in page.text


async def test_long_list_has_pages_and_costs_no_more_than_a_short_one(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await make.make_registration(training, given_names="Persona 1")
    client = await at_desk(new_client, cast)
    await client.get(path_of(training))
    with statements() as few:
        await page_of(client, training)
    for number in range(2, PAGE + 3):
        await make.make_registration(training, given_names=f"Persona {number}")

    with statements() as many:
        first = await page_of(client, training)
    second = await page_of(client, training, "?pagina=2")

    assert len(many) == len(few)
    assert f"Persona {PAGE} C. T." in first.text
    assert f"Persona {PAGE + 1} C. T." not in first.text
    assert f"{PAGE + 1} a {PAGE + 2} de {PAGE + 2}" in second.text
    assert second.one("ol", **{"class": "queue"})["start"] == str(PAGE + 1)
    for odd in ("?pagina=0", "?pagina=x", "?pagina=99999", "?pagina=-1", "?pagina=٣"):
        assert (await client.get(path_of(training) + odd)).status_code == 200


# -- who may


async def test_group_of_another_training_is_unknown(new_client: NewClient) -> None:
    cast = await make_cast()
    training, other = await a_training(cast), await a_training(cast)
    elsewhere = await make.make_registration(other, given_names="Berta")
    client = await at_desk(new_client, cast)

    for group_id in (elsewhere.group_id, uuid7()):
        answer = await client.post(path_of(training, group_id, "subir"), data={"reason": "error"})
        assert answer.status_code == 404
    assert await state_of(elsewhere) == "waitlisted"


# -- what the buttons do


async def two_waiting(cast: Cast, **columns: Any) -> tuple[Training, Registration, Registration]:
    training = await a_training(cast, **columns)
    berta = await make.make_registration(training, given_names="Berta", email="berta@x.example")
    cruz = await make.make_registration(training, given_names="Cruz", phone="+50255551234")
    return training, berta, cruz


async def test_going_up_by_hand_needs_a_reason_and_room(new_client: NewClient) -> None:
    cast = await make_cast()
    training, berta, cruz = await two_waiting(cast)
    client = await at_desk(new_client, cast)
    up = path_of(training, cruz.group_id, "subir")

    without = await client.post(up, data={"reason": ""})
    full = await client.post(up, data={"reason": "distance"})
    await Training.filter(id=training.id).update(capacity=2)
    done = await client.post(up, data={"reason": "distance"})

    assert (without.status_code, full.status_code) == (422, 409)
    assert "Escoja por qué pasa antes que las demás." in without.text
    assert "Falta 1 lugar: aumente el cupo o cancele a alguien." in full.text
    assert done.headers["location"] == path_of(training)
    assert [await state_of(one) for one in (berta, cruz)] == ["waitlisted", "confirmed"]
    page = await page_of(client, training)
    assert "Listo: ya tiene lugar." in page.text
    assert "pasó alguien que viene de lejos" in page.text


async def offered(cast: Cast) -> tuple[Training, Registration, Registration]:
    """Berta is offered the place that Ana gave back; Cruz is next."""
    training, berta, cruz = await two_waiting(cast, offer_hours=24)
    ana = await Registration.filter(training_id=training.id).order_by("id").first()
    assert ana
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    return training, berta, cruz


async def test_told_by_telephone_then_the_time_runs_and_is_shown_until_it_was_a_mistake(new_client: NewClient) -> None:
    cast = await make_cast()
    training, berta, _cruz = await offered(cast)
    client = await at_desk(new_client, cast)
    before = await page_of(client, training)
    assert "El plazo empieza cuando salga el mensaje" in before.text
    [behind] = re.findall(r"<details><summary>Dijo que no.*?</details>", before.source, re.DOTALL)
    assert "Su lugar pasa enseguida a quien sigue en la lista" in behind
    assert f'action="{path_of(training, berta.group_id, "no-acepta")}"' in behind
    assert before.source.count("/no-acepta") == 1, "a no is written down only after it said that the place goes"
    person = Page((await client.get(f"/panel/inscripciones/{berta.id}")).text)
    assert person.one("a", href=f"{path_of(training)}#g-{berta.group_id}")["class"] == "tap"
    assert f"g-{berta.group_id}" in before.ids

    await client.post(path_of(training, berta.group_id, "avisado"))

    assert (await group_of(berta)).offered_until == MONDAY + timedelta(hours=24)
    after = await page_of(client, training)
    assert "Hasta el martes 2 de marzo, 8:30 a. m." in after.text.replace("\xa0", " ")
    assert "Ya le avisé" not in after.text
    in_vain = path_of(training, berta.group_id, "no-se-pudo")
    of_before = await client.post(in_vain)
    assert (of_before.status_code, (await group_of(berta)).reached_at) == (409, MONDAY)
    assert "que sí se avisó a Berta" in of_before.text
    await client.post(in_vain, data={"seen": str(after.one("input", name="seen")["value"])})
    assert ((await group_of(berta)).reached_at, (await group_of(berta)).offered_until) == (None, None)


async def test_answers_by_telephone_are_written_down(new_client: NewClient) -> None:
    cast = await make_cast()
    training, berta, cruz = await offered(cast)
    client = await at_desk(new_client, cast)

    await client.post(path_of(training, berta.group_id, "no-acepta"))
    said_no = [await state_of(one) for one in (berta, cruz)]
    text = next(link["href"] or "" for link in (await page_of(client, training)).all("a") if "wa.me" in str(link))
    await client.post(path_of(training, cruz.group_id, "acepta"))
    late = await client.post(path_of(training, cruz.group_id, "no-acepta"))

    assert said_no == ["cancelled", "offered"]
    assert "hay 1 lugar (sábado 6 de marzo, 8:30 a. m.). Díganos sí o no antes del martes 2 de marzo" in unquote(text)
    assert await state_of(cruz) == "confirmed"
    assert late.status_code == 409
    assert "Ya no hay un lugar guardado:" in late.text
    assert await places_of(training) == (1, 0)


async def test_calls_in_vain_start_no_time_and_after_three_on_two_days_the_place_may_be_released(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    training, berta, cruz = await offered(cast)
    release = path_of(training, berta.group_id, "soltar")
    texts = []
    for hours in (1, 2, 25):
        freeze(MONDAY + timedelta(hours=hours))
        client = await at_desk(new_client, cast)
        page = await page_of(client, training)
        assert not page.all("form", action=release)
        in_vain = page.one("form", action=path_of(training, berta.group_id, "no-se-pudo"))
        await client.post(str(in_vain["action"]))
        texts.append((await page_of(client, training)).text.replace("\xa0", " "))

    page = await page_of(client, training)
    await client.post(str(page.one("form", action=release)["action"]))

    assert "Una llamada sin respuesta, el lunes 1 de marzo, 9:30 a. m." in texts[0]
    assert "3 llamadas sin respuesta, la última el martes 2 de marzo, 9:30 a. m." in texts[2]
    assert [await state_of(one) for one in (berta, cruz)] == ["cancelled", "offered"]
    assert await AuditLine.filter(act="registrations.reach").count() == 0


async def test_list_of_what_was_called_off_is_read_only(new_client: NewClient) -> None:
    training, _berta, _cruz = await offered(cast := await make_cast())
    client = await at_desk(new_client, cast)
    await changes.call_off_training(training.id, "No hay paso.", actor=PROGRAM)

    page = await page_of(client, training)

    assert "Esta capacitación se canceló." in page.text
    assert [form["action"] for form in page.all("form")] == ["/panel/buscar", "/salir"]


async def test_answers_after_the_time_can_still_be_yes_while_the_place_is_kept(
    new_client: NewClient, freeze: Freeze
) -> None:
    training, berta, _cruz = await offered(cast := await make_cast())
    await mark_reached(berta.group_id, actor=PROGRAM)
    freeze(MONDAY + timedelta(hours=24, seconds=30))
    client = await at_desk(new_client, cast)

    await client.post(path_of(training, berta.group_id, "acepta"))

    assert await state_of(berta) == "confirmed"


# -- closing


async def test_closing_asks_first_then_tells_by_mail_and_lists_whom_to_call(new_client: NewClient) -> None:
    cast = await make_cast()
    training, berta, cruz = await two_waiting(cast)
    client = await at_desk(new_client, cast, "coordinator")
    asked = Page((await client.get(path_of(training) + "/cerrar")).text)
    assert in_order(
        asked, "¿Cerrar la lista de espera?", "1 persona que dejó su correo", "A 1 persona hay que llamarle"
    )
    await OutboxJob.all().delete()

    done = await client.post(path_of(training) + "/cerrar")

    page = Page((await client.get(done.headers["location"])).text)
    assert [await state_of(one) for one in (berta, cruz)] == ["cancelled", "cancelled"]
    job = await OutboxJob.get()
    assert (job.kind, job.subject_id) == ("waitlist_closed", berta.id)
    assert page.one("form", action=f"/panel/mensajes/lotes/{job.batch_id}/detener")
    assert "La lista se cerró: falta llamar" in page.text
    assert page.one("a", href="tel:+50255551234")
    assert "Berta" not in page.text
    assert "La lista está cerrada" in page.text


async def test_closing_counts_as_calls_only_whom_a_call_reaches(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await make.make_registration(training, given_names="Berta", phone="+50255551234")
    await make.make_registration(training, given_names="Cruz")
    refused = await make.make_registration(training, given_names="Dora", email="dora@x.example", phone="+50255551235")
    await Participant.filter(id=refused.participant_id).update(email_refused_at=MONDAY)
    client = await at_desk(new_client, cast, "coordinator")

    asked = Page((await client.get(path_of(training) + "/cerrar")).text)
    await client.post(path_of(training) + "/cerrar")
    closed = await page_of(client, training)

    assert in_order(asked, "A 2 personas hay que llamarles", "1 persona no dejó teléfono ni correo")
    assert "dejó su correo" not in asked.text
    assert closed.one("a", href="tel:+50255551235"), "whose address takes nothing is called"


async def test_open_list_lists_nobody_of_an_earlier_closing(new_client: NewClient) -> None:
    training, _berta, _cruz = await two_waiting(cast := await make_cast())
    await close_waiting_list(training.id, actor=PROGRAM)
    await Training.filter(id=training.id).update(has_waiting_list=True)
    client = await at_desk(new_client, cast)

    page = await page_of(client, training)

    assert "falta llamar" not in page.text
    assert "Nadie espera" in page.text
