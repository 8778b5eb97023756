"""A session's list on a phone: cards by hash, names that only the card in the hand opens. A card's token is random and
long: so hashing it, and sealing the name with it, is safe.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trainings.attendance.events import card_hash
from trainings.attendance.models import AttendanceSheet, SheetRow
from trainings.db import keyring, reads, reveal, sql
from trainings.db.sql import as_uuid
from trainings.lib.text import short_name
from trainings.registrations.cards.queries import spare_cards
from trainings.registrations.models import Registration, RegistrationState, ReplacedTicket
from trainings.schedule.models import Training, TrainingSession

FORMAT = 1
MOST_SPARES = 200
"""Besides cards on printed sheets and in reserved blocks."""

SHORT_CHARACTERS = 16
VERSION_CHARACTERS = 24
SALT = b"tm-roster-v1"
NAME_BLOCK = 16
"""Octets. Names are padded with spaces to a multiple: their length would tell whose they may be."""
ONE_USE = bytes(12)
"""The nonce: token and version make a separate key for each name."""

STATES: Mapping[RegistrationState, str] = {
    RegistrationState.CONFIRMED: "c",
    RegistrationState.OFFERED: "o",
    RegistrationState.WAITLISTED: "w",
    RegistrationState.HELD: "h",
    RegistrationState.CANCELLED: "x",
}
REPLACED = "r"


@dataclass(frozen=True, slots=True)
class Ticket:
    """`counts_as`: of a joined registration, hash of the kept registration's card. A replaced ticket has neither token
    nor code.
    """

    qr_hash: str
    name: str
    short_code: str
    flag: str
    counts_as: str = ""
    key: UUID | None = None
    sealed_token: str | None = None


class Spare(NamedTuple):
    qr_hash: str
    short_code: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first `n_named` rows were printed with a name."""

    code: str
    printed_at: datetime
    rows: Sequence[tuple[int, str]]
    n_named: int


@dataclass(frozen=True, slots=True)
class Roster:
    """All that a phone needs of one session. Tickets in the order of their hashes, which reveals nothing of names.
    `version` changes with any content. It depends on a secret key: made of names alone, it would confirm guessed
    names.
    """

    session_id: UUID
    training_id: UUID
    tickets: Sequence[Ticket]
    spares: Sequence[Spare]
    sheets: Sequence[Sheet]
    version: str = ""

    def body(self) -> bytes:
        place = {ticket.qr_hash: number for number, ticket in enumerate(self.tickets)}
        file: dict[str, Any] = {
            "v": FORMAT,
            "version": self.version,
            "session": str(self.session_id),
            "people": [self._person(ticket, place) for ticket in self.tickets],
            # Apart from the digests: each kind by itself packs smaller.
            "names": ".".join(self._name(ticket) for ticket in self.tickets),
            "spares": [[card_hash(one.qr_hash), self._short(one.short_code)] for one in self.spares],
            "sheets": [
                {
                    "code": sheet.code,
                    "printed_at": moment(sheet.printed_at),
                    "named": sheet.n_named,
                    "rows": [[number, card_hash(qr_hash)] for number, qr_hash in sheet.rows],
                }
                for sheet in self.sheets
            ],
        }
        return json.dumps(file, separators=(",", ":")).encode()

    def _person(self, ticket: Ticket, place: Mapping[str, int]) -> list[str | int]:
        told: list[str | int] = [card_hash(ticket.qr_hash), "", self._short(ticket.short_code), ticket.flag]
        return [*told, place[ticket.counts_as]] if ticket.counts_as else told

    def _name(self, ticket: Ticket) -> str:
        """Sealed with the card's token, for this version and session; empty without a token."""
        if ticket.key is None:
            return ""
        token = reveal(Registration, "qr_token", ticket.key, ticket.sealed_token)
        if token is None:
            return ""
        bound_to = f"{card_hash(ticket.qr_hash)}|{self.session_id}"
        name = ticket.name.encode()
        name += b" " * (-len(name) % NAME_BLOCK)
        sealed = AESGCM(name_key(token, self.version)).encrypt(ONE_USE, name, bound_to.encode())
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def _short(self, short_code: str) -> str:
        return short_key(short_code, self.training_id) if short_code else ""


