from tortoise import models

from trainings.db.connection import batch, close_in_turn, connect, is_in_transaction, reads, transaction
from trainings.db.fields import keyring, reveal, sealed, sealer
from trainings.db.migrating import migrate, pending_migrations
from trainings.db.prepared import lock

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

# For comments beginning with `#:` Tortoise reads the source of every model. There are none: it took a fifth of a start.
models._get_comments = lambda cls: {}  # noqa: ARG005
