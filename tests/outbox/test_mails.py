"""What people are told about their sign-up: true when it leaves, in their language, and nothing that is not theirs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from icalendar import Calendar
from tortoise.connection import get_connection

from tests import make
from trainings import clock, jobs
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import transaction
from trainings.lib.tokens import certificate_code, own_link, uuid7
from trainings.outbox.mailer import Mail, build
from trainings.outbox.models import OutboxJob, Outcome
from trainings.people.models import Participant
from trainings.registrations.mails import KINDS
from trainings.registrations.messages import announce
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationState
from trainings.schedule.models import PlaceShown, SessionState, Training, TrainingSession, TrainingState
from trainings.settings import Settings, get_settings
from trainings.web.i18n import speaking

SATURDAY = datetime.fromisoformat("2027-03-06T14:30:00+00:00")
FRIDAY = SATURDAY - timedelta(days=1)
FOUR_HOURS = timedelta(hours=4)

Freeze = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def _on_friday(freeze: Freeze) -> None:
    freeze(FRIDAY)


async def a_training(n_sessions: int = 1, **columns: Any) -> Training:
    """On Saturday morning, and on the following Saturdays."""
    starts = [SATURDAY + timedelta(weeks=n) for n in range(n_sessions)]
    return await make.make_training(sessions=[(one, one + FOUR_HOURS) for one in starts], **columns)


async def last_job(kind: str) -> OutboxJob:
    job = await OutboxJob.filter(kind=kind).order_by("-id").first()
    assert job
    return job


async def last_mail(kind: str) -> Mail:
    job = await last_job(kind)
    mail = await jobs.COMPOSERS[kind](job)
    assert mail
    return mail


async def tell(registration: Registration, kind: str) -> Mail:
    """Announce and compose at once."""
    await registration.fetch_related("participant", "training")
    async with transaction():
        await announce(registration, registration.participant, registration.training, kind)
    return await last_mail(kind)


async def change(registration: Registration, state: RegistrationState) -> None:
    registration.state = state
    if state is RegistrationState.CANCELLED:
        registration.cancelled_at = clock.now()
    await registration.save(update_fields=["state", "cancelled_at"])


async def token_of(registration: Registration) -> str:
    token = (await OwnLink.get(registration_id=registration.id, revoked_at=None)).token
    assert token
    return token


def received(mail: Mail) -> EmailMessage:
    """The message as a reader gets it."""
    sent = build(mail, sender=get_settings().mail_from, message_id="1@v.example", date=clock.now()).as_bytes()
    message = message_from_bytes(sent, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def everything(mail: Mail) -> str:
    """All that is readable in a message, decoded."""
    parts = [part for part in received(mail).walk() if not part.is_multipart()]
    bodies = [part.get_payload(decode=True).decode() for part in parts]  # type: ignore[union-attr]
    return "\n".join([*(f"{name}: {value}" for name, value in received(mail).items()), *bodies]).replace("\r\n ", "")


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


async def test_subject_and_sender_say_nothing_about_the_subject_matter(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")

    for kind in KINDS:
        message = received(await tell(registration, kind))
        assert "migra" not in f"{message['Subject']} {message['From']}".lower()
        assert "riesgos" not in message["Subject"].lower()


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


@pytest.mark.parametrize(
    "kind", ["training_changed", "training_cancelled", "registration_cancelled", "registration_held"]
)
async def test_protected_place_is_told_to_nobody_without_a_place(sqlite_db: Settings, kind: str) -> None:
    training = await a_training(place_shown=PlaceShown.AFTER_CONFIRMATION)
    registration = await make.make_registration(training, email="ana@x.example")
    await change(registration, RegistrationState.CANCELLED)

    told = await tell(registration, kind)

    assert "Salón municipal" not in told.text + told.html


async def test_online_link_is_told_to_people_with_a_place_only(db: Settings) -> None:
    training = await a_training(capacity=1, online_url="https://reunion.example/abc")
    training.venue_id = None
    await training.save(update_fields=["venue_id"])
    await TrainingSession.filter(training_id=training.id).update(venue_id=None)
    await make.make_registration(training, email="ana@x.example")
    await make.make_registration(training, email="beto@x.example", given_names="Beto", surnames="Coc")

    assert "https://reunion.example/abc" in everything(await last_mail("registration_confirmed"))
    assert "reunion.example" not in everything(await last_mail("registration_waitlisted"))


# -- what anybody may have typed


HOSTILE = [
    ("Ana\r\nBcc: todos@malo.example", "Coc"),
    ("Gane dinero en https://malo.example", "<script>alert(1)</script>"),
    ('"><img src=x onerror=alert(1)>', "BEGIN:VEVENT\r\nUID:malo"),
]


@pytest.mark.parametrize(("given_names", "surnames"), HOSTILE)
async def test_name_travels_in_no_message(sqlite_db: Settings, given_names: str, surnames: str) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    await Participant.filter(id=registration.participant_id).update(given_names=given_names, surnames=surnames)

    message = everything(await last_mail("registration_confirmed"))

    assert received(await last_mail("registration_confirmed"))["Bcc"] is None
    for part in ("malo", "<script", "<img", "alert(", "dinero"):
        assert part not in message


async def test_title_is_shown_exactly_and_escaped(db: Settings) -> None:
    title = 'Ruta de niñez <b>«q’eqchi’»</b> & "más"; coma, fin\\'
    await make.make_registration(await a_training(title=title), email="ana@x.example")

    mail = await last_mail("registration_confirmed")

    assert title in mail.text
    assert "Ruta de niñez &lt;b&gt;«q’eqchi’»&lt;/b&gt; &amp;" in mail.html
    assert mail.invitation
    [event] = Calendar.from_ical(mail.invitation.content).walk("VEVENT")
    assert str(event["SUMMARY"]) == title


async def test_html_asks_for_nothing_from_elsewhere(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")

    for kind in KINDS:
        html = (await tell(registration, kind)).html
        assert re.findall(r"(?:src|background)=|url\(|@import|<img|<link|<script", html) == []
        assert set(re.findall(r'href="([^"]*)"', html)) <= {
            f"http://localhost:8000/i/{await token_of(registration)}",
            "tel:+50279001234",
        }
        assert len(html.encode()) < 20_000


# -- languages


@pytest.mark.parametrize("kind", [*KINDS])
@pytest.mark.parametrize("lang", ["es-GT", "en"])
async def test_every_kind_of_message_is_complete_in_both_languages(sqlite_db: Settings, kind: str, lang: str) -> None:
    with speaking(lang):
        registration = await make.make_registration(await a_training(), email="ana@x.example")

    message = received(await tell(registration, kind))

    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text
    assert html
    assert message["Content-Language"] == lang
    assert f'<html lang="{lang}">' in html.get_content()
    day = "Saturday, 6 March 2027" if lang == "en" else "sábado, 6 de marzo de 2027"
    for body in (text.get_content(), html.get_content()):
        assert day in body
        assert "{{" not in body
        assert "%(" not in body


async def test_message_that_staff_cause_speaks_the_language_of_the_sign_up(db: Settings) -> None:
    with speaking("en"):
        registration = await make.make_registration(await a_training(), email="ana@x.example")

    mail = await tell(registration, "training_changed")

    assert (await last_job("training_changed")).lang == "es-GT"
    assert mail.lang == "en"
    assert "Saturday, 6 March 2027" in mail.text


# -- what no longer holds


async def call_off(registration: Registration) -> None:
    await Training.filter(id=registration.training_id).update(state=TrainingState.CANCELLED)


async def cancel(registration: Registration) -> None:
    await change(registration, RegistrationState.CANCELLED)


async def put_on_waiting_list(registration: Registration) -> None:
    await change(registration, RegistrationState.WAITLISTED)


async def leave(_registration: Registration) -> None:
    """Nothing happens meanwhile."""


@pytest.mark.parametrize(
    ("kind", "meanwhile", "is_overtaken"),
    [
        ("registration_confirmed", leave, False),
        ("registration_confirmed", cancel, True),
        ("registration_confirmed", call_off, True),
        ("registration_confirmed", put_on_waiting_list, True),
        ("registration_promoted", leave, False),
        ("registration_promoted", cancel, True),
        ("registration_waitlisted", put_on_waiting_list, False),
        ("registration_waitlisted", leave, True),
        ("registration_held", leave, True),
        ("registration_cancelled", cancel, False),
        ("registration_cancelled", leave, True),
        ("training_cancelled", call_off, False),
        ("training_cancelled", leave, True),
        ("training_changed", leave, False),
        ("training_changed", put_on_waiting_list, False),
        ("training_changed", cancel, True),
        ("training_changed", call_off, True),
        ("own_link_again", leave, False),
        ("own_link_again", cancel, False),
    ],
)
async def test_message_is_sent_only_while_it_holds(
    sqlite_db: Settings, kind: str, meanwhile: Callable[[Registration], Awaitable[None]], is_overtaken: bool
) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    await tell(registration, kind)

    await meanwhile(registration)

    assert (await last_mail(kind)).is_overtaken is is_overtaken


async def test_confirmation_of_what_is_over_is_not_sent(db: Settings, freeze: Freeze) -> None:
    await make.make_registration(await a_training(), email="ana@x.example")
    freeze(SATURDAY + FOUR_HOURS)

    assert (await last_mail("registration_confirmed")).is_overtaken


async def test_of_two_waiting_messages_of_a_kind_only_the_later_is_sent(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    await tell(registration, "training_changed")
    first = await last_job("training_changed")
    await tell(registration, "training_changed")
    second = await last_job("training_changed")
    compose = jobs.COMPOSERS["training_changed"]

    earlier, later = await compose(first), await compose(second)

    assert earlier
    assert later
    assert (earlier.is_overtaken, later.is_overtaken) == (True, False)
    await OutboxJob.filter(id=second.id).update(stopped_at=clock.now())
    again = await compose(first)
    assert again
    assert not again.is_overtaken


# -- to whom


async def test_nobody_without_an_address_is_written_to(db: Settings) -> None:
    training = await a_training()
    await make.make_registration(training, phone="55551234")
    assert await OutboxJob.all().count() == 0

    registration = await make.make_registration(training, email="ana@x.example", given_names="Ana")
    registration.participant.email = None
    await registration.participant.save(update_fields=["email"])

    job = await last_job("registration_confirmed")
    assert await jobs.COMPOSERS[job.kind](job) is None


async def test_revoked_link_is_not_sent(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    old = await token_of(registration)
    await OwnLink.filter(registration_id=registration.id).update(revoked_at=clock.now())
    new = await a_link(registration, LinkScope.PERSON)

    told = everything(await last_mail("registration_confirmed"))

    assert old not in told
    assert new in told


async def test_link_of_a_group_goes_to_who_filled_the_form_only(db: Settings) -> None:
    training = await a_training()
    first = await make.make_registration(training, email="ana@x.example")
    second = await make.make_registration(training, email="beto@x.example", given_names="Beto")
    await OwnLink.all().delete()
    await Registration.filter(id=second.id).update(group_id=first.group_id)
    token = await a_link(first, LinkScope.GROUP)

    assert token in (await tell(first, "own_link_again")).text
    to_other = await tell(second, "own_link_again")
    assert "/i/" not in to_other.text + to_other.html
    assert to_other.is_overtaken


async def a_link(registration: Registration, scope: LinkScope) -> str:
    token = own_link()
    await OwnLink.create(
        token_hash=token,
        token=token,
        scope=scope,
        group_id=registration.group_id,
        registration_id=registration.id if scope is LinkScope.PERSON else None,
    )
    return token


async def test_certificate_is_announced_with_link_and_check_address(db: Settings, freeze: Freeze) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    certificate = await a_certificate(registration)
    freeze(SATURDAY + timedelta(days=2))

    mail = await compose_ready(certificate)

    assert mail.subject == "Su diploma está listo"
    assert not mail.is_overtaken
    assert mail.invitation is None
    for body in (mail.text, mail.html):
        assert f"http://localhost:8000/i/{await token_of(registration)}" in body
        assert f"http://localhost:8000/verificar/{certificate.code}" in body
        assert "M. E. C. T." in body
    await Certificate.filter(id=certificate.id).update(state=CertificateState.REVOKED)
    assert (await compose_ready(certificate)).is_overtaken


async def compose_ready(certificate: Certificate) -> Mail:
    job = await OutboxJob.create(
        kind="certificate_ready",
        payload={"certificate_id": str(certificate.id)},
        subject_id=certificate.registration_id,
        dedup=str(uuid7()),
        run_at=clock.now(),
    )
    mail = await jobs.COMPOSERS["certificate_ready"](job)
    assert mail
    return mail


async def a_certificate(registration: Registration) -> Certificate:
    hub = await make.make_hub()
    return await Certificate.create(
        registration_id=registration.id,
        kind=CertificateKind.DIPLOMA,
        state=CertificateState.VALID,
        operator_id=hub.operator_id,
        hub_id=hub.id,
        year=2027,
        number=1,
        folio="VIMMIG-1705-2027-000001",
        code=certificate_code(),
        printed_name="María Elena Caal Tzib",
        initials="M. E. C. T.",
        title="Riesgos",
        minutes=240,
        held_on=SATURDAY.date(),
        issuer="Municipalidad de La Libertad",
        sheet={},
        issued_at=clock.now(),
    )


# -- the reader's calendar


def appointments(mail: Mail) -> list[Any]:
    """The events of all objects of a message, each read by a reader's library, with its METHOD."""
    objects = [mail.invitation.content] if mail.invitation else []
    objects += [file.content for file in mail.attachments]
    read = [Calendar.from_ical(one) for one in objects]
    assert all(not calendar.errors for calendar in read)
    return [(str(calendar["METHOD"]), event) for calendar in read for event in calendar.walk("VEVENT")]


