"""What a badge says, who may download it, and that its holder's contact is in it only if they ask."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.certificates.desk import Freeze
from tests.certificates.held import AFTER, HELD, a_diploma, come, make_attendee, make_held
from trainings import clock
from trainings.attendance import actions as attendance
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing import bulk, preparing
from trainings.certificates.issuing.actions import revoke
from trainings.certificates.models import Certificate, CertificateKind, CertificateState, IssuerKey, JobPurpose
from trainings.certificates.trust import badges, issuers, proofs
from trainings.certificates.trust.badges import BadgeFacts
from trainings.lib import tokens
from trainings.registrations.models import OwnLink

BASE = "http://localhost:8000"
Json = dict[str, Any]


def facts(kind: CertificateKind = CertificateKind.DIPLOMA, **changes: Any) -> BadgeFacts:
    given: Json = {
        "base_url": BASE,
        "operator_code": "1705",
        "issuer": "Municipalidad de La Libertad, Petén",
        "code": "K7Q29XMDC4AB1F",
        "folio": "VIMMIG-1705-2027-000123",
        "kind": kind,
        "title": "Riesgos de la migración irregular",
        "activity": "taller",
        "minutes": 480,
        "share": 80,
        "pass_mark": 60,
        "year": 2027,
        "number": 123,
        "awarded_at": AFTER,
        "valid_from": AFTER,
    }
    return BadgeFacts(**(given | changes))


def test_badge_says_the_rule_in_words_and_its_place_on_the_list() -> None:
    rules = [badges.rule_in_words(facts(kind)) for kind in CertificateKind]
    last = badges.credential(facts(number=badges.ENTRIES))["credentialStatus"]
    next_list = badges.credential(facts(number=badges.ENTRIES + 1))["credentialStatus"]

    half = "Cumplió al menos el 80 % de las horas impartidas (ocho horas); una sesión que faltó puede reponerse en otra"
    assert rules == [
        "Asistió ocho horas.",
        f"{half} capacitación del mismo curso.",
        f"{half} capacitación del mismo curso. Y aprobó la evaluación con 60 puntos de 100 o más.",
    ]
    assert (last["statusListIndex"], last["statusListCredential"]) == ("131071", f"{BASE}/emisores/1705/estado/2027")
    assert (next_list["statusListIndex"], next_list["id"]) == ("0", f"{BASE}/emisores/1705/estado/2027-2#0")
    assert next_list["statusPurpose"] == "revocation"


def test_achievement_when_it_says_the_same_then_has_the_same_id_and_else_another() -> None:
    def achievement(**changes: Any) -> str:
        return str(badges.credential(facts(**changes))["credentialSubject"]["achievement"]["id"])

    assert achievement() == achievement(code="0" * 14, number=7, folio="VIMMIG-1705-2027-000007")
    assert len({achievement(), achievement(share=75), achievement(minutes=240), achievement(operator_code="1207")}) == 4


def test_proof_when_a_word_or_context_is_unknown_then_refused_and_nothing_fetched() -> None:
    document = badges.credential(facts())
    stranger = {**document, "@context": [*document["@context"], "https://example.org/context.json"]}

    for wrong, error in (({**document, "nickname": "x"}, ValueError), (stranger, Exception)):
        with pytest.raises(error):
            proofs.sign(wrong, bytes(32), verification_method=f"{BASE}/k", created=AFTER)


def test_proof_when_made_twice_then_the_same_bytes() -> None:
    def signed() -> str:
        document = badges.credential(facts())
        return json.dumps(proofs.sign(document, bytes(32), verification_method=f"{BASE}/k", created=AFTER))

    assert signed() == signed()


async def test_issuers_first_key_when_two_ask_at_once_then_one(db: object, freeze: Freeze) -> None:
    freeze(AFTER)
    certificate = await a_diploma(await make_held(4))

    pairs = await asyncio.gather(*(issuers.current_key(certificate.operator_id) for _ in range(8)))

    [key] = await IssuerKey.all()
    assert {pair.method for pair in pairs} == {f"{BASE}/emisores/1705/llaves/{key.id}"}
    assert key.public_key == proofs.public_key_of(pairs[0].seed)
    assert pairs[0].seed.hex() not in repr(pairs[0])
    assert str(pairs[0].seed) not in repr(pairs[0])


@pytest.mark.both_engines
async def test_badge_of_a_prepared_paper_when_its_last_session_ends_past_midnight_then_valid_before_that(
    db: object, freeze: Freeze
) -> None:
    evening = HELD + timedelta(hours=11, minutes=40)
    training = await make_held(start=evening)
    person = await make_attendee(training, sessions=[])
    freeze(HELD)
    await bulk.start(training.id, JobPurpose.PREPARE, actor=PROGRAM)
    [prepared] = await Certificate.all()
    before = badges.facts_of(prepared, "1705").valid_from

    freeze(evening)
    await come(training.sessions[0], person)
    closed_at = evening + timedelta(hours=3, minutes=48)  # within a quarter of an hour of its end: all of it counts
    freeze(closed_at)
    await attendance.close_session(training.sessions[0].id, actor=PROGRAM)
    assert await preparing.validate(training.id) == 1

    [valid] = await Certificate.all()
    assert clock.local(closed_at).date() < prepared.held_on, "closed before midnight, planned until after it"
    assert before == clock.midnight(clock.local(HELD).date()) <= closed_at
    assert badges.facts_of(valid, "1705").valid_from == closed_at


async def test_badge_from_the_check_page_when_not_valid_then_unknown_like_any_other_code(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(AFTER)
    training = await make_held(4)
    valid, annulled, waiting = [await a_diploma(training, given_names=name) for name in ("Ana", "Beto", "Cata")]
    await revoke(annulled.id, "Nombre equivocado", actor=PROGRAM)
    await Certificate.filter(id=waiting.id).update(state=CertificateState.PREPARED, validated_at=None)

    good = await client.get(f"/verificar/{valid.code}.json")
    typed = await client.get(f"/verificar/{valid.code.lower()}.json")
    others = [await client.get(f"/verificar/{code}.json") for code in (annulled.code, waiting.code, "0" * 14, "x")]

    assert (good.status_code, typed.content) == (200, good.content)
    assert good.headers["content-type"] == "application/ld+json"
    assert good.headers["access-control-allow-origin"] == "*"
    assert good.headers["content-disposition"] == f'attachment; filename="{valid.folio}.json"'
    assert good.headers["cache-control"] == "no-store"
    assert "Ana" not in good.text
    assert {(answer.status_code, code_less(answer.text)) for answer in others} == {(404, code_less(others[0].text))}


def code_less(page: str) -> str:
    """A page without what differs from request to request."""
    return page.split("<main", 1)[-1].split("</main>", 1)[0]


async def test_own_badge_when_asked_with_contact_then_a_salted_hash_of_the_own_address_and_nothing_is_kept(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(AFTER)
    training = await make_held(4)
    ana = await a_diploma(training, given_names="Ana", email="Ana.Coc@correo.example")
    beto = await a_diploma(training, given_names="Beto", phone="+50255551234", email=None)

    plain = await client.get(f"/i/{await link(ana)}/diploma/{ana.code}.json")
    asked = await client.get(f"/i/{await link(ana)}/diploma/{ana.code}.json?contacto=1")
    again = await client.get(f"/i/{await link(ana)}/diploma/{ana.code}.json?contacto=1")
    without = await client.get(f"/i/{await link(beto)}/diploma/{beto.code}.json?contacto=1")
    offered = ["?contacto=1" in (await client.get(f"/i/{await link(one)}")).text for one in (ana, beto)]
    theirs = await client.get(f"/i/{await link(beto)}/diploma/{ana.code}.json")

    [identity] = asked.json()["credentialSubject"]["identifier"]
    hashed = hashlib.sha256(("ana.coc@correo.example" + identity["salt"]).encode()).hexdigest()
    assert "identifier" not in plain.json()["credentialSubject"]
    assert identity["identityHash"] == f"sha256${hashed}"
    assert identity["salt"] != again.json()["credentialSubject"]["identifier"][0]["salt"]
    assert "correo.example" not in asked.text.lower()
    assert (without.status_code, theirs.status_code) == (409, 404)
    assert "No tenemos un correo suyo" in without.text
    assert offered == [True, False]


async def link(certificate: Certificate) -> str:
    found = await OwnLink.get(registration_id=certificate.registration_id)
    assert found.token is not None
    return found.token


async def test_issuer_when_asked_by_a_person_or_a_program_then_page_or_profile(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(AFTER)
    certificate = await a_diploma(await make_held(4))
    pair = await issuers.current_key(certificate.operator_id)

    page = await client.get("/emisores/1705", headers={"accept": "text/html,application/xhtml+xml"})
    profile = await client.get("/emisores/1705", headers={"accept": "application/ld+json, application/json"})
    key = await client.get(pair.method.removeprefix(BASE))
    foreign = await client.get(pair.method.removeprefix(BASE).replace("1705", "1207"))
    unknown = [await client.get(f"/emisores/{path}") for path in ("0000", f"1705/llaves/{tokens.uuid7()}", "%00")]

    assert "<h1>Municipalidad de La Libertad, Petén</h1>" in page.text
    assert profile.json()["assertionMethod"] == [pair.method]
    assert key.json() | {"@context": ""} == profile.json()["verificationMethod"][0] | {"@context": ""}
    assert key.json()["publicKeyMultibase"] == proofs.public_key_of(pair.seed)
    assert "Accept" in page.headers["vary"]
    assert [one.status_code for one in (foreign, *unknown)] == [404] * 4
