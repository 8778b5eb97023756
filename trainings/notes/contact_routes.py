"""`/panel/contactos`: the platform's administration edits help contacts, hubs confirm."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import CONTACT_EDITORS, CONTACT_REVIEWERS
from trainings.errors import Refusal
from trainings.notes import orientation
from trainings.notes.forms import ContactForm, typed_contact
from trainings.notes.models import HelpContact
from trainings.notes.words import BY_SITUATION, COUNTRIES, TILES
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

INDEX = "/panel/contactos"
ONE = INDEX + "/{id:uuid}"


@allow(*CONTACT_REVIEWERS)
async def index(request: Request) -> Response:
    found = [
        (contact, orientation.helper_of(contact), _situations(contact)) for contact in await orientation.all_contacts()
    ]
    context = {
        "rows": found,
        "n_stale": sum(helper.is_stale and contact.is_active for contact, helper, _ in found),
        "may_edit": request.state.actor.has_any(CONTACT_EDITORS),
    }
    return render(request, "notes/staff/contacts.html", context)


def _situations(contact: HelpContact) -> list[str]:
    return [gettext(tile.title) for situation, tile in BY_SITUATION.items() if situation in contact.situations]


@allow(*CONTACT_EDITORS)
async def new(request: Request) -> Response:
    return _form(request, Typed.of({"reviewed_on": clock.today(), "country": orientation.HOME, "position": 0}))


@allow(*CONTACT_EDITORS)
async def create(request: Request) -> Response:
    return await _save(request, None)


@allow(*CONTACT_EDITORS)
async def edit(request: Request) -> Response:
    contact = await orientation.contact_by_id(request.path_params["id"])
    return _form(request, typed_contact(contact), contact)


@allow(*CONTACT_EDITORS)
async def update(request: Request) -> Response:
    return await _save(request, await orientation.contact_by_id(request.path_params["id"]))


async def _save(request: Request, contact: HelpContact | None) -> Response:
    typed, actor = await read_form(request), request.state.actor
    try:
        details = check(ContactForm, typed).details()
        if contact is None:
            await orientation.add_contact(details, actor=actor)
        else:
            await orientation.edit_contact(contact.id, details, actor=actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return _form(request, typed, contact, status=status)
    return _done(N_("Listo: el contacto está guardado."))


def _form(request: Request, typed: Typed, contact: HelpContact | None = None, *, status: int = 200) -> Response:
    context = {
        "form": typed,
        "contact": contact,
        "countries": [(code, gettext(name)) for code, name in COUNTRIES.items()],
        "situations": [(tile.situation.value, gettext(tile.title)) for tile in TILES],
        "today": clock.today(),
    }
    return render(request, "notes/staff/contact_form.html", context, status=status)


@allow(*CONTACT_REVIEWERS)
async def review(request: Request) -> Response:
    await orientation.review_contact(request.path_params["id"], actor=request.state.actor)
    return _done(N_("Listo: el contacto está revisado con fecha de hoy."))


@allow(*CONTACT_EDITORS)
async def switch_off(request: Request) -> Response:
    await orientation.switch_contact(request.path_params["id"], on=False, actor=request.state.actor)
    return _done(N_("Listo: el contacto ya no se muestra."))


@allow(*CONTACT_EDITORS)
async def switch_on(request: Request) -> Response:
    await orientation.switch_contact(request.path_params["id"], on=True, actor=request.state.actor)
    return _done(N_("Listo: el contacto se muestra otra vez."))


def _done(sentence: str) -> Response:
    return redirect(INDEX, gettext(sentence))


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/nuevo", new),
    Route(INDEX + "/nuevo", create, methods=["POST"]),
    Route(ONE + "/editar", edit),
    Route(ONE + "/editar", update, methods=["POST"]),
    Route(ONE + "/revisar", review, methods=["POST"]),
    Route(ONE + "/quitar", switch_off, methods=["POST"]),
    Route(ONE + "/mostrar", switch_on, methods=["POST"]),
]
