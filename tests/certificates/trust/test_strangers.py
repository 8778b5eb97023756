"""Programs of others verify our badges against the running program, and refuse what was changed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.certificates.desk import Freeze
from tests.certificates.held import AFTER, HELD, a_diploma, make_attendee, make_held
from tests.certificates.trust.stranger import Stranger, Verdict, a_stranger
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing.actions import issue, revoke
from trainings.certificates.making.files import badge_of
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.certificates.trust import issuers, status_lists
from trainings.db import transaction
from trainings.settings import Settings

HOUR = timedelta(hours=1)
LATER = AFTER + timedelta(days=1)
GOOD, REVOKED = Verdict(True, {"revocation": False}, []), Verdict(True, {"revocation": True}, [])
Json = dict[str, Any]


@pytest.fixture
async def stranger(db: Settings) -> AsyncIterator[Stranger]:
    async with a_stranger(db) as stranger:
        yield stranger


async def badge(certificate: Certificate) -> Json:
    read: Json = json.loads(await badge_of(certificate))
    return read


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each text and number in it."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))
    else:
        yield path


def changed(document: Json, path: tuple[Any, ...]) -> Json:
    """The same with one text or number a little different."""
    copy: Any = deepcopy(document)
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] += "x" if isinstance(inner[path[-1]], str) else 1
    return dict(copy)


async def set_state(certificate: Certificate, state: CertificateState, validated_at: datetime | None) -> None:
    async with transaction():
        certificate.state, certificate.validated_at = state, validated_at
        await certificate.save(update_fields=["state", "validated_at"])
        status_lists.touch([certificate])


async def test_badge_when_verified_by_a_stranger_then_good_and_each_change_of_it_found(
    stranger: Stranger, freeze: Freeze
) -> None:
    freeze(AFTER)
    training = await make_held(4, 3.5)
    certificate = await a_diploma(training, given_names="Ana", surnames="Coc Xol")
    note_for = await make_attendee(training, given_names="Beto", sessions=list(training.sessions)[:1], left_after=1.75)
    note = await badge(await issue(note_for.id, CertificateKind.CONSTANCIA, actor=PROGRAM))
    good = await badge(certificate)
    ways = list(places(good))

    verdicts = await stranger.verify(good, note, *(changed(good, way) for way in ways), now=LATER)
    [early] = await stranger.verify(good, now=AFTER - HOUR)

    assert verdicts[:2] == [GOOD, GOOD]
    assert len(ways) > 30
    assert [way for way, verdict in zip(ways, verdicts[2:], strict=True) if verdict.verified] == []
    assert (early.verified, note["credentialSubject"]["creditsEarned"]) == (False, 1.75)
    assert "Ana" not in json.dumps(good, ensure_ascii=False)
    assert "Coc" not in json.dumps(good, ensure_ascii=False)


async def test_badge_when_revoked_then_a_stranger_sees_it_within_seconds_in_the_issuers_own_list_only(
    stranger: Stranger, freeze: Freeze
) -> None:
    freeze(AFTER)
    training = await make_held(4)
    first = await a_diploma(training, given_names="Ana")
    second = await a_diploma(training, given_names="Beto")
    theirs = await a_diploma(
        await make_held(4, hub=await make.make_hub("tacana-san-marcos", municipality=make.TACANA)), given_names="Cata"
    )
    both, list_address = [await badge(first), await badge(second)], list_of(await badge(first))
    other_list = list_of(await badge(theirs))

    before = await stranger.verify(*both, now=LATER)
    await revoke(first.id, "Nombre equivocado", actor=PROGRAM)
    after = await stranger.verify(*both, now=LATER)
    [misled] = await stranger.verify(both[0], now=LATER, instead={list_address: other_list})

    assert (before, after) == ([GOOD, GOOD], [REVOKED, GOOD])
    assert (misled.verified, misled.status) == (False, {})
    assert "Issuers of the status list credential" in misled.errors[0]


async def test_badge_when_its_paper_was_prepared_then_refused_until_it_is_earned_and_once_annulled(
    stranger: Stranger, freeze: Freeze
) -> None:
    freeze(AFTER)
    certificate = await a_diploma(await make_held(4))
    await set_state(certificate, CertificateState.PREPARED, None)
    early = await badge(certificate)
    midnight = clock.midnight(clock.local(HELD).date())

    [before] = await stranger.verify(early, now=midnight - HOUR)
    [on_the_day] = await stranger.verify(early, now=midnight)
    await set_state(certificate, CertificateState.VALID, AFTER)
    [earned] = await stranger.verify(early, now=LATER)

    await revoke(certificate.id, "Nombre equivocado", actor=PROGRAM)
    [annulled] = await stranger.verify(early, now=LATER)

    assert before.verified is False
    assert (on_the_day, earned, annulled) == (REVOKED, GOOD, REVOKED)


async def test_issuers_key_when_changed_then_old_badges_still_verify_and_new_ones_with_the_new_key(
    stranger: Stranger, freeze: Freeze
) -> None:
    freeze(AFTER)
    training = await make_held(4)
    old = await a_diploma(training, given_names="Ana")
    first = await badge(old)

    await issuers.rotate(old.operator_id, actor=PROGRAM)
    second = await badge(await a_diploma(training, given_names="Beto"))
    verdicts = await stranger.verify(first, second, now=LATER)
    profile = issuers.profile(await issuers.find_issuer("1705"))

    methods = [one["proof"]["verificationMethod"] for one in (second, first)]
    assert verdicts == [GOOD, GOOD]
    assert profile["assertionMethod"] == methods
    assert len(set(methods)) == 2
    assert "Municipalidad de La Libertad, Petén" in await stranger.meaning(profile)


async def test_issuers_key_when_stolen_then_its_badges_verify_no_more_and_are_signed_anew(
    stranger: Stranger, freeze: Freeze
) -> None:
    freeze(AFTER)
    certificate = await a_diploma(await make_held(4))
    stolen = await badge(certificate)

    await issuers.rotate(certificate.operator_id, actor=PROGRAM, stolen_since=AFTER - timedelta(days=1))
    anew = await badge(certificate)
    old, new = await stranger.verify(stolen, anew, now=LATER)
    profile = issuers.profile(await issuers.find_issuer("1705"))

    assert (old.verified, new) == (False, GOOD)
    assert {**anew, "proof": None} == {**stolen, "proof": None}
    assert profile["assertionMethod"] == [anew["proof"]["verificationMethod"]]
    assert [one.get("revoked") for one in profile["verificationMethod"]] == [None, "2027-03-13T14:30:00Z"]


def list_of(one: Json) -> str:
    return str(one["credentialStatus"]["statusListCredential"])
