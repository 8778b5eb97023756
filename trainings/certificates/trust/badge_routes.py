from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.certificates.check.limits import HOUR, MISSES, MOST_MISSES
from trainings.certificates.making.badge_files import badge_of, badge_with_contact, valid_certificate
from trainings.certificates.models import Certificate
from trainings.certificates.queries import UnknownCertificate, own_certificate
from trainings.certificates.trust.status_lists import LINKED_DATA, OPEN
from trainings.limits import actions as limits
from trainings.registrations.own.queries import with_papers
from trainings.web.address import client_address
from trainings.web.allow import HOLDER, PUBLIC, allow
from trainings.web.headers import token_page_headers


@allow(PUBLIC)
async def show(request: Request) -> Response:
    """Prepared, annulled and unknown ones are the same 404."""
    try:
        certificate = await valid_certificate(request.path_params["code"])
    except UnknownCertificate:
        await limits.hit(MISSES, client_address(request), MOST_MISSES, HOUR)
        raise
    return _badge(certificate, await badge_of(certificate), OPEN)


@allow(HOLDER)
async def own(request: Request) -> Response:
    """`contacto=1`: with the holder's e-mail address as a salted hash; nothing of it is kept."""
    opened = await with_papers(request.path_params["token"])
    certificate = await own_certificate(opened, request.path_params["code"])
    with_contact = request.query_params.get("contacto") == "1"
    return _badge(certificate, await (badge_with_contact if with_contact else badge_of)(certificate), {})


def _badge(certificate: Certificate, text: str, more: dict[str, str]) -> Response:
    disposition = {"content-disposition": f'attachment; filename="{certificate.folio}.json"'}
    return Response(text, 200, {**token_page_headers(), **disposition, **more}, LINKED_DATA)


routes: list[BaseRoute] = [
    Route("/verificar/{code}.json", show),
    Route("/i/{token}/diploma/{code}.json", own),
]
