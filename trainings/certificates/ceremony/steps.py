"""A training's diplomas in steps (papers, printing, hand-over): the next step, and obstacles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from trainings.certificates.eligibility import HIGHER
from trainings.certificates.issuing.preparing import Outdated, Waiting
from trainings.certificates.issuing.revisions import in_hand
from trainings.certificates.issuing.staff_queries import Person, stands
from trainings.certificates.models import Certificate, CertificateState
from trainings.schedule.completion import Outlook


class Step(StrEnum):
    """In this order."""

    PAPERS = "papers"
    PRINT = "print"
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class Road:
    """How far a training's diplomas are. Counts standing certificates, except the first three numbers; a paper whose
    name was removed counts in none: it is neither printed nor handed over.

    `n_on_track` may be prepared before the end, `n_due` issued after it, `n_notes_due` given a note of their hours for
    lack of a diploma; all three leave out unprintable names. `n_unused` were prepared for people who did not complete,
    `n_unused_in_hand` of them handed over all the same. `outdated`: what prepared papers say that no longer holds,
    `n_outdated` can be set anew, `n_outdated_in_hand` were handed over before.
    """

    is_over: bool
    n_people: int
    n_confirmed: int
    n_on_track: int
    n_due: int
    n_notes_due: int
    n_prepared: int
    n_valid: int
    n_printed: int
    n_changed: int
    n_handed_over: int
    n_unused: int
    n_unused_in_hand: int
    outdated: Sequence[Outdated]
    n_outdated: int
    n_outdated_in_hand: int

    @property
    def n_papers(self) -> int:
        return self.n_prepared + self.n_valid

    @property
    def n_to_print(self) -> int:
        """Never printed; papers changed since printing are counted apart."""
        return self.n_papers - self.n_printed

    @property
    def n_to_make(self) -> int:
        return self.n_due if self.is_over else self.n_on_track

    @property
    def next(self) -> Step | None:
        """None: nothing is there yet, or all is done."""
        if self.n_to_make:
            return Step.PAPERS
        if self.n_to_print or self.n_changed:
            return Step.PRINT
        return Step.HAND_OVER if self.n_handed_over < self.n_papers else None


def road_of(
    people: Sequence[Person],
    *,
    is_over: bool,
    waiting: Sequence[Waiting],
    changed: Collection[UUID],
    confirmed: Collection[UUID],
) -> Road:
    papers = [one for person in people for one in person.wanted if one.erased_at is None]
    outdated = [one for one in waiting if one.outdated and not one.is_unused]
    unused = [one for one in waiting if one.is_unused]
    return Road(
        is_over=is_over,
        n_people=len(people),
        n_confirmed=sum(person.registration.id in confirmed for person in people),
        n_on_track=sum(is_on_track(person) for person in people),
        n_due=sum(person.due is not None and not person.letters for person in people),
        n_notes_due=sum(person.is_note_due and not person.letters for person in people),
        n_prepared=_n(papers, CertificateState.PREPARED),
        n_valid=_n(papers, CertificateState.VALID),
        n_printed=sum(one.printed_at is not None for one in papers),
        n_changed=sum(one.id in changed for one in papers),
        n_handed_over=sum(one.handed_over_at is not None for one in papers),
        n_unused=len(unused),
        n_unused_in_hand=_n_in_hand(unused),
        outdated=sorted({what for one in outdated for what in one.outdated}),
        n_outdated=len(outdated) - _n_in_hand(outdated),
        n_outdated_in_hand=_n_in_hand(outdated),
    )


def _n_in_hand(waiting: Sequence[Waiting]) -> int:
    return sum(in_hand(one.certificate) for one in waiting)


def _n(papers: Sequence[Certificate], state: CertificateState) -> int:
    return sum(one.state is state for one in papers)


def is_on_track(person: Person) -> bool:
    """Whether a diploma may be prepared for a person without one: due by `preparing.due`, name printable, none taken
    away.
    """
    has_one = any(stands(one) and one.kind in HIGHER for one in person.certificates)
    may_be_made = not has_one and not person.letters and not person.had_one_withdrawn
    return person.is_expected and person.outlook is not Outlook.OUT_OF_REACH and may_be_made
