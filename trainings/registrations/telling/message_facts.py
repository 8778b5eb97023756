"""Facts of a message to a participant, read when it is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.db import sql
from trainings.db.prepared import Select
from trainings.db.sql import Statement, Table, as_uuid
from trainings.lib.dates import time_range
from trainings.lib.text import initials
from trainings.outbox.models import IS_OPEN, OutboxJob, Outcome
from trainings.people.consents import english_readers
from trainings.places.models import Hub, Venue
from trainings.registrations.messages import ABOUT_CHANGES, ABOUT_ONE, REMINDER
from trainings.registrations.models import TAKES_PLACE, Registration, RegistrationState, Source
from trainings.registrations.queries import OWN
from trainings.registrations.telling.calendar_invitations import MOST_INVITATIONS
from trainings.registrations.telling.contacts import Mailbox, addresses_of, read_mailboxes
from trainings.schedule.changes import Difference, Known
from trainings.schedule.dated import place_told
from trainings.schedule.models import ChangeKind, PlaceShown, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.public import sentences
from trainings.schedule.public.sentences import sentence_of
from trainings.schedule.queries import SESSIONS_OF
from trainings.schedule.snapshots import Snapshots, snapshots_of
from trainings.settings import get_settings
from trainings.web import i18n
from trainings.web.i18n import SOURCE_LANGUAGE
from trainings.web.i18n import gettext as _

ABOUT_LEAVING = frozenset({"registration_cancelled", "registration_rejected", "offer_expired", "waitlist_closed"})
"""About cancelled people; other kinds are about people who stay."""
GIVING_PLACES = ("registration_confirmed", "registration_promoted")
ENGLISH = "en"
READ = (Outcome.SENT,)
"""Messages kept for want of a mail server are still news."""
HEARD = frozenset({Source.DESK, Source.CALL, Source.WHATSAPP})


@dataclass(frozen=True, slots=True)
class ToldSession:
    """The place is empty where there is none or the reader may not know it."""

    starts_at: datetime
    hours: str
    place: str
    is_cancelled: bool


@dataclass(frozen=True)
class Facts:
    """`to`: the address. `round_number`: how often its calendar forgot the entries. `told_of_changes`, `reminded`:
    messages read. `standing`: what `is_overtaken` compares.
    """

    job: OutboxJob
    registration: Registration
    mailbox: Mailbox
    concerned: Sequence[Registration]
    to: str
    sessions: Sequence[TrainingSession]
    lang: str
    round_number: int
    is_told_again: bool
    snapshots: Snapshots
    standing: tuple[Table, Table]
    told_of_changes: Sequence[OutboxJob]
    reminded: Sequence[OutboxJob] = ()

    @cached_property
    def invited(self) -> frozenset[str]:
        return frozenset(key for job in self.reminded for key in job.payload.get("sessions", ()))

    @property
    def training(self) -> Training:
        return self.registration.training

    @property
    def hub(self) -> Hub:
        return self.training.hub

    @property
    def title(self) -> str:
        return self.training.title_told

    @property
    def phone(self) -> str:
        return self.training.phone

    @property
    def is_cancelled(self) -> bool:
        return self.training.state is TrainingState.CANCELLED

    @property
    def is_over(self) -> bool:
        return not self.coming

    @cached_property
    def coming(self) -> list[TrainingSession]:
        return [one for one in self._ahead if one.state is SessionState.PLANNED]

    @cached_property
    def called_off(self) -> list[TrainingSession]:
        return [one for one in self._ahead if one.state is SessionState.CANCELLED]

    @property
    def _ahead(self) -> list[TrainingSession]:
        return [one for one in self.sessions if one.ends_at > clock.now()]

    @property
    def takes_place(self) -> bool:
        return self.registration.state in TAKES_PLACE

    @property
    def knows_place(self) -> bool:
        return self.training.place_shown is PlaceShown.PUBLIC or self.takes_place

    @property
    def link(self) -> str:
        return link_to(self.mailbox.token_for(len(self.concerned)))

    @property
    def readers(self) -> list[UUID]:
        mates = [self.registration] if self.job.kind in ABOUT_ONE else self.mailbox.mates
        return [one.id for one in mates]

    @property
    def others_come(self) -> bool:
        """Somebody else of this address has a place, so the calendar keeps the entries."""
        told = {one.id for one in self.concerned}
        return any(one.state is RegistrationState.CONFIRMED and one.id not in told for one in self.mailbox.mates)

    def known(self, session: TrainingSession) -> Known:
        """As the reader last heard of it, else at sign-up."""
        return self.snapshots.shown_off(session, self.registration)

    def place_of(self, session: TrainingSession) -> str:
        return self._place(session.venue)

    def _place(self, venue: Venue | None) -> str:
        return place_told(self.training, venue, self.hub.seat, knows_place=self.knows_place)

    def is_online(self, sessions: Sequence[TrainingSession]) -> bool:
        is_in_no_house = self.training.venue is None and all(one.venue is None for one in sessions)
        return is_in_no_house and self.training.online_url is not None

    def told_sessions(self) -> list[ToldSession]:
        """All sessions ahead; cancelled sessions on the day the reader knows."""
        return sorted((self._told(one) for one in self._ahead), key=lambda one: one.starts_at)

    def _told(self, session: TrainingSession) -> ToldSession:
        is_off = self.is_cancelled or session.state is SessionState.CANCELLED
        shown = self.known(session) if is_off else session
        hours = time_range(shown.starts_at, shown.ends_at, i18n.language())
        return ToldSession(shown.starts_at, hours, self._place(shown.venue), is_off)

    def for_layout(self) -> dict[str, Any]:
        sessions = self.told_sessions()
        places = {session.place for session in sessions if not session.is_cancelled}
        is_confirmed = self.registration.state is RegistrationState.CONFIRMED and not self.is_cancelled
        return {
            "title": self.title,
            "day": self.coming[0].starts_at if self.coming and is_confirmed else None,
            "sessions": sessions,
            "place": places.pop() if len(places) == 1 and not self.is_cancelled else "",
            "place_comes_later": not self.knows_place and bool(self.coming) and not self.is_cancelled,
            "online_url": self.training.online_url if is_confirmed else "",
            "is_online": self.is_online(self.coming),
            "bring": self.training.bring if is_confirmed else "",
            "n": len(self.concerned),
            "names": names_of(self.concerned),
            "short_code": self.registration.short_code if is_confirmed and self.coming else "",
            "tickets": [(called(one), one.short_code) for one in self.concerned],
            "link": self.link,
            "link_label": _link_label(len(self.concerned), is_confirmed=is_confirmed),
            "hub": self.hub,
            "phone": self.phone,
            "has_invitation": False,
        }


def called(registration: Registration) -> str:
    """The first name if staff typed it, else initials: anybody could type a name, and we would send it to a
    stranger.
    """
    person = registration.participant
    if registration.source in HEARD:
        return person.given_names.split()[0]
    return initials(person.given_names, person.surnames)


def names_of(registrations: Sequence[Registration]) -> str:
    return sentences.listing([called(one) for one in registrations])


def link_to(token: str | None) -> str:
    return f"{get_settings().base_url.rstrip('/')}/i/{token}" if token else ""


def _link_label(n_people: int, *, is_confirmed: bool) -> str:
    if n_people > 1:
        return _("Ver los boletos") if is_confirmed else _("Ver las inscripciones")
    return _("Ver mi boleto") if is_confirmed else _("Ver mi inscripción")


async def gather_facts(jobs: Sequence[OutboxJob]) -> dict[UUID, Facts]:
    """By job, without those that have no registration or no address. As many statements for a hundred as for one."""
    subjects = [job.subject_id for job in jobs if job.subject_id is not None]
    # Read before what it tells of: a change in between is found when the message leaves.
    standing, links = await sql.tables([Statement(STANDING, [subjects]), Statement(OPENS, [subjects])], are_few=True)
    mailboxes = await _mailboxes_of(jobs)
    if not mailboxes:
        return {}
    read = await _read_round(mailboxes, standing, links)
    found = {job.id: read.facts(job, mailboxes[job.id]) for job in jobs if job.id in mailboxes}
    return {key: facts for key, facts in found.items() if facts.to}


@dataclass(frozen=True, slots=True)
class _Round:
    """What was read for all messages of a round."""

    standing: Table
    links: Table
    snapshots: Mapping[UUID, Snapshots]
    messages: Sequence[OutboxJob]
    sessions: Sequence[TrainingSession]
    addresses: Mapping[UUID, str | None]
    in_english: Collection[UUID]

    def facts(self, job: OutboxJob, mailbox: Mailbox) -> Facts:
        registration, mates = mailbox.registration, {one.id for one in mailbox.mates}
        concerned = [registration] if job.kind in ABOUT_ONE else mailbox.together
        to_them = [one for one in self.messages if one.subject_id in mates]
        until_now = [*(one for one in to_them if one.id < job.id), job]
        return Facts(
            job=job,
            registration=registration,
            mailbox=mailbox,
            concerned=concerned,
            to=self.addresses[registration.participant_id] or "",
            sessions=[one for one in self.sessions if one.training_id == registration.training_id],
            # The person's own, never that of whoever caused the message.
            lang=ENGLISH if registration.participant_id in self.in_english else SOURCE_LANGUAGE,
            round_number=_rounds(until_now, mailbox.mates),
            is_told_again=_is_told_again(job, concerned, to_them),
            snapshots=self.snapshots[registration.training_id],
            standing=_standing_of(mailbox, self.standing, self.links),
            told_of_changes=[one for one in until_now if one.kind in ABOUT_CHANGES and one.outcome in READ],
            reminded=[one for one in until_now if one.kind == REMINDER and one.outcome in READ],
        )


async def _read_round(mailboxes: Mapping[UUID, Mailbox], standing: Table, links: Table) -> _Round:
    registrations = [one.registration for one in mailboxes.values()]
    readers = sorted({mate.id for one in mailboxes.values() for mate in one.mates})
    trainings = sorted({one.training_id for one in registrations})
    return _Round(
        standing=standing,
        links=links,
        snapshots=await snapshots_of(trainings),
        messages=await MESSAGES.rows(readers),
        sessions=await SESSIONS_OF.rows(trainings),
        addresses=await addresses_of([one.participant for one in registrations]),
        in_english=await english_readers([one.participant_id for one in registrations]),
    )


async def _mailboxes_of(jobs: Sequence[OutboxJob]) -> dict[UUID, Mailbox]:
    """By job. Where the person written to for all is cancelled, of one who stays: the rest are told all the same."""
    mailboxes = await _read([job.subject_id for job in jobs if job.subject_id is not None])
    of_job = {job.id: mailboxes[job.subject_id] for job in jobs if job.subject_id in mailboxes}
    stays = {job.id: one.id for job in jobs if job.id in of_job and (one := _who_stays(job, of_job[job.id]))}
    others = await _read(stays.values()) if stays else {}
    return of_job | {job_id: others[key] for job_id, key in stays.items() if key in others}


async def _read(registration_ids: Iterable[UUID]) -> dict[UUID, Mailbox]:
    return await read_mailboxes(await OWN.rows(sorted(set(registration_ids))))


STANDING = """
    SELECT this.id, this.state, this.cancelled_at, this.told_number, this.heard_number, party.state,
        party.offered_until, participant.email_key, training.state,
        (SELECT MAX(number) FROM facts_snapshot WHERE training_id = this.training_id)
    FROM registration AS this
    JOIN registration_group AS party ON party.id = this.group_id
    JOIN participant ON participant.id = this.participant_id
    JOIN training ON training.id = this.training_id
    WHERE this.group_id IN (SELECT group_id FROM registration WHERE id IN ?list) ORDER BY this.id
