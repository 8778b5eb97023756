"""Groups that are confirmed or wait whole, their registrations, and the links that open them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields

from trainings.db.fields import EncryptedTextField, UTCDatetimeField, reference
from trainings.db.models import Record

if TYPE_CHECKING:
    from trainings.people.models import Participant
    from trainings.places.models import Hub, Municipality
    from trainings.schedule.models import Training


class RegistrationState(StrEnum):
    """`held` waits for staff (approval or review) and takes no place; `taken` counts confirmed and offered."""

    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    HELD = "held"
    CANCELLED = "cancelled"


TAKES_PLACE = frozenset({RegistrationState.CONFIRMED, RegistrationState.OFFERED})

MOVES: dict[RegistrationState, frozenset[RegistrationState]] = {
    RegistrationState.HELD: frozenset(
        {RegistrationState.CONFIRMED, RegistrationState.WAITLISTED, RegistrationState.CANCELLED}
    ),
    RegistrationState.WAITLISTED: frozenset(
        {RegistrationState.CONFIRMED, RegistrationState.OFFERED, RegistrationState.CANCELLED}
    ),
    RegistrationState.OFFERED: frozenset({RegistrationState.CONFIRMED, RegistrationState.CANCELLED}),
    RegistrationState.CONFIRMED: frozenset({RegistrationState.WAITLISTED, RegistrationState.CANCELLED}),
    RegistrationState.CANCELLED: frozenset(
        {RegistrationState.CONFIRMED, RegistrationState.WAITLISTED, RegistrationState.HELD}
    ),
}
"""Permitted moves; an own link may take a cancelled registration up again."""


class Source(StrEnum):
    WEB = "web"
    DESK = "desk"
    CALL = "call"
    WHATSAPP = "whatsapp"
    WALK_IN = "walk_in"
    CARD = "card"
    IMPORT = "import"


class HoldReason(StrEnum):
    APPROVAL = "approval"
    REVIEW = "review"
    PREREQUISITE = "prerequisite"


class RegistrationGroup(Record):
    """People who signed up together for one training: they get all places they ask for, or wait whole.

    `n_people`: without cancelled ones. `offered_until`: end of an offer, set once somebody of the group was reached
    (`reached_at`: mail accepted, or call recorded). `told_until`: the `offered_until` told first, if sessions moved it
    since: the place is kept until both are over. `wait_number`: order of the waiting list, kept when the group cancels.
    `moved_up_at`: when it last came off the list. `changed_at` of an offer: since when it stands. `filler_id`: the
    registration that filled in the form, its first. `idempotency_key` replays the answer for an equal body
    (`body_hash`) within 24 hours.
    """

    training: fields.ForeignKeyRelation[Training] = reference("Training", "groups")
    training_id: UUID
    state = fields.CharEnumField(RegistrationState, max_length=16)
    n_people = fields.IntField(default=1)
    childcare_places = fields.IntField(default=0)
    wait_number: int | None = fields.BigIntField(null=True)
    hold_reason: HoldReason | None = fields.CharEnumField(HoldReason, max_length=16, null=True)  # type: ignore[assignment]  # the field type cannot say null
    reached_at: datetime | None = UTCDatetimeField(null=True)
    offered_until: datetime | None = UTCDatetimeField(null=True)
    told_until: datetime | None = UTCDatetimeField(null=True)
    moved_up_at: datetime | None = UTCDatetimeField(null=True)
    filler_id: UUID | None = fields.UUIDField(null=True)
    idempotency_key = fields.CharField(max_length=64, null=True, unique=True)
    body_hash = fields.CharField(max_length=64, default="")
    browser_key = fields.CharField(max_length=64, null=True)
    changed_at: datetime = UTCDatetimeField()

    @property
    def offered_before(self) -> datetime | None:
        """The time to answer that they were last told, if it has changed."""
        is_running = self.state is RegistrationState.OFFERED and None not in (self.reached_at, self.offered_until)
        return self.told_until if is_running and self.told_until != self.offered_until else None

    class Meta:
        table = "registration_group"
        indexes = (("training_id", "state", "wait_number"), ("browser_key", "training_id"))


class Author(StrEnum):
    PERSON = "person"
    FILLER = "filler"
    HUB = "hub"
    PROGRAM = "program"


class Farewell(StrEnum):
    """The message on leaving: cancelled, rejected by staff, offer expired, waiting list closed.

    A sign-up joined to another of the same person leaves without one.
    """

    CANCELLED = "registration_cancelled"
    REJECTED = "registration_rejected"
    EXPIRED = "offer_expired"
    LIST_CLOSED = "waitlist_closed"
    JOINED = "registration_joined"


class Registration(Record):
    """One person's sign-up for one training, with the tokens of its ticket.

    `joined_to`: the sign-up of the same person that staff kept; this one is cancelled, and its card counts as the kept
    one's at the door. `joined_state`, `joined_childcare`: its state then, and how many of its childcare places count
    with the kept one. `minutes_attended`, `completed_at`: written by attendance, read by certificates. `needs`:
    `read_needs`, deleted 7 days after. `renamed_at`: last correction of the name. `taken_off`: why somebody
    was cancelled without asking for it. `detached_at`: moved out of the group of the person who filled in the form, at
    the desk or by answering an offer alone. `told_number`: the snapshot of the training's facts last told, by accepted
    mail or recorded call; None: as shown at sign-up. `heard_number`: one that they may have heard since, by loudspeaker
    or a mail whose delivery is unknown.
    """

    training: fields.ForeignKeyRelation[Training] = reference("Training", "registrations")
    training_id: UUID
    group: fields.ForeignKeyRelation[RegistrationGroup] = reference("RegistrationGroup", "registrations")
    group_id: UUID
    participant: fields.ForeignKeyRelation[Participant] = reference("Participant", "registrations")
    participant_id: UUID
    joined_to: fields.ForeignKeyNullableRelation[Registration] = reference("Registration", "joined", null=True)
    joined_to_id: UUID | None
    joined_state: RegistrationState | None = fields.CharEnumField(RegistrationState, max_length=16, null=True)  # type: ignore[assignment]  # the field type cannot say null
    joined_childcare = fields.IntField(default=0, db_default=0)
    state = fields.CharEnumField(RegistrationState, max_length=16)
    source = fields.CharEnumField(Source, max_length=16)
    short_code = fields.CharField(max_length=9)
    qr_hash = fields.CharField(max_length=64, unique=True)
    qr_token: str | None = EncryptedTextField(null=True)
    needs: str | None = EncryptedTextField(null=True)
    confirmed_at: datetime | None = UTCDatetimeField(null=True)
    cancelled_at: datetime | None = UTCDatetimeField(null=True)
    taken_off: Farewell | None = fields.CharEnumField(Farewell, max_length=24, null=True)  # type: ignore[assignment]  # the field type cannot say null
    cancelled_by: Author | None = fields.CharEnumField(Author, max_length=8, null=True)  # type: ignore[assignment]  # the field type cannot say null
    renamed_at: datetime | None = UTCDatetimeField(null=True)
    renamed_by: Author | None = fields.CharEnumField(Author, max_length=8, null=True)  # type: ignore[assignment]  # the field type cannot say null
    minutes_attended = fields.IntField(default=0)
    completed_at: datetime | None = UTCDatetimeField(null=True)
    detached_at: datetime | None = UTCDatetimeField(null=True)
    mark: int | None = fields.IntField(null=True)
    told_number: int | None = fields.IntField(null=True)
    heard_number: int | None = fields.IntField(null=True)

    @property
    def holds_place(self) -> bool:
        """It counts in `taken`; walk-ins never do."""
        return self.state in TAKES_PLACE and self.source is not Source.WALK_IN

    class Meta:
        table = "registration"
        unique_together = (("training", "short_code"),)
        indexes = (("group_id",), ("participant_id",))


class ReplacedTicket(Record):
    """QR and code of a ticket that was printed anew: it still counts at the door, and staff look at it."""

    registration: fields.ForeignKeyRelation[Registration] = reference("Registration", "replaced_tickets")
    registration_id: UUID
    qr_hash = fields.CharField(max_length=64, unique=True)
    short_code = fields.CharField(max_length=9, default="", db_default="")

    class Meta:
        table = "replaced_ticket"
        indexes = (("registration_id",), ("short_code",))


class LinkScope(StrEnum):
    """A group link sees names and tickets; a person's also own data and certificates."""

    GROUP = "group"
    PERSON = "person"


