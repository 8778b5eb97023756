from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from tortoise.expressions import Q

from trainings.attendance.events import SentEvent, card_hash
from trainings.attendance.models import ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.projection import ARRIVALS, DEPARTURES, key_of, key_or_none, project_all
from trainings.attendance.scans import NOBODY, Holder, flag_of, flag_of_clock, when_of
from trainings.db import sql
from trainings.lib import tokens
from trainings.registrations.models import CardState, Registration, RegistrationState
from trainings.schedule.models import Training, TrainingSession

PERSON = "r.id, r.training_id, r.joined_to_id, r.state, r.qr_hash"
# Phones know the beginning of a digest: matches lie between it and it with a letter that no digest has.
PEOPLE_BY_CARD = f"""
SELECT wanted.value AS shown, 0 AS is_replaced, {PERSON} FROM ?texts CROSS JOIN registration AS r
WHERE r.qr_hash >= wanted.value AND r.qr_hash < wanted.value || 'g'
UNION ALL
SELECT wanted.value AS shown, 1 AS is_replaced, {PERSON} FROM ?texts CROSS JOIN replaced_ticket AS t
JOIN registration AS r ON r.id = t.registration_id
WHERE t.qr_hash >= wanted.value AND t.qr_hash < wanted.value || 'g'
"""  # noqa: S608 - constants of the program
PEOPLE_BY_CODE = f"""
SELECT r.short_code AS shown, 0 AS is_replaced, {PERSON} FROM registration AS r WHERE r.short_code IN ?list
UNION ALL
SELECT t.short_code AS shown, 1 AS is_replaced, {PERSON} FROM replaced_ticket AS t
JOIN registration AS r ON r.id = t.registration_id WHERE t.short_code IN ?list
"""  # noqa: S608 - constants of the program
PEOPLE_BY_KEY = f"SELECT {PERSON} FROM registration AS r WHERE r.id IN ?list"  # noqa: S608
# Spare cards on a sheet of a practice are for it alone.
CARD = """c.qr_hash, c.state, c.hub_id, COALESCE(b.training_id, (
    SELECT t.id FROM sheet_row AS w JOIN attendance_sheet AS a ON a.id = w.sheet_id
    JOIN training_session AS s ON s.id = a.session_id JOIN training AS t ON t.id = s.training_id
    WHERE w.card_id = c.id AND t.state = 'practice' LIMIT 1
)) AS training_id"""
CARDS = f"""
SELECT wanted.value AS shown, {CARD} FROM ?texts CROSS JOIN card AS c
LEFT JOIN reserved_block AS b ON b.id = c.block_id
WHERE c.qr_hash >= wanted.value AND c.qr_hash < wanted.value || 'g'
UNION ALL
SELECT c.short_code AS shown, {CARD} FROM card AS c
LEFT JOIN reserved_block AS b ON b.id = c.block_id WHERE c.short_code IN ?list
"""  # noqa: S608 - constants of the program
ROWS = """
SELECT s.code, s.id AS sheet_id, t.training_id, w.number, w.registration_id, c.qr_hash FROM attendance_sheet AS s
JOIN training_session AS t ON t.id = s.session_id
LEFT JOIN sheet_row AS w ON w.sheet_id = s.id AND w.number IN ?list
LEFT JOIN card AS c ON c.id = w.card_id WHERE s.code IN ?list
"""


MARKED = """
SELECT DISTINCT session_id, registration_id FROM scan_event WHERE session_id IN ?list AND registration_id IN ?list
"""


class SeenTicket(NamedTuple):
    id: UUID
    training_id: UUID
    joined_to_id: UUID | None
    state: RegistrationState
    code_hash: str


class SeenCard(NamedTuple):
    """A card that is no ticket. `training_id` None: a spare card, good at each training of the hub."""

    code_hash: str
    state: CardState
    hub_id: UUID
    training_id: UUID | None


