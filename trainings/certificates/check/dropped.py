"""Only the hash of a file that we gave out is believed; words in a file say what to look up."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from trainings.certificates.making.transcripts import TranscriptCheck, transcript_check_of
from trainings.certificates.models import Certificate, Transcript
from trainings.certificates.queries import PublicCheck, public_check
from trainings.db import reads
from trainings.errors import Busy
from trainings.lib.tokens import read_certificate_code
from trainings.web.i18n import N_

READER = Path(__file__).with_name("pdf_claims.py")
READER_SECONDS = 6.0
PDF_MARK, MARK_WITHIN = b"%PDF-", 1024
_two_at_once = asyncio.Semaphore(2)
MOST_AT_A_TIME = 12
_reading: set[object] = set()


class ReadersBusy(Busy):
    code = "busy"
    sentence = N_("Hay mucha gente en la página. Espere unos segundos y vuelva a intentarlo.")


class FileVerdict(StrEnum):
    """`same`: a file that we gave out. `corrected`: it was, and is set anew since. `changed`: it claims to be ours and
    differs. `copy`: a picture in it claims so. `unknown`: nothing in it is ours. `locked`: by a password.
    """

    SAME = "same"
    CORRECTED = "corrected"
    CHANGED = "changed"
    COPY = "copy"
    UNKNOWN = "unknown"
    LOCKED = "locked"
    NO_PDF = "no_pdf"


@dataclass(frozen=True, slots=True)
class Dropped:
    """`found`: the paper that the file is, or claims to be by a code of ours (folios can be counted: one alone finds
    nothing). `folio` or `code`: the word that names a changed file.
    """

    verdict: FileVerdict
    found: PublicCheck | TranscriptCheck | None = None
    folio: str = ""
    code: str = ""

    @property
    def is_miss(self) -> bool:
        return self.verdict not in (FileVerdict.SAME, FileVerdict.CORRECTED)


@dataclass(frozen=True, slots=True)
class Claims:
    """A PDF's words about itself, not believed."""

    folios: Sequence[str] = ()
    codes: Sequence[str] = ()
    is_locked: bool = False
    is_picture: bool = False


async def check_file(content: bytes) -> Dropped:
    """Answers within seconds for any file. Refuses (ReadersBusy) while many others are being read."""
    digest = hashlib.sha256(content).hexdigest()
    given_out = await reads(Certificate).filter(file__sha256=digest).first()
    if given_out is not None:
        return Dropped(FileVerdict.SAME, await public_check(given_out.code))
    transcript = await reads(Transcript).filter(sha256=digest).first()
    if transcript is not None:
        return Dropped(FileVerdict.SAME, await transcript_check_of(transcript))
    earlier = await reads(Certificate).filter(superseded_files__sha256=digest).first()
    if earlier is not None:
        return Dropped(FileVerdict.CORRECTED, await public_check(earlier.code))
    if PDF_MARK not in content[:MARK_WITHIN]:
        return Dropped(FileVerdict.NO_PDF)
    if len(_reading) >= MOST_AT_A_TIME:
        raise ReadersBusy
    own = object()
    _reading.add(own)
    try:
        return await _judge(await claims_of(content))
    finally:
        _reading.discard(own)


async def _judge(claims: Claims) -> Dropped:
    """A transcript first: it names also the papers that it lists."""
    codes = [code for code in map(read_certificate_code, claims.codes) if code]
    verdict = FileVerdict.COPY if claims.is_picture else FileVerdict.CHANGED
    transcript = await reads(Transcript).filter(code__in=codes).first() if codes else None
    if transcript is not None:
        return Dropped(verdict, await transcript_check_of(transcript), code=transcript.code)
    named = await reads(Certificate).filter(code__in=codes) if codes else []
    if named:
        certificate = min(named, key=lambda one: codes.index(one.code))
        if certificate.folio in claims.folios:
            return Dropped(verdict, await public_check(certificate.code), folio=certificate.folio)
        return Dropped(verdict, await public_check(certificate.code), code=certificate.code)
    counted = reads(Certificate).filter(folio__in=list(claims.folios), erased_at=None)
    paper = await counted.first() if claims.folios else None
    if paper is not None:
        return Dropped(verdict, folio=paper.folio)
    return Dropped(FileVerdict.LOCKED if claims.is_locked else FileVerdict.UNKNOWN)


async def claims_of(content: bytes, *, seconds: float = READER_SECONDS) -> Claims:
    """Read in a process with little memory and time (`pdf_claims`), two at once. A failed reader leaves what it found
    before.
    """
    async with _two_at_once:
        reader = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(READER)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        told: list[bytes] = []
        try:
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(seconds):
                    await _told_by(reader, content, told)
        finally:
            with contextlib.suppress(ProcessLookupError):
                reader.kill()
            await reader.wait()
    try:
        return Claims(**json.loads(told[-1])) if told else Claims()
    except (ValueError, TypeError):
        return Claims()


async def _told_by(reader: asyncio.subprocess.Process, content: bytes, told: list[bytes]) -> None:
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdin.write(content)
    await reader.stdin.drain()
    reader.stdin.close()
    while line := await reader.stdout.readline():
        told.append(line)
