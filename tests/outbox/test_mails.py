"""What people are told about their sign-up, in their language, and nothing that anybody typed."""

from __future__ import annotations

import re

import pytest
from icalendar import Calendar
from tortoise.connection import get_connection

from tests import make
from tests.outbox.told import (
    FRIDAY,
    Freeze,
    a_training,
    change,
    everything,
    last_mail,
    received,
    tell,
    token_of,
)
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import OutboxJob
from trainings.people.models import ConsentHow, Participant
from trainings.registrations.models import OwnLink, RegistrationState
from trainings.registrations.seats import actions
from trainings.registrations.telling.mails import KINDS
from trainings.schedule.models import PlaceShown, TrainingSession
from trainings.settings import Settings
from trainings.web.i18n import speaking


@pytest.fixture(autouse=True)
def _on_friday(freeze: Freeze) -> None:
    freeze(FRIDAY)


KINDS_WITHOUT_A_PLACE = (
    *("training_changed", "training_cancelled"),
    *("registration_cancelled", "registration_held", "registration_rejected"),
)


# -- what stands in them


async def test_confirmation_tells_all_that_one_needs_at_the_door(db: Settings) -> None:
    training = await a_training(bring="cuaderno y lápiz")
    registration = await make.make_registration(training, email="ana@x.example")

    mail = await last_mail("registration_confirmed")

    assert mail.to == "ana@x.example"
    assert mail.subject == "Su inscripción está confirmada: sábado 6 de marzo, 8:30 a. m."
    assert not mail.is_overtaken
    code = registration.short_code
    for body in (mail.text, mail.html.replace("&nbsp;", " ").replace("\xa0", " ")):
        assert training.title in body
        assert "sábado, 6 de marzo de 2027, de 8:30 a. m. a 12:30 p. m." in body
        assert "Salón municipal, Barrio El Centro, La Libertad, Petén" in body
        assert "cuaderno y lápiz" in body
        assert f"{code[:4]}-{code[4:8]}-{code[8:]}" in body
        assert f"http://localhost:8000/i/{await token_of(registration)}" in body
        assert "7900 1234" in body
        assert "M. E. C. T." in body


async def test_no_row_of_the_outbox_holds_a_link_an_address_or_a_name(db: Settings) -> None:
    training = await a_training(capacity=1)
    first = await make.make_registration(training, email="ana@x.example")
    await make.make_registration(training, email="beto@x.example", given_names="Beto", surnames="Coc")
    await tell(first, "own_link_again")

    rows = await get_connection("default").execute_query_dict("SELECT * FROM outbox_job")

    kept = repr(rows)
    assert len(rows) == 3
    for link in await OwnLink.all():
        assert link.token
        assert link.token not in kept
    for secret in ("x.example", "Caal", "Beto", first.short_code, "/i/"):
        assert secret not in kept


async def test_neutral_title_is_the_only_one_told(db: Settings) -> None:
    training = await a_training(title="Trata de personas: denuncia", neutral_title="Reunión del sábado")
    await make.make_registration(training, email="ana@x.example")

    told = everything(await last_mail("registration_confirmed"))

    assert told.count("Reunión del sábado") >= 4
    assert "Trata" not in told
    assert "trata" not in told.lower().replace("contrata", "")


async def test_protected_place_is_told_to_people_with_a_place_only(db: Settings) -> None:
    training = await a_training(capacity=1, place_shown=PlaceShown.AFTER_CONFIRMATION)
    await make.make_registration(training, email="ana@x.example")
    await make.make_registration(training, email="beto@x.example", given_names="Beto", surnames="Coc")

    confirmed = everything(await last_mail("registration_confirmed"))
    waiting = everything(await last_mail("registration_waitlisted"))

    assert confirmed.count("Salón municipal") >= 3
    assert "Salón municipal" not in waiting
    assert "Barrio El Centro" not in waiting
    assert "La Libertad, Petén" in waiting


async def test_protected_place_is_told_to_nobody_without_a_place(sqlite_db: Settings) -> None:
    training = await a_training(place_shown=PlaceShown.AFTER_CONFIRMATION)
    registration = await make.make_registration(training, email="ana@x.example")
    await change(registration, RegistrationState.CANCELLED)

    told = [await tell(registration, kind) for kind in KINDS_WITHOUT_A_PLACE]

    assert [mail.subject for mail in told if "Salón municipal" in mail.text + mail.html] == []


