"""Attendance of a session in numbers, for its list and report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from trainings.attendance.queries import RosterLine, beside_list
from trainings.db import reads
from trainings.lib.text import fold
from trainings.people.models import AgeGroup, Participant, Sex
from trainings.registrations.models import Registration, Source
from trainings.schedule.models import TrainingSession

ADULTS = tuple(band for band in AgeGroup if not band.is_minor)


class Told(NamedTuple):
    """A person's own answers; None or empty: not answered."""

    sex: Sex | None
    age_group: AgeGroup | None
    community: str

    @property
    def is_minor(self) -> bool:
        return self.age_group is not None and self.age_group.is_minor


@dataclass(frozen=True, slots=True)
class Figures:
    """Everybody present. `adults`: by age and sex; None: not answered.

    Minors are only a number. `n_unnamed`: came by nameless card; `n_companions`: without a card. `by_community`:
    largest first, empty name: not answered.
    """

    n_expected: int
    n_absent: int
    n_present: int
    n_walk_ins: int
    n_minors: int
    n_to_review: int
    n_unnamed: int
    n_companions: int
    by_sex: Mapping[Sex | None, int]
    adults: Mapping[tuple[AgeGroup | None, Sex | None], int]
    by_community: Sequence[tuple[str, int]]

    @property
    def n_all(self) -> int:
        """Heads in the room, for the snack."""
        return self.n_present + self.n_unnamed + self.n_companions


async def figures_of(session: TrainingSession, lines: Iterable[RosterLine]) -> Figures:
    known = list(lines)
    here = [line.registration_id for line in known if line.stay.is_present]
    sources = await reads(Registration).filter(id__in=here).values_list("source") if here else []
    people = list((await told_of(known)).values())
    adults = [one for one in people if not one.is_minor]
    return Figures(
        n_expected=sum(line.is_expected for line in known),
        n_absent=sum(line.is_expected and not line.stay.is_present for line in known),
        n_present=len(people),
        n_walk_ins=sum(source is Source.WALK_IN for (source,) in sources),
        n_minors=len(people) - len(adults),
        n_to_review=sum(line.stay.to_review for line in known),
        by_sex=Counter(one.sex for one in people),
        adults=Counter((one.age_group, one.sex) for one in adults),
        by_community=_communities(people),
        **(await beside_list(session.id))._asdict(),
    )


async def told_of(lines: Iterable[RosterLine]) -> dict[UUID, Told]:
    """Answers of people present, by their main registration. Other registrations of the person, as staff merged them,
    fill what it does not say.
    """
    here = {line.registration_id: line.sign_ups for line in lines if line.stay.is_present}
    keys = sorted({key for sign_ups in here.values() for key in sign_ups})
    found = reads(Registration).filter(id__in=keys).order_by("id").select_related("participant")
    person_of = {one.id: one.participant for one in await found} if keys else {}
    return {key: _told([person_of[one] for one in sorted(sign_ups)]) for key, sign_ups in here.items()}


def _told(people: Sequence[Participant]) -> Told:
    kept_first = sorted(people, key=lambda one: one.merged_into_id is not None)
    return Told(
        sex=next((one.sex for one in kept_first if one.sex is not None), None),
        age_group=next((one.age_group for one in kept_first if one.age_group is not None), None),
        community=next((one.community for one in kept_first if one.community), ""),
    )


def _communities(people: Iterable[Told]) -> list[tuple[str, int]]:
    """Spellings are joined under the first."""
    shown: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for one in people:
        key = fold(one.community)
        shown.setdefault(key, one.community)
        counted[key] += 1
    return sorted(((shown[key], n) for key, n in counted.items()), key=lambda one: (not one[0], -one[1], fold(one[0])))
