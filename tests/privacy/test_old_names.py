"""Five years after somebody last came, their name and attendance go; who holds a certificate keeps the name."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.attendance.doors import Opened, open_door, qr_of, scan, take
from tests.outbox.test_overtaken import a_certificate
from tests.privacy.people import minor
from trainings import clock
from trainings.accounts.models import SignInLink, StaffSession
from trainings.accounts.queries import actor_of
from trainings.attendance import settling
from trainings.attendance.models import Attendance, ScanEvent
from trainings.audit.actor import PROGRAM
from trainings.certificates.making.transcripts import make_transcript
from trainings.certificates.models import Certificate, Transcript
from trainings.people.models import Guardian, Merge, MergeReason, Participant
from trainings.privacy import merging
from trainings.privacy.actions import NAMES_KEPT, sweep
from trainings.registrations.models import Registration
from trainings.settings import Settings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def held(**columns: Any) -> Opened:
    """Ana came, and completed the course."""
    door = await open_door(**columns)
    with clock.frozen(door.starts_at + HOUR):
        await take(door, scan(qr_of(door.ana)))
    with clock.frozen(door.ends_at + HOUR):
        await settling.settle(door.training.id)
    return door


async def swept_at(moment: datetime) -> int:
    with clock.frozen(moment):
        return (await sweep()).names


async def person_of(registration: Registration) -> Participant:
    return await Participant.get(id=registration.participant_id)


@pytest.mark.both_engines
async def test_name_and_attendance_go_five_years_later_and_numbers_of_nobody_stay(db: Settings) -> None:
    door = await held(admits_minors=True)
    luz = await minor(door.training, "Luz")
    due = door.ends_at + NAMES_KEPT
    with clock.frozen(door.ends_at + HOUR):
        ana = await Registration.get(id=door.ana.id).prefetch_related("participant")
        await make_transcript(ana, actor=PROGRAM)

    assert await swept_at(due) == 0
    assert await Transcript.all().count() == 1
    assert (await person_of(door.ana)).full_name == "Ana Lucía Ba Coc"
    assert await Attendance.filter(is_present=True).count() == 1
    assert await swept_at(due + HOUR) == 2
    assert await swept_at(due + DAY) == 0

    for person in (await person_of(door.ana), await person_of(luz)):
        assert (person.full_name, person.sort_key, person.search_text) == ("—", "", "")
        assert (person.community, person.organization) == ("", "")
    assert (await Guardian.get()).name is None
    assert await Transcript.all().count() == 0
    assert (await Attendance.all().count(), await ScanEvent.all().count()) == (0, 0)
    registration = await Registration.get(id=door.ana.id)
    assert (registration.minutes_attended, registration.completed_at is not None) == (240, True)
    assert (await person_of(luz)).age_group == "14-17"


async def test_numbers_of_nobody_stand_when_hours_are_computed_anew(db: Settings) -> None:
    door = await held()
    await swept_at(door.ends_at + NAMES_KEPT + DAY)

    await settling.settle(door.training.id)

    ana = await Registration.get(id=door.ana.id)
    assert not await Attendance.exists()
    assert (ana.minutes_attended > 0, ana.completed_at is not None) == (True, True)


async def test_who_comes_again_or_holds_a_certificate_keeps_the_name(sqlite_db: Settings) -> None:
    door = await held()
    byron = await make.make_registration(door.training, given_names="Byron")
    later = door.ends_at + timedelta(days=3 * 365)
    again = await make.make_training(sessions=[(later, later + 4 * HOUR)])
    once_more = await make.make_registration(again, given_names="Beto")
    await Registration.filter(id=once_more.id).update(participant_id=byron.participant_id)
    certificate = await a_certificate(door.ana)

    assert await swept_at(door.ends_at + NAMES_KEPT + HOUR) == 1, "only the row of Beto, who is Byron"

    assert (await person_of(door.ana)).full_name == "Ana Lucía Ba Coc"
    assert await Attendance.filter(registration_id=door.ana.id, is_present=True).count() == 1
    await Certificate.filter(id=certificate.id).update(revoked_at=clock.now())
    assert await swept_at(door.ends_at + NAMES_KEPT + HOUR) == 1
    assert (await person_of(byron)).given_names == "Byron"


@pytest.mark.both_engines
async def test_who_came_again_under_another_sign_up_keeps_all_of_them_until_that_is_taken_back(db: Settings) -> None:
    hub = await make.make_hub()
    door = await held(hub=hub)
    actor = await actor_of(await make.make_user(hub=hub))
    later = door.ends_at + timedelta(days=3 * 365)
    again = await make.make_training(hub=hub, sessions=[(later, later + 4 * HOUR)])
    older = await make.make_registration(door.training, given_names="Ana")
    newer = await make.make_registration(again, given_names="Ana Lucía")
    for kept, merged in ((older, door.ana), (newer, older)):
        await merging.merge(kept.participant_id, merged.participant_id, MergeReason.SAID_SO, actor=actor)
    due = door.ends_at + NAMES_KEPT + HOUR

    assert await swept_at(due) == 0
    assert await Attendance.filter(registration_id=door.ana.id, is_present=True).count() == 1
    last = await Merge.get(kept_id=newer.participant_id)
    await merging.undo(last.id, actor=actor)

    assert await swept_at(due) == 2
    assert [(await person_of(one)).given_names for one in (door.ana, older, newer)] == ["—", "—", "Ana Lucía"]


async def test_sign_ins_go_90_days_after_they_were_over(db: Settings) -> None:
    user = await make.make_user()
    now = clock.now()
    await StaffSession.create(token_hash="a", user=user, seen_at=now, idle_minutes=60, expires_at=now)
    await SignInLink.create(token_hash="b", user=user, expires_at=now)

    gone = []
    for days in (90, 91):
        with clock.frozen(now + timedelta(days=days)):
            gone.append((await sweep()).sign_ins)

    assert gone == [0, 2]
    assert (await StaffSession.all().count(), await SignInLink.all().count()) == (0, 0)
