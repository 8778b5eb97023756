"""The data layer: one database, SQLite or PostgreSQL, behind the same few functions."""

from trainings.db.connection import batch, close_in_turn, connect, is_in_transaction, lock, reads, transaction
from trainings.db.fields import reveal, sealed, sealer
from trainings.db.keyring import keyring
from trainings.db.migrating import migrate, pending_migrations

__all__ = [
    "batch",
    "close_in_turn",
    "connect",
    "is_in_transaction",
    "keyring",
    "lock",
    "migrate",
    "pending_migrations",
    "reads",
    "reveal",
    "sealed",
    "sealer",
    "transaction",
]
