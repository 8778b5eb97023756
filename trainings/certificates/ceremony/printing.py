"""In calling order, whole or by folios (`2027:1-60.62.70-72` in an address)."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Self
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.ceremony import call_order
from trainings.certificates.issuing import queries
from trainings.certificates.issuing.bulk import set_many
from trainings.certificates.issuing.mails import FILE, have_set
from trainings.certificates.making.merging import Merged, piece
from trainings.certificates.making.process_pool import mill
from trainings.certificates.models import Certificate, CertificateFile, CertificateState, IssueJob, JobState
from trainings.db import reads, transaction
from trainings.errors import Refusal, WrongInput
from trainings.lib.text import slugify
from trainings.lib.zips import Archive
from trainings.outbox.models import OPEN, OutboxJob
from trainings.schedule.models import Training
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_, gettext

_YEAR = re.compile(r"([0-9]{4}):([0-9]{1,9}(?:-[0-9]{1,9})?(?:\.[0-9]{1,9}(?:-[0-9]{1,9})?)*)")

MOST_RANGES = 5_000
LONGEST_FOLIOS = 60_000


class UnreadableFolios(WrongInput):
    sentence = N_("No se entiende qué folios pide. Corríjalo, o use un botón de esta página.")


class TooManyFolios(WrongInput):
    sentence = N_("Son demasiados folios sueltos para una vez. Pida menos, o use un botón de esta página.")


@dataclass(frozen=True)
class FolioRanges:
    """(year, first, last)."""

    ranges: frozenset[tuple[int, int, int]]

    @classmethod
    def of(cls, papers: Iterable[Certificate], *, among: Iterable[Certificate] = ()) -> Self:
        """A range may span numbers that belong to none of `among`: fewer ranges."""
        numbers = sorted({(one.year, one.number) for one in papers})
        known = {pair: place for place, pair in enumerate(sorted({(one.year, one.number) for one in among}))}
        found = set()
        # Numbers in a row are as far from their places as one another.
        for _key, run in groupby(
            enumerate(numbers), key=lambda one: (one[1][0], known.get(one[1], one[1][1]) - one[0])
        ):
            row = [pair for _place, pair in run]
            found.add((row[0][0], row[0][1], row[-1][1]))
        return cls(frozenset(found))

    @classmethod
    def read(cls, text: str) -> Self:
        """Refuses UnreadableFolios, TooManyFolios."""
        if len(text) > LONGEST_FOLIOS or text.count(".") + text.count(";") >= MOST_RANGES:
            raise TooManyFolios(field="folios")
        found = set()
        for part in text.split(";"):
            year = _YEAR.fullmatch(part)
            if year is None:
                raise UnreadableFolios(field="folios")
            for run in year[2].split("."):
                first, _dash, last = run.partition("-")
                found.add((int(year[1]), int(first), int(last or first)))
        return cls(frozenset(found))

    def __contains__(self, paper: Certificate) -> bool:
        place = bisect_right(self._in_order, (paper.year, paper.number, sys.maxsize)) - 1
        if place < 0:
            return False
        year, first, last = self._in_order[place]
        return year == paper.year and first <= paper.number <= last

    @cached_property
    def _in_order(self) -> list[tuple[int, int, int]]:
        found = list[tuple[int, int, int]]()
        for year, first, last in sorted(self.ranges):
            if found and found[-1][0] == year and first <= found[-1][2]:
                found[-1] = (year, found[-1][1], max(last, found[-1][2]))
            elif first <= last:
                found.append((year, first, last))
        return found

    def __str__(self) -> str:
        years = groupby(sorted(self.ranges), key=lambda one: one[0])
        return ";".join(
            f"{year}:" + ".".join(str(first) if first == last else f"{first}-{last}" for _year, first, last in runs)
            for year, runs in years
        )


PART = 100
"""Papers that a tray holds."""
AT_ONCE = 20
"""Files held in memory."""
NOTED_AT_ONCE = 1_000
MADE_AT_ONCE = 300
"""Missing files that a request makes, in some ten seconds."""
MOST_ASKED = 1_000
"""Files that wait for the worker at a time."""


class NothingToPrint(Refusal):
    sentence = N_("No hay nada que imprimir: ningún documento es nuevo ni cambió desde la última vez.")


class FileCannotBeMade(Refusal):
    sentence = N_("No se pudo hacer el archivo de estos folios: %(folios)s. %(why)s")


class FilesAreBeingMade(Refusal):
    sentence = N_("Todavía se hacen %(n)s archivos. Espere unos minutos e imprima otra vez.")


def parts_of(papers: Sequence[Certificate]) -> list[Sequence[Certificate]]:
    return [papers[first : first + PART] for first in range(0, len(papers), PART)]


async def to_print(
    training: Training, *, only_changed: bool = False, chosen: FolioRanges | None = None
) -> list[Certificate]:
    """Standing papers of the `chosen` folios, or only new and changed papers, in calling order; then the rest by
    folio.
    """
    people = await queries.people_of(training)
    called = [
        one for community in call_order.calling_order(people) for who in community.people for one in who.certificates
    ]
    standing = [one for person in people for one in person.wanted]
    rest = sorted(standing, key=lambda one: (one.year, one.number))
    # Nameless ones have no file.
    papers = list({one.id: one for one in [*called, *rest] if one.erased_at is None}.values())
    if chosen is not None:
        papers = [one for one in papers if one in chosen]
    return await _changed(training, papers) if only_changed else papers


async def _changed(training: Training, papers: Sequence[Certificate]) -> list[Certificate]:
    """A name corrected while its paper was printed has a newer file."""
    made = reads(CertificateFile).filter(certificate__registration__training_id=training.id)
    made_at = dict(await made.values_list("certificate_id", "created_at"))
    return [
        one for one in papers if one.printed_at is None or one.id not in made_at or made_at[one.id] > one.printed_at
    ]


async def print_them(
    training: Training, papers: Sequence[Certificate], *, only_changed: bool, actor: Actor
) -> AsyncIterator[bytes]:
    """One PDF, streamed; its papers count as printed once the last byte left. Not in a transaction.

    Sets missing files first. Refuses NothingToPrint, FilesAreBeingMade, FileCannotBeMade.
    """
    if not papers:
        raise NothingToPrint
    await _see_to_files(training, papers)
    left = Certificate.filter(id__in=[one.id for one in papers], erased_at=None)
    if not await left.exclude(state=CertificateState.REVOKED).exists():
        raise NothingToPrint
    return _merged(training, papers, only_changed=only_changed, actor=actor)


async def _merged(
    training: Training, papers: Sequence[Certificate], *, only_changed: bool, actor: Actor
) -> AsyncIterator[bytes]:
    whole, moment = Merged(), clock.now()
    in_it: list[UUID] = []
    yield whole.begin()
    for first in range(0, len(papers), AT_ONCE):
        ids = [one.id for one in papers[first : first + AT_ONCE]]
        contents = await _whole(ids)
        found = [key for key in ids if key in contents]
        if found:
            yield whole.take(await mill().do(piece, [contents[key] for key in found], whole.next_number))
            in_it += found
    for end in whole.end(training.title):
        yield end
    await _note_printed(training, in_it, moment, only_changed=only_changed, actor=actor)


async def _note_printed(
    training: Training, ids: Sequence[UUID], moment: datetime, *, only_changed: bool, actor: Actor
) -> None:
    """As of the `moment` before files were read: papers corrected meanwhile are to be printed again."""
    async with transaction():
        for first in range(0, len(ids), NOTED_AT_ONCE):
            await Certificate.filter(id__in=list(ids[first : first + NOTED_AT_ONCE])).update(printed_at=moment)
        await record(
            "certificates.print",
            actor=actor,
            object_id=training.id,
            hub_id=training.hub_id,
            n=len(ids),
            changed=only_changed,
        )


async def _see_to_files(training: Training, papers: Sequence[Certificate]) -> None:
    kept = reads(CertificateFile).filter(certificate__registration__training_id=training.id)
    made = {key for (key,) in await kept.values_list("certificate_id")}
    missing = [one for one in papers if one.id not in made]
    if len(missing) > MADE_AT_ONCE:
        await _have_made(training, missing)
        raise FilesAreBeingMade(n=len(missing))
    failed = await set_many([one.id for one in missing])
    if failed:
        raise FileCannotBeMade(folios=", ".join(one.folio for one, _why in failed), why=gettext(failed[0][1]))


async def _have_made(training: Training, missing: Sequence[Certificate]) -> None:
    """Each file once, and not while a job for many makes them."""
    if await IssueJob.exists(training_id=training.id, state=JobState.RUNNING):
        return
    async with transaction():
        await locked_training(training.id)
        waiting = OutboxJob.filter(kind=FILE, **OPEN)
        asked = {payload["certificate_id"] for (payload,) in await waiting.values_list("payload")}
        left = [one for one in missing if str(one.id) not in asked]
        for one in left[: max(MOST_ASKED - len(asked), 0)]:
            await have_set(one, anew=True)


async def _whole(ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """Sets anew files of papers corrected since the first byte."""
    contents = await _contents(ids)
    others = reads(Certificate).filter(id__in=[key for key in ids if key not in contents], file=None, erased_at=None)
    corrected = [key for (key,) in await others.exclude(state=CertificateState.REVOKED).values_list("id")]
    if not corrected:
        return contents
    await set_many(corrected)
    return await _contents(ids)


async def _contents(ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """Without papers annulled, corrected or left nameless at this moment."""
    kept = reads(CertificateFile).filter(certificate_id__in=list(ids), certificate__erased_at=None)
    standing = kept.exclude(certificate__state=CertificateState.REVOKED)
    return {key: bytes(content) for key, content in await standing.values_list("certificate_id", "content")}


async def zipped(training: Training, *, actor: Actor) -> AsyncIterator[bytes]:
    """Files named by folio, streamed a few at a time. Refuses NothingToPrint, FileCannotBeMade."""
    papers = await to_print(training)
    if not papers:
        raise NothingToPrint
    await _see_to_files(training, papers)
    async with transaction():
        await record("certificates.zip", actor=actor, object_id=training.id, hub_id=training.hub_id, n=len(papers))
    return _archive(papers)


async def _archive(papers: Sequence[Certificate]) -> AsyncIterator[bytes]:
    archive = Archive()
    for first in range(0, len(papers), AT_ONCE):
        some = papers[first : first + AT_ONCE]
        contents = await _whole([one.id for one in some])
        for one in some:
            if one.id in contents:
                yield archive.add(f"{one.folio}.pdf", contents[one.id], made_at=clock.local(one.issued_at))
    yield archive.end()


def name_of(training: Training, *, number: int = 0, n_parts: int = 1) -> str:
    part = f"-{number}-de-{n_parts}" if n_parts > 1 else ""
    return f"diplomas-{slugify(training.title, 40) or training.slug}{part}"
