"""What is deleted by itself stands still and asks: far more rows than usual, or a clock that may be wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.web.pages import Page
from trainings import __main__ as commands
from trainings import clock
from trainings.accounts.models import SignInLink, User
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM
from trainings.checks import findings
from trainings.db import transaction
from trainings.privacy import guard
from trainings.privacy.actions import LOGS_KEPT, what_is_due
from trainings.privacy.models import SweepRun, SweepStop, WhyStopped
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_one_moment(freeze: Freeze) -> None:
    freeze(clock.now())


async def make_old_links(n: int) -> None:
    """Links to sign in that are due to be deleted."""
    user = await User.first() or await make.make_user()
    long_ago = clock.now() - LOGS_KEPT - DAY
    made = await SignInLink.all().count()
    links = [SignInLink(token_hash=f"{made + number}", user_id=user.id, expires_at=long_ago) for number in range(n)]
    await SignInLink.bulk_create(links, batch_size=500)


async def note_act() -> None:
    async with transaction():
        await record("accounts.sign_in", actor=PROGRAM)


async def test_thousand_rows_go_without_being_asked_for(db: Settings) -> None:
    await make_old_links(1_000)

    swept = await guard.sweep_unless_odd()

    assert swept is not None
    assert swept.sign_ins == 1_000
    assert not await SignInLink.exists()
    assert await guard.standing_stop() is None


async def test_more_rows_than_usual_stay_until_an_operator_goes_on(db: Settings) -> None:
    await make_old_links(1_001)

    assert await guard.sweep_unless_odd() is None
    assert await guard.sweep_unless_odd() is None
    assert await SignInLink.all().count() == 1_001
    [stop] = await SweepStop.all()
    assert (stop.why, stop.n_rows, stop.agreed_at) == (WhyStopped.ROWS, 1_001, None)
    assert (await what_is_due()).sign_ins == 1_001
    assert await SignInLink.all().count() == 1_001

    swept = await guard.go_on()

    assert swept.sign_ins == 1_001
    assert not await SignInLink.exists()
    await make_old_links(3)
    again = await guard.sweep_unless_odd()
    assert again is not None
    assert again.sign_ins == 3
    assert [run.n_rows for run in await SweepRun.all().order_by("id")] == [1_001, 3]


@pytest.mark.parametrize(("n_rows", "is_swept"), [(1_110, True), (1_111, False)])
async def test_ten_times_the_median_of_the_last_seven_sweeps_is_usual(
    sqlite_db: Settings, n_rows: int, is_swept: bool
) -> None:
    for number in (9_000, 9_000, 1, 2, 100, 111, 120, 5_000, 6_000):
        await SweepRun.create(n_rows=number)
    await make_old_links(n_rows)

    swept = await guard.sweep_unless_odd()

    assert (swept is not None) is is_swept


@pytest.mark.parametrize(
    ("away", "is_swept"),
    [
        (guard.LONGEST_SILENCE, True),
        (guard.LONGEST_SILENCE + timedelta(seconds=1), False),
        (timedelta(days=4 * 365), False),
        (-DAY, True),
        (-DAY - timedelta(seconds=1), False),
    ],
)
async def test_clock_far_from_the_last_look_stops_the_sweeps(
    sqlite_db: Settings, freeze: Freeze, away: timedelta, is_swept: bool
) -> None:
    await guard.sweep_unless_odd()
    freeze(clock.now() + away)
    await make_old_links(1)

    swept = await guard.sweep_unless_odd()

    assert (swept is not None) is is_swept
    assert await SignInLink.exists() is not is_swept
    assert [stop.why for stop in await SweepStop.all()] == ([] if is_swept else [WhyStopped.CLOCK])


async def test_work_with_a_clock_that_jumped_does_not_hide_the_jump(sqlite_db: Settings, freeze: Freeze) -> None:
    await note_act()
    await guard.sweep_unless_odd()
    freeze(clock.now() + timedelta(days=4 * 365))
    await note_act()
    await make_old_links(1)

    for _round in range(2):
        assert await guard.sweep_unless_odd() is None
        await note_act()

    assert await SignInLink.exists()


async def test_clock_that_is_right_again_ends_its_stop_by_itself(sqlite_db: Settings, freeze: Freeze) -> None:
    right = clock.now()
    await guard.sweep_unless_odd()
    freeze(right + timedelta(days=365))
    await note_act()
    await guard.sweep_unless_odd()
    freeze(right + timedelta(hours=6))
    await make_old_links(1)

    swept = await guard.sweep_unless_odd()

    assert swept is not None
    assert swept.sign_ins == 1
    assert await guard.standing_stop() is None


async def test_clock_that_is_right_again_lets_no_more_rows_go_than_usual(sqlite_db: Settings, freeze: Freeze) -> None:
    right = clock.now()
    await make_old_links(1_001)
    await guard.sweep_unless_odd()
    freeze(right + timedelta(days=365))
    await guard.sweep_unless_odd()
    freeze(right)

    assert await guard.sweep_unless_odd() is None
    assert [stop.why for stop in await SweepStop.filter(agreed_at=None)] == [WhyStopped.ROWS]
    freeze(right + guard.LONGEST_SILENCE)
    await guard.sweep_unless_odd()
    freeze(right + guard.LONGEST_SILENCE * 2)
    await guard.sweep_unless_odd()
    assert [stop.why for stop in await SweepStop.filter(agreed_at=None)] == [WhyStopped.ROWS], "it looks all the same"


async def test_administrator_reads_what_the_clock_says_and_lets_it_go_on_with_one_button(
    sqlite_db: Settings, freeze: Freeze, new_client: Callable[[], AsyncClient]
) -> None:
    cast = await make_cast()
    await guard.sweep_unless_odd()
    freeze(datetime.fromisoformat("2031-03-01T15:00:00+00:00"))
    await guard.sweep_unless_odd()
    browser = new_client()
    await make.sign_in(browser, cast.admin)
    page = Page((await browser.get("/panel")).text.replace("\xa0", " "))
    assert "El servidor dice que es el sábado 1 de marzo de 2031, 9:00 a. m." in page.text
    await make_old_links(1)

    answer = await browser.post(str(page.one("form", action="/panel/reloj")["action"]))

    assert answer.headers["location"] == "/panel"
    assert await guard.standing_stop() is None
    assert await SignInLink.exists(), "the next round deletes, not the button"
    swept = await guard.sweep_unless_odd()
    assert swept is not None
    assert swept.sign_ins == 1


async def test_operator_and_administrators_are_told(db: Settings, new_client: Callable[[], AsyncClient]) -> None:
    cast = await make_cast()
    await make_old_links(1_001)
    await guard.sweep_unless_odd()
    seen = {}
    for name, user in (("admin", cast.admin), ("platform", cast.platform), ("assistant", cast.assistant)):
        browser = new_client()
        await make.sign_in(browser, user)
        seen[name] = "No se borra nada por sí solo" in (await browser.get("/panel")).text

    said = [one.sentence for one in await findings(db) if "deleted by itself" in one.sentence]

    assert seen == {"admin": True, "platform": True, "assistant": False}
    [sentence] = said
    assert "1001 rows would have gone at once" in sentence
    assert "`trainings purge --yes`" in sentence


async def test_purge_says_what_is_due_and_deletes_it_when_told_to(db: Settings) -> None:
    await make_old_links(1_001)
    await guard.sweep_unless_odd()

    due = await commands._purge(db, is_agreed=False)
    n_left = await SignInLink.all().count()
    done = await commands._purge(db, is_agreed=True)

    assert (due.sign_ins, n_left, done.sign_ins) == (1_001, 1_001, 1_001)
    assert not await SignInLink.exists()
    assert await guard.standing_stop() is None
