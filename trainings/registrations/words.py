"""The words for states and sources. Spanish is the source; translate where shown."""

from __future__ import annotations

from trainings.people.models import ConsentHow, ConsentPurpose
from trainings.registrations.models import RegistrationState, Source
from trainings.web.i18n import N_

STATES: dict[RegistrationState, str] = {
    RegistrationState.CONFIRMED: N_("Con lugar"),
    RegistrationState.OFFERED: N_("Con lugar apartado"),
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

PURPOSES: dict[ConsentPurpose, str] = {
    ConsentPurpose.DATA: N_("Guardar sus datos"),
    ConsentPurpose.CONTACT: N_("Avisarle de otras capacitaciones"),
    ConsentPurpose.PHOTO: N_("Fotos"),
}

HOW_AGREED: dict[ConsentHow, str] = {
    ConsentHow.FORM: N_("lo marcó en la página"),
    ConsentHow.READ_ALOUD: N_("se le leyó en voz alta"),
    ConsentHow.CALL: N_("por llamada"),
    ConsentHow.MESSAGE: N_("por mensaje"),
    ConsentHow.PAPER: N_("en papel"),
}
