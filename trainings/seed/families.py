from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK, VISITOR
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import AgeGroup, Relation
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.models import HoldReason
from trainings.registrations.seats.actions import cancel, sign_up
from trainings.schedule.models import Training
from trainings.seed.world import CONSENT, World, publish_training

TITLE = "Derechos de las personas migrantes, no discriminación y lenguaje sin estereotipos"
PLACES, CHILDCARE, HOURS_TO_SAY_YES = 12, 4, 48
IN_DAYS, AT_HOUR, LONG = 6, 14, timedelta(hours=4)
N_AT_ONCE = 5


async def build_families(world: World) -> None:
    training = await for_families(world, IN_DAYS)
    with clock.frozen(clock.now() - timedelta(days=1)):
        mother = member(world, "Elvira", "Xol Cucul", phone="5555 0160", email="elvira.xol@correo.example")
        children = [
            member(world, "Diego", "Caal Xol", age_group=AgeGroup.A14_17),
            member(world, "Marisol", "Caal Xol", age_group=AgeGroup.A12_13),
        ]
        father, aunt = member(world, "Mateo", "Caal Ba"), member(world, "Juana", "Xol Pop")
        guardian = GuardianContact("Elvira Xol Cucul", Relation.MADRE, "+50255550160")
        await ask(training, mother, father, aunt, *children, childcare=2, guardian=guardian)
        leaving = await ask(training, member(world, "Catarina", "Tut Choc", phone="5555 0161"), needs=("interpreter",))
        for number, name in enumerate(("Otilia", "Ramiro", "Clara", "Benigno", "Sandra", "Felipe")):
            needs = ("ramp",) if number == 1 else ("food", "interpreter") if number == 4 else ()
            await ask(training, member(world, name, "Chub Ical", phone=f"5555 017{number}"), needs=needs)
        await ask(training, member(world, "Otilia", "Chub Ical", phone="5555 0170"))
        await ask(training, *(member(world, name, "Tzalam Coc") for name in ("Rigoberto", "Alma", "Luz", "Iris")))
        await ask(training, member(world, "Hermelinda", "Sacul Maas", phone="5555 0180"))
        await ask(training, *(member(world, name, "Quib Tiul") for name in ("Gloria", "Nery")), childcare=1)
        await cancel(leaving, actor=HOLDER_OF_LINK)
        for number in range(N_AT_ONCE):
            who = member(world, "Gana", f"Dinero {number}", phone="5555 0199")
            await sign_up(training.id, SignUp((who,), CONSENT).held(HoldReason.REVIEW), actor=VISITOR)


async def for_families(world: World, in_days: int) -> Training:
    """One session in so many days (past: negative), published well before."""
    starts_at = clock.midnight(clock.today() + timedelta(days=in_days)) + timedelta(hours=AT_HOUR)
    return await publish_training(
        world,
        TITLE,
        [starts_at],
        LONG,
        at=min(clock.now(), starts_at) - timedelta(days=10),
        capacity=PLACES,
        childcare_capacity=CHILDCARE,
        admits_minors=True,
        minimum_age=12,
        offer_hours=HOURS_TO_SAY_YES,
        interpreter_languages=("kek",),
        offers=("snack", "childcare", "interpreter"),
    )


def member(
    world: World,
    given_names: str,
    surnames: str,
    *,
    community: str = "Las Pozas",
    age_group: AgeGroup | None = None,
    phone: str = "",
    email: str = "",
    language: str = "",
) -> Member:
    person = PersonForm(
        given_names=given_names,
        surnames=surnames,
        municipality=world.hubs[0].seat_id,
        community=community,
        actor_type="familia",  # type: ignore[arg-type]  # the code, as a form sends it
        age_group=age_group,
        phone=phone or None,
        email=email or None,
        language=language or None,
    )
    return Member(person, has_assented=age_group is not None)


async def ask(
    training: Training,
    *members: Member,
    childcare: int = 0,
    guardian: GuardianContact | None = None,
    needs: tuple[str, ...] = (),
) -> UUID:
    first, *others = members
    together = (Member(first.person, needs, first.has_assented), *others)
    wish = SignUp(together, CONSENT, childcare_places=childcare, guardian=guardian)
    return (await sign_up(training.id, wish, actor=VISITOR)).registration_id
