"""A refused sign-in or sender holds all sending. Three refused recipients hold their domain and three domains
everything, unless mail was taken in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from trainings import clock
from trainings.accounts.permissions import MESSAGE_READERS
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import keyring, lock, reads, sql, transaction
from trainings.db.prepared import Select
from trainings.errors import NotAllowed
from trainings.outbox import actions, claims
from trainings.outbox.models import OPEN, MailHold, OutboxJob, WhyHeld

EVERYTHING = ""
MOST_RECIPIENTS, MOST_DOMAINS = 3, 3
WAIT = timedelta(hours=1)
HELD_DOMAIN = "HeldDomain"


async def held_keys() -> frozenset[str]:
    found = reads(MailHold).filter(held_at__not_isnull=True)
    return frozenset([key for (key,) in await found.values_list("domain_key")])


def key_of(address: str) -> str:
    return keyring().blind_index(_domain_of(address), "mail_domain")


STANDING = Select(MailHold, where="this.held_at IS NOT NULL", order="this.domain", are_few=True)


async def standing() -> Sequence[MailHold]:
    return await STANDING.rows()


async def hold_everything(why: WhyHeld, reason: str) -> None:
    async with transaction():
        row = await _row_of(EVERYTHING)
        if row.held_at is None:
            row.held_at, row.why, row.reason = clock.now(), why, reason[: claims.LONGEST_REASON]
            await row.save(update_fields=["held_at", "why", "reason"])


async def note_refusal(address: str, reason: str) -> None:
    """Holds the domain or everything at the limit."""
    async with transaction():
        row = await _row_of(key_of(address))
        recipient = keyring().blind_index(address, "email")
        row.recipient_keys = sorted({*row.recipient_keys, recipient})
        row.reason, row.is_unbroken = reason[: claims.LONGEST_REASON], True
        if len(row.recipient_keys) >= MOST_RECIPIENTS and row.held_at is None:
            row.held_at, row.domain, row.recipient_keys = clock.now(), _domain_of(address), []
        await row.save(update_fields=["recipient_keys", "reason", "is_unbroken", "held_at", "domain"])
        is_everywhere = await MailHold.filter(is_unbroken=True).count() >= MOST_DOMAINS
    if is_everywhere:
        await hold_everything(WhyHeld.DOMAINS, reason)


COUNTING = "SELECT 1 FROM mail_hold WHERE held_at IS NULL OR is_unbroken LIMIT 1"


async def note_success(address: str) -> None:
    """Runs after each message: it writes only where something was refused."""
    if not await sql.tuples(COUNTING, are_few=True):
        return
    async with transaction():
        await MailHold.filter(domain_key=key_of(address), held_at=None).delete()
        await MailHold.all().update(is_unbroken=False)


async def put_off_where_held(job: OutboxJob, address: str) -> bool:
    """True: put off. Reads the hold under its row lock. `go_on` removes holds, then wakes messages: this one waits by
    then, or finds no hold.
    """
    async with transaction():
        found = await MailHold.filter(domain_key=key_of(address), held_at__not_isnull=True).values_list("id")
        if not await lock(MailHold, [key for (key,) in found]):
            return False
        await claims.put_off(job, WAIT, HELD_DOMAIN, counted=False)
        return True


async def go_on(*, actor: Actor) -> None:
    """Removes all holds. Refuses (NotAllowed) an actor who reads no hub's messages."""
    if not actor.has_any(MESSAGE_READERS):
        raise NotAllowed
    async with transaction():
        n_holds = await MailHold.filter(held_at__not_isnull=True).count()
        await MailHold.all().delete()
        waiting = OutboxJob.filter(last_error=HELD_DOMAIN, **OPEN)
        await waiting.update(run_at=clock.now())
        await record("outbox.go_on", actor=actor, holds=n_holds)
    actions.wake()


async def _row_of(domain_key: str) -> MailHold:
    """Locked; made where there is none."""
    await MailHold.bulk_create([MailHold(domain_key=domain_key, recipient_keys=[])], ignore_conflicts=True)
    row = await MailHold.get(domain_key=domain_key)
    [held] = await lock(MailHold, [row.id])
    return held


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()
