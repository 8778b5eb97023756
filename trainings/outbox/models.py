from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tortoise import fields

from trainings.db.fields import EncryptedTextField, UTCDatetimeField, reference
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.places.models import Operator
    from trainings.registrations.models import Registration, ReservedBlock
    from trainings.schedule.models import Training


class Outcome(StrEnum):
    """`kept`: no mail server is set. `overtaken`: it no longer holds. `nobody`: no address. `done`: no message.
    `refused` for good; `gave_up` after the last try. `maybe`: handed over, never answered.
    """

    SENT = "sent"
    KEPT = "kept"
    OVERTAKEN = "overtaken"
    NOBODY = "nobody"
    DONE = "done"
    STOPPED = "stopped"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    MAYBE = "maybe"


OPEN: Mapping[str, Any] = {"done_at": None, "failed_at": None, "stopped_at": None}
IS_OPEN = "done_at IS NULL AND failed_at IS NULL AND stopped_at IS NULL"
"""`OPEN` in SQL."""
UNTRIED: Mapping[str, Any] = {**OPEN, "attempts": 0}


class OutboxJob(Record):
    """One thing to do at least once. `payload` holds ids only: never a link, token, address or name.

    Jobs with equal `dedup` are one row. `subject_id`: the registration; `lang`: of the person who asked and reads it,
    else empty; `batch`: messages that staff may stop within ten minutes. `attempts` counts claims, so that a worker
    whose lease ran out writes nothing; `tries` counts failures; `n_unanswered` copies handed over without an answer;
    `doubted_at`: a server first refused the recipient without a reason.
    """

    kind = fields.CharField(max_length=48)
    payload: dict[str, Any] = fields.JSONField()
    dedup = fields.CharField(max_length=120, unique=True)
    subject_id: UUID | None = fields.UUIDField(null=True, db_index=True)
    hub_id: UUID | None = fields.UUIDField(null=True, db_index=True)
    batch_id: UUID | None = fields.UUIDField(null=True, db_index=True)
    lang = fields.CharField(max_length=8, default="")
    run_at: datetime = UTCDatetimeField()
    attempts = fields.IntField(default=0)
    tries = fields.IntField(default=0)
    n_unanswered = fields.IntField(default=0, db_default=0)
    doubted_at: datetime | None = UTCDatetimeField(null=True)
    lease_until: datetime | None = UTCDatetimeField(null=True)
    done_at: datetime | None = UTCDatetimeField(null=True)
    failed_at: datetime | None = UTCDatetimeField(null=True)
    stopped_at: datetime | None = UTCDatetimeField(null=True)
    outcome = fields.CharField(max_length=32, default="")
    last_error = fields.CharField(max_length=300, default="")

    class Meta:
        table = "outbox_job"

    @property
    def is_open(self) -> bool:
        return self.done_at is None and self.failed_at is None and self.stopped_at is None


class StoppedBatch(Record):
    """Messages and calls that staff stopped (`created_at`)."""

    batch_id: UUID = fields.UUIDField(unique=True)

    class Meta:
        table = "stopped_batch"


class WhyHeld(StrEnum):
    """Our user or password, our address, three domains, three recipients of one; or we refuse to send a readable
    password.
    """

    SIGN_IN = "sign_in"
    SENDER = "sender"
    DOMAINS = "domains"
    RECIPIENTS = "recipients"
    INSECURE = "insecure"


class MailHold(Record):
    """Refusals by a domain's server since it last took mail, or without `domain_key` of all.

    `recipient_keys`: keyed hashes until the domain is held, then `domain` names it. `is_unbroken`: no mail was taken
    since the last refusal. `held_at`: nothing is sent from then on. `reason`: the last answer.
    """

    domain_key = fields.CharField(max_length=64, unique=True)
    domain = fields.CharField(max_length=255, default="")
    recipient_keys: list[str] = fields.JSONField()
    is_unbroken = fields.BooleanField(default=False)
    held_at: datetime | None = UTCDatetimeField(null=True)
    why = fields.CharEnumField(WhyHeld, max_length=16, default=WhyHeld.RECIPIENTS)
    reason = fields.CharField(max_length=300, default="")

    class Meta:
        table = "mail_hold"


