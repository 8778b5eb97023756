"""Information notes of the hubs, and the contacts that stand on the orientation page: reviewed, sourced, dated."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from trainings.db.fields import UTCDatetimeField, reference
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.accounts.models import User
    from trainings.places.models import Hub


class NoteKind(StrEnum):
    INFORMATION = "information"
    TREND = "trend"


class NoteState(StrEnum):
    """Only drafts are deleted, and kept for a while; public notes are withdrawn."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    DELETED = "deleted"


class Situation(StrEnum):
    """The five tiles of the orientation page; nothing about its visitors is kept."""

    WORK_ABROAD = "work_abroad"
    RELATIVE_TRAVELLING = "relative_travelling"
    RETURNED = "returned"
    FROM_ABROAD = "from_abroad"
    CHILD_ALONE = "child_alone"


class InformationNote(Record):
    """Verified information in a safe subset of Markdown. Needs source and day of review to be published.

    It leaves the pages after `expires_on`. `situations`: tiles that lead to it. `audio`: a file in the data folder,
    read aloud by a person.
    """

    slug = fields.CharField(max_length=120, unique=True)
    hub: fields.ForeignKeyRelation[Hub] = reference("Hub", "notes")
    hub_id: UUID
    kind = fields.CharEnumField(NoteKind, max_length=16)
    title = fields.CharField(max_length=180)
    body = fields.TextField()
    lang = fields.CharField(max_length=8, default="es-GT")
    situations: list[str] = fields.JSONField(default=list)
    source_name = fields.CharField(max_length=200, default="")
    source_url = fields.CharField(max_length=500, default="")
    author: fields.ForeignKeyRelation[User] = reference("User", "notes")
    author_id: UUID
    reviewed_on: date | None = fields.DateField(null=True)
    expires_on: date | None = fields.DateField(null=True)
    audio = fields.CharField(max_length=120, default="")
    audio_language = fields.CharField(max_length=3, default="")
    state = fields.CharEnumField(NoteState, max_length=16, default=NoteState.DRAFT)
    published_at: datetime | None = UTCDatetimeField(null=True)
    changed_at: datetime = UTCDatetimeField()

    class Meta:
        table = "information_note"
        indexes = (("state", "expires_on"),)


class HelpContact(Record):
    """An institution to call in a situation: its number, where and when that was checked."""

    name = fields.CharField(max_length=160)
    about = fields.CharField(max_length=240, default="")
    phone = fields.CharField(max_length=20)
    hours = fields.CharField(max_length=120, default="")
    country = fields.CharField(max_length=2, default="GT")
    situations: list[str] = fields.JSONField(default=list)
    is_emergency = fields.BooleanField(default=False)
    source_name = fields.CharField(max_length=200)
    source_url = fields.CharField(max_length=500, default="")
    reviewed_on: date = fields.DateField()
    position = fields.IntField(default=0)
    is_active = fields.BooleanField(default=True)

    class Meta:
        table = "help_contact"
        ordering = ("position", "name")
