"""States and sources in Spanish; translate where shown."""

from __future__ import annotations

from datetime import datetime

from trainings.lib.dates import day_and_time
from trainings.people.models import ConsentHow, ConsentPurpose, Relation
from trainings.registrations.models import Author, HoldReason, NeedState, RegistrationState, Source
from trainings.web.i18n import N_, gettext, language

STATES: dict[RegistrationState, str] = {
    RegistrationState.CONFIRMED: N_("Con lugar"),
    RegistrationState.OFFERED: N_("Lugar guardado"),
    RegistrationState.WAITLISTED: N_("En lista de espera"),
    RegistrationState.HELD: N_("Por aprobar"),
    RegistrationState.CANCELLED: N_("Cancelada"),
}

SOURCES: dict[Source, str] = {
    Source.WEB: N_("por la página"),
    Source.DESK: N_("en la ventanilla"),
    Source.CALL: N_("por llamada"),
    Source.WHATSAPP: N_("por WhatsApp"),
    Source.WALK_IN: N_("llegó sin inscripción"),
    Source.CARD: N_("con tarjeta"),
    Source.IMPORT: N_("de un listado"),
}

HOW_THEY_COME: dict[Source, str] = {
    Source.DESK: N_("Está aquí"),
    Source.CALL: N_("Llama por teléfono"),
    Source.WHATSAPP: N_("Escribe por WhatsApp"),
}

PURPOSES: dict[ConsentPurpose, str] = {
    ConsentPurpose.DATA: N_("Guardar sus datos"),
    ConsentPurpose.CONTACT: N_("Avisarle de otras capacitaciones"),
    ConsentPurpose.PHOTO: N_("Fotos"),
}

HOW_AGREED: dict[ConsentHow, str] = {
    ConsentHow.FORM: N_("se marcó en la página"),
    ConsentHow.READ_ALOUD: N_("se le leyó en voz alta"),
    ConsentHow.CALL: N_("por llamada"),
    ConsentHow.MESSAGE: N_("por mensaje"),
    ConsentHow.PAPER: N_("en papel"),
}

HOLD_REASONS: dict[HoldReason, str] = {
    HoldReason.APPROVAL: N_("La capacitación pide revisar cada inscripción"),
    HoldReason.REVIEW: N_("Llegaron demasiadas juntas, demasiado rápido o sin abrir la página"),
    HoldReason.PREREQUISITE: N_("Falta un curso que va antes"),
}

WHAT_TO_DO: dict[HoldReason, str] = {
    HoldReason.APPROVAL: N_("Decida quién entra."),
    HoldReason.REVIEW: N_(
        "Puede ser una comunidad entera con un solo teléfono, o un programa que llena la página en un momento para "
        "ocupar lugares. Revise antes de responder: a quien rechace no se le escribe."
    ),
    HoldReason.PREREQUISITE: N_(
        "No mostró que terminó el curso de antes. Si lo terminó, apruebe; si no, dígale dónde llevarlo."
    ),
}

NEED_STATES: dict[NeedState, str] = {
    NeedState.ASKED: N_("Por responder"),
    NeedState.ARRANGED: N_("Conseguido"),
    NeedState.IMPOSSIBLE: N_("No se puede"),
}


NEED_ANSWERS: dict[NeedState, str] = {
    NeedState.ASKED: N_("pedido. La ventanilla le dirá aquí si se puede."),
    NeedState.ARRANGED: N_("ya está arreglado."),
    NeedState.IMPOSSIBLE: N_("esta vez no se puede. Si sin eso no puede venir, llame a la ventanilla."),
}

CANCELLED_BY: dict[Author, dict[Author, str]] = {
    Author.PERSON: {
        Author.PERSON: N_("El %(when)s la canceló usted."),
        Author.FILLER: N_("El %(when)s la canceló quien llenó el formulario."),
        Author.HUB: N_("El %(when)s la canceló la ventanilla."),
    },
    Author.FILLER: {
        Author.PERSON: N_("El %(when)s canceló con su propio enlace."),
        Author.FILLER: N_("El %(when)s canceló usted."),
        Author.HUB: N_("El %(when)s canceló la ventanilla."),
    },
    Author.HUB: {
        Author.PERSON: N_("El %(when)s canceló con su propio enlace."),
        Author.FILLER: N_("El %(when)s canceló quien llenó el formulario."),
        Author.HUB: N_("El %(when)s canceló la ventanilla."),
    },
}
"""By reader and author; the program's acts have sentences of their own."""

RENAMED_BY: dict[Author, dict[Author, str]] = {
    Author.PERSON: {
        Author.PERSON: N_("El %(when)s lo corrigió usted."),
        Author.FILLER: N_("El %(when)s lo corrigió quien llenó el formulario."),
        Author.HUB: N_("El %(when)s lo corrigió la ventanilla."),
    },
    Author.FILLER: {
        Author.PERSON: N_("El %(when)s lo corrigió esa persona."),
        Author.FILLER: N_("El %(when)s lo corrigió usted."),
        Author.HUB: N_("El %(when)s lo corrigió la ventanilla."),
    },
    Author.HUB: {
        Author.PERSON: N_("El %(when)s lo corrigió con su propio enlace."),
        Author.FILLER: N_("El %(when)s lo corrigió quien llenó el formulario."),
        Author.HUB: N_("El %(when)s lo corrigió la ventanilla."),
    },
}


def said_of(words: dict[Author, dict[Author, str]], reader: Author, author: Author | None, at: datetime | None) -> str:
    """Empty: nobody did, or it is not on record."""
    sentence = words[reader].get(author) if author is not None else None
    if sentence is None or at is None:
        return ""
    return gettext(sentence) % {"when": day_and_time(at, language())}


PERMITTED_BY: dict[Relation, str] = {
    Relation.MADRE: N_("Con permiso de su madre"),
    Relation.PADRE: N_("Con permiso de su padre"),
    Relation.ABUELO: N_("Con permiso de su abuela o abuelo"),
    Relation.TIO: N_("Con permiso de su tía o tío"),
    Relation.HERMANO: N_("Con permiso de su hermana o hermano mayor"),
    Relation.TUTOR: N_("Con permiso de su tutora o tutor"),
    Relation.OTRO: N_("Con permiso de la persona encargada"),
}