async def test_confirmation_invites_to_the_session_as_itip_asks(db: Settings) -> None:
    training = await a_training()
    [session] = training.sessions
    registration = await make.make_registration(training, email="ana@x.example")

    message = received(await last_mail("registration_confirmed"))

    alternative, attached = message.iter_parts()
    assert isinstance(alternative, EmailMessage)
    calendar = list(alternative.iter_parts())[-1]
    assert calendar["Content-Type"].params["method"] == "REQUEST"
    content = calendar.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert content == attached.get_payload(decode=True)
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 75
    read = Calendar.from_ical(content)
    [event] = read.walk("VEVENT")
    assert read["METHOD"] == "REQUEST"
    assert "UID" not in read
    assert len(read.walk("VTIMEZONE")) == 1
    assert event["UID"] == f"insc-{registration.id}-{session.id}@{get_settings().uid_domain}"
    assert (event["SEQUENCE"], event["STATUS"], str(event["SUMMARY"])) == (0, "CONFIRMED", training.title)
    assert event.decoded("DTSTART") == SATURDAY
    assert event.decoded("DTEND") == SATURDAY + FOUR_HOURS
    assert event["DTSTART"].params["TZID"] == "America/Guatemala"
    assert event["ORGANIZER"] == f"mailto:{message['From'].addresses[0].addr_spec}"
    assert not isinstance(event["ATTENDEE"], list)
    assert event["ATTENDEE"] == "mailto:ana@x.example"
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"
    assert event["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert "/i/" not in content.decode()


async def test_cancellation_takes_the_same_entry_out(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    [(_method, before)] = appointments(await last_mail("registration_confirmed"))
    await change(registration, RegistrationState.CANCELLED)

    mail = await tell(registration, "registration_cancelled")

    [(method, event)] = appointments(mail)
    assert (method, event["STATUS"]) == ("CANCEL", "CANCELLED")
    assert mail.invitation
    assert mail.invitation.method == "CANCEL"
    assert event["UID"] == before["UID"]
    assert event["SEQUENCE"] > before["SEQUENCE"]
    assert str(event["SUMMARY"]).startswith("CANCELADA: ")


async def test_cancelled_training_takes_its_entries_out(db: Settings) -> None:
    registration = await make.make_registration(await a_training(2), email="ana@x.example")
    before = appointments(await last_mail("registration_confirmed"))
    await call_off(registration)

    after = appointments(await tell(registration, "training_cancelled"))

    assert [(method, event["UID"]) for method, event in after] == [("CANCEL", event["UID"]) for _, event in before]
    assert all(new["SEQUENCE"] > old["SEQUENCE"] for (_, old), (_, new) in zip(before, after, strict=True))


async def test_moved_session_moves_the_same_entry(db: Settings) -> None:
    training = await a_training()
    registration = await make.make_registration(training, email="ana@x.example")
    [(_method, before)] = appointments(await last_mail("registration_confirmed"))
    sunday = SATURDAY + timedelta(days=1)
    await TrainingSession.filter(training_id=training.id).update(
        starts_at=sunday, ends_at=sunday + FOUR_HOURS, sequence=1
    )

    mail = await tell(registration, "training_changed")

    [(method, event)] = appointments(mail)
    assert (method, event["UID"]) == ("REQUEST", before["UID"])
    assert event["SEQUENCE"] > before["SEQUENCE"]
    assert event.decoded("DTSTART") == sunday
    assert "domingo, 7 de marzo de 2027" in mail.text
    assert "sábado" not in mail.text


async def test_cancelled_session_of_several_is_taken_out_and_named(db: Settings) -> None:
    training = await a_training(2)
    registration = await make.make_registration(training, email="ana@x.example")
    second = await TrainingSession.get(training_id=training.id, position=2)
    await TrainingSession.filter(id=second.id).update(
        state=SessionState.CANCELLED, sequence=1, stamped_at=clock.now() + timedelta(seconds=5)
    )

    mail = await tell(registration, "training_changed")

    assert [(method, str(second.id) in event["UID"]) for method, event in appointments(mail)] == [
        ("CANCEL", True),
        ("REQUEST", False),
    ]
    assert "Cancelada: sábado, 13 de marzo de 2027" in mail.text


async def test_who_comes_back_after_a_cancellation_gets_a_new_entry(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    [(_method, first)] = appointments(await last_mail("registration_confirmed"))
    await change(registration, RegistrationState.CANCELLED)
    [(_method, gone)] = appointments(await tell(registration, "registration_cancelled"))
    await OutboxJob.filter(kind="registration_cancelled").update(done_at=clock.now(), outcome=Outcome.SENT)
    await change(registration, RegistrationState.CONFIRMED)

    [(_method, again)] = appointments(await tell(registration, "registration_confirmed"))

    assert gone["UID"] == first["UID"]
    assert again["UID"] != first["UID"]
    await change(registration, RegistrationState.CANCELLED)
    [(method, gone_again)] = appointments(await tell(registration, "registration_cancelled"))
    assert (method, gone_again["UID"]) == ("CANCEL", again["UID"])


async def test_three_sessions_are_three_objects(db: Settings) -> None:
    await make.make_registration(await a_training(3), email="ana@x.example")

    mail = await last_mail("registration_confirmed")

    found = appointments(mail)
    assert [method for method, _event in found] == ["REQUEST"] * 3
    assert [event.decoded("DTSTART") for _method, event in found] == [SATURDAY + timedelta(weeks=n) for n in range(3)]
    assert len({event["UID"] for _method, event in found}) == 3
    assert [file.name for file in mail.attachments] == ["sesion-2.ics", "sesion-3.ics"]


async def test_four_sessions_are_one_file_that_invites_nobody(db: Settings) -> None:
    await make.make_registration(await a_training(4), email="ana@x.example")

    mail = await last_mail("registration_confirmed")

    found = appointments(mail)
    assert mail.invitation is None
    assert [file.name for file in mail.attachments] == ["calendario.ics"]
    assert [method for method, _event in found] == ["PUBLISH"] * 4
    assert all("ATTENDEE" not in event and "ORGANIZER" not in event for _method, event in found)
    for _method, event in found:
        assert event["UID"].startswith("insc-")


@pytest.mark.parametrize("kind", ["registration_waitlisted", "registration_held", "own_link_again"])
async def test_messages_to_people_without_a_place_carry_no_invitation(sqlite_db: Settings, kind: str) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    await put_on_waiting_list(registration)

    assert appointments(await tell(registration, kind)) == []


async def test_session_that_is_over_is_not_invited_to(db: Settings, freeze: Freeze) -> None:
    training = await a_training(2)
    freeze(SATURDAY + FOUR_HOURS)
    await make.make_registration(training, email="ana@x.example")

    [(method, event)] = appointments(await last_mail("registration_confirmed"))

    assert (method, event.decoded("DTSTART")) == ("REQUEST", SATURDAY + timedelta(weeks=1))
