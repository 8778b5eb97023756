"""In es-GT and English; a `lang` that is not English reads Spanish. Storage is UTC; people see America/Guatemala."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Literal

from trainings.clock import local

NBSP = "\N{NO-BREAK SPACE}"

# As the Unicode CLDR has them. The library that brings it is several megabytes in each process that sets papers.
_MONTHS = {
    "es_GT": (
        *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
        *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_WEEKDAYS = {
    "es_GT": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
# CLDR puts a narrow no-break space into "p. m.", which old phones show as a box.
_HALVES = {"es_GT": (f"a.{NBSP}m.", f"p.{NBSP}m."), "en": ("AM", "PM")}
# More days than this are told as "from … to …".
_MOST_LISTED_DAYS = 6
_WEEK = timedelta(days=7)

Gender = Literal["masculine", "feminine"]


# -- what the clock on the wall says


def local_day(when: date) -> date:
    return local(when).date() if isinstance(when, datetime) else when


# -- dates


def long_date(when: date, lang: str) -> str:
    """`jueves, 4 de marzo de 2027` · `Thursday, 4 March 2027`."""
    day = local_day(when)
    return f"{weekday(day, lang)}, {date_without_weekday(day, lang)}"


def date_without_weekday(when: date, lang: str) -> str:
    """`4 de marzo de 2027` · `4 March 2027`."""
    day = local_day(when)
    return f"{_day_and_month(day, lang)}{_year_joint(lang)}{day.year}"


def numeric_date(when: date) -> str:
    """`04/03/2027`, day first in every language, for tables."""
    return local_day(when).strftime("%d/%m/%Y")


def weekdays(n: int, when: date, lang: str) -> str:
    """`10 jueves`, `3 sábados` · `10 Thursdays`."""
    name = weekday(when, lang)
    return f"{n} {name}" if n == 1 or name.endswith("s") else f"{n} {name}s"


def weekday(when: date, lang: str) -> str:
    return _WEEKDAYS[_locale(lang)][local_day(when).weekday()]


def month_name(when: date, lang: str) -> str:
    return _MONTHS[_locale(lang)][local_day(when).month - 1]


def date_span(days: Iterable[date], lang: str) -> str:
    """`16, 17 y 18 de marzo de 2027`; more than six days by the ends: `4 de marzo a 6 de mayo de 2027`."""
    ordered = sorted({local_day(day) for day in days})
    if not ordered:
        raise ValueError("a span needs at least one day")
    if len(ordered) > _MOST_LISTED_DAYS:
        return " a ".join(_ends(ordered, lang)) if _is_spanish(lang) else " to ".join(_ends(ordered, lang))
    return _each_listed(ordered, lang)


def _each_listed(ordered: list[date], lang: str) -> str:
    months = [list(group) for _, group in groupby(ordered, key=lambda day: (day.year, day.month))]
    texts = [_days_of_month(month, lang, with_year=_ends_year(month, ordered)) for month in months]
    if any(len(month) > 1 for month in months):
        return "; ".join(texts)
    return _listed(texts, lang)


def held_on(days: Iterable[date], lang: str) -> str:
    """`el 4 de marzo de 2027`, `los días 16 y 17 de …`, `del 4 de marzo al 6 de …`."""
    ordered = sorted({local_day(day) for day in days})
    span = date_span(ordered, lang)
    if len(ordered) > _MOST_LISTED_DAYS:
        start, end = _ends(ordered, lang)
        return f"del {start} al {end}" if _is_spanish(lang) else f"from {start} to {end}"
    if not _is_spanish(lang):
        return f"on {span}"
    return f"el {span}" if len(ordered) == 1 else f"los días {span}"


def exact_days(days: Iterable[date], lang: str) -> str:
    """As `held_on`, but by the ends only where a day is left out in no week."""
    ordered = sorted({local_day(day) for day in days})
    is_weekly = all(later - day == _WEEK for day, later in pairwise(ordered))
    if len(ordered) <= _MOST_LISTED_DAYS or is_weekly:
        return held_on(ordered, lang)
    return f"{'los días' if _is_spanish(lang) else 'on'} {_each_listed(ordered, lang)}"


def _ends(ordered: list[date], lang: str) -> tuple[str, str]:
    first, last = ordered[0], ordered[-1]
    if first.year != last.year:
        start = date_without_weekday(first, lang)
    elif first.month != last.month:
        start = _day_and_month(first, lang)
    else:
        start = str(first.day)
    return start, date_without_weekday(last, lang)


def _ends_year(month: list[date], ordered: list[date]) -> bool:
    last_of_year = max(day for day in ordered if day.year == month[0].year)
    return month[-1] == last_of_year


def _days_of_month(days: list[date], lang: str, *, with_year: bool) -> str:
    numbers = _listed([str(day.day) for day in days], lang)
    joint = " de " if _is_spanish(lang) else " "
    year = f"{_year_joint(lang)}{days[0].year}" if with_year else ""
    return f"{numbers}{joint}{month_name(days[0], lang)}{year}"


def _day_and_month(day: date, lang: str) -> str:
    return _days_of_month([day], lang, with_year=False)


def _year_joint(lang: str) -> str:
    return " de " if _is_spanish(lang) else " "


# -- times


def time_of_day(moment: datetime, lang: str) -> str:
    """`2:05 p. m.` · `2:05 PM`, held together by no-break spaces."""
    here = local(moment)
    return _on_the_clock(here.hour, here.minute, lang)


@lru_cache(maxsize=4096)
def _on_the_clock(hour: int, minute: int, lang: str) -> str:
    half = _HALVES[_locale(lang)][hour >= 12]
    return f"{hour % 12 or 12}:{minute:02}{NBSP}{half}"


def the_time(moment: datetime, lang: str) -> str:
    """`la 1:05 p. m.` · `las 2:05 p. m.` · `2:05 PM`"""
    time = time_of_day(moment, lang)
    if not _is_spanish(lang):
        return time
    return f"la {time}" if time.startswith("1:") else f"las {time}"


def time_range(start: datetime, end: datetime, lang: str) -> str:
    """`de 8:30 a. m. a 12:30 p. m.`"""
    first, last = time_of_day(start, lang), time_of_day(end, lang)
    return f"de {first} a {last}" if _is_spanish(lang) else f"from {first} to {last}"


def day_and_time(moment: datetime, lang: str, *, with_year: bool = False) -> str:
    """`sábado 6 de marzo, 8:30 a. m.`"""
    day = date_without_weekday(moment, lang) if with_year else _day_and_month(local_day(moment), lang)
    return f"{weekday(moment, lang)} {day}, {time_of_day(moment, lang)}"


def duration(minutes: int, lang: str) -> str:
    """`4 horas`, `2 horas y 30 minutos`, `45 minutos`."""
    hours, rest = divmod(minutes, 60)
    spanish = _is_spanish(lang)
    parts = []
    if hours:
        parts.append(_counted(hours, "hora" if spanish else "hour"))
    if rest or not hours:
        parts.append(_counted(rest, "minuto" if spanish else "minute"))
    return _listed(parts, lang)


# -- numbers in words, for diplomas

# fmt: off
_UNITS = [
    "cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce",
    "trece", "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve", "veinte", "veintiuno",
    "veintidós", "veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete", "veintiocho",
    "veintinueve",
]
_TENS = [
    "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa",
]
_HUNDREDS = [
    "ciento", "doscientos", "trescientos", "cuatrocientos", "quinientos", "seiscientos", "setecientos",
    "ochocientos", "novecientos",
]
# fmt: on


def number_in_words_es(n: int, before: Gender | None = None) -> str:
    """`veintiuno`; before a noun `veintiún` (días) or `veintiuna` (horas). From 0 to 999,999."""
    if not 0 <= n < 1_000_000:
        raise ValueError("only from 0 to 999,999")
    thousands, rest = divmod(n, 1000)
    words = []
    if thousands:
        # "mil" is a noun-like numeral: "veintiún mil", but "veintiuna mil horas" counts in the feminine.
        words = [_below_thousand(thousands, before or "masculine")] if thousands > 1 else []
        words.append("mil")
    if rest or not thousands:
        words.append(_below_thousand(rest, before))
    return " ".join(words)


def _below_thousand(n: int, before: Gender | None) -> str:
    if n == 100:
        return "cien"
    hundreds, rest = divmod(n, 100)
    words = [_HUNDREDS[hundreds - 1]] if hundreds else []
    if words and before == "feminine" and hundreds > 1:
        words = [words[0].removesuffix("os") + "as"]
    if rest or not hundreds:
        words.append(_agreeing(_below_hundred(rest), before))
    return " ".join(words)


def _below_hundred(n: int) -> str:
    if n < 30:
        return _UNITS[n]
    tens, unit = divmod(n, 10)
    return _TENS[tens - 3] + (f" y {_UNITS[unit]}" if unit else "")


def _agreeing(words: str, before: Gender | None) -> str:
    if before is None or not words.endswith("uno"):
        return words
    if before == "feminine":
        return words.removesuffix("o") + "a"
    return "veintiún" if words == "veintiuno" else words.removesuffix("o")


def date_in_words_es(when: date) -> str:
    """`a los cinco días del mes de marzo de dos mil veintisiete`; the first is `al primer día`."""
    day = local_day(when)
    days = "al primer día" if day.day == 1 else f"a los {number_in_words_es(day.day, 'masculine')} días"
    return f"{days} del mes de {month_name(day, 'es')} de {number_in_words_es(day.year)}"


def hours_in_words_es(minutes: int) -> str:
    """`ocho horas`, `una hora y treinta minutos`."""
    hours, rest = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append(f"{number_in_words_es(hours, 'feminine')} {'hora' if hours == 1 else 'horas'}")
    if rest or not hours:
        parts.append(f"{number_in_words_es(rest, 'masculine')} {'minuto' if rest == 1 else 'minutos'}")
    return " y ".join(parts)


# fmt: off
_UNITS_EN = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]
_TENS_EN = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS_EN = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth",
}
# fmt: on


def number_in_words_en(n: int) -> str:
    """`twenty-one`, `two thousand twenty-seven`. From 0 to 999,999."""
    if not 0 <= n < 1_000_000:
        raise ValueError("only from 0 to 999,999")
    thousands, rest = divmod(n, 1000)
    words = [_below_thousand_en(thousands), "thousand"] if thousands else []
    if rest or not thousands:
        words.append(_below_thousand_en(rest))
    return " ".join(words)


def _below_thousand_en(n: int) -> str:
    hundreds, rest = divmod(n, 100)
    words = [_UNITS_EN[hundreds], "hundred"] if hundreds else []
    if rest or not hundreds:
        tens, unit = divmod(rest, 10)
        words.append(_UNITS_EN[rest] if rest < 20 else _TENS_EN[tens - 2] + (f"-{_UNITS_EN[unit]}" if unit else ""))
    return " ".join(words)


def date_in_words_en(when: date) -> str:
    """`on the fifth day of March, two thousand twenty-seven`."""
    day = local_day(when)
    tens, joint, unit = number_in_words_en(day.day).rpartition("-")
    ordinal = f"{tens}{joint}{_ORDINALS_EN.get(unit, f'{unit}th')}"
    return f"on the {ordinal} day of {month_name(day, 'en')}, {number_in_words_en(day.year)}"


def hours_in_words_en(minutes: int) -> str:
    """`eight hours`, `one hour and thirty minutes`."""
    hours, rest = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append(f"{number_in_words_en(hours)} {'hour' if hours == 1 else 'hours'}")
    if rest or not hours:
        parts.append(f"{number_in_words_en(rest)} {'minute' if rest == 1 else 'minutes'}")
    return " and ".join(parts)


# -- languages


def _is_spanish(lang: str) -> bool:
    return not lang.startswith("en")


def _locale(lang: str) -> str:
    return "es_GT" if _is_spanish(lang) else "en"


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _listed(parts: list[str], lang: str) -> str:
    joint = " y " if _is_spanish(lang) else " and "
    return joint.join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
