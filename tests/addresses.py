"""Every route of the application, and addresses for them: the objects of one hub, put into the paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.routing import BaseRoute, Route

from tests import make
from tests.certificates.held import a_diploma, make_attendee, make_held
from tests.notes import sounds
from tests.notes.make_notes import make_contact, make_note
from tests.outreach.make_activity import make_activity
from tests.registrations.card_world import CardsOfHub, make_cards_of
from trainings import clock
from trainings.accounts.models import Role, RoleGrant, User
from trainings.attendance.device_access import device_digest
from trainings.attendance.models import AttendanceSheet, Device, DeviceSession
from trainings.attendance.sessions import rescheduling
from trainings.attendance.sheets.sheets import print_sheet
from trainings.audit.actor import PROGRAM
from trainings.certificates.designs.brand import add_image, clean
from trainings.certificates.making.transcripts import make_transcript
from trainings.certificates.models import (
    BrandImage,
    Certificate,
    ImageRole,
    IssueJob,
    IssuerKey,
    JobPurpose,
    JobState,
    RevocationRequest,
    SigningKey,
    Transcript,
)
from trainings.certificates.trust import issuers, signing_keys
from trainings.db import transaction
from trainings.lib import tokens
from trainings.lib.tabular import Row
from trainings.notes import recordings
from trainings.notes.models import HelpContact, InformationNote
from trainings.outbox.models import CallList, CallReason, OutboxJob
from trainings.outreach.models import OutreachActivity
from trainings.people.models import Merge, MergeReason
from trainings.places.models import FeastDay, Hub, Operator, Signatory
from trainings.privacy.models import ErasureRequest
from trainings.registrations.imports.columns import Sheet, as_text
from trainings.registrations.messages import open_list
from trainings.registrations.models import Addressee, ImportDraft, InvitationLetter, OwnLink, Registration
from trainings.schedule.models import Project, Training

SHIELD = clean(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 9"><path d="M0 0h8v5l-4 4-4-4z"/></svg>')
PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True, slots=True)
class Address:
    """A method and a path with its parameters, as `GET /i/{token}`, and who may call it."""

    method: str
    path: str
    audience: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def addresses(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[Address]:
    """All of them, however deep they are mounted. HEAD goes with GET; static files are no routes."""
    for route in routes:
        if isinstance(route, Route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield Address(method, prefix + route.path, getattr(route.endpoint, "audience", ()))
        else:
            yield from addresses(getattr(route, "routes", None) or (), prefix + getattr(route, "path", ""))


@dataclass(frozen=True, slots=True)
class Objects:
    """What one hub has: a training to come with people on it, one that was held with a diploma, a message."""

    hub: Hub
    operator: Operator
    signatory: Signatory
    coming: Training
    person: Registration
    waiting: Registration
    token: str
    held: Training
    completed: Registration
    certificate: Certificate
    issuer_key: IssuerKey
    signing_key: SigningKey
    transcript: Transcript
    revocation: RevocationRequest
    issue_job: IssueJob
    message: OutboxJob
    batch: UUID
    annulled_batch: UUID
    call_list: CallList
    cards: CardsOfHub
    letter: InvitationLetter
    difference: Merge
    erasure: ErasureRequest
    unwanted_erasure: ErasureRequest
    draft: ImportDraft
    note: InformationNote
    contact: HelpContact
    feast: FeastDay
    project: Project
    activity: OutreachActivity
    phone: Device
    sheet: AttendanceSheet
    shield: BrandImage
    account: User
    grant: RoleGrant

    def path(self, address: Address, **more: object) -> str:
        """The address with this hub's objects in it; `more` are those that no hub has."""
        values = self._values(address.path) | more
        return PARAMETER.sub(lambda found: str(values[found[1]]), address.path)

    @property
    def secrets(self) -> frozenset[str]:
        """What tells of its people, messages and papers: nothing of it may stand on a page for others."""
        ids = (
            self.person,
            self.waiting,
            self.completed,
            self.certificate,
            self.draft,
            self.message,
            self.call_list,
            self.signatory,
            self.shield,
            self.difference,
            self.erasure,
            self.phone,
        )
        people = (str(self.person.participant_id), str(self.waiting.participant_id))
        words = (
            f"@{self.hub.slug}.example",
            self.token,
            str(self.batch),
            str(self.annulled_batch),
            self.certificate.folio,
            self.transcript.code,
            *people,
        )
        return frozenset({*(str(one.id) for one in ids), *words, *self.cards.secrets})

    @property
    def _of_the_coming(self) -> dict[str, object]:
        return {
            "id": self.coming.id,
            "registration_id": self.waiting.id,
            "group_id": self.waiting.group_id,
            "batch": self.batch,
            "letter_id": self.letter.id,
        }

    def _values(self, path: str) -> dict[str, object]:
        by_beginning = self._outside | self._in_the_panel
        return next((values for beginning, values in by_beginning.items() if path.startswith(beginning)), {})

    @property
    def _outside(self) -> dict[str, dict[str, object]]:
        return {
            **self.cards.by_beginning,
            "/cal/{kind}/": {"kind": "municipio", "slug": "la-libertad-peten", "by": "idioma", "code": "kek"},
            "/cal/guatemala/": {"by": "para", "code": "cocode"},
            "/cal/facilitador/": {"token": tokens.feed_token()},
            "/suscribirse/guatemala/": {"by": "idioma", "code": "spa"},
            "/suscribirse/{kind}": {"kind": "ventanilla", "slug": self.hub.slug, "by": "para", "code": "docente"},
            "/incrustar/": {"kind": "ventanilla", "slug": self.hub.slug},
            "/municipios/": {"slug": "la-libertad-peten"},
            "/temas/": {"slug": "riesgos"},
            "/capacitaciones/": {"slug": self.coming.slug},
            "/comunidades/": {"code": self.hub.seat_id},
            "/c/": {"code": self.coming.short_code},
            "/notas/": {"slug": self.note.slug, "hub": self.hub.slug},
            "/orientacion/": {"situation": "regrese"},
            "/audio/notas/": {"name": self.note.audio},
            "/audio/": {"language": "kek"},
            "/i/": {
                "token": self.token,
                "code": self.certificate.code,
                "registration_id": self.person.id,
                "purpose": "photo",
            },
            **{path: {"code": self.certificate.code} for path in ("/verificar/", "/V/", "/v/")},
            "/emisores/": {
                "code": self.operator.code,
                "id": self.issuer_key.id,
                "name": self.certificate.year,
                "fingerprint": self.signing_key.fingerprint,
            },
            "/entrar/enlace/": {"token": tokens.own_link()},
            "/actividades/": {"slug": self.activity.slug},
            "/marcar/api/sesiones/": {"id": next(iter(self.coming.sessions)).id},
        }

    @property
    def _of_its_people(self) -> dict[str, dict[str, object]]:
        return {
            "/panel/personas/repetidas/{": {"one": self.person.participant_id, "other": self.waiting.participant_id},
            "/panel/personas/por-borrar/{id:uuid}/no": {"id": self.unwanted_erasure.id},
            "/panel/personas/por-borrar/": {"id": self.erasure.id},
            "/panel/personas/repetidas/decisiones/": {"id": self.difference.id},
        }

    @property
    def _in_the_panel(self) -> dict[str, dict[str, object]]:
        return {
            "/panel/capacitaciones/{id:uuid}/diploma": {
                "id": self.held.id,
                "request_id": self.revocation.id,
                "job": self.issue_job.id,
                "batch": self.annulled_batch,
            },
            "/panel/capacitaciones/": self._of_the_coming,
            "/panel/sesiones/": {"id": next(iter(self.coming.sessions)).id, "code": self.sheet.code, "row": 1},
            "/panel/cursos/": {"id": self.coming.course_id, "slug": "riesgos"},
            "/panel/actividades/": {"id": self.activity.id},
            "/panel/lugares/": {"id": self.coming.venue_id},
            "/panel/notas/": {"id": self.note.id},
            "/panel/contactos/": {"id": self.contact.id},
            "/panel/fiestas/": {"id": self.feast.id},
            "/panel/proyectos/": {"id": self.project.id},
            "/panel/importaciones/": {"id": self.draft.id, "row": 2},
            "/panel/inscripciones/{id:uuid}/diploma": {"id": self.completed.id},
            "/panel/inscripciones/{id:uuid}/historial": {
                "id": self.certificate.registration_id,
                "code": self.transcript.code,
            },
            **{path: {"id": self.person.id} for path in ("/panel/inscripciones/", "/panel/apoyos/")},
            "/panel/diplomas/": {"id": self.certificate.id},
            "/panel/folios/": {"operator": self.operator.id, "year": self.certificate.year},
            "/panel/firma-electronica/": {"operator": self.operator.id, "id": self.signing_key.id},
            "/panel/firmas/": {"operator": self.operator.id, "id": self.signatory.id},
            "/panel/diseno/": {"operator": self.operator.id},
            "/panel/membrete/{operator": {"operator": self.operator.id, "id": self.shield.id},
            "/panel/membrete/": {"id": self.shield.id},
            **self._of_its_people,
            "/panel/cuentas/": {"user_id": self.account.id, "grant_id": self.grant.id},
            "/panel/guia/": {"job": "publicar", "picture": "asistencia"},
            "/panel/llamadas/": {"id": self.call_list.id},
            "/panel/telefonos/": {"id": self.phone.id},
            "/panel/mensajes/lotes/": {"id": self.batch},
            "/panel/mensajes/": {"id": self.message.id},
            "/panel/textos/": {"operator": self.operator.id, "kind": "registration_confirmed", "lang": "es-GT"},
        }


