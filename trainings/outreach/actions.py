"""Followers see changes in calendars, the responsible person gets a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound, Refusal
from trainings.lib.text import slugify
from trainings.lib.tokens import slug_suffix, uuid7
from trainings.outbox.actions import STAFF_DELAY
from trainings.outreach import calendar_texts
from trainings.outreach.models import ActivityKind, ActivityState, OutreachActivity
from trainings.outreach.responsible import seen, tell_published, tell_responsible
from trainings.outreach.words import KINDS
from trainings.places.actions import UnknownMunicipality
from trainings.places.models import Hub, Municipality, Venue
from trainings.schedule.bookings import Owner, check_bookings
from trainings.schedule.changes import leaving
from trainings.schedule.models import ChangeKind, DatedChange
from trainings.schedule.months import Month
from trainings.schedule.plans import LONGEST_SESSION, SessionPlan, check_places
from trainings.schedule.queries import people_who_facilitate
from trainings.schedule.session_actions import MovedIntoPast
from trainings.schedule.staff.copies import Copy, copy_key, day_in, foreseen, shifted
from trainings.web.i18n import N_, gettext

ACTIVITY_MOVES: dict[ActivityState, frozenset[ActivityState]] = {
    ActivityState.DRAFT: frozenset({ActivityState.PUBLISHED, ActivityState.CANCELLED}),
    ActivityState.PUBLISHED: frozenset({ActivityState.CANCELLED}),
    ActivityState.CANCELLED: frozenset({ActivityState.DRAFT, ActivityState.PUBLISHED}),
}
"""A published activity is never a draft again; a cancelled activity becomes what it was."""
WHEN_AND_WHERE = frozenset({"starts_at", "ends_at", "municipality_id", "venue_id", "place"})


class UnknownActivity(NotFound):
    code = "unknown_activity"
    sentence = N_("No encontramos esa actividad. Búsquela en la lista.")


class IllegalMove(Refusal):
    sentence = N_("Esta actividad ya no se puede cambiar así. Abra la página otra vez para ver cómo está.")


class ActivityCalledOff(Refusal):
    code = "called_off"
    sentence = N_("Esta actividad está cancelada. Reábrala antes de cambiarla.")


class ActivityHeld(Refusal):
    code = "already_held"
    sentence = N_("Esa actividad ya se realizó: ni se mueve ni se cancela.")


class NoReason(Refusal):
    sentence = N_("Escriba por qué se cancela: se verá en la página de la actividad.")


class NoPlace(Refusal):
    sentence = N_("Diga dónde es: escoja un lugar o escríbalo.")


class ActivityEndsBeforeStart(Refusal):
    code = "ends_before_start"
    sentence = N_("La actividad termina antes de empezar. Corrija la hora.")


class ActivityTooLong(Refusal):
    sentence = N_("Una actividad dura menos de un día. Agregue otra para cada día.")


class NotOfTheHub(Refusal):
    sentence = N_("Esa persona no trabaja en la ventanilla. Escoja a otra.")


class HubFixed(Refusal):
    sentence = N_("Una actividad no cambia de ventanilla. Cree otra en la otra ventanilla.")


class ChangedMeanwhile(Refusal):
    sentence = N_("Otra persona cambió esta actividad mientras usted escribía. Ábrala otra vez y repita su cambio.")


class MovedMeanwhile(Refusal):
    sentence = N_(
        "Otra persona cambió esta actividad mientras usted escribía. Arriba dice cómo está ahora: "
        "revise lo que escribió y envíelo otra vez."
    )


@dataclass(frozen=True, slots=True)
class TimeAndPlace:
    """UTC; at a venue of the hub, or at `place`, in the open, in a municipality (INE code). A venue decides the
    municipality, and `place` tells more exactly where.
    """

    starts_at: datetime
    ends_at: datetime
    municipality: str
    venue_id: UUID | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class ActivityPlan:
    """`materials`: a line each."""

    hub_id: UUID
    kind: ActivityKind
    title: str
    at: TimeAndPlace
    responsible_id: UUID
    summary: str = ""
    materials: str = ""
    rain_plan: str = ""

    def columns(self) -> dict[str, Any]:
        names = ("kind", "title", "responsible_id", "summary", "materials", "rain_plan")
        return {name: getattr(self, name) for name in names}


async def create_activity(
    plan: ActivityPlan, *, actor: Actor, override_reason: str = "", activity_id: UUID | None = None
) -> OutreachActivity:
    """A draft; its slug is fixed from now on. `activity_id`: so that a repeat makes no second one. Refuses an unknown
    hub, venue or municipality, no place, an end before the start, a responsible person of another hub, and people or
    venues taken then (a reason lets them stand, on record).
    """
    async with transaction():
        where = await _checked(plan.hub_id, plan.at)
        await _check_responsible(plan.hub_id, plan.responsible_id)
        activity = OutreachActivity(
            hub_id=plan.hub_id,
            slug=f"{slugify(plan.title) or 'actividad'}-{slug_suffix()}",
            stamped_at=clock.whole_second_after(None),
            **plan.columns(),
            **where,
            **({"id": activity_id} if activity_id else {}),
        )
        await _check_taken(activity, actor, override_reason)
        await activity.save()
        await record("outreach.create", actor=actor, object_id=activity.id, hub_id=activity.hub_id)
    return activity


async def edit_activity(
    activity_id: UUID,
    plan: ActivityPlan,
    *,
    actor: Actor,
    override_reason: str = "",
    revision: int | None = None,
) -> OutreachActivity:
    """Refuses as `create_activity`, and another hub, a cancelled activity, moving an activity that was held, and an
    outdated `revision` (of the opened form).
    """
    async with transaction():
        activity = await _standing(activity_id)
        if revision is not None and revision != activity.revision:
            raise ChangedMeanwhile
        if plan.hub_id != activity.hub_id:
            raise HubFixed(field="hub")
        if plan.responsible_id != activity.responsible_id:
            await _check_responsible(plan.hub_id, plan.responsible_id)
        columns, known = plan.columns() | await _checked(activity.hub_id, plan.at), seen(activity)
        changed = await _write(activity, columns, actor, override_reason)
        await tell_responsible(known, activity, actor=actor)
        await record("outreach.edit", actor=actor, object_id=activity.id, hub_id=activity.hub_id, changed=changed)
    return activity


async def move_activity(
    activity_id: UUID, at: TimeAndPlace, *, actor: Actor, override_reason: str = "", revision: int | None = None
) -> OutreachActivity:
    """Refuses as `edit_activity` (MovedMeanwhile), and a time that is over."""
    async with transaction():
        activity = await _standing(activity_id)
        if revision is not None and revision != activity.revision:
            raise MovedMeanwhile
        known = seen(activity)
        changed = await _write(activity, await _checked(activity.hub_id, at), actor, override_reason)
        await tell_responsible(known, activity, actor=actor)
        await record("outreach.move", actor=actor, object_id=activity.id, hub_id=activity.hub_id, changed=changed)
    return activity


async def publish_activity(activity_id: UUID, *, actor: Actor) -> OutreachActivity:
    """Twice is once. Refuses a cancelled activity."""
    async with transaction():
        activity = await _standing(activity_id)
        if activity.state is ActivityState.PUBLISHED:
            return activity
        await _become(activity, ActivityState.PUBLISHED, published_at=clock.now())
        await tell_published(activity, actor=actor)
        await record("outreach.publish", actor=actor, object_id=activity.id, hub_id=activity.hub_id)
    return activity


async def cancel_activity(activity_id: UUID, reason: str, *, actor: Actor) -> OutreachActivity:
    """Twice is once. Refuses without a reason, and an activity that was held."""
    if not reason.strip():
        raise NoReason(field="reason")
    async with transaction():
        activity = await locked_activity(activity_id)
        if activity.state is ActivityState.CANCELLED:
            return activity
        if is_held(activity):
            raise ActivityHeld
        await _note_change(activity, ChangeKind.CANCELLED)
        known = seen(activity)
        await _become(
            activity,
            ActivityState.CANCELLED,
            cancelled_at=clock.now(),
            cancel_reason=reason.strip(),
            # What was never shown has no text to count from, yet a cancelled entry is never at 0.
            sequence=max(activity.sequence, 1),
        )
        await tell_responsible(known, activity, actor=actor)
        await record("outreach.cancel", actor=actor, object_id=activity.id, hub_id=activity.hub_id)
    return activity


async def reopen_activity(activity_id: UUID, *, actor: Actor, override_reason: str = "") -> OutreachActivity:
    """A draft is a draft again; twice is once. Refuses people and venues taken meanwhile, as `create_activity`."""
    async with transaction():
        activity = await locked_activity(activity_id)
        if activity.state is not ActivityState.CANCELLED:
            return activity
        await _check_taken(activity, actor, override_reason)
        await _note_change(activity, ChangeKind.REOPENED)
        known = seen(activity)
        await _become(
            activity,
            ActivityState.PUBLISHED if activity.published_at else ActivityState.DRAFT,
            cancelled_at=None,
            cancel_reason="",
        )
        await tell_responsible(known, activity, actor=actor)
        await record("outreach.reopen", actor=actor, object_id=activity.id, hub_id=activity.hub_id)
    return activity


async def locked_activity(activity_id: UUID) -> OutreachActivity:
    """Raises UnknownActivity."""
    found = await lock(OutreachActivity, [activity_id])
    if not found:
        raise UnknownActivity
    return found[0]


async def _standing(activity_id: UUID) -> OutreachActivity:
    activity = await locked_activity(activity_id)
    if activity.state is ActivityState.CANCELLED:
        raise ActivityCalledOff
    return activity


def is_held(activity: OutreachActivity) -> bool:
    return activity.state is not ActivityState.DRAFT and clock.now() >= activity.ends_at


async def _write(
    activity: OutreachActivity, columns: Mapping[str, Any], actor: Actor, override_reason: str
) -> list[str]:
    """Returns the names of columns that differ."""
    changed = [name for name, value in columns.items() if getattr(activity, name) != value]
    if not changed:
        return []
    was_held = is_held(activity)
    if not WHEN_AND_WHERE.isdisjoint(changed):
        if was_held:
            raise ActivityHeld
        await _note_change(activity, ChangeKind.MOVED, is_place_rewritten="place" in changed)
    activity.update_from_dict({name: columns[name] for name in changed})
    if is_held(activity) and not was_held:
        raise MovedIntoPast(field="day")
    if not {"starts_at", "ends_at", "venue_id", "responsible_id"}.isdisjoint(changed):
        await _check_taken(activity, actor, override_reason)
    await activity.save(update_fields=changed)
    await _finish(activity)
    return changed


async def _note_change(activity: OutreachActivity, kind: ChangeKind, *, is_place_rewritten: bool = False) -> None:
    if activity.published_at is None:
        return
    last = await DatedChange.filter(activity_id=activity.id).order_by("-created_at", "-id").first()
    is_untold = last is not None and clock.now() < last.created_at + STAFF_DELAY
    change = leaving(activity, kind)
    change.activity_id, change.left_municipality_id = activity.id, activity.municipality_id
    change.is_place_rewritten = is_place_rewritten
    change.batch_id = last.batch_id if last is not None and is_untold else uuid7()
    await change.save(force_create=True)


async def _become(activity: OutreachActivity, state: ActivityState, **columns: Any) -> None:
    if state not in ACTIVITY_MOVES[activity.state]:
        raise IllegalMove
    await activity.update_from_dict({"state": state, **columns}).save(update_fields=["state", *columns])
    await _finish(activity)


async def _finish(activity: OutreachActivity) -> None:
    activity.revision += 1
    await activity.save(update_fields=["revision"])
    await calendar_texts.refresh([activity.id])
    await activity.refresh_from_db(fields=["sequence", "stamped_at"])


async def _checked(hub_id: UUID, at: TimeAndPlace) -> dict[str, Any]:
    if at.ends_at <= at.starts_at:
        raise ActivityEndsBeforeStart(field="ends")
    if at.ends_at - at.starts_at > LONGEST_SESSION:
        raise ActivityTooLong(field="ends")
    await check_places(hub_id, [at.venue_id])
    if at.venue_id is not None:
        municipality = (await Venue.get(id=at.venue_id)).municipality_id
    elif not at.place:
        raise NoPlace(field="place")
    elif not await Municipality.exists(ine_code=at.municipality):
        raise UnknownMunicipality(field="municipality")
    else:
        municipality = at.municipality
    return {
        "starts_at": at.starts_at,
        "ends_at": at.ends_at,
        "municipality_id": municipality,
        "venue_id": at.venue_id,
        "place": at.place,
    }


async def _check_responsible(hub_id: UUID, user_id: UUID) -> None:
    if not await works_at(hub_id, user_id):
        raise NotOfTheHub(field="responsible")


async def works_at(hub_id: UUID, user_id: UUID) -> bool:
    hub = await Hub.get(id=hub_id)
    return user_id in {one.id for one in await people_who_facilitate(hub.id, hub.operator_id)}


async def _check_taken(activity: OutreachActivity, actor: Actor, override_reason: str) -> None:
    await check_bookings(
        {0: _plan_of(activity)}, actor=actor, hub_id=activity.hub_id, override_reason=override_reason, but=[activity.id]
    )


async def copy_activity_to_month(
    activity_id: UUID, month: Month, *, actor: Actor, override_reason: str = ""
) -> tuple[OutreachActivity, bool]:
    """As `copy_to_month` of trainings. Refuses as `create_activity`. The actor is responsible where the person left the
    hub.
    """
    async with transaction():
        activity = await locked_activity(activity_id)
        key = copy_key(activity.id, month)
        made = await OutreachActivity.get_or_none(id=key)
        if made is not None:
            return made, False
        responsible_id = activity.responsible_id
        if actor.id is not None and not await works_at(activity.hub_id, responsible_id):
            responsible_id = actor.id
        plan = ActivityPlan(
            hub_id=activity.hub_id,
            kind=activity.kind,
            title=activity.title,
            at=_in_month(activity, month),
            responsible_id=responsible_id,
            summary=activity.summary,
            materials=activity.materials,
            rain_plan=activity.rain_plan,
        )
        return await create_activity(plan, actor=actor, override_reason=override_reason, activity_id=key), True


async def copies_of_activities(hub_id: UUID, month: Month, target: Month) -> list[Copy]:
    held = reads(OutreachActivity).filter(hub_id=hub_id, starts_at__gte=month.starts_at, starts_at__lt=month.ends_at)
    activities = await held.exclude(state=ActivityState.CANCELLED).order_by("starts_at", "id")
    keys = [copy_key(one.id, target) for one in activities]
    made = {key for (key,) in await reads(OutreachActivity).filter(id__in=keys).values_list("id")}
    return [
        foreseen(
            Owner(one.id, one.title, "" if one.venue_id else one.municipality_id),
            [_plan_of(one)],
            target,
            path="/panel/actividades",
            made=made,
            kind=gettext(KINDS[one.kind]),
        )
        for one in activities
    ]


def _in_month(activity: OutreachActivity, month: Month) -> TimeAndPlace:
    plan = _plan_of(activity)
    [then] = shifted([plan], day_in(month, [plan]))
    return TimeAndPlace(then.starts_at, then.ends_at, activity.municipality_id, activity.venue_id, activity.place)


def _plan_of(activity: OutreachActivity) -> SessionPlan:
    return SessionPlan(activity.starts_at, activity.ends_at, activity.venue_id, (activity.responsible_id,))
