"""Notes are invented. Numbers are real: each is public and was compared with the page beside it on `CHECKED_ON`. A year
later they show as unreviewed, as any.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM
from trainings.notes.actions import NoteText, create_note
from trainings.notes.models import NoteKind, Situation
from trainings.notes.orientation import ContactDetails, add_contact
from trainings.seed.world import DOMAIN, World

CHECKED_ON = date(2026, 11, 25)
PGN_PAGE = "https://pgn.gob.gt/2025/03/11/que-hacer-y-que-no-hacer-al-enfrentarse-a-la-desaparicion-de-una-nina-nino-o-adolescente/"
NEWS_PAGE = (
    "https://emisorasunidas.com/nacional/2025/12/24/guia-de-numeros-de-emergencia-por-celebraciones-de-fin-de-ano/"
)

CONTACTS = (
    ContactDetails(
        name="Policía Nacional Civil (PNC)",
        about="Si alguien corre peligro, está herido o le amenazan.",
        phone="110",
        hours="Todos los días, las 24 horas",
        situations=tuple(Situation),
        is_emergency=True,
        source_name="Emisoras Unidas, guía de números de emergencia, 24 de diciembre de 2025",
        source_url=NEWS_PAGE,
        reviewed_on=CHECKED_ON,
        position=20,
    ),
    ContactDetails(
        name="Alerta Alba-Keneth, Procuraduría General de la Nación (PGN)",
        about="Si una niña, un niño o adolescente desapareció: no espere 24 horas. La PGN también protege a quien está "
        "sin su familia.",
        phone="1546",
        situations=(Situation.CHILD_ALONE, Situation.RELATIVE_TRAVELLING),
        is_emergency=True,
        source_name="Procuraduría General de la Nación, 11 de marzo de 2025",
        source_url=PGN_PAGE,
        reviewed_on=CHECKED_ON,
        position=10,
    ),
    ContactDetails(
        name="Bomberos Voluntarios",
        about="Si alguien necesita una ambulancia.",
        phone="122",
        situations=(Situation.CHILD_ALONE, Situation.FROM_ABROAD, Situation.RETURNED),
        is_emergency=True,
        source_name="Emisoras Unidas, guía de números de emergencia, 24 de diciembre de 2025",
        source_url=NEWS_PAGE,
        reviewed_on=CHECKED_ON,
        position=30,
    ),
    ContactDetails(
        name="Procuraduría de los Derechos Humanos (PDH)",
        about="Si una autoridad le trató mal o no le quiso atender.",
        phone="1555",
        hours="Todos los días, las 24 horas",
        situations=tuple(Situation),
        source_name="Página de la PDH",
        source_url="https://www.pdh.org.gt/",
        reviewed_on=CHECKED_ON,
        position=40,
    ),
)

EXAMPLE = "Ejemplo de demostración"


@dataclass(frozen=True, slots=True)
class SeedNote:
    hub: int
    title: str
    body: str
    situations: tuple[Situation, ...]
    days_old: int
    days_left: int | None
    source: str = ""
    kind: NoteKind = NoteKind.INFORMATION


NOTES = (
    SeedNote(
        0,
        "Antes de pagar por un trabajo en otro país, pregunte",
        "Hay quienes ofrecen trabajo afuera y piden dinero por adelantado. **Una oferta verdadera se puede "
        "revisar.**\n\n"
        "## Señales para desconfiar\n\n"
        "- Piden depósito, o que entregue su DPI o su pasaporte.\n"
        "- Solo hablan por mensajes y no dicen dónde queda su oficina.\n"
        "- Le apuran: *hoy o nunca*.\n\n"
        "## Qué hacer\n\n"
        "1. Guarde los mensajes y los papeles.\n"
        "2. Tráigalos a la ventanilla, o [llámenos](tel:{phone}). Le decimos dónde se confirma.\n\n"
        "También hay [capacitaciones](/capacitaciones) sobre esto. No cuestan nada.",
        (Situation.WORK_ABROAD,),
        25,
        160,
        "Ministerio de Trabajo y Previsión Social",
    ),
    SeedNote(
        0,
        "Ofertas falsas de cosecha por mensajes de teléfono",
        "En las últimas semanas **varias comunidades** contaron de mensajes que ofrecen trabajo en la cosecha y piden "
        "un depósito para apartar el lugar.\n\n"
        "- Los mensajes vienen de números distintos.\n"
        "- Usan el nombre de una institución sin serlo.\n\n"
        "Si le llega uno, no pague. Cuéntelo en la ventanilla: no hace falta decir su nombre.",
        (Situation.WORK_ABROAD, Situation.RELATIVE_TRAVELLING),
        21,
        9,
        "reportes de consejeras comunitarias",
        NoteKind.TREND,
    ),
    SeedNote(
        0,
        "Si perdió contacto con un familiar que va de viaje",
        "No espere para pedir ayuda, y no se quede con la preocupación a solas.\n\n"
        "1. Apunte cuándo hablaron por última vez y desde dónde llamaba.\n"
        "2. Tenga a mano una foto reciente y su nombre completo.\n"
        "3. Venga a la ventanilla o [llame](tel:{phone}). Le acompañamos a avisar.\n\n"
        "**Cuidado con quien llama y pide dinero** diciendo que le tiene consigo: cuelgue y pida ayuda.",
        (Situation.RELATIVE_TRAVELLING,),
        40,
        200,
        "guía de atención de las ventanillas",
    ),
    SeedNote(
        0,
        "Regresé: por dónde empezar en La Libertad",
        "Volver no es empezar de cero. En el municipio hay quien oriente, y no cobra.\n\n"
        "- **Salud:** el centro de salud atiende de lunes a viernes.\n"
        "- **Documentos:** traiga lo que tenga, aunque le falte algo. Vemos juntos qué sigue.\n"
        "- **Estudio y trabajo:** preguntamos con usted por cursos y bolsas de empleo.\n\n"
        "Si vuelve con niñas o niños, dígalo: preguntamos con usted en la escuela más cercana.",
        (Situation.RETURNED,),
        12,
        120,
        "directorio municipal de servicios",
    ),
    SeedNote(
        0,
        "La ventanilla durante la feria",
        "Esos días atendemos en el parque, de 9:00 a 15:00.",
        (),
        60,
        -2,
        "acuerdo del concejo municipal",
    ),
    SeedNote(
        0,
        "Jornada de documentos en las aldeas",
        "Falta confirmar las fechas con la oficina.",
        (),
        3,
        None,
    ),
    SeedNote(
        1,
        "Si viene de otro país: dónde le atienden en Melchor de Mencos",
        "En la ventanilla **no le pedimos papeles** para orientarle.\n\n"
        "- Si necesita un lugar seguro para hoy, dígalo primero.\n"
        "- Si corre peligro en su país, cuéntelo a solas con la persona que atiende.\n"
        "- Si habla otro idioma, buscamos intérprete.\n\n"
        "[Llámenos](tel:{phone}) o venga. Es gratis y no se escribe su nombre.",
        (Situation.FROM_ABROAD,),
        30,
        180,
        "guía de atención de las ventanillas",
    ),
    SeedNote(
        1,
        "Si encuentra a una niña o un niño que viaja sin su familia",
        "Lo primero es que esté a salvo.\n\n"
        "1. Acompañe en un lugar tranquilo. No le deje a solas.\n"
        "2. Llame: los números están en la [orientación](/orientacion/ninez-sin-su-familia).\n"
        "3. Escuche sin interrogar. No tome fotos.\n\n"
        "**No publique el caso en redes:** quien le busca para hacerle daño también las lee.",
        (Situation.CHILD_ALONE,),
        45,
        150,
        "ruta de protección del municipio",
    ),
)
AUTHORS = ("coordina", "coordina2")


async def build_notes(world: World) -> None:
    for contact in CONTACTS:
        await add_contact(replace(contact, reviewed_on=min(CHECKED_ON, clock.today())), actor=PROGRAM)
    now = clock.now()
    for note in NOTES:
        hub = world.hubs[note.hub]
        author = await actor_of(await User.get(email=f"{AUTHORS[note.hub]}@{DOMAIN}"))
        with clock.frozen(now - timedelta(days=note.days_old)):
            await create_note(_text(note, hub.phone), hub_id=hub.id, actor=author, publish=bool(note.source))


def _text(note: SeedNote, phone: str) -> NoteText:
    written_on = clock.today()
    expires_on = written_on + timedelta(days=note.days_old + note.days_left) if note.days_left is not None else None
    return NoteText(
        kind=note.kind,
        title=note.title,
        body=note.body.replace("{phone}", phone),
        situations=note.situations,
        source_name=f"{EXAMPLE}: {note.source}" if note.source else "",
        reviewed_on=written_on if note.source else None,
        expires_on=expires_on,
    )
