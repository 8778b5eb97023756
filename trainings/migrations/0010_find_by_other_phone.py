"""What finds people by the second telephone that lists bring. No release has kept one yet."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

INDEX = "INDEX ix_participant_other_tail ON participant (other_phone_tail) WHERE other_phone_tail IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("trainings", "0009_practice")]

    operations = [
        ops.AddField(
            model_name="Participant", name="other_phone_tail", field=fields.CharField(null=True, max_length=8)
        ),
        ops.RunSQL(f"CREATE {INDEX}", "DROP INDEX ix_participant_other_tail"),
    ]
