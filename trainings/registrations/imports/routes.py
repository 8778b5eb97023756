"""`/panel/capacitaciones/{id}/importar`, `/panel/importaciones/{id}`"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK
from trainings.audit.actions import record
from trainings.errors import Refusal
from trainings.lib.tabular import CSV_TYPE, XLSX_TYPE, Row, write_csv, write_xlsx
from trainings.people import choices
from trainings.people.words import ACTOR_TYPES
from trainings.places.data import by_code
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
from trainings.registrations.imports.rows import Judged, Verdict, labels_of
from trainings.registrations.models import ImportDraft, ImportState, RegistrationState
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.files import download, read_upload
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

UPLOAD = "/panel/capacitaciones/{id:uuid}/importar"
LISTS = "/panel/importaciones"
ONE = LISTS + "/{id:uuid}"

FIRST_ROWS = 20
MOST_ERRORS_SHOWN = 200
MOST_TWINS_SHOWN = 100
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
            municipality=form.municipality,
            actor_type=form.actor_type or "",
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
    sheet = actions.sheet_in(draft)
    guessed = {number: Field(field) for field, number in draft.columns.items()} or match(sheet.headers)
    context = {
        "training": training,
        "draft": draft,
        "version": actions.version_of(draft),
        "form": form,
        "columns": [
            {
                "name": f"{COLUMN}{number}",
                "header": header or gettext(N_("Columna sin título")),
                "samples": _samples(sheet, number),
                "value": guessed.get(number, ""),
            }
            for number, header in enumerate(sheet.headers)
        ],
        "fields": [(field.value, gettext(words)) for field, words in FIELDS.items()],
        "notices": _notices(sheet),
        "dropped": [(title, gettext(NOT_KEPT[why])) for title, why in sheet.dropped],
        "municipality": sheet.municipality or training.hub.seat_id,
        "actor_type": sheet.actor_type,
        "departments": choices.municipalities_by_department(training.hub.seat.department),
        "actor_types": choices.actor_types(),
    }
    return render(request, "registrations/imports/columns.html", context, status=status)


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
    if sheet.n_other_sheets:
        told.append(
            gettext(N_("El archivo tiene varias hojas. Solo se lee la primera, «%(name)s».")) % {"name": sheet.name}
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
    preview = await actions.preview(draft, training)
    refused, twins, repeated = preview.of(Verdict.REFUSED), preview.twins, preview.repeated
    context = {
        "training": training,
        "draft": draft,
        "version": actions.version_of(draft),
        "form": form,
        "notes": sorted(preview.notes.items()),
        "n": {verdict.value: len(preview.of(verdict)) for verdict in Verdict},
        "rows": [_preview_row(one) for one in preview.rows[:FIRST_ROWS]],
        "refused": [(one.number, one.row.label, one.why) for one in refused[:MOST_ERRORS_SHOWN]],
        "n_more": max(len(refused) - MOST_ERRORS_SHOWN, 0),
        "n_twins": len(twins),
        "free": training.n_free,
        "why_closed": why_closed(training, list(training.sessions)),
        "twins": [(one.number, one.row.label) for one in twins[:MOST_TWINS_SHOWN]],
        "n_repeated": len(repeated),
        "repeated": [(one.number, one.row.label, one.same_as) for one in repeated[:MOST_TWINS_SHOWN]],
        "has_whole_names": not {Field.GIVEN_NAMES.value} & draft.columns.keys(),
    }
    return render(request, "registrations/imports/preview.html", context, status=status)


def _preview_row(one: Judged) -> dict[str, Any]:
    shown: dict[str, Any] = {"number": one.number, "verdict": one.verdict.value, "why": one.why, "label": one.row.label}
    if one.row.wish is None:
        return shown
    person = one.row.wish.first.person
    code = person.municipality_code
    return shown | {
        "given_names": person.given_names,
        "surnames": person.surnames,
        "municipality": by_code()[code].full_name if code else gettext(choices.ANOTHER_PLACE_WORDS),
        "community": person.community,
        "actor_type": gettext(ACTOR_TYPES[person.actor_type]),
    }


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
        "refused": refused[:MOST_ERRORS_SHOWN],
        "n_more": max(len(refused) - MOST_ERRORS_SHOWN, 0),
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
    Route(ONE + "/avance", progress),
    Route(ONE + "/errores.csv", errors_file),
    Route(ONE + "/confirmar", confirm, methods=["POST"]),
    Route(ONE + "/descartar", discard, methods=["POST"]),
]