class MessageTemplate(Record):
    """An operator's own words for a kind of message in a language.

    `body`: plain text with placeholders (`placeholders.py`).
    """

    operator: fields.ForeignKeyRelation[Operator] = reference("Operator", "message_templates")
    operator_id: UUID
    kind = fields.CharField(max_length=48)
    lang = fields.CharField(max_length=8)
    subject = fields.CharField(max_length=120, default="")
    body = fields.TextField()
    changed_at: datetime = UTCDatetimeField()
    changed_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "message_template"
        unique_together = (("operator", "kind", "lang"),)


class CallReason(StrEnum):
    CHANGED = "changed"
    CANCELLED = "cancelled"
    REMINDER = "reminder"
    OFFERED = "offered"
    CERTIFICATE = "certificate"
    ANNULLED = "annulled"
    OWN = "own"


class Whom(StrEnum):
    """The group of a training that staff chose for a list of their own; `absent`: from two sessions or more."""

    ALL = "all"
    NO_MAIL = "no_mail"
    IMPORTED = "imported"
    WAITING = "waiting"
    ABSENT = "absent"
    HOLDERS = "holders"
    COMMUNITY = "community"


class CallList(Record):
    """People to be told of one thing by voice. Who is on it is worked out: those whom no message reached.

    `cause_id`: the change, the session or the training; the same cause is one list. A list of staff's own has its
    `words` (with placeholders) and the people of that moment: ids of registrations and blocks of cards in `chosen`.
    """

    training: fields.ForeignKeyRelation[Training] = reference("Training", "call_lists")
    training_id: UUID
    session_id: UUID | None = fields.UUIDField(null=True)
    hub_id: UUID = fields.UUIDField(db_index=True)
    reason = fields.CharEnumField(CallReason, max_length=16)
    cause_id: UUID = fields.UUIDField()
    batch_id: UUID | None = fields.UUIDField(null=True)
    due_at: datetime = UTCDatetimeField()
    closed_at: datetime | None = UTCDatetimeField(null=True)
    whom: Whom | None = fields.CharEnumField(Whom, max_length=16, null=True)  # type: ignore[assignment]  # the field type cannot say null
    community = fields.CharField(max_length=200, default="", db_default="")
    words: str | None = EncryptedTextField(null=True)
    chosen: list[str] | None = fields.JSONField(null=True)

    class Meta:
        table = "call_list"
        unique_together = (("reason", "cause_id"),)
        indexes = (("training_id",),)


class CallResult(StrEnum):
    REACHED = "reached"
    NOT_REACHED = "not_reached"


class CallVia(StrEnum):
    """No third person's name is kept."""

    CALL = "call"
    WHATSAPP = "whatsapp"
    SMS = "sms"
    IN_PERSON = "in_person"
    FAMILY = "family"
    LEADER = "leader"
    SCHOOL = "school"
    RADIO = "radio"


class Call(Record):
    """The result of telling one person. The last one counts.

    `knew_number`, `knew_heard`: the snapshots told, and perhaps heard, before this call. `at_once_id`: the act that
    recorded several people together.
    """

    call_list: fields.ForeignKeyRelation[CallList] = reference("CallList", "calls")
    call_list_id: UUID
    registration: fields.ForeignKeyRelation[Registration] = reference("Registration", "calls")
    registration_id: UUID
    result = fields.CharEnumField(CallResult, max_length=16)
    via = fields.CharEnumField(CallVia, max_length=16)
    called_by_id: UUID | None = fields.UUIDField(null=True)
    knew_number: int | None = fields.IntField(null=True)
    knew_heard: int | None = fields.IntField(null=True)
    at_once_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "call"
        indexes = (("call_list_id",), ("registration_id",))


class HolderCall(Record):
    """The result of telling a holder of nameless cards, who tells the others."""

    call_list: fields.ForeignKeyRelation[CallList] = reference("CallList", "holder_calls")
    call_list_id: UUID
    block: fields.ForeignKeyRelation[ReservedBlock] = reference("ReservedBlock", "calls")
    block_id: UUID
    result = fields.CharEnumField(CallResult, max_length=16)
    via = fields.CharEnumField(CallVia, max_length=16)
    called_by_id: UUID | None = fields.UUIDField(null=True)
    knew_number: int | None = fields.IntField(null=True)
    knew_heard: int | None = fields.IntField(null=True)
    at_once_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "holder_call"
        indexes = (("call_list_id",), ("block_id",))