async def _moved(training: Training) -> UUID:
    """The messages about a move that can still be stopped."""
    session = next(iter(training.sessions))
    hour = timedelta(hours=1)
    batch = await rescheduling.move(
        session.id, session.starts_at + hour, session.ends_at + hour, session.venue_id, actor=PROGRAM
    )
    assert batch is not None
    return batch


async def _annulled(training: Training) -> UUID:
    """The calls about what was annulled, which can still be stopped."""
    batch = tokens.uuid7()
    async with transaction():
        await open_list(training, CallReason.ANNULLED, batch, batch_id=batch)
    return batch


async def _set_up(hub: Hub) -> dict[str, Any]:
    today = clock.today()
    return {
        "project": await Project.create(name=hub.slug, donor="Una", starts_on=today, ends_on=today),
        "feast": await FeastDay.create(municipality_id=hub.seat_id, month=8, day=15, name="Feria titular"),
    }


async def objects_of(hub: Hub, facilitators: Iterable[User] = ()) -> Objects:
    """One of each for this hub; these people hold its sessions. Call it when what was held lies in the past."""
    operator = await Operator.get(id=hub.operator_id).prefetch_related("signatories")
    sessions = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (1, 2)]
    coming = await make.make_training(hub=hub, facilitators=list(facilitators), sessions=sessions, capacity=1)
    person = await make.make_registration(coming, email=f"ana@{hub.slug}.example")
    waiting = await make.make_registration(coming, given_names="Beto", surnames="Coc", email=f"beto@{hub.slug}.example")
    held = await make_held(4, hub=hub, facilitators=list(facilitators))
    certificate = await a_diploma(held, given_names="Cata", surnames="Xol")
    completed = await make_attendee(held, given_names="Delia", surnames="Caal")
    batch = await _moved(coming)
    return Objects(
        hub=hub,
        operator=operator,
        signatory=next(iter(operator.signatories)),
        coming=coming,
        person=person,
        waiting=waiting,
        token=await _token_of(person),
        held=held,
        completed=completed,
        certificate=certificate,
        **await _around(certificate, operator),
        message=await OutboxJob.get(subject_id=person.id, kind="registration_confirmed"),
        batch=batch,
        annulled_batch=await _annulled(held),
        call_list=await CallList.get(batch_id=batch),
        cards=await make_cards_of(hub),
        letter=await InvitationLetter.create(training=coming, kind=Addressee.COCODE, addressee=f"COCODE de {hub.name}"),
        **await _decisions(person, waiting),
        draft=await _draft(coming),
        note=await _note(hub),
        contact=await make_contact(),
        **await _set_up(hub),
        activity=await make_activity(hub),
        phone=await _phone(coming, facilitators),
        sheet=await print_sheet(next(iter(coming.sessions)).id, n_blank=1, columns=["dpi"], actor=PROGRAM),
        shield=await add_image(operator.id, ImageRole.SHIELD, "Escudo", SHIELD, actor=PROGRAM),
        **await _account(hub),
    )


