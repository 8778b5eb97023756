"""The road of a training's diplomas in steps: papers, printing, hand-over; which is next, and what is in the way."""

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
    """What is to be done with the diplomas of a training, in this order."""

    PAPERS = "papers"
    PRINT = "print"
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class Road:
    """How far the diplomas of one training are. All numbers are of certificates that stand, but the first ones.
    One whose name was removed is printed and handed over no more, and counts in none.

    `n_on_track` may be prepared before the end, `n_due` issued after it, `n_notes_due` given a note of their hours,
    having earned no diploma; of all three those whose name cannot be printed are left out. `n_unused` were prepared for
    who did not complete, `n_unused_in_hand` of these were handed over all the same; `outdated` is what prepared ones
    say that no longer holds, `n_outdated` how many of them can be set anew, `n_outdated_in_hand` how many were handed
    over already.
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
        """Those never printed; what changed since is counted apart."""
        return self.n_papers - self.n_printed

    @property
    def n_to_make(self) -> int:
        return self.n_due if self.is_over else self.n_on_track

    @property
    def next(self) -> Step | None:
        """The one main thing to do now; none before there is anything, and after everything."""
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
    """From what the page reads: everybody, prepared papers, papers set anew since printing, names confirmed."""
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
    """Whether a diploma may be prepared for somebody who has none: as `preparing.due` says, the name can be set, and
    they had none taken away.
    """
    has_one = any(stands(one) and one.kind in HIGHER for one in person.certificates)
    may_be_made = not has_one and not person.letters and not person.had_one_withdrawn
    return person.is_expected and person.outlook is not Outlook.OUT_OF_REACH and may_be_made
