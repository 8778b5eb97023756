from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from trainings import clock
from trainings.lib import dates
from trainings.people.models import ActorType
from trainings.people.words import LANGUAGES
from trainings.places.models import AccessFeature
from trainings.schedule import towns
from trainings.schedule.months import Month
from trainings.schedule.public.overview import n_trainings
from trainings.schedule.public.sentences import AUDIENCES, language_name
from trainings.web.i18n import gettext, language

PATH, MONTH_PATH = "/capacitaciones", "/calendario"
WITHOUT_STEPS = frozenset({AccessFeature.STEP_FREE, AccessFeature.RAMP})
FARTHEST = timedelta(days=1100)
"""Dates farther off are typing errors."""

Choice = tuple[str, str]


class Offered(Protocol):
    @property
    def town_code(self) -> str: ...
    @property
    def topic_slug(self) -> str: ...
    @property
    def languages(self) -> frozenset[str]: ...
    @property
    def audience(self) -> frozenset[str]: ...


class Dated(Offered, Protocol):
    @property
    def starts_at(self) -> datetime: ...
    @property
    def access(self) -> frozenset[str]: ...


class Coming(Dated, Protocol):
    @property
    def training_id(self) -> str: ...


D = TypeVar("D", bound=Dated)


@dataclass(frozen=True, slots=True)
class Filters:
    """Empty: no filter. `town`, `topic`: slugs; `language`: ISO 639-3; `audience`: actor type; `since`: for the list
    alone.
    """

    town: str = ""
    topic: str = ""
    language: str = ""
    since: date | None = None
    is_accessible: bool = False
    audience: str = ""

    def query(self, page: int = 1) -> str:
        since = self.since.isoformat() if self.since else ""
        return self._address(PATH, {"desde": since, "pagina": str(page) if page > 1 else ""})

    def month(self, month: Month | None) -> str:
        """Address of a month; None is the current one."""
        return self._address(MONTH_PATH, {"mes": str(month) if month else ""})

    def _address(self, path: str, more: Mapping[str, str]) -> str:
        values = {
            "municipio": self.town,
            "tema": self.topic,
            "idioma_cap": self.language,
            "para": self.audience,
            "acceso": "si" if self.is_accessible else "",
            **more,
        }
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{path}?{query}" if query else path

    @property
    def town_code(self) -> str:
        """INE code, or empty."""
        return _code_of(self.town)

    @property
    def starts_at(self) -> datetime | None:
        return clock.midnight(self.since) if self.since else None

    def trainings(self, coming: Sequence[Coming]) -> list[str]:
        """By the first session that passes. Access must hold at all sessions of a training."""
        found = dict.fromkeys(one.training_id for one in self.chosen(coming))
        hindered = {one.training_id for one in coming if not WITHOUT_STEPS & one.access} if self.is_accessible else ()
        return [one for one in found if one not in hindered]

    def chosen(self, coming: Iterable[D]) -> list[D]:
        """Without audience a thing is for everybody."""
        if self == EVERYTHING:
            return list(coming)
        code, earliest = self.town_code, self.starts_at
        return [
            one
            for one in coming
            if (not code or one.town_code == code)
            and (not self.topic or one.topic_slug == self.topic)
            and (not self.language or self.language in one.languages)
            and (earliest is None or one.starts_at >= earliest)
            and (not self.is_accessible or WITHOUT_STEPS & one.access)
            and (not self.audience or not one.audience or self.audience in one.audience)
        ]


EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class Applied:
    words: str
    href: str


def read_filters(query: Mapping[str, str], topics: Mapping[str, str]) -> tuple[Filters, list[str]]:
    """With a sentence for each value that was not understood."""
    notes: list[str] = []
    town = query.get("municipio", "")
    if town and not _code_of(town):
        town = _left_out(notes, gettext("No conocemos ese municipio. Mostramos todos."))
    topic = query.get("tema", "")
    if topic and topic not in topics:
        topic = _left_out(notes, gettext("No conocemos ese tema. Mostramos todos."))
    spoken = query.get("idioma_cap", "")
    if spoken and spoken not in LANGUAGES:
        spoken = _left_out(notes, gettext("No conocemos ese idioma. Mostramos todos."))
    since = _read_date(query.get("desde", ""), notes)
    invited = query.get("para", "")
    if invited and invited not in AUDIENCES:
        invited = _left_out(notes, gettext("No entendimos para quién busca. Mostramos todas."))
    access = query.get("acceso", "")
    if access not in ("", "si"):
        access = _left_out(notes, gettext("No entendimos qué acceso busca. Mostramos todas."))
    return Filters(town, topic, spoken, since, access == "si", invited), notes


