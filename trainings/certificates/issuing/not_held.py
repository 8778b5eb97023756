"""A session that never took place, said after its end; not while people are marked there, or papers tell of it."""

from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.attendance.settling import locked_stays
from trainings.audit.actor import Actor
from trainings.certificates.issuing import preparing
from trainings.certificates.models import Certificate, CertificateState
from trainings.db import reads, transaction
from trainings.errors import NotFound, Refusal
from trainings.schedule.models import TrainingSession
from trainings.web.i18n import N_


class PapersTellIt(Refusal):
    code = "papers_tell_it"
    sentence = N_(
        "Documentos que ya se emitieron y cuentan esta sesión: %(n)s. Anúlelos primero en Diplomas; "
        "después de anotarlo, emítalos otra vez."
    )


async def say_not_held(session_id: UUID, *, actor: Actor, reason: str, known_as: str = "") -> None:
    """Hours and completion leave it out; prepared papers that are thereby due become valid.

    Refuses where valid papers count it, and as `rescheduling.not_held`.
    """
    where = await TrainingSession.get_or_none(id=session_id)
    if where is None:
        raise NotFound(N_("No encontramos esa sesión."))
    async with transaction():
        await locked_stays(where.training_id)
        n_papers = await _n_papers_telling(await TrainingSession.get(id=session_id))
        if n_papers:
            raise PapersTellIt(n=n_papers)
        await rescheduling.not_held(session_id, actor=actor, reason=reason, known_as=known_as)
    await preparing.validate_few(where.training_id)


async def _n_papers_telling(session: TrainingSession) -> int:
    day = clock.local(session.starts_at).date()
    valid = reads(Certificate).filter(registration__training_id=session.training_id, state=CertificateState.VALID)
    return sum(_tells(one, day.isoformat()) for one in await valid)


def _tells(certificate: Certificate, day: str) -> bool:
    return day in certificate.sheet["held_days"]
