"""Who somebody comes for may stay unanswered; what a browser signed up is found by its key, of whatever training."""

from typing import Any

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from trainings.people.models import ActorType

ANEW = (
    "ALTER TABLE participant ADD COLUMN actor_type_or_none VARCHAR(16)",
    "UPDATE participant SET actor_type_or_none = actor_type",
    "ALTER TABLE participant DROP COLUMN actor_type",
    "ALTER TABLE participant RENAME COLUMN actor_type_or_none TO actor_type",
)


class Nullable(ops.AlterField):
    """SQLite cannot drop a column's NOT NULL: the mapper would make the whole table anew, without the partial indexes."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor is None or state_editor.client.capabilities.dialect != "sqlite":
            await super().database_forward(app_label, old_state, new_state, state_editor)
            return
        for statement in ANEW:
            await state_editor.client.execute_query(statement)


class Migration(migrations.Migration):
    dependencies = [("trainings", "0007_open_messages")]

    operations = [
        Nullable(
            model_name="Participant",
            name="actor_type",
            field=fields.CharEnumField(
                null=True,
                description="COCODE: cocode\nCOMUDE: comude\nALCALDIA: alcaldia\nDOCENTE: docente\nSALUD: salud\nRELIGIOSO: religioso\nRADIO: radio\nJUVENTUD: juventud\nMUJERES: mujeres\nCONSEJERA: consejera\nMUNICIPAL: municipal\nINSTITUCION: institucion\nORGANIZACION: organizacion\nFAMILIA: familia\nOTRO: otro",
                enum_type=ActorType,
                max_length=16,
            ),
        ),
        ops.RemoveIndex(model_name="RegistrationGroup", fields=["training_id", "browser_key"]),
        ops.AddIndex(model_name="RegistrationGroup", index=Index(fields=["browser_key", "training_id"])),
    ]
