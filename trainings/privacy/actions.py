"""Deletes data by the periods of `/privacidad`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from trainings import clock
from trainings.attendance.models import Attendance, ScanEvent
from trainings.attendance.phones.retention import forget_marks, forget_phones, forget_slips, n_old_marks
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM
from trainings.certificates.models import NameConfirmation, Transcript
from trainings.db import sql, transaction
from trainings.notes.actions import forget_deleted, n_deleted
from trainings.people.actions import name_key
from trainings.people.finding import drop_words
from trainings.people.merged import SAME_PERSON
from trainings.people.models import NOBODY, TELLING_ANSWERS, Guardian, Participant
from trainings.privacy.models import SweepRun
from trainings.registrations.calls.validity import AT_ANY_TIME
from trainings.registrations.imports.actions import forget_old_lists
from trainings.registrations.models import Registration
from trainings.registrations.own.erasures import KIND, PAPERS
from trainings.schedule.absences import forget_over

NEEDS_KEPT = timedelta(days=7)
MESSAGES_KEPT = timedelta(days=30)
CONTACTS_KEPT = timedelta(days=365)
"""All from the end of a training's last session; contacts from the person's last training."""
LOGS_KEPT = timedelta(days=90)
"""Counted from the end of a sign-in or its link."""

OVER = "SELECT training_id FROM training_session GROUP BY training_id HAVING MAX(ends_at) < ?"

FORGET_NEEDS = f"UPDATE registration SET needs = NULL WHERE needs IS NOT NULL AND training_id IN ({OVER})"  # noqa: S608

FORGET_MESSAGES = f"""
    DELETE FROM outbox_job
    WHERE created_at < ? AND kind NOT IN ('{KIND}', '{PAPERS}')
        AND (done_at IS NOT NULL OR failed_at IS NOT NULL OR stopped_at IS NOT NULL)
        AND (subject_id IS NULL OR subject_id IN (SELECT id FROM registration WHERE training_id IN ({OVER})))
"""  # noqa: S608
"""Failed jobs of an erasure asked for stay."""

FORGET_REFUSALS = "DELETE FROM mail_hold WHERE held_at IS NULL AND created_at < ?"
"""Keyed hashes of recipients refused because of us."""

PAST_LISTS = f"""
    training_id IN ({OVER}) AND (reason NOT IN ({", ".join(f"'{one}'" for one in sorted(AT_ANY_TIME))}) OR due_at < ?)
"""
"""What is opened long after the training is kept as long again from then."""
FORGET_CALLS = f'DELETE FROM "call" WHERE call_list_id IN (SELECT id FROM call_list WHERE {PAST_LISTS})'  # noqa: S608
FORGET_HOLDER_CALLS = FORGET_CALLS.replace('"call"', "holder_call")
FORGET_CALL_LISTS = f"DELETE FROM call_list WHERE {PAST_LISTS}"  # noqa: S608
"""Marks go with the messages, and the list with them: without its marks it would ask to call again."""

COMES_AGAIN = f"""({SAME_PERSON}, lately (participant_id) AS (
        SELECT r.participant_id FROM registration r JOIN training_session s ON s.training_id = r.training_id
        WHERE s.ends_at >= ?
        UNION SELECT r.participant_id FROM training_session s
        JOIN attendance a ON a.session_id = s.id JOIN registration r ON r.id = a.registration_id
        WHERE s.ends_at >= ? AND a.is_present
    )
    SELECT participant_id FROM lately UNION SELECT same.one FROM same JOIN lately ON lately.participant_id = same.other
)"""  # noqa: S608
"""People with a session since then, also by another training's ticket. Merged participants are one person: what one
registration keeps, all keep.
"""

FORGET_CONTACTS = f"""
    UPDATE participant SET phone = NULL, other_phone = NULL, email = NULL, phone_key = NULL, phone_tail = NULL,
        other_phone_tail = NULL, email_key = NULL, email_refused_at = NULL
    WHERE (
        phone IS NOT NULL OR other_phone IS NOT NULL OR email IS NOT NULL OR phone_key IS NOT NULL
        OR email_key IS NOT NULL
    )
        AND created_at < ? AND id NOT IN {COMES_AGAIN}
"""  # noqa: S608
"""A minor has only keys of the guardian's contacts."""

FORGET_GUARDIANS = f"""
    UPDATE guardian SET phone = NULL, email = NULL, email_refused_at = NULL
    WHERE (phone IS NOT NULL OR email IS NOT NULL) AND created_at < ? AND participant_id NOT IN {COMES_AGAIN}
"""  # noqa: S608

FORGET_HOLDERS = f"UPDATE reserved_block SET phone = NULL WHERE phone IS NOT NULL AND training_id IN ({OVER})"  # noqa: S608

