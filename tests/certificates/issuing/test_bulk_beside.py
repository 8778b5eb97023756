"""Files that are set while people are still being taken."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.certificates.crowd import make_crowd
from tests.certificates.held import AFTER, make_held
from tests.certificates.issuing.test_bulk import work
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing import bulk
from trainings.certificates.making import files
from trainings.certificates.making.typesetting import FileOrder
from trainings.certificates.models import Certificate, CertificateFile, IssueJob, JobPurpose, JobState
from trainings.settings import Settings


async def test_file_beside_a_step_when_it_cannot_be_gathered_then_people_are_taken_all_the_same(
    db: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PEOPLE_AT_ONCE", 3)
    training = await make_held(4)
    await make_crowd(training, 8)
    order_for, n_asked = files.order_for, 0

    async def fails_at_first(certificates: Sequence[Certificate]) -> list[FileOrder]:
        nonlocal n_asked
        n_asked += 1
        if n_asked == 1:
            raise KeyError("a picture that is gone")
        return await order_for(certificates)

    monkeypatch.setattr(files, "order_for", fails_at_first)
    with clock.frozen(AFTER):
        await bulk.start(training.id, JobPurpose.ISSUE, actor=PROGRAM)
        await work()

    assert n_asked > 1
    assert (await IssueJob.get()).state is JobState.DONE
    assert (await Certificate.all().count(), await CertificateFile.all().count()) == (8, 8)