"""
OPENS = """
    SELECT group_id, id, claimed_at FROM own_link
    WHERE group_id IN (SELECT group_id FROM registration WHERE id IN ?list) AND revoked_at IS NULL ORDER BY id
"""
"""Both of whole groups: who of them reads a message is known only later."""
LATER = f"SELECT 1 FROM outbox_job WHERE subject_id IN ?list AND kind = ? AND id > ? AND {IS_OPEN} LIMIT 1"  # noqa: S608


def _standing_of(mailbox: Mailbox, standing: Table, links: Table) -> tuple[Table, Table]:
    mates, group_id = {one.id for one in mailbox.mates}, mailbox.registration.group_id
    return (
        tuple(row for row in standing if as_uuid(row[0]) in mates),
        tuple(row for row in links if as_uuid(row[0]) == group_id),
    )


async def is_overtaken(facts: Facts) -> bool:
    """Asked right before the message is handed over: what it says may not hold any more, or a later one says it."""
    this, concerned = [facts.registration.id], [one.id for one in facts.concerned]
    standing, links, later = await sql.tables(
        [
            Statement(STANDING, [this]),
            Statement(OPENS, [this]),
            Statement(LATER, [concerned, facts.job.kind, facts.job.id]),
        ],
        are_few=True,
    )
    return bool(later) or _standing_of(facts.mailbox, standing, links) != facts.standing


def _who_stays(job: OutboxJob, mailbox: Mailbox) -> Registration | None:
    if job.kind in ABOUT_ONE | ABOUT_LEAVING or mailbox.registration.state is not RegistrationState.CANCELLED:
        return None
    return next((one for one in mailbox.mates if one.state is not RegistrationState.CANCELLED), None)


MESSAGES = Select(OutboxJob, where="this.subject_id IN ?list", order="this.id", are_few=True)


def _rounds(messages: Sequence[OutboxJob], mates: Sequence[Registration]) -> int:
    """At each training called off, and where places came after a good-bye to all of an address."""
    n_rounds, good_bye = 0, None
    for message in messages:
        is_read = message.outcome in READ
        if message.kind == "training_cancelled" and is_read:
            n_rounds, good_bye = n_rounds + 1, None
        elif message.kind == "registration_cancelled" and is_read:
            good_bye = message.created_at
        elif message.kind in GIVING_PLACES and good_bye is not None:
            stayed = any(_came_all_the_time(one, good_bye, message.created_at) for one in mates)
            n_rounds, good_bye = n_rounds + (not stayed), None
    return n_rounds


def _came_all_the_time(registration: Registration, since: datetime, until: datetime) -> bool:
    had_place = registration.confirmed_at is not None and registration.confirmed_at < since
    return had_place and (registration.cancelled_at is None or registration.cancelled_at > until)


def _is_told_again(job: OutboxJob, concerned: Sequence[Registration], messages: Sequence[OutboxJob]) -> bool:
    """A later message of this kind waits: one is enough."""
    keys = {one.id for one in concerned}
    later = (one for one in messages if one.id > job.id and one.kind == job.kind and one.subject_id in keys)
    return any(one.is_open for one in later)


MY_LINKS = "my_links"


@dataclass(frozen=True, slots=True)
class Entry:
    title: str
    starts_at: datetime
    names: str
    hub: Hub
    phone: str
    link: str
    link_label: str


def news(facts: Facts) -> list[Difference]:
    """Differences from what the reader was last told; a session moved back has none."""
    reader, off = facts.registration, facts.is_cancelled
    found = facts.snapshots.news(reader, facts.sessions, facts.training, is_called_off=off)
    return [one for one in found if _concerns(one, facts)]


def changes_in_words(facts: Facts) -> dict[str, Any]:
    found = news(facts)
    kinds = {one.kind for one in found}
    return {
        "changes": [sentence_of(one, knows_place=facts.knows_place) for one in found],
        "is_only_cancelled": kinds == {ChangeKind.CANCELLED},
        "is_only_reopened": kinds == {ChangeKind.REOPENED},
    }


def moved_unheard(facts: Facts) -> list[str]:
    return [sentence_of(one, knows_place=facts.knows_place) for one in news(facts) if one.is_moved]


def revivals(facts: Facts, session_id: UUID) -> int:
    """How often the reader's calendar had to forget this session, which takes place after all."""
    n_revivals = 0
    off_since: datetime | None = None
    for snapshot in facts.snapshots.numbered:
        known = snapshot.facts.get(session_id)
        if known is None or snapshot.at < facts.registration.created_at:
            continue
        if known.is_on and off_since is not None:
            n_revivals += _was_told(facts, off_since, snapshot.at)
            off_since = None
        elif not known.is_on:
            off_since = off_since or snapshot.at
    return n_revivals


