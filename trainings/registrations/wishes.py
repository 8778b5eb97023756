"""What somebody asks for: people who sign up together for one training, by a form, at the desk, by card or list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from trainings.people.actions import GuardianContact, Sameness, sameness
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentHow, ConsentPurpose
from trainings.registrations.models import HoldReason, Source

LARGEST_GROUP = 8

Namesake = tuple[str, str, bool]
"""Folded name, INE code of the municipality or nothing, whether a minor: father and son may have one name."""


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a sign-up. `has_assented`: a minor's own yes."""

    person: PersonForm
    needs: tuple[str, ...] = ()
    has_assented: bool = False

    @property
    def is_minor(self) -> bool:
        return self.person.age_group is not None and self.person.age_group.is_minor


@dataclass(frozen=True, slots=True)
class SignUp:
    """A wish to take part, of 1 to 8 people, with how it came in and what makes a repeat of it recognisable.

    `contact_phone` and `contact_email` are asked once and reach everybody of it; of minors alone they are the
    guardian's. `body_hash` is of all answers of the form, `browser_key` a digest of a cookie (not looked for where the
    cookie is new), `earlier_code` what the first person typed who was here before: an earlier ticket's or certificate's
    code, or an own link. `card_id` is the printed card that becomes the first person's ticket.
    """

    members: tuple[Member, ...]
    purposes: frozenset[ConsentPurpose]
    childcare_places: int = 0
    guardian: GuardianContact | None = None
    source: Source = Source.WEB
    consent_how: ConsentHow = ConsentHow.FORM
    idempotency_key: str | None = None
    body_hash: str = ""
    browser_key: str | None = None
    browser_is_known: bool = True
    hold_reason: HoldReason | None = None
    earlier_code: str = ""
    card_id: UUID | None = None
    contact_phone: str | None = field(init=False)
    contact_email: str | None = field(init=False)
    keys: tuple[Sameness, ...] = field(init=False)

    def __post_init__(self) -> None:
        assert 1 <= len(self.members) <= LARGEST_GROUP
        phone, email = self._contact()
        object.__setattr__(self, "contact_phone", phone)
        object.__setattr__(self, "contact_email", email)
        keys = tuple(sameness(one.person, *self._reached_at(one)) for one in self.members)
        object.__setattr__(self, "keys", keys)

    def _reached_at(self, member: Member) -> tuple[str | None, str | None]:
        """The contact by which somebody is known: a minor's is the guardian's."""
        if member.is_minor and self.guardian is not None:
            return self.guardian_contact.phone, self.guardian_contact.email
        return self.contact_phone, self.contact_email

    @property
    def first(self) -> Member:
        return self.members[0]

    @property
    def n_people(self) -> int:
        return len(self.members)

    @property
    def minors(self) -> Sequence[Member]:
        return [one for one in self.members if one.is_minor]

    def _contact(self) -> tuple[str | None, str | None]:
        """The first adult's; where only minors come, their guardian's."""
        adult = next((one.person for one in self.members if not one.is_minor), None)
        if adult is not None:
            return adult.phone, adult.email
        return (self.guardian.phone, self.guardian.email) if self.guardian is not None else (None, None)

    @property
    def guardian_contact(self) -> GuardianContact:
        """Who permits the minors; reached where the whole sign-up is, unless they gave a contact of their own."""
        assert self.guardian is not None
        own = self.guardian.phone or self.guardian.email
        return self.guardian if own else replace(self.guardian, phone=self.contact_phone, email=self.contact_email)

    @property
    def namesakes(self) -> Sequence[Namesake]:
        """Who comes, as far as one sign-up is told from that of people of the same names; in no order of the form."""
        pairs = zip(self.members, self.keys, strict=True)
        return sorted((keys.name_key, keys.municipality or "", member.is_minor) for member, keys in pairs)

    @property
    def contact_keys(self) -> frozenset[str]:
        """The keyed hashes of every contact, of every secret key."""
        return frozenset(key for one in self.keys for key in (*one.phone_keys, *one.email_keys))

    def held(self, reason: HoldReason) -> SignUp:
        """The same wish, to be looked at by staff first."""
        return replace(self, hold_reason=reason)


def for_one(
    person: PersonForm, purposes: frozenset[ConsentPurpose], *, needs: Sequence[str] = (), **how: object
) -> SignUp:
    """The wish of one adult; `how` are the other fields of `SignUp`."""
    return SignUp((Member(person, tuple(needs)),), purposes, **how)  # type: ignore[arg-type]  # passed on as given
