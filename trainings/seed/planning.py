from __future__ import annotations

from datetime import time, timedelta

from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM
from trainings.places.feasts import FeastDetails, add_feast
from trainings.schedule.absences import hours_of, say_absent, whole_days
from trainings.seed.world import World

FEASTS = (
    FeastDetails("1705", "Feria titular", 12, 9, 5),
    FeastDetails("1701", "Fiesta del Cristo Negro de Esquipulas", 1, 12, 4),
    FeastDetails("1703", "Feria de San José", 3, 10, 10),
    FeastDetails("1711", "Feria titular", 5, 15, 8),
    FeastDetails("0923", "Fiesta de la Inmaculada Concepción", 12, 6, 3),
    FeastDetails("0910", "Feria de San Mateo Apóstol", 9, 18, 4),
    FeastDetails("0902", "Feria de San Luis Rey de Francia", 8, 22, 7),
    FeastDetails("0905", "Fiesta de Santo Tomás", 12, 19, 3),
    FeastDetails("0908", "Feria de San Miguel Arcángel", 9, 27, 3),
    FeastDetails("0901", "Feria de la Independencia", 9, 9, 9),
    FeastDetails("1207", "Feria de la Asunción", 8, 12, 4),
    FeastDetails("1201", "Feria de San Marcos Evangelista", 4, 22, 7),
)


async def build_planning(world: World) -> None:
    served = {details.municipality for details in FEASTS}
    for details in FEASTS:
        await add_feast(details, served=served, actor=PROGRAM)
    facilitator = await actor_of(world.facilitators[0])
    day = clock.today() + timedelta(days=19)
    await say_absent(*whole_days(day, day + timedelta(days=2)), actor=facilitator)
    await say_absent(*hours_of(clock.today() + timedelta(days=33), time(8), time(12)), actor=facilitator)
