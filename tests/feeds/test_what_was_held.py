"""Of a training that was called off, what was closed before was held: every reader is told the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from httpx2 import AsyncClient

from tests import make
from tests.attendance.prepared_phones import make_phone
from tests.feeds.asking import body_of, line_of
from tests.feeds.secret import entries, path_for
from tests.registrations.wishes import link_of
from trainings.accounts.models import Role
from trainings.attendance.actions import close_session
from trainings.audit.actor import PROGRAM
from trainings.registrations.telling.changes import call_off_training
from trainings.schedule.models import ChangeKind, DatedChange, TrainingSession
from trainings.schedule.public.queries import listed_trainings, public_training
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
HOUR = timedelta(hours=1)


def stands(body: str) -> list[str]:
    """What each entry says of itself, by its start."""
    by_start = sorted(entries(body).values(), key=lambda entry: line_of(entry, "DTSTART"))
    return ["held" if line_of(entry, "STATUS") == "CONFIRMED" else "off" for entry in by_start]


async def test_sessions_of_what_was_called_off_are_the_same_to_every_reader(
    sqlite_db: Settings, client: AsyncClient, freeze: Freeze
) -> None:
    hub = await make.make_hub()
    ana, beto = await make.make_user(Role.FACILITATOR, hub), await make.make_user(Role.HUB_COORDINATOR, hub)
    days = [(make.tomorrow_at(8, days=day), make.tomorrow_at(12, days=day)) for day in (1, 2, 3, 9)]
    training = await make.make_training(hub=hub, facilitators=[ana], sessions=days)
    closed, _over, early, to_come = sorted(training.sessions, key=lambda one: one.starts_at)
    rosa = await make.make_registration(training)
    phone = await make_phone(client, training, beto)
    freeze(closed.ends_at)
    await close_session(closed.id, actor=PROGRAM)
    freeze(early.starts_at + HOUR)
    await close_session(early.id, actor=PROGRAM)
    freeze(early.starts_at + 2 * HOUR)
    await call_off_training(training.id, "No hay paso.", actor=PROGRAM)

    changed = await DatedChange.filter(session__training_id=training.id).values_list("session_id", "kind")
    assert changed == [(to_come.id, ChangeKind.CANCELLED)], "what was held today already is no news"
    everybody = await body_of(client)
    who_holds = await body_of(client, await path_for(ana))
    who_came = await body_of(client, f"{await link_of(rosa)}/evento.ics")
    on_phone = (await phone.get("estado")).json()["sessions"]

    posted = await public_training(training.slug)
    [listed] = await listed_trainings([posted.id])

    rule = [one.is_on for one in await TrainingSession.filter(training_id=training.id).order_by("starts_at")]
    assert rule == [True, False, True, False]
    told = ["held", "off", "held", "off"]
    assert stands(everybody) == told
    assert stands(who_holds) == told
    assert stands(who_came) == told
    assert [one.is_on for one in posted.sessions] == [one.is_on for one in listed.sessions] == rule
    assert [one["state"] for one in on_phone] == ["planned", "cancelled", "planned", "cancelled"]
