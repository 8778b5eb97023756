"""A folder of files that opens from a USB stick. Public facts only; links are relative."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainings import clock
from trainings.db import reads
from trainings.feeds.agenda import Line, coming_in
from trainings.feeds.calendar import calendar_text
from trainings.feeds.queries import event_texts
from trainings.feeds.scopes import Scope, ScopeKind, resolve
from trainings.lib.folders import STATIC
from trainings.places.models import Hub
from trainings.schedule import towns
from trainings.schedule.public import queries as public_queries
from trainings.schedule.public.facts import facts_of
from trainings.schedule.public.paper import qr_drawing
from trainings.schedule.public.posted import HubCard, Posted
from trainings.settings import get_settings
from trainings.web.i18n import SOURCE_LANGUAGE, speaking
from trainings.web.render import absolute, render_text

STYLE = STATIC / "css" / "export.css"
MARK = "exportado-por-trainings.txt"
"""Only empty folders, or folders with this mark, are overwritten."""


class NotOurFolder(ValueError):
    """Nothing was written."""


@dataclass(frozen=True, slots=True)
class Place:
    town: towns.Town
    hubs: Sequence[HubCard]
    lines: Sequence[Line]


@dataclass(slots=True)
class Site:
    files: dict[str, str] = field(default_factory=dict)

    def page(self, path: str, template: str, **context: object) -> None:
        depth = "../" * path.count("/")
        self.files[path] = render_text(template, {"root": depth, "made_at": clock.now(), **context})


async def export_site(folder: Path) -> int:
    """Returns the number of files. Refuses NotOurFolder."""
    _check(folder)
    with speaking(SOURCE_LANGUAGE):
        site = await _site()
    await asyncio.to_thread(_write, folder, site)
    return len(site.files)


async def _site() -> Site:
    site = Site()
    hubs = await public_queries.all_hubs()
    seats = {hub.seat.code for hub in hubs}
    busy = {one.town_code for one in await public_queries.coming_sessions(clock.now())}
    places = [await _place(code) for code in sorted(seats | busy, key=lambda code: towns.by_code()[code].sort_key)]
    for place in places:
        site.page(f"municipios/{place.town.slug}.html", "feeds/site/town.html", place=place)
    for posted in await _trainings(places):
        drawing = qr_drawing(absolute(posted.path))
        site.page(
            f"capacitaciones/{posted.slug}.html",
            "feeds/site/training.html",
            one=posted,
            facts=facts_of(posted),
            qr=drawing["svg"],
        )
    async for scope in _scopes(places):
        texts = await event_texts(scope.key, clock.today())
        # A municipality and its hub may have the same name.
        name = scope.address.removeprefix("/cal/").replace("/", "-")
        site.files[f"calendarios/{name}"] = calendar_text(scope, texts, base_url=get_settings().base_url)
    site.page("index.html", "feeds/site/index.html", places=places, n_lines=sum(len(place.lines) for place in places))
    site.files["estilo.css"] = STYLE.read_text(encoding="utf-8")
    site.files[MARK] = f"{clock.now().isoformat()}\n"
    return site


async def _place(code: str) -> Place:
    lines = await coming_in(f"municipio:{code}", most=None)
    return Place(towns.by_code()[code], await public_queries.hubs_serving(code), lines)


async def _trainings(places: Sequence[Place]) -> list[Posted]:
    prefix = "/capacitaciones/"
    slugs = {line.path.removeprefix(prefix) for place in places for line in place.lines if line.path.startswith(prefix)}
    return [await public_queries.public_training(slug) for slug in sorted(slugs)]


async def _scopes(places: Sequence[Place]) -> AsyncIterator[Scope]:
    yield await resolve(ScopeKind.COUNTRY, "")
    for place in places:
        yield await resolve(ScopeKind.MUNICIPALITY, place.town.slug)
    for (slug,) in await reads(Hub).filter(is_active=True).order_by("slug").values_list("slug"):
        yield await resolve(ScopeKind.HUB, slug)


# -- the folder


def _check(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARK).is_file())):
        raise NotOurFolder(f"{folder} holds other things: choose an empty folder, or one that was exported before")


def _write(folder: Path, site: Site) -> None:
    """Deletes files of an earlier export that are gone: no old date stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*/*.html"), *folder.glob("*/*.ics")):
        if str(old.relative_to(folder)) not in site.files:
            old.unlink()
    for path, text in site.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
