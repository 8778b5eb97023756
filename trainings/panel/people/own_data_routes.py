"""Behind an own link: support, optional answers, data and permissions; a minor's under the group's link."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.certificates import queries as certificates
from trainings.errors import NotFound
from trainings.panel.people import group_page, own_page
from trainings.people import choices, consents
from trainings.people.models import AgeGroup, ConsentPurpose, Participant
from trainings.privacy import withdrawal
from trainings.registrations.own import erasures
from trainings.registrations.own.answers import Answers, save_answers
from trainings.registrations.own.data import copy_of, history_in_words, own_facts, permissions_of
from trainings.registrations.own.forms import AnswersForm, PapersForm
from trainings.registrations.own.queries import agreed_by, history_of
from trainings.registrations.own.ticket import Ticket
from trainings.registrations.own.views import (
    MEMBER,
    OWN,
    back,
    changeable,
    file_headers,
    home_of,
    known,
    lead_to,
    place_of,
    token_page,
)
from trainings.registrations.queries import with_sessions
from trainings.registrations.seats import actions
from trainings.registrations.signup.forms import NeedsForm
from trainings.web.allow import HOLDER, allow
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext


@allow(HOLDER)
async def change_needs(request: Request) -> Response:
    ticket = await changeable(request)
    try:
        form = check(NeedsForm, await read_form(request))
    except FormErrors as exc:
        if ticket.is_minor:
            return await group_page.show_minor(request, ticket, exc.typed, 422)
        return await own_page.show_own(request, ticket, needs_form=exc.typed, status=422)
    await actions.change_needs(ticket.own.registration.id, form.needs, actor=HOLDER_OF_LINK)
    return back(home_of(request), gettext(N_("Listo. La ventanilla verá el apoyo que pide.")))


# -- answers, and all that is kept


@allow(HOLDER)
async def show_data(request: Request) -> Response:
    ticket = await known(request)
    return await _show_data(request, ticket, Typed.of(_answers_of(ticket.own.registration.participant)))


async def _show_data(request: Request, ticket: Ticket, form: Typed, *, status: int = 200) -> Response:
    registration = ticket.own.registration
    context: dict[str, Any] = {
        "ticket": ticket,
        "place": place_of(request),
        "home": home_of(request),
        "facts": own_facts(registration),
        "history": history_in_words(await history_of(registration)),
        "has_permission": not await consents.without_permission([registration.participant_id]),
        "is_leaving": await _is_leaving(ticket),
        "form": form,
        "actor_types": [] if registration.training.audience else choices.actor_types(),
        "sexes": choices.sexes(),
        "age_groups": [one for one in choices.age_groups() if not AgeGroup(one[0]).is_minor],
        "languages": choices.languages(),
        "pueblos": choices.pueblos(),
    }
    return await token_page(request, "panel/people/answers.html", context, status=status)


def _answers_of(person: Participant) -> dict[str, object]:
    official = person.public_official
    return {
        "actor_type": person.actor_type.value if person.actor_type else "",
        "sex": person.sex.value if person.sex else "",
        "age_group": person.age_group.value if person.age_group else "",
        "language": person.language or "",
        "pueblo": person.pueblo or "",
        "community": person.community,
        "organization": person.organization,
        "public_official": "" if official is None else ("true" if official else "false"),
    }


@allow(HOLDER)
async def save_data(request: Request) -> Response:
    ticket = await known(request)
    try:
        form = check(AnswersForm, await read_form(request))
    except FormErrors as exc:
        return await _show_data(request, ticket, exc.typed, status=422)
    await save_answers(ticket.own.registration.id, Answers(**dict(form)), actor=HOLDER_OF_LINK)
    return back(home_of(request), gettext(N_("Listo, gracias. Puede cambiar o quitar sus respuestas cuando quiera.")))


@allow(HOLDER)
async def copy(request: Request) -> Response:
    """All that is kept, as a text to take along."""
    registration = (await known(request)).own.registration
    own = await with_sessions(registration.id)
    papers = await certificates.of_registration(registration.id)
    agreed = permissions_of(await agreed_by(registration))
    text = copy_of([own, *await history_of(registration)], agreed, [one.folio for one in papers])
    return Response(text, media_type="text/plain; charset=utf-8", headers=file_headers("mis-datos.txt"))


# -- permissions


@allow(HOLDER)
async def permissions(request: Request) -> Response:
    """In the words agreed to."""
    ticket = await known(request)
    context = {
        "ticket": ticket,
        "place": place_of(request),
        "home": home_of(request),
        "permissions": permissions_of(await agreed_by(ticket.own.registration)),
        "is_leaving": await _is_leaving(ticket),
    }
    return await token_page(request, "panel/people/permissions.html", context)


def _purpose(request: Request) -> ConsentPurpose:
    try:
        return ConsentPurpose(request.path_params["purpose"])
    except ValueError as exc:
        raise NotFound from exc


async def _is_leaving(ticket: Ticket) -> bool:
    asked = await erasures.erasures_of([ticket.own.registration.id])
    return any(one.what is erasures.What.DATA for one in asked)


@allow(HOLDER)
async def confirm_withdraw(request: Request) -> Response:
    """Asks nothing where no consent stands, or withdrawal was asked already."""
    return await _confirm_withdraw(request, Typed())


async def _confirm_withdraw(request: Request, form: Typed, status: int = 200) -> Response:
    ticket, purpose = await known(request), _purpose(request)
    registration = ticket.own.registration
    standing = permissions_of(await agreed_by(registration)).standing
    is_data = purpose is ConsentPurpose.DATA
    if purpose not in standing or (is_data and await _is_leaving(ticket)):
        return lead_to(f"{place_of(request)}/permisos")
    context = {
        "ticket": ticket,
        "place": place_of(request),
        "purpose": purpose.value,
        "due_at": clock.now() + erasures.WAIT,
        "stays": await withdrawal.what_stays([registration.participant_id], by_link=True) if is_data else [],
        "papers": await withdrawal.erasable_papers(registration.id) if is_data else [],
        "form": form,
    }
    return await token_page(request, "panel/people/withdraw.html", context, status=status)


@allow(HOLDER)
async def withdraw(request: Request) -> Response:
    """Contact and photo at once; for the data it is noted, and done 72 hours later."""
    ticket, purpose = await known(request), _purpose(request)
    registration = ticket.own.registration
    if purpose is ConsentPurpose.DATA:
        papers = erasures.What.DATA
        if await withdrawal.erasable_papers(registration.id):
            try:
                papers = check(PapersForm, await read_form(request)).papers
            except FormErrors as exc:
                return await _confirm_withdraw(request, exc.typed, 422)
        await erasures.ask_for_erasure(registration.id, actor=HOLDER_OF_LINK, papers=papers)
        return back(f"{place_of(request)}/permisos", gettext(N_("Listo. Lo que pidió quedó anotado.")))
    hub_id = registration.training.hub_id
    await consents.withdraw(registration.participant_id, purpose, actor=HOLDER_OF_LINK, hub_id=hub_id)
    return back(f"{place_of(request)}/permisos", gettext(N_("Listo. Su permiso está retirado.")))


@allow(HOLDER)
async def keep_data(request: Request) -> Response:
    ticket = await known(request)
    await erasures.keep_data(ticket.own.registration.id, actor=HOLDER_OF_LINK)
    return back(f"{place_of(request)}/permisos", gettext(N_("Listo. Los datos no se borran y todo sigue igual.")))


def _both(path: str, handler: Any, *, methods: list[str] | None = None) -> list[BaseRoute]:
    """Under an own link, and under a group's for its minors."""
    return [Route(where + path, handler, methods=methods) for where in (OWN, MEMBER)]


routes: list[BaseRoute] = [
    *_both("/apoyo", change_needs, methods=["POST"]),
    *_both("/datos", show_data),
    *_both("/datos", save_data, methods=["POST"]),
    *_both("/datos/copia", copy),
    *_both("/permisos", permissions),
    *_both("/permisos/{purpose}", confirm_withdraw),
    *_both("/permisos/{purpose}", withdraw, methods=["POST"]),
    *_both("/no-borrar", keep_data, methods=["POST"]),
]