async def _account(hub: Hub) -> dict[str, Any]:
    account = await make.make_user(Role.ASSISTANT, hub, email=f"cuenta.{hub.slug}@vimmig.example", name="Eva Pop")
    return {"account": account, "grant": await RoleGrant.get(user_id=account.id)}


async def _around(certificate: Certificate, operator: Operator) -> dict[str, Any]:
    """What goes with a certificate: what signs it, what lists it, what somebody asked about it."""
    return {
        "issuer_key": await _issuer_key(operator),
        "signing_key": await signing_keys.make_key(operator.id, actor=PROGRAM),
        "transcript": await _transcript(certificate),
        "revocation": await _revocation(certificate),
        "issue_job": await _issue_job(certificate),
    }


async def _issuer_key(operator: Operator) -> IssuerKey:
    await issuers.current_key(operator.id)
    return (await issuers.public_keys(operator.id))[0]


async def _token_of(registration: Registration) -> str:
    link = await OwnLink.get(registration_id=registration.id)
    assert link.token is not None
    return link.token


async def _revocation(certificate: Certificate) -> RevocationRequest:
    """Somebody asked that many be annulled."""
    held = await Registration.get(id=certificate.registration_id)
    return await RevocationRequest.create(
        training_id=held.training_id,
        hub_id=certificate.hub_id,
        certificate_ids=[],
        reason="Lista equivocada",
        asked_by_id=tokens.uuid7(),
    )


