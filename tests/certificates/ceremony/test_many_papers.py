"""What is done to many papers at once: the database is asked no more often than for one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tests.certificates.crowd import make_crowd
from tests.certificates.held import AFTER, issue_all, make_held
from tests.queries import counted_queries
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.ceremony import handover
from trainings.certificates.issuing import actions, late_data
from trainings.certificates.models import Certificate, CertificateReview, HandedOver
from trainings.schedule.staff.corrections import correct_session
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
ACTS = ("certificates.leave", "certificates.hand_over", "certificates.take_back", "certificates.revoke")


async def test_left_handed_over_taken_back_and_annulled_when_many_then_asked_as_often_as_for_one(
    db: Settings, freeze: Freeze
) -> None:
    asked: list[list[int]] = []
    for n in (1, 5):
        training = await make_held(4, 4)
        await make_crowd(training, n)
        freeze(AFTER)
        await issue_all(training)
        last = training.sessions[-1]
        ends_at = last.ends_at - timedelta(hours=1)
        await correct_session(last.id, last.starts_at, ends_at, actor=PROGRAM, reason="Terminó antes")
        seen = [(one.certificate.id, one.text) for one in await late_data.changes_of(training.id)]
        ids = [key for key, _text in seen]
        asked.append([])
        for act in (
            late_data.leave(training.id, seen, actor=PROGRAM),
            handover.hand_over(training.id, ids, HandedOver.LIST, actor=PROGRAM),
            handover.take_back(training.id, ids, actor=PROGRAM),
            actions.annul_chosen(training.id, ids, "Se repite", actor=PROGRAM),
        ):
            with counted_queries() as queries:
                await act
            asked[-1].append(len(queries))

    assert asked[0] == asked[1]
    assert [await AuditLine.filter(act=act).count() for act in ACTS] == [6] * len(ACTS)
    assert await CertificateReview.all().count() == 6
    assert {(one.state, one.revoked_reason, one.handed_over_at) for one in await Certificate.all()} == {
        ("revoked", "Se repite", None)
    }
