from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.db.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("trainings", "0024_where_mail_is_held")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Certificate",
            name="name_before",
            field=fields.CharField(default="", db_default="", max_length=241),
        ),
        ops.AddField(
            model_name="Certificate",
            name="renamed_at",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="Certificate",
            name="renamed_by_id",
            field=fields.UUIDField(null=True),
        ),
    ]
