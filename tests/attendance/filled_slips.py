"""Slips as a phone fills them in and seals them, for the tests of this folder."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from tests.attendance.doors import Opened
from tests.attendance.phone_side import seal
from tests.attendance.uploading import event, ms
from trainings.db import keyring
from trainings.lib import tokens
from trainings.lib.sealing import SealedBox
from trainings.registrations.models import Card

MINUTE = timedelta(minutes=1)


def answers(door: Opened, **changed: Any) -> dict[str, Any]:
    """What the form on the phone asks, read aloud five minutes after the session began."""
    asked = {
        "v": 1,
        "given_names": "Berta Luz",
        "surnames": "Tiul Ché",
        "municipality": "1705",
        "community": "Las Pozas",
        "actor_type": "cocode",
        "sex": "mujer",
        "age_group": "35-59",
        "phone": "55551234",
        "consent": True,
        "consent_read_at": ms(door.starts_at + 5 * MINUTE),
        "text_version": "2026-12",
        "language": "spa",
    }
    return {name: value for name, value in (asked | changed).items() if value is not None}


def sealed(text: bytes, event_id: str) -> str:
    key_id, raw = SealedBox(keyring()).public()[0]
    return seal(text, f"slip|{event_id}", key_id, raw)


def slip(door: Opened, card: Card, body: bytes | None = None, *, key: str = "", **changed: Any) -> dict[str, Any]:
    key = key or str(tokens.uuid7())
    text = body if body is not None else json.dumps(answers(door, **changed)).encode()
    at = door.starts_at + 20 * MINUTE
    return event(door, at, kind="slip", how="button", id=key, h=card.qr_hash[:24], sealed=sealed(text, key))
