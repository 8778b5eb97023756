"""Spanish is the source; translate where shown."""

from __future__ import annotations

from trainings.people.models import ActorType, AgeGroup, MergeReason, Pueblo, Relation, Sex
from trainings.web.i18n import N_

ACTOR_TYPES: dict[ActorType, str] = {
    ActorType.COCODE: N_("COCODE"),
    ActorType.COMUDE: N_("COMUDE"),
    ActorType.ALCALDIA: N_("Alcaldía auxiliar o comunitaria, autoridad indígena"),
    ActorType.DOCENTE: N_("Docente"),
    ActorType.SALUD: N_("Personal o promotor de salud, comadrona"),
    ActorType.RELIGIOSO: N_("Liderazgo religioso"),
    ActorType.RADIO: N_("Radio o comunicación"),
    ActorType.JUVENTUD: N_("Juventud"),
    ActorType.MUJERES: N_("Organización de mujeres"),
    ActorType.CONSEJERA: N_("Consejera comunitaria"),
    ActorType.MUNICIPAL: N_("Personal municipal"),
    ActorType.INSTITUCION: N_("Institución pública"),
    ActorType.ORGANIZACION: N_("Organización social o cooperación"),
    ActorType.FAMILIA: N_("Familia o vecindad de la comunidad"),
    ActorType.OTRO: N_("Otro"),
}

SEXES: dict[Sex, str] = {
    Sex.MUJER: N_("Mujer"),
    Sex.HOMBRE: N_("Hombre"),
    Sex.UNDISCLOSED: N_("Prefiero no decir"),
}

AGE_GROUPS: dict[AgeGroup, str] = {
    AgeGroup.A12_13: N_("12 o 13"),
    AgeGroup.A14_17: N_("14 a 17"),
    AgeGroup.A18_24: N_("18 a 24"),
    AgeGroup.A25_34: N_("25 a 34"),
    AgeGroup.A35_59: N_("35 a 59"),
    AgeGroup.A60: N_("60 o más"),
}

RELATIONS: dict[Relation, str] = {
    Relation.MADRE: N_("Madre"),
    Relation.PADRE: N_("Padre"),
    Relation.ABUELO: N_("Abuela o abuelo"),
    Relation.TIO: N_("Tía o tío"),
    Relation.HERMANO: N_("Hermana o hermano mayor"),
    Relation.TUTOR: N_("Tutora o tutor"),
    Relation.OTRO: N_("Otra persona encargada"),
}

MERGE_REASONS: dict[MergeReason, str] = {
    MergeReason.SAID_SO: N_("La persona lo dijo"),
    MergeReason.SAME_CONTACT: N_("Tiene el mismo teléfono o correo"),
    MergeReason.SAME_DOCUMENT: N_("Mostró su documento"),
    MergeReason.KNOWN_IN_PERSON: N_("En la ventanilla se le conoce"),
    MergeReason.TYPING_ERROR: N_("El nombre se escribió mal"),
}

PUEBLOS: dict[Pueblo, str] = {
    Pueblo.MAYA: N_("Maya"),
    Pueblo.GARIFUNA: N_("Garífuna"),
    Pueblo.XINKA: N_("Xinka"),
    Pueblo.AFRO: N_("Afrodescendiente, Creole o Afromestizo"),
    Pueblo.LADINA: N_("Ladina o mestiza"),
    Pueblo.EXTRANJERA: N_("Extranjera"),
    Pueblo.UNDISCLOSED: N_("Prefiero no decir"),
}

LANGUAGES: dict[str, str] = {
    "spa": N_("Español"),
    "acr": "Achi",
    "knj": "Akateko",
    "agu": "Awakateko",
    "caa": "Ch’orti’",
    "qcc": "Chalchiteko",
    "cac": "Chuj",
    "itz": "Itza’",
    "ixl": "Ixil",
    "jac": "Jakalteko (Popti’)",
    "quc": "K’iche’",
    "cak": "Kaqchikel",
    "mam": "Mam",
    "mop": "Mopan",
    "poc": "Poqomam",
    "poh": "Poqomchi’",
    "kjb": "Q’anjob’al",
    "kek": "Q’eqchi’",
    "quv": "Sakapulteko",
    "qum": "Sipakapense",
    "ttc": "Tektiteko",
    "tzj": "Tz’utujil",
    "usp": "Uspanteko",
    "cab": "Garífuna",
    "xin": "Xinka",
    "gsm": N_("Lengua de señas (LENSEGUA)"),
    "und": N_("Otro, o prefiero no decir"),
}
"""ISO 639-3. Chalchiteko has no code: `qcc` is from the local range (qaa–qtz)."""

NEEDS: dict[str, str] = {
    "interpreter": N_("Intérprete"),
    "ramp": N_("Entrada sin gradas"),
    "food": N_("Alimentación especial"),
}
"""Childcare is a number of places, not a need."""
