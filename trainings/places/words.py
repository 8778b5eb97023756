from __future__ import annotations

from trainings.places.models import AccessFeature
from trainings.web.i18n import N_

HUB_NAME = "Ventanilla Informativa Municipal sobre Migración"

ACCESS: dict[AccessFeature, str] = {
    AccessFeature.STEP_FREE: N_("Entrada sin gradas"),
    AccessFeature.RAMP: N_("Rampa"),
    AccessFeature.TOILET: N_("Baño accesible"),
    AccessFeature.PARKING: N_("Parqueo"),
    AccessFeature.TRANSPORT: N_("Cerca del transporte"),
    AccessFeature.INDUCTION_LOOP: N_("Bucle para audífonos"),
    AccessFeature.SHADE: N_("Espera bajo techo"),
    AccessFeature.STAIRS: N_("Solo se llega por gradas"),
}
