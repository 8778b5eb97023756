"""The safe subset: what it draws, what it refuses by name, and that nothing gets through by any spelling."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainings.notes.markdown import LONGEST, UnusableText, html_of, known_address, plain, read_markdown
from trainings.settings import get_settings

TAGS = {"p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "br", "a"}
ATTRIBUTES = {"a": {"href", "rel"}, "ol": {"start"}}
ADDRESS = re.compile(r"(https?://[^/]+\.[^/]+|tel:|mailto:|/(?!/))", re.IGNORECASE)

HOSTILE_LINKS = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java&#115;cript:alert(1)",
    "java&#x73;cript:alert(1)",
    "javascript&colon;alert(1)",
    "java%73cript:alert(1)",
    "java\\script:alert(1)",
    "javascript://x.gt/%0aalert(1)",
    "vbscript:msgbox(1)",
    "data:text/html;base64,PHNjcmlwdD4=",
    "data:image/svg+xml,x",
    "file:///etc/passwd",
    "blob:x",
    "about:blank",
    "ftp://x.gt/",
    "//evil.gt/x",
    "/\\evil.gt",
    "\\\\evil.gt",
    "http:evil.gt",
    "https:///evil.gt",
    "https://banco.gt@evil.gt/",
    "https://banco.gt%40evil.gt/",
    "https://[::1",
    "https://localhost",
    "tel:javascript",
    "tel:+502%0a110",
    "mailto:a@b.gt?bcc=c@d.gt",
    "mailto:",
    "#x",
    "notas",
    "",
)


class Drawn(HTMLParser):
    """What a browser would make of it: anything outside the subset is noted."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS or {name for name, _ in attrs} - ATTRIBUTES.get(tag, set()):
            self.wrong.append(f"{tag} {attrs}")
        for name, value in attrs:
            if name == "href" and not ADDRESS.match(value or ""):
                self.wrong.append(f"{tag} {value}")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"declaration {decl}")


def test_headings_lists_bold_emphasis_and_links_are_drawn() -> None:
    text = (
        "# Antes de pagar\n\nPregunte en la **ventanilla**. Es *gratis*.\nAbre de lunes a viernes.\n\n"
        "## Lleve\n- su DPI\n- la oferta\n  1. en papel\n  2. o en foto\n\n"
        "[MINTRAB](https://www.mintrabajo.gob.gt/a?b=1&c=2) [llamar](tel:+50279001234) [más](/notas)"
    )

    assert str(html_of(read_markdown(text))) == (
        "<h3>Antes de pagar</h3>\n"
        "<p>Pregunte en la <strong>ventanilla</strong>. Es <em>gratis</em>.<br>\nAbre de lunes a viernes.</p>\n"
        "<h4>Lleve</h4>\n"
        "<ul>\n<li>su DPI</li>\n<li>la oferta\n<ol>\n<li>en papel</li>\n<li>o en foto</li>\n</ol>\n</li>\n</ul>\n"
        '<p><a href="https://www.mintrabajo.gob.gt/a?b=1&amp;c=2" rel="nofollow noopener noreferrer">MINTRAB</a> '
        '<a href="tel:+50279001234" rel="nofollow noopener noreferrer">llamar</a> <a href="/notas">más</a></p>\n'
    )


def test_headings_begin_at_the_third_level_and_leave_none_out() -> None:
    assert re.findall(r"<(h\d)>", html_of("### uno\n##### dos\n### tres")) == ["h3", "h4", "h3"]
    assert re.findall(r"<(h\d)>", html_of("\n".join(f"{'#' * n} x" for n in range(1, 7)))) == [
        *("h3", "h4", "h5", "h6", "h6", "h6")
    ]


def test_link_to_our_own_address_becomes_relative() -> None:
    base = get_settings().base_url

    drawn = html_of(read_markdown(f"[a]({base}/notas/x) [b]({base}) [c](https://x.gt?a={base}/notas)"))

    assert re.findall(r'href="([^"]*)"', drawn) == ["/notas/x", "/", f"https://x.gt?a={base}/notas"]


