"""Nobody is registered before a list is confirmed; then a job registers some rows at a time."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.queries import NO_ROLE, actor_of
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, sql, transaction
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.lib import tokens
from trainings.lib.tabular import Problem, Table, UnreadableTable, read_tables
from trainings.limits import actions as limits
from trainings.outbox.actions import enqueue
from trainings.outbox.mailer import Composers
from trainings.outbox.models import OutboxJob
from trainings.people.models import ConsentHow
from trainings.registrations.commands import SignedUp, SignUp
from trainings.registrations.desk.look_alikes import all_alike, signs_of_who_comes
from trainings.registrations.desk.person import training_at_desk
from trainings.registrations.desk.staff_refusals import for_staff
from trainings.registrations.eligibility import check_phase
from trainings.registrations.imports import values
from trainings.registrations.imports.columns import Field, Sheet, as_text, assigned, from_text, people_in, sheet_of
from trainings.registrations.imports.rows import (
    ListRow,
    Preview,
    check_row,
    groups_by_key,
    judge,
    read_list,
)
from trainings.registrations.models import ImportDraft, ImportState, Source
from trainings.registrations.seats.actions import sign_up_all
from trainings.schedule.models import Training, TrainingState
from trainings.schedule.queries import UnknownTraining
from trainings.web import i18n
from trainings.web.forms import Typed
from trainings.web.i18n import N_
from trainings.web.problems import sentence_of

MOST_ROWS, MOST_COLUMNS = 2_000, 100
ROWS_ABOVE = 20
UPLOADS_PER_HOUR = 30
VERSION_LENGTH = 16
KIND = "import_people"
AT_ONCE = 400
"""Rows of one job: other jobs get their turn, and who signs up meanwhile does not wait long."""

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
}
FORGET = """
    UPDATE import_draft SET rows = NULL, outcomes = NULL
    WHERE (rows IS NOT NULL OR outcomes IS NOT NULL)
        AND (COALESCE(finished_at, created_at) < ? AND state <> 'running' OR created_at < ?)
