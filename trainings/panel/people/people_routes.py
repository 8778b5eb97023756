"""`/panel/personas`: where the work about people begins."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK, EXPORTERS, MERGERS
from trainings.audit.actor import Actor
from trainings.privacy import erasing
from trainings.registrations.desk.needs_queries import n_unanswered
from trainings.registrations.desk.review_queries import n_held
from trainings.web.allow import allow
from trainings.web.i18n import gettext as _
from trainings.web.render import render

Door = tuple[str, str, str, int | None]
"""Address, name, sentence, and how many wait, where they are counted."""


@allow(*DESK)
async def index(request: Request) -> Response:
    actor: Actor = request.state.actor
    context = {"here": "personas", "waiting": await _waiting(actor), "others": _others(actor)}
    return render(request, "panel/people/index.html", context)


async def _waiting(actor: Actor) -> list[Door]:
    n_to_review, n_needs = await n_held(actor), await n_unanswered(actor)
    doors: list[Door] = [
        ("/panel/revisar", _("Inscripciones por revisar"), _("Esperan que alguien les diga que sí."), n_to_review),
        ("/panel/apoyos", _("Apoyos que piden"), _("Intérprete, rampa o comida para lo que viene."), n_needs),
        ("/panel/revisar/asistencia", _("Asistencia por revisar"), _("Marcas que alguien tiene que decidir."), None),
    ]
    about = _("Lo que alguien pidió borrar: se confirma, o se deshace a tiempo.")
    doors.append((erasing.WAITING, _("Personas por borrar"), about, await erasing.n_to_confirm(actor)))
    if actor.has_any(MERGERS):
        about = _("Quienes se inscribieron más de una vez: aquí se unen.")
        doors.append(("/panel/personas/repetidas", _("Personas repetidas"), about, None))
    return doors


def _others(actor: Actor) -> list[Door]:
    doors: list[Door] = [
        ("/panel/tarjetas/usar", _("Usar una tarjeta"), _("Ponerle nombre a una tarjeta de reserva."), None),
        ("/panel/menor-solo", _("¿Viaja sin su familia?"), _("Qué hacer cuando llega una niña o un niño así."), None),
    ]
    if actor.has_any(EXPORTERS):
        doors.append(("/panel/exportar", _("Exportar inscripciones"), _("Un archivo con las de un período."), None))
    return doors


routes: list[BaseRoute] = [Route("/panel/personas", index)]
