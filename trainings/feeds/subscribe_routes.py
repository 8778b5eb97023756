"""`/suscribirse/…` and `/incrustar/…`"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import escape
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.feeds.agenda import coming_in
from trainings.feeds.links import feed_links
from trainings.feeds.queries import narrower
from trainings.feeds.scopes import Filter, FilterKind, Scope, ScopeKind, read_address, resolve
from trainings.people.models import ActorType
from trainings.schedule import towns
from trainings.schedule.public import queries as public_queries
from trainings.schedule.public import sentences
from trainings.schedule.public.sentences import capital
from trainings.web.allow import PUBLIC, allow
from trainings.web.headers import policy
from trainings.web.i18n import gettext
from trainings.web.render import absolute, render

SUBSCRIBE, EMBED = "/suscribirse", "/incrustar"
EMBED_HEADERS = {
    "content-security-policy": policy(frame_ancestors="*"),
    "x-robots-tag": "noindex",
    "cache-control": "public, max-age=600",
    "vary": "Accept-Language, Cookie",
}
"""Any site may frame these pages: they hold no form and know nobody. Caches keep each language apart."""


IFRAME = '<iframe src="{address}" title="{name}" width="100%" height="480" loading="lazy"></iframe>'


@dataclass(frozen=True, slots=True)
class Way:
    label: str
    pages: tuple[tuple[str, str], ...]


async def _scope(request: Request) -> tuple[Scope, str]:
    kind, slug, filtered_by = read_address(request.path_params)
    return await resolve(kind, slug, filtered_by), f"{kind.value}/{slug}" if slug else kind.value


def _title(scope: Scope) -> str:
    """In the page's language; calendars name it in Spanish."""
    if scope.filter is None:
        return _whole_title(scope)
    words = {"title": _whole_title(scope), "filter": words_of(scope.filter)}
    if scope.filter.kind is FilterKind.LANGUAGE:
        return gettext("%(title)s, en %(filter)s") % words
    return gettext("%(title)s, para %(filter)s") % words


def _whole_title(scope: Scope) -> str:
    if not scope.subject:
        return gettext("Capacitaciones de las ventanillas municipales sobre migración")
    if scope.key.startswith("municipio:"):
        return gettext("Capacitaciones en %(place)s") % {"place": scope.subject}
    return gettext("Capacitaciones: %(about)s") % {"about": scope.subject}


def words_of(one: Filter) -> str:
    if one.kind is FilterKind.LANGUAGE:
        return sentences.language_name(one.code)
    return gettext(sentences.AUDIENCES[ActorType(one.code)])


async def _ways(scope_key: str, tail: str) -> list[Way]:
    """Filters without entries are left out."""
    found = await narrower(scope_key)
    labels = {FilterKind.LANGUAGE: gettext("En un idioma"), FilterKind.AUDIENCE: gettext("Para quién")}
    return [
        Way(labels[kind], tuple((f"{SUBSCRIBE}/{tail}/{one.tail}", capital(words_of(one))) for one in filters))
        for kind, filters in found.items()
        if filters
    ]


@allow(PUBLIC)
async def choose(request: Request) -> Response:
    """`/suscribirse`"""
    context = {
        "hubs": await public_queries.all_hubs(),
        "topics": (await public_queries.topic_names()).items(),
        "towns": sorted(towns.by_code().values(), key=lambda town: town.sort_key),
        "ways": await _ways(ScopeKind.COUNTRY.value, ScopeKind.COUNTRY.value),
    }
    return render(request, "feeds/choose.html", context)


@allow(PUBLIC)
async def subscribe(request: Request) -> Response:
    scope, tail = await _scope(request)
    address = absolute(f"{EMBED}/{tail}")
    context = {
        "title": _title(scope),
        "feed": feed_links(scope.address, scope.name),
        # Escaped for the other site; our page escapes it once more.
        "embed": IFRAME.format(address=escape(address), name=escape(_title(scope))),
        "fragment": f"{EMBED}/{tail}/fragmento",
        "preview": f"{EMBED}/{tail}",
        "next": (await coming_in(scope.key, filtered_by=scope.filter))[:3],
        "whole": f"{SUBSCRIBE}/{tail}" if scope.filter else "",
        "ways": [] if scope.filter else await _ways(scope.key, tail),
    }
    return render(request, "feeds/subscribe.html", context)


@allow(PUBLIC)
async def embed(request: Request) -> Response:
    """Links open outside of the iframe."""
    return await _shown(request, "feeds/embed.html")


@allow(PUBLIC)
async def fragment(request: Request) -> Response:
    return await _shown(request, "feeds/fragment.html")


async def _shown(request: Request, template: str) -> Response:
    scope, tail = await _scope(request)
    context = {
        "title": _title(scope),
        "lines": await coming_in(scope.key),
        "now": clock.now(),
        "follow": absolute(f"{SUBSCRIBE}/{tail}"),
    }
    answer = render(request, template, context)
    answer.headers.update(EMBED_HEADERS)
    return answer


COUNTRY, ONE, NARROWER = f"/{ScopeKind.COUNTRY.value}", "/{kind}/{slug}", "/{by}/{code}"
routes: list[BaseRoute] = [
    Route(SUBSCRIBE, choose),
    Route(SUBSCRIBE + COUNTRY, subscribe, name="subscribe_country"),
    Route(SUBSCRIBE + COUNTRY + NARROWER, subscribe, name="subscribe_country_narrower"),
    Route(SUBSCRIBE + ONE, subscribe),
    Route(SUBSCRIBE + ONE + NARROWER, subscribe, name="subscribe_narrower"),
    Route(EMBED + COUNTRY, embed, name="embed_country"),
    Route(EMBED + COUNTRY + "/fragmento", fragment, name="fragment_country"),
    Route(EMBED + ONE, embed),
    Route(EMBED + ONE + "/fragmento", fragment),
]
