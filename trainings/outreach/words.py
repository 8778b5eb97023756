from __future__ import annotations

from enum import StrEnum

from trainings.outreach.models import ActivityKind, ActivityState
from trainings.people.models import Sex
from trainings.web.i18n import N_


class AgeBand(StrEnum):
    """Ages that can be told by eye, as sums of participants' age groups. Children under 12 are no participants, but
    come to fairs. Paper often says no age: `nd`.
    """

    CHILDREN = "0-11"
    ADOLESCENTS = "12-17"
    ADULTS = "18-59"
    ELDERS = "60+"
    UNKNOWN = "nd"


SEEN_BANDS = tuple(band for band in AgeBand if band is not AgeBand.UNKNOWN)

KINDS = {
    ActivityKind.FAIR: N_("Feria"),
    ActivityKind.COMMUNITY: N_("Actividad comunitaria"),
    ActivityKind.RECREATION: N_("Actividad recreativa"),
    ActivityKind.DIALOGUE: N_("Diálogo abierto"),
}

STATES = {
    ActivityState.DRAFT: N_("Borrador"),
    ActivityState.PUBLISHED: N_("Publicada"),
    ActivityState.CANCELLED: N_("Cancelada"),
}

SEXES_SEEN = {
    Sex.MUJER: N_("Mujer"),
    Sex.HOMBRE: N_("Hombre"),
    Sex.UNDISCLOSED: N_("Sin decir"),
}

SEXES_COUNTED = {
    Sex.MUJER: N_("Mujeres"),
    Sex.HOMBRE: N_("Hombres"),
    Sex.UNDISCLOSED: N_("Sin decir"),
}

BANDS = {
    AgeBand.CHILDREN: N_("Niñez"),
    AgeBand.ADOLESCENTS: N_("Adolescencia"),
    AgeBand.ADULTS: N_("Personas adultas"),
    AgeBand.ELDERS: N_("Personas mayores"),
    AgeBand.UNKNOWN: N_("Edad sin anotar"),
}

BANDS_IN_YEARS = {
    AgeBand.CHILDREN: N_("hasta 11 años"),
    AgeBand.ADOLESCENTS: N_("12 a 17 años"),
    AgeBand.ADULTS: N_("18 a 59 años"),
    AgeBand.ELDERS: N_("60 años o más"),
    AgeBand.UNKNOWN: "",
}

SUBJECTS = {
    "work_abroad": N_("Trabajar en otro país legalmente"),
    "relative_travelling": N_("Un familiar va de viaje"),
    "returned": N_("Regresó al país"),
    "from_abroad": N_("Viene de otro país"),
    "child_alone": N_("Una niña, un niño o adolescente sin compañía"),
}
"""By the notes' codes, which stand above: a test holds the two equal."""
