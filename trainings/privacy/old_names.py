"""Five years after a person's last training name and attendance go, unless a certificate bears the name.

Merged participants are one person: what one registration keeps, all keep.
"""

from __future__ import annotations

from datetime import timedelta

from trainings import clock
from trainings.attendance.models import Attendance, ScanEvent
from trainings.certificates.models import NameConfirmation, Transcript
from trainings.db import sql
from trainings.people.actions import name_key
from trainings.people.models import NOBODY, TELLING_ANSWERS, Guardian, Participant
from trainings.privacy.same_person import SAME_PERSON
from trainings.registrations.models import Registration

NAMES_KEPT = timedelta(days=5 * 365 + 1)
"""After the last session of the person's last training."""
MOST_PEOPLE = 500
"""At once; the next round takes the rest."""

KEEPS = """(
    EXISTS (SELECT 1 FROM training_session s WHERE s.training_id = r.training_id AND s.ends_at >= ?)
    OR EXISTS (
        SELECT 1 FROM attendance a JOIN training_session s ON s.id = a.session_id
        WHERE a.registration_id = r.id AND s.ends_at >= ?)
    OR EXISTS (
        SELECT 1 FROM certificate c
        WHERE c.registration_id = r.id AND c.revoked_at IS NULL AND c.erased_at IS NULL))
"""
"""Whether a registration `r` keeps its person's name."""

LONG_AGO = f"""{SAME_PERSON}
    SELECT p.id FROM participant p
    WHERE p.given_names <> '{NOBODY}' AND p.created_at < ?
        AND NOT EXISTS (SELECT 1 FROM registration r WHERE r.participant_id = p.id AND {KEEPS})
        AND p.id NOT IN (
            SELECT same.one FROM same JOIN registration r ON r.participant_id = same.other WHERE {KEEPS})
    ORDER BY p.id
"""  # noqa: S608 - words of ours


async def forget_names() -> int:
    """Delete name, community, organization and attendance of people who last came five years ago, in the caller's
    transaction; returns how many. A guardian's name goes with the minor's, transcripts with the name.

    Registration, municipality and completion stay as anonymous numbers.
    """
    before = clock.now() - NAMES_KEPT
    rows = await sql.rows(LONG_AGO, *[before] * LONG_AGO.count("?"))
    keys = [row["id"] for row in rows[:MOST_PEOPLE]]
    if not keys:
        return 0
    registered = [key for (key,) in await Registration.filter(participant_id__in=keys).values_list("id")]
    await Attendance.filter(registration_id__in=registered).delete()
    await ScanEvent.filter(registration_id__in=registered).delete()
    await NameConfirmation.filter(registration_id__in=registered).delete()
    await Guardian.filter(participant_id__in=keys).update(name=None)
    await Transcript.filter(participant_id__in=keys).delete()
    return await Participant.filter(id__in=keys).update(
        given_names=NOBODY,
        surnames="",
        name_key=name_key(NOBODY, ""),
        search_text="",
        **TELLING_ANSWERS,
    )
