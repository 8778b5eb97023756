"""A second telephone of a person, as lists bring it."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from trainings.db.fields import EncryptedTextField


class Migration(migrations.Migration):
    dependencies = [("trainings", "0005_find_people")]

    operations = [
        ops.AddField(model_name="Participant", name="other_phone", field=EncryptedTextField(null=True)),
    ]
