"""Words for states and sources. Spanish is the source; translate where shown."""

from __future__ import annotations

from trainings.people.models import ConsentHow, ConsentPurpose
from trainings.registrations.models import HoldReason, RegistrationState, Source
from trainings.registrations.needs import NeedState
from trainings.web.i18n import N_

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
"""Of people whom staff sign up."""

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
"""What staff check before they answer."""

NEED_STATES: dict[NeedState, str] = {
    NeedState.ASKED: N_("Por responder"),
    NeedState.ARRANGED: N_("Conseguido"),
    NeedState.IMPOSSIBLE: N_("No se puede"),
}
