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
from tests.processes import ASKING
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.feeds.facilitator import revoke_secret_link
from trainings.registrations.telling.changes import call_off_training
from trainings.schedule import actions as schedule
from trainings.schedule.models import TrainingState
from trainings.settings import Settings

VDIRSYNCER = """
[general]
status_path = "{folder}/status/"
"""
OF_A_CALENDAR = """
[pair {name}]
a = "{name}_here"
b = "{name}_there"
collections = null
conflict_resolution = "b wins"
partial_sync = "revert"

[storage {name}_here]
type = "filesystem"
path = "{folder}/calendars/{name}/"
fileext = ".ics"

[storage {name}_there]
type = "http"
url = "{url}"
"""
KHAL = """
[calendars]
[[public]]
path = {folder}/calendars/public/
[[own]]
path = {folder}/calendars/own/

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

TITLE = "Riesgos; mitos, y “realidades”"


@dataclass(frozen=True)
class Phone:
    """A calendar program with nothing but its own folder, subscribed to a public feed and to somebody's own."""

    folder: Path

    def subscribe(self, **urls: str) -> None:
        for name in ("home", "status", *(f"calendars/{name}" for name in urls)):
            (self.folder / name).mkdir(parents=True)
        of_each = [OF_A_CALENDAR.format(folder=self.folder, name=name, url=url) for name, url in urls.items()]
        (self.folder / "vdirsyncer.conf").write_text(VDIRSYNCER.format(folder=self.folder) + "".join(of_each))
        (self.folder / "khal.conf").write_text(KHAL.format(folder=self.folder))
        self._run("vdirsyncer", "-c", "vdirsyncer.conf", "discover")

    def sync(self) -> dict[str, list[str]]:
        """The events that khal lists of each calendar after a synchronisation."""
        self._run("vdirsyncer", "-c", "vdirsyncer.conf", "sync")
        shown = "{calendar}|{start-date} {start-time}-{end-time} {title}"
        # khal knows the machine's time only.
        days = (str(clock.today()), "30d")
        listed = self._run("khal", "-c", "khal.conf", "list", "--day-format", "", "--format", shown, *days)
        events = [line.partition("|") for line in listed.split("\n")[:-1]]
        return {name: [event for of, _bar, event in events if of == name] for name in ("public", "own")}

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


async def test_khal_follows_what_is_added_moved_cancelled_published_and_revoked(
    sqlite_db: Settings, phone: Phone
) -> None:
    ana = await a_facilitator()
    training = await make.make_training(title=TITLE, sessions=[hours(8)])
    held = await make.make_training(title="Remesas", sessions=[hours(14)], facilitators=[ana])
    draft = await make.make_training(
        title="Retorno", sessions=[hours(18)], facilitators=[ana], state=TrainingState.DRAFT
    )
    [session] = training.sessions
    day = clock.local(session.starts_at).date()

    with serving(sqlite_db) as address:
        url, own = address + FEED, address + await path_for(ana)
        await asyncio.to_thread(phone.subscribe, public=url, own=own)
        subscribed = await asyncio.to_thread(phone.sync)
        etag = etag_of(url)

        await make.make_training(title="Cómo denunciar", sessions=[hours(16)])
        start, end = hours(10)
        await schedule.move_session(session.id, start, end, session.venue_id, actor=PROGRAM, override_reason="prueba")
        await call_off_training(held.id, "No hay paso por la lluvia.", actor=PROGRAM)
        await schedule.publish(draft.id, actor=PROGRAM)
        await asyncio.to_thread(wait_for_change, url, etag)
        changed = await asyncio.to_thread(phone.sync)

        await revoke_secret_link(actor=acting(ana))
        assert (await asyncio.to_thread(ASKING.get, own)).status_code == 404

    risks, remittances, back = f"{day} 08:00-10:00 {TITLE}", f"{day} 14:00-16:00 Remesas", f"{day} 18:00-20:00"
    assert subscribed == {"public": [risks, remittances], "own": [remittances, f"{back} POR CONFIRMAR: Retorno"]}
    later, cancelled = f"{day} 10:00-12:00 {TITLE}", f"{day} 14:00-16:00 CANCELADA: Remesas"
    assert changed == {
        "public": [later, cancelled, f"{day} 16:00-18:00 Cómo denunciar", f"{back} Retorno"],
        "own": [cancelled, f"{back} Retorno"],
    }


def hours(start: int) -> tuple[datetime, datetime]:
    """Two hours, the day after tomorrow."""
    return make.tomorrow_at(start, days=2), make.tomorrow_at(start + 2, days=2)
