"""Whom the demo world knows, told by a process of its own, with the settings of its environment.

`secrets` are the texts that no phone may show: names, communities, telephones, addresses. `session` is the one that
runs now, `tickets` what its people hold in their hands, with the name that a phone may show for a moment.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from trainings import clock, db
from trainings.accounts.models import User
from trainings.attendance.phones.roster_file import rosters_of
from trainings.lib.text import short_name
from trainings.people.models import Guardian, Participant
from trainings.places.models import Municipality, Venue
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import TrainingSession, TrainingState
from trainings.settings import Settings


async def known(settings: Settings) -> dict[str, Any]:
    async with db.connect(settings):
        session = await _running()
        registered = Registration.filter(training_id=session.training_id, state=RegistrationState.CONFIRMED)
        people = await registered.prefetch_related("participant")
        return {
            "session": str(session.id),
            "tickets": [
                {
                    "token": one.qr_token,
                    "short_code": one.short_code,
                    "name": short_name(one.participant.given_names, one.participant.surnames),
                }
                for one in people
            ],
            "secrets": sorted(await _secrets()),
            "n_people": await Participant.all().count(),
        }


async def _running() -> TrainingSession:
    now = clock.now()
    running = TrainingSession.filter(starts_at__lte=now, ends_at__gt=now, training__state=TrainingState.PUBLISHED)
    for session in await running.order_by("id"):
        if len((await rosters_of([session]))[session.id].body()) > 1_000:
            return session
    raise AssertionError("the demo world always runs a training")


async def _secrets() -> set[str]:
    found: set[str] = set()
    places = " ".join([*[one.name for one in await Municipality.all()], *[_said(one) for one in await Venue.all()]])
    for one in await Participant.all():
        names = {one.given_names, one.surnames, short_name(one.given_names, one.surnames)}
        # People live where trainings are held, and where that is stands on every list.
        community = one.community if one.community not in places else ""
        found |= {*names, f"{one.given_names} {one.surnames}", community, *_contacts(one.phone, one.email)}
    for guardian in await Guardian.all():
        found |= {guardian.name or "", *_contacts(guardian.phone, guardian.email)}
    for user in await User.all():
        found |= {user.name, *user.name.split()[:1], user.email}
    return {text for text in found if len(text) > 3}


def _said(venue: Venue) -> str:
    return f"{venue.name} {venue.address}"


def _contacts(phone: str | None, email: str | None) -> set[str]:
    return {(phone or "")[-8:], email or ""}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(known(Settings()))))
