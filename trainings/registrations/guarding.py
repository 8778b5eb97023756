"""Which sign-ups are let through, which staff look at first: limits, wide because a whole village shares an address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

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
"""A field that people neither see nor hear."""
FROM_PAGE = "from_page"
"""Sent by our page only: who calls with a key of their own is no browser, and has read nothing."""
FASTEST = timedelta(seconds=3)
"""Nobody reads, fills and sends the form in less. With the names filled in by the browser there are still two lists to
choose from, a box to tick and a button: six touches, after the page has come over the network.
"""


def is_odd(typed: Typed, now: datetime) -> bool:
    """Whether this form was filled as no person does, so that staff look at it first; `now` is when it came in.

    It took the bait, or came back in less than three seconds. Time is not judged where limits are switched off.
    """
    if typed.value(BAIT).strip():
        return True
    made_at = tokens.made_at(typed.value("idempotency_key").strip()) if typed.value(FROM_PAGE) else None
    # A key from another machine, or after the clock was set back, may look a little younger than nothing.
    is_fast = made_at is not None and -FASTEST <= now - made_at < FASTEST
    return is_fast and get_settings().rate_limits


async def check_rate(address: str) -> None:
    """Count a form that cannot be read, and refuse above 300 a minute from one address (429)."""
    await limits.hit("sign_up_minute", address, PER_ADDRESS_MINUTE, MINUTE)


def watches(address: str, keys: Sequence[Sameness]) -> tuple[Watch, ...]:
    """The windows in which a sign-up counts, together with it: above 300 a minute from one address it is refused (429).

    Staff look first at what comes above 300 an hour from one address, or 10 a day with one phone or e-mail. Nothing of
    that is refused: it may be a village.
    """
    contacts = [contact for contact in (keys[0].phone_key, keys[0].email_key) if contact is not None]
    return (
        Watch("sign_up_minute", address, MINUTE, PER_ADDRESS_MINUTE, refuses=True),
        Watch("sign_up_hour", address, HOUR, PER_ADDRESS_HOUR),
        *(Watch("sign_up_contact", contact, DAY, PER_CONTACT_DAY) for contact in contacts),
    )


async def check_rejoin(registration: Registration) -> None:
    """Refuse to take a registration up again above ten times a day for one address (429): each time it is written to,
    and anybody may have typed it.
    """
    subject = registration.participant.email_key or str(registration.id)
    await limits.hit("rejoin", subject, REJOINS_A_DAY, DAY)
