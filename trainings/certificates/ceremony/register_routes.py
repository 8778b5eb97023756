"""`/panel/folios`: the register."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK, ISSUERS
from trainings.certificates.ceremony import register, register_sheet
from trainings.certificates.ceremony.register import Volume
from trainings.certificates.making.process_pool import mill
from trainings.lib.tabular import XLSX_TYPE, write_xlsx
from trainings.web.allow import allow
from trainings.web.forms import asked_page
from trainings.web.headers import token_page_headers
from trainings.web.i18n import speaking
from trainings.web.render import render

INDEX = "/panel/folios"
VOLUME = INDEX + "/{operator:uuid}/{year:int}"
LONGEST_QUERY = 120


async def _volume(request: Request, *, to_take_out: bool = False) -> Volume:
    where = request.path_params
    year = min(where["year"], 9_999)
    return await register.volume_in_scope(request.state.actor, where["operator"], year, to_take_out=to_take_out)


@allow(*DESK)
async def index(request: Request) -> Response:
    found = await register.volumes(request.state.actor)
    return render(request, "certificates/ceremony/register_index.html", {"volumes": found})


@allow(*DESK)
async def show(request: Request) -> Response:
    """Opening it is logged."""
    volume, actor = await _volume(request), request.state.actor
    query = request.query_params.get("q", "").strip()[:LONGEST_QUERY]
    number = asked_page(request.query_params)
    lines, n = await register.page_of(volume, actor, number=number, query=query)
    first = (number - 1) * register.PAGE
    context = {
        "volume": volume,
        "lines": lines,
        "n": n,
        "query": query,
        "first": first + 1,
        "last": first + len(lines),
        "before": _address(volume, number - 1, query) if number > 1 else None,
        "after": _address(volume, number + 1, query) if first + len(lines) < n else None,
        "may_take_out": volume.operator.id in await register.operators_of(actor, ISSUERS),
    }
    return render(request, "certificates/ceremony/register.html", context)


def _address(volume: Volume, number: int, query: str) -> str:
    return f"{volume.address}?{urlencode({'q': query, 'pagina': number})}"


@allow(*ISSUERS)
async def as_pdf(request: Request) -> Response:
    volume = await _volume(request, to_take_out=True)
    with speaking("es-GT"):
        lines = await register.whole(volume, request.state.actor, as_what="pdf")
        data = register.sheet_data(volume, lines)
    moment = clock.now().replace(microsecond=0)
    content: bytes = await mill().do(register_sheet.render, data, moment)
    return Response(content, media_type="application/pdf", headers=_to_save(volume, "pdf"))


@allow(*ISSUERS)
async def as_workbook(request: Request) -> Response:
    volume = await _volume(request, to_take_out=True)
    header, rows = register.table_of(await register.whole(volume, request.state.actor, as_what="xlsx"))
    made_at = clock.now().replace(tzinfo=None)
    content = await asyncio.to_thread(write_xlsx, header, rows, name=f"Folios {volume.year}", made_at=made_at)
    return Response(content, media_type=XLSX_TYPE, headers=_to_save(volume, "xlsx"))


def _to_save(volume: Volume, ending: str) -> dict[str, str]:
    name = f"folios-{volume.operator.code}-{volume.year}.{ending}"
    return token_page_headers() | {"content-disposition": f'attachment; filename="{name}"'}


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(VOLUME, show),
    Route(VOLUME + ".pdf", as_pdf),
    Route(VOLUME + ".xlsx", as_workbook),
]