class SheetRow(NamedTuple):
    """A person's key, or the card of a blank row."""

    registration_id: UUID | None
    code_hash: str | None


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom one event means. `has_no_row`: no sheet has this row."""

    holder: Holder = NOBODY
    registration_id: UUID | None = None
    code_hash: str = ""
    sheet_id: UUID | None = None
    has_no_row: bool = False


@dataclass(slots=True)
class Holders:
    """`by_key`: people named by rows, or kept in a join. `guests`: people of other trainings, by the session where they
    were marked.
    """

    by_card: dict[str, SeenTicket] = field(default_factory=dict)
    replaced: dict[str, SeenTicket] = field(default_factory=dict)
    by_code: dict[tuple[UUID, str], SeenTicket] = field(default_factory=dict)
    replaced_codes: dict[tuple[UUID, str], SeenTicket] = field(default_factory=dict)
    by_key: dict[UUID, SeenTicket] = field(default_factory=dict)
    cards: dict[str, SeenCard] = field(default_factory=dict)
    sheets: dict[tuple[UUID, str], UUID] = field(default_factory=dict)
    rows: dict[tuple[UUID, int], SheetRow] = field(default_factory=dict)
    guests: set[tuple[UUID, UUID]] = field(default_factory=set)

    def of(self, event: SentEvent, session: TrainingSession, training: Training) -> Meant:
        """A row keeps its person from the printing. Only sheets of this training count: a short code can be guessed,
        and would name people of other trainings.
        """
        shown, sheet_id = event.shown_hash, self.sheets.get((training.id, event.sheet_code))
        row = self.rows.get((sheet_id, event.row)) if sheet_id is not None and event.row is not None else None
        if event.registration is not None:
            return self._of_tapped(event.registration, session, sheet_id)
        if row is not None and row.registration_id is not None:
            return self._of_person(self.by_key.get(row.registration_id), shown or "", sheet_id)
        if row is not None and row.code_hash is not None:
            return self._of_card(row.code_hash, training, sheet_id)
        if shown is not None:
            return self._of_card(shown, training, sheet_id)
        if event.read_code is not None:
            return self._of_code(event.read_code, session, training)
        return Meant(sheet_id=sheet_id, has_no_row=event.row is not None)

    def keep_codes_of(self, training_ids: Collection[UUID]) -> None:
        """Forget codes of other trainings: the panel shows names, and a person who types a code need not hold the
        ticket.
        """
        for codes in (self.by_code, self.replaced_codes):
            for key in [key for key in codes if key[0] not in training_ids]:
                del codes[key]

    def _of_tapped(self, key: UUID, session: TrainingSession, sheet_id: UUID | None) -> Meant:
        person = self.by_key.get(key)
        is_listed = person is not None and person.training_id == session.training_id
        if not is_listed and (session.id, key) not in self.guests:
            return Meant(sheet_id=sheet_id)
        return self._of_person(person, "", sheet_id)

    def _of_code(self, code: str, session: TrainingSession, training: Training) -> Meant:
        own = session.training_id, code
        person = self.by_code.get(own) or self.replaced_codes.get(own)
        if person is not None:
            return self._of_person(person, person.code_hash, None, is_replaced=own not in self.by_code)
        # As the picture on the ticket would: somebody of another training, where only one ticket has this code.
        tickets = (*self.by_code.items(), *self.replaced_codes.items())
        elsewhere = [one for (_training_id, shown), one in tickets if shown == code]
        card = self.cards.get(code)
        is_ticket = card is None or card.state in (CardState.USED, CardState.HELD)
        if len(elsewhere) == 1 and is_ticket:
            return self._of_person(elsewhere[0], elsewhere[0].code_hash, None)
        return self._of_card(card.code_hash, training, None) if card is not None else Meant()

    def _of_card(self, shown: str, training: Training, sheet_id: UUID | None) -> Meant:
        person = self.by_card.get(shown) or self.replaced.get(shown)
        if person is not None:
            return self._of_person(person, shown, sheet_id, is_replaced=shown not in self.by_card)
        card = self.cards.get(shown)
        is_ours = card is not None and card.hub_id == training.hub_id and card.training_id in (None, training.id)
        is_open = card is not None and card.state is CardState.OPEN
        return Meant(Holder(is_card=is_ours and is_open), code_hash=shown, sheet_id=sheet_id)

    def _of_person(
        self, person: SeenTicket | None, shown: str, sheet_id: UUID | None, *, is_replaced: bool = False
    ) -> Meant:
        if person is not None and person.joined_to_id is not None:
            person = self.by_key[person.joined_to_id]
        if person is None:
            return Meant(code_hash=shown, sheet_id=sheet_id)
        return Meant(Holder(person, is_replaced=is_replaced), person.id, shown, sheet_id)


async def find_holders(events: Sequence[SentEvent], sessions: Mapping[UUID, TrainingSession]) -> Holders:
    """In the caller's transaction, in as many statements for fifty events as for one."""
    found = Holders()
    codes = sorted({code for one in events if (code := one.read_code) and len(code) == tokens.SHORT_CODE_LENGTH})
    await _read_rows(found, events)
    shown = {one.shown_hash for one in events} | {row.code_hash for row in found.rows.values()}
    hashes = sorted(one for one in shown if one is not None)
    found.by_card, found.replaced = await people_by_card(hashes)
    for row in await sql.rows(PEOPLE_BY_CODE, codes, codes) if codes else ():
        person = _person(row)
        (found.replaced_codes if row["is_replaced"] else found.by_code)[person.training_id, row["shown"]] = person
    tapped = {one.registration for one in events if one.registration is not None}
    await _read_others(found, hashes, codes, tapped)
    found.guests = await _guests(found, events, sessions)
    return found


