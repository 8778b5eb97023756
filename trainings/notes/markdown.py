"""The safe subset of Markdown for notes. `read_markdown` refuses everything else. `html_of` relies on none of that: it
writes only its own markup and escapes all text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from trainings.errors import WrongInput
from trainings.settings import get_settings
from trainings.web.i18n import N_

LONGEST = 8000
"""Characters: two sheets of paper."""
HIGHEST_HEADING = 3
LOWEST_HEADING = 6
FAR = ("http", "https")
BREAKS = ("softbreak", "hardbreak")
JOINER = "\N{ZERO WIDTH JOINER}"
LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
TAG = re.compile(r"<(?:/?[A-Za-z]|!|\?)")
IMAGE = re.compile(r"!\[[^\]\n]*\]\(")
TABLE = re.compile(r"^[^\S\n]*(?:\|[^\S\n]*)?:?-{2,}:?[^\S\n]*\|(?:[|:-]|[^\S\n])*$", re.MULTILINE)
"""Each blank matches one part only: with two, long lines of blanks would take seconds."""
ADDRESSEE = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,20}")
NUMBER = re.compile(r"\+?[0-9][0-9 -]{2,18}")
HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?(?::[0-9]{1,5})?")


class UnusableText(WrongInput):
    pass


TOO_LONG = N_("Es demasiado largo: tiene %(n)s letras y caben %(most)s. Parta la nota en dos.")
CONTROLS = N_("El texto trae signos de control que no se ven ni se imprimen. Cópielo de nuevo, sin formato.")
DAMAGED = N_("Hay una letra que no se puede leer. Escríbala otra vez.")
NO_HTML = N_("Aquí no va código HTML («%(found)s»). Escriba solo el texto; un enlace se escribe [así](https://…).")
NO_IMAGES = N_("Una nota no lleva imágenes. Quite «%(found)s» y diga con palabras lo que muestra.")
NO_TABLES = N_("Una nota no lleva tablas: en un teléfono no se leen. Escríbala como lista.")
BAD_LINK = N_(
    "El enlace «%(found)s» no se puede poner. Sirven los que empiezan con https://, http://, tel: o mailto:, y las "
    "páginas de este sitio que empiezan con /."
)


def _parser() -> MarkdownIt:
    """Allows only the named rules. Reports every link, so that unknown addresses are refused by name."""
    parser = MarkdownIt("zero", {"html": False, "xhtmlOut": False, "breaks": True, "maxNesting": 20})
    parser.enable(["heading", "list", "emphasis", "link", "newline", "escape"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005 - by its name
    return parser


PARSER = _parser()


def read_markdown(text: str) -> str:
    """As kept: NFC, uniform line ends, without hidden characters (direction marks, zero-width blanks).

    Refuses (UnusableText) more than 8,000 characters, control characters, damaged letters, raw HTML, images, tables,
    and links to anything but web pages, telephones, mail and our pages. Source: ASVS 5.0, 1.3.1 and 1.2.2.
    """
    if len(text) > 4 * LONGEST:
        raise UnusableText(TOO_LONG, field="body", n=len(text), most=LONGEST)
    cleaned = _without_hidden(text)
    if len(cleaned) > LONGEST:
        raise UnusableText(TOO_LONG, field="body", n=len(cleaned), most=LONGEST)
    _refuse(NO_HTML, TAG, cleaned)
    _refuse(NO_IMAGES, IMAGE, cleaned)
    _refuse(NO_TABLES, TABLE, cleaned)
    for address in _addresses(PARSER.parse(cleaned)):
        if not known_address(_ours(address)):
            raise UnusableText(BAD_LINK, field="body", found=_readable(address))
    return cleaned


def html_of(text: str) -> Markup:
    """`p`, `h3` to `h6`, `ul`, `ol`, `li`, `strong`, `em`, `br`, and `a` with `href` and `rel`."""
    tokens = PARSER.parse(text)
    levels = sorted({token.tag for token in tokens if token.type == "heading_open"})
    tags = {tag: f"h{min(HIGHEST_HEADING + n, LOWEST_HEADING)}" for n, tag in enumerate(levels)}
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = tags[token.tag]
        if token.children:
            token.children = list(_linked(token.children))
    return Markup(PARSER.renderer.render(tokens, PARSER.options, {}))  # noqa: S704 - all text in it is escaped


def plain(text: str) -> str:
    words = []
    for token in PARSER.parse(text):
        words += [child.content or (" " if child.type in BREAKS else "") for child in token.children or ()]
        words.append(" ")
    return " ".join("".join(words).split())


def known_address(address: str) -> bool:
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in unquote(address)):
        return False
    if address.startswith("/"):
        return not address.startswith("//") and "\\" not in unquote(address)
    scheme, _colon, rest = address.partition(":")
    if scheme.lower() == "tel":
        return NUMBER.fullmatch(unquote(rest)) is not None
    if scheme.lower() == "mailto":
        return ADDRESSEE.fullmatch(unquote(rest)) is not None
    return scheme.lower() in FAR and _has_host(address)


def _has_host(address: str) -> bool:
    """A host without a user before it: `https://banco.gt@otro.example` shows one place and leads to another."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return HOST.fullmatch(parts.netloc.lower()) is not None and "." in parts.netloc


def _addresses(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                yield str(child.attrs.get("href", ""))


def _linked(children: Sequence[Token]) -> Iterator[Token]:
    """Our links relative, others without a referrer; unknown and empty links as plain words."""
    open_links: list[bool] = []
    for token, following in zip(children, [*children[1:], None], strict=True):
        if token.type == "link_open":
            address = _ours(str(token.attrs.get("href", "")))
            has_words = following is not None and following.type != "link_close"
            open_links.append(known_address(address) and has_words)
            token.attrs = {"href": address}
            if not address.startswith("/"):
                token.attrs["rel"] = "nofollow noopener noreferrer"
            if open_links[-1]:
                yield token
        elif token.type == "link_close":
            if open_links.pop():
                yield token
        else:
            yield token


def _ours(address: str) -> str:
    """By path: the link works under any name of this site."""
    base = get_settings().base_url.rstrip("/")
    if address == base:
        return "/"
    return address.removeprefix(base) if address.startswith(f"{base}/") else address


def _refuse(sentence: str, pattern: re.Pattern[str], text: str) -> None:
    found = pattern.search(text)
    if found is not None:
        raise UnusableText(sentence, field="body", found=_readable(text[found.start() : found.start() + 30]))


def _readable(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return f"{line[:40]}…" if len(line) > 40 else line


def _without_hidden(text: str) -> str:
    text = unicodedata.normalize("NFC", LINE_ENDS.sub("\n", text).replace("\t", "    "))
    kept: list[str] = []
    for letter in text:
        if _is_kept(letter, kept[-1] if kept else ""):
            kept.append(letter)
    lines = [line.rstrip() for line in "".join(kept).split("\n")]
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _is_kept(letter: str, before: str) -> bool:
    category = unicodedata.category(letter)
    if category == "Cc" and letter != "\n":
        raise UnusableText(CONTROLS, field="body")
    if category == "Cs" or letter == "\N{REPLACEMENT CHARACTER}":
        raise UnusableText(DAMAGED, field="body")
    if category == "Cf":
        # Families and professions among the emoji are several signs joined by it; between letters it only hides.
        return letter == JOINER and unicodedata.category(before or "a") in ("So", "Mn", "Sk")
    code = ord(letter)
    return category != "Cn" or not (code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF)
