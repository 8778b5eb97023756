from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.lib.dates import NBSP, day_and_time
from trainings.lib.phones import show_phone
from trainings.outbox.letters import write_letter
from trainings.outbox.mailer import Composer, Draft, Mail, Together
from trainings.outbox.models import OutboxJob
from trainings.outbox.placeholders import OwnWords, fill
from trainings.outbox.templates import words_of
from trainings.people.words import NEEDS
from trainings.registrations.calls.told import may_have_heard, were_told
from trainings.registrations.messages import ABOUT_ONE, REMINDER
from trainings.registrations.models import HoldReason, NeedState, Registration, RegistrationState, read_needs
from trainings.registrations.seats.waiting import offer_ends, reached_by_mail
from trainings.registrations.telling import message_facts
from trainings.registrations.telling.calendar_invitations import Appointment, Parties, carried, invitation_uid
from trainings.registrations.telling.contacts import mark_accepted, mark_refused
from trainings.registrations.telling.message_facts import (
    ABOUT_LEAVING,
    Facts,
    gather_facts,
    is_overtaken,
    moved_unheard,
    news,
    revivals,
)
from trainings.registrations.telling.message_facts import changes_in_words as in_words
from trainings.schedule.models import ChangeKind, SessionState, TrainingSession
from trainings.settings import get_settings
from trainings.web.i18n import gettext as _
from trainings.web.i18n import speaking


def is_confirmed(facts: Facts) -> bool:
    return facts.registration.state is RegistrationState.CONFIRMED and is_coming(facts)


def is_waiting(facts: Facts) -> bool:
    return facts.registration.state is RegistrationState.WAITLISTED and is_coming(facts)


def is_offered(facts: Facts) -> bool:
    return facts.registration.state is RegistrationState.OFFERED and is_coming(facts)


def is_off(facts: Facts) -> bool:
    return has_cancelled(facts) and is_coming(facts)


def is_answered(facts: Facts) -> bool:
    return is_concerned(facts) and bool(_answers(facts))


def is_held(facts: Facts) -> bool:
    return facts.registration.state is RegistrationState.HELD and is_coming(facts)


def has_cancelled(facts: Facts) -> bool:
    return facts.registration.state is RegistrationState.CANCELLED


def is_called_off(facts: Facts) -> bool:
    return facts.is_cancelled and not has_cancelled(facts)


def is_concerned(facts: Facts) -> bool:
    return not has_cancelled(facts) and is_coming(facts)


def is_changed(facts: Facts) -> bool:
    is_off = has_cancelled(facts) or facts.is_cancelled
    is_left = bool(facts.coming) or any(one.kind is not ChangeKind.CANCELLED for one in news(facts))
    return not is_off and is_left and bool(news(facts))


def is_coming(facts: Facts) -> bool:
    return not facts.is_cancelled and not facts.is_over


def has_link(facts: Facts) -> bool:
    return bool(facts.link)


def nothing(_facts: Facts) -> list[Appointment]:
    return []


def requests(facts: Facts) -> list[Appointment]:
    if facts.registration.state is not RegistrationState.CONFIRMED:
        return []
    by_stamp = sorted((one.session for one in news(facts)), key=lambda one: one.stamped_at, reverse=True)
    return [appointment(facts, one) for one in by_stamp]


def confirmations(facts: Facts) -> list[Appointment]:
    if facts.registration.state is not RegistrationState.CONFIRMED:
        return []
    return [appointment(facts, one) for one in facts.coming]


def invitations_of_the_day(facts: Facts) -> list[Appointment]:
    if not message_facts.came_as_a_file(facts):
        return []
    return [appointment(facts, one) for one in message_facts.sessions_of_the_day(facts)]


def withdrawals(facts: Facts) -> list[Appointment]:
    if facts.registration.confirmed_at is None or facts.others_come:
        return []
    # Where only a session was called off, it has been taken out already.
    affected = [*facts.coming, *facts.called_off] if facts.is_cancelled else facts.coming
    return [appointment(facts, one, is_withdrawn=True) for one in affected]


def next_day(facts: Facts) -> datetime | None:
    ahead = [*facts.coming, *facts.called_off]
    return ahead[0].starts_at if ahead else None


def day_off(facts: Facts) -> datetime | None:
    days = [facts.known(one).starts_at for one in facts.coming]
    return min(days) if days else next_day(facts)


