"""Bitstring status lists (W3C): numbers of an operator's year that do not count, annulled or not yet valid.

Prepared certificates are set until attendance makes them valid; nobody outside has their badge before. So for holders a
set bit stays set, as the standard demands.

Signed once, kept in memory, renewed when the rows change. All processes give equal bytes and ETags.
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
from trainings.certificates.trust import badges, issuers, proofs
from trainings.certificates.trust.badges import ENTRIES, PURPOSE
from trainings.certificates.trust.issuers import KeyPair
from trainings.db import reads
from trainings.errors import NotFound
from trainings.settings import get_settings
from trainings.web.i18n import N_

MEMO_SECONDS = 3.0
"""A storm of verifiers costs one query in this time; another process's revocation may stay unseen so long."""

SETTLING_SECONDS = 10.0
"""After a change in this process every request queries, until the change shows: its transaction may be open."""

MAX_AGE = 30

LINKED_DATA = "application/ld+json"
OPEN = {"access-control-allow-origin": "*"}
"""Programs in any page may ask: verifiers often do."""

SHORTLY = {**OPEN, "cache-control": f"public, max-age={MAX_AGE}"}
MOST_LISTS = 1024
UNSET = CertificateState.VALID
NAME = re.compile(r"([0-9]{4})(?:-([2-9]|[1-9][0-9]{1,2}))?")


class UnknownList(NotFound):
    sentence = N_("Esa lista no existe.")


@dataclass(frozen=True, slots=True)
class StatusList:
    operator_id: UUID
    operator_code: str
    year: int
    nth: int

    @property
    def address(self) -> str:
        return badges.list_address(_base_url(), self.operator_code, self.year, self.nth)


@dataclass(frozen=True, slots=True)
class Version:
    """The signing key, the number of set places, and the last preparing and annulment: every change moves it."""

    method: str
    n_set: int
    prepared_at: datetime
    annulled_at: datetime


class Again(Response):
    """With its own copy of the headers: compression changes them."""

    def __init__(self, built: Response) -> None:
        self.status_code, self.body, self.background = built.status_code, built.body, None
        self.raw_headers = list(built.raw_headers)


@dataclass(slots=True)
class Kept:
    """`clock.ticks`: when rendered, and when last known as newest."""

    which: StatusList
    version: Version
    etag: str
    whole: Response
    unchanged: Response
    rendered_at: float
    looked_at: float

    @property
    def is_fresh(self) -> bool:
        now, moved = clock.ticks(), _moved.get((self.which.operator_id, self.which.year), NEVER)
        is_settled = self.rendered_at > moved or now - moved > SETTLING_SECONDS
        return is_settled and now - self.looked_at < MEMO_SECONDS


_lists: OrderedDict[tuple[str, str], Kept] = OrderedDict()
"""By operator's code and name, last used at the end. Unknown lists are never kept."""

_locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()


_moved: dict[tuple[UUID, int], float] = {}
"""When this process last changed a state, by operator and year; its transaction may be open, or have failed."""

NEVER = float("-inf")


def touch(certificates: Iterable[Certificate]) -> None:
    """This process queries at once, others notice by themselves."""
    now = clock.ticks()
    _moved.update({(one.operator_id, one.year): now for one in certificates})


async def status_list(operator_code: str, name: str) -> Kept:
    """Shows a change of this process at once, another's within three seconds. Raises UnknownList: an operator, year or
    number not in use, or a malformed name.
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
    pair = await issuers.key_in_use(which.operator_id)
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
    parts = NAME.fullmatch(name)
    operator = await issuers.operators_with(operator_code).first()
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
    numbers: Any = await _rows(which).values_list("number", flat=True)
    return [number - 1 - which.nth * ENTRIES for number in numbers]


def _signed(which: StatusList, places: Iterable[int], pair: KeyPair, created: datetime) -> dict[str, Any]:
    document = {
        "@context": [proofs.CREDENTIALS],
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
    """Bits from the left, gzipped, base64url, after the multibase letter."""
    bits = bytearray(ENTRIES // 8)
    for place in places:
        bits[place >> 3] |= 0x80 >> (place & 7)
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(bits), 6, mtime=0)).rstrip(b"=").decode("ascii")


def forget() -> None:
    _lists.clear()
    _moved.clear()


def _base_url() -> str:
    return get_settings().base_url.rstrip("/")