def applied(
    filters: Filters, topics: Mapping[str, str], href: Callable[[Filters], str] = Filters.query
) -> list[Applied]:
    told: list[Applied] = []
    if filters.town:
        where = gettext("en %(place)s") % {"place": towns.by_slug()[filters.town].full_name}
        told.append(Applied(where, href(replace(filters, town=""))))
    if filters.topic:
        subject = gettext("sobre «%(topic)s»") % {"topic": topics[filters.topic]}
        told.append(Applied(subject, href(replace(filters, topic=""))))
    if filters.language:
        spoken = gettext("en %(language)s") % {"language": language_name(filters.language)}
        told.append(Applied(spoken, href(replace(filters, language=""))))
    if filters.audience:
        invited = gettext("para %(people)s") % {"people": gettext(AUDIENCES[ActorType(filters.audience)])}
        told.append(Applied(invited, href(replace(filters, audience=""))))
    if filters.since:
        day = gettext("desde el %(day)s") % {"day": dates.date_without_weekday(filters.since, language())}
        told.append(Applied(day, href(replace(filters, since=None))))
    if filters.is_accessible:
        told.append(Applied(gettext("con entrada sin gradas"), href(replace(filters, is_accessible=False))))
    return told


def summary(n: int, filters: Iterable[Applied]) -> str:
    number = n_trainings(n) if n else gettext("No hay capacitaciones")
    return " ".join(filter(None, [number, ", ".join(one.words for one in filters)]))


def choices(coming: Iterable[Offered], topics: Mapping[str, str], chosen: Filters) -> dict[str, list[Choice]]:
    known = list(coming)
    return {
        "towns": town_choices(known, chosen.town),
        "topics": topic_choices(known, topics, chosen.topic),
        "languages": language_choices(known, chosen.language),
        "audiences": audience_choices(known, chosen.audience),
    }


def town_choices(coming: Iterable[Offered], chosen: str) -> list[Choice]:
    codes = {one.town_code for one in coming} | ({_code_of(chosen)} if chosen else set())
    shown = sorted((towns.by_code()[code] for code in codes), key=lambda town: town.sort_key)
    return [(town.slug, town.full_name) for town in shown]


def topic_choices(coming: Iterable[Offered], topics: Mapping[str, str], chosen: str) -> list[Choice]:
    """In the catalogue's order."""
    slugs = {one.topic_slug for one in coming} | {chosen}
    return [(slug, name) for slug, name in topics.items() if slug in slugs]


def language_choices(coming: Iterable[Offered], chosen: str) -> list[Choice]:
    """Languages spoken or interpreted."""
    codes = {code for one in coming for code in one.languages} | ({chosen} if chosen else set())
    return [(code, gettext(name)) for code, name in LANGUAGES.items() if code in codes]


def audience_choices(coming: Iterable[Offered], chosen: str) -> list[Choice]:
    codes = {code for one in coming for code in one.audience} | ({chosen} if chosen else set())
    named = [(code.value, gettext(words)) for code, words in AUDIENCES.items() if code in codes]
    return [(code, words[:1].upper() + words[1:]) for code, words in named]


def _code_of(slug: str) -> str:
    town = towns.by_slug().get(slug)
    return town.code if town else ""


def _left_out(notes: list[str], sentence: str) -> str:
    notes.append(sentence)
    return ""


def _read_date(typed: str, notes: list[str]) -> date | None:
    if not typed:
        return None
    today = clock.today()
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        day = None
    if day is None or day > today + FARTHEST:
        notes.append(gettext("No entendimos la fecha. Mostramos desde hoy."))
        return None
    return day if day > today else None
