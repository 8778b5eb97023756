"""A real SMTP server on loopback, which can be told to behave badly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, ClassVar

from aiosmtpd.smtp import SMTP, AuthResult

OK = "250 OK"


@dataclass
class Peer:
    """What came in, in order, and how to answer: by recipient, to RCPT, to DATA or to the message.

    "drop" hangs up, "take and drop" first accepts, "hang" never answers, "take and wait" accepts and says so once
    `answer` is set.
    """

    port: int = 0
    accepted: list[EmailMessage] = field(default_factory=list)
    connections: int = 0
    n_hanging: int = 0
    n_waiting: int = 0
    n_sign_ins: int = 0
    to_sign_in: str = "235 2.7.0 welcome"
    to_sender: str = OK
    answer: asyncio.Event = field(default_factory=asyncio.Event)
    to_recipient: dict[str, list[str]] = field(default_factory=dict)
    to_data: dict[str, list[str]] = field(default_factory=dict)
    to_message: dict[str, list[str]] = field(default_factory=dict)
    to_all: str = ""
    """Answer to every message, until emptied."""

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def recipients(self) -> list[str]:
        """To whom the accepted messages went, in order."""
        return [str(message["To"]) for message in self.accepted]


class _Handler:
    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    async def handle_EHLO(  # noqa: N802 - aiosmtpd names it
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.peer.connections += 1
        return responses

    def sign_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, _told: Any) -> AuthResult:
        self.peer.n_sign_ins += 1
        is_right = self.peer.to_sign_in.startswith("2")
        return AuthResult(success=is_right, handled=False, message=None if is_right else self.peer.to_sign_in)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd names it
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if self.peer.to_sender == OK:
            envelope.mail_from = address
        return self.peer.to_sender

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names it
        self, server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        answer = _next(self.peer.to_recipient, address)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return await _act(server, answer, self.peer)

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd names it
        answer = self.peer.to_all or _next(self.peer.to_message, envelope.rcpt_tos[0])
        if answer in (OK, "take and drop", "take and wait"):
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.peer.accepted.append(message)
        return await _act(server, answer, self.peer)


def _next(answers: dict[str, list[str]], address: str) -> str:
    waiting = answers.get(address, [])
    return waiting.pop(0) if waiting else OK


async def _act(server: Any, answer: str, peer: Peer) -> str:
    if answer in ("drop", "take and drop"):
        server.transport.abort()
        await asyncio.Event().wait()
    if answer == "hang":
        peer.n_hanging += 1
        await asyncio.Event().wait()
    if answer == "take and wait":
        peer.n_waiting += 1
        await peer.answer.wait()
        return OK
    return answer


@asynccontextmanager
async def smtp_server(port: int = 0) -> AsyncIterator[Peer]:
    """The server while the block lasts, on a free port unless one is given."""
    peer = Peer()
    handler = _Handler(peer)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Protocol(handler), "127.0.0.1", port)
    peer.port = listening.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        listening.close()
        for protocol in list(_Protocol.open):
            protocol.hang_up()
        await listening.wait_closed()


class _Protocol(SMTP):
    """A connection; those still open at the end are cut."""

    open: ClassVar[set[_Protocol]] = set()

    def __init__(self, handler: _Handler) -> None:
        super().__init__(
            handler, hostname="peer.example", timeout=30, auth_require_tls=False, authenticator=handler.sign_in
        )
        self.peer = handler.peer

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.open.add(self)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd names it
        assert self.envelope is not None
        answer = _next(self.peer.to_data, self.envelope.rcpt_tos[0])
        if answer == OK:
            await super().smtp_DATA(arg)
        else:
            await self.push(await _act(self, answer, self.peer))

    def connection_lost(self, error: Exception | None) -> None:
        self.open.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        connection: Any = self.transport
        if connection is not None:
            connection.abort()