"""


class UnreadableList(WrongInput):
    def __init__(self, problem: Problem) -> None:
        super().__init__(UNREADABLE[problem], field="file")


class TooManyRows(WrongInput):
    sentence = N_(
        "La lista tiene %(n)s filas y aquí caben %(most)s a la vez. Divídala en %(parts)s archivos y suba uno por uno."
    )


class TooManyColumns(WrongInput):
    sentence = N_("La hoja tiene %(n)s columnas y aquí caben %(most)s. Deje solo las de los datos de la inscripción.")


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
    sentence = N_("Alguien cambió esta lista mientras usted la veía. Revísela otra vez.")


class UnknownRow(NotFound):
    sentence = N_("Esa fila no está en la lista. Vuelva a la lista y escoja otra.")


class UnclearM(WrongInput):
    sentence = N_("En esa columna, M puede ser mujer o masculino. Diga cuál es.")


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
    sheet = _proposed(await _opened(content))
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


async def _opened(content: bytes) -> list[Table]:
    read = partial(read_tables, content, most_rows=MOST_ROWS + ROWS_ABOVE, most_columns=MOST_COLUMNS)
    try:
        return await asyncio.get_running_loop().run_in_executor(_readers, read)
    except UnreadableTable as exc:
        raise UnreadableList(exc.problem) from exc


def _proposed(tables: Sequence[Table]) -> Sheet:
    """The sheet that looks most like a list of people, with the others that could be taken. Refuses one too large."""
    found = [sheet_of(table) for table in tables if table.rows]
    if not found:
        n = max(table.n_columns for table in tables)
        raise TooManyColumns(field="file", n=f"{n:,}", most=f"{MOST_COLUMNS:,}")
    sheet, n_rows = max(found, key=lambda one: people_in(one[0]))
    if not sheet.rows:
        raise NobodyInList(field="file")
    if n_rows > MOST_ROWS:
        parts = -(-n_rows // MOST_ROWS)
        raise TooManyRows(field="file", n=f"{n_rows:,}", most=f"{MOST_ROWS:,}", parts=parts)
    others = [one for one, n in found if one is not sheet and one.rows and n <= MOST_ROWS]
    return replace(sheet, others=tuple(others))


def sheet_in(draft: ImportDraft, number: int = 0) -> Sheet:
    """The proposed one, or (`number`) another of the file. Refuses (ListGone) a forgotten list."""
    sheets = sheets_in(draft)
    return sheets[number] if number < len(sheets) else sheets[0]


def sheets_in(draft: ImportDraft) -> list[Sheet]:
    if draft.rows is None:
        raise ListGone
    sheet = from_text(draft.rows)
    return [sheet, *sheet.others]


def version_of(draft: ImportDraft) -> str:
    """Names the columns and what was put right, so that an older page does nothing."""
    sheet = sheet_in(draft)
    for_all = (sheet.municipality, sheet.actor_type, sheet.m_means)
    mended = sorted((number, sorted(typed.items())) for number, typed in sheet.mended.items())
    standing = (sheet.headers, sorted(draft.columns.items()), for_all, mended, sorted(sheet.set_aside))
    return tokens.digest(json.dumps(standing), "columns")[:VERSION_LENGTH]


def _check_version(draft: ImportDraft, version: str | None) -> None:
    if version is not None and version != version_of(draft):
        raise ListChanged


@dataclass(frozen=True, slots=True)
class ForAll:
    """What stands where the list says nothing, and what M means where its column does not tell."""

    municipality: str = ""
    actor_type: str = ""
    m_means: str | None = None


async def assign_columns(
    draft_id: UUID, chosen: Mapping[int, Field], for_all: ForAll, *, number: int = 0, version: str | None = None
) -> None:
    """Say what the columns of a sheet hold; all other columns and sheets are forgotten now.

    Refuses (ListChanged) another `version`, and (UnclearM) a column of sexes whose M nobody explained.
    """
    async with transaction():
        draft = await _waiting(draft_id)
        _check_version(draft, version)
        sheet, columns = assigned(sheet_in(draft, number), chosen)
        sexes = sheet.column(columns[Field.SEX]) if Field.SEX in columns else []
        if for_all.m_means is None and values.has_unclear_m(sexes):
            raise UnclearM(field="m_means")
        kept = replace(
            sheet,
            municipality=for_all.municipality,
            actor_type=for_all.actor_type,
            # Kept: the column may tell no more once rows are set aside.
            m_means=values.meaning_of_m(sexes) or for_all.m_means or "",
        )
        await _keep(draft, kept, columns)


async def _keep(draft: ImportDraft, sheet: Sheet, columns: Mapping[Field, int] | None = None) -> None:
    draft.rows, draft.n_rows = as_text(sheet), len(sheet.rows)
    if columns is not None:
        draft.columns = {field.value: number for field, number in columns.items()}
    await draft.save(update_fields=["rows", "columns", "n_rows"])


def row_in(sheet: Sheet, number: int) -> int:
    """The place of a row by its number. Refuses UnknownRow."""
    place = next((place for place, row in enumerate(sheet.rows) if row.number == number), None)
    if place is None:
        raise UnknownRow
    return place


async def mend_row(draft_id: UUID, number: int, typed: Typed) -> None:
    """Keep what staff typed instead of what the row says. Raises FormErrors."""
    async with transaction():
        draft = await _waiting(draft_id)
        sheet = sheet_in(draft)
        row_in(sheet, number)
        form = check_row(typed, asks_permission=Field.PERMISSION.value in draft.columns)
        told = {name: str(answer) for name, answer in form.model_dump().items() if answer not in (None, "")}
        mended = {**sheet.mended, number: told}
        await _keep(draft, replace(sheet, mended=mended, set_aside=sheet.set_aside - {number}))


async def set_row_aside(draft_id: UUID, number: int, *, is_aside: bool, typed: Mapping[str, str] | None = None) -> None:
    """Leave a row out, or take it in again, with what staff had `typed` for it until then, right or wrong."""
    async with transaction():
        draft = await _waiting(draft_id)
        sheet = sheet_in(draft)
        row_in(sheet, number)
        aside = sheet.set_aside | {number} if is_aside else sheet.set_aside - {number}
        mended = sheet.mended if typed is None else {**sheet.mended, number: typed}
        await _keep(draft, replace(sheet, mended=mended, set_aside=aside))


async def preview(draft: ImportDraft, training: Training) -> Preview:
    """`training` comes with its hub and the hub's seat."""
    sheet = sheet_in(draft)
    return await judge(await read_list(sheet, draft.columns, training), training, set_aside=sheet.set_aside)


