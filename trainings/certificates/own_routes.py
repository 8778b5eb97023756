"""`/i/{token}/diploma/…`, `/i/{token}/historial`, and the history at the desk."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK
from trainings.audit.actions import record
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.certificates.check.views import badge_response
from trainings.certificates.issuing import queries
from trainings.certificates.issuing.views import pdf_response
from trainings.certificates.making.files import badge_of, badge_with_contact, file_of
from trainings.certificates.making.transcripts import (
    entries_of,
    latest_transcript,
    make_transcript,
    own_transcript,
    whose,
)
from trainings.certificates.models import Transcript
from trainings.certificates.queries import own_certificate
from trainings.db import transaction
from trainings.errors import Refusal, TooMany
from trainings.people.consents import without_permission
from trainings.registrations.models import Registration
from trainings.registrations.own.queries import with_papers
from trainings.registrations.own.views import OWN, base_of, known, lead_to, token_page
from trainings.web.allow import HOLDER, allow
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of, with_time
from trainings.web.render import redirect, token_page_headers

AT_DESK = "/panel/inscripciones/{id:uuid}/historial"


# -- certificates


@allow(HOLDER)
async def own_diploma(request: Request) -> Response:
    """A minor's in their care too; as first given out."""
    opened = await with_papers(request.path_params["token"])
    certificate = await own_certificate(opened, request.path_params["code"])
    return pdf_response(certificate, await file_of(certificate))


@allow(HOLDER)
async def own_badge(request: Request) -> Response:
    """`contacto=1`: with the holder's e-mail address as a salted hash; nothing of it is kept."""
    opened = await with_papers(request.path_params["token"])
    certificate = await own_certificate(opened, request.path_params["code"])
    with_contact = request.query_params.get("contacto") == "1"
    return badge_response(certificate, await (badge_with_contact if with_contact else badge_of)(certificate), {})


# -- the history


class DataWithdrawn(Refusal):
    sentence = N_("Esta persona retiró el permiso de guardar sus datos, así que no se hace un historial.")


def _file(transcript: Transcript) -> Response:
    disposition = {"content-disposition": f'inline; filename="historial-{transcript.code}.pdf"'}
    return Response(transcript.content, media_type="application/pdf", headers=token_page_headers() | disposition)


async def _check_permission(registration: Registration) -> None:
    if await without_permission([registration.participant_id]):
        raise DataWithdrawn


@allow(HOLDER)
async def show_own(request: Request) -> Response:
    return await _show_own(request)


async def _show_own(request: Request, refusal: Refusal | None = None) -> Response:
    ticket = await known(request)
    registration = ticket.own.registration
    entries = await entries_of(await whose(registration, actor=HOLDER_OF_LINK))
    person = registration.participant
    context = {
        "ticket": ticket,
        "base": base_of(request),
        "entries": entries,
        "minutes": sum(one.minutes for one in entries),
        "transcript": await latest_transcript(person.id, entries, person.full_name),
        "has_permission": not await without_permission([person.id]),
        "refused": sentence_of(refusal) if refusal is not None else "",
    }
    page = await token_page(
        request,
        "certificates/transcripts/transcript.html",
        context,
        status=refusal.status if refusal is not None else 200,
    )
    return with_time(page, refusal) if refusal is not None else page


@allow(HOLDER)
async def make_own(request: Request) -> Response:
    registration = (await known(request)).own.registration
    try:
        await _check_permission(registration)
        transcript = await make_transcript(registration, actor=HOLDER_OF_LINK)
    except Refusal as refusal:
        if refusal.status not in (Refusal.status, TooMany.status):
            raise
        return await _show_own(request, refusal)
    return lead_to(f"{base_of(request)}/historial/{transcript.code}.pdf")


@allow(HOLDER)
async def own_transcript_file(request: Request) -> Response:
    registration = (await known(request)).own.registration
    return _file(await own_transcript([registration.participant_id], request.path_params["code"]))


# -- at the desk


@allow(*DESK)
async def make_at_desk(request: Request) -> Response:
    """Logged. With trainings of all hubs: the person asked for it."""
    _training, person = await queries.person_at_desk(request.state.actor, request.path_params["id"])
    try:
        await _check_permission(person.registration)
        transcript = await make_transcript(person.registration, actor=request.state.actor)
    except Refusal as refusal:
        if refusal.status != Refusal.status:
            raise
        return redirect(
            f"/panel/inscripciones/{person.registration.id}", gettext(refusal.text) % refusal.values, "note"
        )
    return redirect(f"/panel/inscripciones/{person.registration.id}/historial/{transcript.code}.pdf")


@allow(*DESK)
async def file_at_desk(request: Request) -> Response:
    training, person = await queries.person_at_desk(request.state.actor, request.path_params["id"])
    transcript = await own_transcript([person.registration.participant_id], request.path_params["code"])
    async with transaction():
        await record(
            "certificates.open_transcript",
            actor=request.state.actor,
            object_id=person.registration.id,
            hub_id=training.hub_id,
        )
    return _file(transcript)


routes: list[BaseRoute] = [
    Route(OWN + "/diploma/{code}.pdf", own_diploma),
    Route(OWN + "/diploma/{code}.json", own_badge),
    Route(OWN + "/historial", show_own),
    Route(OWN + "/historial", make_own, methods=["POST"]),
    Route(OWN + "/historial/{code}.pdf", own_transcript_file),
    Route(AT_DESK, make_at_desk, methods=["POST"]),
    Route(AT_DESK + "/{code}.pdf", file_at_desk),
]
