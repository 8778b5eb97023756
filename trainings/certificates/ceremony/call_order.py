"""In Spanish, read aloud community by community, so that nobody walks twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trainings.certificates.issuing.queries import Person
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.lib.text import fold, search_text
from trainings.schedule.completion import Outlook

CALLED = (CertificateKind.CERTIFICADO, CertificateKind.DIPLOMA)


@dataclass(frozen=True, slots=True)
class Called:
    name: str
    certificates: Sequence[Certificate]

    @property
    def is_handed_over(self) -> bool:
        return all(one.handed_over_at is not None for one in self.certificates)


@dataclass(frozen=True, slots=True)
class Community:
    name: str
    people: Sequence[Called]


def calling_order(people: Iterable[Person]) -> list[Community]:
    """People whose diploma is valid or still may be; without a community last. Accents make no other community."""
    by_community: dict[str, list[Person]] = {}
    for person in people:
        if _papers(person):
            by_community.setdefault(fold(person.registration.participant.community), []).append(person)
    keys = sorted(by_community, key=lambda key: (not key, key))
    return [_community(by_community[key]) for key in keys]


def _community(people: Sequence[Person]) -> Community:
    in_order = sorted(people, key=lambda one: (_by_name(one), one.registration.id))
    called = [Called(one.registration.participant.full_name, _papers(one)) for one in in_order]
    return Community(_usual(one.registration.participant.community for one in people), called)


def _usual(spellings: Iterable[str]) -> str:
    [(spelling, _n)] = Counter(spellings).most_common(1)
    return spelling


def _by_name(person: Person) -> str:
    participant = person.registration.participant
    return search_text(participant.given_names, participant.surnames)


def _papers(person: Person) -> list[Certificate]:
    standing = [one for one in person.wanted if one.erased_at is None]
    own = [one for one in standing if one.kind in CALLED]
    if person.outlook is Outlook.OUT_OF_REACH:
        own = [one for one in own if one.state is CertificateState.VALID]
    return own
