"""Nobody is registered before a list is confirmed; then a job registers some rows at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.queries import NO_ROLE, actor_of
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, sql, transaction
from trainings.errors import NotFound, Refusal, TooMany, WrongInput
from trainings.lib import tokens
from trainings.lib.tabular import Problem, Table, UnreadableTable, read_table
from trainings.limits import actions as limits
from trainings.outbox.actions import enqueue
from trainings.outbox.mailer import Composers
from trainings.outbox.models import OutboxJob
from trainings.people.models import ConsentHow
from trainings.registrations.desk.look_alikes import alike
from trainings.registrations.desk.person import training_at_desk
from trainings.registrations.desk.staff_refusals import for_staff
from trainings.registrations.eligibility import check_phase
from trainings.registrations.imports.columns import Field, Sheet, as_text, assigned, from_text, header_row, sheet_of
from trainings.registrations.imports.rows import ListRow, Preview, Verdict, judge, read_list
from trainings.registrations.models import ImportDraft, ImportState, RegistrationGroup, RegistrationState, Source
from trainings.registrations.seats.actions import sign_up
from trainings.schedule.models import Training, TrainingState
from trainings.schedule.queries import UnknownTraining
from trainings.web import i18n
from trainings.web.i18n import N_
from trainings.web.problems import sentence_of

MOST_ROWS, MOST_COLUMNS = 2_000, 40
ROWS_ABOVE = 20
UPLOADS_PER_HOUR = 30
VERSION_LENGTH = 16
KIND = "import_people"
AT_ONCE = 25
"""Rows of one job: mails get their turn and a lease lasts."""

KEPT = timedelta(days=1)
LONGEST_RUN = timedelta(days=7)
AGREED = (ConsentHow.PAPER, ConsentHow.READ_ALOUD)

_readers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="lists")

UNREADABLE: Mapping[Problem, str] = {
    Problem.EMPTY: N_("El archivo está vacío. Escoja el que tiene la lista."),
    Problem.PDF: N_("Es un PDF, y de un PDF no se puede leer la lista. Ábrala en Excel y guárdela como XLSX o CSV."),
    Problem.PICTURE: N_("Es una foto o imagen. Escriba la lista en una hoja de cálculo y súbala como XLSX o CSV."),
    Problem.OLD_WORKBOOK: N_(
        "Es una hoja de un Excel antiguo. Ábrala, escoja «Guardar como» y el tipo XLSX, y suba ese archivo."
    ),
    Problem.ENCRYPTED: N_("El archivo tiene contraseña. Guárdelo sin contraseña y súbalo otra vez."),
    Problem.OTHER_DOCUMENT: N_("No es una hoja de cálculo. Suba la lista como XLSX, ODS o CSV."),
    Problem.TOO_BIG_INSIDE: N_(
        "La hoja es demasiado grande por dentro. Copie solo la lista a una hoja nueva, sin imágenes, y suba esa."
    ),
    Problem.DAMAGED: N_("El archivo está dañado. Ábralo en su computadora, guárdelo de nuevo y súbalo otra vez."),
    Problem.TOO_MANY_ROWS: N_(
        "La lista tiene %(n)s filas y aquí caben %(most)s a la vez. Divídala en %(parts)s archivos y suba uno por uno."
    ),
    Problem.TOO_MANY_COLUMNS: N_(
        "La hoja tiene %(n)s columnas y aquí caben %(most)s. Deje solo las de los datos de la inscripción."
    ),
}
FORGET = """
    UPDATE import_draft SET rows = NULL, outcomes = NULL
    WHERE (rows IS NOT NULL OR outcomes IS NOT NULL)
        AND (COALESCE(finished_at, created_at) < ? AND state <> 'running' OR created_at < ?)
