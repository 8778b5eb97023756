"""A message as bytes: the tree, the headers, and what cannot be smuggled in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest

from tests.outbox.make_jobs import a_mail
from trainings.outbox.mailer import Attachment, Invitation, Mail, Server, build, parse_smtp_url
from trainings.settings import SettingsProblem

NOON = datetime(2027, 3, 6, 18, 0, tzinfo=UTC)
ICS = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Capacitación\r\nEND:VCALENDAR\r\n".encode()


def read(mail: Mail, *, sender: str = "Ventanilla municipal <avisos@v.example>") -> EmailMessage:
    """The message as a reader gets it."""
    sent = build(mail, sender=sender, message_id="1@v.example", date=NOON)
    message = message_from_bytes(sent, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def tree(message: EmailMessage) -> list[object]:
    """Content types, parts as nested lists."""
    parts = list(message.iter_parts()) if message.is_multipart() else []
    children = [tree(part) for part in parts if isinstance(part, EmailMessage)]
    return [message.get_content_type(), *children]


def test_plain_message_has_text_and_html() -> None:
    message = read(a_mail("ana", text="Día: sábado", html="<p>Día: sábado</p>"))

    assert tree(message) == ["multipart/alternative", ["text/plain"], ["text/html"]]
    text, html = message.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert text.get_content().strip() == "Día: sábado"
    assert html.get_content().strip() == "<p>Día: sábado</p>"


def test_headers_tell_machines_that_no_answer_is_wanted() -> None:
    message = read(a_mail("ana", subject="Su inscripción está confirmada", reply_to="oficina@v.example"))

    assert message["From"] == "Ventanilla municipal <avisos@v.example>"
    assert message["To"] == "ana@x.example"
    assert message["Reply-To"] == "oficina@v.example"
    assert message["Subject"] == "Su inscripción está confirmada"
    assert message["Message-ID"] == "<1@v.example>"
    assert message["Date"].datetime == NOON
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "es-GT"


def test_invitation_is_the_last_alternative_and_attached_with_the_same_bytes() -> None:
    message = read(a_mail("ana", invitation=Invitation(ICS, "REQUEST")))

    assert tree(message) == [
        "multipart/mixed",
        ["multipart/alternative", ["text/plain"], ["text/html"], ["text/calendar"]],
        ["application/ics"],
    ]
    alternative, attached = message.iter_parts()
    assert isinstance(alternative, EmailMessage)
    calendar = list(alternative.iter_parts())[-1]
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}
    assert calendar["Content-Transfer-Encoding"] == "base64"
    assert calendar.get_payload(decode=True) == ICS
    assert attached.get_payload(decode=True) == ICS
    assert isinstance(attached, EmailMessage)
    assert attached.get_filename() == "invite.ics"


@pytest.mark.parametrize("name", ["diploma.pdf", "Diploma de Ñandú.pdf"])
def test_attachments_keep_their_name_and_bytes(name: str) -> None:
    message = read(a_mail("ana", attachments=(Attachment(name, b"%PDF-1.7\x00\xff", "application/pdf"),)))

    _body, file = message.iter_parts()
    assert isinstance(file, EmailMessage)
    assert (file.get_filename(), file.get_content_type()) == (name, "application/pdf")
    assert file.get_payload(decode=True) == b"%PDF-1.7\x00\xff"


def test_attached_text_keeps_its_accents() -> None:
    message = read(a_mail("ana", attachments=(Attachment("sesiones.ics", ICS, "text/calendar"),)))

    _body, file = message.iter_parts()
    assert isinstance(file, EmailMessage)
    assert file.get_content() == ICS.decode()


def test_long_subject_is_folded_and_read_whole() -> None:
    subject = "Se movió la capacitación de " + "derechos y trámites " * 20

    assert read(a_mail("ana", subject=subject))["Subject"] == subject


def test_long_name_of_the_sender_is_read_whole_and_no_word_of_it_is_too_long() -> None:
    name = "Ventanilla municipal de información sobre migración de San Andrés Villa Seca"
    sent = build(a_mail("ana"), sender=f"{name} <avisos@v.example>", message_id="1@v.example", date=NOON)

    # The newer parser puts a blank between two encoded words of a name, against RFC 2047 §6.2.
    assert str(make_header(decode_header(message_from_bytes(sent)["From"]))) == f"{name} <avisos@v.example>"
    assert max(map(len, re.findall(rb"=\?utf-8\?[^ ]+\?=", sent))) <= 75


def test_every_line_is_short_enough_for_any_server() -> None:
    sent = build(
        a_mail("ana", text="a" * 5000, html="<p>" + "ñ" * 5000 + "</p>", invitation=Invitation(ICS * 50, "REQUEST")),
        sender="avisos@v.example",
        message_id="1@v.example",
        date=NOON,
    )

    assert max(map(len, sent.split(b"\r\n"))) <= 998
    assert b"\n" not in sent.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "parts",
    [
        {"subject": "Aviso\r\nBcc: todos@x.example"},
        {"subject": "Aviso\nBcc: todos@x.example"},
        {"to": "ana@x.example\r\nBcc: todos@x.example"},
        {"to": "ana@x.example, todos@x.example"},
        {"to": "ana@ñandú.example"},
        {"reply_to": "oficina@v.example\nX: y"},
    ],
)
def test_line_breaks_and_second_addresses_are_refused(parts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        build(a_mail("ana", **parts), sender="avisos@v.example", message_id="1@v.example", date=NOON)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://correo.example", Server("correo.example", 25)),
        ("smtp://127.0.0.1:2525", Server("127.0.0.1", 2525)),
        (
            "smtp://ana%40v.example:s%3Acreto@correo.example:587?starttls",
            Server("correo.example", 587, "ana@v.example", "s:creto", start_tls=True),
        ),
        ("smtp://correo.example?starttls=no", Server("correo.example", 25, start_tls=False)),
        ("smtp://u:p@correo.example", Server("correo.example", 25, "u", "p", start_tls=True)),
        *(
            (f"smtp://u:p@{host}:25", Server(host.strip("[]"), 25, "u", "p"))
            for host in ("localhost", "127.0.0.1", "127.8.9.1", "[::1]")
        ),
        (
            "smtps://u:p@correo.example",
            Server("correo.example", 465, "u", "p", use_tls=True, start_tls=False),
        ),
    ],
)
def test_address_of_the_server_is_read(url: str, server: Server) -> None:
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize("url", ["correo.example:25", "http://correo.example", "smtp://", "smtp:correo"])
def test_unreadable_address_of_the_server_is_refused(url: str) -> None:
    with pytest.raises(SettingsProblem):
        parse_smtp_url(url)


def test_password_that_would_be_sent_readable_is_refused() -> None:
    with pytest.raises(SettingsProblem, match="would send its password readable"):
        parse_smtp_url("smtp://u:p@correo.example?starttls=no")

    assert parse_smtp_url("smtp://u:p@localhost?starttls=no").start_tls is False
