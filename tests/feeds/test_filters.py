"""Feeds filtered by their path: what is spoken there or for whom it is, true at once when either changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient
from icalendar import Calendar

from tests import make
from tests.feeds.asking import body_of, events_in, poll
from tests.feeds.hostile import check_form
from tests.schedule.wishes import plan_of
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.feeds import memory
from trainings.feeds.agenda import coming_in
from trainings.feeds.queries import narrower
from trainings.feeds.scopes import FilterKind
from trainings.people.words import ACTOR_TYPES, LANGUAGES
from trainings.schedule import actions as schedule
from trainings.schedule.ics import escaped
from trainings.schedule.models import SessionText, Training
from trainings.settings import Settings
from trainings.versions.models import Counter

BASES = (
    "/cal/municipio/la-libertad-peten",
    "/cal/ventanilla/la-libertad-peten",
    "/cal/tema/riesgos",
    "/cal/guatemala",
)
Freeze = Callable[[datetime], None]


async def shown_in(client: AsyncClient, path: str) -> set[UUID]:
    return set(events_in(await body_of(client, path)))


def sessions_of(*trainings: Training) -> set[UUID]:
    return {session.id for training in trainings for session in training.sessions}


async def edit(training: Training, **fields: Any) -> None:
    plan = plan_of(await Training.get(id=training.id), **fields)
    await schedule.edit_training(training.id, plan, [], actor=PROGRAM)


async def test_language_lets_through_what_is_spoken_or_interpreted(client: AsyncClient) -> None:
    both = await make.make_training(languages=("spa", "kek"))
    interpreted = await make.make_training(languages=("spa",), interpreter_languages=("kek",))
    spanish = await make.make_training(languages=("spa",))
    await make.make_training()

    for base in BASES:
        assert await shown_in(client, f"{base}/idioma/kek.ics") == sessions_of(both, interpreted), base
        assert await shown_in(client, f"{base}/idioma/spa.ics") == sessions_of(both, interpreted, spanish), base
        assert await shown_in(client, f"{base}/idioma/mam.ics") == set(), base


async def test_audience_lets_through_what_is_for_them_or_for_everybody(client: AsyncClient) -> None:
    for_teachers = await make.make_course("Para docentes", audience=["docente"])
    own = await make.make_training(audience=("cocode", "docente"))
    of_its_course = await make.make_training(course=for_teachers)
    other_than_its_course = await make.make_training(course=for_teachers, audience=("cocode",))
    for_all = await make.make_training()

    for base in BASES:
        assert await shown_in(client, f"{base}/para/docente.ics") == sessions_of(own, of_its_course, for_all), base
        assert await shown_in(client, f"{base}/para/cocode.ics") == sessions_of(own, other_than_its_course, for_all)
        assert await shown_in(client, f"{base}/para/radio.ics") == sessions_of(for_all), base


async def test_filtered_feed_is_a_part_of_the_whole_one_under_its_own_name(client: AsyncClient) -> None:
    await make.make_training(languages=("kek",), audience=("salud",))
    await make.make_training(languages=("spa",), audience=("radio",))
    whole = events_in(await body_of(client, f"{BASES[0]}.ics"))

    for path, name in (("idioma/kek", "Q’eqchi’"), ("para/salud", "para: Personal o promotor de salud, comadrona")):
        answer = await poll(client, f"{BASES[0]}/{path}.ics")
        part = events_in(answer.text)
        assert len(part) == 1
        assert part.items() < whole.items()
        calendar = Calendar.from_ical(answer.text)
        assert str(calendar["X-WR-CALNAME"]) == escaped(f"Capacitaciones en La Libertad, Petén ({name})")
        assert str(calendar["SOURCE"]) == f"http://localhost:8000{BASES[0]}/{path}.ics"
        assert answer.headers["content-disposition"] == (
            f'inline; filename="la-libertad-peten-{path.partition("/")[2]}.ics"'
        )
        check_form(answer.text)


async def test_unknown_filter_is_an_unknown_address(client: AsyncClient) -> None:
    await make.make_training(languages=("kek",))
    assert (await poll(client, f"{BASES[0]}/idioma/kek.ics")).status_code == 200
    unknown = (
        *("idioma/xyz", "idioma/KEK", "idioma/", "idioma/espanol", "idioma/docente", "idioma/%00", "idioma/kek/spa"),
        *("para/nadie", "para/spa", "para/Docente", "para/%25", "tema/riesgos", "lengua/kek", "idioma/kek%22"),
    )

    for path in (f"{base}/{filtered}.ics" for base in BASES for filtered in unknown):
        answer = await poll(client, path, accept="text/html")
        assert answer.status_code == 404, path
        assert b"VCALENDAR" not in answer.content, path
    for kind in ("municipio", "ventanilla", "tema"):
        assert (await poll(client, f"/cal/{kind}/atlantida/idioma/spa.ics")).status_code == 404


async def test_every_code_that_people_choose_from_is_a_feed(client: AsyncClient) -> None:
    await make.make_municipality()

    for path in [*(f"idioma/{code}" for code in LANGUAGES), *(f"para/{actor}" for actor in ACTOR_TYPES)]:
        check_form(await body_of(client, f"{BASES[0]}/{path}.ics"), n_events=0)


async def filters(keys: Sequence[str] = ()) -> dict[str, int]:
    return {one.key: one.number for one in await Counter.all() if one.key.endswith("/filtros")}


@pytest.mark.parametrize(
    ("before", "after", "lost", "won"),
    [
        ({"audience": ("cocode",)}, {"audience": ("docente",)}, "para/cocode", "para/docente"),
        (
            {"interpreter_languages": ("mam",)},
            {"interpreter_languages": ("kek",)},
            "idioma/mam",
            "idioma/kek",
        ),
        ({"languages": ("mam",)}, {"languages": ("kek",)}, "idioma/mam", "idioma/kek"),
    ],
    ids=["audience", "interpreter", "language"],
)
async def test_feeds_follow_a_change_of_filter_though_no_text_need_change(
    client: AsyncClient,
    freeze: Freeze,
    before: dict[str, Any],
    after: dict[str, Any],
    lost: str,
    won: str,
) -> None:
    freeze(clock.at(clock.today(), time(12)))
    training = await make.make_training(**before)
    [text] = await SessionText.all()
    whole = {base: await poll(client, f"{base}.ics") for base in BASES}
    old = {path: await poll(client, path) for base in BASES for path in (f"{base}/{lost}.ics", f"{base}/{won}.ics")}
    counted = await filters()
    freeze(clock.now() + timedelta(minutes=10))

    await edit(training, **after)

    is_text_the_same = (await SessionText.get(session_id=text.session_id)).body == text.body
    assert is_text_the_same is ("languages" not in after)
    counters = {"guatemala", "municipio:1705", "ventanilla:la-libertad-peten", "tema:riesgos"}
    assert await filters() == {f"{key}/filtros": counted.get(f"{key}/filtros", 0) + 1 for key in counters}
    for base in BASES:
        assert await shown_in(client, f"{base}/{lost}.ics") == set()
        assert await shown_in(client, f"{base}/{won}.ics") == sessions_of(training)
        for path in (f"{base}/{lost}.ics", f"{base}/{won}.ics"):
            known, date = old[path].headers["etag"], old[path].headers["last-modified"]
            assert (await poll(client, path, if_none_match=known)).status_code == 200, base
            assert (await poll(client, path, if_modified_since=date)).status_code == 200, base
        again = await poll(client, f"{base}.ics")
        if is_text_the_same:
            assert (again.headers, again.content) == (whole[base].headers, whole[base].content)


async def test_memory_keeps_what_was_asked_for_last(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    await make.make_training(languages=("kek",))
    paths = [f"{BASES[0]}/idioma/{code}.ics" for code in ("kek", "spa", "mam", "quc")]
    monkeypatch.setattr(memory, "MOST_FEEDS", 3)
    for path in paths[:3]:
        await poll(client, path)
    memory._feeds[paths[0]].rendered_at = clock.ticks() + 60  # settled, so that the next poll is answered from memory

    await poll(client, paths[0])
    await poll(client, paths[3])

    assert list(memory._feeds) == [paths[2], paths[0], paths[3]]


async def test_memory_is_bounded_by_bytes_too(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    await make.make_training(languages=("kek",))
    monkeypatch.setattr(memory, "MOST_BYTES", 10)

    answers = [await poll(client, f"{base}/idioma/kek.ics") for base in BASES]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert list(memory._feeds) == [f"{BASES[3]}/idioma/kek.ics"]


@pytest.mark.both_engines
async def test_filters_are_offered_by_what_is_to_come_and_lists_keep_to_them(db: Settings) -> None:
    await make.make_training(title="Hablada", languages=("kek",), audience=("docente",))
    await make.make_training(title="Interpretada", interpreter_languages=("mam",))

    offered = await narrower("municipio:1705")

    assert {kind: [one.code for one in filters] for kind, filters in offered.items()} == {
        FilterKind.LANGUAGE: ["mam", "kek"],
        FilterKind.AUDIENCE: ["docente"],
    }
    listed = {
        one.code: [line.title for line in await coming_in("municipio:1705", filtered_by=one)]
        for one in (*offered[FilterKind.LANGUAGE], *offered[FilterKind.AUDIENCE])
    }
    assert listed == {"kek": ["Hablada"], "mam": ["Interpretada"], "docente": ["Hablada", "Interpretada"]}
    assert {kind: len(filters) for kind, filters in (await narrower("municipio:0101")).items()} == {
        FilterKind.LANGUAGE: 0,
        FilterKind.AUDIENCE: 0,
    }
