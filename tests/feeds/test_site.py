"""The public calendar as a folder: every link leads somewhere, nothing secret is in it, nothing of ours is mixed up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from icalendar import Calendar

from tests import make
from tests.feeds.test_posters import in_the_park
from tests.outreach.make_activity import make_activity
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.feeds.agenda import MOST
from trainings.feeds.site import NotOurFolder, export_site
from trainings.schedule import actions as schedule
from trainings.schedule.models import Training, TrainingState
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
TODAY = datetime(2027, 2, 15, 16, tzinfo=clock.GUATEMALA)
SATURDAY = datetime(2027, 3, 6, 8, 30, tzinfo=clock.GUATEMALA)
FOUR_HOURS = timedelta(hours=4)


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


def links_in(page: Path) -> list[str]:
    parser = Links()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.found


def files_in(folder: Path, pattern: str = "*") -> list[Path]:
    return sorted(path for path in folder.rglob(pattern) if path.is_file())


def is_file(path: Path) -> bool:
    return path.resolve().is_file()


def text_of(paths: list[Path]) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in paths)


async def exported(folder: Path, freeze: Freeze) -> Training:
    freeze(TODAY)
    hub = await make.make_hub()
    training = await make.make_training(hub=hub, sessions=[(SATURDAY, SATURDAY + FOUR_HOURS)])
    await make.make_training(hub=hub, title="Borrador", state=TrainingState.DRAFT)
    await make_activity(hub, title="Feria en el parque", when=in_the_park(hub, SATURDAY))
    await export_site(folder)
    return training


async def test_folder_then_every_link_leads_somewhere_and_its_calendars_hold_what_the_feeds_hold(
    db: Settings, tmp_path: Path, freeze: Freeze
) -> None:
    training = await exported(tmp_path / "sitio", freeze)

    pages = files_in(tmp_path / "sitio", "*.html")
    assert (tmp_path / "sitio" / "capacitaciones" / f"{training.slug}.html") in pages
    for page in pages:
        for link in links_in(page):
            is_outside = link.startswith(("http://", "https://", "tel:"))
            assert is_outside or is_file(page.parent / link), (page.name, link)
    for name in ("guatemala", "municipio-la-libertad-peten", "ventanilla-la-libertad-peten"):
        calendar = Calendar.from_ical((tmp_path / "sitio" / "calendarios" / f"{name}.ics").read_bytes())
        assert {str(event["SUMMARY"]) for event in calendar.walk("VEVENT")} == {training.title, "Feria en el parque"}
    text = text_of(pages)
    assert ("Copia del lunes, 15 de febrero de 2027" in text, "Feria en el parque" in text) == (True, True)
    assert "Borrador" not in text


async def test_full_year_of_a_municipality_is_in_the_folder(db: Settings, tmp_path: Path, freeze: Freeze) -> None:
    freeze(TODAY)
    hub = await make.make_hub()
    for number in range(MOST + 2):
        day = SATURDAY + timedelta(days=7 * number)
        await make.make_training(hub=hub, title=f"Taller {number}", sessions=[(day, day + FOUR_HOURS)])
    await make_activity(hub, title="Feria al final", when=in_the_park(hub, SATURDAY + timedelta(days=300)))

    await export_site(tmp_path)

    town = (tmp_path / "municipios" / "la-libertad-peten.html").read_text(encoding="utf-8")
    assert all(f"Taller {number}<" in town for number in range(MOST + 2))
    assert "Feria al final" in town
    assert len(files_in(tmp_path / "capacitaciones")) == MOST + 2


async def test_second_export_takes_out_what_is_no_longer_there(db: Settings, tmp_path: Path, freeze: Freeze) -> None:
    training = await exported(tmp_path, freeze)
    await schedule.unlist(training.id, actor=PROGRAM)

    await export_site(tmp_path)

    assert files_in(tmp_path / "capacitaciones") == []


async def test_folder_with_other_things_is_left_alone(sqlite_db: Settings, tmp_path: Path) -> None:
    (tmp_path / "fotos.txt").write_text("mías")
    (tmp_path / "archivo").write_text("")

    for folder in (tmp_path, tmp_path / "archivo"):
        with pytest.raises(NotOurFolder, match="other things"):
            await export_site(folder)

    assert [one.name for one in files_in(tmp_path)] == ["archivo", "fotos.txt"]
