"""Two columns that nothing writes and nothing reads."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops


class Dropped(ops.RemoveField):
    """On SQLite the mapper would make the whole table anew, without the partial indexes."""

    async def database_forward(
        self,
        app_label: str,
        old_state: Any,
        new_state: Any,  # noqa: ARG002  the interface names it
        state_editor: Any = None,
    ) -> None:
        if state_editor is not None:
            table = old_state.models[app_label, self.model_name].options["table"]
            await state_editor.client.execute_query(f'ALTER TABLE "{table}" DROP COLUMN "{self.name}"')


class Migration(migrations.Migration):
    dependencies = [("trainings", "0010_find_by_other_phone")]

    operations = [
        Dropped(model_name="ScanEvent", name="device"),
        Dropped(model_name="RegistrationGroup", name="offer_moved_at"),
    ]
