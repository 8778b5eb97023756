"""What people agree to, purpose by purpose, in every version there was.

What was agreed stays provable: a sentence is never edited, a changed one gets a new version. A test holds the sums of
all versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trainings.people.models import ConsentHow, ConsentPurpose
from trainings.web.i18n import N_, gettext, speaking

TEXT_VERSION = "2026-12"
"""The version that is asked now."""

IN_ENGLISH = "-en"
"""At the end of a version: the person read it in English."""

GUARDIAN, ASSENT = "guardian", "assent"
"""Beside the purposes: what permits a minor to take part, and the minor's own yes."""

AT_DOOR = "data_at_door"
"""Until 2026-12 the door read a sentence of its own to who came without a ticket."""

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
"""The sentences beside the boxes that people tick, on a page, on paper or in a message: version → purpose."""

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
"""The questions that staff read aloud or ask on the telephone: version → purpose."""

CURRENT = TEXTS[TEXT_VERSION]


def version_read(language: str, how: ConsentHow) -> str:
    """What is kept of the sentence that somebody agrees to now: its version, and that it was the English one.

    What staff read aloud is in a language of which nothing is known.
    """
    return TEXT_VERSION + IN_ENGLISH if how is ConsentHow.FORM and language.startswith("en") else TEXT_VERSION


def text_of(version: str, purpose: str, how: ConsentHow = ConsentHow.FORM) -> str:
    """The sentence that was agreed to in this way: in English where it was read so, else in the reader's language.

    `purpose` is a ConsentPurpose, GUARDIAN or ASSENT. Where nothing was read aloud for it, the written sentence.
    """
    said = version.removesuffix(IN_ENGLISH)
    spoken = SPOKEN[said].get(purpose) if how in SPOKEN_HOW else None
    if said != version:
        with speaking("en"):
            return gettext(TEXTS[said][purpose])
    return gettext(spoken or TEXTS[said][purpose])


def asked_now(*, aloud: bool = False) -> dict[str, str]:
    """The current sentences to be shown on a form or, `aloud`, to be read to somebody: purpose → words."""
    texts = SPOKEN[TEXT_VERSION] if aloud else CURRENT
    return {str(purpose): gettext(text) for purpose, text in texts.items()}
