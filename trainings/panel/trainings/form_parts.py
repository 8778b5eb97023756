"""What the form of a training shows closed, in a line each, and what a course fills in."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from trainings.db import reads
from trainings.places.models import Hub
from trainings.schedule.models import REAL, Course, Training
from trainings.schedule.plans import TrainingPlan
from trainings.schedule.public.sentences import listing
from trainings.schedule.staff import forms
from trainings.web.forms import Typed, key_in
from trainings.web.i18n import N_, gettext

Choices = Sequence[tuple[str, str]]
"""Codes with their words."""

USUAL_START = "08:30"
LONGEST_DAY = 8 * 60
"""Minutes. A longer course is of several sessions, whose hours nobody knows yet."""
DAY = 24 * 60
HOUR = re.compile("([0-9]{1,2}):([0-9]{2})")
MORE = "_more"
"""Behind the name of a field: one more language from the whole list."""
FROM_THE_LAST = ("audience", "languages", "interpreter_languages", "offers", "bring", "capacity", "childcare_capacity")

FIELDS: Mapping[str, Sequence[str]] = {
    "about": ("title", "summary", "neutral_title", "project"),
    "place": ("place_shown", "approval_required", "unasked", "online_url"),
    "signing": (
        *("childcare_capacity", "has_waiting_list", "walk_ins", "offer_hours"),
        *("opens_on", "opens_time", "closes_on", "closes_time", ""),
    ),
    "languages": ("languages", "interpreter_languages"),
    "offered": ("offers", "bring", "contact_phone"),
}
"""Fields of each closed part; under "" stands what concerns the dates of signing up."""


@dataclass(frozen=True, slots=True)
class Part:
    """`said`: what is set. Open where something is to be corrected."""

    said: str
    is_open: bool


def parts_of(typed: Typed, offers: Choices, languages: Choices) -> dict[str, Part]:
    said = {
        "about": _about(typed),
        "place": _place(typed),
        "signing": _signing(typed),
        "languages": _languages(typed, dict(languages)),
        "offered": _offered(typed, dict(offers)),
    }
    return {
        name: Part(
            ". ".join(words for words in said[name] if words) or gettext(N_("Nada todavía")),
            any(typed.error(field) for field in fields),
        )
        for name, fields in FIELDS.items()
    }


def audience_of(typed: Typed, actor_types: Choices) -> str:
    words = dict(actor_types)
    chosen = listing([words[code] for code in typed.values("audience") if code in words])
    return chosen or gettext(N_("Los grupos del curso, o cualquier persona"))


def _about(typed: Typed) -> list[str]:
    return [
        typed.value("title") or gettext(N_("Título y texto del curso")),
        gettext(N_("Con título discreto")) if typed.value("neutral_title") else "",
        gettext(N_("En un proyecto")) if typed.value("project") else "",
    ]


def _place(typed: Typed) -> list[str]:
    is_protected = typed.value("place_shown") == "after_confirmation"
    return [
        gettext(N_("Lugar protegido")) if is_protected else gettext(N_("Todas las personas ven el lugar")),
        gettext(N_("Se acepta a cada persona a mano")) if typed.value("approval_required") else "",
        gettext(N_("En línea")) if typed.value("online_url") else "",
    ]


def _signing(typed: Typed) -> list[str]:
    words = {
        "has_waiting_list": N_("Con lista de espera"),
        "walk_ins": N_("Se puede llegar sin inscripción"),
        "opens_on": N_("Se abre en otra fecha"),
        "closes_on": N_("Se cierra en otra fecha"),
    }
    children = typed.value("childcare_capacity").strip()
    said = [gettext(text) for name, text in words.items() if typed.value(name)]
    return [*said, gettext(N_("Cuidado infantil: %(n)s")) % {"n": children} if children.strip("0") else ""]


def _languages(typed: Typed, words: Mapping[str, str]) -> list[str]:
    spoken, interpreted = (
        listing([words[code] for code in typed.values(name) if code in words])
        for name in ("languages", "interpreter_languages")
    )
    return [spoken, gettext(N_("Con intérprete: %(languages)s")) % {"languages": interpreted} if interpreted else ""]


def _offered(typed: Typed, words: Mapping[str, str]) -> list[str]:
    return [
        listing([words[code] for code in typed.values("offers") if code in words]),
        gettext(N_("Qué traer: %(things)s")) % {"things": typed.value("bring")} if typed.value("bring") else "",
    ]


# -- languages


def near_languages(hub: Hub, typed: Typed, languages: Choices) -> Choices:
    """Spanish, the hub's, and those that were chosen; the others are in a list."""
    near: Collection[str] = {"spa", *hub.languages, *typed.values("languages"), *typed.values("interpreter_languages")}
    return [choice for choice in languages if choice[0] in near]


def take_languages(typed: Typed) -> None:
    """Put what was chosen from the whole list beside what was ticked."""
    for name in ("languages", "interpreter_languages"):
        more = typed.fields.pop(name + MORE, [])
        chosen = [code for code in (*typed.values(name), *more) if code]
        if chosen:
            typed.fields[name] = list(dict.fromkeys(chosen))


# -- what a course fills in


async def fill_from_course(typed: Typed, hub: Hub) -> str:
    """Hours of the first session by the course, the rest as the hub's last training of it; what happened in words."""
    course = await _course(typed.value("course"))
    if course is None:
        return ""
    start = typed.value("sessions-0-starts") or USUAL_START
    if course.minutes <= LONGEST_DAY:
        typed.fields["sessions-0-starts"] = [start]
        typed.fields["sessions-0-ends"] = [_later(start, course.minutes)]
    last = await _last_of(course.id, hub)
    if last is None:
        return gettext(N_("Listo: las horas son las del curso."))
    values = forms.typed_training(last, [])
    for name in (*FROM_THE_LAST, "from_age"):
        typed.fields[name] = values.values(name)
    return gettext(N_("Listo: las horas son las del curso, y lo demás como la última vez. Cambie lo que haga falta."))


async def _course(typed: str) -> Course | None:
    key = key_in(typed)
    return await reads(Course).get_or_none(id=key) if key else None


async def _last_of(course_id: UUID, hub: Hub) -> Training | None:
    return await reads(Training).filter(REAL, course_id=course_id, hub_id=hub.id).order_by("-created_at").first()


async def with_last_design(plan: TrainingPlan, hub: Hub) -> TrainingPlan:
    """Papers in the design of the last time."""
    last = await _last_of(plan.course_id, hub)
    return plan if last is None else replace(plan, design=last.design, paper_language=last.paper_language)


def _later(start: str, minutes: int) -> str:
    """Empty where that is no hour, or the session would pass midnight."""
    told = HOUR.fullmatch(start)
    end = int(told[1]) * 60 + int(told[2]) + minutes if told else DAY
    return f"{end // 60:02}:{end % 60:02}" if end < DAY else ""