async def confirm(
    draft_id: UUID, training: Training, how: ConsentHow, *, actor: Actor, version: str | None = None
) -> None:
    """Begin to register the people, who gave their consent as `how` says.

    Known rows and rows with errors are named as the jobs come to them. Refuses (ListChanged) another `version`.
    """
    assert how in AGREED
    assert actor.id is not None
    await check_takes_people(training)
    async with transaction():
        draft = await _waiting(draft_id)
        _check_version(draft, version)
        sheet = sheet_in(draft)
        rows = tuple(row for row in sheet.rows if row.number not in sheet.set_aside)
        draft.rows, draft.n_rows = as_text(replace(sheet, rows=rows, how=how)), len(rows)
        draft.state, draft.user_id = ImportState.RUNNING, actor.id
        await draft.save(update_fields=["rows", "n_rows", "state", "user_id"])
        await _enqueue(draft)
        await record(
            "registrations.confirm_list",
            actor=actor,
            object_id=draft.id,
            hub_id=training.hub_id,
            rows=draft.n_rows,
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
    """Reasons of refused rows by number, states of registered rows."""

    refused: dict[int, str] = field(default_factory=dict)
    states: Counter[str] = field(default_factory=Counter)

    def as_text(self) -> str:
        return json.dumps({"refused": sorted(self.refused.items()), "states": self.states}, ensure_ascii=False)


def outcomes_of(draft: ImportDraft) -> Outcomes:
    if draft.outcomes is None:
        return Outcomes()
    kept = json.loads(draft.outcomes)
    return Outcomes(dict(kept["refused"]), Counter(kept["states"]))


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
        sheet = from_text(draft.rows, slice(first, first + AT_ONCE))
        rows = await read_list(sheet, draft.columns, training)
        came = await _registered(rows, training, actor, since=job.created_at)
        async with transaction():
            (held,) = await lock(ImportDraft, [draft.id])
            if _is_at(held, first):
                await _count(held, len(rows), came, training, actor)


def _is_at(draft: ImportDraft, row: int) -> bool:
    return draft.state is ImportState.RUNNING and draft.n_done == row


async def _actor(draft: ImportDraft) -> Actor:
    """The person who confirmed the list, also with a closed account."""
    user = await User.get_or_none(id=draft.user_id)
    return await actor_of(user) if user else Actor(id=draft.user_id, role=NO_ROLE)


async def _registered(rows: Sequence[ListRow], training: Training, actor: Actor, *, since: datetime) -> Outcomes:
    """People known before are in neither part, except those registered `since` then: a run of this job broke off."""
    came = Outcomes({row.number: " ".join(row.errors) for row in rows if row.wish is None})
    people, like = _apart([row for row in rows if row.wish is not None])
    # In this order: another worker may have made one for this very row a moment ago.
    alike = await all_alike(training.id, [_wish_of(row) for row in people])
    standing = await groups_by_key([key for row in people for key in row.keys], since=since)
    new = []
    for row, other in zip(people, alike, strict=True):
        state, is_new = next((standing[key] for key in row.keys if key in standing), (None, False))
        if state is None and other is None:
            new.append(row)
        elif state is not None and is_new:
            came.states[state.value] += 1
    signed_up = await sign_up_all(training.id, [_wish_of(row) for row in new], actor=actor)
    now_standing = await groups_by_key([row.key for row in new], since=since)
    for row, one in zip(new, signed_up, strict=True):
        if isinstance(one, SignedUp):
            came.states[now_standing[row.key][0].value] += 1
        else:
            came.refused[row.number] = sentence_of(for_staff(one))
    came.refused |= {number: came.refused[first] for number, first in like.items() if first in came.refused}
    return came


def _apart(rows: Sequence[ListRow]) -> tuple[list[ListRow], dict[int, int]]:
    """The first of rows that are one person, and for each other one the number of that row."""
    seen: dict[Hashable, int] = {}
    people, like = [], {}
    for row in rows:
        signs = [row.key, *signs_of_who_comes(_wish_of(row))]
        first = next((seen[sign] for sign in signs if sign in seen), None)
        if first is not None:
            like[row.number] = first
        else:
            people.append(row)
            seen.update(dict.fromkeys(signs, row.number))
    return people, like


def _wish_of(row: ListRow) -> SignUp:
    assert row.wish is not None, "of rows that could be read"
    return row.wish


async def _count(draft: ImportDraft, n_rows: int, came: Outcomes, training: Training, actor: Actor) -> None:
    outcomes = outcomes_of(draft)
    outcomes.refused |= came.refused
    outcomes.states += came.states
    n_new, n_refused = came.states.total(), len(came.refused)
    draft.n_done += n_rows
    draft.n_new += n_new
    draft.n_refused += n_refused
    draft.n_known += n_rows - n_new - n_refused
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


async def take_up_again(draft_id: UUID, *, actor: Actor) -> ImportDraft:
    """The rows that a list left become a list of their own, to be put right. Refuses (ListGone) where none is left."""
    assert actor.id is not None
    async with transaction():
        found = await lock(ImportDraft, [draft_id])
        if not found or found[0].state is not ImportState.DONE:
            raise ListGone
        [old] = found
        sheet, outcomes = sheet_in(old), outcomes_of(old)
        old.rows, outcomes.refused = None, {}
        old.outcomes = outcomes.as_text()
        await old.save(update_fields=["rows", "outcomes"])
        return await ImportDraft.create(
            training_id=old.training_id,
            user_id=actor.id,
            rows=as_text(replace(sheet, how=None)),
            columns=old.columns,
            n_rows=len(sheet.rows),
        )


async def forget_old_lists() -> int:
    """A day after upload or end, a week where never finished; returns how many."""
    now = clock.now()
    return await sql.execute(FORGET, now - KEPT, now - LONGEST_RUN)


COMPOSERS: Composers = {KIND: register_some}