@pytest.mark.parametrize("shown", list(PlaceShown))
async def test_online_link_is_told_to_people_with_a_place_only(sqlite_db: Settings, shown: PlaceShown) -> None:
    training = await a_training(capacity=1, online_url="https://reunion.example/abc", place_shown=shown)
    training.venue_id = None
    await training.save(update_fields=["venue_id"])
    await TrainingSession.filter(training_id=training.id).update(venue_id=None)
    await make.make_registration(training, email="ana@x.example")
    await make.make_registration(training, email="beto@x.example", given_names="Beto", surnames="Coc")

    waiting = everything(await last_mail("registration_waitlisted"))
    assert "https://reunion.example/abc" in everything(await last_mail("registration_confirmed"))
    assert "reunion.example" not in waiting
    assert ("En línea" in waiting) is (shown is PlaceShown.PUBLIC)


# -- what anybody may have typed


async def test_name_travels_in_no_message(sqlite_db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    hostile = {
        "given_names": "Ana\r\nBcc: todos@malo.example\r\nGane dinero en https://malo.example",
        "surnames": '"><img src=x onerror=alert(1)><script>alert(1)</script>\r\nBEGIN:VEVENT\r\nUID:malo',
    }
    await Participant.filter(id=registration.participant_id).update(**hostile)

    mail = await last_mail("registration_confirmed")

    told = everything(mail)
    assert received(mail)["Bcc"] is None
    assert [part for part in ("malo", "<script", "<img", "alert(", "dinero") if part in told] == []


async def test_title_is_shown_exactly_and_escaped(db: Settings) -> None:
    title = 'Ruta de niñez <b>«q’eqchi’»</b> & "más"; coma, fin\\'
    await make.make_registration(await a_training(title=title), email="ana@x.example")

    mail = await last_mail("registration_confirmed")

    assert title in mail.text
    assert "Ruta de niñez &lt;b&gt;«q’eqchi’»&lt;/b&gt; &amp;" in mail.html
    assert mail.invitation
    [event] = Calendar.from_ical(mail.invitation.content).walk("VEVENT")
    assert str(event["SUMMARY"]) == title


# -- languages


@pytest.mark.parametrize("lang", ["es-GT", "en"])
async def test_every_kind_of_message_is_complete_and_asks_for_nothing_from_elsewhere(
    sqlite_db: Settings, lang: str
) -> None:
    """Nor do its subject and sender, which others see on the screen, say what it is about."""
    with speaking(lang):
        registration = await make.make_registration(await a_training(), email="ana@x.example")
    day = "Saturday, 6 March 2027" if lang == "en" else "sábado, 6 de marzo de 2027"

    for kind in KINDS:
        mail = await tell(registration, kind)
        message = received(mail)

        text, html = message.get_body(("plain",)), message.get_body(("html",))
        assert text, kind
        assert html, kind
        assert message["Content-Language"] == lang, kind
        assert f'<html lang="{lang}">' in html.get_content(), kind
        for body in (text.get_content(), html.get_content()):
            assert day in body, kind
            assert "{{" not in body, kind
            assert "%(" not in body, kind
        assert "migra" not in f"{message['Subject']} {message['From']}".lower(), kind
        assert "riesgos" not in message["Subject"].lower(), kind
        assert re.findall(r"(?:src|background)=|url\(|@import|<img|<link|<script", mail.html) == [], kind
        own_link = f"http://localhost:8000/i/{await token_of(registration)}"
        assert set(re.findall(r'href="([^"]*)"', mail.html)) <= {own_link, "tel:+50279001234"}, kind
        assert len(mail.html.encode()) < 20_000, kind


@pytest.mark.parametrize(
    ("of_page", "how", "of_staff", "wanted"),
    [
        ("en", ConsentHow.FORM, "es-GT", "en"),
        ("es-GT", ConsentHow.FORM, "en", "es-GT"),
        ("en", ConsentHow.READ_ALOUD, "en", "es-GT"),
    ],
)
async def test_messages_speak_the_language_that_their_reader_read_and_not_that_of_who_causes_them(
    db: Settings, of_page: str, how: ConsentHow, of_staff: str, wanted: str
) -> None:
    training = await a_training(approval_required=True)
    with speaking(of_page):
        registration = await make.make_registration(training, email="ana@x.example", consent_how=how)

    with speaking(of_staff):
        await actions.approve(registration.group_id, actor=PROGRAM)
        confirmed = await last_mail("registration_confirmed")
        changed = await tell(registration, "training_changed")

    assert [confirmed.lang, changed.lang] == [wanted, wanted]
    assert ("Saturday, 6 March 2027" in changed.text) == (wanted == "en")
    assert {job.lang for job in await OutboxJob.all()} == {""}
