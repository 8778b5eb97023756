"""Deleting what is no longer needed, by the periods that people are told (`/privacidad`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM
from trainings.db import sql, transaction
from trainings.registrations.import_job import forget_old_lists

NEEDS_KEPT = timedelta(days=7)
MESSAGES_KEPT = timedelta(days=30)
CONTACTS_KEPT = timedelta(days=365)
"""Each counted from the end of a training's last session; contacts from the last training of the person."""

OVER = "SELECT training_id FROM training_session GROUP BY training_id HAVING MAX(ends_at) < ?"

FORGET_NEEDS = f"UPDATE registration SET needs = NULL WHERE needs IS NOT NULL AND training_id IN ({OVER})"  # noqa: S608

FORGET_MESSAGES = f"""
    DELETE FROM outbox_job
    WHERE created_at < ? AND (done_at IS NOT NULL OR failed_at IS NOT NULL OR stopped_at IS NOT NULL) AND (
        subject_id IS NULL OR subject_id IN (SELECT id FROM registration WHERE training_id IN ({OVER}))
    )
"""  # noqa: S608

FORGET_CONTACTS = """
    UPDATE participant SET phone = NULL, email = NULL, phone_key = NULL, email_key = NULL
    WHERE (phone IS NOT NULL OR email IS NOT NULL) AND created_at < ? AND id NOT IN (
        SELECT r.participant_id FROM registration r JOIN training_session s ON s.training_id = r.training_id
        WHERE s.ends_at >= ?
    )
"""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows lost what: support needs, messages of the outbox, contacts, imported lists."""

    needs: int
    messages: int
    contacts: int
    lists: int = 0


async def sweep() -> Swept:
    """Delete what is due now. Safe at any time, and when several processes do it at once."""
    now = clock.now()
    async with transaction():
        swept = Swept(
            needs=await sql.execute(FORGET_NEEDS, now - NEEDS_KEPT),
            messages=await sql.execute(FORGET_MESSAGES, now - MESSAGES_KEPT, now - MESSAGES_KEPT),
            contacts=await sql.execute(FORGET_CONTACTS, now - CONTACTS_KEPT, now - CONTACTS_KEPT),
            lists=await forget_old_lists(),
        )
        if swept != Swept(0, 0, 0):
            await record("privacy.sweep", actor=PROGRAM, **asdict(swept))
    return swept
