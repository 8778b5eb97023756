"""Makes transcripts: frozen, with a code; the same file while nothing changes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.models import Transcript
from trainings.certificates.queries import UnknownCertificate
from trainings.certificates.transcripts import pdf as transcript_pdf
from trainings.certificates.transcripts.queries import LONGEST_KEPT, Entry, digest_of, entries_of
from trainings.db import lock, reads, transaction
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.lib.text import initials
from trainings.limits import actions as limits
from trainings.people.merged import same_person_ids
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.web.i18n import N_

LONGEST_INITIALS = 40
DAY = 86_400
MADE_A_DAY = 10
"""By an own link, after changes: each is set and kept."""


class NothingAttended(Refusal):
    code = "nothing_attended"
    sentence = N_("Todavía no consta asistencia a ninguna capacitación. El historial se hace después de la primera.")


class UnprintableTranscript(Refusal):
    code = "unprintable_transcript"
    sentence = N_("El historial no puede imprimir «%(letters)s». Corrija el nombre y hágalo otra vez.")


async def whose(registration: Registration, *, actor: Actor) -> list[UUID]:
    """Participants whose trainings count: for staff, before the person, all participants held to be this person.

    For an own link this participant alone: a stranger may have made the link with the name and telephone before the
    merge.
    """
    is_by_staff = actor.id is not None
    return await same_person_ids(registration.participant_id) if is_by_staff else [registration.participant_id]


async def make_transcript(registration: Registration, *, actor: Actor) -> Transcript:
    """The current transcript of the registration's person (loaded); an equal earlier one is reused. Not in a
    transaction: it sets a page.

    Refuses without attendance, and unprintable letters; by an own link more than ten new ones a day (TooManyTries).
    """
    person = registration.participant
    entries = await entries_of(await whose(registration, actor=actor))
    if not entries:
        raise NothingAttended
    digest = digest_of(entries, person.full_name)
    kept = await _same(person.id, digest)
    if kept is not None:
        return kept
    missing = transcript_pdf.missing_glyphs(person.full_name, entries)
    if missing:
        raise UnprintableTranscript(letters=missing)
    if actor.id is None:
        await limits.hit("transcript", str(person.id), MADE_A_DAY, DAY)
    return await _keep(await _set(person, entries, digest), registration, actor)


async def latest_transcript(participant_id: UUID, entries: Sequence[Entry], name: str) -> Transcript | None:
    """An earlier one of this very history."""
    return await _same(participant_id, digest_of(entries, name))


async def _same(participant_id: UUID, digest: str) -> Transcript | None:
    return await reads(Transcript).filter(participant_id=participant_id, entries_digest=digest).first()


async def _set(person: Participant, entries: Sequence[Entry], digest: str) -> Transcript:
    code, moment = tokens.certificate_code(), clock.now()
    content = await asyncio.to_thread(transcript_pdf.render, person.full_name, code, entries, made_at=moment)
    return Transcript(
        participant_id=person.id,
        code=code,
        printed_name=person.full_name[:LONGEST_KEPT],
        initials=initials(person.given_names, person.surnames)[:LONGEST_INITIALS].strip(),
        is_minor=person.age_group is not None and person.age_group.is_minor,
        entries=[asdict(one) for one in entries],
        entries_digest=digest,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        created_at=moment,
    )


async def _keep(made: Transcript, registration: Registration, actor: Actor) -> Transcript:
    async with transaction():
        await lock(Participant, [made.participant_id])
        kept = await _same(made.participant_id, made.entries_digest)
        if kept is not None:
            return kept
        await made.save(force_create=True)
        training = await reads(Training).get(id=registration.training_id)
        await record("certificates.make_transcript", actor=actor, object_id=registration.id, hub_id=training.hub_id)
        return made


async def own_transcript(participant_ids: Collection[UUID], typed_code: str) -> Transcript:
    """Another person's is unknown."""
    code = tokens.read_certificate_code(typed_code) or ""
    found = await reads(Transcript).get_or_none(participant_id__in=list(participant_ids), code=code)
    if found is None:
        raise UnknownCertificate
    return found
