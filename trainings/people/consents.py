"""They stay provable: no sentence is ever edited, a change gets a new version. A test holds the checksums of all
versions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, sql, transaction
from trainings.errors import Refusal
from trainings.people.merged import same_person_ids
from trainings.people.models import Consent, ConsentHow, ConsentPurpose, Participant
from trainings.web.i18n import N_, gettext, speaking

TEXT_VERSION = "2026-12"

IN_ENGLISH = "-en"

GUARDIAN, ASSENT = "guardian", "assent"
"""Purposes of texts besides `ConsentPurpose`."""

AT_DOOR = "data_at_door"
"""Read at the door to walk-ins until 2026-12."""

SPOKEN_HOW = frozenset({ConsentHow.READ_ALOUD, ConsentHow.CALL})

_CONTACT = N_("Sí, pueden escribirme o llamarme para avisarme de otras capacitaciones.")
_PHOTO = N_("Sí, pueden tomarme fotos en la capacitación y publicarlas.")
_ASK_DATA = N_(
    "Guardamos estos datos para su inscripción, su asistencia y su diploma. Solo los ve el personal de la ventanilla. "
    "Puede verlos, corregirlos o pedir que se borren. ¿Está de acuerdo?"
)
_ASK_CONTACT = N_("¿Le podemos avisar de otras capacitaciones?")

TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "2026-11": {
            ConsentPurpose.DATA: N_(
                "Sí, pueden guardar estos datos para mi inscripción, mi asistencia y mi diploma. Solo los ve el "
                "personal de la ventanilla. Puedo verlos, corregirlos o pedir que los borren cuando quiera."
            ),
            ConsentPurpose.CONTACT: _CONTACT,
            ConsentPurpose.PHOTO: _PHOTO,
        },
        "2026-12": {
            ConsentPurpose.DATA: N_(
                "Sí, pueden guardar estos datos para mi inscripción, mi asistencia y mi diploma. Si inscribo a alguien "
                "más, me dijo que está de acuerdo. Solo los ve el personal de la ventanilla. Puedo verlos, corregirlos "
                "o pedir que los borren cuando quiera."
            ),
            ConsentPurpose.CONTACT: _CONTACT,
            ConsentPurpose.PHOTO: _PHOTO,
            GUARDIAN: N_(
                "Soy la madre, el padre o la persona encargada, y doy permiso de participar a cada menor de edad que "
                "inscribo. Pueden guardar sus datos para su inscripción, su asistencia y su diploma; el teléfono o "
                "correo es solo el mío. No le toman fotos. Puedo retirar este permiso cuando quiera."
            ),
            ASSENT: N_("Sí, yo también quiero participar. Sé que puedo decir que no, o irme cuando quiera."),
        },
    }
)
"""Sentences beside checkboxes, on a page, on paper or in a message: version → purpose."""

SPOKEN: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "2026-11": {
            ConsentPurpose.DATA: _ASK_DATA,
            ConsentPurpose.CONTACT: _ASK_CONTACT,
            AT_DOOR: N_(
                "Anotamos su nombre y su asistencia para el listado y su diploma. Nadie más los recibe. Puede verlos, "
                "corregirlos o pedir que se borren. ¿Está de acuerdo?"
            ),
        },
        "2026-12": {
            ConsentPurpose.DATA: _ASK_DATA,
            ConsentPurpose.CONTACT: _ASK_CONTACT,
            ConsentPurpose.PHOTO: N_("¿Le podemos tomar fotos en la capacitación y publicarlas?"),
            GUARDIAN: N_(
                "¿Es usted la madre, el padre o la persona encargada, y da permiso de participar? Guardamos los datos "
                "de su inscripción, su asistencia y su diploma; el teléfono o correo es solo el de usted. No le "
                "tomamos fotos. Puede retirar este permiso cuando quiera."
            ),
            ASSENT: N_("¿Usted también quiere participar? Puede decir que no, o irse cuando quiera."),
        },
    }
)
"""Questions that staff read aloud or ask by telephone: version → purpose."""

CURRENT = TEXTS[TEXT_VERSION]


def version_read(language: str, how: ConsentHow) -> str:
    """The version to store, with its suffix if read in English. Read aloud, the language is unknown."""
    return TEXT_VERSION + IN_ENGLISH if how is ConsentHow.FORM and language.startswith("en") else TEXT_VERSION


def text_of(version: str, purpose: str, how: ConsentHow = ConsentHow.FORM) -> str:
    """As agreed to: in English if read so, else in the reader's language. `purpose`: a ConsentPurpose, GUARDIAN or
    ASSENT. Without a spoken sentence, the written one.
    """
    said = version.removesuffix(IN_ENGLISH)
    spoken = SPOKEN[said].get(purpose) if how in SPOKEN_HOW else None
    if said != version:
        with speaking("en"):
            return gettext(TEXTS[said][purpose])
    return gettext(spoken or TEXTS[said][purpose])


def asked_now(*, aloud: bool = False) -> dict[str, str]:
    """Current sentences, written or spoken (`aloud`): purpose → words."""
    texts = SPOKEN[TEXT_VERSION] if aloud else CURRENT
    return {str(purpose): gettext(text) for purpose, text in texts.items()}


WITHDRAWABLE = (ConsentPurpose.CONTACT, ConsentPurpose.PHOTO)
"""Withdrawn alone. The data consent goes with the registrations (`privacy.withdrawal`)."""


class PermissionGone(Refusal):
    sentence = N_(
        "Se retiró el permiso de guardar estos datos, y sin él no guardamos nada más. Para venir, hay que inscribirse "
        "de nuevo en la página de la capacitación."
    )


class NotByItself(Refusal):
    sentence = N_("El permiso para guardar sus datos se retira junto con sus inscripciones.")


async def withdraw(participant_id: UUID, purpose: ConsentPurpose, *, actor: Actor, hub_id: UUID | None = None) -> None:
    """The consent to be invited or photographed, for all participants merged with this person. Twice is once, at the
    first moment. Refuses (NotByItself) the data consent.
    """
    if purpose not in WITHDRAWABLE:
        raise NotByItself
    async with transaction():
        ids = await same_person_ids(participant_id)
        standing = Consent.filter(participant_id__in=ids, purpose=purpose, withdrawn_at=None)
        n_withdrawn = await standing.update(withdrawn_at=clock.now())
        if n_withdrawn:
            await record(
                "people.withdraw_consent",
                actor=actor,
                object_id=participant_id,
                hub_id=hub_id,
                purpose=purpose.value,
                n=n_withdrawn,
            )


GIVEN = """
    SELECT participant_id, withdrawn_at FROM consent WHERE participant_id IN ?list AND purpose = 'data'
    UNION ALL SELECT participant_id, withdrawn_at FROM guardian WHERE participant_id IN ?list
