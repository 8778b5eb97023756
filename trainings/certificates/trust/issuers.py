from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM, Actor
from trainings.certificates.models import FolioSeries, IssuerKey, SigningKey
from trainings.certificates.trust import badges, proofs, signing_keys
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.places.models import Operator
from trainings.settings import get_settings
from trainings.web.i18n import N_

CONTROLLERS, MULTIKEY = "https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"
CODE = re.compile("[0-9A-Za-z]{1,8}")


@dataclass(frozen=True, slots=True)
class KeyPair:
    method: str
    seed: bytes = field(repr=False)
    created_at: datetime


async def current_key(operator_id: UUID) -> KeyPair:
    """Made now where there is none; two at once make one."""
    operator = await reads(Operator).get(id=operator_id)
    key = await _in_use(operator_id)
    if key is None:
        async with transaction():
            await lock(Operator, [operator_id])
            key = await _in_use(operator_id) or await _make(operator_id, PROGRAM)
    return _pair(key, operator.code)


async def key_in_use(operator_id: UUID) -> KeyPair | None:
    """Makes no key, for readers."""
    operator = await reads(Operator).get(id=operator_id)
    key = await _in_use(operator_id)
    return _pair(key, operator.code) if key is not None else None


async def rotate(operator_id: UUID, *, actor: Actor, stolen_since: datetime | None = None) -> IssuerKey:
    """The old key's signatures still verify: its public half stays. `stolen_since`: a thief of one key has all, which
    lie together; none of their signatures verifies.
    """
    async with transaction():
        await lock(Operator, [operator_id])
        old = await IssuerKey.filter(operator_id=operator_id)
        key = await _make(operator_id, actor)
        for one in old:
            one.retired_at = one.retired_at or clock.now()
            if stolen_since is not None:
                one.compromised_since = min(stolen_since, one.compromised_since or stolen_since)
            await one.save(update_fields=["retired_at", "compromised_since"])
        return key


async def signs_still(method: str) -> bool:
    """The key at this address was not reported stolen."""
    key_id = UUID(method.rpartition("/")[2])
    return not await reads(IssuerKey).filter(id=key_id, compromised_since__not_isnull=True).exists()


async def public_keys(operator_id: UUID) -> list[IssuerKey]:
    """The one in use first, without private halves."""
    keys = reads(IssuerKey).filter(operator_id=operator_id).order_by("-created_at", "-id")
    return await keys.only("id", "created_at", "operator_id", "public_key", "retired_at", "compromised_since")


def operators_with(code: str) -> QuerySet[Operator]:
    """Texts that cannot be a code never reach the engine."""
    return reads(Operator).filter(code=code if CODE.fullmatch(code) else "")


def key_address(operator_code: str, key_id: UUID) -> str:
    base_url = get_settings().base_url.rstrip("/")
    return f"{badges.issuer_address(base_url, operator_code)}/llaves/{key_id}"


async def _in_use(operator_id: UUID) -> IssuerKey | None:
    return await IssuerKey.filter(operator_id=operator_id, retired_at=None).order_by("-created_at", "-id").first()


async def _make(operator_id: UUID, actor: Actor) -> IssuerKey:
    seed = tokens.nonce(32)  # never from a repeatable source: this is a private key
    key = await IssuerKey.create(
        operator_id=operator_id,
        public_key=proofs.public_key_of(seed),
        seed=base64.b64encode(seed).decode("ascii"),
    )
    await record("certificates.make_issuer_key", actor=actor, object_id=key.id, operator=str(operator_id))
    return key


def _pair(key: IssuerKey, operator_code: str) -> KeyPair:
    assert key.seed is not None, "a key without its private half signs nothing"
    return KeyPair(key_address(operator_code, key.id), base64.b64decode(key.seed), key.created_at)


class UnknownIssuer(NotFound):
    sentence = N_("No encontramos a quien emite estos certificados.")


@dataclass(frozen=True, slots=True)
class Issuer:
    """Keys, certificates and years newest first."""

    operator: Operator
    keys: Sequence[IssuerKey]
    certificates: Sequence[SigningKey]
    years: Sequence[int]

    @property
    def address(self) -> str:
        return badges.issuer_address(get_settings().base_url.rstrip("/"), self.operator.code)


async def find_issuer(operator_code: str) -> Issuer:
    operator = await operators_with(operator_code).first().prefetch_related("municipality")
    if operator is None:
        raise UnknownIssuer
    years: Any = (
        await reads(FolioSeries).filter(operator_id=operator.id).order_by("-year").values_list("year", flat=True)
    )
    return Issuer(
        operator,
        await public_keys(operator.id),
        await signing_keys.signing_keys_of([operator.id]),
        list(years),
    )


def profile(issuer: Issuer) -> dict[str, Any]:
    """Open Badges 3.0 Profile, with its keys: retired keys too, stolen keys not."""
    methods = [_method(issuer, key) for key in issuer.keys]
    return {
        "@context": [CONTROLLERS, MULTIKEY, proofs.OPEN_BADGES],
        "id": issuer.address,
        "type": ["Profile"],
        "name": issuer.operator.name,
        "url": issuer.address,
        "description": issuer.operator.municipality.full_name,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods if "revoked" not in method],
    }


def public_key(issuer: Issuer, key_id: UUID) -> dict[str, Any]:
    """Raises UnknownIssuer for another's key."""
    key = next((one for one in issuer.keys if one.id == key_id), None)
    if key is None:
        raise UnknownIssuer
    return {"@context": MULTIKEY, **_method(issuer, key)}


def certificate_of(issuer: Issuer, fingerprint: str) -> str:
    """With its chain, as PEM. Raises UnknownIssuer for another's fingerprint."""
    found = next((one for one in issuer.certificates if one.fingerprint == fingerprint), None)
    if found is None:
        raise UnknownIssuer
    return found.certificate_pem


def _method(issuer: Issuer, key: IssuerKey) -> dict[str, Any]:
    return {
        "id": key_address(issuer.operator.code, key.id),
        "type": "Multikey",
        "controller": issuer.address,
        "publicKeyMultibase": key.public_key,
        **({"revoked": proofs.moment_text(key.compromised_since)} if key.compromised_since is not None else {}),
    }
