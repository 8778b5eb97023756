from __future__ import annotations

from trainings.lib.dates import hours_in_words_en, hours_in_words_es

# The band never has more figures than this; above, one figure stands for several hours.
_MOST_FIGURES = 40
_HOURS_PER_FIGURE = (1, 2, 4, 5, 10, 20, 40, 100, 1000)
_ROWS_OF_A_FIGURE = 8


def band(minutes: int, language: str) -> dict[str, int | str]:
    """Whole figures, finished rows of the last one, and the sentence: Spanish, unless the paper is English."""
    each = next(hours for hours in _HOURS_PER_FIGURE if minutes <= hours * 60 * _MOST_FIGURES)
    whole, rest = divmod(minutes, each * 60)
    rows = min(max(round(_ROWS_OF_A_FIGURE * rest / (each * 60)), 1), _ROWS_OF_A_FIGURE - 1) if rest else 0
    sentence = _sentence_en if language.startswith("en") else _sentence_es
    return {"whole": whole, "rows": rows, "sentence": sentence(each, whole, rest)}


def _sentence_es(each: int, whole: int, rest: int) -> str:
    last = f"a medio tejer, {_counts_as(rest)}"
    if not whole:
        return f"La figura de la faja, {last}."
    if rest:
        return f"Cada figura de la faja {_counts_as(each * 60)}; la última, {last}."
    if each > 1:
        return f"Cada figura de la faja {_counts_as(each * 60)}."
    if whole == 1:
        return "La figura de la faja es la hora."
    count = hours_in_words_es(whole * 60)
    return f"Las {count.removesuffix(' horas')} figuras de la faja son las {count}."


def _counts_as(minutes: int) -> str:
    return f"{'es' if minutes in (1, 60) else 'son'} {hours_in_words_es(minutes)}"


def _sentence_en(each: int, whole: int, rest: int) -> str:
    last = f"half woven, for {hours_in_words_en(rest)}"
    if not whole:
        return f"The figure of the band stands, {last}."
    if rest:
        return f"Each figure of the band stands for {hours_in_words_en(each * 60)}; the last one, {last}."
    if each > 1:
        return f"Each figure of the band stands for {hours_in_words_en(each * 60)}."
    if whole == 1:
        return "The figure of the band stands for the hour."
    count = hours_in_words_en(whole * 60)
    return f"The {count.removesuffix(' hours')} figures of the band are the {count}."
