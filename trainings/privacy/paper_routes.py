"""By own link a person asks to erase the name on certificates, or the certificates."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.privacy.withdrawal import erasable_papers
from trainings.registrations.own import erasures
from trainings.registrations.own.erasures import What
from trainings.registrations.own.views import MEMBER, OWN, back, home_of, known, place_of, token_page
from trainings.web.allow import HOLDER, allow
from trainings.web.forms import Form, FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext


class WishForm(Form):
    what: What


@allow(HOLDER)
async def show_own(request: Request) -> Response:
    return await _own_page(request, Typed())


async def _own_page(request: Request, form: Typed, status: int = 200) -> Response:
    ticket = await known(request)
    registration_id = ticket.own.registration.id
    asked = await erasures.erasures_of([registration_id])
    context: dict[str, Any] = {
        "ticket": ticket,
        "place": place_of(request),
        "home": home_of(request),
        "papers": await erasable_papers(registration_id),
        "is_asked": any(one.what is not What.DATA for one in asked),
        "due_at": clock.now() + erasures.WAIT,
        "form": form,
    }
    return await token_page(request, "privacy/papers.html", context, status=status)


@allow(HOLDER)
async def ask_own(request: Request) -> Response:
    ticket = await known(request)
    try:
        form = check(WishForm, await read_form(request))
    except FormErrors as exc:
        return await _own_page(request, exc.typed, 422)
    if form.what is not What.DATA:
        await erasures.ask_for_papers(ticket.own.registration.id, form.what, actor=HOLDER_OF_LINK)
    return back(home_of(request), gettext(N_("Listo. Lo que pidió quedó anotado.")))


@allow(HOLDER)
async def keep_own(request: Request) -> Response:
    ticket = await known(request)
    await erasures.keep_papers(ticket.own.registration.id, actor=HOLDER_OF_LINK)
    return back(home_of(request), gettext(N_("Listo. Los diplomas quedan como están.")))


def _own(path: str, handler: Any, *, methods: list[str] | None = None) -> list[BaseRoute]:
    """Under an own link, and under a group's for its minors."""
    return [Route(where + path, handler, methods=methods) for where in (OWN, MEMBER)]


routes: list[BaseRoute] = [
    *_own("/diplomas/borrar", show_own),
    *_own("/diplomas/borrar", ask_own, methods=["POST"]),
    *_own("/diplomas/no-borrar", keep_own, methods=["POST"]),
]