class OwnLink(Record):
    """The address `/i/{token}` that opens one's own registration.

    Sealed, so that it can be sent again; rotated at the desk. `claimed_at`: an adult made it theirs, with a new token
    that the person who filled in the form does not have.
    """

    token_hash = fields.CharField(max_length=64, unique=True)
    token: str | None = EncryptedTextField(null=True)
    scope = fields.CharEnumField(LinkScope, max_length=8)
    group: fields.ForeignKeyRelation[RegistrationGroup] = reference("RegistrationGroup", "links")
    group_id: UUID
    registration: fields.ForeignKeyNullableRelation[Registration] = reference("Registration", "links", null=True)
    registration_id: UUID | None
    revoked_at: datetime | None = UTCDatetimeField(null=True)
    claimed_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "own_link"
        indexes = (("group_id",), ("registration_id",))


class ReservedBlock(Record):
    """Places kept for a community: nameless cards in the hands of a leader or a school (`holder`).

    `/tarjetas/{token}` lets the bearer give names. Nameless cards go to the waiting list at `release_at`:
    `agreed_seconds` before the first session, wherever that moves. `told_number`, `heard_number`: the holder's, as of a
    registration.
    """

    training: fields.ForeignKeyRelation[Training] = reference("Training", "reserved_blocks")
    training_id: UUID
    municipality: fields.ForeignKeyNullableRelation[Municipality] = reference(
        "Municipality", "reserved_blocks", null=True
    )
    municipality_id: str | None
    community = fields.CharField(max_length=120)
    holder = fields.CharField(max_length=160)
    phone: str | None = EncryptedTextField(null=True)
    token_hash = fields.CharField(max_length=64, unique=True)
    token: str | None = EncryptedTextField(null=True)
    release_at: datetime = UTCDatetimeField()
    agreed_seconds: int | None = fields.IntField(null=True)
    released_at: datetime | None = UTCDatetimeField(null=True)
    created_by_id: UUID | None = fields.UUIDField(null=True)
    told_number: int | None = fields.IntField(null=True)
    heard_number: int | None = fields.IntField(null=True)

    class Meta:
        table = "reserved_block"
        indexes = (("training_id",), ("release_at",))