def day_of_change(facts: Facts) -> datetime | None:
    """Of the first session with news: its new time, or the old time where it is off."""
    found = news(facts)
    off = [facts.known(one.session).starts_at for one in found if one.kind is ChangeKind.CANCELLED]
    days = [one.session.starts_at for one in found if one.kind is not ChangeKind.CANCELLED] or off
    return min(days) if days else next_day(facts)


def appointment(facts: Facts, session: TrainingSession, *, is_withdrawn: bool = False) -> Appointment:
    settings = get_settings()
    is_called_off = session.state is SessionState.CANCELLED
    phone = _("Ventanilla: %(phone)s") % {"phone": show_phone(facts.phone)}
    bring = _("Qué traer: %(what)s") % {"what": facts.training.bring} if facts.training.bring else ""
    online = "" if is_withdrawn else facts.training.online_url
    return Appointment(
        uid=invitation_uid(
            facts.mailbox.mates[0].id,
            session.id,
            settings.uid_domain,
            round_number=facts.round_number + revivals(facts, session.id),
        ),
        stamped_at=max(facts.job.created_at.replace(microsecond=0), session.stamped_at),
        # A session called off or moved has a higher number already; leaving raises it by one.
        sequence=session.sequence + (is_withdrawn and not is_called_off),
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        summary=facts.title,
        location=facts.place_of(session),
        description="\n".join(part for part in (phone, bring, online) if part),
        is_cancelled=is_withdrawn or is_called_off,
        is_apart=str(session.id) in facts.invited,
    )


@dataclass(frozen=True, slots=True)
class Kind:
    words: str
    holds: Callable[[Facts], bool]
    entries: Callable[[Facts], Sequence[Appointment]] = nothing
    more: Callable[[Facts], dict[str, Any]] = field(default=lambda _facts: {})
    names_day: bool = True
    day: Callable[[Facts], datetime | None] = next_day
    sent: Callable[[Facts], Awaitable[None]] | None = None


def is_reminded(facts: Facts) -> bool:
    return is_confirmed(facts) and message_facts.is_day_ahead(facts)


def _reason(facts: Facts) -> dict[str, Any]:
    return {"reason": facts.training.cancel_reason, "changes": moved_unheard(facts)}


def _way_up(facts: Facts) -> dict[str, Any]:
    return {"is_offered_first": facts.training.offer_hours is not None}


def _no(facts: Facts) -> dict[str, Any]:
    """A person who was not taken in reads no exact place."""
    return {
        "lacks_course": facts.registration.group.hold_reason is HoldReason.PREREQUISITE,
        "place_comes_later": False,
    }


def _time_left(facts: Facts) -> dict[str, Any]:
    """Time to answer, counted from now unless the person was reached before."""
    group = facts.registration.group
    until = group.offered_until or offer_ends(facts.training, facts.sessions, clock.now())
    return {"until": until, "link_label": _("Decir sí o no")}


def _changes(facts: Facts) -> dict[str, Any]:
    """With the time to answer of an offer: it may have changed."""
    if not is_offered(facts):
        return in_words(facts) | {"is_offered": False}
    until = facts.registration.group.offered_until
    return in_words(facts) | {"is_offered": True, "until": until, "link_label": _("Decir sí o no")}


def _answers(facts: Facts) -> list[tuple[str, bool]]:
    states = read_needs(facts.registration.needs)
    answered = {code: state for code, state in states.items() if state is not NeedState.ASKED}
    return [(_(NEEDS[code]), state is NeedState.ARRANGED) for code, state in answered.items()]


def _support(facts: Facts) -> dict[str, Any]:
    return {"answers": _answers(facts)}


async def _is_reached(facts: Facts) -> None:
    await reached_by_mail(facts.registration.group_id)