def _was_told(facts: Facts, since: datetime, until: datetime) -> bool:
    told = (job for job in facts.told_of_changes if job.kind == "training_changed")
    return any(since <= job.run_at <= until for job in told)


def _concerns(difference: Difference, facts: Facts) -> bool:
    """Another house in the same town concerns only readers of the exact place, another link only readers of the
    link.
    """
    if difference.is_other_link and difference.kind is ChangeKind.PLACE:
        return facts.takes_place
    if difference.kind is not ChangeKind.PLACE or facts.knows_place:
        return True
    old, new = difference.old_venue, difference.session.venue
    return (old and old.municipality_id) != (new and new.municipality_id)


def sessions_of_the_day(facts: Facts) -> list[TrainingSession]:
    """A session moved away has a reminder of its own."""
    on = date.fromisoformat(facts.job.payload["on"]) if "on" in facts.job.payload else None
    return [one for one in facts.coming if clock.local(one.starts_at).date() == (on or _next_day(facts))]


def _next_day(facts: Facts) -> date | None:
    return clock.local(facts.coming[0].starts_at).date() if facts.coming else None


def is_day_ahead(facts: Facts) -> bool:
    sessions = sessions_of_the_day(facts)
    return bool(sessions) and sessions[0].starts_at > clock.now()


