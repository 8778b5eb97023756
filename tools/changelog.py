"""The changelog: one small file a capability in `changelog.d/`, gathered into CHANGELOG.md at a release.

`changelog.py check` says which fragment a coordinator would not understand; `changelog.py gather VERSION` gathers.
"""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parent.parent
FRAGMENTS = ROOT / "changelog.d"
CHANGELOG = ROOT / "CHANGELOG.md"
MARK = "<!-- releases, newest first -->\n"
LONGEST, SENTENCES = 400, 2
END_OF_A_SENTENCE = re.compile(r"[.!?…]\S{0,2}\s+(?=[^\w\s]?[A-ZÁÉÍÓÚÑ])")
WORDS_OF_THE_WORKSHOP = re.compile(r"#\d|\bTODO\b|\bFIXME\b|\brefactor|`[a-z_]+\.py`", re.IGNORECASE)


def fragments() -> list[Path]:
    return sorted(path for path in FRAGMENTS.glob("*.md") if path.name != "README.md")


def complaints(fragments: list[Path]) -> list[str]:
    """What is wrong with the fragments, a sentence each."""
    found = []
    for path in fragments:
        text = path.read_text().strip()
        if "\n" in text or not 1 <= len(text) <= LONGEST:
            found.append(f"{path.name}: one line of at most {LONGEST} characters, please")
        elif not text.endswith((".", "!", ")")):
            found.append(f"{path.name}: a whole sentence, please")
        elif len(END_OF_A_SENTENCE.findall(text)) >= SENTENCES:
            found.append(f"{path.name}: at most {SENTENCES} sentences, please")
        if workshop := WORDS_OF_THE_WORKSHOP.search(text):
            found.append(f"{path.name}: “{workshop[0]}” says nothing to a coordinator")
    if MARK not in CHANGELOG.read_text():
        found.append(f"CHANGELOG.md: the line {MARK.strip()} is missing")
    return found


def gather(version: str, day: date) -> None:
    """Move the fragments into a new section of the changelog."""
    lines = "".join(f"- {path.read_text().strip()}\n" for path in fragments())
    section = f"{MARK}\n## {version} ({day.isoformat()})\n\n{lines}"
    CHANGELOG.write_text(CHANGELOG.read_text().replace(MARK, section, 1))
    for path in fragments():
        path.unlink()


def main(arguments: list[str]) -> int:
    if found := complaints(fragments()):
        print(*found, sep="\n", file=sys.stderr)
        return 1
    match arguments:
        case ["check"]:
            return 0
        case ["gather", version] if re.fullmatch(r"\d+\.\d+\.\d+", version):
            gather(version, date.today())  # noqa: DTZ011 - the day on the releaser's wall
            return 0
    print("changelog.py check | changelog.py gather 1.2.0", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
