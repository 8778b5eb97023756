from __future__ import annotations

from datetime import datetime

from tortoise import Model, fields

from trainings.db.fields import UTCDatetimeField


class Counter(Model):
    """How often what `key` names (`municipio:1705`) changed, and when last. A feed is built again only when its counter
    moved.
    """

    key = fields.CharField(max_length=140, primary_key=True)
    number = fields.IntField()
    changed_at: datetime = UTCDatetimeField()

    class Meta:
        table = "counter"