@pytest.mark.parametrize("address", HOSTILE_LINKS)
def test_link_that_is_no_page_telephone_or_mailbox_is_refused_by_name_and_never_drawn(address: str) -> None:
    text = f"[Toque aquí]({address})"

    with pytest.raises(UnusableText) as refused:
        read_markdown(text)

    assert refused.value.field == "body"
    assert "no se puede poner. Sirven los que empiezan con https://" in str(refused.value)
    assert "<a" not in html_of(text)
    assert not known_address(address.strip())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<script>alert(1)</script>", "código HTML («<script>alert(1)</script>»)"),
        ("hola <img src=x onerror=alert(1)>", "código HTML"),
        ("<!-- x -->", "código HTML"),
        ("</p>", "código HTML"),
        ("<?php", "código HTML"),
        ("<https://iom.int>", "código HTML"),
        ("![foto](https://x.gt/a.png)", "no lleva imágenes"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", "no lleva tablas"),
        ("a\x00b", "signos de control"),
        ("a\x1b[31mb", "signos de control"),
        ("a\x7fb", "signos de control"),
        ("a\x85b\x9fc", "signos de control"),
        ("a\ufffdb", "no se puede leer"),
        ("a" * (LONGEST + 1), f"tiene {LONGEST + 1} letras y caben {LONGEST}"),
        ("a" * 10_000_000, "tiene 10000000 letras"),
    ],
)
def test_what_a_note_does_not_show_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(UnusableText) as refused:
        read_markdown(text)

    assert reason in str(refused.value)


def test_what_is_hidden_is_removed() -> None:
    hidden = "Lla\u200bme al \u202e4321\u202c \u2066ya\u2069\ufeff\u00ad\u200e\u200d\u200c."

    assert read_markdown(hidden) == "Llame al 4321 ya."
    assert read_markdown("👩\u200d🏫 cafe\u0301") == "👩\u200d🏫 café"
    assert read_markdown("a\r\n\r\n\r\n\r\nb\u2028c  \n") == "a\n\nb\nc"


def test_longest_text_is_taken() -> None:
    assert read_markdown("a" * LONGEST) == "a" * LONGEST


NESTED = (
    "[![x](javascript:alert(1))](https://x.gt)",
    "[a [b](javascript:alert(1)) c](https://x.gt)",
    "**[x](javascript:alert(1))**",
    "- - - [x](data:text/html,<script>alert(1)</script>)",
    "# [x](javascript:alert(1)) <svg onload=alert(1)>",
    "[x](https://x.gt \"' onmouseover='alert(1)\")",
    '[x](https://x.gt/"onmouseover="alert(1))',
    "[x](https://x.gt/<b>)",
    "[<img src=x onerror=alert(1)>](https://x.gt)",
    "[a]: javascript:alert(1)\n\n[a] [x][a]",
    "<javascript:alert(1)>",
    "```html\n<script>alert(1)</script>\n```",
    "    <script>alert(1)</script>",
    "`<script>`",
    "&lt;script&gt; &#60;script&#62;",
    "\\<script>",
    "<scr<script>ipt>",
    "[](https://x.gt)",
    "> <script>",
    "x\n===\n---",
)


@pytest.mark.parametrize("text", [*NESTED, *(f"[x]({address})" for address in HOSTILE_LINKS)])
def test_drawing_holds_even_for_what_should_have_been_refused(text: str) -> None:
    assert Drawn(html_of(text)).wrong == []
    assert "<script" not in html_of(text)


PIECES = st.sampled_from(
    [
        *"*_#[]()<>!\\\"'`&;:/-\n \t|",
        "javascript:",
        "https://x.gt",
        "data:",
        "<script>",
        "](",
        "![",
        "\u202e",
        "1. ",
        "ñ",
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_whatever_is_written_nothing_outside_the_subset_is_drawn(text: str) -> None:
    assert Drawn(html_of(text)).wrong == []


@given(st.text(max_size=300))
def test_any_text_is_taken_or_refused_in_words_and_what_is_taken_stays_as_it_is(text: str) -> None:
    try:
        kept = read_markdown(text)
    except UnusableText:
        return

    assert read_markdown(kept) == kept
    assert Drawn(html_of(kept)).wrong == []


@pytest.mark.parametrize(
    "piece", ["*", "[", "- ", "**a ", "_a*", "[a](", "#", "\\", "1. ", "![[", "[a](b", "(", "[](<", "x\n", "-\n"]
)
def test_deeply_nested_text_is_drawn_in_no_time(piece: str) -> None:
    text = (piece * LONGEST)[:LONGEST]
    began = process_time()

    html_of(text)

    assert process_time() - began < 2.0


@pytest.mark.parametrize("start", ["", "--", "--|", "|"])
def test_long_line_of_blanks_is_read_in_no_time(start: str) -> None:
    text = start + " " * (LONGEST - 10) + "x"
    began = process_time()

    read_markdown(text)

    assert process_time() - began < 0.5


def test_plain_words_have_no_marks() -> None:
    assert plain("# Uno\n\n**dos**\ntres [cuatro](/notas)\n- cinco") == "Uno dos tres cuatro cinco"
