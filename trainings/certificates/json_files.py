"""JSON files that a designer wrote, and in a sentence what is wrong with one that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trainings.certificates.design_problems import Said
from trainings.web.i18n import N_

LONGEST = 64 * 1024
"""Letters of a file; ours have some thousand."""


class UnreadableJson(ValueError):
    """A file that is not there, has no end, or is no JSON; the sentence (`Said`) says which, and in which line."""


def json_in(file: Path) -> Any:
    """What a JSON file holds. Refuses: UnreadableJson."""
    if file.exists() and not file.is_file():
        raise UnreadableJson(Said(N_("no es un archivo")))
    try:
        with file.open(encoding="utf-8-sig") as opened:
            text = opened.read(LONGEST + 1)
    except FileNotFoundError as error:
        raise UnreadableJson(Said(N_("no está"))) from error
    except OSError as error:
        raise UnreadableJson(Said(N_("no se puede abrir: revise sus permisos"))) from error
    except UnicodeDecodeError as error:
        raise UnreadableJson(Said(N_("guárdelo como texto en UTF-8"))) from error
    if len(text) > LONGEST:
        raise UnreadableJson(Said(N_("es demasiado largo")))
    return _parsed(text)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise UnreadableJson(Said(N_("está vacío"))) from error
        said = N_("no es JSON, línea %(line)s: revise comillas, comas y llaves ahí y en la línea de antes")
        raise UnreadableJson(Said(said, {"line": error.lineno})) from error
    except (RecursionError, ValueError) as error:  # no end to its brackets, or to a number
        raise UnreadableJson(Said(N_("es demasiado largo"))) from error
