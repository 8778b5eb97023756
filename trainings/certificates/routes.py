"""All pages about certificates; and the file that its holder opens by `/i/{token}/diploma/…`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.certificates import (
    assessment_routes,
    badge_routes,
    bulk_routes,
    check_routes,
    design_routes,
    handover_routes,
    issuer_routes,
    late_routes,
    name_routes,
    paper_routes,
    preparing_routes,
    register_routes,
    revocation_routes,
    signing_key_routes,
    staff_routes,
    transcript_routes,
)
from trainings.certificates.files import file_of
from trainings.certificates.queries import own_certificate
from trainings.certificates.views import pdf_response
from trainings.registrations.own_queries import with_papers
from trainings.web.allow import HOLDER, allow


@allow(HOLDER)
async def own_file(request: Request) -> Response:
    """The holder's own certificate, or that of a minor in their care, as it was first given out."""
    opened = await with_papers(request.path_params["token"])
    certificate = await own_certificate(opened, request.path_params["code"])
    return pdf_response(certificate, await file_of(certificate))


routes: list[BaseRoute] = [
    Route("/i/{token}/diploma/{code}.pdf", own_file),
    *badge_routes.routes,
    *check_routes.routes,
    *issuer_routes.routes,
    *transcript_routes.routes,
    *revocation_routes.routes,
    *staff_routes.routes,
    *preparing_routes.routes,
    *handover_routes.routes,
    *name_routes.routes,
    *assessment_routes.routes,
    *paper_routes.routes,
    *bulk_routes.routes,
    *register_routes.routes,
    *late_routes.routes,
    *signing_key_routes.routes,
    *design_routes.routes,
]
