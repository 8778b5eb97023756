from __future__ import annotations

from dataclasses import dataclass

from trainings.notes.models import NoteKind, NoteState, Situation
from trainings.people.audio import SPEECHLESS
from trainings.people.words import LANGUAGES
from trainings.web.i18n import N_, SOURCE_LANGUAGE

KINDS: dict[NoteKind, str] = {
    NoteKind.INFORMATION: N_("Información"),
    NoteKind.TREND: N_("Tendencia"),
}

STATES: dict[NoteState, str] = {
    NoteState.DRAFT: N_("Borrador"),
    NoteState.PUBLISHED: N_("Publicada"),
    NoteState.WITHDRAWN: N_("Retirada"),
    NoteState.DELETED: N_("Borrada"),
}

SPOKEN: dict[str, str] = {code: name for code, name in LANGUAGES.items() if code not in SPEECHLESS}
"""For recordings, by ISO 639-3."""

WRITTEN: dict[str, str] = {
    SOURCE_LANGUAGE: LANGUAGES["spa"],
    **{code: name for code, name in SPOKEN.items() if code != "spa"},
    "en": N_("Inglés"),
}

COUNTRIES: dict[str, str] = {
    "GT": N_("Guatemala"),
    "MX": N_("México"),
    "BZ": N_("Belice"),
    "SV": N_("El Salvador"),
    "HN": N_("Honduras"),
    "US": N_("Estados Unidos"),
}


@dataclass(frozen=True, slots=True)
class Tile:
    """`slug`: the end of its address; `icon`: its drawing. `steps`: plain things to do, never what the law says: laws
    change, and people who need one ask at the hub.
    """

    situation: Situation
    slug: str
    icon: str
    title: str
    lead: str
    steps: tuple[str, ...]


TILES: tuple[Tile, ...] = (
    Tile(
        Situation.WORK_ABROAD,
        "trabajar-en-otro-pais",
        "traer",
        N_("Quiero trabajar legalmente en otro país"),
        N_("Antes de pagar o de firmar, pregunte. En la ventanilla es gratis."),
        (
            N_("No pague por una promesa de trabajo ni entregue su DPI o su pasaporte."),
            N_("Guarde los mensajes y los papeles de la oferta."),
            N_("Lleve la oferta a la ventanilla: le dicen dónde confirmar si es verdadera."),
        ),
    ),
    Tile(
        Situation.RELATIVE_TRAVELLING,
        "familiar-de-viaje",
        "pasaje",
        N_("Alguien de mi familia va de viaje"),
        N_("Si perdió contacto o cree que corre peligro, no espere para pedir ayuda."),
        (
            N_("Apunte cuándo y desde dónde habló por última vez, y con qué número."),
            N_("No mande dinero a quien llama y no conoce, aunque diga que le tiene consigo."),
            N_("Llame, o vaya a la ventanilla: le ayudan a buscar con las instituciones."),
        ),
    ),
    Tile(
        Situation.RETURNED,
        "regrese",
        "inicio",
        N_("Regresé a Guatemala"),
        N_("Volver no es empezar de cero. Hay oficinas que orientan y no cobran."),
        (
            N_("Si le duele algo o no se siente bien, vaya primero al centro de salud."),
            N_("Guarde los papeles que le dieron al llegar."),
            N_("Pregunte en la ventanilla por cursos, trabajo, documentos y escuela para sus hijas e hijos."),
        ),
    ),
    Tile(
        Situation.FROM_ABROAD,
        "vengo-de-otro-pais",
        "mapa",
        N_("Vengo de otro país"),
        N_("En la ventanilla le escuchan sin pedirle papeles. Es gratis."),
        (
            N_("Si corre peligro o le persiguen, dígalo: le ayudan a buscar protección."),
            N_("Pregunte ahí por el centro de salud y la escuela más cercanos."),
            N_("No entregue sus documentos ni dinero a quien ofrece arreglarle papeles en la calle."),
        ),
    ),
    Tile(
        Situation.CHILD_ALONE,
        "ninez-sin-su-familia",
        "ninez",
        N_("Una niña, un niño o adolescente está sin su familia"),
        N_("Lo primero es que esté a salvo. No hace falta saber por qué viaja."),
        (
            N_("Quédese con ella o con él en un lugar tranquilo, con luz y con gente de confianza."),
            N_("Llame ahora a uno de los números de esta página. Si hay peligro, primero a la policía."),
            N_("Escuche. No interrogue, no tome fotos y no cuente el caso en redes."),
            N_("No le deje ir con otra persona hasta que llegue la institución. No separe a hermanas y hermanos."),
        ),
    ),
)

BY_SLUG: dict[str, Tile] = {tile.slug: tile for tile in TILES}
BY_SITUATION: dict[Situation, Tile] = {tile.situation: tile for tile in TILES}
