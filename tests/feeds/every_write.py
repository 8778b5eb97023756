"""What may be written, and which feeds read differently afterwards: a change of each column, by its own action."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests import make
from tests.feeds.writes import World
from tests.schedule.wishes import plan_of
from trainings.accounts.models import User
from trainings.audit.actor import PROGRAM
from trainings.outreach import actions as outreach
from trainings.outreach.models import ActivityKind
from trainings.outreach.place_actions import renew_municipalities
from trainings.places.models import AccessFeature
from trainings.registrations.seats.actions import resize
from trainings.registrations.telling.changes import call_off_training
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan
from trainings.schedule.catalogue import course_actions
from trainings.schedule.models import CourseKind, PlaceShown, Training

HERE, COUNTRY = "/cal/municipio/la-libertad-peten.ics", "/cal/guatemala.ics"
HUB, TOPIC = "/cal/ventanilla/la-libertad-peten.ics", "/cal/tema/riesgos.ics"
OTHER_TOPIC, THERE = "/cal/tema/trata.ics", "/cal/municipio/tacana-san-marcos.ics"
SPANISH, TEACHERS = (
    "/cal/municipio/la-libertad-peten/idioma/spa.ics",
    "/cal/municipio/la-libertad-peten/para/docente.ics",
)
OWN = (HERE, HUB, TOPIC, COUNTRY, SPANISH, TEACHERS)
OF_ACTIVITIES = (HERE, HUB, COUNTRY, TEACHERS)
ALL = (*OWN, OTHER_TOPIC, THERE)


Change = Callable[[World], Awaitable[Any]]
Case = tuple[Change, tuple[str, ...]]


async def _go_online(w: World) -> None:
    """Without a place the meeting is «En línea»."""
    plan = plan_of(await Training.get(id=w.training.id), online_url="https://reunion.example/1", venue_id=None)
    session = SessionPlan(w.session.starts_at, w.session.ends_at, id=w.session.id)
    await schedule.edit_training(w.training.id, plan, [session], actor=PROGRAM)


async def _call_off_and_take_back(w: World) -> None:
    """It takes place as before, and is newer than the calling off that some have read."""
    await call_off_training(w.training.id, "No hay paso.", actor=PROGRAM)
    await schedule.reopen(w.training.id, actor=PROGRAM)


SHOWN: Mapping[str, Case] = {
    "training_session.starts_at": (lambda w: w.move(starts=1), OWN),
    "training_session.ends_at": (lambda w: w.move(ends=1), OWN),
    "training_session.venue_id": (lambda w: w.move(venue_id=w.other_venue.id), OWN),
    "training_session.venue_id (elsewhere)": (lambda w: w.move(venue_id=w.far_venue.id), (*OWN, THERE)),
    "training_session.state": (lambda w: schedule.cancel_session(w.session.id, actor=PROGRAM), OWN),
    "training_session (one more)": (
        lambda w: schedule.add_session(
            w.training.id, SessionPlan(make.tomorrow_at(8, days=9), make.tomorrow_at(9, days=9)), actor=PROGRAM
        ),
        OWN,
    ),
    "training.state (unlisted)": (lambda w: schedule.unlist(w.training.id, actor=PROGRAM), OWN),
    "training_session.called_off_at": (_call_off_and_take_back, OWN),
    "training.state, state_before": (
        lambda w: call_off_training(w.training.id, "No hay paso.", actor=PROGRAM),
        OWN,
    ),
    "training.title": (lambda w: w.edit(title="Otro título"), OWN),
    "training.summary": (lambda w: w.edit(summary="De la capacitación."), OWN),
    "training.place_shown": (lambda w: w.edit(place_shown=PlaceShown.AFTER_CONFIRMATION), OWN),
    "training.offers": (lambda w: w.edit(offers=("snack",)), OWN),
    "training.bring": (lambda w: w.edit(bring="Su DPI"), OWN),
    "training.languages": (lambda w: w.edit(languages=("spa", "kek")), OWN),
    "training.audience (filtered)": (lambda w: w.edit(audience=("radio",)), (TEACHERS,)),
    "training.languages (filtered)": (lambda w: w.edit(languages=("kek",)), OWN),
    "training.online_url": (_go_online, OWN),
    "course.summary": (lambda w: w.edit_course(summary="Otra cosa."), OWN),
    "course.topic_id": (lambda w: w.edit_course(topic_id=w.other_topic.id), (*OWN, OTHER_TOPIC)),
    "topic.name": (lambda w: course_actions.rename_topic(w.topic.id, "Riesgos", actor=PROGRAM), OWN),
    "venue.name": (lambda w: w.correct(name="Salón de usos múltiples"), OWN),
    "venue.address": (lambda w: w.correct(address="Barrio El Carmen"), OWN),
    "venue.lat": (lambda w: w.correct(lat=Decimal("16.79")), OWN),
    "venue.lon": (lambda w: w.correct(lon=Decimal("-90.12")), OWN),
    "venue.municipality_id": (lambda w: w.correct(municipality=make.TACANA), (*OWN, THERE)),
    "hub.name": (lambda w: w.correct_hub(name="Ventanilla del parque"), OWN),
    "municipality.name": (lambda w: w.renew(name="La Libertad de Petén"), OWN),
    "municipality.department": (lambda w: w.renew(department="El Petén"), OWN),
    "outreach_activity.title": (lambda w: w.edit_activity(title="Feria grande"), OF_ACTIVITIES),
    "outreach_activity.summary": (lambda w: w.edit_activity(summary="Con marimba."), OF_ACTIVITIES),
    "outreach_activity.kind": (lambda w: w.edit_activity(kind=ActivityKind.DIALOGUE), OF_ACTIVITIES),
    "outreach_activity.rain_plan": (lambda w: w.edit_activity(rain_plan="Bajo techo"), OF_ACTIVITIES),
    "outreach_activity.place": (lambda w: w.edit_activity(place="Mercado"), OF_ACTIVITIES),
    "outreach_activity.venue_id": (lambda w: w.edit_activity(venue_id=w.other_venue.id), OF_ACTIVITIES),
    "outreach_activity.starts_at": (
        lambda w: w.edit_activity(starts_at=w.activity.starts_at + timedelta(hours=1)),
        OF_ACTIVITIES,
    ),
    "outreach_activity.ends_at": (
        lambda w: w.edit_activity(ends_at=w.activity.ends_at + timedelta(hours=1)),
        OF_ACTIVITIES,
    ),
    "outreach_activity.municipality_id": (
        lambda w: w.edit_activity(municipality=make.TACANA),
        (*OF_ACTIVITIES, THERE),
    ),
    "outreach_activity.state": (
        lambda w: outreach.cancel_activity(w.activity.id, "Lluvia.", actor=PROGRAM),
        OF_ACTIVITIES,
    ),
}
"""A change of each column that stands in an entry or in a calendar's name, and the feeds that read differently."""

