"""Who signs an operator's certificates: add, remove, put in order. What was issued keeps its own signatures."""

from __future__ import annotations

from uuid import UUID

from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates import pdf
from trainings.db import lock, transaction
from trainings.errors import NotFound, Refusal
from trainings.places.models import Operator, Signatory
from trainings.web.i18n import N_


class TooManySignatories(Refusal):
    code = "too_many_signatories"
    sentence = N_("En el diploma caben %(most)s firmas. Quite una antes de agregar otra.")


class UnprintableSignatory(Refusal):
    code = "unprintable_signatory"
    status = 422
    sentence = N_("El diploma no puede imprimir «%(letters)s». Escríbalo de otra manera.")


class UnknownSignatory(NotFound):
    code = "unknown_signatory"
    sentence = N_("Esa firma ya no está en la lista. Abra la página otra vez.")


async def add_signatory(operator_id: UUID, name: str, office: str, *, actor: Actor) -> Signatory:
    """One more signature, after the others.

    Refuses a fourth one, and letters that the design cannot print.
    """
    for field, text in (("name", name), ("office", office)):
        missing = pdf.missing_glyphs(text)
        if missing:
            raise UnprintableSignatory(field=field, letters=missing)
    async with transaction():
        standing = await _locked(operator_id)
        if len(standing) >= pdf.MOST_SIGNATORIES:
            raise TooManySignatories(most=pdf.MOST_SIGNATORIES)
        position = standing[-1].position + 1 if standing else 1
        signatory = await Signatory.create(operator_id=operator_id, name=name, office=office, position=position)
        await record("certificates.add_signatory", actor=actor, object_id=signatory.id, operator=str(operator_id))
        return signatory


async def remove_signatory(operator_id: UUID, signatory_id: UUID, *, actor: Actor) -> None:
    """Take a signature off the certificates to come. Refuses one that is not this operator's (any more)."""
    async with transaction():
        signatory = _find(await _locked(operator_id), signatory_id)
        await signatory.delete()
        await record("certificates.remove_signatory", actor=actor, object_id=signatory_id, operator=str(operator_id))


async def move_signatory_up(operator_id: UUID, signatory_id: UUID, *, actor: Actor) -> None:
    """Print a signature one place further left; the first one stays. Refuses as `remove_signatory`."""
    async with transaction():
        standing = await _locked(operator_id)
        place = standing.index(_find(standing, signatory_id))
        if place == 0:
            return
        standing[place - 1 : place + 1] = reversed(standing[place - 1 : place + 1])
        for position, signatory in enumerate(standing, start=1):
            signatory.position = position
            await signatory.save(update_fields=["position"])
        await record("certificates.move_signatory", actor=actor, object_id=signatory_id, operator=str(operator_id))


async def _locked(operator_id: UUID) -> list[Signatory]:
    """The operator's signatories in order, its row held: two changes at once come one after the other."""
    await lock(Operator, [operator_id])
    return await Signatory.filter(operator_id=operator_id).order_by("position", "id")


def _find(standing: list[Signatory], signatory_id: UUID) -> Signatory:
    found = next((one for one in standing if one.id == signatory_id), None)
    if found is None:
        raise UnknownSignatory
    return found
