"""«Recibí conforme»: by code, by rows of the signature sheet, by ticks; undone; and the calling order of a ceremony."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.cast import Cast, make_cast
from tests.certificates.desk import Browsers, signed_in, text_of
from tests.certificates.held import AFTER, BEFORE, make_attendee, make_held
from tests.make import kept
from trainings import clock
from trainings.attendance.models import AttendanceSheet
from trainings.attendance.sheets.sheets import print_sheet
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.ceremony import handover
from trainings.certificates.issuing import names
from trainings.certificates.issuing.actions import issue, revoke
from trainings.certificates.making.files import file_of
from trainings.certificates.models import Certificate, CertificateKind, ConfirmedHow, HandedOver
from trainings.lib.tokens import show_certificate_code
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
PEOPLE = (("Ana", "Coc", "Las Pozas"), ("Beto", "Caal", "El Subín"), ("Cata", "Tut", "las pozas"), ("Dora", "Ba", ""))


@dataclass(frozen=True)
class World:
    """Four people with a diploma each, in the order of `PEOPLE`, and the sheet that they signed."""

    cast: Cast
    training: Training
    people: list[Registration]
    papers: list[Certificate]
    sheet: AttendanceSheet

    @property
    def page(self) -> str:
        return f"/panel/capacitaciones/{self.training.id}/entrega"

    async def handed(self) -> dict[str, HandedOver | None]:
        found = await Certificate.filter(registration__training_id=self.training.id).order_by("number")
        return {one.printed_name.split()[0]: one.handed_over_how for one in found if one.handed_over_at}


async def handed_out(freeze: Freeze) -> World:
    world = await make_world()
    freeze(AFTER)
    return world


@kept
async def make_world() -> World:
    cast = await make_cast()
    training = await make_held(4, hub=cast.hub)
    people = [
        await make_attendee(training, given_names=given, surnames=surnames, community=community)
        for given, surnames, community in PEOPLE
    ]
    with clock.frozen(BEFORE):
        sheet = await print_sheet(training.sessions[0].id, n_blank=2, columns=[], actor=PROGRAM)
    with clock.frozen(AFTER):
        papers = [await issue(one.id, CertificateKind.DIPLOMA, actor=PROGRAM) for one in people]
    return World(cast, training, people, papers, sheet)


async def test_code_then_found_in_the_address_of_its_badge_though_the_end_of_that_looks_like_another(
    sqlite_db: object, freeze: Freeze
) -> None:
    world = await handed_out(freeze)
    paper, code = world.papers[0], "9CAV5MMWVFDA4Y"
    await Certificate.filter(id=paper.id).update(code=code)

    found = await handover.scanned(world.training.id, f"http://localhost:8000/verificar/{code}.json")

    assert [one.id for one in found] == [paper.id]


async def test_codes_then_any_that_means_the_paper_or_its_person(db: Settings, freeze: Freeze) -> None:
    world = await handed_out(freeze)
    ana, beto = world.papers[0], world.papers[1]
    stranger = await make_attendee(await make_held(4), given_names="Eva")

    meant = {
        ana.sheet["check_url"]: ana.id,
        ana.sheet["check_url"].replace("/", "-").replace(":", "Ñ"): ana.id,  # a reader set to another keyboard
        ana.code.lower(): ana.id,
        f"http://localhost:8000/V/{show_certificate_code(ana.code)}/\r\n": ana.id,
        f"http://localhost:8000/verificar/{ana.code}?idioma=en#comparar": ana.id,
        f"http://localhost:8000/verificar/{beto.code}.json": beto.id,
        f" {beto.folio.lower()} ": beto.id,
        world.people[1].qr_token or "": beto.id,
        world.people[1].short_code: beto.id,
    }
    for typed, key in meant.items():
        assert [one.id for one in await handover.scanned(world.training.id, typed)] == [key], typed
    for typed in ("", "hola", "0" * 14, stranger.qr_token or "", "🙂" * 200):
        with pytest.raises(handover.NothingScanned):
            await handover.scanned(world.training.id, typed)
    await revoke(ana.id, "prueba", actor=PROGRAM)
    with pytest.raises(handover.NothingToHandOver):
        await handover.scanned(world.training.id, world.people[0].short_code)


async def test_noted_twice_then_once_and_undone(db: Settings, freeze: Freeze) -> None:
    world = await handed_out(freeze)
    elsewhere = await make_held(4)
    ids = [one.id for one in world.papers]

    first = await handover.hand_over(world.training.id, ids[:2], HandedOver.LIST, actor=PROGRAM)
    again = await handover.hand_over(world.training.id, ids[:3], HandedOver.SCAN, actor=PROGRAM)
    foreign = await handover.hand_over(elsewhere.id, ids, HandedOver.LIST, actor=PROGRAM)

    assert [one.id for one in first.now] == ids[:2]
    assert ([one.id for one in again.now], [one.id for one in again.before]) == (ids[2:3], ids[:2])
    assert (foreign.now, foreign.before) == ([], [])
    assert await world.handed() == {"Ana": HandedOver.LIST, "Beto": HandedOver.LIST, "Cata": HandedOver.SCAN}
    assert len(await handover.take_back(world.training.id, ids[1:], actor=PROGRAM)) == 2
    assert await world.handed() == {"Ana": HandedOver.LIST}
    assert await AuditLine.filter(act="certificates.hand_over").count() == 3


async def test_undo_when_noted_long_ago_then_only_by_the_coordination(new_client: Browsers, freeze: Freeze) -> None:
    world = await handed_out(freeze)
    key = world.papers[0].id
    await handover.hand_over(world.training.id, [key], HandedOver.LIST, actor=PROGRAM)
    freeze(clock.now() + timedelta(days=1, minutes=1))
    assistant = await signed_in(new_client, world.cast.assistant)
    coordinator = await signed_in(new_client, world.cast.coordinator)

    refused = await assistant.post(f"{world.page}/deshacer", data={"diploma": str(key)})
    kept = await world.handed()
    undone = await coordinator.post(f"{world.page}/deshacer", data={"diploma": str(key)})

    assert (refused.status_code, "Pida a la coordinación" in refused.text) == (403, True)
    assert kept == {"Ana": HandedOver.LIST}
    assert (undone.status_code, await world.handed()) == (303, {})


async def test_page_then_by_code_by_rows_by_ticks_and_undone(new_client: Browsers, freeze: Freeze) -> None:
    world = await handed_out(freeze)
    browser = await signed_in(new_client, world.cast.assistant)
    sheet, page = str(world.sheet.id), world.page

    empty = await browser.post(page)
    unknown = await browser.post(f"{page}/codigo", data={"code": "hola"})
    scanned = await browser.post(f"{page}/codigo", data={"code": world.papers[3].code})
    shown = await browser.get(page)
    wrong = await browser.post(f"{page}/filas", data={"sheet": sheet, "rows": "1-40 menos 4, 9"})
    rows = await browser.post(f"{page}/filas", data={"sheet": sheet, "rows": "todas menos 2"})
    ticked = await browser.post(page, data={"diploma": str(world.papers[1].id)})
    all_done = await browser.get(page)
    undone = await browser.post(f"{page}/deshacer", data={"diploma": str(world.papers[1].id)})

    assert (empty.status_code, "No marcó a nadie." in empty.text) == (422, True)
    assert (unknown.status_code, "Ese código no es de un diploma" in unknown.text, 'value="hola"' in unknown.text) == (
        422,
        True,
        True,
    )
    assert (scanned.status_code, scanned.headers["location"]) == (303, page)
    assert "Listo. Se anotó 1 entrega." in shown.text
    assert "Lo último que se anotó Dora B. Diploma" in text_of(shown)
    assert (wrong.status_code, "La hoja no tiene fila 40" in wrong.text) == (422, True)
    assert (rows.status_code, ticked.status_code, undone.status_code) == (303, 303, 303)
    assert "Todos los diplomas están entregados." in all_done.text
    # By name the rows are Ana, Beto, Cata, Dora, who had hers already.
    assert await world.handed() == {"Ana": HandedOver.ROW, "Cata": HandedOver.ROW, "Dora": HandedOver.SCAN}


async def test_check_page_when_scanned_at_the_desk_then_one_tap_notes_it_and_strangers_see_nothing_of_it(
    new_client: Browsers, freeze: Freeze
) -> None:
    world = await handed_out(freeze)
    ana, cast = world.papers[0], world.cast
    check, page = f"/verificar/{ana.code}", f"/panel/diplomas/{ana.id}/entrega"
    assistant = await signed_in(new_client, cast.assistant)
    others = [cast.facilitator, cast.coordinator_elsewhere, cast.monitor, cast.platform]
    strangers = [new_client(), *[await signed_in(new_client, one) for one in others]]

    seen = await assistant.get(check)
    unseen = [await one.get(check) for one in strangers]
    forbidden = [(await one.post(page)).status_code for one in strangers]
    noted = await assistant.post(page)
    freeze(AFTER + timedelta(minutes=5))
    again = await assistant.post(page)
    shown, checked = await assistant.get(page), await assistant.get(check)

    assert "Usted es de la ventanilla" in seen.text
    assert f'action="{page}" method="post"' in seen.text
    assert "Queda a nombre de Luis Ba" in text_of(seen)
    assert {answer.headers["cache-control"] for answer in (seen, *unseen)} == {"no-store"}
    assert not any("ventanilla</h2>" in one.text or page in one.text for one in unseen)
    assert forbidden == [303, 403, 404, 403, 403], "sign in first; not their task; not their hub"
    assert [(one.status_code, one.headers["location"]) for one in (noted, again)] == [(303, page)] * 2
    assert await world.handed() == {"Ana": HandedOver.SCAN}
    assert "«Recibí conforme»: lo anotó Luis Ba, domingo 14 de marzo, 8:30 a. m." in text_of(shown)
    assert "Siguiente: escanee otro." in text_of(shown)
    assert "lo anotó Luis Ba, domingo 14 de marzo, 8:30 a. m. Ver o deshacer" in text_of(checked)
    assert not any("Luis Ba" in page.text for page in [await one.get(check) for one in strangers])

    undone = await assistant.post(f"{page}/deshacer")
    assert (undone.status_code, await world.handed()) == (303, {})
    assert "Anotar «recibí conforme»" in (await assistant.get(page)).text
    await revoke(ana.id, "prueba", actor=PROGRAM)
    refused = [await assistant.get(check), await assistant.post(page), await assistant.get(page)]
    assert await world.handed() == {}
    assert ["Está anulado: no lo entregue." in one.text for one in refused] == [True, False, True]


async def test_changed_after_printing_then_said_before_and_after_it_is_handed_over_by_each_road(
    new_client: Browsers, freeze: Freeze
) -> None:
    world = await handed_out(freeze)
    ana, beto, cata, _dora = world.papers
    await Certificate.all().update(printed_at=AFTER)
    freeze(AFTER + timedelta(minutes=5))
    for one in (ana, beto, cata):
        await file_of(one)
        await names.correct(one.registration_id, "María", "Coc Xol", ConfirmedHow.DESK, actor=PROGRAM)
    browser = await signed_in(new_client, world.cast.assistant)
    anew = f'href="/panel/capacitaciones/{world.training.id}/diplomas/imprimir?solo=cambiados"'
    said = "1 cambió después de imprimirlo: compruebe que tenga el papel nuevo."

    listed = await browser.get(world.page)
    checked = await browser.get(f"/verificar/{ana.code}")
    paper = await browser.get(f"/panel/diplomas/{ana.id}/entrega")
    await browser.post(f"/panel/diplomas/{ana.id}/entrega")
    noted = await browser.get(f"/panel/diplomas/{ana.id}/entrega")
    answers = []
    rows = {"sheet": str(world.sheet.id), "rows": "todas"}
    for road, data in (("/codigo", {"code": beto.code}), ("/filas", rows)):
        await browser.post(world.page + road, data=data)
        answers.append(await browser.get(world.page))
    await browser.post(f"{world.page}/deshacer", data={"diploma": str(cata.id)})
    await browser.post(world.page, data={"diploma": str(cata.id)})
    answers.append(await browser.get(world.page))
    await Certificate.all().update(printed_at=AFTER + timedelta(minutes=9))
    printed = await browser.get(world.page)

    assert text_of(listed).count("Cambió después de imprimirlo") == 3
    assert "3 cambiaron después de imprimirlos." in text_of(listed)
    assert anew in listed.text
    for page in (checked, paper, noted):
        assert "Cambió después de imprimirlo: compruebe que tenga el papel nuevo." in text_of(page)
    assert anew in paper.text
    assert [(said in text_of(page), anew in page.text) for page in answers] == [(True, True)] * 3
    assert not await Certificate.exists(handed_over_at=None), "nobody is held up"
    assert "después de imprimirlo" not in text_of(printed)


async def test_calling_order_then_by_community_the_nameless_last_and_annulled_ones_not(
    new_client: Browsers, freeze: Freeze
) -> None:
    world = await handed_out(freeze)
    await revoke(world.papers[1].id, "prueba", actor=PROGRAM)
    browser = await signed_in(new_client, world.cast.assistant)

    page = await browser.get(f"/panel/capacitaciones/{world.training.id}/ceremonia")
    await Certificate.filter(id=world.papers[0].id).update(erased_at=AFTER)
    later = await browser.get(f"/panel/capacitaciones/{world.training.id}/ceremonia")

    shown = text_of(page)
    folio = [one.folio for one in world.papers]
    assert "3 personas, 1 comunidad" in shown
    assert f"Las Pozas 2 Ana Coc {folio[0]} Cata Tut {folio[2]} Sin comunidad anotada 1 Dora Ba {folio[3]}" in shown
    assert "Beto" not in shown
    assert "Ana" not in text_of(later), "the name was removed from the paper"
    [line, _later] = await AuditLine.filter(act="certificates.open_ceremony")
    assert (line.actor_id, line.detail) == (world.cast.assistant.id, {"n": 3})


async def test_hand_over_list_when_three_have_the_same_initials_then_their_names_are_whole_and_that_is_logged(
    new_client: Browsers, freeze: Freeze
) -> None:
    world = await handed_out(freeze)
    same = ("Jom Ic Coc", "Juc Ixim Cal", "Jolomná Ico Chub")
    for surnames in same:
        one = await make_attendee(world.training, given_names="Óscar", surnames=surnames, community="Las Pozas")
        await issue(one.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    browser = await signed_in(new_client, world.cast.assistant)

    page = text_of(await browser.get(world.page))

    assert [f"Óscar {surnames} Las Pozas" in page for surnames in same] == [True] * 3
    assert ("Ana C. Las Pozas" in page, "Ana Coc" in page) == (True, False)
    assert await AuditLine.filter(act="names.open_same", object_id=world.training.id).count() == 1
