from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict

from trainings.lib.text import TextTooLong, UnreadableText, clean_multiline
from trainings.outbox.placeholders import BODY_LENGTH, SUBJECT_LENGTH
from trainings.web.forms import Form, wrong
from trainings.web.i18n import N_

MOST_DAYS, MOST_REMINDERS = 14, 3


def _paragraphs(text: str) -> str:
    try:
        cleaned = clean_multiline(text, BODY_LENGTH)
    except UnreadableText as exc:
        raise wrong(N_("Hay una letra que no se puede leer. Escríbalo otra vez.")) from exc
    except TextTooLong as exc:
        raise wrong(N_("Es demasiado largo: escriba hasta %(max_length)s letras."), max_length=BODY_LENGTH) from exc
    return cleaned


def _subject(text: str) -> str:
    # Line breaks stay: they are refused with a sentence of their own, not smoothed away.
    if len(text) > SUBJECT_LENGTH:
        raise wrong(N_("Es demasiado largo: escriba hasta %(max_length)s letras."), max_length=SUBJECT_LENGTH)
    if any(ord(letter) < 32 and letter not in "\r\n" for letter in text):
        raise wrong(N_("Hay una letra que no se puede leer. Escríbalo otra vez."))
    return text


class TextForm(Form):
    model_config = ConfigDict(str_strip_whitespace=False)

    subject: Annotated[str, AfterValidator(_subject)]
    body: Annotated[str, AfterValidator(_paragraphs)] = ""
    MISSING: ClassVar[Mapping[str, str]] = {"subject": N_("Escriba el asunto.")}


def _days(text: str) -> tuple[int, ...]:
    """`3, 1` or `3 y 1`; empty means never."""
    parts = [part for part in re.split(r"[\s,;]+|\by\b", text) if part]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part[:4]) <= MOST_DAYS for part in parts):
        raise wrong(N_("Escriba números de 1 a %(most)s, separados por comas: 3, 1."), most=MOST_DAYS)
    days = {int(part) for part in parts}
    if len(days) > MOST_REMINDERS:
        raise wrong(N_("Escriba hasta %(most)s números: más recordatorios cansan."), most=MOST_REMINDERS)
    return tuple(sorted(days, reverse=True))


class ReminderForm(Form):
    days: Annotated[str, AfterValidator(_days)] = ""
