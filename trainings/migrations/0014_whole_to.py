"""What a phone is asked to send again is looked for only among the numbers after those that came whole."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("trainings", "0013_prepared_certificates")]

    operations = [
        ops.AddField(model_name="Device", name="whole_to", field=fields.IntField(default=0, db_default=0)),
    ]
