"""`/panel/firmas` (signatories), `/panel/membrete` (letterhead), design and language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import ISSUERS, can_issue_certificates
from trainings.certificates.designs import brand, designs, signatories
from trainings.certificates.designs import texts as design_texts
from trainings.certificates.designs.brand import LONGEST_LINE, MOST_LINES, Paper, cleaned, paper_of
from trainings.certificates.designs.signatories import OFFICES, TRAINER, SignatoryPlan, read_office
from trainings.certificates.designs.texts import MOST_SIGNATORIES
from trainings.certificates.issuing.queries import MayNotIssue, operators_signing, training_at_desk
from trainings.certificates.making.samples import NAMES, Wish, example_for, sample_of
from trainings.certificates.models import CertificateKind, ImageRole
from trainings.certificates.words import KIND_WORDS
from trainings.db import reads
from trainings.errors import NotFound, Refusal
from trainings.lib.text import TextTooLong, UnreadableText, clean_multiline
from trainings.people.forms import printable, required
from trainings.places.models import Hub
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.files import PictureTooLarge, read_upload
from trainings.web.forms import Day, Form, FormErrors, Typed, as_refused, check, read_form, wrong
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

SIGNATURES = "/panel/firmas"
LETTERHEAD = "/panel/membrete"
FOR_ALL = "/panel/diseno/{operator:uuid}"
FOR_ONE = "/panel/capacitaciones/{id:uuid}/diplomas/diseno"

MISSING = N_("Falta este dato.")
ADDED = {
    ImageRole.SHIELD: N_("Listo. El escudo saldrá en los próximos diplomas."),
    ImageRole.PARTNER: N_("Listo. El logotipo saldrá en los próximos diplomas."),
}
WITH = ("seat", "operator__municipality", "operator__signatories")
NAME_WORDS = {"usual": N_("Un nombre común"), "short": N_("El nombre más corto"), "long": N_("El nombre más largo")}
UNKNOWN = N_("Escoja una de las opciones.")
NOT_IN_IT = N_("Ese diseño no se imprime en ese idioma. Escoja otro diseño u otro idioma.")


# -- forms

LONGEST_SIGNATORY = 160
LONGEST_OFFICE = 120
LONGEST_ALT = 120
LONGEST_TYPED = 4000
LONGEST_LETTERHEAD = MOST_LINES * (LONGEST_LINE + 2)
OWN_WORDS = "other"


def _offered(value: str) -> str:
    if value not in (TRAINER, OWN_WORDS) and read_office(value) is None:
        raise wrong(N_("Escoja una de las opciones."))
    return value


class TermForm(Form):
    """Empty: no limit."""

    valid_from: Day | None = None
    valid_until: Day | None = None


class SureForm(Form):
    seguro: bool = False


class SignatoryForm(TermForm):
    """`office`: a usual one, or the words of `own_office`."""

    operator: UUID
    office: Annotated[str, AfterValidator(_offered)]
    name: Annotated[str, printable(LONGEST_SIGNATORY)] = ""
    own_office: Annotated[str, printable(LONGEST_OFFICE)] = ""

    @property
    def missing(self) -> str:
        if self.office != TRAINER and not self.name:
            return "name"
        return "own_office" if self.office == OWN_WORDS and not self.own_office else ""

    def plan(self) -> SignatoryPlan:
        code, is_feminine = read_office(self.office) or ("", None)
        if code:
            office = OFFICES[code].spanish(is_feminine=bool(is_feminine))
        elif self.office == TRAINER:
            code, office = TRAINER, ""
        else:
            office = self.own_office
        return SignatoryPlan(
            name="" if code == TRAINER else self.name,
            office=office,
            office_code=code,
            is_feminine=is_feminine,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


def _readable(text: str) -> str:
    try:
        return clean_multiline(text, LONGEST_TYPED)
    except (UnreadableText, TextTooLong) as exc:
        raise wrong(N_("Hay una letra que no se puede leer. Escríbalo otra vez.")) from exc


class LetterheadForm(Form):
    letterhead: Annotated[str, AfterValidator(_readable)] = ""


class PictureForm(Form):
    role: ImageRole
    name: Annotated[str, printable(LONGEST_ALT), AfterValidator(required)]


class PaperForm(Form):
    design: str
    language: str


# -- handlers


async def _check_operator(request: Request, operator_id: UUID) -> None:
    if operator_id not in {one.id for one in await operators_signing(request.state.actor)}:
        raise NotFound


def _done(path: str, sentence: str) -> Response:
    return redirect(path, gettext(sentence))


# -- who signs


@dataclass(frozen=True, slots=True)
class Leaving:
    id: UUID
    warning: str
    act: str
    asked: Mapping[str, str]


@allow(*ISSUERS)
async def show_signatories(request: Request) -> Response:
    return await _signatories(request)


async def _signatories(
    request: Request,
    form: Typed | None = None,
    *,
    term: tuple[UUID, Typed] | None = None,
    leaving: Leaving | None = None,
    status: int = 200,
) -> Response:
    """`term`: the signatory whose dates were refused, and the typed values."""
    today = clock.today()
    operators = await operators_signing(request.state.actor)
    context = {
        "operators": operators,
        "choices": [(str(one.id), one.name) for one in operators],
        "offices": _office_choices(),
        "most": MOST_SIGNATORIES,
        "today": today,
        "signing": {one.id for operator in operators for one in operator.signatories if signatories.holds(one, today)},
        "trainer": signatories.TRAINER,
        "form": form,
        "term": term,
        "leaving": leaving,
    }
    return render(request, "certificates/designs/signatories.html", context, status=status)


def _office_choices() -> list[tuple[str, str]]:
    return [
        *signatories.office_choices(),
        (signatories.TRAINER, gettext(N_("Quien facilita cada capacitación (el nombre se pone solo)"))),
        (OWN_WORDS, gettext(N_("Otro cargo"))),
    ]


@allow(*ISSUERS)
async def add_signatory(request: Request) -> Response:
    typed = await read_form(request)
    try:
        form = check(SignatoryForm, typed)
        if form.missing:
            typed.errors[form.missing] = gettext(MISSING)
            raise FormErrors(typed)
        await _check_operator(request, form.operator)
        await signatories.add_signatory(form.operator, form.plan(), actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        refused, status = as_refused(typed, error)
        return await _signatories(request, refused, status=status)
    return _done(SIGNATURES, N_("Listo. La firma saldrá en los próximos diplomas."))


@allow(*ISSUERS)
async def set_term(request: Request) -> Response:
    operator_id, signatory_id = request.path_params["operator"], request.path_params["id"]
    await _check_operator(request, operator_id)
    typed = await read_form(request)
    try:
        form, is_sure = check(TermForm, typed), check(SureForm, typed).seguro
        await signatories.set_term(
            operator_id, signatory_id, form.valid_from, form.valid_until, actor=request.state.actor, is_sure=is_sure
        )
    except signatories.PapersOutstanding as warning:
        asked = {name: typed.value(name) for name in TermForm.model_fields}
        return await _warned(request, Leaving(signatory_id, sentence_of(warning), "fechas", asked))
    except (FormErrors, Refusal) as error:
        refused, status = as_refused(typed, error)
        return await _signatories(request, term=(signatory_id, _one_of_many(refused, signatory_id)), status=status)
    return _done(SIGNATURES, N_("Listo. Las fechas valen para los próximos diplomas."))


async def _warned(request: Request, leaving: Leaving) -> Response:
    return await _signatories(request, leaving=leaving, status=signatories.PapersOutstanding.status)


def _one_of_many(typed: Typed, signatory_id: UUID) -> Typed:
    errors = {f"{name}-{signatory_id}" if name else name: sentence for name, sentence in typed.errors.items()}
    return Typed(typed.fields, errors)


@allow(*ISSUERS)
async def remove_signatory(request: Request) -> Response:
    operator_id, signatory_id = request.path_params["operator"], request.path_params["id"]
    await _check_operator(request, operator_id)
    is_sure = check(SureForm, await read_form(request)).seguro
    try:
        await signatories.remove_signatory(operator_id, signatory_id, actor=request.state.actor, is_sure=is_sure)
    except signatories.PapersOutstanding as warning:
        return await _warned(request, Leaving(signatory_id, sentence_of(warning), "quitar", {}))
    return _done(SIGNATURES, N_("Listo. La firma ya no saldrá. Los diplomas emitidos no cambian."))


@allow(*ISSUERS)
async def move_signatory_up(request: Request) -> Response:
    operator_id = request.path_params["operator"]
    await _check_operator(request, operator_id)
    await signatories.move_signatory_up(operator_id, request.path_params["id"], actor=request.state.actor)
    return _done(SIGNATURES, N_("Listo. Cambió el orden de las firmas."))


# -- letterhead


@allow(*ISSUERS)
async def show_letterhead(request: Request) -> Response:
    return await _letterhead(request)


async def _letterhead(
    request: Request, form: Typed | None = None, *, at: tuple[UUID, str] | None = None, status: int = 200
) -> Response:
    """`at`: the operator of the refused form, and which form (`lines`, or a picture's role)."""
    operators = await operators_signing(request.state.actor)
    images = {one.id: await brand.images_of(one.id) for one in operators}
    shields = {key: [one for one in found if one.role is ImageRole.SHIELD] for key, found in images.items()}
    partners = {key: [one for one in found if one.role is ImageRole.PARTNER] for key, found in images.items()}
    context = {
        "operators": operators,
        "shields": shields,
        "partners": partners,
        "most_partners": brand.MOST_PARTNERS,
        "longest": LONGEST_LETTERHEAD,
        "form": form,
        "shown": _tied(form, at),
        "at": at,
    }
    return render(request, "certificates/designs/letterhead.html", context, status=status)


def _tied(form: Typed | None, at: tuple[UUID, str] | None) -> Typed | None:
    if form is None or at is None:
        return form
    operator_id, which = at
    middle = "" if which == "lines" else f"{which}-"
    return Typed(
        form.fields,
        {f"{name}-{middle}{operator_id}" if name and which else "": text for name, text in form.errors.items()},
    )


@allow(*ISSUERS)
async def set_lines(request: Request) -> Response:
    operator_id = request.path_params["operator"]
    await _check_operator(request, operator_id)
    typed = await read_form(request)
    try:
        form = check(LetterheadForm, typed)
        await brand.set_lines(operator_id, form.letterhead, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        refused, status = as_refused(typed, error)
        return await _letterhead(request, refused, at=(operator_id, "lines"), status=status)
    return _done(LETTERHEAD, N_("Listo. Así saldrá en los próximos diplomas."))


@allow(*ISSUERS)
async def add_image(request: Request) -> Response:
    operator_id = request.path_params["operator"]
    await _check_operator(request, operator_id)
    typed = Typed()
    try:
        typed, content = await read_upload(request, "file", PictureTooLarge)
        form = check(PictureForm, typed)
        picture = await cleaned(content)
        await brand.add_image(operator_id, form.role, form.name, picture, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        refused, status = as_refused(typed, error)
        return await _letterhead(request, refused, at=(operator_id, typed.value("role")), status=status)
    return _done(LETTERHEAD, ADDED[form.role])


@allow(*ISSUERS)
async def remove_image(request: Request) -> Response:
    operator_id = request.path_params["operator"]
    await _check_operator(request, operator_id)
    image = await brand.image_at([operator_id], request.path_params["id"])
    await brand.remove_image(operator_id, image.id, actor=request.state.actor)
    return _done(LETTERHEAD, N_("Listo. Ya no saldrá. Los diplomas emitidos no cambian."))


@allow(*ISSUERS)
async def show_image(request: Request) -> Response:
    operators = [one.id for one in await operators_signing(request.state.actor)]
    found = await brand.image_at(operators, request.path_params["id"])
    return Response(bytes(found.content), media_type=found.media_type, headers={"cache-control": "no-store"})


# -- design and language


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    back: str
    back_words: str
    training: Training
    is_for_all: bool

    @property
    def paper(self) -> Paper:
        return paper_of(self.training)


async def _for_all(request: Request) -> _Place:
    operator_id = request.path_params["operator"]
    await _check_operator(request, operator_id)
    hub = await _hub_of(request, operator_id)
    path = f"/panel/diseno/{operator_id}"
    return _Place(path, "/panel/ajustes", gettext(N_("Ajustes")), await example_for(hub), is_for_all=True)


async def _for_one(request: Request) -> _Place:
    """Refuses (MayNotIssue) desk staff."""
    training = await training_at_desk(request.state.actor, request.path_params["id"])
    if not can_issue_certificates(request.state.actor, training.hub_id):
        raise MayNotIssue
    back = f"/panel/capacitaciones/{training.id}/diplomas"
    return _Place(f"{back}/diseno", back, training.title, training, is_for_all=False)


@allow(*ISSUERS)
async def show_for_all(request: Request) -> Response:
    """The kept choice, or a trial: `?diseno=&idioma=&tipo=&nombre=`."""
    return await _design_page(request, await _for_all(request))


@allow(*ISSUERS)
async def show_for_one(request: Request) -> Response:
    return await _design_page(request, await _for_one(request))


async def _design_page(request: Request, place: _Place, form: Typed | None = None, status: int = 200) -> Response:
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
    return render(request, "certificates/designs/design.html", context, status=status)


def _languages() -> list[str]:
    found = {code for design in designs.all_designs().values() for code in design.all_languages()}
    return sorted(found, key=lambda code: ("+" in code, code != "es", code))


def language_name(code: str) -> str:
    names = [design_texts.wording(part).name for part in code.split("+")]
    return gettext(N_("%(one)s y %(other)s")) % {"one": names[0], "other": names[1]} if len(names) > 1 else names[0]


def _wish(request: Request, paper: Paper) -> Wish:
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
        return await _design_page(request, place, typed, 422)
    await brand.choose_for_operator(request.path_params["operator"], paper, actor=request.state.actor)
    return _done(place.path, N_("Listo. Así saldrán los próximos diplomas. Los ya emitidos no cambian."))


@allow(*ISSUERS)
async def choose_for_one(request: Request) -> Response:
    place = await _for_one(request)
    typed, paper = await _chosen(request)
    if paper is None:
        return await _design_page(request, place, typed, 422)
    await brand.choose_for_training(place.training.id, paper, actor=request.state.actor)
    return _done(place.path, N_("Listo. Así saldrán los próximos diplomas de aquí. Los ya emitidos no cambian."))


async def _chosen(request: Request) -> tuple[Typed, Paper | None]:
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


@allow(*ISSUERS)
async def sample_for_all(request: Request) -> Response:
    return await _picture(request, await _for_all(request))


@allow(*ISSUERS)
async def sample_for_one(request: Request) -> Response:
    return await _picture(request, await _for_one(request))


async def _hub_of(request: Request, operator_id: UUID) -> Hub:
    own = reads(Hub).filter(operator_id=operator_id, id__in=sorted(request.state.actor.hubs_with(ISSUERS)))
    hub = await own.order_by("name").prefetch_related(*WITH).first()
    assert hub is not None, "who issues for an operator does so at one of its hubs"
    return hub


async def _picture(request: Request, place: _Place) -> Response:
    """Never cached: a changed letterhead shows at once."""
    picture = await (await sample_of(place.training, _wish(request, place.paper))).png()
    return Response(picture, media_type="image/png", headers={"cache-control": "no-store"})


ONE_SIGNATURE = SIGNATURES + "/{operator:uuid}/{id:uuid}"
ONE_LETTERHEAD = LETTERHEAD + "/{operator:uuid}"

routes: list[BaseRoute] = [
    Route(SIGNATURES, show_signatories),
    Route(SIGNATURES, add_signatory, methods=["POST"]),
    Route(ONE_SIGNATURE + "/fechas", set_term, methods=["POST"]),
    Route(ONE_SIGNATURE + "/quitar", remove_signatory, methods=["POST"]),
    Route(ONE_SIGNATURE + "/subir", move_signatory_up, methods=["POST"]),
    Route(LETTERHEAD, show_letterhead),
    Route(ONE_LETTERHEAD + "/lineas", set_lines, methods=["POST"]),
    Route(ONE_LETTERHEAD + "/imagen", add_image, methods=["POST"]),
    Route(ONE_LETTERHEAD + "/imagen/{id:uuid}/quitar", remove_image, methods=["POST"]),
    Route(LETTERHEAD + "/imagen/{id:uuid}", show_image),
    Route(FOR_ALL, show_for_all),
    Route(FOR_ALL, choose_for_all, methods=["POST"]),
    Route(FOR_ALL + "/muestra.png", sample_for_all),
    Route(ONE_LETTERHEAD + "/muestra.png", sample_for_all),
    Route(FOR_ONE, show_for_one),
    Route(FOR_ONE, choose_for_one, methods=["POST"]),
    Route(FOR_ONE + "/muestra.png", sample_for_one),
]
