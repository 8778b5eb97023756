"""Three sample cards for practising: known to everybody, so they open nothing and never count."""

from __future__ import annotations

from dataclasses import dataclass

from trainings.lib import qr, tokens
from trainings.web.i18n import N_, gettext


@dataclass(frozen=True, slots=True)
class Sample:
    """`flag`: as in a phone's list; `name`: shown in the answer; `size` and `path` draw its QR."""

    token: str
    short_code: str
    flag: str
    name: str
    words: str
    size: int
    path: str


CARDS = (
    ("A", "c", N_("Ana E. Prueba"), N_("Inscrita")),
    ("B", "w", N_("Beto E. Prueba"), N_("En lista de espera")),
    ("C", "s", "", N_("Tarjeta sin nombre")),
)
WORD = "PRACT1CA"


def is_sample(code: str) -> bool:
    return code.startswith(WORD[:-1])


def samples() -> list[Sample]:
    return [_sample(letter, flag, name, words) for letter, flag, name, words in CARDS]


def _sample(letter: str, flag: str, name: str, words: str) -> Sample:
    token = WORD + letter.rjust(tokens.QR_TOKEN_LENGTH - len(WORD), "0")
    body = WORD[:-1] + letter
    size, path = qr.svg_path(token)
    shown = gettext(name) if name else ""
    return Sample(token, body + tokens.check_character(body), flag, shown, gettext(words), size, path)
