"""What waits of a hub's messages is counted beside "Mensajes": by an index of nothing but open ones."""

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEX = """
    INDEX ix_outbox_open ON outbox_job (hub_id)
    WHERE done_at IS NULL AND failed_at IS NULL AND stopped_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("trainings", "0006_other_phone")]

    operations = [ops.RunSQL(f"CREATE {INDEX}", "DROP INDEX ix_outbox_open")]