def name_key(token: str, version: str) -> bytes:
    """HKDF-SHA256 (RFC 5869), one block: 16 octets from the 20 characters on a card."""
    extracted = hmac.digest(SALT, token.encode(), "sha256")
    return hmac.digest(extracted, f"name|{version}\x01".encode(), "sha256")[:16]


def short_key(short_code: str, training_id: UUID) -> str:
    """For looking up a typed code. Codes are few enough to be guessed, so it opens no name."""
    return hashlib.sha256(f"short:{short_code}:{training_id}".encode()).hexdigest()[:SHORT_CHARACTERS]


def moment(value: datetime) -> str:
    """UTC, whole seconds, ISO 8601."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- what is in it


async def rosters_of(sessions: Collection[TrainingSession]) -> dict[UUID, Roster]:
    training_ids = sorted({session.training_id for session in sessions})
    tickets = await _tickets(training_ids)
    sheets = await _sheets([session.id for session in sessions])
    spares = await _spares(sessions)
    rosters = {}
    for session in sessions:
        own = (tickets[session.training_id], spares[session.id], sheets[session.id])
        bare = Roster(session.id, session.training_id, *own)
        rosters[session.id] = replace(bare, version=_version(bare))
    return rosters


def _version(roster: Roster) -> str:
    content = [
        [FORMAT, NAME_BLOCK],
        str(roster.session_id),
        [(one.qr_hash, one.name, one.short_code, one.flag, one.counts_as) for one in roster.tickets],
        roster.spares,
        [(one.code, moment(one.printed_at), one.rows, one.n_named) for one in roster.sheets],
    ]
    return keyring().blind_index(json.dumps(content, separators=(",", ":")), "roster")[:VERSION_CHARACTERS]


class _Row(NamedTuple):
    key: UUID
    training_id: UUID
    joined_to_id: UUID | None
    state: RegistrationState
    qr_hash: str
    short_code: str
    sealed_token: str | None
    given_names: str
    surnames: str


_COLUMNS = ("id", "training_id", "joined_to_id", "state", "qr_hash", "short_code", "qr_token")
_NAMES = ("participant__given_names", "participant__surnames")


async def _tickets(training_ids: Sequence[UUID]) -> dict[UUID, list[Ticket]]:
    """Everybody who may come: also waiting, held and cancelled."""
    found = reads(Registration).filter(training_id__in=list(training_ids))
    rows = {row[0]: _Row(*row) for row in await found.values_list(*_COLUMNS, *_NAMES)}
    old = reads(ReplacedTicket).filter(registration__training_id__in=list(training_ids))
    tickets: dict[UUID, list[Ticket]] = {key: [] for key in training_ids}
    for row in rows.values():
        tickets[row.training_id].append(_ticket(row, _kept(row, rows)))
    for key, qr_hash, code in await old.values_list("registration_id", "qr_hash", "short_code"):
        row = rows[key]
        tickets[row.training_id].append(Ticket(qr_hash, "", code, REPLACED, counts_as=_kept(row, rows).qr_hash))
    return {key: sorted(found, key=lambda one: one.qr_hash) for key, found in tickets.items()}


def _kept(row: _Row, rows: Mapping[UUID, _Row]) -> _Row:
    return rows.get(row.joined_to_id, row) if row.joined_to_id is not None else row


def _ticket(row: _Row, first: _Row) -> Ticket:
    return Ticket(
        qr_hash=row.qr_hash,
        name=short_name(first.given_names, first.surnames),
        short_code=row.short_code,
        flag=STATES[first.state],
        counts_as=first.qr_hash if first is not row else "",
        key=row.key,
        sealed_token=row.sealed_token,
    )


async def _sheets(session_ids: Sequence[UUID]) -> dict[UUID, list[Sheet]]:
    printed = await reads(AttendanceSheet).filter(session_id__in=list(session_ids)).order_by("id")
    rows: dict[UUID, list[tuple[int, str]]] = defaultdict(list)
    named: Counter[UUID] = Counter()
    frozen = reads(SheetRow).filter(sheet_id__in=[sheet.id for sheet in printed]).order_by("number")
    for sheet_id, number, card_id, of_person, of_card in await frozen.values_list(
        "sheet_id", "number", "card_id", "registration__qr_hash", "card__qr_hash"
    ):
        # A blank row stays one when its card gets a name: it was never among "todas".
        named[sheet_id] += card_id is None
        if of_person or of_card:
            rows[sheet_id].append((number, of_person or of_card))
    sheets: dict[UUID, list[Sheet]] = {key: [] for key in session_ids}
    for sheet in printed:
        sheets[sheet.session_id].append(Sheet(sheet.code, sheet.created_at, rows[sheet.id], named[sheet.id]))
    return sheets


class _Card(NamedTuple):
    key: UUID
    hub_id: UUID
    reserved_for: UUID | None
    printing: UUID
    qr_hash: str
    short_code: str


OPEN_CARDS = """
    SELECT c.id, c.hub_id, b.training_id, c.sheet_id, c.qr_hash, c.short_code
    FROM reserved_block b JOIN card c ON c.block_id = b.id
    WHERE b.training_id IN ?list AND c.hub_id IN ?list AND c.state = 'open'
    UNION ALL SELECT c.id, c.hub_id, NULL, c.sheet_id, c.qr_hash, c.short_code
    FROM card c WHERE c.sheet_id IN ?list AND c.block_id IS NULL AND c.hub_id IN ?list AND c.state = 'open'
    ORDER BY 1
