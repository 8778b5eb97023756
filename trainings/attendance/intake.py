"""A batch of scans: what they name is read together, each is decided in order, their events are written together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.attendance.marks import undos_naming
from trainings.attendance.models import DatedBy, ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.moments import is_line
from trainings.attendance.projection import Stay, departures_to_look_at, stay_of, undone_by
from trainings.attendance.scans import NOTHING_ODD, Answer, Holder, Outcome, Scan, When, answer_to, flag_of
from trainings.attendance.upload_forms import CODE_HASH_LENGTH, other_id
from trainings.audit.actor import Actor
from trainings.lib import tokens
from trainings.registrations.card_queries import SeenCard, seen_at
from trainings.registrations.models import Registration, ReplacedTicket
from trainings.schedule.models import Training, TrainingSession


@dataclass(frozen=True, slots=True)
class Named:
    """The registrations that a batch names: by QR digest; by short code and key only those of this training.

    `replaced` are by the QR digest and the short code of a ticket that was printed anew since. `kept` are those that
    joined ones among them count as. All with their participants. `cards` are by their code as read: nobody's tickets
    yet, or no more.
    """

    by_qr: Mapping[str, Registration]
    replaced: Mapping[str, Registration]
    by_short_code: Mapping[str, Registration]
    by_id: Mapping[UUID, Registration]
    kept: Mapping[UUID, Registration]
    cards: Mapping[str, SeenCard]

    def of(self, scan: Scan) -> Registration | None:
        """Whom a scan means. A joined one's card counts as the kept one's."""
        tapped = scan.registration_id
        found = self.by_id.get(tapped) if tapped is not None else self._by_ticket(scan.read_code)
        if found is not None and found.joined_to_id is not None:
            return self.kept[found.joined_to_id]
        return found

    def ticket_of(self, scan: Scan) -> str:
        """The beginning of the digest of the ticket or card that a scan shows: of a joined one its own."""
        card, holder = self.card_of(scan), None if scan.registration_id else self._by_ticket(scan.read_code)
        shown = card.qr_hash if card is not None else holder.qr_hash if holder is not None else ""
        return shown[:CODE_HASH_LENGTH]

    def _by_ticket(self, code: str | None) -> Registration | None:
        if code is None:
            return None
        digest = tokens.digest(code, "qr")
        found = self.by_short_code.get(code) or self.by_qr.get(digest)
        return found or self.replaced.get(digest) or self.replaced.get(code)

    def holder_of(self, scan: Scan) -> Holder:
        """The same, with what is odd about the ticket itself."""
        code, card = scan.read_code, self.card_of(scan)
        shown = {code, tokens.digest(code, "qr")} if scan.registration_id is None and code is not None else set()
        is_replaced = code not in self.by_short_code and not shown.isdisjoint(self.replaced)
        return Holder(self.of(scan), is_replaced=is_replaced, is_card=card is not None and card.is_usable)

    def card_of(self, scan: Scan) -> SeenCard | None:
        """The card that a scan shows, where it is nobody's ticket."""
        return self.cards.get(scan.read_code) if scan.read_code is not None else None


async def trainings_named(scans: Sequence[Scan]) -> set[UUID]:
    """The trainings whose tickets, and whose people, are among the scans: those to be locked."""
    digests = [tokens.digest(code, "qr") for scan in scans if (code := scan.read_code) is not None]
    found = await Registration.filter(Q(qr_hash__in=digests) | Q(id__in=_tapped(scans))).values_list("training_id")
    replaced = await ReplacedTicket.filter(qr_hash__in=digests).values_list("registration__training_id")
    return {training_id for (training_id,) in (*found, *replaced)}


def _tapped(scans: Sequence[Scan]) -> list[UUID]:
    return [scan.registration_id for scan in scans if scan.registration_id is not None]


