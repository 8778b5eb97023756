from __future__ import annotations

from trainings.web.i18n import N_

SEALED, UNREADABLE, INCOMPLETE, NOT_AGREED = "sealed", "unreadable", "incomplete", "not_agreed"
REVOKED, OTHER_SESSION, NOT_WRITTEN = "revoked", "other_session", "not_written"
GIVEN = "given"

PROBLEMS: dict[str, str] = {
    SEALED: N_(
        "No se puede abrir: llegó dañada, o se selló con una llave que ya no tenemos. Anote a la persona con «Sin "
        "boleto» si sabe quién es."
    ),
    UNREADABLE: N_("Lo que trae no es una ficha. Anote a la persona con «Sin boleto» si sabe quién es."),
    INCOMPLETE: N_("Hay datos que corregir."),
    NOT_AGREED: N_("No dice que la persona aceptó que guardemos sus datos. Pregúntele antes de anotarla."),
    REVOKED: N_("Vino de un teléfono que ya no está en uso. Revise si es de una persona que vino."),
    OTHER_SESSION: N_("Vino de un teléfono que no está preparado para esta sesión. Revise si es de esta sesión."),
    GIVEN: N_("Alguien dijo que las marcas de esa tarjeta son de otra persona. Compare antes de anotarla."),
    "unknown_card": N_("No conocemos esa tarjeta, o es de otra ventanilla. Se puede anotar a la persona sin tarjeta."),
    "card_taken": N_("Esa tarjeta ya es de otra persona. Compare antes de anotarla: puede ser la misma."),
    "card_closed": N_("Esa tarjeta se anuló o se soltó su lugar. Se puede anotar a la persona sin tarjeta."),
    "card_of_another_training": N_("Esa tarjeta es de otra capacitación. Se puede anotar a la persona sin tarjeta."),
    "code_twice": N_(
        "El código de esa tarjeta ya está en esta capacitación. Se puede anotar a la persona sin tarjeta."
    ),
    "unknown_municipality": N_("No existe ese municipio. Escoja el correcto."),
    "adults_only": N_("Es menor de edad, y esta capacitación es para personas de 18 años o más."),
    "too_young": N_("No tiene la edad de esta capacitación."),
    "minor": N_("Es menor de edad y falta quién da permiso: la madre, el padre o la persona encargada."),
    "no_assent": N_("Es menor de edad y falta que diga que quiere participar."),
}
ANY_OTHER = N_("No se pudo anotar. Revise los datos.")
NOT_OPENED = N_("Todavía no se ha anotado.")
UNOPENABLE = frozenset({SEALED, UNREADABLE})
