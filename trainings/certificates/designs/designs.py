from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from trainings import clock
from trainings.certificates.designs import texts as design_texts
from trainings.certificates.designs.texts import KINDS, UnreadableJson, json_in
from trainings.lib import folders
from trainings.web.i18n import gettext as _

DESIGNS = folders.DESIGNS
LIBRARY = DESIGNS / "lib"
FONT_FOLDER = DESIGNS / "fonts"
FIRST = "diploma"

PAPERS = frozenset({"us-letter", "a4"})
ORIENTATIONS = frozenset({"landscape", "portrait"})
SLOTS = frozenset({"shield", "logos", "note", "band"})
"""Parts that a design may leave out."""

OURS = frozenset({FIRST, "constancia", "certificado", "sobrio"})
"""Built in. Others are set in a separate process, where they can break nothing."""

SECONDS_SEEN = 30.0

_WITH_ANY_SECOND = "+*"

log = logging.getLogger(__name__)


class UnusableManifest(ValueError):
    """The sentence names the fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignInfo:
    """`languages`: codes of files in `certificates/texts/`; `es+*` is Spanish beside any other. `slots`: optional parts
    (`SLOTS`) that it prints. `as_of`: the manifest's time, which tells versions of one name apart.
    """

    folder: Path
    title: str
    kinds: frozenset[str]
    languages: tuple[str, ...]
    paper: str
    orientation: str
    slots: frozenset[str]
    as_of: int

    @property
    def key(self) -> str:
        return self.folder.name

    @property
    def is_ours(self) -> bool:
        return self.folder.parent == DESIGNS and self.key in OURS

    @property
    def file(self) -> Path:
        return self.folder / "design.typ"

    @property
    def fonts(self) -> Path:
        own = self.folder / "fonts"
        return own if own.is_dir() else FONT_FOLDER

    def prints_in(self, language: str) -> bool:
        first, joint, second = language.partition("+")
        return language in self.languages or (bool(joint and second) and first + _WITH_ANY_SECOND in self.languages)

    def all_languages(self) -> list[str]:
        """`es+*` becomes one code for each other language whose file is complete."""
        return self._spread(design_texts.usable_codes())

    def files_of_languages(self) -> list[str]:
        return sorted({code for language in self._spread(design_texts.codes()) for code in language.split("+")})

    def _spread(self, codes: list[str]) -> list[str]:
        found = [language for language in self.languages if language in codes]
        firsts = [one.removesuffix(_WITH_ANY_SECOND) for one in self.languages if one.endswith(_WITH_ANY_SECOND)]
        return found + [f"{first}+{code}" for first in firsts if first in codes for code in codes if code != first]


def read_design(folder: Path) -> DesignInfo:
    """Refuses (`UnusableManifest`) missing and misspelled entries."""
    if not folder.is_dir():
        raise UnusableManifest(_("%(folder)s no es una carpeta: revise la dirección.") % {"folder": folder.name})
    file = folder / "manifest.json"
    if not file.exists():
        said = _("En %(folder)s no hay manifest.json: copie una carpeta entera de certificates, como sobrio.")
        raise UnusableManifest(said % {"folder": folder.name})
    try:
        kept = json_in(file)
    except UnreadableJson as error:
        raise UnusableManifest(f"{folder.name}/manifest.json: {error}") from error
    if problems := list(_problems(kept)) if isinstance(kept, dict) else [_("no es un objeto { … }")]:
        raise UnusableManifest(f"{folder.name}/manifest.json: {'; '.join(problems)}")
    return DesignInfo(
        folder=folder,
        title=kept["title"],
        kinds=frozenset(kept["kinds"]),
        languages=tuple(kept["languages"]),
        paper=kept["paper"],
        orientation=kept["orientation"],
        slots=frozenset(kept["slots"]),
        as_of=file.stat().st_mtime_ns,
    )


def _problems(kept: dict[str, Any]) -> list[str]:
    languages = {one.removesuffix(_WITH_ANY_SECOND) for one in _texts(kept, "languages")}
    wrong = [
        *_unknown("kinds", _texts(kept, "kinds"), KINDS),
        *_unknown("languages", sorted(languages), frozenset(design_texts.codes())),
        *_unknown("paper", [str(kept.get("paper"))], PAPERS),
        *_unknown("orientation", [str(kept.get("orientation"))], ORIENTATIONS),
        *_unknown("slots", _texts(kept, "slots"), SLOTS),
    ]
    missing = [name for name in ("kinds", "languages") if not _texts(kept, name)]
    missing += [] if isinstance(kept.get("slots"), list) else ["slots"]
    missing += [] if str(kept.get("title") or "").strip() else ["title"]
    return wrong + [_("falta %(name)s") % {"name": name} for name in missing]


def _texts(kept: dict[str, Any], name: str) -> list[str]:
    found = kept.get(name)
    return [str(one) for one in found] if isinstance(found, list) else []


def _unknown(name: str, found: list[str], known: frozenset[str]) -> list[str]:
    listed = ", ".join(sorted(known))
    sentence = _("%(name)s: no hay %(one)s, sólo %(known)s")
    return [sentence % {"name": name, "one": one, "known": listed} for one in found if one not in known]


def all_designs() -> Mapping[str, DesignInfo]:
    """By folder name. A new design shows within half a minute."""
    return _designs_at(int(clock.ticks() / SECONDS_SEEN))


@lru_cache(maxsize=1)
def _designs_at(_moment: int) -> Mapping[str, DesignInfo]:
    return designs_in(DESIGNS)


def designs_in(folder: Path) -> dict[str, DesignInfo]:
    """Skips and logs a wrong manifest, and a folder that points outside itself."""
    found = {}
    for manifest in sorted(folder.glob("*/manifest.json")):
        try:
            design = read_design(manifest.parent)
        except UnusableManifest as unusable:
            log.warning("A design is not offered: %s", unusable)
            continue
        if links := links_in(design.folder):
            log.warning("A design is not offered: %s/%s points elsewhere", design.key, links[0].name)
            continue
        found[design.key] = design
    return found


def links_in(folder: Path) -> list[Path]:
    """Through symbolic links a design would read foreign files."""
    return [file for file in sorted(folder.rglob("*")) if file.is_symlink()]


def design_for(key: str, kind: str, language: str) -> DesignInfo:
    """The named design; where it is gone, or lacks the kind or language, the first that has them."""
    known = all_designs()
    in_order = [design for design in (known.get(key), known[FIRST], *known.values()) if design is not None]
    fits_kind = [design for design in in_order if kind in design.kinds]
    fits = [design for design in fits_kind if design.prints_in(language)]
    return (fits or fits_kind or in_order)[0]


def design_of_kept(sheet: Mapping[str, Any]) -> DesignInfo:
    return design_for(sheet["design"], sheet["kind"], sheet["language"])
