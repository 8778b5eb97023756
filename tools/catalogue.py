"""The catalogues of words: the source text is Spanish, `trainings/locale/en/LC_MESSAGES/messages.po` translates it.

`catalogue.py update` collects the sentences from code and templates; `catalogue.py check` says what is missing, no
longer used, or would fill its placeholders wrongly.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
LOCALES = ROOT / "trainings" / "locale"
LANGUAGES = ("en",)
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}")

# The same options as the environment that renders, or the sentences would differ by a line break.
JINJA = {"extensions": "jinja2.ext.do", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}

METHODS = {
    "trainings": [("**.py", "python")],
    "templates": [("**.html", "jinja2"), ("**.txt", "jinja2")],
}


def collected() -> Catalog:
    """Every sentence that code and templates show."""
    catalogue = Catalog(fuzzy=False)
    keywords = {**DEFAULT_KEYWORDS, "N_": None}
    for folder, methods in METHODS.items():
        options = {pattern: JINJA for pattern, method in methods if method == "jinja2"}
        found = extract_from_dir(ROOT / folder, methods, options, keywords, comment_tags=("i18n:",))
        for name, line, message, comments, context in found:
            catalogue.add(message, locations=[(f"{folder}/{name}", line)], auto_comments=comments, context=context)
    return catalogue


def path_of(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def kept(language: str) -> Catalog:
    if not path_of(language).exists():
        return Catalog(locale=language, project="trainings", fuzzy=False)
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> None:
    """Bring a catalogue up to date: new sentences stand empty, vanished ones go, no guesses."""
    catalogue = kept(language)
    catalogue.update(collected(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    path_of(language).parent.mkdir(parents=True, exist_ok=True)
    with path_of(language).open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, include_lineno=False, ignore_obsolete=True)


def complaints(language: str) -> list[str]:
    """What a reader of `language` would see wrongly, a line each."""
    catalogue = kept(language)
    known = {message_key(message): message for message in catalogue if message.id}
    wanted = {message_key(message): message for message in collected() if message.id}
    found = [f"{language}: not translated: {key[1]!r}" for key in wanted if not is_translated(known.get(key))]
    found += [f"{language}: no longer used: {key[1]!r}" for key in known if key not in wanted]
    found += [
        f"{language}: other placeholders than in the source: {key[1]!r}"
        for key, message in known.items()
        if key in wanted and is_translated(message) and not has_same_placeholders(message)
    ]
    return found


def message_key(message: Message) -> tuple[str | None, str]:
    return message.context, sources_of(message)[0]


def sources_of(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def translations_of(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def is_translated(message: Message | None) -> bool:
    return message is not None and not message.fuzzy and all(translations_of(message))


def has_same_placeholders(message: Message) -> bool:
    allowed = set().union(*(PLACEHOLDER.findall(text) for text in sources_of(message)))
    needed = set(PLACEHOLDER.findall(sources_of(message)[-1]))
    used = [set(PLACEHOLDER.findall(text)) for text in translations_of(message)]
    return all(names <= allowed for names in used) and needed <= used[-1]


def main(arguments: list[str]) -> int:
    if arguments == ["update"]:
        for language in LANGUAGES:
            update(language)
        return 0
    if arguments != ["check"]:
        print("catalogue.py update | catalogue.py check", file=sys.stderr)
        return 2
    found = [complaint for language in LANGUAGES for complaint in complaints(language)]
    print(*found, sep="\n", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