KINDS = {
    "registration_confirmed": Kind("emails/registration_confirmed.txt", is_confirmed, confirmations),
    "registration_promoted": Kind("emails/registration_promoted.txt", is_confirmed, confirmations),
    "registration_offered": Kind("emails/registration_offered.txt", is_offered, more=_time_left, sent=_is_reached),
    "registration_waitlisted": Kind("emails/registration_waitlisted.txt", is_waiting, more=_way_up),
    "registration_held": Kind("emails/registration_held.txt", is_held),
    "registration_cancelled": Kind("emails/registration_cancelled.txt", has_cancelled, withdrawals),
    "registration_rejected": Kind("emails/registration_rejected.txt", is_off, more=_no),
    "offer_expired": Kind("emails/offer_expired.txt", is_off),
    "waitlist_closed": Kind("emails/waitlist_closed.txt", is_off),
    "training_cancelled": Kind("emails/training_cancelled.txt", is_called_off, withdrawals, _reason, day=day_off),
    "training_changed": Kind("emails/training_changed.txt", is_changed, requests, _changes, day=day_of_change),
    REMINDER: Kind(
        "emails/session_reminder.txt",
        is_reminded,
        invitations_of_the_day,
        message_facts.reminder_shown,
        day=message_facts.day_of_reminder,
    ),
    "need_answered": Kind("emails/need_answered.txt", is_answered, more=_support),
    "own_link_again": Kind("emails/own_link_again.txt", has_link, names_day=False),
}


async def drafts(jobs: Sequence[OutboxJob]) -> dict[UUID, Draft]:
    found = await gather_facts(jobs)
    words = await own_words(found.values())
    return {key: partial(letter_of, KINDS[facts.job.kind], facts, words.get(key)) for key, facts in found.items()}


COMPOSERS: dict[str, Composer] = dict.fromkeys(KINDS, Together(drafts))


async def own_words(found: Collection[Facts]) -> dict[UUID, OwnWords]:
    """By job, where its operator wrote some."""
    keys = {one.job.id: (one.hub.operator_id, one.job.kind, one.lang) for one in found}
    words = await words_of(set(keys.values())) if keys else {}
    return {job_id: words[key] for job_id, key in keys.items() if key in words}


def letter_of(kind: Kind, facts: Facts, own: OwnWords | None = None) -> Mail:
    with speaking(facts.lang):
        entries = kind.entries(facts)
        invited, files = carried(entries, Parties(get_settings().mail_from, facts.to))
        calendar = {"has_invitation": bool(entries), "takes_out": all(entry.is_cancelled for entry in entries)}
        shown = facts.for_layout() | kind.more(facts) | calendar
        filled = fill(own, values_of(facts, shown, kind.day(facts)), facts.job.kind) if own is not None else None
        letter = write_letter(kind.words, shown, filled)
        subject = letter.heading + (_for_subject(kind.day(facts), facts.lang) if kind.names_day else "")
    return Mail(
        to=facts.to,
        subject=subject,
        text=letter.text,
        html=letter.html,
        lang=facts.lang,
        reply_to=facts.hub.email,
        invitation=invited,
        attachments=files,
        is_overtaken=facts.is_told_again or not kind.holds(facts),
        on_leaving=partial(_leave, facts),
        on_sent=partial(_follow, kind, facts),
        on_refused=partial(mark_refused, facts.to),
    )


async def _leave(facts: Facts) -> bool:
    """False: it is composed anew. True: from now on its readers may have heard it."""
    if await is_overtaken(facts):
        return False
    await may_have_heard(Registration, facts.readers, facts.snapshots.last)
    return True


async def _follow(kind: Kind, facts: Facts) -> None:
    await mark_accepted(facts.to)
    if _tells_all(facts):
        await were_told(Registration, facts.readers, facts.snapshots.last)
    if kind.sent is not None:
        await kind.sent(facts)


def _tells_all(facts: Facts) -> bool:
    """A reminder names only the sessions of its day."""
    if facts.job.kind in ABOUT_ONE | ABOUT_LEAVING:
        return False
    named = message_facts.sessions_of_the_day(facts)
    return facts.job.kind != REMINDER or all(one.session in named for one in news(facts))


def values_of(facts: Facts, shown: Mapping[str, Any], day: datetime | None) -> dict[str, str]:
    places = [session.place for session in shown["sessions"] if session.place and not session.is_cancelled]
    return {
        "titulo": facts.title,
        "fecha": day_and_time(day, facts.lang) if day else "",
        "lugar": shown["place"] or (places[0] if places else ""),
        "nombres": shown["names"],
        "personas": str(len(facts.concerned)),
        "traer": shown["bring"],
        "ventanilla": facts.hub.name,
        "telefono": show_phone(facts.phone),
        "municipio": facts.hub.seat.full_name,
        "documento": shown.get("paper", ""),
        "folio": shown.get("folio", ""),
    }


def _for_subject(day: datetime | None, lang: str) -> str:
    """The day tells messages apart; the subject matter is not for others to read."""
    return f": {day_and_time(day, lang).replace(NBSP, ' ')}" if day else ""
