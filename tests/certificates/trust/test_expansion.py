"""What is learnt of a shape is what pyld says of each document of that shape."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyld import jsonld

from tests import make
from trainings.certificates.models import CertificateKind
from trainings.certificates.trust import badges, proofs
from trainings.certificates.trust.proofs import CREDENTIALS, OPEN_BADGES, expanded

FACTS = badges.BadgeFacts(
    base_url="https://ventanillas.example",
    operator_code="1705",
    issuer="Municipalidad de La Libertad, Petén",
    code="NH52ARQHZAHRD3",
    folio="VIMMIG-1705-2027-000001",
    kind=CertificateKind.DIPLOMA,
    title="Riesgos",
    activity="",
    minutes=480,
    share=80,
    pass_mark=None,
    year=2027,
    number=1,
    awarded_at=make.tomorrow_at(8),
    valid_from=make.tomorrow_at(8),
)
TEXT = st.text(max_size=30) | st.sampled_from(["text 1", "https://place.invalid/2", "@type", "@id", "name", "xsd:date"])
FACTS_OF_ANY = st.builds(
    replace,
    st.just(FACTS),
    base_url=st.sampled_from(["https://ventanillas.example", "http://localhost:8000", "https://a.example/b"]),
    issuer=TEXT,
    folio=TEXT,
    kind=st.sampled_from(CertificateKind),
    title=TEXT,
    minutes=st.sampled_from([60, 90, 480]),
    number=st.integers(1, 300_000),
    valid_from=st.integers(0, 10_000).map(lambda hours: FACTS.awarded_at + timedelta(hours=hours)),
)
CONTACT = st.none() | st.builds(badges.Contact, st.emails(), TEXT)


def plain(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = jsonld.expand(document, {"documentLoader": proofs._load})
    return found


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(FACTS_OF_ANY, CONTACT)
def test_badge_of_any_texts_expands_as_pyld_says(facts: badges.BadgeFacts, contact: badges.Contact | None) -> None:
    badge = badges.credential(facts, contact)
    assert expanded(badge) == plain(badge)


@pytest.mark.parametrize(
    "more",
    [
        {"id": "verificar/1"},
        {"id": "https://a.example/ b"},
        {"id": "urn:uuid:275cddd9-96f1-5e2d-8d92-39b2771e6f08", "name": ["uno", "dos"]},
        {"name": "", "description": {"@value": "hola", "@language": "es"}},
        {"name": None},
    ],
)
def test_unusual_values_expand_as_pyld_says(more: dict[str, Any]) -> None:
    document = {"@context": [CREDENTIALS, OPEN_BADGES], "type": ["VerifiableCredential"], **more}
    assert expanded(document) == plain(document)


def test_second_of_a_shape_is_learnt_from_nobody_and_changes_nothing_of_the_first() -> None:
    first = expanded(badges.credential(FACTS))
    learnt = proofs._learnt.cache_info().misses
    second = expanded(badges.credential(replace(FACTS, title="Otra cosa", folio="VIMMIG-1705-2027-000002")))
    assert proofs._learnt.cache_info().misses == learnt
    assert first == plain(badges.credential(FACTS)) != second
    second[0].clear()
    assert expanded(badges.credential(FACTS)) == first
