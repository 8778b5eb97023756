from __future__ import annotations

from trainings.accounts.models import Role
from trainings.web.i18n import N_

ROLE_WORDS: dict[Role, str] = {
    Role.FACILITATOR: N_("Facilitación"),
    Role.ASSISTANT: N_("Secretaría"),
    Role.HUB_COORDINATOR: N_("Coordinación"),
    Role.MUNICIPAL_ADMIN: N_("Administración municipal"),
    Role.MONITORING_OFFICER: N_("Monitoreo"),
    Role.PLATFORM_ADMIN: N_("Administración de la plataforma"),
}
