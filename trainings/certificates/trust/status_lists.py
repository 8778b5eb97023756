"""Bitstring status lists (W3C): which numbers of an operator's year do not count, being annulled or not yet valid.

Those that are only prepared are set until attendance makes them valid; nobody outside has their badge before. So to
whoever holds one, what is set stays set, as the standard has it for a revocation.

Rendered and signed once, kept in memory, and made anew when the rows behind them say otherwise. Bytes depend on rows
alone, so several processes, and the same one after a restart, give the same bytes and ETags.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from starlette.responses import Response
from tortoise.functions import Count, Max
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.certificates.models import Certificate, CertificateState, FolioSeries
from trainings.certificates.trust import badges, expansion, issuer_keys, proofs
from trainings.certificates.trust.badges import ENTRIES, PURPOSE
from trainings.certificates.trust.issuer_keys import KeyPair
from trainings.db import reads
from trainings.errors import NotFound
from trainings.settings import get_settings
from trainings.web.i18n import N_

MEMO_SECONDS = 3.0
"""How long another process's revocation may stay unseen: a storm of verifiers costs one question in three seconds."""

SETTLING_SECONDS = 10.0
"""So long after a change in this process every request asks, until the change is seen: its transaction may be open."""

MAX_AGE = 30
"""Seconds for which whoever asked may keep a list without asking again."""

LINKED_DATA = "application/ld+json"
OPEN = {"access-control-allow-origin": "*"}
"""Public for programs in any page: verifiers often are one."""

SHORTLY = {**OPEN, "cache-control": f"public, max-age={MAX_AGE}"}
MOST_LISTS = 1024
UNSET = CertificateState.VALID
NAME = re.compile(r"([0-9]{4})(?:-([2-9]|[1-9][0-9]{1,2}))?")


class UnknownList(NotFound):
    code = "unknown_list"
    sentence = N_("Esa lista no existe.")


@dataclass(frozen=True, slots=True)
class StatusList:
    """Which one: the `nth` list (from 0) of an operator's year."""

    operator_id: UUID
    operator_code: str
    year: int
    nth: int

    @property
    def address(self) -> str:
        return badges.list_address(_base_url(), self.operator_code, self.year, self.nth)


@dataclass(frozen=True, slots=True)
class Version:
    """What a list is made of: which key signs, how many places are set, when the last was prepared and when annulled.

    It moves with every change: nobody leaves the annulled, and who joins is the newest of their kind.
    """

    method: str
    n_set: int
    prepared_at: datetime
    annulled_at: datetime


class Again(Response):
    """An answer that was built before, with fields of its own: what compresses answers writes into them."""

    def __init__(self, built: Response) -> None:
        self.status_code, self.body, self.background = built.status_code, built.body, None
        self.raw_headers = list(built.raw_headers)


@dataclass(slots=True)
class Kept:
    """A list as it is sent, the answers built once; when it was rendered, and when last seen to be the newest (both in
    `clock.ticks`).
    """

    which: StatusList
    version: Version
    etag: str
    whole: Response
    unchanged: Response
    rendered_at: float
    looked_at: float

    @property
    def is_fresh(self) -> bool:
        """Whether it may be sent without asking the database."""
        now, moved = clock.ticks(), _moved.get((self.which.operator_id, self.which.year), NEVER)
        is_settled = self.rendered_at > moved or now - moved > SETTLING_SECONDS
        return is_settled and now - self.looked_at < MEMO_SECONDS


_lists: OrderedDict[tuple[str, str], Kept] = OrderedDict()
"""By operator's code and name, the one asked for last at the end. What is unknown is never kept."""

_locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()


_moved: dict[tuple[UUID, int], float] = {}
"""When this process last changed a state, by operator and year; its transaction may still be open, or have failed."""

NEVER = float("-inf")


def touch(certificates: Iterable[Certificate]) -> None:
    """Say that the state of these changes, so that this process asks anew at once; others see it by themselves."""
    now = clock.ticks()
    _moved.update({(one.operator_id, one.year): now for one in certificates})


