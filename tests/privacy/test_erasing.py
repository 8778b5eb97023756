"""Erasing a person at the desk: which records, who may say so, what goes after 72 hours, and what is left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.certificates.desk import Browsers, Freeze, signed_in, text_of
from tests.certificates.held import AFTER, a_diploma, make_held
from tests.privacy.asked import MOMENT, work
from tests.privacy.people import PHONE, minor, someone
from tests.registrations.wishes import link_of, state_of
from tests.web.pages import Page
from trainings.attendance.models import Attendance
from trainings.audit.models import AuditLine
from trainings.certificates.models import Certificate
from trainings.outbox.models import OutboxJob
from trainings.people.models import Participant
from trainings.privacy.erasing import WAITING
from trainings.privacy.models import ErasureRequest
from trainings.registrations.models import Registration
from trainings.registrations.own.erasures import KIND, WAIT
from trainings.settings import Settings

ROSA = {"given_names": "Rosa", "surnames": "Coc", "phone": PHONE}


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


@pytest.fixture
async def coordinator(cast: Cast, new_client: Browsers) -> AsyncClient:
    return await signed_in(new_client, cast.coordinator)


def path_of(registration: Registration) -> str:
    return f"/panel/inscripciones/{registration.id}"


def boxes_of(page: Page) -> dict[str, bool]:
    """What can be ticked, and whether it is."""
    return {str(one["value"]): "checked" in one for one in page.all("input", name="records")}


async def name_of(registration: Registration) -> str:
    return (await Participant.get(id=registration.participant_id)).full_name


async def held_with_diploma(cast: Cast) -> tuple[Registration, Certificate]:
    certificate = await a_diploma(await make_held(4, 4, hub=cast.hub), municipality=make.LA_LIBERTAD, **ROSA)
    return await Registration.get(id=certificate.registration_id), certificate


async def check_unnamed(browser: AsyncClient, came: Registration, coming: Registration) -> None:
    """The coordinator of the same name stands in the head of every page."""
    stay = await Attendance.filter(registration_id=came.id).first()
    assert stay is not None
    trainings = [f"/panel/capacitaciones/{one.training_id}" for one in (came, coming)]
    for path in (path_of(came), *trainings, f"/panel/sesiones/{stay.session_id}/asistencia", WAITING):
        answer = await browser.get(path)
        assert (answer.status_code, "Rosa" in text_of(answer).replace("Rosa Xol", "")) == (200, False), path


async def test_woman_with_two_records_is_erased_after_72_hours_and_named_nowhere(
    db: Settings, cast: Cast, coordinator: AsyncClient, freeze: Freeze
) -> None:
    came, diploma = await held_with_diploma(cast)
    ahead = [(AFTER + timedelta(days=10), AFTER + timedelta(days=10, hours=4))]
    training = await make.make_training(hub=cast.hub, venue=cast.venue, sessions=ahead)
    coming, husband = await someone(cast.hub, training=training), await someone(cast.hub, "Pedro")
    elsewhere = await someone(cast.elsewhere)

    shown = await coordinator.get(f"{path_of(coming)}/borrar")
    both = {"records": [str(came.id), str(coming.id), str(husband.id), str(elsewhere.id)]}
    unsaid = await coordinator.post(f"{path_of(coming)}/borrar", data=both)
    done = await coordinator.post(f"{path_of(coming)}/borrar", data=both | {"papers": "name"})
    waiting = await coordinator.get(WAITING)
    freeze(AFTER + WAIT - MOMENT)
    await work(db)
    before = [await name_of(one) for one in (came, coming)]
    freeze(AFTER + WAIT)
    await work(db)
    await make.sign_in(coordinator, cast.coordinator)

    assert boxes_of(Page(shown.text)) == {str(came.id): False, str(coming.id): False}
    assert ("Pedro Coc" in shown.text, "Puede ser familia" in shown.text) == (True, True)
    assert "expedientes de sesión, listas impresas y archivos exportados" in shown.text
    assert (unsaid.status_code, done.headers["location"]) == (422, WAITING)
    assert boxes_of(Page(unsaid.text)) == {str(came.id): True, str(coming.id): True}
    assert [one["action"] for one in Page(waiting.text).all("form") if "no-borrar" in str(one["action"])] == [
        f"{path_of(came)}/no-borrar",
        f"{path_of(coming)}/no-borrar",
    ]
    assert before == ["Rosa Coc", "Rosa Coc"]
    assert [await name_of(one) for one in (came, coming, husband, elsewhere)] == ["—", "—", "Pedro Coc", "Rosa Coc"]
    assert (await state_of(came), await state_of(coming)) == ("confirmed", "cancelled")
    assert await Attendance.filter(registration_id=came.id, is_present=True).count() == 2
    assert (await Certificate.get(id=diploma.id)).printed_name == "—"
    assert not await OutboxJob.filter(kind=KIND).exists()
    await check_unnamed(coordinator, came, coming)


async def test_nothing_is_asked_where_no_record_of_the_page_is_ticked(cast: Cast, coordinator: AsyncClient) -> None:
    rosa, elsewhere = await someone(cast.hub), await someone(cast.elsewhere)
    unmarked: list[dict[str, str]] = [{}, {"records": str(elsewhere.id)}]

    answers = [await coordinator.post(f"{path_of(rosa)}/borrar", data=one) for one in unmarked]

    assert [(one.status_code, "Marque los registros que se borran" in one.text) for one in answers] == [(422, True)] * 2


@pytest.mark.parametrize("by_link", [False, True])
async def test_erasure_asked_at_the_desk_is_taken_back_at_the_desk_or_by_the_link(
    db: Settings, cast: Cast, coordinator: AsyncClient, client: AsyncClient, freeze: Freeze, *, by_link: bool
) -> None:
    rosa = await someone(cast.hub)
    await coordinator.post(f"{path_of(rosa)}/borrar", data={"records": str(rosa.id)})
    own = await link_of(rosa)

    page, link = await coordinator.get(path_of(rosa)), await client.get(own)
    back = await (client.post(f"{own}/no-borrar") if by_link else coordinator.post(f"{path_of(rosa)}/no-borrar"))
    freeze(AFTER + WAIT + timedelta(hours=1))
    await work(db)

    assert ("Sus datos se borran el" in page.text, "Si no fue usted" in link.text) == (True, True)
    assert (back.status_code, await name_of(rosa)) == (303, "Rosa Coc")


async def test_link_s_own_wish_is_not_the_desk_s_to_take_back(
    cast: Cast, coordinator: AsyncClient, client: AsyncClient
) -> None:
    rosa = await someone(cast.hub)
    await client.post(f"{await link_of(rosa)}/permisos/data")

    listed = await coordinator.get(WAITING)
    await coordinator.post(f"{path_of(rosa)}/no-borrar")

    assert "Rosa Coc" not in listed.text
    assert await OutboxJob.filter(kind=KIND).count() == 1


async def test_assistant_asks_and_a_coordinator_confirms(
    cast: Cast, new_client: Browsers, coordinator: AsyncClient
) -> None:
    rosa, ana = await someone(cast.hub), await someone(cast.hub, "Ana")
    assistant = await signed_in(new_client, cast.assistant)
    for one in (rosa, rosa, ana):
        await assistant.post(f"{path_of(one)}/borrar", data={"records": str(one.id)})
    of_rosa, of_ana = await ErasureRequest.all().order_by("id")

    seen = await assistant.get(path_of(rosa))
    forbidden = await assistant.post(f"{WAITING}/{of_rosa.id}/confirmar")
    n_jobs = await OutboxJob.filter(kind=KIND).count()
    confirmed = await coordinator.post(f"{WAITING}/{of_rosa.id}/confirmar")
    again = await coordinator.post(f"{WAITING}/{of_rosa.id}/confirmar")
    dropped = await assistant.post(f"{WAITING}/{of_ana.id}/no-borrar")

    assert "Falta que quien coordina lo confirme" in seen.text
    assert (forbidden.status_code, n_jobs, confirmed.status_code, again.status_code) == (403, 0, 303, 404)
    assert (dropped.status_code, await ErasureRequest.exists()) == (303, False)
    assert [job.subject_id for job in await OutboxJob.filter(kind=KIND)] == [rosa.id]
    lines = await AuditLine.filter(act__startswith="privacy.", act__endswith="_erasure").order_by("id")
    assert [one.act for one in lines if one.act != "privacy.open_erasure"] == [
        *["privacy.request_erasure"] * 2,
        "privacy.ask_for_erasure",
        "privacy.drop_erasure",
    ]


async def test_minor_of_the_name_is_listed_in_a_common_training_alone(cast: Cast, coordinator: AsyncClient) -> None:
    common = await make.make_training(hub=cast.hub, admits_minors=True)
    mother, daughter = await someone(cast.hub, training=common), await minor(common)
    await minor(await make.make_training(hub=cast.hub, admits_minors=True))

    page = Page((await coordinator.get(f"{path_of(mother)}/borrar")).text)

    assert set(boxes_of(page)) == {str(mother.id), str(daughter.id)}


async def test_record_of_the_name_and_telephone_can_be_ticked_whatever_many_came_later(
    cast: Cast, coordinator: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainings.privacy.records.MOST", 2)
    rosa, again = [await someone(cast.hub) for _number in range(2)]
    later = [await someone(cast.hub, phone=f"+5025555000{number}") for number in range(3)]

    page = await coordinator.get(f"{path_of(rosa)}/borrar")

    assert set(boxes_of(Page(page.text))) == {str(one.id) for one in (rosa, again, *later[1:])}
    assert "Puede ser familia" not in page.text


async def test_joined_relatives_are_named_once_and_more_namesakes_than_shown_are_said(
    cast: Cast, coordinator: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rosa, *pedros = [await someone(cast.hub, name) for name in ("Rosa", "Pedro", "Pedro")]
    await coordinator.post(f"{path_of(pedros[0])}/unir", data={"persona": str(pedros[1].participant_id)})
    others = "Hay más con este nombre"

    page = await coordinator.get(f"{path_of(rosa)}/borrar")
    monkeypatch.setattr("trainings.privacy.records.MOST", 2)
    namesakes = [await someone(cast.hub)]
    as_many = await coordinator.get(f"{path_of(rosa)}/borrar")
    namesakes.append(await someone(cast.hub))
    all_shown = await coordinator.get(f"{path_of(rosa)}/borrar")
    namesakes.append(await someone(cast.hub))
    many = await coordinator.get(f"{path_of(rosa)}/borrar")

    assert (page.text.count("Pedro Coc"), others in page.text, others in as_many.text) == (1, False, False)
    assert [set(boxes_of(Page(page.text))) for page in (all_shown, many)] == [
        {str(one.id) for one in (rosa, *namesakes[:2])},
        {str(one.id) for one in (rosa, *namesakes[1:])},
    ]
    assert (others in all_shown.text, others in many.text) == (False, True)


# -- joining from a person's page


async def test_four_sign_ups_of_one_person_are_joined_in_one_step_and_by_every_desk(
    cast: Cast, new_client: Callable[[], AsyncClient]
) -> None:
    assistant = await signed_in(new_client, cast.assistant)
    rosas = [await someone(cast.hub) for _ in range(4)]
    odd = await someone(cast.hub, phone="+50255559999")
    path = f"{path_of(rosas[2])}/unir"

    shown = Page((await assistant.get(path)).text)
    refused = await assistant.post(path, data={"persona": [str(rosas[0].participant_id), str(odd.participant_id)]})
    nobody = await assistant.post(path)
    others = [str(one.participant_id) for one in rosas if one is not rosas[2]]
    joined = await assistant.post(path, data={"persona": others})
    page = await assistant.get(path_of(rosas[3]))

    assert {str(one["value"]) for one in shown.all("input", name="persona")} == set(others)
    assert ("lo decide quien coordina" in shown.text, refused.status_code, joined.status_code) == (True, 409, 303)
    assert (nobody.status_code, "Marque los registros que son de esta persona" in nobody.text) == (409, True)
    kept = {await _merged_into(one) for one in rosas[1:]}
    assert (kept, await _merged_into(rosas[0]), await _merged_into(odd)) == ({rosas[0].participant_id}, None, None)
    assert {path_of(one) for one in rosas[:3]} <= {str(link["href"]) for link in Page(page.text).all("a")}


async def _merged_into(registration: Registration) -> object:
    return (await Participant.get(id=registration.participant_id)).merged_into_id


async def test_other_name_is_found_by_code_or_folio_of_the_own_hub(
    cast: Cast, coordinator: AsyncClient, new_client: Browsers
) -> None:
    rosa, maria = await someone(cast.hub), await someone(cast.hub, "María")
    elsewhere = await someone(cast.elsewhere, "María")
    _came, diploma = await held_with_diploma(cast)
    path = f"{path_of(maria)}/unir"

    def found(code: str) -> dict[str, str]:
        return {"codigo": code}

    by_ticket = await coordinator.get(path, params=found(rosa.short_code.lower()))
    by_folio = await coordinator.get(path, params=found(diploma.folio.lower().replace("-", " ")))
    by_qr = await coordinator.get(path, params=found(str(rosa.qr_token)))
    await Certificate.filter(id=diploma.id).update(erased_at=AFTER)
    assistant = await signed_in(new_client, cast.assistant)
    of_desk = await assistant.get(path, params=found(rosa.short_code))
    unknown = [
        await coordinator.get(path, params=found(one)) for one in (elsewhere.short_code, diploma.code, "%", "x" * 61)
    ]

    compare = f"/panel/personas/repetidas/{maria.participant_id}/"
    assert by_ticket.headers["location"] == by_qr.headers["location"] == f"{compare}{rosa.participant_id}"
    assert by_folio.headers["location"].startswith(compare)
    assert (of_desk.status_code, [one.status_code for one in unknown]) == (422, [422] * 4)
    assert "No hay ningún boleto ni diploma con ese código en su ventanilla." in unknown[0].text


async def test_page_asks_no_more_whether_the_joined_are_one(cast: Cast, coordinator: AsyncClient) -> None:
    training = await make.make_training(hub=cast.hub)
    one, other = await someone(cast.hub, training=training), await someone(cast.hub, training=training)
    before = await coordinator.get(path_of(one))
    await coordinator.post(f"{path_of(one)}/unir", data={"persona": str(other.participant_id)})
    await Registration.filter(id=other.id).update(state="confirmed", joined_to_id=None)  # as with papers of both

    after = await coordinator.get(path_of(one))

    assert ["Quizá es la misma persona" in page.text for page in (before, after)] == [True, False]
