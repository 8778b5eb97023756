"""`/panel/personas/repetidas`: possible duplicates; compare two, merge, undo. `/panel/inscripciones/{id}/unir`: join a
person's records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK, MERGERS
from trainings.accounts.queries import names_of
from trainings.audit.actions import record
from trainings.db import reads
from trainings.errors import Refusal
from trainings.lib.text import fold
from trainings.people.forms import printable
from trainings.people.merged import same_person_ids
from trainings.people.models import MergeReason
from trainings.people.words import MERGE_REASONS
from trainings.privacy import merge_queries as queries
from trainings.privacy import merging
from trainings.privacy.merge_queries import Comparison, UnknownPerson, compare
from trainings.privacy.merge_views import facts, said_row, trainings_of
from trainings.privacy.merging import ListChanged, NobodyTicked
from trainings.privacy.records import found_by_code, records_like
from trainings.registrations.desk.person import ONE, StaffView, view_at_desk
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.forms import Form, FormErrors, Typed, check, key_in, read_form, wrong
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

FEWEST_LETTERS = 3


def _telling(name: str) -> str:
    if len(fold(name).replace(" ", "")) < FEWEST_LETTERS:
        raise wrong(N_("Escriba por lo menos 3 letras del nombre."))
    return name


def _two(people: list[UUID]) -> list[UUID]:
    if len(set(people)) != 2:
        raise wrong(N_("Marque a dos personas para compararlas."))
    return people


class SearchForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"nombre": N_("Escriba por lo menos 3 letras del nombre.")}

    nombre: Annotated[str, printable(120), AfterValidator(_telling)]


class PairForm(Form):
    persona: Annotated[list[UUID], AfterValidator(_two)]


class JoinForm(Form):
    """People of one row; without them all rows of the address's training."""

    persona: list[UUID] = []


class CodeForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"codigo": N_("Escriba el código de un boleto o diploma, o un folio.")}

    codigo: Annotated[str, printable(60)]


class MergeForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {
        "kept": N_("Escoja con qué datos se queda."),
        "reason": N_("Escoja cómo se sabe."),
    }

    kept: UUID
    reason: MergeReason


JOIN = ONE + "/unir"
INDEX = "/panel/personas/repetidas"
PAIR = INDEX + "/{one:uuid}/{other:uuid}"
SAID = INDEX + "/decisiones/{id:uuid}"


@allow(*MERGERS)
async def index(request: Request) -> Response:
    """Two ticked people lead to their comparison."""
    asked = Typed({name: request.query_params.getlist(name) for name in request.query_params})
    try:
        if "persona" in asked.fields:
            one, other = check(PairForm, asked).persona
            return redirect(f"{INDEX}/{one}/{other}")
        name = check(SearchForm, asked).nombre if "nombre" in asked.fields else ""
    except FormErrors as exc:
        return await _index(request, exc.typed, 422)
    return await _index(request, asked if name else None)


async def _training(request: Request) -> Training | None:
    training_id = key_in(request.query_params.get("capacitacion", ""))
    hubs = list(request.state.actor.hubs_with(MERGERS))
    return await reads(Training).get_or_none(id=training_id, hub_id__in=hubs)


async def _index(request: Request, search: Typed | None, status: int = 200, refused: Refusal | None = None) -> Response:
    actor, training = request.state.actor, await _training(request)
    alike = await (queries.alike(actor) if training is None else queries.alike_in(training))
    merges, different = await queries.merges(actor), await queries.held_different(actor)
    names = await names_of(one.row.merged_by_id for one in [*merges, *different])
    name = search.value("nombre") if search and not search.error("nombre") else ""
    context = {
        "strong": [(row.people, row.is_sure) for row in alike.strong],
        "training": training,
        "refused": sentence_of(refused) if refused is not None else "",
        "weak": [row.people for row in alike.weak],
        "crowds": [(crowd.someone, crowd.n_people) for crowd in alike.crowds],
        "n_strong": alike.n_strong,
        "n_weak": alike.n_weak,
        "merges": [said_row(said, names) for said in merges],
        "different": [said_row(said, names) for said in different],
        "search": search,
        "found": await queries.found(actor, name) if name else None,
    }
    return render(request, "privacy/alike.html", context, status=status)


async def _compared(request: Request) -> Comparison:
    return await compare(request.path_params["one"], request.path_params["other"], request.state.actor)


@allow(*MERGERS)
async def show(request: Request) -> Response:
    return await _show(request, await _compared(request))


async def _show(request: Request, two: Comparison, form: Typed | None = None, status: int = 200) -> Response:
    """Shows full names, so opening it is logged."""
    await record(
        "privacy.compare",
        actor=request.state.actor,
        object_id=two.one.person.id,
        hub_id=two.hub_id,
        other=str(two.other.person.id),
    )
    context = {
        "two": two,
        "base": f"{INDEX}/{two.one.person.id}/{two.other.person.id}",
        "facts": facts(two),
        "trainings": [trainings_of(side.registrations) for side in two.sides],
        "reasons": [(reason.value, gettext(words)) for reason, words in MERGE_REASONS.items()],
        "form": form,
    }
    return render(request, "privacy/compare.html", context, status=status)


