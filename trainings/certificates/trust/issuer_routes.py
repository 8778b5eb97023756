"""`/emisores/{code}`: an issuer, its keys and its revocations, for programs and people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.certificates.trust import issuers, status_lists
from trainings.certificates.trust.status_lists import LINKED_DATA, OPEN
from trainings.web.allow import PUBLIC, allow
from trainings.web.render import render

KEPT = {**OPEN, "cache-control": "public, max-age=3600"}


@allow(PUBLIC)
async def show(request: Request) -> Response:
    """A profile for programs, a page on request."""
    issuer = await issuers.find_issuer(request.path_params["code"])
    if "text/html" not in request.headers.get("accept", ""):
        return linked_data(issuers.profile(issuer), {**KEPT, "vary": "Accept"})
    return render(request, "certificates/trust/issuer.html", {"issuer": issuer}, headers={"vary": "Accept"})


@allow(PUBLIC)
async def key(request: Request) -> Response:
    issuer = await issuers.find_issuer(request.path_params["code"])
    return linked_data(issuers.public_key(issuer, request.path_params["id"]), KEPT)


@allow(PUBLIC)
async def certificate(request: Request) -> Response:
    """A certificate that signs PDFs, to compare it or make a reader trust it."""
    issuer = await issuers.find_issuer(request.path_params["code"])
    pem = issuers.certificate_of(issuer, request.path_params["fingerprint"])
    return Response(pem, 200, KEPT, "application/x-pem-file")


@allow(PUBLIC)
async def status_list(request: Request) -> Response:
    kept = await status_lists.status_list(request.path_params["code"], request.path_params["name"])
    known = request.headers.get("if-none-match", "")
    if known and {tag.strip().removeprefix("W/") for tag in known.split(",")} & {kept.etag, "*"}:
        return status_lists.Again(kept.unchanged)
    return status_lists.Again(kept.whole)


def linked_data(document: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), 200, headers, LINKED_DATA)


ISSUER = "/emisores/{code}"

routes: list[BaseRoute] = [
    Route(ISSUER, show),
    Route(ISSUER + "/llaves/{id:uuid}", key),
    Route(ISSUER + "/certificados/{fingerprint}.pem", certificate),
    Route(ISSUER + "/estado/{name}", status_list),
]
