from __future__ import annotations

import asyncio
import contextlib
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.generator import BytesGenerator
from email.header import Header
from email.headerregistry import Address
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from io import BytesIO
from ipaddress import ip_address
from secrets import token_hex
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import aiosmtplib

from trainings.outbox.answers import (
    Unanswered,
    breaks_connection,
    meaning_for_connection,
    meaning_of,
    reason_of,
)
from trainings.outbox.models import OutboxJob
from trainings.settings import Settings, SettingsProblem

TIMEOUT = 10.0
"""Seconds for one answer. Connecting takes up to two, all before the message three: less than a lease."""
SECONDS_FOR_ANSWER = 600.0
"""For the answer to the message (RFC 5321 §4.5.3.2.6). Giving up sooner sends a second copy."""
SECONDS_FOR_GOODBYE = 2.0
PORTS = {"smtp": 25, "smtps": 465}


WIRE = compat32.clone(linesep="\r\n")
"""Headers are written as given: the newer policies parse each of them, which is half of making a message."""

Method = Literal["REQUEST", "CANCEL"]


@dataclass(frozen=True, slots=True)
class Invitation:
    content: bytes
    method: Method


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """`is_overtaken`: it no longer holds and is shown, not sent.

    `on_leaving` runs right before it is handed over and says whether it still holds; `on_sent` runs after the server
    took it, `on_refused` after it named no such recipient. All may run twice.
    """

    to: str
    subject: str
    text: str
    html: str
    lang: str
    reply_to: str = ""
    invitation: Invitation | None = None
    attachments: tuple[Attachment, ...] = ()
    is_overtaken: bool = False
    on_leaving: Callable[[], Awaitable[bool]] | None = None
    on_sent: Callable[[], Awaitable[None]] | None = None
    on_refused: Callable[[], Awaitable[None]] | None = None


Composer = Callable[[OutboxJob], Awaitable[Mail | None]]
"""None: nobody to write to, or the job is no message."""
Composers = Mapping[str, Composer]
Draft = Callable[[], Mail | None]
"""Writes the message of what was read."""


@dataclass(frozen=True, slots=True)
class Together:
    """A composer that reads for all messages of a round at once. A job without a draft has nobody to write to.

    Much may change until a message's turn comes: `on_leaving` asks again.
    """

    drafts: Callable[[Sequence[OutboxJob]], Awaitable[Mapping[UUID, Draft]]]

    async def __call__(self, job: OutboxJob) -> Mail | None:
        draft = (await self.drafts([job])).get(job.id)
        return draft() if draft is not None else None


def build(mail: Mail, *, sender: str, message_id: str, date: datetime) -> bytes:
    """Raises ValueError where an address or header cannot be written (line breaks).

    An invitation is the last alternative and an attachment: readers differ in which they use.
    """
    body = _multipart("alternative", [_text("plain", mail.text), _text("html", mail.html)])
    files = list(mail.attachments)
    if mail.invitation is not None:
        body.attach(_base64("text/calendar", mail.invitation.content, charset="utf-8", method=mail.invitation.method))
        files.insert(0, Attachment("invite.ics", mail.invitation.content, "application/ics"))
    message = _multipart("mixed", [body, *map(_attached, files)]) if files else body
    name, address = parseaddr(sender)
    # `formataddr` writes a long name with accents as one word, longer than RFC 2047 allows.
    message["From"] = (
        formataddr((name, _address(address))) if name.isascii() else f"{_words(name)} <{_address(address)}>"
    )
    message["To"] = _address(mail.to)
    if mail.reply_to:
        message["Reply-To"] = _address(mail.reply_to)
    message["Subject"] = _words(mail.subject)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = f"<{message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = mail.lang
    written = BytesIO()
    BytesGenerator(written, mangle_from_=False, policy=WIRE).flatten(message)
    return written.getvalue()


def _multipart(kind: str, parts: Sequence[Message]) -> MIMEMultipart:
    # No line of quoted-printable or base64 holds "=_" (RFC 2045 §6.7): the bodies need not be searched for it.
    return MIMEMultipart(kind, boundary=f"=_{token_hex(16)}", _subparts=parts, policy=WIRE)


def _text(kind: str, text: str) -> Message:
    part = MIMENonMultipart("text", kind, charset="utf-8", policy=WIRE)
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(f"{text.rstrip()}\n".encode(), istext=True).decode("ascii"))
    return part


def _base64(media_type: str, content: bytes, **params: str) -> Message:
    main, _, sub = media_type.partition("/")
    part = MIMENonMultipart(main, sub, policy=WIRE, **params)
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(encodebytes(content).decode("ascii"))
    return part


def _attached(file: Attachment) -> Message:
    # Text that does not say how it is written is ASCII to a mail program, and its accents are lost.
    params = {"charset": "utf-8"} if file.media_type.startswith("text/") else {}
    part = _base64(file.media_type, file.content, **params)
    name = file.name if file.name.isascii() else ("utf-8", "", file.name)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


