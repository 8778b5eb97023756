from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings.certificates.models import Certificate, CertificateState
from trainings.certificates.words import HANDED_WORDS, KIND_WORDS, STATE_WORDS
from trainings.lib.text import search_text, short_name
from trainings.web.i18n import gettext


@dataclass(frozen=True, slots=True)
class PaperView:
    id: UUID
    name: str
    community: str
    kind: str
    folio: str
    state: str
    is_valid: bool
    handed_over_at: datetime | None
    how: str
    has_changed: bool


def paper_view(
    certificate: Certificate, changed: Collection[UUID], *, namesakes: Collection[UUID] = frozenset()
) -> PaperView:
    """`changed`: set anew since printing. `namesakes`: papers that show the whole name."""
    person, how = certificate.registration.participant, certificate.handed_over_how
    return PaperView(
        id=certificate.id,
        name=person.full_name if certificate.id in namesakes else _short_name(certificate),
        community=person.community,
        kind=gettext(KIND_WORDS[certificate.kind]),
        folio=certificate.folio,
        state=gettext(STATE_WORDS[certificate.state]),
        is_valid=certificate.state is CertificateState.VALID,
        handed_over_at=certificate.handed_over_at,
        how=gettext(HANDED_WORDS[how]) if how is not None else "",
        has_changed=certificate.id in changed,
    )


def _short_name(certificate: Certificate) -> str:
    person = certificate.registration.participant
    return short_name(person.given_names, person.surnames)


def namesakes_among(papers: Sequence[Certificate]) -> frozenset[UUID]:
    """Papers of different people with the same given names and initials."""
    people: dict[str, set[UUID]] = defaultdict(set)
    for one in papers:
        people[_short_name(one)].add(one.registration_id)
    return frozenset(one.id for one in papers if len(people[_short_name(one)]) > 1)


def by_name(certificate: Certificate) -> tuple[str, str]:
    person = certificate.registration.participant
    return search_text(person.given_names, person.surnames), certificate.folio