FIXED = frozenset(
    {
        *("training_session.id", "training_session.training_id", "training_session.created_at"),
        *("training_session.stamped_at", "training_session.sequence", "training_session.position"),
        *("training.slug", "training.hub_id", "training.kind", "topic.slug"),
    }
)
"""Columns of an entry that are never written once it is shown, or only with it."""


async def _resize(w: World) -> None:
    await resize(w.training.id, 40, 2, actor=PROGRAM)


async def _sign_up(w: World) -> None:
    await make.make_registration(w.training, phone="55550001", email="caal@gente.example")


async def _give_to(w: World) -> None:
    session = w.session
    plan = SessionPlan(session.starts_at, session.ends_at, session.venue_id, (w.facilitator.id,), session.id)
    await schedule.edit_training(w.training.id, plan_of(w.training), [plan], actor=PROGRAM)


async def _rename_who_holds_it(w: World) -> None:
    await _give_to(w)
    await User.filter(id=w.facilitator.id).update(name="Ana Coc de Caal", email="otra@muni.example")


async def _save_as_it_is(w: World) -> None:
    await w.edit()
    await w.edit_course()
    await w.edit_activity()
    await w.correct()
    await w.correct_hub()
    await renew_municipalities()


HIDDEN: Mapping[str, Change] = {
    "nothing": _save_as_it_is,
    "training.capacity": _resize,
    "training.taken": _sign_up,
    "training.neutral_title": lambda w: w.edit(neutral_title="Reunión"),
    "training.walk_ins": lambda w: w.edit(walk_ins=False),
    "training.approval_required": lambda w: w.edit(approval_required=True),
    "training.minimum_age": lambda w: w.edit(minimum_age=21),
    "training.contact_phone": lambda w: w.edit(contact_phone="+50255559999"),
    "training.closes_at": lambda w: w.edit(closes_at=w.session.starts_at),
    "training.online_url (there is a place)": lambda w: w.edit(online_url="https://reunion.example/2"),
    "course.title": lambda w: w.edit_course(title="Otro curso"),
    "course.kind": lambda w: w.edit_course(kind=CourseKind.DIPLOMADO),
    "course.minutes": lambda w: w.edit_course(minutes=300),
    "course.completion_share": lambda w: w.edit_course(completion_share=90),
    "venue.capacity": lambda w: w.correct(capacity=80),
    "venue.access": lambda w: w.correct(access=(AccessFeature.RAMP,)),
    "hub.phone": lambda w: w.correct_hub(phone="+50279005555"),
    "hub.hours": lambda w: w.correct_hub(hours="lunes a sábado"),
    "hub.address": lambda w: w.correct_hub(address="2da calle"),
    "municipality.population_2018": lambda w: w.renew(population_2018=1),
    "facilitator": _give_to,
    "app_user.name": _rename_who_holds_it,
    "outreach_activity.materials": lambda w: w.edit_activity(materials="Afiches"),
    "outreach_activity.responsible_id": lambda w: w.edit_activity(responsible_id=w.facilitator.id),
    "training_session.closed_at": lambda w: w.close(),
}
"""Changes of what no public calendar shows; the last one may be followed by no other."""
