"""What people ask for who sign up together, by form, desk, card or list."""

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
"""(folded name, INE code or empty, is a minor): father and son may share a name."""


@dataclass(frozen=True, slots=True)
class Member:
    """`has_assented`: a minor's own yes."""

    person: PersonForm
    needs: tuple[str, ...] = ()
    has_assented: bool = False

    @property
    def is_minor(self) -> bool:
        return self.person.age_group is not None and self.person.age_group.is_minor


@dataclass(frozen=True, slots=True)
class SignUp:
    """A sign-up of 1 to 8 people, with its source and what shows a repeat of it.

    `contact_phone` and `contact_email` reach everybody of it; of minors alone they are the guardian's. `body_hash`: of
    all answers; `browser_key`: digest of a cookie (not searched for where the cookie is new); `earlier_code`: what the
    first person typed: code of an earlier ticket or certificate, or own link. `card_id`: the printed card that becomes
    the first person's ticket.
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
        """A minor's is the guardian's."""
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
        """The first adult's; of minors alone their guardian's."""
        adult = next((one.person for one in self.members if not one.is_minor), None)
        if adult is not None:
            return adult.phone, adult.email
        return (self.guardian.phone, self.guardian.email) if self.guardian is not None else (None, None)

    @property
    def guardian_contact(self) -> GuardianContact:
        """Has the sign-up's contact unless the guardian gave another."""
        assert self.guardian is not None
        own = self.guardian.phone or self.guardian.email
        return self.guardian if own else replace(self.guardian, phone=self.contact_phone, email=self.contact_email)

    @property
    def namesakes(self) -> Sequence[Namesake]:
        """Tell one sign-up from another; independent of the form's order."""
        pairs = zip(self.members, self.keys, strict=True)
        return sorted((keys.name_key, keys.municipality or "", member.is_minor) for member, keys in pairs)

    @property
    def contact_keys(self) -> frozenset[str]:
        """Keyed hashes of every contact with every secret key."""
        return frozenset(key for one in self.keys for key in (*one.phone_keys, *one.email_keys))

    def held(self, reason: HoldReason) -> SignUp:
        """To be looked at by staff first."""
        return replace(self, hold_reason=reason)


def for_one(
    person: PersonForm, purposes: frozenset[ConsentPurpose], *, needs: Sequence[str] = (), **how: object
) -> SignUp:
    """One adult; `how`: other fields of `SignUp`."""
    return SignUp((Member(person, tuple(needs)),), purposes, **how)  # type: ignore[arg-type]  # passed on as given