async def _guests(
    found: Holders, events: Sequence[SentEvent], sessions: Mapping[UUID, TrainingSession]
) -> set[tuple[UUID, UUID]]:
    odd = set()
    for one in events:
        session = sessions.get(one.session) if one.session is not None else None
        person = found.by_key.get(one.registration) if one.registration is not None else None
        if session is not None and person is not None and person.training_id != session.training_id:
            odd.add((session.id, person.id))
    if not odd:
        return set()
    rows = await sql.rows(MARKED, sorted({at for at, _key in odd}), sorted({key for _at, key in odd}))
    return {(key_of(row["session_id"]), key_of(row["registration_id"])) for row in rows}


def of_card(shown: str) -> Q:
    return Q(qr_hash__gte=shown, qr_hash__lt=f"{shown}g")


async def people_by_card(hashes: Sequence[str]) -> tuple[dict[str, SeenTicket], dict[str, SeenTicket]]:
    """Holders of current and of replaced tickets, by the beginning of the digest."""
    by_card: dict[str, SeenTicket] = {}
    replaced: dict[str, SeenTicket] = {}
    for row in await sql.rows(PEOPLE_BY_CARD, hashes, hashes) if hashes else ():
        (replaced if row["is_replaced"] else by_card)[row["shown"]] = _person(row)
    return by_card, replaced


async def _read_rows(found: Holders, events: Sequence[SentEvent]) -> None:
    codes = sorted({one.sheet_code for one in events if one.sheet_code and one.row is not None})
    numbers = sorted({one.row for one in events if one.row is not None})
    if not codes:
        return
    for row in await sql.rows(ROWS, numbers, codes):
        sheet_id = key_of(row["sheet_id"])
        found.sheets[key_of(row["training_id"]), row["code"]] = sheet_id
        if row["number"] is not None:
            shown = card_hash(row["qr_hash"]) if row["qr_hash"] is not None else None
            found.rows[sheet_id, row["number"]] = SheetRow(key_or_none(row["registration_id"]), shown)