def day_of_reminder(facts: Facts) -> datetime | None:
    sessions = sessions_of_the_day(facts)
    return sessions[0].starts_at if sessions else None


def reminder_shown(facts: Facts) -> dict[str, Any]:
    sessions = sessions_of_the_day(facts)
    if not sessions:
        return {"days_left": 0}
    starts = {one.starts_at for one in sessions}
    told = [one for one in facts.told_sessions() if one.starts_at in starts and not one.is_cancelled]
    places = {one.place for one in told}
    return {
        "day": sessions[0].starts_at,
        "sessions": told,
        "place": places.pop() if len(places) == 1 else "",
        "is_online": facts.is_online(sessions),
        "days_left": (clock.local(sessions[0].starts_at).date() - clock.today()).days,
    }


def came_as_a_file(facts: Facts) -> bool:
    confirmed_at = facts.registration.confirmed_at
    if confirmed_at is None:
        return False
    ahead = [one for one in facts.sessions if one.ends_at > confirmed_at and _was_planned(one, confirmed_at)]
    return len(ahead) > MOST_INVITATIONS


def _was_planned(session: TrainingSession, at: datetime) -> bool:
    is_later = session.created_at > at
    return not is_later and (
        session.state is SessionState.PLANNED or (session.cancelled_at is not None and session.cancelled_at > at)
    )
