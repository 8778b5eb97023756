"""`/panel/ajustes`: what is set up once, each with how much of it there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import (
    ACCOUNT_KEEPERS,
    CATALOGUE_EDITORS,
    CONTACT_REVIEWERS,
    DESK,
    EDITORS,
    HUB_STAFF,
    NOTE_EDITORS,
    OPERATOR_ADMINS,
    STAFF,
)
from trainings.accounts.queries import staff_visible_to
from trainings.attendance.phones.phone_list import phones_seen_by
from trainings.audit.actor import Actor
from trainings.certificates.issuing.queries import operators_signing
from trainings.db import sql
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext
from trainings.web.render import render

OPERATORS = "(SELECT operator_id FROM hub WHERE id IN ?list)"
SERVED = "(SELECT municipality_id FROM hub_service WHERE hub_id IN ?list)"
NUMBERS = f"""
    SELECT 'courses' AS what, COUNT(*) AS n FROM course WHERE is_active
    UNION ALL SELECT 'projects', COUNT(*) FROM project
    UNION ALL SELECT 'contacts', COUNT(*) FROM help_contact WHERE is_active
    UNION ALL SELECT 'venues', COUNT(*) FROM venue WHERE is_active AND hub_id IN ?list
    UNION ALL SELECT 'feasts', COUNT(*) FROM feast_day WHERE municipality_id IN {SERVED}
    UNION ALL SELECT 'communities', COUNT(*) FROM community WHERE hidden_at IS NULL AND municipality_id IN {SERVED}
    UNION ALL SELECT 'notes', COUNT(*) FROM information_note WHERE state = 'published' AND hub_id IN ?list
    UNION ALL SELECT 'signatories', COUNT(*) FROM signatory WHERE operator_id IN {OPERATORS}
    UNION ALL SELECT 'images', COUNT(*) FROM brand_image WHERE removed_at IS NULL AND operator_id IN {OPERATORS}
    UNION ALL SELECT 'texts', COUNT(*) FROM message_template WHERE operator_id IN {OPERATORS}
    UNION ALL SELECT 'keys', COUNT(*) FROM signing_key WHERE retired_at IS NULL AND operator_id IN {OPERATORS}
"""  # noqa: S608 - constants of the program


Door = tuple[str, str, str, int | None]
"""Address, name, sentence, and how many there are."""


@dataclass(frozen=True, slots=True)
class Line:
    """`number` in `NUMBERS`; empty: there is nothing to count."""

    href: str
    name: str
    about: str
    open_to: tuple[str, ...]
    number: str = ""


PLANNING = (
    Line(
        "/panel/cursos", N_("Cursos y temas"), N_("Lo que se enseña: horas, contenidos y para quién."), STAFF, "courses"
    ),
    Line(
        "/panel/lugares",
        N_("Salones y lugares"),
        N_("Dónde se hacen, cuánta gente cabe y el acceso."),
        EDITORS,
        "venues",
    ),
    Line(
        "/panel/proyectos",
        N_("Proyectos"),
        N_("Lo que paga cada donante, y en qué período."),
        CATALOGUE_EDITORS,
        "projects",
    ),
    Line("/panel/fiestas", N_("Fiestas"), N_("Días de feria en que no conviene planear nada."), EDITORS, "feasts"),
    Line(
        "/panel/comunidades",
        N_("Comunidades"),
        N_("Los nombres que se sugieren al inscribirse."),
        DESK,
        "communities",
    ),
    Line(
        "/panel/mi-disponibilidad", N_("Mi disponibilidad"), N_("Los días en que usted no puede facilitar."), HUB_STAFF
    ),
)
PAPERS = (
    Line("/panel/firmas", N_("Quién firma"), N_("Nombres y cargos bajo los diplomas."), EDITORS, "signatories"),
    Line("/panel/membrete", N_("Escudo y logotipos"), N_("Lo que va arriba en los diplomas."), EDITORS, "images"),
    Line(
        "/panel/firma-electronica",
        N_("Firma electrónica"),
        N_("La llave con que se firma cada archivo."),
        OPERATOR_ADMINS,
        "keys",
    ),
)
WORDS = (
    Line(
        "/panel/textos",
        N_("Textos y recordatorios"),
        N_("Lo que dicen los mensajes, y cuántos días antes se recuerda."),
        OPERATOR_ADMINS,
        "texts",
    ),
    Line("/panel/textos/hojas", N_("Columnas de la hoja de asistencia"), N_("Qué se llena a mano."), OPERATOR_ADMINS),
    Line("/panel/notas", N_("Notas informativas"), N_("Información revisada para el público."), NOTE_EDITORS, "notes"),
    Line(
        "/panel/contactos",
        N_("A quién llamar"),
        N_("Los teléfonos de la página de orientación."),
        CONTACT_REVIEWERS,
        "contacts",
    ),
)
DOOR = (
    Line("/panel/telefonos", N_("Teléfonos para marcar"), N_("Marcan la asistencia sin señal."), HUB_STAFF, "phones"),
    Line(
        "/panel/tarjetas", N_("Tarjetas de reserva"), N_("Boletos sin nombre, para quien llega sin inscripción."), DESK
    ),
    Line(
        "/panel/practica",
        N_("Práctica"),
        N_("Una capacitación inventada para probar sin que nada cuente."),
        HUB_STAFF,
    ),
)
PEOPLE = (
    Line("/panel/cuentas", N_("Cuentas"), N_("Quién entra al panel y qué puede hacer."), ACCOUNT_KEEPERS, "staff"),
)
SHELVES = (
    (N_("Para planear"), PLANNING),
    (N_("Diplomas"), PAPERS),
    (N_("Mensajes e información"), WORDS),
    (N_("Para el día"), DOOR),
    (N_("Quién trabaja aquí"), PEOPLE),
)


@allow(*STAFF)
async def index(request: Request) -> Response:
    actor: Actor = request.state.actor
    numbers = await _numbers(actor)
    shelves = []
    for title, lines in SHELVES:
        doors = [_door(line, numbers) for line in lines if actor.has_any(line.open_to)]
        doors += await _designs(actor) if lines is PAPERS else []
        shelves += [(gettext(title), doors)] if doors else []
    return render(request, "panel/office/settings.html", {"here": "ajustes", "shelves": shelves})


def _door(line: Line, numbers: Mapping[str, int]) -> Door:
    return line.href, gettext(line.name), gettext(line.about), numbers[line.number] if line.number else None


async def _designs(actor: Actor) -> list[Door]:
    """One for each operator whose papers the actor issues."""
    operators = await operators_signing(actor)
    about = gettext(N_("Cómo se ve el diploma de todas sus capacitaciones."))
    named = N_("Diseño de los diplomas") if len(operators) == 1 else N_("Diseño de los diplomas: %(operator)s")
    return [(f"/panel/diseno/{one.id}", gettext(named) % {"operator": one.name}, about, None) for one in operators]


async def _numbers(actor: Actor) -> dict[str, int]:
    led, desks = sorted(actor.hubs_with(EDITORS)), sorted(actor.hubs_with(DESK))
    found = {row["what"]: row["n"] for row in await sql.reads(NUMBERS, led, led, desks, led, led, led, led, led)}
    phones = await phones_seen_by(actor) if actor.has_any(HUB_STAFF) else []
    staff = await staff_visible_to(actor) if actor.has_any(ACCOUNT_KEEPERS) else []
    return {**found, "phones": len(phones), "staff": len(staff)}


routes: list[BaseRoute] = [Route("/panel/ajustes", index)]
