"""An archive written while it is sent: nothing of it lies on a disk, and no more of it in memory than one file."""

from __future__ import annotations

import zipfile
from datetime import datetime
from io import BytesIO


class Archive:
    """Without compression: what goes in is compressed. `end` is called once, last."""

    def __init__(self) -> None:
        self._out = _Outgoing()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_STORED)

    def add(self, name: str, content: bytes, *, made_at: datetime) -> bytes:
        """`made_at` as it is to be read. Returns what can be sent."""
        self._zip.writestr(zipfile.ZipInfo(name, made_at.timetuple()[:6]), content)
        return self._out.taken()

    def end(self) -> bytes:
        self._zip.close()
        return self._out.taken()


class _Outgoing(BytesIO):
    """Unseekable, so the archive does not try."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError("it only runs forward")

    def taken(self) -> bytes:
        content = self.getvalue()
        self.seek(0)
        self.truncate()
        return content
