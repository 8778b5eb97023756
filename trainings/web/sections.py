"""By the first part of the path: finding a route does not try all others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send


class Section(BaseRoute):
    def __init__(self, name: str, routes: Sequence[Route]) -> None:
        self.name, self.routes = name, routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["path"][1:].partition("/")[0] != self.name:
            return Match.NONE, {}
        partial: tuple[Match, Scope] = (Match.NONE, {})
        for route in self.routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                return match, {**child, "section_route": route}
            if match is Match.PARTIAL and partial[0] is Match.NONE:
                partial = match, {**child, "section_route": route}
        return partial

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["section_route"].handle(scope, receive, send)


def in_sections(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    sections: dict[str, list[Route]] = {}
    for route in routes:
        assert isinstance(route, Route), "pages are plain routes"
        name = route.path[1:].partition("/")[0]
        assert "{" not in name, f"{route.path}: the first part of an address is a fixed word"
        sections.setdefault(name, []).append(route)
    return [Section(name, found) for name, found in sections.items()]