"""


class UnreadableList(WrongInput):
    def __init__(self, problem: Problem, n: int = 0) -> None:
        most = MOST_COLUMNS if problem is Problem.TOO_MANY_COLUMNS else MOST_ROWS
        super().__init__(UNREADABLE[problem], field="file", n=f"{n:,}", most=f"{most:,}", parts=-(-n // most))


class NobodyInList(WrongInput):
    sentence = N_("Debajo de los títulos de las columnas no hay ninguna persona. Revise el archivo.")


class NotPublished(Refusal):
    sentence = N_("Publique la capacitación antes de importar la lista.")


class UnknownList(NotFound):
    sentence = N_("No encontramos esa lista en su ventanilla. Súbala otra vez desde la página de la capacitación.")


class ListGone(Refusal):
    sentence = N_("La lista ya no está: se guarda un día. Súbala otra vez.")


class ListStarted(Refusal):
    sentence = N_("Esta lista ya se está inscribiendo, o ya terminó.")


class ListChanged(Refusal):
    sentence = N_("Alguien cambió las columnas de esta lista mientras usted la veía. Revísela otra vez.")


class NobodyNew(Refusal):
    sentence = N_("No hay a quién inscribir: todas las filas tienen errores, o ya estaban.")


async def list_at_desk(draft_id: UUID, actor: Actor) -> tuple[ImportDraft, Training]:
    """Refuses (UnknownList) a hub where the actor is not at the desk."""
    draft = await reads(ImportDraft).get_or_none(id=draft_id)
    if draft is None:
        raise UnknownList
    try:
        return draft, await training_at_desk(draft.training_id, actor)
    except UnknownTraining as exc:
        raise UnknownList from exc


async def check_takes_people(training: Training) -> None:
    """Refuses a training (sessions loaded) not published, cancelled or over."""
    if training.state is TrainingState.DRAFT:
        raise NotPublished
    check_phase(training, list(training.sessions), Source.IMPORT, clock.now())


async def upload(training: Training, content: bytes, *, actor: Actor) -> ImportDraft:
    """Keep a list sealed for a day, without forbidden columns.

    Refuses an unreadable or too long list, a training that takes nobody, and the 31st list in an hour.
    """
    await check_takes_people(training)
    await limits.hit("import", str(actor.id), UPLOADS_PER_HOUR, 3_600)
    sheet = sheet_of(await _opened(content))
    if not sheet.rows:
        raise NobodyInList(field="file")
    if len(sheet.rows) > MOST_ROWS:
        raise UnreadableList(Problem.TOO_MANY_ROWS, len(sheet.rows))
    assert actor.id is not None
    async with transaction():
        draft = await ImportDraft.create(
            training_id=training.id, user_id=actor.id, rows=as_text(sheet), n_rows=len(sheet.rows)
        )
        await record(
            "registrations.upload_list",
            actor=actor,
            object_id=draft.id,
            hub_id=training.hub_id,
            rows=len(sheet.rows),
            dropped=sorted({why.value for _title, why in sheet.dropped}),
        )
        return draft


async def _opened(content: bytes) -> Table:
    read = partial(read_table, content, most_rows=MOST_ROWS + ROWS_ABOVE, most_columns=MOST_COLUMNS)
    try:
        return await asyncio.get_running_loop().run_in_executor(_readers, read)
    except UnreadableTable as exc:
        # The header is no person, nor is what stands above it.
        n_others = header_row(exc.first) + 1 if exc.first else 0
        raise UnreadableList(exc.problem, exc.n - n_others) from exc


def sheet_in(draft: ImportDraft) -> Sheet:
    """Refuses (ListGone) a forgotten list."""
    if draft.rows is None:
        raise ListGone
    return from_text(draft.rows)


def version_of(draft: ImportDraft) -> str:
    """Names the columns, so that an older page does nothing."""
    sheet = sheet_in(draft)
    standing = (sheet.headers, sorted(draft.columns.items()), sheet.municipality, sheet.actor_type)
    return tokens.digest(json.dumps(standing), "columns")[:VERSION_LENGTH]


def _check_version(draft: ImportDraft, version: str | None) -> None:
    if version is not None and version != version_of(draft):
        raise ListChanged


async def assign_columns(
    draft_id: UUID, chosen: Mapping[int, Field], *, municipality: str, actor_type: str, version: str | None = None
) -> None:
    """Say what the columns hold; all other columns are forgotten now.

    `municipality` and `actor_type` stand where the list says nothing. Refuses (ListChanged) another `version`.
    """
    async with transaction():
        draft = await _waiting(draft_id)
        _check_version(draft, version)
        sheet, columns = assigned(sheet_in(draft), chosen)
        draft.rows = as_text(replace(sheet, municipality=municipality, actor_type=actor_type))
        draft.columns = {field.value: number for field, number in columns.items()}
        draft.n_rows = len(sheet.rows)
        await draft.save(update_fields=["rows", "columns", "n_rows"])


async def preview(draft: ImportDraft, training: Training) -> Preview:
    """`training` comes with its hub and the hub's seat."""
    return await judge(await read_list(sheet_in(draft), draft.columns, training), training)


async def confirm(
    draft_id: UUID, training: Training, how: ConsentHow, *, actor: Actor, version: str | None = None
) -> None:
    """Begin to register the people, who gave their consent as `how` says.

    Known rows and rows with errors are set aside. Refuses a list with nobody left, and (ListChanged) another `version`.
    """
    assert how in AGREED
    assert actor.id is not None
    await check_takes_people(training)
    seen = await ImportDraft.get_or_none(id=draft_id)
    if seen is None:
        raise UnknownList
    if seen.state is not ImportState.PREVIEW:
        raise ListStarted
    _check_version(seen, version)
    # Read before the transaction: on SQLite it would hold up everybody's sign-ups meanwhile.
    judged = await preview(seen, training)
    if not judged.of(Verdict.NEW):
        raise NobodyNew
    async with transaction():
        draft = await _waiting(draft_id)
        if (draft.rows, draft.columns) != (seen.rows, seen.columns):
            raise ListChanged
        draft.rows, draft.state = as_text(replace(sheet_in(draft), how=how)), ImportState.RUNNING
        draft.user_id = actor.id
        await begin(draft, judged)
        await record(
            "registrations.confirm_list",
            actor=actor,
            object_id=draft.id,
            hub_id=training.hub_id,
            rows=draft.n_rows,
            new=len(judged.of(Verdict.NEW)),
            how=how.value,
        )


async def discard(draft_id: UUID) -> None:
    async with transaction():
        await (await _waiting(draft_id)).delete()


async def _waiting(draft_id: UUID) -> ImportDraft:
    found = await lock(ImportDraft, [draft_id])
    if not found:
        raise UnknownList
    if found[0].state is not ImportState.PREVIEW:
        raise ListStarted
    return found[0]


# -- registering a confirmed list


@dataclass(slots=True)
class Outcomes:
    """Numbers of known rows, reasons of refused rows, states of registered rows."""

    known: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)

    def as_text(self) -> str:
        return json.dumps(
            {"known": self.known, "refused": sorted(self.refused.items()), "states": self.states}, ensure_ascii=False
        )


def outcomes_of(draft: ImportDraft) -> Outcomes:
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

    Running twice registers nobody twice: each row has a key, and only the run that finds the list where the job began
    counts.
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
    """The person who confirmed the list, also with a closed account."""
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
    """None: another sign-up looks like it."""
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
