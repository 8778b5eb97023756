"""What the secret address opens: ticket, picture, calendar entry, corrections; and what it no longer does later."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO

import zxingcpp
from httpx2 import AsyncClient
from icalendar import Calendar
from PIL import Image

from tests import make
from tests.registrations.wishes import link_of, places_of, state_of
from tests.web.pages import Page
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.lib.dates import day_and_time
from trainings.registrations.models import HoldReason, OwnLink, Registration
from trainings.registrations.queries import LINK_DAYS
from trainings.registrations.seats import actions
from trainings.registrations.telling import changes
from trainings.schedule import actions as schedule
from trainings.schedule.models import PlaceShown, Training, TrainingSession
from trainings.settings import Settings

Freeze = Callable[[datetime], None]


async def page_of(client: AsyncClient, registration: Registration) -> Page:
    answer = await client.get(await link_of(registration))
    assert answer.status_code == 200
    return Page(answer.text)


async def test_ticket_shows_code_name_day_place_and_whom_to_call(client: AsyncClient) -> None:
    training = await make.make_training(bring="Lápiz y cuaderno")
    ana = await make.make_registration(training, given_names="Ana Lucía", surnames="Ba Coc")
    typed = (await link_of(ana)).removeprefix("/i/").lower().replace("0", "o").replace("1", "l")

    page, forgiven = await page_of(client, ana), await client.get(f"/i/{typed}")
    form = await client.get(f"/capacitaciones/{training.slug}/inscripcion")

    assert forgiven.status_code == 200
    [place] = re.findall("abra «([^»]+)» y escriba el código", page.text)
    assert f"<summary>{place}</summary>" in form.text, "where the next form asks for the code"
    for words in (
        "Listo, ya tiene su lugar",
        "Ana Lucía Ba Coc",
        tokens.show_short_code(ana.short_code),
        "8:30\xa0a.\xa0m.",
        "Salón municipal, Barrio El Centro, La Libertad, Petén",
        "Qué traer: Lápiz y cuaderno",
        "7900 1234",
    ):
        assert words in page.text, words
    assert page.one("svg", **{"class": "qr"})["aria-label"] == "Código QR del boleto de Ana Lucía Ba Coc"
    assert "og:title" not in page.source


UNKNOWN: list[str] = ["0" * 32, "x", "%00", "%ff", "0" * 5000, "á" * 32, "..%2f..%2fetc"]


async def test_unknown_tokens_are_one_and_the_same_404(client: AsyncClient) -> None:
    unknown = await client.get(f"/i/{'7' * 32}")
    base = await link_of(await make.make_registration(await make.make_training()))
    link = await OwnLink.get()
    link.revoked_at = link.created_at
    await link.save(update_fields=["revoked_at"])

    for token in (*UNKNOWN, base.removeprefix("/i/")):
        answer = await client.get(f"/i/{token}")

        assert (answer.status_code, unknown.status_code) == (404, 404), token
        assert answer.text == unknown.text, token
        for verb in ("nombre", "apoyo", "cancelar", "volver"):
            assert (await client.post(f"/i/{token}/{verb}", data={})).status_code == 404
        for file in ("boleto.png", "boleto.svg", "evento.ics", "cancelar"):
            assert (await client.get(f"/i/{token}/{file}")).status_code == 404


# -- states


async def test_who_waits_sees_the_number_and_no_code(client: AsyncClient) -> None:
    training = await make.make_training(capacity=1)
    for name in ("Ana", "Berta"):
        await make.make_registration(training, given_names=name, phone="+50255551234")
    cruz = await make.make_registration(training, given_names="Cruz")
    [berta] = await Registration.filter(participant__given_names="Berta")

    page, of_first = await page_of(client, cruz), await page_of(client, berta)

    assert "Es la primera persona de la lista." in of_first.text
    assert "es suyo: le avisamos, y su boleto aparece en esta página." in of_first.text
    assert "Su número en la lista es 2." in page.text
    assert "Como no dejó teléfono ni correo, ábrala de vez en cuando." in page.text
    assert not page.all("svg", **{"class": "qr"})
    base = await link_of(cruz)
    for file in ("boleto.png", "boleto.svg", "evento.ics"):
        assert (await client.get(f"{base}/{file}")).status_code == 404


async def test_called_off_after_a_move_that_nobody_was_told_of_says_the_day_that_people_know(
    client: AsyncClient,
) -> None:
    training = await make.make_training()
    ana = await make.make_registration(training)
    [session] = training.sessions
    known, new = session.starts_at, session.starts_at + timedelta(days=2)
    await rescheduling.move(session.id, new, new + timedelta(hours=4), session.venue_id, actor=PROGRAM)
    beto = await make.make_registration(training, given_names="Beto")

    await rescheduling.call_off(training.id, "Lluvia.", actor=PROGRAM)

    of_ana, of_beto = await page_of(client, ana), await page_of(client, beto)
    assert day_and_time(known, "es") in of_ana.text
    assert day_and_time(new, "es") not in of_ana.text
    assert day_and_time(new, "es") in of_beto.text, "who signed up after the move was shown the new day"


async def test_held_cancelled_called_off_and_over_say_so(client: AsyncClient, freeze: Freeze) -> None:
    training = await make.make_training()
    held = await make.make_registration(training, given_names="Ana", hold_reason=HoldReason.REVIEW)
    gone = await make.make_registration(training, given_names="Berta")
    await actions.cancel(gone.id, actor=HOLDER_OF_LINK)
    off = await make.make_training()
    lost = await make.make_registration(off)
    await changes.call_off_training(off.id, "No hay quien facilite ese día.", actor=PROGRAM)
    seated = await make.make_registration(training, given_names="Cruz")

    assert "Recibimos su inscripción" in (await page_of(client, held)).text
    cancelled = await page_of(client, gone)
    assert "Esta inscripción está cancelada" in cancelled.text
    assert cancelled.one("form", method="post")["action"] == f"{await link_of(gone)}/volver"
    called_off = await page_of(client, lost)
    assert "No hay quien facilite ese día." in called_off.text
    assert not called_off.all("svg", **{"class": "qr"})
    assert not called_off.all("form", method="post")
    freeze(training.sessions[0].ends_at)
    assert "Esta capacitación ya terminó" in (await page_of(client, seated)).text


async def test_protected_place_is_told_only_to_who_has_a_place(client: AsyncClient) -> None:
    training = await make.make_training(
        capacity=1, place_shown=PlaceShown.AFTER_CONFIRMATION, neutral_title="Reunión en la municipalidad"
    )
    seated = await make.make_registration(training, given_names="Ana")
    waits = await make.make_registration(training, given_names="Berta")

    told, untold = await page_of(client, seated), await page_of(client, waits)

    assert "Salón municipal, Barrio El Centro" in told.text
    assert "Salón municipal" not in untold.text
    assert "El lugar exacto se ve aquí cuando tenga su lugar." in untold.text
    for page in (told, untold):
        assert "Reunión en la municipalidad" in page.text
        assert training.title not in page.text
    entry = await client.get(f"{await link_of(seated)}/evento.ics")
    assert training.title not in entry.text


async def test_who_waits_is_not_told_that_a_protected_training_is_held_online(client: AsyncClient) -> None:
    training = await make.make_training(
        capacity=1, place_shown=PlaceShown.AFTER_CONFIRMATION, online_url="https://reunion.example/abc"
    )
    await Training.filter(id=training.id).update(venue_id=None)
    await TrainingSession.filter(training_id=training.id).update(venue_id=None)
    seated = await make.make_registration(training, given_names="Ana")
    waits = await make.make_registration(training, given_names="Berta")

    told, untold = await page_of(client, seated), await page_of(client, waits)

    assert "En línea" in told.text
    assert "En línea" not in untold.text
    assert "La Libertad, Petén" in untold.text


# -- keeping the ticket


async def test_picture_is_read_by_a_scanner_says_when_in_words_and_is_small(client: AsyncClient) -> None:
    training = await make.make_training(title="Primeros auxilios psicológicos para personas migrantes y sus familias")
    ana = await make.make_registration(training, given_names="María de los Ángeles", surnames="Caal Tzʼunun")

    answer = await client.get(f"{await link_of(ana)}/boleto.png")

    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == 'attachment; filename="boleto.png"'
    assert len(answer.content) < 25_000
    [read] = zxingcpp.read_barcodes(Image.open(BytesIO(answer.content)))
    assert read.text == ana.qr_token
    drawing = await client.get(f"{await link_of(ana)}/boleto.svg")
    assert (drawing.headers["content-type"], drawing.text[:5]) == ("image/svg+xml", "<svg ")
    assert "Caal" not in drawing.text


async def test_page_and_calendar_entry_hold_every_session_with_what_was_cancelled_and_nobody_else(
    client: AsyncClient,
) -> None:
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (1, 8, 15)]
    training = await make.make_training(sessions=days)
    ana = await make.make_registration(training, email="ana@example.org")
    await schedule.cancel_session(training.sessions[1].id, actor=PROGRAM)

    page, answer = await page_of(client, ana), await client.get(f"{await link_of(ana)}/evento.ics")

    assert page.text.count("8:00\xa0a.\xa0m. a 12:00\xa0p.\xa0m.") == 3
    assert len(page.all("s")) == 1
    assert page.text.count("Salón municipal") == 1
    events = Calendar.from_ical(answer.content).events
    assert [str(event["STATUS"]) for event in events] == ["CONFIRMED", "CANCELLED", "CONFIRMED"]
    assert [event.start for event in events] == [start for start, _end in days]
    assert "ATTENDEE" not in answer.text
    assert "ana@example.org" not in answer.text


# -- corrections


async def test_name_is_corrected_and_shown_and_a_wrong_one_is_told_at_its_field_and_kept(client: AsyncClient) -> None:
    ana = await make.make_registration(await make.make_training())
    base = await link_of(ana)

    wrong = await client.post(f"{base}/nombre", data={"given_names": "Nueva", "surnames": ""})
    answer = await client.post(f"{base}/nombre", data={"given_names": "Ana", "surnames": "Tz’ib"})

    assert (answer.status_code, answer.headers["location"]) == (303, base)
    page = Page((await client.get(base)).text)
    assert "Ana Tz’ib" in page.text
    assert "Listo. Así se escribirá su nombre en el diploma." in page.text
    [line] = await AuditLine.filter(act="registrations.rename")
    assert line.actor_role == "holder"
    page = Page(wrong.text)
    assert wrong.status_code == 422
    assert page.one("input", name="given_names")["value"] == "Nueva"
    assert page.one("input", name="surnames")["aria-invalid"] == "true"
    assert "open" in page.all("details")[0]
    assert page.text.lstrip().startswith("Error: ")


async def test_needs_are_changed_and_taken_back(client: AsyncClient) -> None:
    ana = await make.make_registration(await make.make_training(), needs=("ramp",))
    base = await link_of(ana)
    assert [box["value"] for box in (await page_of(client, ana)).all("input", name="needs") if "checked" in box] == [
        "ramp"
    ]

    await client.post(f"{base}/apoyo", data={"needs": ["food", "interpreter"]})
    assert (await Registration.get(id=ana.id)).needs == "food,interpreter"
    await client.post(f"{base}/apoyo", data={})
    assert (await Registration.get(id=ana.id)).needs is None
    assert (await client.post(f"{base}/apoyo", data={"needs": "piscina"})).status_code == 422


async def test_cancelling_asks_first_and_only_the_button_acts(client: AsyncClient) -> None:
    training = await make.make_training()
    ana = await make.make_registration(training)
    base = await link_of(ana)

    asked = await client.get(f"{base}/cancelar")
    assert "¿Ya no puede ir?" in asked.text
    assert await state_of(ana) == "confirmed"
    answer = await client.post(f"{base}/cancelar")

    assert answer.headers["location"] == base
    assert await state_of(ana) == "cancelled"
    assert await places_of(training) == (0, 0)
    assert (await client.get(f"{base}/cancelar")).headers["location"] == base
    assert (await client.post(f"{base}/volver")).headers["location"] == base
    assert await state_of(ana) == "confirmed"


# -- thirty days after


async def test_link_shows_only_certificates_thirty_days_after_the_last_session(
    client: AsyncClient, freeze: Freeze, db: Settings
) -> None:
    training = await make.make_training()
    ana = await make.make_registration(training, given_names="Ana Lucía", surnames="Ba Coc")
    base = await link_of(ana)
    end = training.sessions[0].ends_at

    freeze(end + LINK_DAYS)
    assert "Ana Lucía Ba Coc" in (await client.get(base)).text
    freeze(end + LINK_DAYS + timedelta(seconds=1))

    page = Page((await client.get(base)).text)
    assert "Aquí quedan sus diplomas." in page.text
    assert "Ana Lucía" not in page.text
    assert tokens.show_short_code(ana.short_code) not in page.text
    assert not page.all("form", method="post")
    for file in ("boleto.png", "boleto.svg", "evento.ics"):
        assert (await client.get(f"{base}/{file}")).status_code == 404
    for verb in ("nombre", "apoyo", "cancelar", "volver"):
        answer = await client.post(f"{base}/{verb}", data={"given_names": "X", "surnames": "Y"})
        assert answer.status_code == 409
    assert (await Registration.get(id=ana.id).prefetch_related("participant")).participant.given_names == "Ana Lucía"
