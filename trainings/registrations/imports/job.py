"""Registers a confirmed list in the background, and forgets old lists."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.queries import NO_ROLE, actor_of
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, sql, transaction
from trainings.errors import Refusal, TooMany
from trainings.outbox.actions import enqueue
from trainings.outbox.mailer import Composers
from trainings.outbox.models import OutboxJob
from trainings.registrations.desk.repeats import alike
from trainings.registrations.desk.staff_refusals import for_staff
from trainings.registrations.imports.preview import Preview, Verdict
from trainings.registrations.imports.rows import ListRow, read_list
from trainings.registrations.imports.sheets import as_text, from_text
from trainings.registrations.models import ImportDraft, ImportState, RegistrationGroup, RegistrationState
from trainings.registrations.seats.sign_up import sign_up
from trainings.schedule.models import Training
from trainings.web import i18n
from trainings.web.problems import sentence_of

KIND = "import_people"
AT_ONCE = 25
"""Rows of one job, so that mails get their turn and a lease lasts."""
KEPT = timedelta(days=1)
LONGEST_RUN = timedelta(days=7)

FORGET = """
    UPDATE import_draft SET rows = NULL, outcomes = NULL
    WHERE (rows IS NOT NULL OR outcomes IS NOT NULL)
        AND (COALESCE(finished_at, created_at) < ? AND state <> 'running' OR created_at < ?)
"""


@dataclass(slots=True)
class Outcomes:
    """Numbers of known rows, reasons of refused ones, states of registered ones; with what was set aside at
    confirming.
    """

    known: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)

    def as_text(self) -> str:
        return json.dumps(
            {"known": self.known, "refused": sorted(self.refused.items()), "states": self.states}, ensure_ascii=False
        )


def outcomes_of(draft: ImportDraft) -> Outcomes:
    """Empty once forgotten."""
    if draft.outcomes is None:
        return Outcomes()
    kept = json.loads(draft.outcomes)
    return Outcomes(kept["known"], dict(kept["refused"]), kept["states"])


async def begin(draft: ImportDraft, judged: Preview) -> None:
    """Set rows aside and enqueue the first job, in the caller's transaction."""
    set_aside = Outcomes(
        known=[one.number for one in judged.of(Verdict.KNOWN)],
        refused={one.number: " ".join(one.why) for one in judged.of(Verdict.REFUSED)},
    )
    draft.outcomes = set_aside.as_text()
    await draft.save(update_fields=["rows", "state", "user_id", "outcomes"])
    await _enqueue(draft)


def dedup_of(draft: ImportDraft) -> str:
    """Of the next rows' job."""
    return f"{KIND}:{draft.id}:{draft.n_done}"


async def _enqueue(draft: ImportDraft) -> None:
    payload = {"import_id": str(draft.id), "begin": draft.n_done}
    await enqueue(KIND, payload, dedup=dedup_of(draft), lang=i18n.language())


async def is_stuck(draft: ImportDraft) -> bool:
    """The next rows were given up after a day, or forgotten."""
    given_up = reads(OutboxJob).filter(dedup=dedup_of(draft), failed_at__isnull=False)
    return draft.state is ImportState.RUNNING and (draft.rows is None or await given_up.exists())


async def register_some(job: OutboxJob) -> None:
    """Register the next rows and enqueue the following.

    Running twice registers nobody twice: each row has a key. The run that finds the list where the job began counts.
    """
    draft = await ImportDraft.get_or_none(id=UUID(job.payload["import_id"]))
    first: int = job.payload["begin"]
    if draft is None or draft.rows is None or not _is_at(draft, first):
        return
    training = await Training.get(id=draft.training_id).prefetch_related("hub__seat", "sessions")
    actor = await _actor(draft)
    with i18n.speaking(job.lang or i18n.SOURCE_LANGUAGE):
        rows = await read_list(from_text(draft.rows), draft.columns, training, part=slice(first, first + AT_ONCE))
        outcomes = outcomes_of(draft)
        verdicts = [await _take(row, outcomes, training, actor) for row in rows]
        async with transaction():
            (held,) = await lock(ImportDraft, [draft.id])
            if _is_at(held, first):
                await _count(held, verdicts, outcomes, training, actor)


