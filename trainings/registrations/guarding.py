"""How many sign-ups are let through at once: wide limits per address, since a whole village shares one."""

from __future__ import annotations

from collections.abc import Sequence

from trainings.limits import actions as limits
from trainings.people.actions import Sameness
from trainings.registrations.models import Registration

MINUTE, HOUR, DAY = 60, 3_600, 86_400
PER_ADDRESS_MINUTE = 300
PER_ADDRESS_HOUR = 300
PER_CONTACT_DAY = 10
REJOINS_A_DAY = 10


async def check_rate(address: str) -> None:
    """Refuse above 300 sign-ups a minute from one address (429)."""
    await limits.hit("sign_up_minute", address, PER_ADDRESS_MINUTE, MINUTE)


async def is_to_review(address: str, keys: Sequence[Sameness]) -> bool:
    """Whether staff should look first: above 300 an hour from one address, or 10 a day with one phone or e-mail."""
    contacts = [contact for contact in (keys[0].phone_key, keys[0].email_key) if contact is not None]
    from_address, *with_contact = await limits.count_together(
        ("sign_up_hour", address, HOUR), *(("sign_up_contact", contact, DAY) for contact in contacts)
    )
    return from_address > PER_ADDRESS_HOUR or any(n > PER_CONTACT_DAY for n in with_contact)


async def check_rejoin(registration: Registration) -> None:
    """Refuse to take a registration up again above ten times a day for one address (429): each time it is written to,
    and anybody may have typed it.
    """
    subject = registration.participant.email_key or str(registration.id)
    await limits.hit("rejoin", subject, REJOINS_A_DAY, DAY)
