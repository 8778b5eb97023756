"""Whatever happens and whenever it is asked for, a kept page is what a fresh one would be, to the byte."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.public.kept_world import STEPS, World, make_world, take
from trainings import clock
from trainings.accounts.models import Role, StaffSession
from trainings.db import keyring
from trainings.lib import tokens
from trainings.panel.office import waiting
from trainings.people import audio
from trainings.schedule.models import Topic, Training
from trainings.schedule.months import Month
from trainings.schedule.public import remembered as pages
from trainings.schedule.queries import sunday_before

Freeze = Callable[[datetime], None]
Browsers = Callable[[], AsyncClient]
EACH_ONES = re.compile(r'name="(?:idempotency_key|from_page)" value="([^"]*)"')
"""What differs for each reader by design: the key of the form and when it was made."""
LANGUAGES = ("es-GT", "en")
Seen = tuple[int, str, str]


async def public_paths() -> list[str]:
    month = Month.of(clock.today())
    paths = [
        "/",
        "/capacitaciones",
        "/municipios/la-libertad-peten",
        "/municipios/tacana-san-marcos",
        "/municipios/flores-peten",
    ]
    paths += ["/calendario", f"/calendario?mes={month}", f"/calendario?mes={month.later(1)}"]
    paths += [f"/temas/{topic.slug}" for topic in await Topic.all().order_by("slug")]
    for training in await Training.all().order_by("slug"):
        paths += [f"/capacitaciones/{training.slug}", f"/capacitaciones/{training.slug}/inscripcion"]
    return paths


def staff_paths() -> list[str]:
    month, sunday = Month.of(clock.today()), sunday_before(clock.today())
    week = f"/panel/semana?desde={sunday}&ventanilla=la-libertad-peten"
    months = [f"/panel/{view}?mes={month.later(1)}" for view in ("mes", "lista")]
    return ["/panel/mes", "/panel/lista", *months, week, f"/panel/semana?desde={sunday + timedelta(days=7)}"]


async def seen(browser: AsyncClient, path: str, language: str) -> Seen:
    answer = await browser.get(path, headers={"accept": "text/html", "accept-language": language})
    return answer.status_code, answer.headers["cache-control"], EACH_ONES.sub("", answer.text)


async def seen_fresh(browser: AsyncClient, path: str, language: str) -> Seen:
    """What is kept stays kept, as old as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "_kept", OrderedDict())
        return await seen(browser, path, language)


def differing(kept: Seen, fresh: Seen) -> str:
    if kept[:2] != fresh[:2]:
        return f"{kept[:2]} != {fresh[:2]}"
    lines = zip(kept[2].splitlines(), fresh[2].splitlines(), strict=False)
    return "\n".join(f"- {one}\n+ {other}" for one, other in lines if one != other)[:2000]


Asked = tuple[AsyncClient, str, str]


async def stale(asked: Sequence[Asked]) -> list[str]:
    await StaffSession.all().update(seen_at=clock.now(), expires_at=clock.now() + timedelta(hours=16))
    found = []
    for browser, path, language in asked:
        kept, fresh = await seen(browser, path, language), await seen_fresh(browser, path, language)
        if kept != fresh:
            found.append(f"{path} in {language}\n{differing(kept, fresh)}")
    return found


async def live(seed: int, n_steps: int, n_asked: int, new_client: Browsers, freeze: Freeze, folder: Path) -> World:
    """Asks for so many of the pages by chance after each step, at each moment where the clock stops."""
    chance = Random(seed)
    world = await make_world(chance, freeze, folder / "voz.mp3")
    anyone, staff = new_client(), new_client()
    await make.sign_in(staff, world.cast.coordinator)
    for step in chance.sample(STEPS, n_steps):
        await take(step, world)
        possible = [(anyone, path, language) for path in await public_paths() for language in LANGUAGES]
        possible += [(staff, path, LANGUAGES[0]) for path in staff_paths()]
        asked = chance.sample(possible, min(n_asked, len(possible)))
        for moment in world.stops or [clock.now()]:
            freeze(moment)
            found = await stale(asked)
            assert not found, "\n".join([f"seed {seed}", *world.told, f"at {moment.isoformat()}", *found])
    return world


@pytest.fixture
def recordings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """And what waits for staff is counted for each page: else it stays for some seconds whatever happens."""
    monkeypatch.setattr(waiting, "FRESH_SECONDS", -1)
    monkeypatch.setattr(audio, "_folder", lambda: tmp_path / "audio")
    return tmp_path