@allow(*MERGERS)
async def merge(request: Request) -> Response:
    two = await _compared(request)
    try:
        form = check(MergeForm, await read_form(request))
    except FormErrors as exc:
        return await _show(request, two, exc.typed, 422)
    ids = {side.person.id for side in two.sides}
    if form.kept not in ids:
        raise UnknownPerson
    (merged_id,) = ids - {form.kept}
    await merging.merge(form.kept, merged_id, form.reason, actor=request.state.actor)
    return _back(N_("Listo. Desde ahora cuentan como una sola persona. Abajo se puede deshacer."))


@allow(*MERGERS)
async def merge_sure(request: Request) -> Response:
    form, training = check(JoinForm, await read_form(request)), await _training(request)
    try:
        n = await merging.merge_sure(training, form.persona, actor=request.state.actor)
    except ListChanged as refusal:
        return await _index(request, None, refusal.status, refusal)
    words = ngettext(
        "Listo: %(num)s repetida se unió a la primera. Abajo se puede deshacer.",
        "Listo: %(num)s repetidas se unieron a la primera. Abajo se puede deshacer.",
        n,
    )
    return _back_with(words % {"num": n}, f"{INDEX}?capacitacion={training.id}" if training is not None else INDEX)


@allow(*MERGERS)
async def hold_different(request: Request) -> Response:
    two = await _compared(request)
    await merging.hold_different(two.one.person.id, two.other.person.id, actor=request.state.actor)
    return _back(N_("Listo. Son dos personas y ya no se muestran juntas."))


@allow(*MERGERS)
async def undo(request: Request) -> Response:
    n = await merging.undo(request.path_params["id"], actor=request.state.actor)
    waiting = ngettext(
        "Ya no había lugar para %(num)s inscripción: quedó de primera en la lista de espera.",
        "Ya no había lugar para %(num)s inscripciones: quedaron de primeras en la lista de espera.",
        n,
    )
    said = gettext("Listo. Otra vez cuentan como dos personas.")
    return _back_with(f"{said} {waiting % {'num': n}}" if n else said)


@allow(*MERGERS)
async def show_again(request: Request) -> Response:
    await merging.show_again(request.path_params["id"], actor=request.state.actor)
    return _back(N_("Listo. Si se parecen, están otra vez en la lista."))


# -- from a person's page


@allow(*DESK)
async def show_join(request: Request) -> Response:
    """Records of the same name; `codigo` leads to the comparison with another name's."""
    view = await view_at_desk(request)
    asked = Typed({name: request.query_params.getlist(name) for name in request.query_params})
    if "codigo" not in asked.fields:
        return await _join_page(request, view)
    try:
        other = await found_by_code(check(CodeForm, asked).codigo, view.own.registration.training.hub_id)
        return await _lead_to_comparison(request, view, asked, other)
    except FormErrors as exc:
        return await _join_page(request, view, exc.typed, 422)


async def _lead_to_comparison(request: Request, view: StaffView, asked: Typed, other: Registration | None) -> Response:
    person_id = view.own.registration.participant_id
    if other is None:
        asked.errors["codigo"] = gettext(N_("No hay ningún boleto ni diploma con ese código en su ventanilla."))
    elif other.participant_id in await same_person_ids(person_id):
        asked.errors["codigo"] = gettext(N_("Ese código ya es de esta misma persona."))
    elif view.may_compare:
        return redirect(f"{INDEX}/{person_id}/{other.participant_id}")
    else:
        asked.errors["codigo"] = gettext(N_("Si abajo no se puede marcar, algo no coincide: lo decide quien coordina."))
    return await _join_page(request, view, asked, 422)


async def _join_page(
    request: Request, view: StaffView, form: Typed | None = None, status: int = 200, refused: Refusal | None = None
) -> Response:
    """Shows full names, so opening it is logged."""
    registration = view.own.registration
    records, hub_id = await records_like(registration), registration.training.hub_id
    await record("privacy.open_join", actor=request.state.actor, object_id=registration.id, hub_id=hub_id)
    context = {
        "registration": registration,
        "own": [(one, trainings_of(one.registrations)) for one in records.own],
        "namesakes": [(one, trainings_of(one.registrations)) for one in records.namesakes],
        "may_compare": view.may_compare,
        "form": form,
        "refused": sentence_of(refused) if refused is not None else "",
    }
    return render(request, "privacy/join.html", context, status=status)


@allow(*DESK)
async def join(request: Request) -> Response:
    view = await view_at_desk(request)
    registration, people = view.own.registration, check(JoinForm, await read_form(request)).persona
    try:
        n = await merging.merge_agreeing(registration, people, actor=request.state.actor)
    except (ListChanged, NobodyTicked) as refusal:
        return await _join_page(request, view, None, refusal.status, refusal)
    words = ngettext(
        "Listo: %(num)s registro se unió a esta persona.", "Listo: %(num)s registros se unieron a esta persona.", n
    )
    return redirect(f"/panel/inscripciones/{registration.id}", words % {"num": n})


def _back(sentence: str) -> Response:
    return _back_with(gettext(sentence))


def _back_with(sentence: str, path: str = INDEX) -> Response:
    return redirect(path, sentence)


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/unir", merge_sure, methods=["POST"]),
    Route(PAIR, show),
    Route(PAIR + "/unir", merge, methods=["POST"]),
    Route(PAIR + "/distintas", hold_different, methods=["POST"]),
    Route(SAID + "/deshacer", undo, methods=["POST"]),
    Route(SAID + "/mostrar", show_again, methods=["POST"]),
    Route(JOIN, show_join),
    Route(JOIN, join, methods=["POST"]),
]
