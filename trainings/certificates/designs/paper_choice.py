"""Design and language of papers: an operator's choice for all its trainings, or for one."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.places.models import Operator
from trainings.schedule.models import Training
from trainings.schedule.session_actions import locked_training


class Paper(NamedTuple):
    """`design`: a folder in `certificates/`. `language`: a code, or two where bilingual (`es`, `es+kek`)."""

    design: str
    language: str


def paper_of(training: Training) -> Paper:
    """The training's own, else its operator's (loaded with its hub)."""
    operator = training.hub.operator
    return Paper(training.design or operator.design, training.paper_language or operator.paper_language)


async def choose_for_operator(operator_id: UUID, paper: Paper, *, actor: Actor) -> None:
    """For future papers of trainings without a choice; issued papers stay."""
    async with transaction():
        [operator] = await lock(Operator, [operator_id])
        operator.design, operator.paper_language = paper
        await operator.save(update_fields=["design", "paper_language"])
        await record("certificates.choose_paper", actor=actor, object_id=operator_id, **paper._asdict())


async def choose_for_training(training_id: UUID, paper: Paper, *, actor: Actor) -> None:
    """For future papers. The operator's choice clears the training's own."""
    async with transaction():
        training = await locked_training(training_id)
        await training.fetch_related("hub__operator")
        operator = training.hub.operator
        is_usual = paper == (operator.design, operator.paper_language)
        training.design, training.paper_language = ("", "") if is_usual else paper
        await training.save(update_fields=["design", "paper_language"])
        await record(
            "certificates.choose_paper",
            actor=actor,
            object_id=training_id,
            hub_id=training.hub_id,
            **paper._asdict(),
        )
