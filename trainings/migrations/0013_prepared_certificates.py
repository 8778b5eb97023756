"""Certificates prepared and not given are counted at each opening of the panel: by an index of nothing but those."""

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEX = "INDEX ix_certificate_prepared ON certificate (hub_id) WHERE state = 'prepared'"


class Migration(migrations.Migration):
    dependencies = [("trainings", "0012_replaced_codes")]

    operations = [ops.RunSQL(f"CREATE {INDEX}", "DROP INDEX ix_certificate_prepared")]
