"""A person subscribes: vdirsyncer fetches the feed over HTTP from the running program, khal shows it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests import make
from tests.feeds.asking import FEED
from tests.feeds.secret import a_facilitator, acting, path_for
from tests.feeds.serving import etag_of, serving, wait_for_change
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.feeds.secret_links import revoke_secret_link
from trainings.registrations.actions import call_off_training
from trainings.schedule import actions as schedule
from trainings.schedule.models import TrainingState
from trainings.settings import Settings

VDIRSYNCER = """
[general]
status_path = "{folder}/status/"

[pair feed]
a = "here"
b = "there"
collections = null
conflict_resolution = "b wins"
partial_sync = "revert"

[storage here]
type = "filesystem"
path = "{folder}/calendars/feed/"
fileext = ".ics"

[storage there]
type = "http"
url = "{url}"
"""
KHAL = """
[calendars]
[[feed]]
path = {folder}/calendars/feed/

[locale]
local_timezone = America/Guatemala
default_timezone = America/Guatemala
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M

[sqlite]
path = {folder}/khal.db
"""


@dataclass(frozen=True)
class Phone:
    """A calendar program with nothing but its own folder, subscribed to one feed."""

    folder: Path

    def subscribe(self, url: str) -> None:
        for name in ("home", "status", "calendars/feed"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "vdirsyncer.conf").write_text(VDIRSYNCER.format(folder=self.folder, url=url))
        (self.folder / "khal.conf").write_text(KHAL.format(folder=self.folder))
        self._run("vdirsyncer", "-c", "vdirsyncer.conf", "discover")

    def sync(self) -> list[str]:
        """The events that khal lists after a synchronisation."""
        self._run("vdirsyncer", "-c", "vdirsyncer.conf", "sync")
        shown = "{start-date} {start-time}-{end-time} {title}"
        # khal knows the machine's time only.
        days = (str(clock.today()), "30d")
        listed = self._run("khal", "-c", "khal.conf", "list", "--day-format", "", "--format", shown, *days)
        return listed.split("\n")[:-1]

    def _run(self, program: str, *arguments: str) -> str:
        environment = {"HOME": str(self.folder / "home"), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [str(Path(sys.executable).with_name(program)), *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    return Phone(tmp_path)


async def test_khal_follows_what_is_added_moved_and_cancelled(
    sqlite_db: Settings, tmp_path: Path, phone: Phone
) -> None:
    training = await make.make_training(title="Riesgos; mitos, y “realidades”", sessions=[hours(8)])
    await make.make_training(title="Remesas", sessions=[hours(14)])
    [session] = training.sessions
    day = clock.local(session.starts_at).date()

    with serving(sqlite_db, tmp_path) as address:
        url = address + FEED
        await asyncio.to_thread(phone.subscribe, url)
        subscribed = await asyncio.to_thread(phone.sync)
        etag = etag_of(url)

        await make.make_training(title="Cómo denunciar", sessions=[hours(16)])
        etag = await asyncio.to_thread(wait_for_change, url, etag)
        start, end = hours(10)
        await schedule.move_session(session.id, start, end, session.venue_id, actor=PROGRAM, override_reason="prueba")
        etag = await asyncio.to_thread(wait_for_change, url, etag)
        changed = await asyncio.to_thread(phone.sync)

        await call_off_training(training.id, "No hay paso por la lluvia.", actor=PROGRAM)
        await asyncio.to_thread(wait_for_change, url, etag)
        cancelled = await asyncio.to_thread(phone.sync)

    title, other, new = (
        "Riesgos; mitos, y “realidades”",
        f"{day} 14:00-16:00 Remesas",
        f"{day} 16:00-18:00 Cómo denunciar",
    )
    assert subscribed == [f"{day} 08:00-10:00 {title}", other]
    assert changed == [f"{day} 10:00-12:00 {title}", other, new]
    assert cancelled == [f"{day} 10:00-12:00 CANCELADA: {title}", other, new]


async def test_khal_follows_a_secret_calendar_until_it_is_revoked(
    sqlite_db: Settings, tmp_path: Path, phone: Phone
) -> None:
    ana = await a_facilitator()
    training = await make.make_training(title="Remesas", sessions=[hours(14)], facilitators=[ana])
    day = clock.local(training.sessions[0].starts_at).date()

    with serving(sqlite_db, tmp_path) as address:
        url = address + await path_for(ana)
        draft = await make.make_training(
            title="Retorno", sessions=[hours(8)], facilitators=[ana], state=TrainingState.DRAFT
        )
        await asyncio.to_thread(phone.subscribe, url)
        subscribed = await asyncio.to_thread(phone.sync)
        await schedule.publish(draft.id, actor=PROGRAM)
        published = await asyncio.to_thread(phone.sync)
        await revoke_secret_link(actor=acting(ana))
        with pytest.raises(AssertionError, match="Not Found"):
            await asyncio.to_thread(phone.sync)

    held = f"{day} 14:00-16:00 Remesas"
    assert subscribed == [f"{day} 08:00-10:00 POR CONFIRMAR: Retorno", held]
    assert published == [f"{day} 08:00-10:00 Retorno", held]


def hours(start: int) -> tuple[datetime, datetime]:
    """Two hours, the day after tomorrow."""
    return make.tomorrow_at(start, days=2), make.tomorrow_at(start + 2, days=2)