async def _read_others(found: Holders, hashes: Collection[str], codes: Collection[str], tapped: set[UUID]) -> None:
    nobodys = [one for one in hashes if one not in found.by_card and one not in found.replaced]
    if nobodys or codes:
        for row in await sql.rows(CARDS, nobodys, list(codes)):
            card = SeenCard(
                card_hash(row["qr_hash"]),
                CardState(row["state"]),
                key_of(row["hub_id"]),
                key_or_none(row["training_id"]),
            )
            found.cards |= {row["shown"]: card, card.code_hash: card}
    in_rows = {row.registration_id for row in found.rows.values() if row.registration_id is not None}
    shown = (found.by_card, found.replaced, found.by_code, found.replaced_codes)
    known = [*(person for people in shown for person in people.values()), *await _people(in_rows | tapped)]
    kept = {one.joined_to_id for one in known if one.joined_to_id is not None}
    found.by_key |= {one.id: one for one in (*known, *await _people(kept))}


async def _people(keys: Collection[UUID]) -> list[SeenTicket]:
    return [_person(row) for row in await sql.rows(PEOPLE_BY_KEY, sorted(keys))] if keys else []


def _person(row: Mapping[str, Any]) -> SeenTicket:
    return SeenTicket(
        key_of(row["id"]),
        key_of(row["training_id"]),
        key_or_none(row["joined_to_id"]),
        RegistrationState(row["state"]),
        card_hash(row["qr_hash"] or ""),
    )


COMES_OR_GOES: frozenset[ScanKind] = ARRIVALS | DEPARTURES


async def match_unknown(training_id: UUID) -> int:
    """Count unknown codes and nameless cards of the training's sessions for the people who have them now; returns how
    many marks. The caller's transaction holds the training. Undecided marks stay undecided.
    """
    unknown = await ScanEvent.filter(
        session__training_id=training_id, registration_id=None, kind__in=sorted(COMES_OR_GOES)
    ).prefetch_related("session")
    owners = await _owners(training_id, unknown)
    touched: dict[UUID, set[UUID]] = {}
    sessions: dict[UUID, TrainingSession] = {}
    for event in unknown:
        owner = owners.get(event.id)
        if owner is None:
            continue
        event.registration_id = owner.joined_to_id or owner.id
        if event.flag in (ScanFlag.UNKNOWN_CODE, ScanFlag.UNNAMED):
            when = when_of(event)
            event.flag = flag_of(Holder(owner), event.session, when)
            if event.flag is ScanFlag.AFTER_CLOSE and (_came_before_closing(event) or _was_typed_in(event)):
                event.flag = flag_of_clock(event.session, when)
        event.unknown_code = None
        await event.save(update_fields=["registration_id", "flag", "unknown_code"])
        touched.setdefault(event.session_id, set()).add(event.registration_id)
        sessions[event.session_id] = event.session
    await project_all(sessions, touched)
    return sum(event.id in owners for event in unknown)


def _came_before_closing(event: ScanEvent) -> bool:
    return event.session.closed_at is not None and event.created_at <= event.session.closed_at


def _was_typed_in(event: ScanEvent) -> bool:
    return event.how is ScanHow.SHEET and event.phone_id is None


async def _owners(training_id: UUID, events: Sequence[ScanEvent]) -> dict[UUID, SeenTicket | Registration]:
    hashes = {event.id: shown for event in events if (shown := _hash_of(event))}
    by_card, replaced = await people_by_card(sorted(set(hashes.values())))
    typed = {event.id: event.unknown_code for event in events if event.unknown_code and event.id not in hashes}
    by_code = {
        one.short_code: one
        for one in await Registration.filter(training_id=training_id, short_code__in=sorted(set(typed.values())))
    }
    found: dict[UUID, SeenTicket | Registration | None] = {
        **{key: by_card.get(shown) or replaced.get(shown) for key, shown in hashes.items()},
        **{key: by_code.get(code) for key, code in typed.items()},
    }
    return {key: one for key, one in found.items() if one is not None and one.training_id == training_id}


def _hash_of(event: ScanEvent) -> str:
    code = event.unknown_code or ""
    if event.code_hash or len(code) != tokens.QR_TOKEN_LENGTH:
        return event.code_hash
    return card_hash(tokens.digest(code, "qr"))