class CardState(StrEnum):
    """An open card waits for a name; a held card has name and place and waits for staff; a used card is a ticket;
    released and void cards open nothing.
    """

    OPEN = "open"
    HELD = "held"
    USED = "used"
    RELEASED = "released"
    VOID = "void"


HAS_NAME = frozenset({CardState.HELD, CardState.USED})


class Card(Record):
    """A printed card with tokens made in advance: of a reserved block, or a hub's spare one.

    `sheet_id`: its printing, `number` its line there. Its tokens pass to the registration: the card becomes the ticket.
    """

    hub: fields.ForeignKeyRelation[Hub] = reference("Hub", "cards")
    hub_id: UUID
    block: fields.ForeignKeyNullableRelation[ReservedBlock] = reference("ReservedBlock", "cards", null=True)
    block_id: UUID | None
    registration: fields.ForeignKeyNullableRelation[Registration] = reference("Registration", "cards", null=True)
    registration_id: UUID | None
    sheet_id: UUID = fields.UUIDField(db_index=True)
    number = fields.IntField()
    state = fields.CharEnumField(CardState, max_length=16, default=CardState.OPEN)
    short_code = fields.CharField(max_length=9, unique=True)
    qr_hash = fields.CharField(max_length=64, unique=True)
    qr_token: str | None = EncryptedTextField(null=True)
    used_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "card"
        indexes = (("block_id",),)