async def _issue_job(certificate: Certificate) -> IssueJob:
    """A press that is done."""
    held = await Registration.get(id=certificate.registration_id)
    return await IssueJob.create(
        training_id=held.training_id, hub_id=certificate.hub_id, purpose=JobPurpose.ISSUE, state=JobState.DONE
    )


async def _transcript(certificate: Certificate) -> Transcript:
    registration = await Registration.get(id=certificate.registration_id).prefetch_related("participant")
    return await make_transcript(registration, actor=PROGRAM)


async def _phone(training: Training, facilitators: Iterable[User]) -> Device:
    """One that the first of these people prepared for the training."""
    who = next(iter(facilitators), None)
    device = await Device.create(
        hub_id=training.hub_id,
        name=f"Teléfono {training.hub_id}",
        prepared_by_id=who.id if who else None,
        token_hash=device_digest(tokens.own_link()),
        claimed_at=clock.now(),
    )
    await DeviceSession.create(device=device, session=next(iter(training.sessions)))
    return device


async def _note(hub: Hub) -> InformationNote:
    """A note that can be read and heard."""
    note = await make_note(hub)
    note.audio, note.audio_language = recordings.keep(sounds.mp3()), "kek"
    await note.save(update_fields=["audio", "audio_language"])
    return note


async def _draft(training: Training) -> ImportDraft:
    """A list that was uploaded, its columns matched."""
    sheet = Sheet(("Nombre",), (Row(2, ("Elsa Mó",)),), municipality="0000", actor_type="cocode")
    return await ImportDraft.create(
        training=training, user_id=training.hub_id, rows=as_text(sheet), columns={"full_name": 0}, n_rows=1
    )


async def _decisions(one: Registration, other: Registration) -> dict[str, Any]:
    requests = [
        await ErasureRequest.create(registration=each, papers="data", asked_by_id=tokens.uuid7())
        for each in (one, other)
    ]
    return {"difference": await _difference(one, other), "erasure": requests[1], "unwanted_erasure": requests[0]}


async def _difference(one: Registration, other: Registration) -> Merge:
    """Two people who were held to be two."""
    moment = clock.now()
    return await Merge.create(
        kept_id=one.participant_id,
        merged_id=other.participant_id,
        reason=MergeReason.KNOWN_IN_PERSON,
        merged_by_id=tokens.uuid7(),
        created_at=moment,
        undone_at=moment,
    )
