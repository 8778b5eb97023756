"""What is due where many are issued to: the one rule that jobs, buttons and their numbers read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.certificates.held import AFTER
from trainings.certificates.eligibility import (
    UNUSED,
    Due,
    annulled_of,
    diploma_due,
    due_unless_held,
    may_be_issued,
    note_due,
)
from trainings.certificates.models import Certificate, CertificateKind, CertificateState, SkipReason

CERTIFICADO, DIPLOMA, CONSTANCIA = CertificateKind.CERTIFICADO, CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA
PREPARED, VALID, REVOKED = CertificateState.PREPARED, CertificateState.VALID, CertificateState.REVOKED
CAME, COMPLETED, PASSED = [CONSTANCIA], [DIPLOMA, CONSTANCIA], [CERTIFICADO, DIPLOMA, CONSTANCIA]


def paper(kind: CertificateKind, state: CertificateState = VALID, *, number: int = 1, **columns: Any) -> Certificate:
    revoked_at = AFTER + timedelta(days=number) if state is REVOKED else None
    return Certificate(kind=kind, state=state, year=2027, number=number, code="0", revoked_at=revoked_at, **columns)


def test_diploma_when_completed_then_the_highest_kind_once() -> None:
    diploma = paper(DIPLOMA, PREPARED)

    assert diploma_due(PASSED, []) == Due(CERTIFICADO)
    assert diploma_due(PASSED, [diploma]) == Due(reason=SkipReason.HAS_ONE, paper=diploma), "exchanged for each alone"
    certificado = paper(CERTIFICADO)
    assert diploma_due(COMPLETED, [certificado]) == Due(reason=SkipReason.HAS_ONE, paper=certificado)
    assert due_unless_held(CERTIFICADO, [diploma]).paper is diploma, "nor is another prepared"
    assert [may_be_issued(kind, [certificado]) for kind in PASSED] == [False, False, True]
    assert diploma_due(COMPLETED, [paper(CONSTANCIA)]) == Due(DIPLOMA)
    assert diploma_due(COMPLETED, [diploma]) == Due(reason=SkipReason.HAS_ONE, paper=diploma)
    assert [diploma_due(earned, []) for earned in (CAME, [])] == [Due(reason=SkipReason.HOURS)] * 2


@pytest.mark.parametrize(
    ("earned", "papers", "kind", "reason"),
    [
        (CAME, [], CONSTANCIA, None),
        ([], [], None, None),
        (COMPLETED, [], None, None),
        (CAME, [paper(CONSTANCIA)], None, SkipReason.HAS_ONE),
        (CAME, [paper(DIPLOMA)], None, SkipReason.HAS_ONE),
        (CAME, [paper(DIPLOMA, PREPARED)], CONSTANCIA, None),
        (CAME, [paper(DIPLOMA, REVOKED)], CONSTANCIA, None),
    ],
    ids=["came", "never came", "completed", "has one", "valid diploma", "unused diploma", "annulled diploma"],
)
def test_note_then_for_who_came_without_a_diploma(
    earned: list[CertificateKind], papers: list[Certificate], kind: CertificateKind, reason: SkipReason
) -> None:
    due = note_due(earned, papers)

    assert (due.kind, due.reason) == (kind, reason)
    assert due.paper in papers if reason else due.paper is None


@pytest.mark.parametrize(
    ("papers", "which"),
    [
        ([], None),
        ([paper(DIPLOMA, REVOKED)], 0),
        ([paper(DIPLOMA, REVOKED, revoked_reason=UNUSED)], None),
        ([paper(CONSTANCIA, REVOKED)], None),
        ([paper(DIPLOMA, REVOKED), paper(CERTIFICADO, REVOKED, number=2)], 1),
        ([paper(DIPLOMA, REVOKED), paper(DIPLOMA, number=2)], None),
        ([paper(DIPLOMA, REVOKED), paper(DIPLOMA, REVOKED, number=2)], 1),
        ([paper(DIPLOMA, REVOKED), paper(DIPLOMA, REVOKED, number=2, revoked_reason=UNUSED)], None),
    ],
    ids=["none", "annulled", "unused", "another kind", "exchanged", "replaced", "annulled again", "another one unused"],
)
def test_annulled_then_the_newest_that_somebody_meant(papers: list[Certificate], which: int | None) -> None:
    found = annulled_of(DIPLOMA, papers)

    assert found is (None if which is None else papers[which])
    if found is not None:
        assert [diploma_due(earned, papers) for earned in (COMPLETED, PASSED)] == [
            Due(reason=SkipReason.ANNULLED, paper=found)
        ] * 2


def test_withdrawn_then_nothing_is_due_nor_said() -> None:
    withdrawn = paper(DIPLOMA, REVOKED)
    withdrawn.code = "-2345678901234"

    assert (diploma_due(COMPLETED, [withdrawn]), annulled_of(DIPLOMA, [withdrawn])) == (Due(), None)
