from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from tortoise.expressions import Q

from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads, sql
from trainings.db.prepared import Select
from trainings.errors import NotFound
from trainings.lib import dates, tokens
from trainings.lib.text import fold
from trainings.web.i18n import N_, gettext, language

COLUMNS = (
    *("id", "code", "kind", "state", "title", "minutes", "held_on", "issued_at", "issuer", "folio", "initials"),
    *("is_minor", "erased_at", "revoked_at", "registration_id", "replaces_id"),
)
PRINTED = ("held_text", "place", "issued_on")
LOOK_UP = f"""
    SELECT {", ".join(f"c.{name}" for name in COLUMNS)},
        {", ".join(f"c.sheet ->> '{name}' AS {name}" for name in PRINTED)},
        h.phone, k.subject, k.fingerprint, k.compromised_since, f.created_at AS set_at
    FROM certificate c
    JOIN hub h ON h.id = c.hub_id
    LEFT JOIN certificate_file f ON f.certificate_id = c.id
    LEFT JOIN signing_key k ON k.fingerprint = f.signed_by
    WHERE c.code = ?
"""  # noqa: S608 - the columns are ours
DAYS_IN_WORDS = 1024


class UnknownCertificate(NotFound):
    sentence = N_("No encontramos ese código. Revise que lo copió completo: son 14 letras y números.")


@dataclass(frozen=True, slots=True)
class Replacement:
    folio: str
    code: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A file's electronic signature: the name in its certificate, and that certificate's SHA-256. After a key's theft
    (`compromised_since`) it `counts` only on files that we set before.
    """

    subject: str
    fingerprint: str
    compromised_since: datetime | None = None
    counts: bool = True

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self | None:
        if not row["fingerprint"]:
            return None
        since, set_at = _moment(row["compromised_since"]), _moment(row["set_at"])
        counts = since is None or (set_at is not None and set_at < since)
        return cls(row["subject"], row["fingerprint"], since, counts)


def _moment(kept: Any) -> datetime | None:
    moment: datetime | None = datetime.fromisoformat(kept) if isinstance(kept, str) else kept
    return moment


@dataclass(frozen=True, slots=True)
class PublicCheck:
    """What a code tells a stranger: no name, for a minor not even initials.

    `held_text`: the paper's words (Spanish) for its days; empty where `held_on` says it. `phone`: the hub's, now.
    `replaces`: an annulled certificate. `is_nameless`: the name was removed; all else holds. `signature`: None:
    unsigned, or not set yet.
    """

    code: str
    kind: CertificateKind
    state: CertificateState
    title: str
    minutes: int
    held_on: date
    held_text: str
    issued_on: date
    issuer: str
    place: str
    phone: str
    folio: str
    initials: str
    is_minor: bool
    is_nameless: bool
    revoked_at: datetime | None
    replaced_by: Replacement | None
    replaces: Replacement | None
    signature: Signature | None


async def public_check(typed: str) -> PublicCheck:
    """Unknown, malformed and erased codes are the same 404."""
    code = tokens.read_certificate_code(typed) or ""
    row = await sql.row_by_key(LOOK_UP, code)
    if row is None or not tokens.same(row["code"], code):
        raise UnknownCertificate
    return await _check(_Seen.read(row), row["phone"], Signature.read(row))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A model of each row would cost more than reading it."""

    id: UUID
    code: str
    kind: CertificateKind
    state: CertificateState
    title: str
    minutes: int
    held_on: date
    issued_at: datetime
    issuer: str
    folio: str
    initials: str
    is_minor: bool
    erased_at: datetime | None
    revoked_at: datetime | None
    registration_id: UUID
    replaces_id: UUID | None
    held_text: str
    place: str
    issued_on: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """Moments, days and keys are text on SQLite."""
        values = {name: row[name] for name in (*COLUMNS, *PRINTED)}
        for name in ("issued_at", "erased_at", "revoked_at"):
            values[name] = _moment(values[name])
        for name in ("id", "registration_id", "replaces_id"):
            if isinstance(values[name], str):
                values[name] = sql.as_uuid(values[name])
        if isinstance(values["held_on"], str):
            values["held_on"] = date.fromisoformat(values["held_on"])
        values |= {"kind": CertificateKind(values["kind"]), "state": CertificateState(values["state"])}
        return cls(**values | {"is_minor": bool(values["is_minor"])})


async def _check(certificate: _Seen, phone: str, signature: Signature | None) -> PublicCheck:
    return PublicCheck(
        code=certificate.code,
        kind=certificate.kind,
        state=certificate.state,
        title=certificate.title,
        minutes=certificate.minutes,
        held_on=certificate.held_on,
        held_text="" if certificate.held_text == _in_words(certificate.held_on) else certificate.held_text,
        issued_on=date.fromisoformat(certificate.issued_on),
        issuer=certificate.issuer,
        place=certificate.place,
        phone=phone,
        folio=certificate.folio,
        initials="" if certificate.is_minor else certificate.initials,
        is_minor=certificate.is_minor,
        is_nameless=certificate.erased_at is not None,
        revoked_at=certificate.revoked_at,
        replaced_by=await _replacement(certificate),
        replaces=await _replaced(certificate),
        signature=signature,
    )