"""


async def _spares(sessions: Collection[TrainingSession]) -> dict[UUID, list[Spare]]:
    """Open cards by session: on blank rows of its sheets and reserved for its training; then, up to the limit, others
    of the same printings and of the hub's newest.
    """
    trainings = {session.training_id for session in sessions}
    hub_of = dict(await reads(Training).filter(id__in=sorted(trainings)).values_list("id", "hub_id"))
    newest = {hub_id: await _newest_printing(hub_id) for hub_id in set(hub_of.values())}
    on_rows = await _printings_on_rows([session.id for session in sessions])
    printings = {sheet_id for own in on_rows.values() for sheet_id in own.values()} | {*newest.values()}
    hubs = list(newest)
    found = await sql.tuples(OPEN_CARDS, sorted(trainings), hubs, sorted(filter(None, printings)), hubs)
    cards = [
        _Card(as_uuid(key), as_uuid(hub), reserved_for and as_uuid(reserved_for), as_uuid(printing), *codes)
        for key, hub, reserved_for, printing, *codes in found
    ]
    spares = {}
    for session in sessions:
        hub_id = hub_of[session.training_id]
        at_hub = [card for card in cards if card.hub_id == hub_id]
        spares[session.id] = _given_out(session, at_hub, on_rows[session.id], newest[hub_id])
    return spares


def _given_out(
    session: TrainingSession, cards: Sequence[_Card], on_rows: Mapping[UUID, UUID], newest: UUID | None
) -> list[Spare]:
    printed = set(on_rows.values())
    is_needed = {card.key: card.key in on_rows or card.reserved_for == session.training_id for card in cards}
    needed = [card for card in cards if is_needed[card.key]]
    others = [card for card in cards if not is_needed[card.key] and card.reserved_for is None]
    others = [card for card in others if card.printing in printed or card.printing == newest]
    others.sort(key=lambda card: card.printing not in printed)
    kept = [*needed, *others[: max(0, MOST_SPARES - len(needed))]]
    return sorted(Spare(card.qr_hash, card.short_code) for card in kept)


async def _printings_on_rows(session_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, UUID]]:
    found: dict[UUID, dict[UUID, UUID]] = {key: {} for key in session_ids}
    rows = reads(SheetRow).filter(sheet__session_id__in=list(session_ids), card_id__not_isnull=True)
    for session_id, card_id, printing in await rows.values_list("sheet__session_id", "card_id", "card__sheet_id"):
        found[session_id][card_id] = printing
    return found


async def _newest_printing(hub_id: UUID) -> UUID | None:
    latest = spare_cards([hub_id]).order_by("-created_at", "-id")
    return next(iter([key for (key,) in await latest.limit(1).values_list("sheet_id")]), None)
