"""`/panel/cursos/{id}/diplomas`: the design and language of a course's certificates, tried before they are chosen."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import CATALOGUE_EDITORS, ISSUERS
from trainings.certificates import design_texts, designs
from trainings.certificates.brand_forms import PaperForm
from trainings.certificates.design_use import UnusableDesign, problems_of
from trainings.certificates.models import CertificateKind
from trainings.certificates.samples import NAMES, Wish, sample_of
from trainings.certificates.staff_queries import operators_signing
from trainings.certificates.words import KIND_WORDS
from trainings.db import reads
from trainings.errors import NotFound
from trainings.places.models import Hub
from trainings.schedule import course_actions, queries
from trainings.schedule.models import Course
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

PAGE = "/panel/cursos/{id:uuid}/diplomas"
LETTERHEAD_SAMPLE = "/panel/membrete/{operator:uuid}/muestra.png"
WITH = ("seat", "operator__municipality", "operator__signatories")
NAME_WORDS = {"usual": N_("Un nombre común"), "short": N_("El nombre más corto"), "long": N_("El nombre más largo")}
UNUSABLE = UnusableDesign.sentence
UNKNOWN = N_("Escoja una de las opciones.")
NOT_IN_IT = N_("Ese diseño no se imprime en ese idioma. Escoja otro diseño u otro idioma.")


@allow(*CATALOGUE_EDITORS)
async def show(request: Request) -> Response:
    """The choice as it stands, or as it is tried: `?diseno=&idioma=&tipo=&nombre=`."""
    course = await queries.course(request.path_params["id"])
    return await _page(request, course, _wish(request, course))


async def _page(request: Request, course: Course, wish: Wish, form: Typed | None = None, status: int = 200) -> Response:
    design = designs.all_designs()[wish.design]
    shown = designs.design_for(wish.design, wish.kind.value, wish.language)
    context: dict[str, Any] = {
        "course": course,
        "wish": wish,
        "designs": [(one.key, one.title) for one in designs.all_designs().values()],
        "design": design,
        "shown": shown,
        "kind_words": {kind: gettext(word) for kind, word in KIND_WORDS.items()},
        "languages": [(code, language_name(code)) for code in _languages()],
        "names": [(key, gettext(words)) for key, words in NAME_WORDS.items()],
        "pages": [(1, gettext(N_("Frente"))), (2, gettext(N_("Reverso")))],
        "fits": design.prints_in(wish.language) and wish.kind.value in design.kinds,
        "problems": await problems_of(design),
        "form": form,
    }
    return render(request, "certificates/design.html", context, status=status)


def _languages() -> list[str]:
    """All languages that some design prints, one alone first."""
    found = {code for design in designs.all_designs().values() for code in design.all_languages()}
    return sorted(found, key=lambda code: ("+" in code, code != "es", code))


def language_name(code: str) -> str:
    """«Español», «Español y Q’eqchi’»: a language is named by its own file."""
    names = [design_texts.wording(part).name for part in code.split("+")]
    return gettext(N_("%(one)s y %(other)s")) % {"one": names[0], "other": names[1]} if len(names) > 1 else names[0]


def _wish(request: Request, course: Course) -> Wish:
    """What the address asks for; what it does not say is as the course has it, what there is not is forgotten."""
    asked = request.query_params
    known = designs.all_designs()
    design = next(key for key in (asked.get("diseno", ""), course.design, designs.FIRST) if key in known)
    language = next(code for code in (asked.get("idioma", ""), course.paper_language, "es") if code in _languages())
    kind = asked.get("tipo", "")
    return Wish(
        design=design,
        language=language,
        kind=CertificateKind(kind) if kind in {one.value for one in CertificateKind} else CertificateKind.DIPLOMA,
        name=asked["nombre"] if asked.get("nombre") in NAMES else "usual",
        page=2 if asked.get("lado") == "2" else 1,
    )


@allow(*CATALOGUE_EDITORS)
async def choose(request: Request) -> Response:
    course = await queries.course(request.path_params["id"])
    typed = await read_form(request)
    try:
        form = check(PaperForm, typed)
    except FormErrors as exc:
        return await _page(request, course, _wish(request, course), exc.typed, 422)
    design = designs.all_designs().get(form.design)
    if design is None:
        typed.errors["design"] = gettext(UNKNOWN)
    elif not design.prints_in(form.language):
        typed.errors["language"] = gettext(NOT_IN_IT)
    elif problems := await problems_of(design):
        typed.errors["design"] = gettext(UNUSABLE) % {"title": design.title, "problems": " ".join(problems)}
    if typed.errors:
        return await _page(request, course, _wish(request, course), typed, 422)
    await course_actions.choose_paper(course.id, form.design, form.language, actor=request.state.actor)
    response = redirect(f"/panel/cursos/{course.id}/diplomas")
    flash(response, gettext(N_("Listo. Así saldrán los próximos diplomas de este curso. Los ya emitidos no cambian.")))
    return response


@allow(*CATALOGUE_EDITORS)
async def sample(request: Request) -> Response:
    """A picture of the wish, with the letterhead of the first operator that this person issues for."""
    course = await queries.course(request.path_params["id"])
    operators = await operators_signing(request.state.actor)
    if not operators:
        raise NotFound
    return await _picture(await _hub_of(request, operators[0].id), course, _wish(request, course))


@allow(*ISSUERS)
async def letterhead_sample(request: Request) -> Response:
    """The operator's letterhead on a diploma of a course of the catalogue."""
    operator_id = request.path_params["operator"]
    if operator_id not in {one.id for one in await operators_signing(request.state.actor)}:
        raise NotFound
    course = await reads(Course).filter(is_active=True).order_by("title", "id").first()
    if course is None:
        raise NotFound
    return await _picture(await _hub_of(request, operator_id), course, _wish(request, course))


async def _hub_of(request: Request, operator_id: Any) -> Hub:
    """A hub of the operator that this person issues for, with all that a sheet asks of it."""
    own = reads(Hub).filter(operator_id=operator_id, id__in=sorted(request.state.actor.hubs_with(ISSUERS)))
    hub = await own.order_by("name").prefetch_related(*WITH).first()
    assert hub is not None, "who issues for an operator does so at one of its hubs"
    return hub


async def _picture(hub: Hub, course: Course, wish: Wish) -> Response:
    """A letterhead just changed is to be seen at once: no browser keeps the picture."""
    picture = await (await sample_of(hub, course, wish)).png()
    return Response(picture, media_type="image/png", headers={"cache-control": "no-store"})


routes: list[BaseRoute] = [
    Route(PAGE, show),
    Route(PAGE, choose, methods=["POST"]),
    Route(PAGE + "/muestra.png", sample),
    Route(LETTERHEAD_SAMPLE, letterhead_sample),
]