"""


async def without_permission(participant_ids: Collection[UUID]) -> frozenset[UUID]:
    """People (a minor's guardian) whose data consent was withdrawn and not given again."""
    people = list(participant_ids)
    given = await sql.tuples(GIVEN, people, people, are_few=True)
    standing = {person for person, withdrawn_at in given if withdrawn_at is None}
    return frozenset(sql.as_uuid(person) for person, _withdrawn_at in given if person not in standing)


async def check_permission(participant_id: UUID) -> None:
    """Refuses (PermissionGone) to store more of a person without data consent."""
    if await without_permission([participant_id]):
        raise PermissionGone


async def locked_with_permission(participant_id: UUID) -> Participant:
    """Lock the person, to store more of them. Refuses (PermissionGone). Locked before the check: a simultaneous
    withdrawal locks the person too. A training's lock comes first.
    """
    [person] = await lock(Participant, [participant_id])
    await check_permission(person.id)
    return person


ON_PAGES = tuple(
    f"SELECT participant_id, text_version FROM {table} WHERE participant_id IN ?list AND how = 'form' "  # noqa: S608
    "ORDER BY created_at, id"
    for table in ("consent", "guardian")
)


async def english_readers(participant_ids: Collection[UUID]) -> frozenset[UUID]:
    """People (a minor's guardian) whose last consent on a page was in English. Consents that staff recorded say nothing
    about them.
    """
    read: dict[UUID, str] = {}
    for text in ON_PAGES:
        # Only minors have guardians: adults, the most, are not looked up.
        missing = [key for key in participant_ids if key not in read]
        if missing:
            found = await sql.tuples(text, missing, are_few=True)
            read |= {sql.as_uuid(key): version for key, version in found}
    return frozenset(key for key, version in read.items() if version.endswith(IN_ENGLISH))
