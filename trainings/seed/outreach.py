from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.outreach.actions import (
    ActivityPlan,
    TimeAndPlace,
    cancel_activity,
    create_activity,
    publish_activity,
)
from trainings.outreach.heads import Cell, Touch, count_heads
from trainings.outreach.models import ActivityKind, OutreachActivity
from trainings.outreach.tallies import tally
from trainings.outreach.words import SUBJECTS, AgeBand
from trainings.people.models import Sex
from trainings.places.models import Hub, Venue
from trainings.seed.world import DOMAIN, World

TALLIED_DAYS = 20
SEEN = {
    AgeBand.CHILDREN: (9, 7, 0),
    AgeBand.ADOLESCENTS: (8, 6, 0),
    AgeBand.ADULTS: (31, 19, 2),
    AgeBand.ELDERS: (6, 5, 1),
}


@dataclass(frozen=True, slots=True)
class SeedActivity:
    """So many days from today, local hours. `at_venue`: at the hub's usual place."""

    days: int
    hours: tuple[int, int]
    kind: ActivityKind
    title: str
    summary: str
    place: str
    materials: str
    rain_plan: str = ""
    at_venue: bool = False


FAIR = SeedActivity(
    -18,
    (8, 13),
    ActivityKind.FAIR,
    "Feria informativa en el mercado",
    "Mesas con información sobre trabajo temporal legal, estafas y a quién acudir. Hay juegos para la niñez.",
    "Mercado municipal, entrada principal",
    "Toldo\nDos mesas y ocho sillas\nAfiches\nTarjetas de la ventanilla\nCrayones y hojas",
    "Pasa al salón municipal.",
)
TODAY = SeedActivity(
    0,
    (7, 18),
    ActivityKind.COMMUNITY,
    "Jornada comunitaria: mi documento, mi derecho",
    "Se orienta sobre documentos de identificación y se invita a las próximas capacitaciones.",
    "Parque central, frente a la concha acústica",
    "Manta de la ventanilla\nBocina y micrófono\nTarjetas de la ventanilla\nAgua pura",
    "Bajo el corredor de la municipalidad.",
)
DIALOGUE = SeedActivity(
    9,
    (15, 17),
    ActivityKind.DIALOGUE,
    "Diálogo abierto: estafas en ofertas de trabajo en el extranjero",
    "Se conversa sobre las ofertas que circulan y cómo revisarlas. Venga con sus preguntas.",
    "",
    "Proyector\nLista de preguntas frecuentes\nRefacción para 40 personas",
    at_venue=True,
)
GAMES = SeedActivity(
    13,
    (9, 12),
    ActivityKind.RECREATION,
    "Mañana de juegos: rutas seguras",
    "Juegos en equipo para niñez y juventud, con sus familias.",
    "Cancha de la escuela oficial",
    "Conos y pelotas\nCartulinas\nBotiquín",
    "Se mueve al corredor de la escuela.",
)
CALLED_OFF = SeedActivity(
    5,
    (8, 12),
    ActivityKind.FAIR,
    "Feria de servicios en Las Pozas",
    "Ventanilla, salud y registro civil en un mismo lugar.",
    "Escuela de Las Pozas",
    "Toldo\nMesas",
)
DRAFT = SeedActivity(
    25,
    (8, 12),
    ActivityKind.FAIR,
    "Feria informativa de fin de mes",
    "",
    "Parque central",
    "",
)


async def build_outreach(world: World) -> None:
    first, second = world.hubs[:2]
    held = await _make(first, FAIR, "coordina")
    await _count(held)
    await _make(first, TODAY, "asistente")
    await _make(first, DIALOGUE, "facilita")
    await _make(second, GAMES, "coordina2")
    called_off = await _make(first, CALLED_OFF, "coordina")
    await cancel_activity(called_off.id, "El camino está cerrado por la lluvia.", actor=PROGRAM)
    await _make(first, DRAFT, "coordina", is_draft=True)
    await _tally(world, first)


async def _make(hub: Hub, entry: SeedActivity, responsible: str, *, is_draft: bool = False) -> OutreachActivity:
    starts_at, ends_at = (_moment(entry.days, hour) for hour in entry.hours)
    venue = await Venue.filter(hub_id=hub.id, municipality_id=hub.seat_id).order_by("created_at").first()
    venue_id = venue.id if venue is not None and entry.at_venue else None
    user = await User.get(email=f"{responsible}@{DOMAIN}")
    plan = ActivityPlan(
        hub_id=hub.id,
        kind=entry.kind,
        title=entry.title,
        at=TimeAndPlace(starts_at, ends_at, hub.seat_id, venue_id, entry.place),
        responsible_id=user.id,
        summary=entry.summary,
        materials=entry.materials,
        rain_plan=entry.rain_plan,
    )
    with clock.frozen(min(starts_at - timedelta(days=15), clock.now())):
        made = await create_activity(plan, actor=PROGRAM, override_reason="Calendario de demostración")
        return made if is_draft else await publish_activity(made.id, actor=await actor_of(user))


def _moment(days: int, hour: int) -> datetime:
    return clock.at(clock.today() + timedelta(days=days), time(hour))


async def _count(activity: OutreachActivity) -> None:
    touches = [
        Touch(tokens.uuid7(), Cell(sex, band))
        for band, numbers in SEEN.items()
        for sex, number in zip(Sex, numbers, strict=True)
        for _head in range(number)
    ]
    with clock.frozen(activity.starts_at + timedelta(hours=2)):
        await count_heads(activity.id, touches, actor=PROGRAM)


async def _tally(world: World, hub: Hub) -> None:
    now = clock.now()
    for days in range(TALLIED_DAYS, -1, -1):
        with clock.frozen(now - timedelta(days=days)):
            if clock.today().weekday() < 5:
                for subject in SUBJECTS:
                    for _touch in range(world.dice.choice((0, 0, 1, 1, 2, 3))):
                        await tally(hub.id, subject, 1)
