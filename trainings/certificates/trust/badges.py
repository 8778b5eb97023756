"""A certificate as an unsigned Open Badge 3.0 (1EdTech). It names nobody: the holder is "the person of this code", with
the folio as licence number.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from trainings import clock
from trainings.certificates.designs.texts import day_on
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.certificates.trust import proofs
from trainings.lib.dates import hours_in_words_es
from trainings.settings import get_settings

ENTRIES = 131_072
"""Length of a status list: the standard's least, so that it identifies nobody."""
PURPOSE = "revocation"
ACHIEVEMENT_TYPES = {
    CertificateKind.CONSTANCIA: "Achievement",
    CertificateKind.DIPLOMA: "CertificateOfCompletion",
    CertificateKind.CERTIFICADO: "Certificate",
}
TITLES = {
    CertificateKind.CONSTANCIA: "Constancia de participación",
    CertificateKind.DIPLOMA: "Diploma",
    CertificateKind.CERTIFICADO: "Certificado",
}

ACTIVITIES = {"charla": "Charla", "taller": "Taller", "curso": "Curso", "diplomado": "Diplomado"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeFacts:
    """`activity`: a code of `CourseKind`, or empty. `share`: percent of the hours that the course asks for, 0: not
    kept. `pass_mark`: points of 100. `valid_from`: no verifier accepts it earlier.
    """

    base_url: str
    operator_code: str
    issuer: str
    code: str
    folio: str
    kind: CertificateKind
    title: str
    activity: str
    minutes: int
    share: int
    pass_mark: int | None
    year: int
    number: int
    awarded_at: datetime
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class Contact:
    email: str
    salt: str


def facts_of(certificate: Certificate, operator_code: str) -> BadgeFacts:
    """From the row alone: later edits of a course change no badge.

    A prepared certificate is valid from the local day on which the last session begins (it may end past midnight), and
    its status bit is set until attendance makes it valid: so the file need not change.
    """
    sheet = certificate.sheet
    is_prepared = certificate.state is CertificateState.PREPARED
    earned_at = certificate.validated_at or certificate.issued_at
    return BadgeFacts(
        base_url=get_settings().base_url.rstrip("/"),
        operator_code=operator_code,
        issuer=certificate.issuer,
        code=certificate.code,
        folio=certificate.folio,
        kind=certificate.kind,
        title=certificate.title,
        activity=sheet["activity_kind"],
        minutes=certificate.minutes,
        share=sheet["share"],
        pass_mark=sheet["pass_mark"],
        year=certificate.year,
        number=certificate.number,
        awarded_at=max(certificate.issued_at, clock.midnight(day_on(sheet))),
        valid_from=clock.midnight(_last_day(certificate)) if is_prepared else earned_at,
    )


def _last_day(certificate: Certificate) -> date:
    return date.fromisoformat(certificate.sheet["held_days"][-1])


def credential(facts: BadgeFacts, contact: Contact | None = None) -> dict[str, Any]:
    """`contact`, only on the holder's request, proves that the badge is the holder's."""
    check = f"{facts.base_url}/verificar/{facts.code}"
    return {
        "@context": [proofs.CREDENTIALS, proofs.OPEN_BADGES],
        "id": check,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"{TITLES[facts.kind]}: {facts.title}",
        "issuer": issuer_of(facts.base_url, facts.operator_code, facts.issuer),
        "validFrom": proofs.moment_text(facts.valid_from),
        "awardedDate": proofs.moment_text(facts.awarded_at),
        "credentialSubject": {
            "id": f"{check}#persona",
            "type": ["AchievementSubject"],
            "licenseNumber": facts.folio,
            "creditsEarned": _hours(facts.minutes),
            **({"identifier": [_identity(contact)]} if contact is not None else {}),
            "achievement": _achievement(facts),
        },
        "credentialStatus": _status(facts),
    }


def issuer_of(base_url: str, operator_code: str, name: str) -> dict[str, Any]:
    return {"id": issuer_address(base_url, operator_code), "type": ["Profile"], "name": name}


def issuer_address(base_url: str, operator_code: str) -> str:
    return f"{base_url}/emisores/{operator_code}"


def list_address(base_url: str, operator_code: str, year: int, nth: int) -> str:
    """`…/emisores/1705/estado/2027`; a year's second list ends in `2027-2`. `nth` counts from 0."""
    name = str(year) if nth == 0 else f"{year}-{nth + 1}"
    return f"{issuer_address(base_url, operator_code)}/estado/{name}"


def rule_in_words(facts: BadgeFacts) -> str:
    hours = hours_in_words_es(facts.minutes)
    if facts.kind is CertificateKind.CONSTANCIA:
        return f"Asistió {hours}."
    asked = f"al menos el {facts.share} %" if facts.share else "la parte que el curso pide"
    rule = (
        f"Cumplió {asked} de las horas impartidas ({hours}); una sesión que faltó puede reponerse en otra "
        "capacitación del mismo curso."
    )
    if facts.kind is CertificateKind.DIPLOMA:
        return rule
    mark = f" con {facts.pass_mark} puntos de 100 o más" if facts.pass_mark is not None else ""
    return f"{rule} Y aprobó la evaluación{mark}."


def _achievement(facts: BadgeFacts) -> dict[str, Any]:
    narrative = rule_in_words(facts)
    name = f"{facts.operator_code}\n{facts.kind.value}\n{facts.title}\n{facts.minutes}\n{narrative}"
    activity = ACTIVITIES.get(facts.activity, "Capacitación")
    return {
        "id": uuid5(NAMESPACE_URL, f"{facts.base_url}\n{name}").urn,
        "type": ["Achievement"],
        "achievementType": ACHIEVEMENT_TYPES[facts.kind],
        "name": facts.title,
        "description": f"{activity} «{facts.title}», {hours_in_words_es(facts.minutes)}.",
        "criteria": {"narrative": narrative},
        "creditsAvailable": _hours(facts.minutes),
        "inLanguage": "es",
    }


def _hours(minutes: int) -> int | float:
    """Whole hours as a whole number: other JSON readers know no 8.0, and would sign another text."""
    return minutes // 60 if minutes % 60 == 0 else round(minutes / 60, 2)


def _status(facts: BadgeFacts) -> dict[str, str]:
    nth, index = divmod(facts.number - 1, ENTRIES)
    address = list_address(facts.base_url, facts.operator_code, facts.year, nth)
    return {
        "id": f"{address}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": PURPOSE,
        "statusListIndex": str(index),
        "statusListCredential": address,
    }


def _identity(contact: Contact) -> dict[str, Any]:
    """Open Badges 3.0, IdentityObject: the hash covers the lower-case address followed by the salt."""
    hashed = hashlib.sha256((contact.email.strip().lower() + contact.salt).encode()).hexdigest()
    return {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": f"sha256${hashed}",
        "identityType": "emailAddress",
        "salt": contact.salt,
    }
