from tortoise import migrations
from tortoise.migrations import operations as ops

from trainings.db.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("trainings", "0026_who_cancelled_and_renamed")]

    initial = False

    operations = [
        ops.AddField(
            model_name="IssuerKey",
            name="compromised_since",
            field=UTCDatetimeField(null=True),
        ),
        ops.AddField(
            model_name="SigningKey",
            name="compromised_since",
            field=UTCDatetimeField(null=True),
        ),
    ]
