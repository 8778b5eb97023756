"""What codes of outreach are called: kinds of activities, who was counted, subjects of orientation."""

from __future__ import annotations

from trainings.outreach.models import ActivityKind
from trainings.web.i18n import N_

KINDS = {
    ActivityKind.FAIR: N_("Feria"),
    ActivityKind.COMMUNITY: N_("Actividad comunitaria"),
    ActivityKind.RECREATION: N_("Actividad recreativa"),
    ActivityKind.DIALOGUE: N_("Diálogo abierto"),
}

STATES = {
    "draft": N_("Borrador"),
    "published": N_("Publicada"),
    "cancelled": N_("Cancelada"),
}