async def status_list(operator_code: str, name: str) -> Kept:
    """The list at this address, as of now: at once after a change in this process, three seconds after one in another.

    Raises UnknownList: an operator, year or number that is not in use, or a name that cannot be one.
    """
    key = (operator_code, name)
    kept = _lists.get(key)
    if kept is not None and kept.is_fresh:
        _lists.move_to_end(key)
        return kept
    lock = _locks.setdefault(key, asyncio.Lock())
    async with lock:
        return await _renewed(key)


async def _renewed(key: tuple[str, str]) -> Kept:
    kept = _lists.get(key)
    if kept is not None and kept.is_fresh:
        return kept
    looked_at = clock.ticks()
    which = await _find(*key)
    pair = await issuer_keys.in_use(which.operator_id)
    if pair is None:
        raise UnknownList
    # Asked before the places are read: a change in between is then rendered again, never missed.
    version = await _version(which, pair)
    if kept is not None and kept.version == version:
        kept.looked_at = looked_at
        return kept
    places = await _places(which)
    document = await asyncio.to_thread(_signed, which, places, pair, max(version.prepared_at, version.annulled_at))
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**SHORTLY, "etag": etag}
    whole, unchanged = Response(body, 200, headers, LINKED_DATA), Response(None, 304, headers)
    _lists[key] = renewed = Kept(which, version, etag, whole, unchanged, rendered_at=looked_at, looked_at=looked_at)
    while len(_lists) > MOST_LISTS:
        _lists.popitem(last=False)
    return renewed


async def _find(operator_code: str, name: str) -> StatusList:
    """What the address names, where certificates with such numbers were issued."""
    parts = NAME.fullmatch(name)
    operator = await issuer_keys.operators_with(operator_code).first()
    if parts is None or operator is None:
        raise UnknownList
    year, nth = int(parts[1]), int(parts[2] or 1) - 1
    series = await reads(FolioSeries).get_or_none(operator_id=operator.id, year=year)
    if series is None or series.next_number - 1 <= nth * ENTRIES:
        raise UnknownList
    return StatusList(operator.id, operator.code, year, nth)


def _rows(which: StatusList) -> QuerySet[Certificate]:
    first = which.nth * ENTRIES + 1
    numbered = reads(Certificate).filter(operator_id=which.operator_id, year=which.year)
    return numbered.filter(number__gte=first, number__lt=first + ENTRIES).exclude(state=UNSET)


async def _version(which: StatusList, pair: KeyPair) -> Version:
    counted = _rows(which).annotate(n=Count("id"), prepared_at=Max("issued_at"), annulled_at=Max("revoked_at"))
    found: Any = await counted.first().values("n", "prepared_at", "annulled_at")
    prepared_at, annulled_at = found["prepared_at"], found["annulled_at"]
    since = pair.created_at
    return Version(pair.method, found["n"], max(prepared_at or since, since), max(annulled_at or since, since))


async def _places(which: StatusList) -> list[int]:
    """The places that are set on the list, from 0."""
    numbers: Any = await _rows(which).values_list("number", flat=True)
    return [number - 1 - which.nth * ENTRIES for number in numbers]


def _signed(which: StatusList, places: Iterable[int], pair: KeyPair, created: datetime) -> dict[str, Any]:
    document = {
        "@context": [expansion.CREDENTIALS],
        "id": which.address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": badges.issuer_address(_base_url(), which.operator_code),
        "credentialSubject": {
            "id": f"{which.address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": PURPOSE,
            "encodedList": encoded(places),
        },
    }
    return proofs.sign(document, pair.seed, verification_method=pair.method, created=created)


def encoded(places: Iterable[int]) -> str:
    """A list with these places set: bits from the left, zipped, in base64url with the letter that says so in front."""
    bits = bytearray(ENTRIES // 8)
    for place in places:
        bits[place >> 3] |= 0x80 >> (place & 7)
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(bits), 6, mtime=0)).rstrip(b"=").decode("ascii")


def forget() -> None:
    """Drop everything kept, as a process does that ends."""
    _lists.clear()
    _moved.clear()


def _base_url() -> str:
    return get_settings().base_url.rstrip("/")