@lru_cache(maxsize=1024)
def _address(text: str) -> str:
    """Refuses (ValueError) anything but one address in ASCII."""
    if not text.isascii():
        raise ValueError("an address is plain ASCII")
    return Address(addr_spec=text).addr_spec


def _words(text: str) -> str:
    if len(text.splitlines()) > 1:
        raise ValueError("a header is one line")
    return Header(text, "us-ascii" if text.isascii() else "utf-8", header_name="Subject").encode()


@dataclass(frozen=True, slots=True)
class Server:
    """`start_tls` None: where the server offers it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    use_tls: bool = False
    start_tls: bool | None = None


def server_of(settings: Settings) -> Server | None:
    """None: messages are kept and shown in the panel. Raises SettingsProblem."""
    url = settings.smtp_url.get_secret_value() if settings.smtp_url else ""
    return parse_smtp_url(url) if url else None


def parse_smtp_url(url: str) -> Server:
    """`smtp://user:password@host:587?starttls`, `smtps://…`; `?starttls=no` never encrypts. Raises SettingsProblem.

    A password is sent encrypted unless the server is this machine: with one, `smtp://` asks for STARTTLS.
    """
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise SettingsProblem("TRAININGS_SMTP_URL is not readable. Write smtp://user:password@host:587?starttls")
    query = parse_qs(parts.query, keep_blank_values=True)
    wish = query.get("starttls", ["auto"])[-1].lower()
    is_wrapped = parts.scheme == "smtps"
    start_tls = False if is_wrapped or wish in ("no", "false", "0", "off") else None if wish == "auto" else True
    if parts.password and not is_wrapped and not _is_this_machine(parts.hostname):
        if start_tls is False:
            raise SettingsProblem(
                "TRAININGS_SMTP_URL would send its password readable. Take out starttls=no, or write smtps://…"
            )
        start_tls = True
    return Server(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        use_tls=is_wrapped,
        start_tls=start_tls,
    )


def _is_this_machine(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return host.lower() == "localhost"


class _Client(aiosmtplib.SMTP):
    leaving: Callable[[], Awaitable[None]]
    answer: float
    is_unanswered = False

    async def data(self, message: str | bytes, /, **_options: object) -> aiosmtplib.SMTPResponse:
        """The message is handed over only after the server's 354: before it nothing can have arrived."""
        ready = await self.execute_command(b"DATA")
        if ready.code != aiosmtplib.SMTPStatus.start_input:
            raise aiosmtplib.SMTPDataError(ready.code, ready.message)
        await self.leaving()
        if self.protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        self.is_unanswered = True
        self.protocol.write(_as_data(message.encode() if isinstance(message, str) else message))
        said = await self.protocol.read_response(timeout=self.answer)
        self.is_unanswered = False
        if said.code != aiosmtplib.SMTPStatus.completed:
            raise aiosmtplib.SMTPDataError(said.code, said.message)
        return said


def _as_data(message: bytes) -> bytes:
    lines = [b"." + line if line.startswith(b".") else line for line in message.splitlines()]
    return b"\r\n".join([*lines, b".", b""])


class Post:
    """One connection, opened for the first message and again after it broke. Seconds: `timeout` for an answer, `answer`
    for that to a message.
    """

    def __init__(self, server: Server, *, timeout: float = TIMEOUT, answer: float = SECONDS_FOR_ANSWER) -> None:
        self._server, self._timeout, self._answer = server, timeout, answer
        self._client: _Client | None = None

    async def send(self, message: bytes, *, sender: str, to: str, leaving: Callable[[], Awaitable[None]]) -> None:
        """`leaving` runs right before. Raises the reasons of `answers.py`."""
        client = self._client or await self._connect()
        client.leaving, client.answer, client.is_unanswered = leaving, self._answer, False
        try:
            await client.sendmail(sender, [to], message)
        except (aiosmtplib.SMTPException, OSError) as error:
            if client.is_unanswered or breaks_connection(error):
                self._drop()
            raise (Unanswered(reason_of(error)) if client.is_unanswered else meaning_of(error)) from error
        except BaseException:
            self._drop()
            raise

    async def connect(self) -> None:
        if self._client is None:
            await self._connect()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            async with asyncio.timeout(SECONDS_FOR_GOODBYE):
                await client.quit()
        client.close()

    async def _connect(self) -> _Client:
        server = self._server
        client = _Client(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.use_tls,
            start_tls=server.start_tls,
            timeout=self._timeout,
        )
        try:
            async with asyncio.timeout(2 * self._timeout):
                await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise meaning_for_connection(error, has_password=server.password is not None) from error
        except BaseException:
            client.close()
            raise
        self._client = client
        return client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
