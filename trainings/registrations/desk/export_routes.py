"""`/panel/capacitaciones/{id}/exportar` and `/panel/exportar`"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import EXPORTERS
from trainings.db import reads
from trainings.errors import Refusal
from trainings.lib.tabular import CSV_TYPE, XLSX_TYPE, write_csv, write_xlsx
from trainings.places.models import Hub
from trainings.registrations.desk.exports import (
    PER_HOUR,
    REASONS,
    Exported,
    ExportFormat,
    export_hub,
    export_training,
    training_to_export,
)
from trainings.registrations.desk.forms import ExportForm, HubExportForm
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.files import download
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import render

OF_TRAINING = "/panel/capacitaciones/{id:uuid}/exportar"
OF_HUB = "/panel/exportar"


@allow(*EXPORTERS)
async def new(request: Request) -> Response:
    training = await training_to_export(request.path_params["id"], request.state.actor)
    return await _page(request, training)


@allow(*EXPORTERS)
async def create(request: Request) -> Response:
    training = await training_to_export(request.path_params["id"], request.state.actor)
    typed = await read_form(request)
    try:
        asked = check(ExportForm, typed).asked
        exported = await export_training(training, asked, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        return await _page(request, training, *as_refused(typed, error))
    return await _file(exported, asked.as_format)


@allow(*EXPORTERS)
async def new_of_hub(request: Request) -> Response:
    return await _page(request)


@allow(*EXPORTERS)
async def create_of_hub(request: Request) -> Response:
    typed = await read_form(request)
    try:
        form = check(HubExportForm, typed)
        asked = form.asked
        exported = await export_hub(form.hub, form.first, form.last, asked, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        return await _page(request, None, *as_refused(typed, error))
    return await _file(exported, asked.as_format)


async def _page(
    request: Request, training: Training | None = None, form: Typed | None = None, status: int = 200
) -> Response:
    hubs = reads(Hub).filter(id__in=sorted(request.state.actor.hubs_with(EXPORTERS))).order_by("name", "id")
    today = clock.today()
    context = {
        "training": training,
        "form": form,
        "hubs": [] if training else [(str(hub.id), hub.name) for hub in await hubs],
        "first": today.replace(month=1, day=1).isoformat(),
        "last": today.isoformat(),
        "reasons": [(reason.value, gettext(words)) for reason, words in REASONS.items()],
        "formats": [
            (ExportFormat.XLSX.value, gettext(N_("XLSX (Excel, LibreOffice)"))),
            (ExportFormat.CSV.value, "CSV"),
        ],
        "per_hour": PER_HOUR,
    }
    return render(request, "registrations/desk/export.html", context, status=status)


async def _file(exported: Exported, as_format: ExportFormat) -> Response:
    if as_format is ExportFormat.CSV:
        content = await asyncio.to_thread(write_csv, exported.header, exported.rows)
        return download(content, CSV_TYPE, "inscripciones.csv")
    content = await asyncio.to_thread(
        write_xlsx, exported.header, exported.rows, name="Inscripciones", made_at=clock.now()
    )
    return download(content, XLSX_TYPE, "inscripciones.xlsx")


routes: list[BaseRoute] = [
    Route(OF_TRAINING, new),
    Route(OF_TRAINING, create, methods=["POST"]),
    Route(OF_HUB, new_of_hub),
    Route(OF_HUB, create_of_hub, methods=["POST"]),
]
