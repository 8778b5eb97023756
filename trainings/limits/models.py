"""Hits are counted in the database, so that all processes agree."""

from __future__ import annotations

from tortoise import Model, fields

from trainings.db.fields import UTCDatetimeField


class RateWindow(Model):
    """Hits of one key (an HMAC, never an address) in one window of time."""

    key = fields.CharField(max_length=96, primary_key=True)
    hits = fields.IntField(default=0)
    expires_at = UTCDatetimeField(db_index=True)

    class Meta:
        table = "rate_window"