FORGET_SIGN_INS = "DELETE FROM staff_session WHERE expires_at < ?"
FORGET_SIGN_IN_LINKS = "DELETE FROM sign_in_link WHERE expires_at < ?"
"""Sessions too: who was signed in, and their last activity. The audit keeps acts, without the browser."""


@dataclass(frozen=True, slots=True)
class Swept:
    """Numbers of rows that lost data."""

    needs: int
    messages: int
    contacts: int
    lists: int = 0
    calls: int = 0
    absences: int = 0
    notes: int = 0
    phones: int = 0
    slips: int = 0
    marks: int = 0
    names: int = 0
    sign_ins: int = 0


class _OnlyWeighed(Exception):
    pass


async def what_is_due() -> Swept:
    try:
        async with transaction():
            due = await _forget_all(n_notes=await n_deleted(), n_marks=await n_old_marks())
            raise _OnlyWeighed
    except _OnlyWeighed:
        return due


async def sweep() -> Swept:
    """Safe at any time, also in several processes at once."""
    n_notes, n_marks = await forget_deleted(), await forget_marks()
    async with transaction():
        swept = await _forget_all(n_notes=n_notes, n_marks=n_marks)
        if swept != Swept(0, 0, 0):
            await SweepRun.create(n_rows=sum(asdict(swept).values()))
            await record("privacy.sweep", actor=PROGRAM, **asdict(swept))
    return swept


async def _forget_all(*, n_notes: int, n_marks: int) -> Swept:
    """All that needs no transaction of its own; notes and marks are only counted."""
    now = clock.now()
    return Swept(
        needs=await sql.execute(FORGET_NEEDS, now - NEEDS_KEPT),
        messages=await _forget_messages(now - MESSAGES_KEPT),
        contacts=await _forget_contacts(now - CONTACTS_KEPT),
        lists=await forget_old_lists(),
        calls=await _forget_calls(now - MESSAGES_KEPT),
        absences=await forget_over(),
        notes=n_notes,
        phones=await forget_phones(),
        slips=await forget_slips(),
        marks=n_marks,
        names=await forget_names(),
        sign_ins=await _forget_sign_ins(now - LOGS_KEPT),
    )


async def _forget_messages(before: datetime) -> int:
    return await sql.execute(FORGET_MESSAGES, before, before) + await sql.execute(FORGET_REFUSALS, before)


async def _forget_sign_ins(before: datetime) -> int:
    return await sql.execute(FORGET_SIGN_INS, before) + await sql.execute(FORGET_SIGN_IN_LINKS, before)


async def _forget_calls(before: datetime) -> int:
    n_marks = await sql.execute(FORGET_CALLS, before, before) + await sql.execute(FORGET_HOLDER_CALLS, before, before)
    await sql.execute(FORGET_CALL_LISTS, before, before)
    return n_marks


async def _forget_contacts(before: datetime) -> int:
    """Contacts of people, of minors' guardians, and of card holders."""
    n_people = await sql.execute(FORGET_CONTACTS, before, before, before)
    n_guardians = await sql.execute(FORGET_GUARDIANS, before, before, before)
    return n_people + n_guardians + await sql.execute(FORGET_HOLDERS, before)


NAMES_KEPT = timedelta(days=5 * 365 + 1)
"""Counted from the last session of the person's last training."""
MOST_PEOPLE = 500
"""People at once; the next round takes the rest."""

KEEPS = """(
    EXISTS (SELECT 1 FROM training_session s WHERE s.training_id = r.training_id AND s.ends_at >= ?)
    OR EXISTS (
        SELECT 1 FROM attendance a JOIN training_session s ON s.id = a.session_id
        WHERE a.registration_id = r.id AND s.ends_at >= ?)
    OR EXISTS (
        SELECT 1 FROM certificate c
        WHERE c.registration_id = r.id AND c.revoked_at IS NULL AND c.erased_at IS NULL))
"""
"""A registration `r` keeps its person's name."""

LONG_AGO = f"""{SAME_PERSON}
    SELECT p.id FROM participant p
    WHERE p.given_names <> '{NOBODY}' AND p.created_at < ?
        AND NOT EXISTS (SELECT 1 FROM registration r WHERE r.participant_id = p.id AND {KEEPS})
        AND p.id NOT IN (
            SELECT same.one FROM same JOIN registration r ON r.participant_id = same.other WHERE {KEEPS})
    ORDER BY p.id
"""  # noqa: S608 - words of ours


async def forget_names() -> int:
    """Delete name, community, organization and attendance of people who last came five years ago, unless a certificate
    bears the name; in the caller's transaction. Returns how many. A guardian's name goes with the minor's,
    transcripts with the name.

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
    await drop_words(keys)
    return await Participant.filter(id__in=keys).update(
        given_names=NOBODY,
        surnames="",
        name_key=name_key(NOBODY, ""),
        sort_key="",
        search_text="",
        **TELLING_ANSWERS,
    )