async def find_named(session: TrainingSession, scans: Sequence[Scan]) -> Named:
    """Read what the scans name. A tapped row is of this training, or of who was marked here with the ticket of another;
    else it is nobody. A QR may be another training's.
    """
    training_id, tapped = session.training_id, _tapped(scans)
    codes = {code for scan in scans if (code := scan.read_code) is not None}
    digests = [tokens.digest(code, "qr") for code in codes if len(code) == tokens.QR_TOKEN_LENGTH]
    short_codes = [code for code in codes if len(code) == tokens.SHORT_CODE_LENGTH]
    seen = ScanEvent.filter(session_id=session.id, registration_id__in=tapped) if tapped else None
    guests = {key for (key,) in await seen.values_list("registration_id")} if seen is not None else set()
    # Each on an index of its own: with one that has none beside them, all registrations would be read.
    by_code = Q(qr_hash__in=digests) | Q(training_id=training_id, short_code__in=short_codes)
    found = await Registration.filter(by_code | Q(id__in=[*tapped, *guests])).prefetch_related("participant")
    by_qr = {one.qr_hash: one for one in found}
    by_short_code = {one.short_code: one for one in found if one.training_id == training_id}
    replaced = await _replaced(
        [digest for digest in digests if digest not in by_qr],
        [code for code in short_codes if code not in by_short_code],
        training_id,
    )
    known = by_qr.keys() | replaced.keys()
    known |= by_short_code.keys()
    unknown = {code for code in codes if code not in known and tokens.digest(code, "qr") not in known}
    wanted = {one.joined_to_id for one in (*found, *replaced.values())} - {None}
    kept = await Registration.filter(id__in=list(wanted)).prefetch_related("participant") if wanted else []
    return Named(
        by_qr=by_qr,
        replaced=replaced,
        by_short_code=by_short_code,
        by_id={one.id: one for one in found if one.training_id == training_id or one.id in guests},
        kept={one.id: one for one in kept},
        cards=await seen_at(await Training.get(id=training_id), unknown) if unknown else {},
    )


async def _replaced(digests: Sequence[str], short_codes: Sequence[str], training_id: UUID) -> dict[str, Registration]:
    """Whose tickets these QRs, and these codes of the training, were before they were printed anew."""
    if not digests and not short_codes:
        return {}
    wanted = Q(qr_hash__in=digests) | Q(short_code__in=short_codes)
    found = await ReplacedTicket.filter(wanted).prefetch_related("registration__participant")
    shown = {one.qr_hash: one.registration for one in found}
    return shown | {one.short_code: one.registration for one in found if one.registration.training_id == training_id}


