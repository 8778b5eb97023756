from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from trainings.people.forms import printable
from trainings.schedule.catalogue.course_actions import CoursePlan
from trainings.schedule.models import Course, CourseKind
from trainings.schedule.staff.forms import ActorTypes, Lines, Title
from trainings.web.forms import Form, Typed, wrong
from trainings.web.i18n import N_

MOST_CONTENTS = 30
MINUTES = re.compile(r"\d{1,5}")


class CourseForm(Form):
    """`contents`: one part a line, with its minutes after a bar ("Mitos y realidades | 120")."""

    kind: CourseKind
    topic: UUID | None = None
    topic_name: Annotated[str, printable(160)] = ""
    title: Title
    hours: float = Field(gt=0, le=400)
    summary: Lines = ""
    contents: Lines = ""
    audience: ActorTypes = []
    prerequisites: list[UUID] = []
    completion_share: int = Field(default=80, ge=1, le=100)
    pass_mark: int | None = Field(default=None, ge=1, le=100)
    is_active: bool = False

    @model_validator(mode="after")
    def _names_topic(self) -> CourseForm:
        if (self.topic is None) == (not self.topic_name):
            raise wrong(N_("Escoja un tema de la lista, o escriba uno nuevo: solo una de las dos cosas."))
        return self

    def plan(self, topic_id: UUID) -> CoursePlan:
        return CoursePlan(
            kind=self.kind,
            topic_id=topic_id,
            title=self.title,
            minutes=round(self.hours * 60),
            summary=self.summary,
            contents=contents_of(self.contents),
            audience=tuple(self.audience),
            prerequisite_ids=frozenset(self.prerequisites),
            completion_share=self.completion_share,
            pass_mark=self.pass_mark,
            is_active=self.is_active,
        )


def contents_of(lines: str) -> tuple[tuple[str, int], ...]:
    """With minutes; 0 if none are given."""
    parts = []
    for line in lines.splitlines()[:MOST_CONTENTS]:
        title, _bar, minutes = line.partition("|")
        if title.strip():
            parts.append((title.strip()[:180], int(minutes) if MINUTES.fullmatch(minutes.strip()) else 0))
    return tuple(parts)


def typed_course(course: Course, prerequisites: Iterable[UUID]) -> Typed:
    values: dict[str, Any] = {name: getattr(course, name, None) for name in CourseForm.model_fields}
    values |= {
        "topic": course.topic_id,
        "prerequisites": list(prerequisites),
        "hours": f"{course.minutes / 60:g}",
        "contents": "\n".join(_content_line(part) for part in course.contents),
        "is_active": "yes" if course.is_active else None,
    }
    return Typed.of(values)


def _content_line(part: dict[str, Any]) -> str:
    return f"{part['title']} | {part['minutes']}" if part.get("minutes") else str(part["title"])