@lru_cache(maxsize=DAYS_IN_WORDS)
def _in_words(day: date) -> str:
    return dates.held_on([day], "es")


async def _replacement(certificate: _Seen) -> Replacement | None:
    """The standing certificate of its kind, however many were annulled in between, or the certificate it was exchanged
    for.
    """
    if certificate.state is not CertificateState.REVOKED:
        return None
    in_its_place = Q(Q(kind=certificate.kind), Q(replaces_id=certificate.id), join_type=Q.OR)
    others = reads(Certificate).filter(in_its_place, registration_id=certificate.registration_id)
    found = await others.exclude(state=CertificateState.REVOKED).first()
    return Replacement(found.folio, found.code) if found is not None else None


async def _replaced(certificate: _Seen) -> Replacement | None:
    if certificate.replaces_id is None:
        return None
    found = await reads(Certificate).get_or_none(id=certificate.replaces_id, erased_at=None)
    return Replacement(found.folio, found.code) if found is not None else None


async def is_name_printed(typed_code: str, name: str) -> bool:
    """Ignores accents, apostrophes and capitals; in the paper's order. Never true after the name was removed."""
    certificate = await _by_code(typed_code)
    return certificate.erased_at is None and is_same_name(name, certificate.sheet["person_name"])


def is_same_name(typed: str, printed: str) -> bool:
    """Ignores accents, apostrophes and capitals."""
    return tokens.same(_comparable(typed), _comparable(printed))


def _comparable(name: str) -> str:
    return fold(name) or name.strip()


async def _by_code(typed: str) -> Certificate:
    """Looks malformed codes up too: nothing tells them from unknown codes."""
    code = tokens.read_certificate_code(typed) or ""
    certificate = await reads(Certificate).get_or_none(code=code)
    if certificate is None or not tokens.same(certificate.code, code):
        raise UnknownCertificate
    return certificate


PAPERS_OF = Select(
    Certificate,
    where="this.registration_id IN ?list AND this.erased_at IS NULL",
    order="this.issued_at DESC, this.id DESC",
    are_few=True,
)


async def papers_of(registration_ids: Collection[UUID]) -> list[Certificate]:
    """In every state, also before they are valid. Newest first."""
    return await PAPERS_OF.rows(list(registration_ids)) if registration_ids else []


def valid_among(papers: Iterable[Certificate]) -> list[Certificate]:
    return [one for one in papers if one.state is CertificateState.VALID]


async def of_registration(registration_id: UUID) -> list[Certificate]:
    return valid_among(await papers_of([registration_id]))


def valid_by_registration(papers: Iterable[Certificate]) -> Mapping[UUID, Sequence[Certificate]]:
    """Registrations without certificate are missing."""
    found: dict[UUID, list[Certificate]] = {}
    for one in valid_among(papers):
        found.setdefault(one.registration_id, []).append(one)
    return found


async def own_certificate(registration_ids: Collection[UUID], typed_code: str) -> Certificate:
    """A valid certificate. Another person's, or a revoked certificate, is a 404."""
    code = tokens.read_certificate_code(typed_code) or ""
    certificate = await reads(Certificate).get_or_none(
        registration_id__in=list(registration_ids), code=code, state=CertificateState.VALID, erased_at=None
    )
    if certificate is None:
        raise UnknownCertificate
    return certificate


_NO_LONGER = {
    CertificateKind.CONSTANCIA: N_("La constancia con el folio %(folio)s fue anulada el %(day)s. Ya no es válida."),
    CertificateKind.DIPLOMA: N_("El diploma con el folio %(folio)s fue anulado el %(day)s. Ya no es válido."),
    CertificateKind.CERTIFICADO: N_("El certificado con el folio %(folio)s fue anulado el %(day)s. Ya no es válido."),
}


@dataclass(frozen=True, slots=True)
class AnnulledPaper:
    """`sentence` names its folio and day. `instead`: the folio of the valid paper in its place, or empty."""

    sentence: str
    code: str
    instead: str


def annulled_among(papers: Collection[Certificate]) -> Mapping[UUID, Sequence[AnnulledPaper]]:
    """Last first. Without papers never valid nor handed over, which nobody knows, and papers that their person
    withdrew.
    """
    told: dict[UUID, list[AnnulledPaper]] = {}
    valid = {(one.registration_id, one.kind): one.folio for one in valid_among(papers)}
    revoked = [(one.revoked_at, one.id, one) for one in papers if one.revoked_at is not None]
    for revoked_at, _key, one in sorted(revoked, reverse=True):
        if one.validated_at is not None or one.handed_over_at is not None:
            values = {"folio": one.folio, "day": dates.date_without_weekday(revoked_at, language())}
            paper = AnnulledPaper(
                gettext(_NO_LONGER[one.kind]) % values, one.code, valid.get((one.registration_id, one.kind), "")
            )
            told.setdefault(one.registration_id, []).append(paper)
    return told
