"""`trainings seed --demo`: one believable world, the same each time, with dates around today."""

from __future__ import annotations

from tortoise.expressions import F

from trainings import clock, db
from trainings.accounts.models import User
from trainings.lib import tokens
from trainings.places.hub_file import demo_hubs
from trainings.places.models import Hub, Operator
from trainings.schedule.models import Course, Training, TrainingState
from trainings.seed import world as building
from trainings.seed.calling import build_calls
from trainings.seed.cards import build_cards
from trainings.seed.door import build_door
from trainings.seed.families import build_families
from trainings.seed.lately import build_lately
from trainings.seed.letters import build_letters
from trainings.seed.notes import build_notes
from trainings.seed.outreach import build_outreach
from trainings.seed.papers import build_papers
from trainings.seed.phones import build_phones
from trainings.seed.planning import build_planning
from trainings.seed.world import DOMAIN, World
from trainings.settings import Settings

SEED = 1705
PASSWORD_FILE = "demo_password"  # noqa: S105 - the name of a file
ACCOUNTS = ("admin", "municipal", "coordina", "coordina2", "facilita", "monitoreo", "asistente")


class RealData(Exception):
    """The database holds other data than the demo world."""


async def seed_demo(settings: Settings, scale: int = 1) -> str:
    """Make the demo world, or restore what always runs in it; returns the text for the caller.

    Refuses (RealData) a database with other people.
    """
    async with db.connect(settings):
        password = _password(settings)
        if await User.exists(is_demo=True):
            await _keep_running(scale)
        elif await User.exists() or await Operator.exists():
            raise RealData("This database has real data: the demo world goes into an empty one only.")
        else:
            await _build(password, scale)
    addresses = "\n".join(f"  {name}@{DOMAIN}" for name in ACCOUNTS)
    return f"Demo accounts, all with the password  {password}\n{addresses}"


def _password(settings: Settings) -> str:
    """As set, else made once and kept in the data folder."""
    if settings.demo_password is not None:
        return settings.demo_password.get_secret_value()
    kept = settings.data_dir / PASSWORD_FILE
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(tokens.slug_suffix() + "-" + tokens.slug_suffix() + "\n")
    return kept.read_text().strip()


async def _build(password: str, scale: int) -> None:
    with tokens.fixed_randomness(SEED) as dice:
        with clock.frozen(clock.midnight(clock.today().replace(month=1, day=2))):
            hubs = await building.build_hubs()
            facilitators = await building.build_accounts(hubs, password)
            courses = await building.build_catalogue()
            project = await building.build_project()
        world = World(dice, scale, hubs, facilitators, courses, project)
        await building.build_year(world)
        await building.build_running(world)
        await build_cards(world)
        await build_families(world)
        await build_calls(world)
        await build_lately(world)
        await build_planning(world)
        await build_letters(world)
        await build_notes(world)
        await build_outreach(world)
        await build_phones(world)
        await build_door(world)
        await build_papers(world)


async def _keep_running(scale: int) -> None:
    now = clock.now()
    hubs = {hub.slug: hub for hub in await Hub.all()}
    first = hubs[demo_hubs()[0].hub.slug]
    running = Training.filter(
        hub_id=first.id,
        state=TrainingState.PUBLISHED,
        taken__lt=F("capacity"),
        sessions__starts_at__lte=now,
        sessions__ends_at__gt=now,
        sessions__closed_at=None,
    )
    if await running.exists():
        return
    facilitator = await User.get(email=f"facilita@{DOMAIN}")
    courses = {course.title: course for course in await Course.all()}
    await building.build_running(World(tokens.source(), scale, [first], [facilitator], courses))
