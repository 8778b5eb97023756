"""What people agree to, purpose by purpose. A changed sentence gets a new version; what was agreed stays provable."""

from __future__ import annotations

from trainings.people.models import ConsentPurpose
from trainings.web.i18n import N_

TEXT_VERSION = "2026-11"

TEXTS: dict[ConsentPurpose, str] = {
    ConsentPurpose.DATA: N_(
        "Sí, pueden guardar estos datos para mi inscripción, mi asistencia y mi diploma. Solo los ve el personal de la "
        "ventanilla. Puedo verlos, corregirlos o pedir que los borren cuando quiera."
    ),
    ConsentPurpose.CONTACT: N_("Sí, pueden escribirme o llamarme para avisarme de otras capacitaciones."),
    ConsentPurpose.PHOTO: N_("Sí, pueden tomarme fotos en la capacitación y publicarlas."),
}
