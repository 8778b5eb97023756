"""`/i/{token}/diploma/…`: a holder's file."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.certificates.issuing.views import pdf_response
from trainings.certificates.making.files import file_of
from trainings.certificates.queries import own_certificate
from trainings.registrations.own.queries import with_papers
from trainings.web.allow import HOLDER, allow


@allow(HOLDER)
async def own_file(request: Request) -> Response:
    """The holder's certificate, or a minor's in their care, as first given out."""
    opened = await with_papers(request.path_params["token"])
    certificate = await own_certificate(opened, request.path_params["code"])
    return pdf_response(certificate, await file_of(certificate))


routes: list[BaseRoute] = [Route("/i/{token}/diploma/{code}.pdf", own_file)]
