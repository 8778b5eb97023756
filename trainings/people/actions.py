from __future__ import annotations

from dataclasses import dataclass

from trainings.db import keyring
from trainings.errors import WrongInput
from trainings.lib.text import fold, search_text
from trainings.people.finding import add_words, drop_words, phone_tail
from trainings.people.forms import PersonForm
from trainings.people.models import Participant, Relation
from trainings.web.i18n import N_


class UnknownMunicipality(WrongInput):
    code = "unknown_municipality"
    sentence = N_("Escoja su municipio de la lista.")


@dataclass(frozen=True, slots=True)
class Sameness:
    """Folded names, municipality, and keyed hashes of contacts: one for each secret key, the current first, so rows
    from before a change of keys are found.
    """

    name_key: str
    municipality: str | None
    phone_keys: tuple[str, ...] = ()
    phone_tail: str | None = None
    email_keys: tuple[str, ...] = ()

    @property
    def phone_key(self) -> str | None:
        return self.phone_keys[0] if self.phone_keys else None

    @property
    def email_key(self) -> str | None:
        return self.email_keys[0] if self.email_keys else None


def sameness(person: PersonForm, phone: str | None, email: str | None) -> Sameness:
    """The contact is the sign-up's."""
    ring = keyring()
    return Sameness(
        name_key=name_key(person.given_names, person.surnames),
        municipality=person.municipality_code,
        phone_keys=tuple(ring.blind_indexes(phone, "phone")) if phone else (),
        phone_tail=phone_tail(phone),
        email_keys=tuple(ring.blind_indexes(email, "email")) if email else (),
    )


def name_key(given_names: str, surnames: str) -> str:
    """Cut to its column."""
    return fold(f"{given_names} {surnames}")[:260]


def sort_key(given_names: str, surnames: str) -> str:
    """Cut to its column."""
    return fold(f"{surnames} {given_names}")[:260]


def searchable(given_names: str, surnames: str, community: str) -> str:
    """Cut to its column."""
    return search_text(given_names, surnames, community)[:500]


@dataclass(frozen=True, slots=True)
class GuardianContact:
    name: str
    relation: Relation
    phone: str | None = None
    email: str | None = None


async def correct_name(participant: Participant, given_names: str, surnames: str) -> None:
    """In the caller's transaction."""
    await drop_words([participant.id])
    participant.given_names = given_names
    participant.surnames = surnames
    participant.name_key = name_key(given_names, surnames)
    participant.sort_key = sort_key(given_names, surnames)
    participant.search_text = searchable(given_names, surnames, participant.community)
    await participant.save(update_fields=["given_names", "surnames", "name_key", "sort_key", "search_text"])
    await add_words([participant.id])


def key_phone(participant: Participant, phone: str | None) -> None:
    """The keys of `PHONE_KEYS`, to be saved by the caller, once the other telephone is set. A minor's are those of
    the guardian's telephone.
    """
    participant.phone_key = keyring().blind_index(phone, "phone") if phone else None
    participant.phone_tail = phone_tail(phone)
    participant.other_phone_tail = phone_tail(participant.other_phone)


PHONE_KEYS = ("phone_key", "phone_tail", "other_phone_tail")
