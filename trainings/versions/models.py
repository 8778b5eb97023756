"""Counters of what readers keep in memory: a feed is built again only when its number has moved."""

from __future__ import annotations

from datetime import datetime

from tortoise import Model, fields

from trainings.db.fields import UTCDatetimeField


class Counter(Model):
    """How often the thing named by `key` (e.g. `municipio:1705`) has changed, and when last."""

    key = fields.CharField(max_length=140, primary_key=True)
    number = fields.IntField()
    changed_at: datetime = UTCDatetimeField()

    class Meta:
        table = "counter"
