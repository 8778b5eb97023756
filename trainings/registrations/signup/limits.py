"""Limits of sign-ups: pass, refuse or hold for staff. Wide, because a village may share an address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from trainings.db import keyring
from trainings.lib import tokens
from trainings.limits import actions as limits
from trainings.limits.actions import Watch
from trainings.people.actions import Sameness
from trainings.registrations.models import Registration
from trainings.settings import get_settings
from trainings.web.forms import Typed

MINUTE, HOUR, DAY = 60, 3_600, 86_400
PER_ADDRESS_MINUTE = 300
PER_ADDRESS_HOUR = 300
PER_CONTACT_DAY = 10
REJOINS_A_DAY = 10

BAIT = "website"
"""People neither see nor hear this field."""
FROM_PAGE = "from_page"
"""Our page's mark of its key: a client without it never read the page."""
MARK_LENGTH = 24
FASTEST = timedelta(seconds=3)
"""Even with names filled in by the browser six touches are left."""


def page_mark(key: str) -> str:
    return keyring().blind_index(key, FROM_PAGE)[:MARK_LENGTH]


def hidden_of(typed: Typed) -> tuple[str, str]:
    """The form's key and the page's mark; a form shown again keeps them."""
    key = typed.value("idempotency_key")
    if key:
        return key, typed.value(FROM_PAGE)
    key = tokens.idempotency_key()
    return key, page_mark(key)


def give_another_key(typed: Typed) -> None:
    """A changed form gets a new key; it is our page's if the old key was."""
    old = typed.value("idempotency_key").strip()
    new = tokens.another_key(old)
    if _is_of_page(old, typed.value(FROM_PAGE)):
        typed.fields[FROM_PAGE] = [page_mark(new)]
    typed.fields["idempotency_key"] = [new]


def is_odd(typed: Typed, now: datetime) -> bool:
    """No person fills in a form so: it took the bait, is not from our page, or came back within three seconds. With
    limits off only the bait counts.
    """
    if typed.value(BAIT).strip():
        return True
    if not get_settings().rate_limits:
        return False
    key = typed.value("idempotency_key").strip()
    if not _is_of_page(key, typed.value(FROM_PAGE)):
        return True
    made_at = tokens.made_at(key)
    # A key from another machine, or after the clock was set back, may look a little younger than nothing.
    return made_at is not None and -FASTEST <= now - made_at < FASTEST


def _is_of_page(key: str, mark: str) -> bool:
    """Earlier keys of the program know a page opened before they changed."""
    return any(tokens.same(mark, own[:MARK_LENGTH]) for own in keyring().blind_indexes(key, FROM_PAGE))


async def check_rate(address: str) -> None:
    """Count an unreadable form; refuses above 300 a minute from one address (429)."""
    await limits.hit("sign_up_minute", address, PER_ADDRESS_MINUTE, MINUTE)


def watches(address: str, keys: Sequence[Sameness]) -> tuple[Watch, ...]:
    """Windows counted with the sign-up: above 300 a minute from one address it is refused (429); above 300 an hour from
    one address, or 10 a day with one phone or e-mail, held: it may be a village.
    """
    contacts = [contact for contact in (keys[0].phone_key, keys[0].email_key) if contact is not None]
    return (
        Watch("sign_up_minute", address, MINUTE, PER_ADDRESS_MINUTE, refuses=True),
        Watch("sign_up_hour", address, HOUR, PER_ADDRESS_HOUR),
        *(Watch("sign_up_contact", contact, DAY, PER_CONTACT_DAY) for contact in contacts),
    )


async def check_rejoin(registration: Registration) -> None:
    """Refuses above ten rejoins a day for one address (429): each sends a message, and anybody may have typed the
    address.
    """
    subject = registration.participant.email_key or str(registration.id)
    await limits.hit("rejoin", subject, REJOINS_A_DAY, DAY)
