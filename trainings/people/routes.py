"""`/panel/comunidades`: staff decide on suggested names; `/comunidades/{code}.json`: the suggestions;
`/audio/permiso/{language}`: the consent text read aloud.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import NotModifiedResponse

from trainings.accounts.permissions import DESK
from trainings.audit.actor import Actor
from trainings.errors import NotFound, Refusal
from trainings.people import audio, communities
from trainings.people.forms import MunicipalityCode, printable
from trainings.places.models import Municipality
from trainings.web.allow import PUBLIC, allow
from trainings.web.forms import Form, FormErrors, Typed, check, read_form, wrong
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render
from trainings.web.static import ASKED_AGAIN, FOREVER

INDEX = "/panel/comunidades"
CODE = re.compile(r"[0-9]{4}")
AN_HOUR = "public, max-age=3600"
MOST_SHOWN = 100


NAMELESS = N_("Escriba el nombre de la comunidad.")


def _named(text: str) -> str:
    if not text:
        raise wrong(NAMELESS)
    return text


Name = Annotated[str, printable(120), AfterValidator(_named)]


class NameForm(Form):
    MISSING: ClassVar[Mapping[str, str]] = {"name": NAMELESS, "right": NAMELESS}

    municipality: MunicipalityCode
    name: Name


class CorrectForm(NameForm):
    right: Name


class UnknownMunicipality(NotFound):
    code = "unknown_municipality"
    sentence = N_("Su ventanilla no atiende ese municipio. Escoja uno de la lista.")


@allow(PUBLIC)
async def suggested(request: Request) -> Response:
    code = request.path_params["code"]
    names = await communities.suggestions(code) if CODE.fullmatch(code) else []
    return JSONResponse({"communities": names}, headers={"cache-control": AN_HOUR})


@allow(PUBLIC)
async def recording(request: Request) -> Response:
    """In ranges, as players ask. Cached for good at its address by content, else revalidated."""
    found = audio.recording_in(request.path_params["language"])
    caching = FOREVER if str(request.url.query) == found.address.partition("?")[2] else ASKED_AGAIN
    response = FileResponse(
        found.path, media_type=found.media_type, headers={"cache-control": caching}, stat_result=found.path.stat()
    )
    if response.headers["etag"] in request.headers.get("if-none-match", ""):
        return NotModifiedResponse(Headers(raw=response.raw_headers))
    return response


# -- staff


@allow(*DESK)
async def index(request: Request) -> Response:
    towns = await communities.municipalities_in_scope(request.state.actor)
    wanted = request.query_params.get("municipio", "")
    return await _page(request, towns, next((town for town in towns if town.ine_code == wanted), None))


async def _page(
    request: Request,
    towns: list[Municipality],
    town: Municipality | None,
    *,
    typed: Typed | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    written = await communities.written_by_people([one.ine_code for one in towns])
    if town is None and towns:
        town = max(towns, key=lambda one: len(written[one.ine_code]))
    found = await communities.communities_of(town.ine_code) if town else None
    context = {
        "towns": [(one, len(written[one.ine_code])) for one in towns],
        "town": town,
        "found": found,
        "new": found.new[:MOST_SHOWN] if found else [],
        "form": typed or Typed(),
        "problem": problem,
    }
    return render(request, "people/communities.html", context, status=status)


Act = Callable[[NameForm, Actor], Awaitable[str]]


async def _obey(request: Request, form: type[NameForm], act: Act) -> Response:
    typed = await read_form(request)
    towns = await communities.municipalities_in_scope(request.state.actor)
    town = next((one for one in towns if one.ine_code == typed.value("municipality")), None)
    if town is None:
        raise UnknownMunicipality
    try:
        sentence = await act(check(form, typed), request.state.actor)
    except FormErrors as exc:
        return await _page(request, towns, town, typed=exc.typed, problem=_first(exc.typed), status=422)
    except Refusal as refusal:
        return await _page(request, towns, town, typed=typed, problem=sentence_of(refusal), status=refusal.status)
    return redirect(f"{INDEX}?municipio={town.ine_code}", sentence)


def _first(typed: Typed) -> str:
    return next(iter(typed.errors.values()))


@allow(*DESK)
async def confirm(request: Request) -> Response:
    async def act(form: NameForm, actor: Actor) -> str:
        await communities.confirm(form.municipality, form.name, actor=actor)
        return gettext(N_("Listo: «%(name)s» ya se sugiere.")) % {"name": form.name}

    return await _obey(request, NameForm, act)


@allow(*DESK)
async def correct(request: Request) -> Response:
    async def act(form: NameForm, actor: Actor) -> str:
        assert isinstance(form, CorrectForm)
        await communities.correct(form.municipality, form.name, form.right, actor=actor)
        return gettext(N_("Listo: «%(name)s» ya se sugiere.")) % {"name": form.right}

    return await _obey(request, CorrectForm, act)


@allow(*DESK)
async def hide(request: Request) -> Response:
    async def act(form: NameForm, actor: Actor) -> str:
        await communities.hide(form.municipality, form.name, actor=actor)
        return gettext(N_("Listo: «%(name)s» no se sugiere.")) % {"name": form.name}

    return await _obey(request, NameForm, act)


@allow(*DESK)
async def take_back(request: Request) -> Response:
    async def act(form: NameForm, actor: Actor) -> str:
        await communities.take_back(form.municipality, form.name, actor=actor)
        return gettext(N_("Listo: se deshizo lo de «%(name)s».")) % {"name": form.name}

    return await _obey(request, NameForm, act)


@allow(*DESK)
async def use_spelling(request: Request) -> Response:
    async def act(form: NameForm, actor: Actor) -> str:
        n = await communities.use_spelling(form.municipality, form.name, actor=actor)
        sentence = ngettext(
            "Listo: %(num)s persona tiene ahora «%(name)s».", "Listo: %(num)s personas tienen ahora «%(name)s».", n
        )
        return sentence % {"num": n, "name": form.name}

    return await _obey(request, NameForm, act)


routes: list[BaseRoute] = [
    Route("/comunidades/{code}.json", suggested),
    Route(audio.ADDRESS + "{language}", recording),
    Route(INDEX, index),
    Route(INDEX + "/confirmar", confirm, methods=["POST"]),
    Route(INDEX + "/corregir", correct, methods=["POST"]),
    Route(INDEX + "/ocultar", hide, methods=["POST"]),
    Route(INDEX + "/deshacer", take_back, methods=["POST"]),
    Route(INDEX + "/escritura", use_spelling, methods=["POST"]),
]
