"""Warnings before an activity is saved: days off at its place, people and venues taken."""

from __future__ import annotations

from datetime import datetime

from trainings.audit.actor import Actor
from trainings.outreach.forms import LookForm
from trainings.outreach.models import OutreachActivity
from trainings.places.feasts import feasts_in
from trainings.places.models import Hub
from trainings.schedule.bookings import Owner
from trainings.schedule.cautions import NONE, Cautions, cautions_of
from trainings.schedule.holidays import days_off_during
from trainings.schedule.plans import SessionPlan
from trainings.schedule.staff.forms import checked
from trainings.web.forms import Typed


async def cautions_in(typed: Typed, *, hub: Hub, actor: Actor, activity: OutreachActivity | None = None) -> Cautions:
    """About day, place and person in the form, as for sessions; none while the day or an hour is missing.

    The form that moves an activity asks for no person: its responsible one is meant.
    """
    form = checked(LookForm, Typed(typed.fields))
    if form is None:
        return NONE
    at, person = form.at(), form.responsible or (activity and activity.responsible_id)
    known = await cautions_of(
        {0: SessionPlan(at.starts_at, at.ends_at, at.venue_id, (person,) if person else ())},
        hub=hub,
        actor=actor,
        owners={0: Owner(town=at.municipality)},
        but={activity.id} if activity else (),
    )
    return known[0]


async def days_off(starts_at: datetime, ends_at: datetime, municipality: str) -> str:
    """Holiday and feasts of the municipality (INE code) in this time; empty on an ordinary day."""
    return days_off_during(starts_at, ends_at, (await feasts_in({municipality}))[municipality])
