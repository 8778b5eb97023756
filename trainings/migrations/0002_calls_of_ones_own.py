"""Call lists that staff begin with words of their own, and people told together."""

import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from trainings.db.fields import EncryptedTextField
from trainings.db.steps import OtherWords
from trainings.outbox.models import CallReason, Whom


class Migration(migrations.Migration):
    dependencies = [("trainings", "0001_initial")]

    initial = False

    operations = [
        ops.AddField(model_name="Call", name="at_once_id", field=fields.UUIDField(null=True)),
        ops.AddField(model_name="HolderCall", name="at_once_id", field=fields.UUIDField(null=True)),
        OtherWords(
            model_name="CallList",
            name="reason",
            field=fields.CharEnumField(
                description=(
                    "CHANGED: changed\nCANCELLED: cancelled\nREMINDER: reminder\nOFFERED: offered\n"
                    "CERTIFICATE: certificate\nANNULLED: annulled\nOWN: own"
                ),
                enum_type=CallReason,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="CallList",
            name="chosen",
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
        ),
        ops.AddField(
            model_name="CallList", name="community", field=fields.CharField(default="", db_default="", max_length=200)
        ),
        ops.AddField(
            model_name="CallList",
            name="whom",
            field=fields.CharEnumField(
                null=True,
                description=(
                    "ALL: all\nNO_MAIL: no_mail\nIMPORTED: imported\nWAITING: waiting\nABSENT: absent\n"
                    "HOLDERS: holders\nCOMMUNITY: community"
                ),
                enum_type=Whom,
                max_length=16,
            ),
        ),
        ops.AddField(model_name="CallList", name="words", field=EncryptedTextField(null=True, unique=False)),
    ]
