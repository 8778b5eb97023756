"""The design and language of papers, tried before they are chosen: of all of an operator, or of one training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import ISSUERS, can_issue_certificates
from trainings.certificates import design_texts, designs, paper_choice
from trainings.certificates.brand_forms import PaperForm
from trainings.certificates.models import CertificateKind
from trainings.certificates.paper_choice import Paper, paper_of
from trainings.certificates.samples import NAMES, Wish, example_for, sample_of
from trainings.certificates.signature_routes import check_scope
from trainings.certificates.staff_queries import MayNotIssue, training_at_desk
from trainings.certificates.words import KIND_WORDS
from trainings.db import reads
from trainings.places.models import Hub
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

FOR_ALL = "/panel/diseno/{operator:uuid}"
FOR_ONE = "/panel/capacitaciones/{id:uuid}/diplomas/diseno"
LETTERHEAD_SAMPLE = "/panel/membrete/{operator:uuid}/muestra.png"
WITH = ("seat", "operator__municipality", "operator__signatories")
NAME_WORDS = {"usual": N_("Un nombre común"), "short": N_("El nombre más corto"), "long": N_("El nombre más largo")}
UNKNOWN = N_("Escoja una de las opciones.")
NOT_IN_IT = N_("Ese diseño no se imprime en ese idioma. Escoja otro diseño u otro idioma.")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a choice is made: its page, the page before it, and a training whose paper it is tried with."""

    path: str
    back: str
    back_words: str
    training: Training
    is_for_all: bool

    @property
    def paper(self) -> Paper:
        return paper_of(self.training)


async def _for_all(request: Request) -> _Place:
    """Of an operator that this person issues for."""
    operator_id = request.path_params["operator"]
    await check_scope(request, operator_id)
    hub = await _hub_of(request, operator_id)
    path = f"/panel/diseno/{operator_id}"
    return _Place(path, "/panel/membrete", gettext(N_("Escudo y logotipos")), await example_for(hub), is_for_all=True)


async def _for_one(request: Request) -> _Place:
    """Of a training in scope. Refuses (MayNotIssue) who only works at its desk."""
    training = await training_at_desk(request.state.actor, request.path_params["id"])
    if not can_issue_certificates(request.state.actor, training.hub_id):
        raise MayNotIssue
    back = f"/panel/capacitaciones/{training.id}/diplomas"
    return _Place(f"{back}/diseno", back, training.title, training, is_for_all=False)


@allow(*ISSUERS)
async def show_for_all(request: Request) -> Response:
    """The choice as it stands, or as it is tried: `?diseno=&idioma=&tipo=&nombre=`."""
    return await _page(request, await _for_all(request))


@allow(*ISSUERS)
async def show_for_one(request: Request) -> Response:
    return await _page(request, await _for_one(request))


async def _page(request: Request, place: _Place, form: Typed | None = None, status: int = 200) -> Response:
    wish = _wish(request, place.paper)
    design = designs.all_designs()[wish.design]
    context: dict[str, Any] = {
        "place": place,
        "wish": wish,
        "designs": [(one.key, one.title) for one in designs.all_designs().values()],
        "design": design,
        "shown": designs.design_for(wish.design, wish.kind.value, wish.language),
        "kind_words": {kind: gettext(word) for kind, word in KIND_WORDS.items()},
        "languages": [(code, language_name(code)) for code in _languages()],
        "names": [(key, gettext(words)) for key, words in NAME_WORDS.items()],
        "pages": [(1, gettext(N_("Frente"))), (2, gettext(N_("Reverso")))],
        "fits": design.prints_in(wish.language) and wish.kind.value in design.kinds,
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


def _wish(request: Request, paper: Paper) -> Wish:
    """What the address asks for; what it does not say is as it was chosen, what there is not is forgotten."""
    asked = request.query_params
    known = designs.all_designs()
    design = next(key for key in (asked.get("diseno", ""), paper.design, designs.FIRST) if key in known)
    language = next(code for code in (asked.get("idioma", ""), paper.language, "es") if code in _languages())
    kind = asked.get("tipo", "")
    return Wish(
        design=design,
        language=language,
        kind=CertificateKind(kind) if kind in {one.value for one in CertificateKind} else CertificateKind.DIPLOMA,
        name=asked["nombre"] if asked.get("nombre") in NAMES else "usual",
        page=2 if asked.get("lado") == "2" else 1,
    )


@allow(*ISSUERS)
async def choose_for_all(request: Request) -> Response:
    place = await _for_all(request)
    typed, paper = await _chosen(request)
    if paper is None:
        return await _page(request, place, typed, 422)
    await paper_choice.choose_for_operator(request.path_params["operator"], paper, actor=request.state.actor)
    return _done(place, N_("Listo. Así saldrán los próximos diplomas. Los ya emitidos no cambian."))


@allow(*ISSUERS)
async def choose_for_one(request: Request) -> Response:
    place = await _for_one(request)
    typed, paper = await _chosen(request)
    if paper is None:
        return await _page(request, place, typed, 422)
    await paper_choice.choose_for_training(place.training.id, paper, actor=request.state.actor)
    return _done(place, N_("Listo. Así saldrán los próximos diplomas de aquí. Los ya emitidos no cambian."))


async def _chosen(request: Request) -> tuple[Typed, Paper | None]:
    """What was posted, and what it chooses; nothing where it cannot be used: the errors say why."""
    typed = await read_form(request)
    try:
        form = check(PaperForm, typed)
    except FormErrors as exc:
        return exc.typed, None
    design = designs.all_designs().get(form.design)
    if design is None:
        typed.errors["design"] = gettext(UNKNOWN)
    elif not design.prints_in(form.language):
        typed.errors["language"] = gettext(NOT_IN_IT)
    return typed, None if typed.errors else Paper(form.design, form.language)


def _done(place: _Place, sentence: str) -> Response:
    response = redirect(place.path)
    flash(response, gettext(sentence))
    return response


@allow(*ISSUERS)
async def sample_for_all(request: Request) -> Response:
    """A picture of the wish, with the operator's letterhead."""
    return await _picture(request, await _for_all(request))


@allow(*ISSUERS)
async def sample_for_one(request: Request) -> Response:
    return await _picture(request, await _for_one(request))


async def _hub_of(request: Request, operator_id: UUID) -> Hub:
    """A hub of the operator that this person issues for, with all that a sheet asks of it."""
    own = reads(Hub).filter(operator_id=operator_id, id__in=sorted(request.state.actor.hubs_with(ISSUERS)))
    hub = await own.order_by("name").prefetch_related(*WITH).first()
    assert hub is not None, "who issues for an operator does so at one of its hubs"
    return hub


async def _picture(request: Request, place: _Place) -> Response:
    """A letterhead just changed is to be seen at once: no browser keeps the picture."""
    picture = await (await sample_of(place.training, _wish(request, place.paper))).png()
    return Response(picture, media_type="image/png", headers={"cache-control": "no-store"})


routes: list[BaseRoute] = [
    Route(FOR_ALL, show_for_all),
    Route(FOR_ALL, choose_for_all, methods=["POST"]),
    Route(FOR_ALL + "/muestra.png", sample_for_all),
    Route(LETTERHEAD_SAMPLE, sample_for_all),
    Route(FOR_ONE, show_for_one),
    Route(FOR_ONE, choose_for_one, methods=["POST"]),
    Route(FOR_ONE + "/muestra.png", sample_for_one),
]
