"""Pages of the application's environment, drawn without a server and read back as elements."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from jinja2 import ChoiceLoader, DictLoader
from starlette.requests import Request

from trainings.web.render import environment


class Page(HTMLParser):
    """The elements of a page in order, with their attributes, and its text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, **attrs: str) -> list[dict[str, str | None]]:
        return [
            found for name, found in self.elements if name == tag and all(found.get(k) == v for k, v in attrs.items())
        ]

    def one(self, tag: str, **attrs: str) -> dict[str, str | None]:
        (found,) = self.all(tag, **attrs)
        return found

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.elements if "id" in attrs]


def request_for(path: str = "/", query: str = "", method: str = "GET") -> Request:
    return Request(
        {
            "type": "http",
            "method": method,
            "scheme": "http",
            "server": ("localhost", 8000),
            "path": path,
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost:8000")],
        }
    )


def draw(source: str, request: Request | None = None, **values: Any) -> Page:
    """A page or fragment written in the test, rendered by the application's environment."""
    base = environment()
    loader = base.loader
    assert loader is not None
    env = base.overlay(loader=ChoiceLoader([DictLoader({"test.html": source}), loader]), cache_size=0)
    request = request or request_for()
    known = {"request": request, "path": request.url.path, "actor": None, "flashes": [], **values}
    return Page(env.get_template("test.html").render(known))
