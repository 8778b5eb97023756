from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class HeadTooLarge(ValueError):
    pass


class CappedHttpTools(HttpToolsProtocol):
    """Over 16 KB is 431, slower than ten seconds 408, over 100 fields 400. A silent connection is closed after ten
    seconds.
    """

    HEAD_BYTES: ClassVar[int] = 16_384
    HEAD_FIELDS: ClassVar[int] = 100
    HEAD_SECONDS: ClassVar[float] = 10.0

    _received = 0
    _is_head_open = True
    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as upstream
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._is_head_open:
            self._received += len(data)
        super().data_received(data)
        if self._is_head_open and self._received > self.HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        self._is_head_open = True
        self._arm()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_head_open, self._received = False, 0
        self._disarm()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > self.HEAD_FIELDS or size > self.HEAD_BYTES:
            raise HeadTooLarge
        super().on_headers_complete()

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.HEAD_SECONDS, self._refuse, b"408 Request Timeout")

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: bytes) -> None:
        self._disarm()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self.transport.close()
