"""Words for codes on the pages of an own link. Spanish is the source; translate where shown."""

from __future__ import annotations

from datetime import datetime

from trainings.lib.dates import day_and_time
from trainings.people.models import Relation
from trainings.registrations.models import Author
from trainings.registrations.needs import NeedState
from trainings.web.i18n import N_, gettext, language

NEED_ANSWERS: dict[NeedState, str] = {
    NeedState.ASKED: N_("pedido. La ventanilla le dirá aquí si se puede."),
    NeedState.ARRANGED: N_("ya está arreglado."),
    NeedState.IMPOSSIBLE: N_("esta vez no se puede. Si sin eso no puede venir, llame a la ventanilla."),
}

CANCELLED_BY: dict[Author, dict[Author, str]] = {
    Author.PERSON: {
        Author.PERSON: N_("El %(when)s la canceló usted."),
        Author.FILLER: N_("El %(when)s la canceló quien llenó el formulario."),
        Author.HUB: N_("El %(when)s la canceló la ventanilla."),
    },
    Author.FILLER: {
        Author.PERSON: N_("El %(when)s canceló con su propio enlace."),
        Author.FILLER: N_("El %(when)s canceló usted."),
        Author.HUB: N_("El %(when)s canceló la ventanilla."),
    },
    Author.HUB: {
        Author.PERSON: N_("El %(when)s canceló con su propio enlace."),
        Author.FILLER: N_("El %(when)s canceló quien llenó el formulario."),
        Author.HUB: N_("El %(when)s canceló la ventanilla."),
    },
}
"""By reader and author; the program's acts have sentences of their own."""

RENAMED_BY: dict[Author, dict[Author, str]] = {
    Author.PERSON: {
        Author.PERSON: N_("El %(when)s lo corrigió usted."),
        Author.FILLER: N_("El %(when)s lo corrigió quien llenó el formulario."),
        Author.HUB: N_("El %(when)s lo corrigió la ventanilla."),
    },
    Author.FILLER: {
        Author.PERSON: N_("El %(when)s lo corrigió esa persona."),
        Author.FILLER: N_("El %(when)s lo corrigió usted."),
        Author.HUB: N_("El %(when)s lo corrigió la ventanilla."),
    },
    Author.HUB: {
        Author.PERSON: N_("El %(when)s lo corrigió con su propio enlace."),
        Author.FILLER: N_("El %(when)s lo corrigió quien llenó el formulario."),
        Author.HUB: N_("El %(when)s lo corrigió la ventanilla."),
    },
}
"""By reader and author."""


def said_of(words: dict[Author, dict[Author, str]], reader: Author, author: Author | None, at: datetime | None) -> str:
    """Empty: nobody did, or it is not on record."""
    sentence = words[reader].get(author) if author is not None else None
    if sentence is None or at is None:
        return ""
    return gettext(sentence) % {"when": day_and_time(at, language())}


PERMITTED_BY: dict[Relation, str] = {
    Relation.MADRE: N_("Con permiso de su madre"),
    Relation.PADRE: N_("Con permiso de su padre"),
    Relation.ABUELO: N_("Con permiso de su abuela o abuelo"),
    Relation.TIO: N_("Con permiso de su tía o tío"),
    Relation.HERMANO: N_("Con permiso de su hermana o hermano mayor"),
    Relation.TUTOR: N_("Con permiso de su tutora o tutor"),
    Relation.OTRO: N_("Con permiso de la persona encargada"),
}
