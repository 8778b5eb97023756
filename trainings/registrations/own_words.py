"""What the pages behind an own link say about codes. Spanish is the source; translate where shown."""

from __future__ import annotations

from trainings.people.models import Relation
from trainings.registrations.needs import NeedState
from trainings.web.i18n import N_

NEED_ANSWERS: dict[NeedState, str] = {
    NeedState.ASKED: N_("pedido. La ventanilla le dirá aquí si se puede."),
    NeedState.ARRANGED: N_("ya está arreglado."),
    NeedState.IMPOSSIBLE: N_("esta vez no se puede. Si sin eso no puede venir, llame a la ventanilla."),
}

PERMITTED_BY: dict[Relation, str] = {
    Relation.MADRE: N_("Con permiso de su madre"),
    Relation.PADRE: N_("Con permiso de su padre"),
    Relation.ABUELO: N_("Con permiso de su abuela o abuelo"),
    Relation.TIO: N_("Con permiso de su tía o tío"),
    Relation.HERMANO: N_("Con permiso de su hermana o hermano mayor"),
    Relation.TUTOR: N_("Con permiso de su tutora o tutor"),
    Relation.OTRO: N_("Con permiso de la persona encargada"),
}
