"""By one rule: weekly, biweekly, the second Thursday of each month, or picked days. Staff can change its plans."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from trainings.errors import Refusal
from trainings.lib import dates
from trainings.schedule.plans import MOST_SESSIONS
from trainings.schedule.staff import forms
from trainings.schedule.staff.forms import TICKED
from trainings.web.forms import Day, Form, FormErrors, Typed, day_in, wrong
from trainings.web.i18n import N_, gettext, language

WEEK = 7


class Pattern(StrEnum):
    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    MONTHLY = "monthly"
    PICKED = "picked"


STEPS = {Pattern.WEEKLY: WEEK, Pattern.BIWEEKLY: 2 * WEEK}
"""In days."""


class SeriesTooLong(Refusal):
    sentence = N_(
        "Una capacitación tiene hasta %(most)s sesiones, y con estas fechas tendría %(n)s. "
        "Escriba menos, o haga otra capacitación para las demás."
    )


class SeriesWithoutEnd(Refusal):
    sentence = N_("Escriba cuántas sesiones son, o hasta qué día se repite.")


class SeriesEndsBeforeStart(Refusal):
    sentence = N_("La serie termina antes de la primera sesión. Corrija el día.")


class SeriesWithoutDays(Refusal):
    sentence = N_("Escriba las fechas, una en cada línea.")


@dataclass(frozen=True, slots=True)
class Series:
    """From `first_day`, local days; ends by `until` or `times`, whichever comes first. `times` counts the first
    session. `days`: of `PICKED`, besides the first.
    """

    pattern: Pattern
    first_day: date
    until: date | None = None
    times: int | None = None
    days: tuple[date, ...] = ()


def days_of(series: Series) -> list[date]:
    """In order, each once. Refuses a series without an end, with an end before its start, or too long: counted, never
    listed.
    """
    _check(series)
    if series.pattern is Pattern.PICKED:
        return sorted({series.first_day, *series.days})
    n_days = count(series)
    if series.pattern is Pattern.MONTHLY:
        return [same_weekday_in(series.first_day, *_month_after(series.first_day, n)) for n in range(n_days)]
    return [series.first_day + timedelta(days=STEPS[series.pattern] * n) for n in range(n_days)]


def count(series: Series) -> int:
    """The series has an end."""
    if series.pattern is Pattern.PICKED:
        return len({series.first_day, *series.days})
    counts = [] if series.times is None else [series.times]
    if series.until is not None:
        counts.append(_count_until(series, series.until))
    return min(counts)


def ordinal(day: date) -> int:
    """The second Thursday is 2, a fifth is the last."""
    return (day.day - 1) // WEEK + 1


def same_weekday_in(day: date, year: int, month: int) -> date:
    """The second Thursday for a second Thursday; the last for a fifth."""
    n_days = monthrange(year, month)[1]
    first = 1 + (day.weekday() - date(year, month, 1).weekday()) % WEEK
    wanted = first + WEEK * (ordinal(day) - 1)
    return date(year, month, wanted if wanted <= n_days else wanted - WEEK)


def _check(series: Series) -> None:
    if series.pattern is Pattern.PICKED:
        field = "repeat_days"
        if not series.days:
            raise SeriesWithoutDays(field=field)
    else:
        if series.times is None and series.until is None:
            raise SeriesWithoutEnd(field="repeat_times")
        if series.until is not None and series.until < series.first_day:
            raise SeriesEndsBeforeStart(field="repeat_until")
        field = "repeat_until" if series.times is None else "repeat_times"
    check_length(count(series), field)


def check_length(n_sessions: int, field: str) -> None:
    if n_sessions > MOST_SESSIONS:
        raise SeriesTooLong(field=field, most=MOST_SESSIONS, n=f"{n_sessions:,}")


def _count_until(series: Series, until: date) -> int:
    first = series.first_day
    if series.pattern is not Pattern.MONTHLY:
        return (until - first).days // STEPS[series.pattern] + 1
    n_months = (until.year - first.year) * 12 + until.month - first.month
    return n_months + (same_weekday_in(first, until.year, until.month) <= until)


def _month_after(day: date, n: int) -> tuple[int, int]:
    years, month = divmod(day.month - 1 + n, 12)
    return day.year + years, month + 1


LONGEST_LIST = 4000
SHOWN = "repeat_shown"
COPIED = ("starts", "ends", "venue", "facilitators")
WEEK_OF_MONTH = {
    1: N_("Cada mes, el primer %(weekday)s"),
    2: N_("Cada mes, el segundo %(weekday)s"),
    3: N_("Cada mes, el tercer %(weekday)s"),
    4: N_("Cada mes, el cuarto %(weekday)s"),
    5: N_("Cada mes, el último %(weekday)s"),
}


def _picked_days(typed: list[str]) -> tuple[date, ...]:
    text = " ".join(typed)
    if len(text) > LONGEST_LIST:
        raise wrong(N_("Es demasiado largo: escriba hasta %(max_length)s letras."), max_length=LONGEST_LIST)
    return tuple(day_in(word) for word in re.split(r"[\s,;]+", text) if word)


class RepeatForm(Form):
    """Picked days are parted by lines or commas."""

    repeat_pattern: Pattern
    repeat_times: int | None = Field(default=None, ge=2)
    repeat_until: Day | None = None
    repeat_days: Annotated[tuple[date, ...], BeforeValidator(_picked_days)] = ()


def change_rows(typed: Typed) -> bool:
    """True: a row button was pressed, the form is only shown again. Raises FormErrors, and refuses as `days_of`."""
    pressed = next((name for name in BUTTONS if typed.value(name)), None)
    if pressed is not None:
        BUTTONS[pressed](typed)
        return True
    if _wish(typed) not in ("", typed.value(SHOWN)):
        # Else a typed series that was not applied is lost in silence.
        _repeat(typed)
        typed.errors["sesiones"] = gettext(N_("Aquí están las fechas de la serie. Revíselas y guarde otra vez."))
        raise FormErrors(typed)
    return False


def _wish(typed: Typed) -> str:
    written = [" ".join(typed.value(name).split()) for name in RepeatForm.model_fields]
    return "|".join(written) if any(written) else ""


def _remove_row(typed: Typed) -> None:
    removed = typed.value("remove")
    forms.close_ranks(typed, without=int(removed) if re.fullmatch(r"\d{1,4}", removed) else None)


def _add_row(typed: Typed) -> None:
    n_rows = forms.close_ranks(typed)
    if not 0 < n_rows < MOST_SESSIONS:
        return
    day = forms.day_of(typed, n_rows - 1)
    _put(typed, n_rows, like=n_rows - 1, day=day + timedelta(days=7) if day else None)


def _look(typed: Typed) -> None:
    forms.close_ranks(typed)


def _repeat(typed: Typed) -> None:
    n_rows = forms.close_ranks(typed)
    first = forms.checked(forms.SessionForm, typed, "sessions-0-")
    form = forms.checked(RepeatForm, typed)
    if first is None or form is None:
        raise FormErrors(typed)
    days = days_of(_series(first, form))
    kept = [number for number in range(n_rows) if number == 0 or not typed.value(f"sessions-{number}-series")]
    taken = {forms.day_of(typed, number) for number in kept}
    new = [day for day in days if day not in taken]
    check_length(len(kept) + len(new), "repeat_pattern")
    for number in sorted(set(range(n_rows)) - set(kept), reverse=True):
        forms.close_ranks(typed, without=number)
    for n, day in enumerate(new):
        _put(typed, len(kept) + n, like=0, day=day)
        typed.fields[f"sessions-{len(kept) + n}-series"] = [TICKED]
    forms.sort_rows(typed, after=0)
    typed.fields[SHOWN] = [_wish(typed)]


def _series(first: forms.SessionForm, form: RepeatForm) -> Series:
    return Series(
        pattern=form.repeat_pattern,
        first_day=first.day,
        until=form.repeat_until,
        times=form.repeat_times,
        days=form.repeat_days,
    )


def _put(typed: Typed, number: int, *, like: int, day: date | None) -> None:
    for name in COPIED:
        values = typed.values(f"sessions-{like}-{name}")
        if values:
            typed.fields[f"sessions-{number}-{name}"] = list(values)
    typed.fields[f"sessions-{number}-day"] = [day.isoformat() if day else ""]


BUTTONS: dict[str, Callable[[Typed], None]] = {
    "remove": _remove_row,
    "add": _add_row,
    "look": _look,
    "repeat": _repeat,
}


def patterns(typed: Typed) -> list[tuple[str, str]]:
    day = forms.day_of(typed, 0)
    if day is None:
        monthly = gettext(N_("Cada mes, el mismo día de la semana: por ejemplo, el segundo jueves"))
    else:
        monthly = gettext(WEEK_OF_MONTH[ordinal(day)]) % {"weekday": dates.weekday(day, language())}
    return [
        ("", gettext(N_("No se repite"))),
        (Pattern.WEEKLY.value, gettext(N_("Cada semana"))),
        (Pattern.BIWEEKLY.value, gettext(N_("Cada dos semanas"))),
        (Pattern.MONTHLY.value, monthly),
        (Pattern.PICKED.value, gettext(N_("En las fechas que escribo abajo"))),
    ]
