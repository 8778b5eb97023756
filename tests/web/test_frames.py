"""What stands around every page: header, footer, previews of shared links, languages; refusals and pages about us."""

from __future__ import annotations

import re

import pytest

from tests.web.pages import Page, draw, request_for
from trainings.web.render import TEMPLATE_DIR, environment

ERROR_PAGES = sorted(path.stem for path in (TEMPLATE_DIR / "errors").glob("[0-9]*.html"))


def test_public_frame_has_one_way_past_the_header_and_the_promise_in_the_footer() -> None:
    page = draw('{% extends "layouts/public.html" %}{% block content %}<h1>Hola</h1>{% endblock %}')

    assert page.one("a", **{"class": "skip button"})["href"] == "#contenido"
    assert page.one("main")["id"] == "contenido"
    assert "Nadie le va a pedir su situación migratoria." in page.text
    assert {"/privacidad", "/accesibilidad", "/quejas", "/entrar"} <= {link["href"] for link in page.all("a")}


def test_shared_link_has_a_title_a_text_and_a_picture_with_a_whole_address() -> None:
    source = (
        '{% extends "layouts/public.html" %}{% block title %}Riesgos "y" mitos{% endblock %}'
        "{% block description %}{{ place }} & <b>más</b>{% endblock %}"
    )

    page = draw(source, request_for("/capacitaciones/x"), place='"Salón" <1>')

    seen = {meta["property"]: meta["content"] or "" for meta in page.all("meta") if "property" in meta}
    assert seen["og:title"] == 'Riesgos "y" mitos'
    assert seen["og:description"] == '"Salón" <1> & más'
    assert page.one("meta", name="description")["content"] == '"Salón" <1> & más'
    assert seen["og:url"].endswith("/capacitaciones/x")
    assert re.match(r"https?://[^/]+/static/icons/og\.png\?v=", seen["og:image"])
    assert page.one("meta", name="twitter:card")["content"] == "summary_large_image"


@pytest.mark.parametrize(
    ("query", "href"),
    [("", "?idioma=en"), ("tema=trata&idioma=es", "?tema=trata&idioma=en"), ("q=a%26b", "?q=a%26b&idioma=en")],
)
def test_language_switch_keeps_the_filters(query: str, href: str) -> None:
    page = draw('{% extends "layouts/public.html" %}', request_for("/capacitaciones", query))

    assert page.one("a", hreflang="en")["href"] == href


def test_language_switch_stays_away_after_a_form_was_sent() -> None:
    page = draw('{% extends "layouts/public.html" %}', request_for("/capacitaciones/x/inscripcion", method="POST"))

    assert page.all("a", hreflang="en") == []


def test_flashes_are_announced_by_their_weight() -> None:
    page = draw('{% extends "layouts/public.html" %}', flashes=[("ok", "Guardado."), ("bad", "No <salió>.")])

    assert [attrs["role"] for tag, attrs in page.elements if "role" in attrs] == ["status", "alert"]
    assert "No &lt;salió&gt;." in page.source


@pytest.mark.parametrize("status", ERROR_PAGES)
def test_error_page_needs_nothing_and_says_what_to_do_next(status: str) -> None:
    page = Page(environment().get_template(f"errors/{status}.html").render())

    assert len(page.all("h1")) == 1
    assert page.one("div", **{"class": "actions"}) == {"class": "actions"}
    assert "/" in {link["href"] for link in page.all("a")}
    assert page.one("meta", name="robots")["content"] == "noindex"
    assert status not in page.text


@pytest.mark.parametrize("status", ["403", "409", "422", "429", "503"])
def test_error_page_of_a_refusal_repeats_its_sentence_escaped(status: str) -> None:
    page = Page(environment().get_template(f"errors/{status}.html").render(sentence="Ya <no> hay lugares."))

    assert "Ya <no> hay lugares." in page.text
    assert page.all("no") == []


@pytest.mark.parametrize("name", ["privacidad", "accesibilidad", "quejas"])
def test_page_about_us_is_complete(name: str) -> None:
    page = draw(f'{{% extends "pages/{name}.html" %}}', request_for(f"/{name}"))

    assert len(page.all("h1")) == 1
    assert len(page.all("h2")) >= 3
    labelled = [section["aria-labelledby"] for section in page.all("section")]
    assert set(labelled) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_every_template_compiles() -> None:
    env = environment()

    names = env.list_templates(extensions=["html", "txt", "svg"])

    assert [name for name in names if env.get_template(name).name != name] == []
