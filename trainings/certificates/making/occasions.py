from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from trainings.certificates.designs.brand import letterhead_of
from trainings.certificates.designs.paper_choice import paper_of
from trainings.certificates.designs.signatories import printed
from trainings.certificates.making.contents import Occasion
from trainings.schedule.models import Training, TrainingSession


async def gathered(
    training: Training, sessions: Sequence[TrainingSession], issued_on: date, *, stand_in: str = ""
) -> Occasion:
    """The training comes as `Occasion` says, with the operator's signatories. `stand_in`: a sample's facilitator where
    nobody holds a session.
    """
    operator = training.hub.operator
    letterhead = await letterhead_of(operator)
    return Occasion(
        training,
        sessions,
        await printed(
            operator.signatories,
            issued_on,
            training_id=training.id,
            language=paper_of(training).language,
            stand_in=stand_in,
        ),
        issued_on,
        shield=letterhead.shield,
        logos=letterhead.logos,
    )
