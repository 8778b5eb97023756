"""`/panel/textos/hojas`: columns that an operator prints on its sheets, for handwriting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import OPERATOR_ADMINS
from trainings.attendance.sheets.forms import ColumnsForm
from trainings.attendance.sheets.sheets import COLUMNS, UnknownOperator, columns_of
from trainings.db import reads
from trainings.places.actions import set_sheet_columns
from trainings.places.models import Operator
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PAGE = "/panel/textos/hojas"


async def _operators(request: Request) -> list[Operator]:
    hubs = sorted(request.state.actor.hubs_with(OPERATOR_ADMINS))
    return await reads(Operator).filter(hubs__id__in=hubs).distinct().order_by("name")


@allow(*OPERATOR_ADMINS)
async def show(request: Request) -> Response:
    context = {
        "operators": [(one, columns_of(one)) for one in await _operators(request)],
        "choices": [(code, gettext(words)) for code, words in COLUMNS.items()],
    }
    return render(request, "attendance/sheets/columns.html", context)


@allow(*OPERATOR_ADMINS)
async def update(request: Request) -> Response:
    wanted = request.path_params["operator"]
    operator = next((one for one in await _operators(request) if one.id == wanted), None)
    if operator is None:
        raise UnknownOperator
    form = check(ColumnsForm, await read_form(request))
    await set_sheet_columns(operator.id, ",".join(form.columns), actor=request.state.actor)
    response = redirect(PAGE)
    flash(response, gettext(N_("Listo. Las hojas nuevas llevan esas columnas.")))
    return response


routes: list[BaseRoute] = [
    Route(PAGE, show),
    Route("/panel/textos/{operator:uuid}/hojas", update, methods=["POST"]),
]