def _is_at(draft: ImportDraft, row: int) -> bool:
    return draft.state is ImportState.RUNNING and draft.n_done == row


async def _actor(draft: ImportDraft) -> Actor:
    """Who confirmed the list, also with a closed account."""
    user = await User.get_or_none(id=draft.user_id)
    return await actor_of(user) if user else Actor(id=draft.user_id, role=NO_ROLE)


async def _take(row: ListRow, outcomes: Outcomes, training: Training, actor: Actor) -> Verdict:
    if row.number in outcomes.known:
        return Verdict.KNOWN
    if row.number in outcomes.refused:
        return Verdict.REFUSED
    try:
        state = await _registered(row, training, actor)
    except TooMany:
        raise  # the program is busy: the row is as good as before, later
    except Refusal as refusal:
        outcomes.refused[row.number] = sentence_of(for_staff(refusal))
        return Verdict.REFUSED
    if state is None:
        outcomes.known.append(row.number)
        return Verdict.KNOWN
    outcomes.states[state.value] = outcomes.states.get(state.value, 0) + 1
    return Verdict.NEW


async def _registered(row: ListRow, training: Training, actor: Actor) -> RegistrationState | None:
    """Made now or by an earlier try; None where another sign-up looks like it."""
    assert row.wish is not None, "rows that cannot be read were set aside when the list was confirmed"
    group = await RegistrationGroup.filter(idempotency_key__in=row.keys).first()
    if group is None:
        group_id = await alike(training.id, row.wish)
        if group_id is not None:
            # Another worker may have made it for this very row a moment ago.
            group = await RegistrationGroup.get(id=group_id)
            return group.state if group.idempotency_key in row.keys else None
        done = await sign_up(training.id, replace(row.wish, idempotency_key=row.key), actor=actor)
        group = await RegistrationGroup.get(id=done.group_id)
    return group.state


async def _count(
    draft: ImportDraft, verdicts: list[Verdict], outcomes: Outcomes, training: Training, actor: Actor
) -> None:
    draft.n_done += len(verdicts)
    draft.n_new += verdicts.count(Verdict.NEW)
    draft.n_known += verdicts.count(Verdict.KNOWN)
    draft.n_refused += verdicts.count(Verdict.REFUSED)
    draft.outcomes = outcomes.as_text()
    changed = ["n_done", "n_new", "n_known", "n_refused", "outcomes"]
    if draft.n_done < draft.n_rows:
        await draft.save(update_fields=changed)
        await _enqueue(draft)
        return
    _finish(draft, outcomes)
    await draft.save(update_fields=[*changed, "rows", "state", "finished_at"])
    await record(
        "registrations.import_list",
        actor=actor,
        object_id=draft.id,
        hub_id=training.hub_id,
        new=draft.n_new,
        known=draft.n_known,
        refused=draft.n_refused,
    )


def _finish(draft: ImportDraft, outcomes: Outcomes) -> None:
    """Rows with errors stay for a day, to be corrected and uploaded again."""
    assert draft.rows is not None
    sheet = from_text(draft.rows)
    rows = tuple(row for row in sheet.rows if row.number in outcomes.refused)
    draft.state, draft.finished_at = ImportState.DONE, clock.now()
    draft.rows = as_text(replace(sheet, rows=rows)) if rows else None


async def forget_old_lists() -> int:
    """A day after upload or end, a week where never finished; returns how many."""
    now = clock.now()
    return await sql.execute(FORGET, now - KEPT, now - LONGEST_RUN)


COMPOSERS: Composers = {KIND: register_some}
