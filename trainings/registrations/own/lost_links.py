from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.db import keyring, reads, transaction
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import enqueue
from trainings.outbox.letters import write_letter
from trainings.outbox.mailer import Composer, Mail
from trainings.outbox.models import OutboxJob
from trainings.outbox.placeholders import Filled, fill
from trainings.outbox.templates import own_words
from trainings.people.models import Participant
from trainings.registrations.models import HoldReason, Registration, RegistrationState
from trainings.registrations.queries import LINK_DAYS
from trainings.registrations.telling.contacts import Mailbox, addresses_of, mark_accepted, mark_refused, read_mailboxes
from trainings.registrations.telling.message_facts import MY_LINKS, Entry, link_to, names_of
from trainings.schedule.models import SessionState, Training
from trainings.web.i18n import SOURCE_LANGUAGE, language, speaking
from trainings.web.i18n import gettext as _

PURPOSE = "email"
MOST_LINKS = 20
"""Links to the next sessions come first."""


async def ask_for_links(email: str) -> None:
    """Enqueue the message. Nothing is looked up here: known and unknown addresses cost the same. Only keyed hashes are
    kept; the message goes to the address stored at sign-up.
    """
    keys = keyring().blind_indexes(email, PURPOSE)
    async with transaction():
        await enqueue(MY_LINKS, {"email_keys": keys}, dedup=f"{MY_LINKS}:{uuid7()}", lang=language())


async def compose(job: OutboxJob) -> Mail | None:
    """None: nothing to send, or an unknown address."""
    keys = frozenset(job.payload["email_keys"])
    registrations = await _registrations(keys)
    to = await _address(keys, [one.participant for one in registrations])
    if to is None:
        return None
    mailboxes = await _mailboxes(registrations)
    lang = job.lang or SOURCE_LANGUAGE
    with speaking(lang):
        entries = _entries(mailboxes)[:MOST_LINKS]
        if not entries:
            return None
        shown: dict[str, Any] = {"entries": entries, "n": 1, "hub": None, "link": "", "has_invitation": False}
        letter = write_letter("emails/my_links.txt", shown, await _own_words(entries, lang))
    hubs = {entry.hub.id: entry.hub for entry in entries}
    reply_to = next(iter(hubs.values())).email if len(hubs) == 1 else ""
    return Mail(
        to=to,
        subject=letter.heading,
        text=letter.text,
        html=letter.html,
        lang=lang,
        reply_to=reply_to,
        on_sent=partial(mark_accepted, to),
        on_refused=partial(mark_refused, to),
    )


COMPOSERS: dict[str, Composer] = {MY_LINKS: compose}


async def _own_words(entries: Sequence[Entry], lang: str) -> Filled | None:
    """None: the links are of several operators."""
    operators = {entry.hub.operator_id: entry.hub.operator for entry in entries}
    if len(operators) > 1:
        return None
    [operator] = operators.values()
    own = await own_words(operator.id, MY_LINKS, lang)
    return fill(own, {"municipalidad": operator.name}, MY_LINKS) if own is not None else None


async def _mailboxes(registrations: Sequence[Registration]) -> list[Mailbox]:
    mailboxes = await read_mailboxes(registrations)
    found: list[Mailbox] = []
    told: set[UUID] = set()
    for one in registrations:
        if one.id not in told:
            told |= {mate.id for mate in mailboxes[one.id].together}
            found.append(mailboxes[one.id])
    return found


async def _registrations(keys: frozenset[str]) -> list[Registration]:
    """Live, of trainings to come or over for 30 days. Without people held for a rush: the address may be another's."""
    found = (
        await reads(Registration)
        .filter(participant__email_key__in=sorted(keys))
        .exclude(state=RegistrationState.CANCELLED)
        .order_by("id")
        .prefetch_related(
            *("participant", "group", "training__hub__operator", "training__sessions"),
        )
    )
    return [one for one in found if _still_opens(one) and not _is_under_review(one)]


def _still_opens(registration: Registration) -> bool:
    ends = [session.ends_at for session in registration.training.sessions]
    return bool(ends) and clock.now() <= max(ends) + LINK_DAYS


def _is_under_review(registration: Registration) -> bool:
    return registration.state is RegistrationState.HELD and registration.group.hold_reason is HoldReason.REVIEW


async def _address(keys: frozenset[str], people: Sequence[Participant]) -> str | None:
    for address in (await addresses_of(people)).values():
        if address and not keys.isdisjoint(keyring().blind_indexes(address, PURPOSE)):
            return address
    return None


def _entries(mailboxes: Sequence[Mailbox]) -> list[Entry]:
    entries = [entry for mailbox in mailboxes if (entry := _entry(mailbox)) is not None]
    now = clock.now()
    return sorted(entries, key=lambda entry: (entry.starts_at < now, entry.starts_at))


def _entry(mailbox: Mailbox) -> Entry | None:
    training, n_people = mailbox.registration.training, len(mailbox.together)
    token = mailbox.token_for(n_people)
    if token is None:
        return None
    return Entry(
        title=training.title_told,
        starts_at=_shown_start(training),
        names=names_of(mailbox.together),
        hub=training.hub,
        phone=training.phone,
        link=link_to(token),
        link_label=_("Ver mi inscripción") if n_people == 1 else _("Ver las inscripciones"),
    )


def _shown_start(training: Training) -> datetime:
    sessions = sorted(training.sessions, key=lambda one: one.starts_at)
    planned = [one for one in sessions if one.state is SessionState.PLANNED] or sessions
    return next((one.starts_at for one in planned if one.ends_at > clock.now()), planned[-1].starts_at)