@dataclass(slots=True)
class Intake:
    """What is known at one session while a batch is decided. `new` collects the events to be written.

    `flagged` are stored ones whose flag is another now: another body came under their id, and both are flagged,
    whichever came first; or somebody was seen after they left.
    """

    session: TrainingSession
    actor: Actor
    offset: timedelta
    named: Named
    stored: dict[UUID, ScanEvent]
    people: dict[UUID, Registration]
    events_of: dict[UUID, list[ScanEvent]]
    undone: set[UUID]
    new: list[ScanEvent] = field(default_factory=list)
    flagged: list[ScanEvent] = field(default_factory=list)

    @classmethod
    async def open(
        cls, session: TrainingSession, scans: Sequence[Scan], named: Named, *, actor: Actor, offset: timedelta
    ) -> Self:
        """Read the session's events that the batch touches, with the session locked."""
        ids = {scan.id for scan in scans} | {_id_of_other(scan, session) for scan in scans}
        ids |= {scan.target_id for scan in scans if scan.target_id is not None}
        before = await ScanEvent.filter(id__in=sorted(ids))
        people = {one.id: one for scan in scans if (one := named.of(scan)) is not None}
        missing = {one.registration_id for one in before if one.registration_id is not None} - people.keys()
        if missing:
            more = await Registration.filter(id__in=sorted(missing)).prefetch_related("participant")
            people |= {one.id: one for one in more}
        stored = {one.id: one for one in before}
        events_of: dict[UUID, list[ScanEvent]] = defaultdict(list)
        for event in await ScanEvent.filter(session_id=session.id, registration_id__in=sorted(people)):
            assert event.registration_id is not None
            events_of[event.registration_id].append(stored.get(event.id, event))
        known = ids | {event.id for own in events_of.values() for event in own}
        known |= {event.conflict_of_id for own in events_of.values() for event in own if event.conflict_of_id}
        undone = undone_by(undo for undo in await undos_naming(known) if undo.session_id == session.id)
        return cls(session, actor, offset, named, stored, people, events_of, undone)

    def decide(self, scan: Scan) -> Answer:
        """Keep one scan, unless it is kept already or no ticket at all, and say what is to be said."""
        kept = self._kept(scan)
        if kept is None:
            if scan.kind is not ScanKind.UNDO and scan.read_code is None and scan.registration_id is None:
                return Answer(scan.id, Outcome.NOT_A_TICKET, is_stored=False)
            kept = self._event(scan)
            self._remember(kept)
        registration = self.people.get(kept.registration_id) if kept.registration_id is not None else None
        events = self.events_of[kept.registration_id] if kept.registration_id is not None else []
        return replace(answer_to(kept, registration, events, self.undone, self.named.card_of(scan)), id=scan.id)

    def _kept(self, scan: Scan) -> ScanEvent | None:
        """The event that this very scan is already, also where its id was taken by another body before."""
        for event in self.stored.values():
            is_named_so = event.session_id == self.session.id and scan.id in (event.id, event.conflict_of_id)
            if is_named_so and tokens.same(event.body_hash, scan.body_hash):
                return event
        return None

    def _flag(self, scan: Scan, at: datetime) -> ScanFlag:
        if scan.kind is ScanKind.UNDO:
            flag = ScanFlag.NONE if self.session.closed_at is None else ScanFlag.AFTER_CLOSE
        else:
            when = When(at, self.offset, stated_at=scan.stated_at, has_clock=scan.how is not ScanHow.SHEET)
            flag = flag_of(self.named.holder_of(scan), self.session, when)
        # Signed lists are typed in after the session is closed, by people who know that it is.
        is_typed_in = flag is ScanFlag.AFTER_CLOSE and scan.how is ScanHow.SHEET
        return ScanFlag.NONE if is_typed_in else flag

    def _event(self, scan: Scan) -> ScanEvent:
        """The event to write. Under an id that another body took it gets an id of its own, and names the first."""
        before = self.stored.get(scan.id)
        device_at = scan.at or clock.now()
        is_dated_by_session = is_line(scan.kind, scan.how)
        at = self.session.starts_at if is_dated_by_session else device_at + self.offset
        registration = self._meant(scan)
        flag = self._flag(scan, at)
        if before is not None:
            flag = self._contest(before, flag)
        return ScanEvent(
            id=scan.id if before is None else _id_of_other(scan, self.session),
            session_id=self.session.id,
            registration_id=registration.id if registration else None,
            kind=scan.kind,
            target_id=scan.target_id,
            conflict_of_id=before.id if before is not None else None,
            how=scan.how,
            at=at,
            dated_by=DatedBy.SESSION if is_dated_by_session else DatedBy.CLOCK,
            device_at=device_at,
            device=scan.device,
            seq=scan.seq,
            user_id=self.actor.id,
            unknown_code=scan.read_code if registration is None else None,
            code_hash=self.named.ticket_of(scan),
            body_hash=scan.body_hash,
            flag=flag,
            stated_at=scan.stated_at,
            sheet_id=scan.sheet_id,
            row=scan.row,
        )

    def _contest(self, before: ScanEvent, flag: ScanFlag) -> ScanFlag:
        """The flag of another body under a stored id. Neither loses a flag that says more."""
        if before.session_id == self.session.id and before.flag in NOTHING_ODD:
            before.flag = ScanFlag.CHANGED_BODY
            self.flagged.append(before)
        return ScanFlag.CHANGED_BODY if flag in NOTHING_ODD else flag

    def _meant(self, scan: Scan) -> Registration | None:
        """Whom the scan is about. An undo names one event of this session; before its target came, nobody is known."""
        if scan.kind is not ScanKind.UNDO:
            return self.named.of(scan)
        target = self.stored.get(scan.target_id) if scan.target_id is not None else None
        if target is None or target.session_id != self.session.id or target.registration_id is None:
            return None
        return self.people[target.registration_id]

    def _remember(self, event: ScanEvent) -> None:
        self.new.append(event)
        self.stored[event.id] = event
        if event.registration_id is not None:
            self.events_of[event.registration_id].append(event)
        if event.kind is ScanKind.UNDO and event.target_id is not None:
            self.undone.add(event.target_id)

    def stays(self) -> dict[UUID, Stay]:
        """What the events now say of the people of whom there is something new; their departures are looked at anew."""
        touched = {one.registration_id for one in (*self.new, *self.flagged) if one.registration_id is not None}
        stays = {key: stay_of(self.events_of[key], self.undone) for key in touched}
        for key, stay in stays.items():
            for event, flag in departures_to_look_at(self.events_of[key], stay):
                event.flag = flag
                if event not in self.new:
                    self.flagged.append(event)
        return stays


def _id_of_other(scan: Scan, session: TrainingSession) -> UUID:
    """The id of a scan whose own id is taken: by another body, or at another session."""
    return other_id(scan.id, f"{session.id}|{scan.body_hash}")
