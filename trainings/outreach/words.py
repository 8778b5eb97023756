"""What codes of outreach are called: kinds of activities, who was counted, subjects of orientation."""

from __future__ import annotations

from trainings.outreach.models import ActivityKind, ActivityState
from trainings.web.i18n import N_

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

SUBJECTS = {
    "work_abroad": N_("Trabajar en otro país legalmente"),
    "relative_travelling": N_("Un familiar va de viaje"),
    "returned": N_("Regresó al país"),
    "from_abroad": N_("Viene de otro país"),
    "child_alone": N_("Una niña, un niño o adolescente sin compañía"),
}
"""The situations of the orientation page, by the codes of the notes, which stand above this package in the order of
imports: a test holds the two equal.
"""