@pytest.mark.parametrize("seed", range(2))
async def test_kept_pages_whatever_happens_are_those_made_fresh(
    new_client: Browsers, freeze: Freeze, recordings: Path, seed: int
) -> None:
    world = await live(seed, 15, 6, new_client, freeze, recordings)

    assert world.n_done >= 5, world.told


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 120))
async def test_kept_pages_whatever_happens_for_long_are_those_made_fresh(
    new_client: Browsers, freeze: Freeze, recordings: Path, seed: int
) -> None:
    world = await live(seed, 40, 12, new_client, freeze, recordings)

    assert world.n_done >= 15, world.told


# -- what is one reader's own

KEPT = b"what is kept"
WORD = "Guardado para usted"


@pytest.fixture
async def training(cast: Cast) -> Training:
    return await make.make_training(hub=cast.hub, venue=cast.venue)


async def speak_to(browser: AsyncClient, word: str) -> None:
    browser.headers["cookie"] = f"flash={keyring().sign(json.dumps([['ok', word]]), salt='flash', now=clock.now())}"


def all_read(text: bytes) -> None:
    for key, page in pages._kept.items():
        pages._kept[key] = replace(page, body=text)


@pytest.mark.parametrize("reader", ["told a word", "signed in", "signed up"])
async def test_page_for_one_reader_is_never_kept_nor_answered_from_what_is_kept(
    new_client: Browsers, cast: Cast, training: Training, reader: str
) -> None:
    anyone, one = new_client(), new_client()
    paths = await public_paths()
    if reader == "told a word":
        await speak_to(one, WORD)
    elif reader == "signed in":
        await make.sign_in(one, cast.coordinator)
    else:
        one.cookies.set("aparato", WORD)
        await make.make_registration(training, given_names="Ixchel", browser_key=tokens.digest(WORD, "browser"))
        paths = [path for path in paths if training.slug in path]
    pages.forget()

    first = [(await one.get(path)).content for path in paths]
    assert not pages._kept
    for path in paths:
        await anyone.get(path)
    all_read(KEPT)

    assert {(await anyone.get(path)).content for path in paths} == {KEPT}
    again = [(await one.get(path)).content for path in paths]
    assert KEPT not in {*first, *again}
    own = {"told a word": WORD, "signed up": "Ixchel"}.get(reader, "")
    assert all(own.encode() in page for page in again)


async def test_page_with_an_error_is_never_kept(client: AsyncClient, training: Training) -> None:
    form = f"/capacitaciones/{training.slug}/inscripcion"
    typed = urlencode({"given_names": "Ixchel", "idempotency_key": "k" * 30})
    headers = {"content-type": "application/x-www-form-urlencoded"}

    wrong = await client.post(form, content=typed, headers=headers)
    missing = [await client.get(path) for path in ("/capacitaciones/no-hay-abcdef", "/municipios/no", "/temas/no")]

    assert (wrong.status_code, "Ixchel" in wrong.text) == (422, True)
    assert {answer.status_code for answer in missing} == {404}
    assert not pages._kept
    assert "Ixchel" not in (await client.get(form)).text


async def test_page_of_staff_is_kept_for_this_person_alone(new_client: Browsers, cast: Cast) -> None:
    coordinator, other, anyone = new_client(), new_client(), new_client()
    await make.sign_in(coordinator, cast.coordinator)
    await make.sign_in(other, await make.make_user(Role.HUB_COORDINATOR, cast.hub))
    for path in staff_paths():
        await coordinator.get(path)
    all_read(KEPT)

    answers = [[(await one.get(path)).content for path in staff_paths()] for one in (coordinator, other, anyone)]

    assert [answers[0].count(KEPT), answers[1].count(KEPT), answers[2].count(KEPT)] == [len(staff_paths()), 0, 0]


async def test_queries_that_anybody_makes_up_then_push_no_kept_page_out(
    new_client: Browsers, cast: Cast, training: Training
) -> None:
    anyone, staff = new_client(), new_client()
    await make.sign_in(staff, cast.coordinator)
    asked = [(anyone, path) for path in await public_paths()] + [(staff, path) for path in staff_paths()]
    for browser, path in asked:
        await browser.get(path)
    kept = list(pages._kept)
    assert len(kept) == len(asked)

    for browser, path in asked:
        assert (await browser.get(f"{path}{'&' if '?' in path else '?'}x=1")).status_code == 200
    for query in ("mes=otro", "mes=1999-01", "municipio=tacana-san-marcos", f"mes={Month.of(clock.today())}&mes=1"):
        assert (await anyone.get(f"/calendario?{query}")).status_code == 200

    assert list(pages._kept) == kept
