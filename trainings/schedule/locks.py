from __future__ import annotations

from uuid import UUID

from trainings.db import lock
from trainings.errors import NotFound
from trainings.schedule.models import Training
from trainings.web.i18n import N_


async def locked_training(training_id: UUID) -> Training:
    """Holds the row until the transaction ends."""
    found = await lock(Training, [training_id])
    if not found:
        raise NotFound(N_("No encontramos esa capacitación."))
    return found[0]