class Addressee(StrEnum):
    COCODE = "cocode"
    SCHOOL = "school"
    INSTITUTION = "institution"
    ORGANIZATION = "organization"
    OTHER = "other"


class InvitedHow(StrEnum):
    LETTER = "letter"
    VISIT = "visit"
    CALL = "call"
    WHATSAPP = "whatsapp"
    MAIL = "mail"
    RADIO = "radio"


class InvitationLetter(Record):
    """A convocatoria: a body invited to a training, on paper or otherwise, and how and when that was done.

    It names a body and an office, no private contact. `invited_at` None: only prepared.
    """

    training: fields.ForeignKeyRelation[Training] = reference("Training", "letters")
    training_id: UUID
    block: fields.ForeignKeyNullableRelation[ReservedBlock] = reference("ReservedBlock", "letters", null=True)
    block_id: UUID | None
    kind = fields.CharEnumField(Addressee, max_length=16)
    addressee = fields.CharField(max_length=160)
    office = fields.CharField(max_length=160, default="")
    community = fields.CharField(max_length=120, default="")
    how: InvitedHow | None = fields.CharEnumField(InvitedHow, max_length=16, null=True)  # type: ignore[assignment]  # the field type cannot say null
    invited_at: datetime | None = UTCDatetimeField(null=True)
    recorded_by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "invitation_letter"
        indexes = (("training_id",),)


class ImportState(StrEnum):
    PREVIEW = "preview"
    RUNNING = "running"
    DONE = "done"


class ImportDraft(Record):
    """An uploaded list of people, sealed until it is confirmed or a day old, then only its counts are kept.

    `columns`: number of the column by field. `rows`: the sheet; `outcomes`: the result of each row (JSON).
    """

    training: fields.ForeignKeyRelation[Training] = reference("Training", "imports")
    training_id: UUID
    user_id: UUID = fields.UUIDField()
    state = fields.CharEnumField(ImportState, max_length=16, default=ImportState.PREVIEW)
    columns: dict[str, int] = fields.JSONField(default=dict)
    rows: str | None = EncryptedTextField(null=True)
    outcomes: str | None = EncryptedTextField(null=True)
    n_rows = fields.IntField(default=0)
    n_done = fields.IntField(default=0)
    n_new = fields.IntField(default=0)
    n_known = fields.IntField(default=0)
    n_refused = fields.IntField(default=0)
    finished_at: datetime | None = UTCDatetimeField(null=True)

    class Meta:
        table = "import_draft"
        indexes = (("training_id",),)


class NeedState(StrEnum):
    """Asked and unanswered, arranged, or impossible here."""

    ASKED = "asked"
    ARRANGED = "arranged"
    IMPOSSIBLE = "impossible"


def read_needs(text: str | None) -> dict[str, NeedState]:
    """`food,ramp=arranged`: by code, in order. A bare code has no answer yet."""
    parts = [part.partition("=") for part in (text or "").split(",") if part]
    return {code: NeedState(state or NeedState.ASKED) for code, _sign, state in parts}


def write_needs(needs: Mapping[str, NeedState]) -> str | None:
    """None: nothing is asked for."""
    parts = [code if state is NeedState.ASKED else f"{code}={state.value}" for code, state in sorted(needs.items())]
    return ",".join(parts) or None


def asking_for(text: str | None, codes: Collection[str]) -> str | None:
    """Needs that stay keep their answer."""
    known = read_needs(text)
    return write_needs({code: known.get(code, NeedState.ASKED) for code in codes})
