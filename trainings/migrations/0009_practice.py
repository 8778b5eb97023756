"""A training may be a practice. The tables stay as they are: the words of a state are no rule of theirs."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.schedule.models import TrainingState

WORDS = "DRAFT: draft\nPUBLISHED: published\nUNLISTED: unlisted\nCANCELLED: cancelled\nPRACTICE: practice"


class Reworded(ops.AlterField):
    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        """Nothing: SQLite would make the whole table anew."""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0008_actor_type_is_optional")]

    operations = [
        Reworded(
            model_name="Training",
            name="state",
            field=fields.CharEnumField(
                default=TrainingState.DRAFT,
                db_index=True,
                description=WORDS,
                enum_type=TrainingState,
                max_length=16,
            ),
        ),
        Reworded(
            model_name="Training",
            name="state_before",
            field=fields.CharEnumField(null=True, description=WORDS, enum_type=TrainingState, max_length=16),
        ),
    ]
