"""Who was at a session, as numbers: for the totals under its list and the report that goes with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trainings.attendance.queries import RosterLine, beside_list
from trainings.db import reads
from trainings.lib.text import fold
from trainings.people.models import AgeGroup, Participant, Sex
from trainings.registrations.models import Registration, Source
from trainings.schedule.models import TrainingSession

ADULTS = tuple(band for band in AgeGroup if not band.is_minor)


@dataclass(frozen=True, slots=True)
class Figures:
    """Everybody who was there. `adults` counts by age and sex, none where it was not answered.

    Minors are a number alone. `n_unnamed` came with a card that has no name yet, `n_companions` without a card.
    `by_community` begins with the largest; an empty name is what nobody said.
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
        """Heads in the room: what a snack is for."""
        return self.n_present + self.n_unnamed + self.n_companions


async def figures_of(session: TrainingSession, lines: Iterable[RosterLine]) -> Figures:
    """The figures of a session whose roster these lines are."""
    known = list(lines)
    here = [line.registration_id for line in known if line.stay.is_present]
    found = reads(Registration).filter(id__in=here).select_related("participant")
    registrations = await found if here else []
    people = [one.participant for one in registrations]
    adults = [one for one in people if not is_minor(one)]
    return Figures(
        n_expected=sum(line.is_expected for line in known),
        n_absent=sum(line.is_expected and not line.stay.is_present for line in known),
        n_present=len(people),
        n_walk_ins=sum(one.source is Source.WALK_IN for one in registrations),
        n_minors=len(people) - len(adults),
        n_to_review=sum(line.stay.to_review for line in known),
        by_sex=Counter(one.sex for one in people),
        adults=Counter((one.age_group, one.sex) for one in adults),
        by_community=_communities(people),
        **(await beside_list(session.id))._asdict(),
    )


def is_minor(person: Participant) -> bool:
    return person.age_group is not None and person.age_group.is_minor


def _communities(people: Iterable[Participant]) -> list[tuple[str, int]]:
    """However it was written: the spelling that came first stands for all."""
    shown: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for one in people:
        key = fold(one.community)
        shown.setdefault(key, one.community)
        counted[key] += 1
    return sorted(((shown[key], n) for key, n in counted.items()), key=lambda one: (not one[0], -one[1], fold(one[0])))
