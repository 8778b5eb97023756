"""Which sign-ups are let through, which staff look at first: limits, wide because a whole village shares an address."""

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
"""A field that people neither see nor hear."""
FROM_PAGE = "from_page"
"""What our page says of the key that it made: who sends none, or another, has not read the page."""
MARK_LENGTH = 24
FASTEST = timedelta(seconds=3)
"""Nobody reads, fills and sends the form in less. With the names filled in by the browser there are still two lists to
choose from, a box to tick and a button: six touches, after the page has come over the network.
"""


def page_mark(key: str) -> str:
    """What our page sends along with an idempotency key that it made; nobody else can tell it."""
    return keyring().blind_index(key, FROM_PAGE)[:MARK_LENGTH]


def hidden_of(typed: Typed) -> tuple[str, str]:
    """The key that the form carries, and the page's mark of it: those that came with it where it is shown again."""
    key = typed.value("idempotency_key")
    if key:
        return key, typed.value(FROM_PAGE)
    key = tokens.idempotency_key()
    return key, page_mark(key)


def give_another_key(typed: Typed) -> None:
    """Make it another form, filled since the first was shown; it is of our page where the first was."""
    old = typed.value("idempotency_key").strip()
    new = tokens.another_key(old)
    if _is_of_page(old, typed.value(FROM_PAGE)):
        typed.fields[FROM_PAGE] = [page_mark(new)]
    typed.fields["idempotency_key"] = [new]


def is_odd(typed: Typed, now: datetime) -> bool:
    """Whether this form was filled as no person does, so that staff look at it first; `now` is when it came in.

    It took the bait, is not from our page, or came back in less than three seconds. Where limits are switched off only
    the bait is judged.
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
    """A page that was open while the program's keys were changed is known by the earlier ones."""
    return any(tokens.same(mark, own[:MARK_LENGTH]) for own in keyring().blind_indexes(key, FROM_PAGE))


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
