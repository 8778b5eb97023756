"""Activities stand in the calendars among the sessions, by the same rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from httpx2 import AsyncClient

from tests import make
from tests.feeds.asking import FEED, body_of, line_of, poll
from tests.feeds.secret import entries
from tests.outreach.make_activity import make_activity, make_draft, plan_of
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.outreach.actions import TimeAndPlace, cancel_activity, move_activity, reopen_activity
from trainings.outreach.models import OutreachActivity
from trainings.schedule import actions as schedule

FEEDS = (FEED, "/cal/ventanilla/la-libertad-peten.ics", "/cal/guatemala.ics")
TOPIC, THERE = "/cal/tema/riesgos.ics", "/cal/municipio/tacana-san-marcos.ics"
TODAY = date(2027, 3, 6)
NOON = clock.midnight(TODAY) + timedelta(hours=12)
LONG_BEFORE = clock.midnight(TODAY - timedelta(days=120))
AN_HOUR = timedelta(hours=1)
Freeze = Callable[[datetime], None]


def at(start: datetime) -> TimeAndPlace:
    return TimeAndPlace(start, start + AN_HOUR, make.LA_LIBERTAD, None, "Parque central")


async def activity_at(start: datetime) -> OutreachActivity:
    return await make_activity(when=at(start))


def of(activity: OutreachActivity) -> str:
    return f"actividad-{activity.id}"


async def test_sessions_and_activities_stand_in_order_of_their_start(client: AsyncClient) -> None:
    evening = await activity_at(make.tomorrow_at(18))
    noon = await make.make_training(sessions=[(make.tomorrow_at(12), make.tomorrow_at(13))])
    morning = await activity_at(make.tomorrow_at(8))
    next_day = await make.make_training(sessions=[(make.tomorrow_at(7, days=2), make.tomorrow_at(9, days=2))])

    for path in FEEDS:
        assert list(entries(await body_of(client, path))) == [
            of(morning),
            f"sesion-{noon.sessions[0].id}",
            of(evening),
            f"sesion-{next_day.sessions[0].id}",
        ]


async def test_drafts_are_in_no_feed_and_no_activity_is_under_a_topic(client: AsyncClient) -> None:
    await make.make_training()
    draft, shown = await make_draft(), await make_activity()

    for path in (*FEEDS, TOPIC):
        found = entries(await body_of(client, path))
        assert of(draft) not in found
        assert (of(shown) in found) is (path != TOPIC)


async def test_moved_away_it_stays_with_its_new_place(client: AsyncClient) -> None:
    await make.make_municipality(make.TACANA)
    activity = await make_activity()
    before = await poll(client)

    there = TimeAndPlace(activity.starts_at, activity.ends_at, make.TACANA, None, "Mercado")
    await move_activity(activity.id, there, actor=PROGRAM)

    assert (await poll(client, if_none_match=before.headers["etag"])).status_code == 200
    for path in (*FEEDS, THERE):
        event = entries(await body_of(client, path))[of(activity)]
        assert line_of(event, "LOCATION") == "Mercado\\, Tacaná\\, San Marcos"
        assert (line_of(event, "STATUS"), line_of(event, "SEQUENCE")) == ("CONFIRMED", "1")


async def test_cancelled_it_stays_for_sixty_days_and_comes_back_reopened(client: AsyncClient, freeze: Freeze) -> None:
    freeze(LONG_BEFORE)
    activity = await activity_at(clock.midnight(TODAY - timedelta(days=60)) + 9 * AN_HOUR)
    await cancel_activity(activity.id, "Lluvia.", actor=PROGRAM)
    freeze(NOON)
    on_the_60th_day = entries(await body_of(client))
    freeze(NOON + timedelta(days=1))
    on_the_61st_day = entries(await body_of(client))

    await reopen_activity(activity.id, actor=PROGRAM)

    event = on_the_60th_day[of(activity)]
    assert (line_of(event, "STATUS"), line_of(event, "SEQUENCE")) == ("CANCELLED", "1")
    assert line_of(event, "SUMMARY") == "CANCELADA: Feria informativa"
    assert on_the_61st_day == {}
    back = entries(await body_of(client))[of(activity)]
    assert (line_of(back, "STATUS"), line_of(back, "SEQUENCE")) == ("CONFIRMED", "2")


async def test_it_is_for_everybody_and_in_no_language(client: AsyncClient) -> None:
    await make_activity()

    for path, n in {"para/docente": 1, "idioma/spa": 0}.items():
        assert len(entries(await body_of(client, f"/cal/guatemala/{path}.ics"))) == n


async def test_a_session_and_an_activity_at_once_are_two(client: AsyncClient) -> None:
    plan = await plan_of()
    training = await make.make_training(sessions=[(plan.at.starts_at, plan.at.ends_at)])
    activity = await make_activity()
    await schedule.cancel_session(
        (await make.make_session(training, make.tomorrow_at(8, days=9), make.tomorrow_at(9, days=9))).id, actor=PROGRAM
    )

    found = entries(await body_of(client))

    assert len(found) == 3
    assert line_of(found[of(activity)], "STATUS") == "CONFIRMED"
