"""What staff read at the desk once a training is over: what they can still do, and where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.cast import make_cast
from tests.registrations.card_world import card_of, make_block, make_spare_cards
from tests.registrations.forms import ROSA
from tests.web.pages import Page
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.registrations.models import CardState, Registration
from trainings.schedule.models import Training, TrainingSession, TrainingState

Freeze = Callable[[datetime], None]
End = Callable[[Training, Freeze], Awaitable[None]]


async def test_training_over_then_its_nameless_cards_lead_to_its_attendance(
    new_client: Callable[[], AsyncClient], db: object, freeze: Callable[[datetime], None]
) -> None:
    cast, client = await make_cast(), new_client()
    training = await make.make_training(hub=cast.hub)
    block = await make_block(training, 2)
    card, session = await card_of(block), await TrainingSession.get(training_id=training.id)
    of_training, attendance = f"/panel/capacitaciones/{training.id}", f"/panel/sesiones/{session.id}/asistencia"
    freeze(session.ends_at + timedelta(hours=1))
    await make.sign_in(client, cast.assistant)

    of_block, of_card, *others = [
        Page((await client.get(path)).text)
        for path in (
            f"/panel/tarjetas/bloques/{block.id}",
            f"/panel/tarjetas/{card.id}/usar",
            f"{of_training}/inscribir",
            f"{of_training}/importar",
            f"{of_training}/espera",
        )
    ]
    [link] = [str(one["href"]) for one in of_card.all("a") if "/asistencia" in str(one["href"])]
    form = Page((await client.get(link)).text)

    for page in (of_block, of_card, *others):
        assert "Esta capacitación ya terminó." in page.text
        assert "con «Sin boleto»" in page.text
        assert "la página de su municipio" not in page.text
    assert of_block.all("a", href=attendance), "who comes with a card that has a name is found there"
    assert form.one("input", name="card")["value"] == str(card.id)
    assert (await card_of(block)).state is CardState.OPEN


STAFF_ON_CANCELLED = "Si al final se realiza, quien coordina la reabre en su página con «Sí se realiza»."
STAFF_ON_OVER = "se le anota en la asistencia de su sesión, con «Sin boleto»."
FOR_THE_PUBLIC = ("Busque otra fecha", "la página de su municipio", "lame a la ventanilla")


async def _call_off(training: Training, freeze: Freeze) -> None:
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)


async def _let_end(training: Training, freeze: Freeze) -> None:
    session = await TrainingSession.get(training_id=training.id)
    freeze(session.ends_at + timedelta(hours=1))


ENDS = pytest.mark.parametrize(
    ("end", "sentence"),
    [pytest.param(_call_off, STAFF_ON_CANCELLED, id="off"), pytest.param(_let_end, STAFF_ON_OVER, id="over")],
)


def _said(answer: Response, sentence: str) -> None:
    text = " ".join(Page(answer.text).text.split())
    assert answer.status_code == 409
    assert text.count(sentence) == 1
    for words in FOR_THE_PUBLIC:
        assert words not in text


@ENDS
async def test_form_opened_before_then_sent_then_staff_read_what_they_can_do_and_nothing_typed_is_lost(
    new_client: Callable[[], AsyncClient], db: object, freeze: Freeze, end: End, sentence: str
) -> None:
    cast, client = await make_cast(), new_client()
    training = await make.make_training(hub=cast.hub)
    block = await make_block(training, 2)
    reserved, [spare] = await card_of(block), await make_spare_cards(training)
    await end(training, freeze)
    await make.sign_in(client, cast.assistant)
    session = await TrainingSession.get(training_id=training.id)
    doors = [f"/panel/sesiones/{session.id}/asistencia"] if sentence == STAFF_ON_OVER else []
    forms = {
        f"/panel/capacitaciones/{training.id}/inscribir": ROSA,
        f"/panel/tarjetas/{reserved.id}/usar": ROSA | {"ask_age": "yes", "age_group": "18+"},
    }

    for path, fields in forms.items():
        answer = await client.post(path, data=fields)

        _said(answer, sentence)
        page = Page(answer.text)
        assert page.one("input", name="given_names")["value"] == ROSA["given_names"]
        assert "lugares." not in page.text, "nobody is promised one"
        leading = [str(one["href"]) for one in page.all("a") if "/asistencia" in str(one["href"])]
        assert [href.partition("/sin-boleto")[0] for href in leading] == doors
    fields = ROSA | {"ask_age": "yes", "age_group": "18+", "training": str(training.id)}
    _said(await client.post(f"/panel/tarjetas/{spare.id}/usar", data=fields), sentence)


async def test_spare_card_for_what_was_called_off_then_no_other_training_is_chosen_in_its_stead(
    new_client: Callable[[], AsyncClient], db: object, freeze: Freeze
) -> None:
    cast, client = await make_cast(), new_client()
    training = await make.make_training(hub=cast.hub)
    other = await make.make_training(hub=cast.hub, title="Otra")
    [spare] = await make_spare_cards(training)
    await _call_off(training, freeze)
    await make.sign_in(client, cast.assistant)
    fields = ROSA | {"ask_age": "yes", "age_group": "18+", "training": str(training.id)}

    answer = await client.post(f"/panel/tarjetas/{spare.id}/usar", data=fields)

    _said(answer, STAFF_ON_CANCELLED)
    page = Page(answer.text)
    choice = Page(answer.text.partition('<select id="training"')[2].partition("</select>")[0])
    offered = [one["value"] for one in choice.all("option")]
    assert not [one for one in choice.all("option") if "selected" in one]
    assert offered == ["", str(other.id)]
    assert page.one("input", name="given_names")["value"] == ROSA["given_names"]


@ENDS
async def test_button_of_the_waiting_list_pressed_late_then_staff_read_what_they_can_do(
    new_client: Callable[[], AsyncClient], db: object, freeze: Freeze, end: End, sentence: str
) -> None:
    cast, client = await make_cast(), new_client()
    training = await make.make_training(hub=cast.hub, capacity=1)
    await make.make_registration(training, given_names="Ana")
    waiting = await make.make_registration(training, given_names="Berta")
    await end(training, freeze)
    await make.sign_in(client, cast.assistant)

    path = f"/panel/capacitaciones/{training.id}/espera/{waiting.group_id}/subir"
    answer = await client.post(path, data={"reason": "error"})

    _said(answer, sentence)


async def test_button_of_a_person_pressed_late_then_staff_are_not_told_to_call_themselves(
    new_client: Callable[[], AsyncClient], db: object, freeze: Freeze
) -> None:
    cast, client = await make_cast(), new_client()
    training = await make.make_training(hub=cast.hub, approval_required=True)
    held = await make.make_registration(training)
    await _let_end(training, freeze)
    await make.sign_in(client, cast.assistant)

    for verb in ("aprobar", "cancelar", "cancelar-grupo"):
        _said(await client.post(f"/panel/inscripciones/{held.id}/{verb}"), "Esta inscripción ya no se puede cambiar:")


async def test_desk_that_cannot_take_somebody_in_then_staff_are_not_told_to_call_themselves(
    new_client: Callable[[], AsyncClient], db: object
) -> None:
    cast, client = await make_cast(), new_client()
    await make.sign_in(client, cast.assistant)
    adults, elder, small = [
        await make.make_training(hub=cast.hub, **columns)
        for columns in ({}, {"admits_minors": True, "minimum_age": 14}, {"admits_minors": True})
    ]
    full = await make.make_training(hub=cast.hub, capacity=0, has_waiting_list=False)
    refused = [
        (full, {}, "Quien coordina puede subir el cupo o abrir la lista"),
        (adults, {"age_group": "14-17"}, "Revise la edad, o busque otra para esa persona."),
        (elder, {"age_group": "12-13"}, "es para personas de 14 años o más. Revise la edad"),
        (small, {"age_group": "14-17"}, "Escriba quién da permiso."),
        (small, {"childcare_places": "2"}, "Quien coordina puede aumentarlos."),
    ]

    for training, fields, sentence in refused:
        answer = await client.post(f"/panel/capacitaciones/{training.id}/inscribir", data=ROSA | fields)

        text = " ".join(Page(answer.text).text.split())
        assert answer.status_code in (409, 422)
        assert sentence in text
        for words in (*FOR_THE_PUBLIC, "lame al 7900 1234", "No guardamos nada"):
            assert words not in text
    assert not await Registration.exists()


async def test_answer_to_an_offer_that_ended_then_staff_are_not_told_to_call_themselves(
    new_client: Callable[[], AsyncClient], db: object
) -> None:
    cast, client = await make_cast(), new_client()
    training = await make.make_training(hub=cast.hub, capacity=1)
    await make.make_registration(training, given_names="Ana")
    berta = await make.make_registration(training, given_names="Berta")
    await make.sign_in(client, cast.assistant)

    answer = await client.post(f"/panel/capacitaciones/{training.id}/espera/{berta.group_id}/avisado")

    _said(answer, "Ya no hay un lugar guardado: terminó el plazo, o ya hay una respuesta.")


async def test_draft_then_staff_read_why_nobody_is_signed_up(new_client: Callable[[], AsyncClient], db: object) -> None:
    cast, client = await make_cast(), new_client()
    training = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT)
    await make.sign_in(client, cast.assistant)
    path = f"/panel/capacitaciones/{training.id}"

    shown = [await client.get(f"{path}/inscribir"), await client.get(f"{path}/importar")]
    sent = await client.post(f"{path}/inscribir", data=ROSA)

    assert [answer.status_code for answer in (*shown, sent)] == [200, 200, 409]
    for answer in (*shown, sent):
        page = Page(answer.text)
        assert "Esta capacitación es un borrador." in page.text
        assert not page.all("input", name="given_names")
        assert not page.all("input", name="file")
