"""`/panel/capacitaciones/{id}/importar`, `/panel/importaciones/{id}`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK
from trainings.audit.actions import record
from trainings.errors import Refusal
from trainings.lib.phones import parse_phone, show_phone
from trainings.lib.tabular import CSV_TYPE, XLSX_TYPE, Row, write_csv, write_xlsx
from trainings.people import choices
from trainings.people.models import ActorType, AgeGroup, Sex
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS, SEXES
from trainings.places.data import by_code
from trainings.places.models import ANOTHER_PLACE
from trainings.registrations.desk.person import training_at_desk, why_closed
from trainings.registrations.desk.staff_refusals import as_refused_to_staff
from trainings.registrations.imports import actions
from trainings.registrations.imports.columns import (
    FIELDS,
    JOINED,
    MODEL_HEADER,
    NOT_KEPT,
    WHOLE_NAMES,
    Field,
    Sheet,
    cell_at,
    field_of,
    match,
)
from trainings.registrations.imports.forms import COLUMN, ColumnsForm, ConfirmForm, chosen_columns
from trainings.registrations.imports.rows import PHONES, Judged, Preview, Verdict, changed_answers, labels_of
from trainings.registrations.imports.values import has_unclear_m
from trainings.registrations.models import ImportDraft, ImportState, RegistrationState
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.files import download, read_upload
from trainings.web.forms import FormErrors, ListPage, Typed, asked_page, beside, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

UPLOAD = "/panel/capacitaciones/{id:uuid}/importar"
LISTS = "/panel/importaciones"
ONE = LISTS + "/{id:uuid}"

ROWS_OF_PAGE = 50
MOST_SHOWN = 200
"""Of rows to see, above the pages of all."""
MOST_COLUMNS_OPEN = 20
N_SAMPLES = 3
LONGEST_SAMPLE = 40
NUMBER_HEADER, WHY_HEADER = "Fila", "Por qué no se inscribió"
"""Headers in the file of rows with errors; ignored when it comes back."""


# -- the file


@allow(*DESK)
async def new(request: Request) -> Response:
    training = await training_at_desk(request.path_params["id"], request.state.actor)
    return _upload_page(request, training)


@allow(*DESK)
async def create(request: Request) -> Response:
    training = await training_at_desk(request.path_params["id"], request.state.actor)
    typed = Typed()
    try:
        typed, content = await read_upload(request, "file")
        draft = await actions.upload(training, content, actor=request.state.actor)
    except Refusal as refusal:
        return _upload_page(request, training, *as_refused_to_staff(typed, refusal))
    return redirect(f"{_path(draft)}/columnas")


def _upload_page(request: Request, training: Training, form: Typed | None = None, status: int = 200) -> Response:
    context = {
        "training": training,
        "form": form,
        "why_closed": why_closed(training, list(training.sessions)),
        "fields": [gettext(words) for words in FIELDS.values()],
        "most": f"{actions.MOST_ROWS:,}",
    }
    return render(request, "registrations/imports/upload.html", context, status=status)


@allow(*DESK)
async def model_sheet(_request: Request) -> Response:
    content = write_xlsx(MODEL_HEADER, [], name="Lista", made_at=clock.now())
    return download(content, XLSX_TYPE, "lista-modelo.xlsx")


def _path(draft: ImportDraft) -> str:
    return f"{LISTS}/{draft.id}"


# -- the columns


@allow(*DESK)
async def columns(request: Request) -> Response:
    draft, training = await actions.list_at_desk(request.path_params["id"], request.state.actor)
    if draft.state is not ImportState.PREVIEW:
        return redirect(_path(draft))
    return _columns_page(request, draft, training)


@allow(*DESK)
async def assign(request: Request) -> Response:
    draft, training = await actions.list_at_desk(request.path_params["id"], request.state.actor)
    typed = await read_form(request)
    try:
        form = check(ColumnsForm, typed)
        await actions.assign_columns(
            draft.id,
            chosen_columns(typed),
            form.for_all,
            number=form.sheet,
            version=typed.value("version"),
        )
    except actions.ListChanged as changed:
        return _look_again(draft, changed)
    except (actions.UnknownList, actions.ListStarted, actions.ListGone):
        raise
    except (FormErrors, Refusal) as error:
        return _columns_page(request, draft, training, *as_refused_to_staff(typed, error))
    return redirect(_path(draft))


def _look_again(draft: ImportDraft, changed: actions.ListChanged) -> Response:
    return redirect(_path(draft), sentence_of(changed), "note")


def _columns_page(
    request: Request, draft: ImportDraft, training: Training, form: Typed | None = None, status: int = 200
) -> Response:
    asked = form.value("sheet") if form else request.query_params.get("hoja", "")
    number = int(asked) if asked.isdecimal() and len(asked) < 3 else 0
    sheet = actions.sheet_in(draft, number)
    guessed = {number: Field(field) for field, number in draft.columns.items()} or match(sheet.headers)
    context = {
        "training": training,
        "draft": draft,
        "version": actions.version_of(draft),
        "form": form,
        "sheet": sheet,
        "number": number,
        "sheets": [(one.name, len(one.rows)) for one in actions.sheets_in(draft)],
        "columns": [_column(sheet, number, guessed) for number in range(len(sheet.headers))],
        "most_open": MOST_COLUMNS_OPEN,
        "asks_m": bool(form and form.error("m_means")) or _has_unclear_m(sheet, guessed),
        "fields": [(field.value, gettext(words)) for field, words in FIELDS.items()],
        "notices": _notices(sheet),
        "dropped": [(title, gettext(NOT_KEPT[why])) for title, why in sheet.dropped],
        "municipality": sheet.municipality or training.hub.seat_id,
        "departments": choices.municipalities_by_department(training.hub.seat.department),
        "actor_types": choices.actor_types(),
    }
    return render(request, "registrations/imports/columns.html", context, status=status)


def _column(sheet: Sheet, number: int, guessed: Mapping[int, Field]) -> dict[str, str]:
    return {
        "name": f"{COLUMN}{number}",
        "header": sheet.headers[number] or gettext(N_("Columna sin título")),
        "samples": _samples(sheet, number),
        "value": guessed.get(number, ""),
    }


def _has_unclear_m(sheet: Sheet, fields: Mapping[int, Field]) -> bool:
    return any(field is Field.SEX and has_unclear_m(sheet.column(number)) for number, field in fields.items())


def _samples(sheet: Sheet, number: int) -> str:
    found = dict.fromkeys(value[:LONGEST_SAMPLE] for value in sheet.column(number) if value)
    return " · ".join(list(found)[:N_SAMPLES])


def _notices(sheet: Sheet) -> list[str]:
    told = []
    titles = ", ".join(f"«{title[:LONGEST_SAMPLE]}»" for title in sheet.headers if title)
    if titles and not (JOINED | WHOLE_NAMES) & set(match(sheet.headers).values()):
        words = N_(
            "Se tomó como títulos la fila que dice %(titles)s. Si ahí hay una persona, ponga arriba de ella una fila "
            "con títulos y suba el archivo otra vez."
        )
        told.append(gettext(words) % {"titles": titles})
    if sheet.is_guessed:
        told.append(
            gettext(N_("El archivo no dice cómo guarda las tildes y la ñ. Vea abajo si los nombres salen bien."))
        )
    return told


# -- the preview and what comes of it


@allow(*DESK)
async def show(request: Request) -> Response:
    draft, training = await actions.list_at_desk(request.path_params["id"], request.state.actor)
    if draft.state is ImportState.PREVIEW and not draft.columns:
        return redirect(f"{_path(draft)}/columnas")
    if draft.state is ImportState.PREVIEW:
        return await _preview_page(request, draft, training)
    if draft.state is ImportState.RUNNING:
        context = {
            "training": training,
            "draft": draft,
            "words": _words(draft),
            "is_stuck": await actions.is_stuck(draft),
        }
        return render(request, "registrations/imports/progress.html", context)
    return _done_page(request, draft, training)


async def _preview_page(
    request: Request, draft: ImportDraft, training: Training, form: Typed | None = None, status: int = 200
) -> Response:
    preview, sheet = await actions.preview(draft, training), actions.sheet_in(draft)
    page = _page_of(preview.rows, asked_page(request.query_params))
    context = {
        "training": training,
        "draft": draft,
        "version": actions.version_of(draft),
        "form": form,
        "n": {verdict.value: len(preview.of(verdict)) for verdict in Verdict},
        "page": page,
        "beside": beside(request, page.start // ROWS_OF_PAGE + 1, page),
        "rows": [_preview_row(one) for one in page.rows],
        "free": training.n_free,
        "why_closed": why_closed(training, list(training.sessions)),
        "has_whole_names": not {Field.GIVEN_NAMES.value} & draft.columns.keys(),
        "left_out": sheet.left_out,
        **(_what_to_see(preview) if not page.start else {}),
    }
    return render(request, "registrations/imports/preview.html", context, status=status)


def _page_of(rows: Sequence[Judged], number: int) -> ListPage[Judged]:
    """The last page instead of one behind it."""
    start = min(number - 1, max(len(rows) - 1, 0) // ROWS_OF_PAGE) * ROWS_OF_PAGE
    return ListPage(rows[start : start + ROWS_OF_PAGE], start, len(rows))


def _what_to_see(preview: Preview) -> dict[str, Any]:
    """Above the rows of the first page."""
    refused, twins, repeated = preview.of(Verdict.REFUSED), preview.twins, preview.repeated
    remarked = [one for one in preview.rows if one.row.remarks and one.verdict is Verdict.NEW]
    return {
        "notes": sorted(preview.notes.items()),
        "refused": [(one.number, one.row.label, one.why) for one in refused[:MOST_SHOWN]],
        "n_more": max(len(refused) - MOST_SHOWN, 0),
        "remarked": [(one.number, one.row.label, one.row.remarks) for one in remarked[:MOST_SHOWN]],
        "n_remarked": len(remarked),
        "twins": [(one.number, one.row.label, one.why) for one in twins[:MOST_SHOWN]],
        "n_twins": len(twins),
        "repeated": [(one.number, one.row.label, one.why) for one in repeated[:MOST_SHOWN]],
        "n_repeated": len(repeated),
    }


def _preview_row(one: Judged) -> dict[str, Any]:
    typed = one.row.typed
    code, actor_type = typed.value("municipality"), typed.value("actor_type")
    sex, band = typed.value("sex"), typed.value("age_group")
    numbers = [number for name in ("phone", "other_phone") if (number := typed.value(name))]
    return {
        "number": one.number,
        "verdict": one.verdict.value,
        "why": one.why,
        "remarks": one.row.remarks,
        "label": one.row.label,
        "given_names": typed.value("given_names"),
        "surnames": typed.value("surnames"),
        "municipality": _place_in_words(code),
        "community": typed.value("community"),
        "actor_type": gettext(ACTOR_TYPES[ActorType(actor_type)]) if actor_type else "",
        "organization": typed.value("organization"),
        "sex": gettext(SEXES[Sex(sex)]) if sex else "",
        "age": gettext(AGE_GROUPS[AgeGroup(band)]) if band in set(AgeGroup) else "",
        "contacts": [*map(show_phone, numbers), *filter(None, [typed.value("email")])],
    }


def _place_in_words(code: str) -> str:
    known = by_code().get(code)
    return known.full_name if known else gettext(choices.ANOTHER_PLACE_WORDS) if code == ANOTHER_PLACE else code


# -- one row, put right by hand


@allow(*DESK)
async def row(request: Request) -> Response:
    draft, training = await actions.list_at_desk(request.path_params["id"], request.state.actor)
    if draft.state is not ImportState.PREVIEW or not draft.columns:
        return redirect(_path(draft))
    return await _row_page(request, draft, training)


@allow(*DESK)
async def mend(request: Request) -> Response:
    """Save the row, leave it out (`aside`), or take it in again (`in`); what was typed for it is kept."""
    draft, training = await actions.list_at_desk(request.path_params["id"], request.state.actor)
    number, typed = request.path_params["row"], await read_form(request)
    before = _judged(await actions.preview(draft, training), number)
    done = typed.value("do")
    try:
        if done in ("aside", "in"):
            typed_over = changed_answers(typed, before.row.typed)
            await actions.set_row_aside(draft.id, number, is_aside=done == "aside", typed=typed_over)
        else:
            await actions.mend_row(draft.id, number, typed)
    except actions.ListStarted:
        return redirect(_path(draft))
    except FormErrors as exc:
        return await _row_page(request, draft, training, exc.typed, 422)
    return await _to_next_row(await ImportDraft.get(id=draft.id), training, before)


def _judged(preview: Preview, number: int) -> Judged:
    found = next((one for one in preview.rows if one.number == number), None)
    if found is None:
        raise actions.UnknownRow
    return found


async def _to_next_row(draft: ImportDraft, training: Training, before: Judged) -> Response:
    """From a row to mend to the next one; from any other back to its place in the list."""
    rows = (await actions.preview(draft, training)).rows
    left = [one.number for one in rows if one.verdict is Verdict.REFUSED and one.number != before.number]
    said = gettext(N_("La fila %(n)s quedó guardada.")) % {"n": before.number}
    if before.verdict is Verdict.REFUSED and left:
        following = next((number for number in left if number > before.number), left[0])
        return redirect(f"{_path(draft)}/fila/{following}", said)
    place = next(place for place, one in enumerate(rows) if one.number == before.number)
    return redirect(f"{_path(draft)}?pagina={place // ROWS_OF_PAGE + 1}#fila-{before.number}", said)


def _as_written(typed: Typed) -> Typed:
    """Telephones as people write them, and errors as sentences: they stand below the name of the field."""
    typed.errors = {name: f"{sentence[:1].upper()}{sentence[1:]}" for name, sentence in typed.errors.items()}
    for name in PHONES:
        number = parse_phone(typed.value(name))
        if number is not None:
            typed.fields[name] = [show_phone(number)]
    return typed


async def _row_page(
    request: Request, draft: ImportDraft, training: Training, form: Typed | None = None, status: int = 200
) -> Response:
    preview, sheet = await actions.preview(draft, training), actions.sheet_in(draft)
    judged = _judged(preview, request.path_params["row"])
    typed = form or _as_written(judged.row.typed)
    band = typed.value("age_group")
    context = {
        "training": training,
        "draft": draft,
        "judged": judged,
        "n_left": len(preview.of(Verdict.REFUSED)),
        "cells": [(title, text) for title, text in zip(sheet.headers, judged.row.row.cells, strict=False) if text],
        "form": typed,
        "is_new": form is None,
        "refused": [] if judged.row.errors or form or judged.verdict is not Verdict.REFUSED else judged.why,
        "is_minor": bool(band) and AgeGroup(band).is_minor if band in set(AgeGroup) else False,
        "asks_permission": Field.PERMISSION.value in draft.columns,
        **choices.of_person(training.hub.seat.department),
        "relations": choices.relations(),
    }
    return render(request, "registrations/imports/row.html", context, status=status)


# -- confirmed, or thrown away


@allow(*DESK)
async def confirm(request: Request) -> Response:
    draft, training = await actions.list_at_desk(request.path_params["id"], request.state.actor)
    typed = await read_form(request)
    try:
        form = check(ConfirmForm, typed)
        actor, version = request.state.actor, typed.value("version")
        await actions.confirm(draft.id, training, form.how, actor=actor, version=version)
    except actions.ListStarted:
        return redirect(_path(draft))
    except actions.ListChanged as changed:
        return _look_again(draft, changed)
    except FormErrors as exc:
        return await _preview_page(request, draft, training, exc.typed, 422)
    return redirect(_path(draft))


@allow(*DESK)
async def discard(request: Request) -> Response:
    draft, training = await actions.list_at_desk(request.path_params["id"], request.state.actor)
    await actions.discard(draft.id)
    return redirect(f"/panel/capacitaciones/{training.id}", gettext(N_("La lista se descartó. No se guardó a nadie.")))


@allow(*DESK)
async def take_up_again(request: Request) -> Response:
    draft, _training = await actions.list_at_desk(request.path_params["id"], request.state.actor)
    return redirect(_path(await actions.take_up_again(draft.id, actor=request.state.actor)))


@allow(*DESK)
async def progress(request: Request) -> Response:
    draft, _training = await actions.list_at_desk(request.path_params["id"], request.state.actor)
    told = {"state": draft.state.value, "n_rows": draft.n_rows, "n_done": draft.n_done, "words": _words(draft)}
    return JSONResponse(told, headers={"cache-control": "no-store"})


def _words(draft: ImportDraft) -> str:
    return gettext(N_("Van %(done)s de %(rows)s filas.")) % {"done": f"{draft.n_done:,}", "rows": f"{draft.n_rows:,}"}


def _done_page(request: Request, draft: ImportDraft, training: Training) -> Response:
    outcomes = actions.outcomes_of(draft)
    labels = labels_of(actions.sheet_in(draft), draft.columns) if outcomes.refused else {}
    refused = [(number, labels[number], (why,)) for number, why in sorted(outcomes.refused.items())]
    context = {
        "training": training,
        "draft": draft,
        "stand": _how_they_stand(outcomes.states),
        "refused": refused[:MOST_SHOWN],
        "n_more": max(len(refused) - MOST_SHOWN, 0),
        "is_forgotten": draft.outcomes is None,
    }
    return render(request, "registrations/imports/done.html", context)


def _how_they_stand(states: dict[str, int]) -> list[str]:
    n = {RegistrationState(state): count for state, count in states.items()}
    with_place = n.get(RegistrationState.CONFIRMED, 0) + n.get(RegistrationState.OFFERED, 0)
    told = (
        (N_("%(n)s con lugar"), with_place),
        (N_("%(n)s en lista de espera"), n.get(RegistrationState.WAITLISTED, 0)),
        (N_("%(n)s por aprobar"), n.get(RegistrationState.HELD, 0)),
    )
    return [gettext(words) % {"n": f"{count:,}"} for words, count in told if count]


# -- the rows to be corrected


@allow(*DESK)
async def errors_file(request: Request) -> Response:
    """Rows with errors and why. Taking it is logged."""
    draft, training = await actions.list_at_desk(request.path_params["id"], request.state.actor)
    if not draft.columns:
        return redirect(f"{_path(draft)}/columnas")
    sheet = actions.sheet_in(draft)
    why = await _why_refused(draft, training)
    rows = [row for row in sheet.rows if row.number in why]
    await record(
        "registrations.download_list_errors",
        actor=request.state.actor,
        object_id=draft.id,
        hub_id=training.hub_id,
        rows=len(rows),
    )
    header, fields = _headers(draft, sheet)
    content = write_csv((*header, NUMBER_HEADER, WHY_HEADER), [_error_row(row, len(fields), why) for row in rows])
    return download(content, CSV_TYPE, "filas-con-errores.csv")


async def _why_refused(draft: ImportDraft, training: Training) -> dict[int, str]:
    if draft.state is not ImportState.PREVIEW:
        return actions.outcomes_of(draft).refused
    preview = await actions.preview(draft, training)
    return {one.number: " ".join(one.why) for one in preview.of(Verdict.REFUSED)}


def _headers(draft: ImportDraft, sheet: Sheet) -> tuple[list[str], list[Field]]:
    fields = [Field(field) for field, _number in sorted(draft.columns.items(), key=lambda one: one[1])]
    known = [field_of(sheet.headers[number]) for number in range(len(fields))]
    return [
        sheet.headers[number] if known[number] is field else FIELDS[field] for number, field in enumerate(fields)
    ], fields


def _error_row(row: Row, n_columns: int, why: dict[int, str]) -> list[str]:
    return [*(cell_at(row, number) for number in range(n_columns)), str(row.number), why[row.number]]


routes: list[BaseRoute] = [
    Route(UPLOAD, new),
    Route(UPLOAD, create, methods=["POST"]),
    Route(LISTS + "/modelo.xlsx", model_sheet),
    Route(ONE, show),
    Route(ONE + "/columnas", columns),
    Route(ONE + "/columnas", assign, methods=["POST"]),
    Route(ONE + "/fila/{row:int}", row),
    Route(ONE + "/fila/{row:int}", mend, methods=["POST"]),
    Route(ONE + "/avance", progress),
    Route(ONE + "/errores.csv", errors_file),
    Route(ONE + "/confirmar", confirm, methods=["POST"]),
    Route(ONE + "/descartar", discard, methods=["POST"]),
    Route(ONE + "/seguir", take_up_again, methods=["POST"]),
]
