"""A practice shows nowhere and leaves nothing: every list, count, feed, report and message stays as it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from httpx2 import AsyncClient
from tortoise import Tortoise

from tests import make
from tests.access_table import HERE
from tests.attendance.doors import Opened, open_door
from tests.attendance.uploading import counted, event, h, make_sheet, send
from tests.cast import Cast
from tests.certificates.held import AFTER
from tests.database import Database
from tests.registrations.wishes import wish
from tests.two_hubs import World, routes, two_hubs
from tests.web.pages import Page
from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.attendance import actions as attendance
from trainings.attendance.events import card_hash
from trainings.attendance.models import Device, DeviceSession, ScanEvent
from trainings.attendance.phones.gaps import gaps_of_phones, numbers_lacking
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing.preparing import settle_ended
from trainings.certificates.making.transcripts import NothingAttended, make_transcript
from trainings.db import sql
from trainings.errors import NotFound
from trainings.feeds.facilitator import answer_to
from trainings.panel.trainings.form_parts import fill_from_course
from trainings.people.models import Participant
from trainings.privacy import practice
from trainings.registrations.calls.actions import open_for_offers
from trainings.registrations.desk.digests import write_digests
from trainings.registrations.desk.exports import Asked, ExportFormat, ExportReason, export_hub
from trainings.registrations.models import Registration, Source
from trainings.registrations.seats.actions import sign_up
from trainings.registrations.telling.eve_notes import write_eve_notes
from trainings.registrations.telling.reminders import Reminder, remind
from trainings.schedule.models import Training, TrainingState
from trainings.schedule.months import Month
from trainings.schedule.staff.copies import copies_of
from trainings.settings import Settings
from trainings.web.forms import Typed

NewClient = Callable[[], AsyncClient]
Freeze = Callable[[datetime], None]
FILE = re.compile(r"\.(pdf|png|zip|xlsx|ods|webmanifest|js|wasm)$|/imagen|/foto")
"""Drawn or set for one thing."""
ABOUT_IT = ("/panel/practica", "/panel/telefonos")
"""A phone's line says at which sessions it marks."""
RANDOM = re.compile(r'name="(?:key|id|idempotency_key|from_page)" value="[^"]*"|"time":"[^"]*"')
SEARCHED = ("Candelaria", "Practicante", "5555 1234", "Práctica")
READERS = ("coordinator", "admin", "monitor", "facilitator")


async def begin(cast: Cast) -> Training:
    return await practice.start(cast.hub.id, actor=await actor_of(cast.coordinator))


async def door_of(training: Training) -> Opened:
    """Its session of today, and one of its people."""
    training = await Training.get(id=training.id).prefetch_related("sessions", "hub")
    today = min(training.sessions, key=lambda one: one.starts_at)
    ana = await Registration.filter(training_id=training.id).order_by("id").first()
    assert ana is not None
    return Opened(training, today, ana)


async def practise(phone: Device, cast: Cast) -> Training:
    """People are signed up with telephone and mail, one waits; a sheet, a phone that marks, a closed session."""
    actor, training = await actor_of(cast.coordinator), await begin(cast)
    for n in range(3):
        asked = wish(given_names=f"Practicante {n}", phone="5555 1234", email="ana@correo.example")
        await sign_up(training.id, replace(asked, source=Source.DESK), actor=actor)
    door = await door_of(training)
    await DeviceSession.create(device_id=phone.id, session_id=door.session.id)
    sheet, _card = await make_sheet(door, [door.ana])
    marks = [event(door, clock.now(), h=h(one), seq=n) for n, one in enumerate(await people_of(training), 1)]
    rows = [event(door, clock.now(), kind="walkin", how="row", sheet=sheet.code, row=2, seq=len(marks) + 1)]
    await send(phone, *marks[:20], *rows, last_seq=len(marks) + 1)
    await attendance.close_session(door.session.id, actor=actor, ended_at=clock.now())
    return training


async def people_of(training: Training) -> list[Registration]:
    return await Registration.filter(training_id=training.id).order_by("id")


async def a_phone(cast: Cast) -> Device:
    return await Device.create(hub_id=cast.hub.id, name="Teléfono de Ana", token_hash="x" * 64, last_seq=0, first_seq=1)


async def rows_of_tables() -> dict[str, int]:
    """But for what opening a page notes, and counters of pages that are kept."""
    tables = {model._meta.db_table for model in Tortoise.apps["trainings"].values()}
    names = tables - {"audit_line", "counter", "printout", "rate_window"}
    return {name: (await sql.rows(f"SELECT count(*) AS n FROM {name}"))[0]["n"] for name in sorted(names)}


async def pages(world: World, folder: Path, readers: Mapping[str, AsyncClient]) -> dict[str, str]:
    """Public pages and feeds, and all pages and lists of the panel."""
    objects, found = world.at[HERE], {}
    for one in routes(folder).values():
        if one.method != "GET" or FILE.search(one.path) or one.path.startswith((*ABOUT_IT, "/marcar")):
            continue
        for who in [reader for reader in readers_of(one.path) if reader in readers]:
            found[f"{who} {one.path}"] = await text_of(readers[who], objects.path(one))
    return found


async def everything(world: World, folder: Path, readers: Mapping[str, AsyncClient]) -> dict[str, str]:
    found = await pages(world, folder, readers)
    for typed in SEARCHED:
        for where in ("/panel/buscar?q=", "/panel/personas/repetidas?nombre="):
            found[where + typed] = await text_of(readers["coordinator"], where + typed)
    await run_what_is_due()
    hub, actor = world.cast.hub.id, await actor_of(world.cast.coordinator)
    month = clock.today().replace(day=1), clock.today() + timedelta(days=31)
    found["exported"] = str(await export_hub(hub, *month, Asked(ExportFormat.CSV, ExportReason.AUDIT), actor=actor))
    found["copied"] = str([str(one.owner.id) for one in await copies_of(hub, Month.of(month[0]), Month.of(month[1]))])
    found["Mi calendario"] = bytes((await answer_to(world.cast.facilitator, {})).body).decode()
    return found


async def run_what_is_due() -> None:
    for act in (write_digests, write_eve_notes, partial(remind, set[Reminder]()), open_for_offers):
        await act()
    await settle_ended(set())


def readers_of(path: str) -> tuple[str, ...]:
    """Pages about one thing look alike to all whom they open to."""
    if not path.startswith("/panel"):
        return ("visitor",)
    return ("admin",) if "{" in path else READERS


async def text_of(browser: AsyncClient, path: str) -> str:
    answer = await browser.get(path)
    assert answer.status_code < 500, path
    return f"{answer.status_code} {RANDOM.sub('', answer.text)}"


@pytest.fixture
async def world(db: Settings, database: Database, freeze: Freeze) -> World:
    freeze(AFTER)
    return await two_hubs(database, db)


async def test_practice_shows_in_no_list_count_feed_report_or_search(
    world: World, new_client: NewClient, tmp_path: Path
) -> None:
    phone, readers = await a_phone(world.cast), {who: new_client() for who in ("visitor", *READERS)}
    for who in READERS:
        await make.sign_in(readers[who], getattr(world.cast, who))
    await run_what_is_due()
    # Opening a ticket or a paper leaves its trace.
    await pages(world, tmp_path, {who: readers[who] for who in ("visitor", "admin")})
    before, kept = await everything(world, tmp_path, readers), await rows_of_tables()

    training = await practise(phone, world.cast)

    after, rows = await everything(world, tmp_path, readers), await rows_of_tables()
    assert {where for where in before if before[where] != after[where]} == set()
    assert len([where for where in before if before[where].startswith("200")]) > 150
    quiet = ("outbox_job", "call_list", "certificate", "folio_series", "session_feed", "entry_text", "name_word")
    assert [name for name in quiet if name in rows and rows[name] != kept[name]] == []
    mine = Participant.filter(registrations__training_id=training.id)
    assert [await mine.exclude(**{column: None}).count() for column in ("phone_key", "email_key", "phone_tail")] == [
        0
    ] * 3

    await practice.empty(world.cast.hub.id, actor=await actor_of(world.cast.coordinator))

    bound = await DeviceSession.filter(device_id=phone.id).count()
    left = await rows_of_tables()
    assert ({name for name in kept if left[name] != kept[name]}, bound) == (set(), 0), "nothing is left of it"
    phone = await Device.get(id=phone.id)
    assert await gaps_of_phones([phone.id]) == {}
    assert [first for first, _last in await numbers_lacking(phone)] == [phone.last_seq + 1], "no number is missed"


@pytest.mark.both_engines
async def test_practice_begun_twice_at_another_hub_or_over_then_refused_and_emptied(cast: Cast, freeze: Freeze) -> None:
    await make.make_course()
    stranger = await actor_of(cast.coordinator_elsewhere)
    with pytest.raises(NotFound):
        await practice.start(cast.hub.id, actor=stranger)
    training = await begin(cast)
    people = [one.id for one in await people_of(training)]
    with pytest.raises(practice.AlreadyPractising):
        await begin(cast)
    with pytest.raises(NotFound):
        await practice.empty(cast.hub.id, actor=stranger)
    real = await make.make_training(hub=cast.hub)
    assert (len(people), await practice.end_over()) == (12, 0)

    freeze(clock.now() + timedelta(days=7))

    assert (await practice.end_over(), await practice.end_over()) == (1, 0)
    assert [key for (key,) in await Training.all().values_list("id")] == [real.id]
    assert not await Registration.exists(id__in=people)


async def test_ticket_of_a_practice_at_a_real_session_or_the_other_way_round_then_nobodys(
    cast: Cast,
) -> None:
    await make.make_course()
    training, real = await begin(cast), await make.make_training(hub=cast.hub)
    phone, somebody = await a_phone(cast), (await sign_up_to(real))
    practised = await door_of(training)
    held = Opened(real, next(iter(real.sessions)), somebody)
    for door, other in ((practised, somebody), (held, practised.ana)):
        await DeviceSession.create(device_id=phone.id, session_id=door.session.id)
        await send(phone, event(door, clock.now(), h=h(other)))

    assert await ScanEvent.filter(registration_id__not_isnull=True).count() == 0
    assert await ScanEvent.filter(flag="unknown_code").count() == 2


async def test_spare_card_on_a_sheet_of_a_practice_at_a_real_session_then_nobody_is_counted(cast: Cast) -> None:
    await make.make_course()
    practised, real = await door_of(await begin(cast)), await open_door(hub=cast.hub)
    _sheet, card = await make_sheet(practised, [])
    phone = await a_phone(cast)
    for door in (practised, real):
        await DeviceSession.create(device_id=phone.id, session_id=door.session.id)

    await send(phone, *(event(door, clock.now(), h=card_hash(card.qr_hash or "")) for door in (practised, real)))

    assert [(await counted(door))[2] for door in (practised, real)] == [1, 0]


async def test_practice_with_code_of_a_real_ticket_then_somebody_else(cast: Cast) -> None:
    """Else hours of a practice would count for a real person."""
    await make.make_course()
    real = await make.make_training(hub=cast.hub)
    rosa, training = await sign_up_to(real), await begin(cast)

    practised = await sign_up_to(training, earlier_code=rosa.short_code)

    assert practised.participant_id != rosa.participant_id


async def test_practice_then_no_telephone_or_mail_is_kept_of_what_is_corrected(
    cast: Cast, new_client: NewClient
) -> None:
    await make.make_course()
    desk, training = new_client(), await begin(cast)
    await make.sign_in(desk, cast.assistant)
    ana = (await people_of(training))[0]

    typed = [
        ("datos", "number", "5555 1234"),
        ("datos", "address", "ana@correo.example"),
        ("separar", "phone", "55551234"),
    ]
    for where, name, value in typed:
        answer = await desk.post(f"/panel/inscripciones/{ana.id}/{where}", data={name: value})
        assert (answer.status_code, "no se guardan teléfonos ni correos" in answer.text) == (409, True)

    assert await Participant.filter(registrations__id=ana.id, phone=None, phone_key=None, email_key=None).exists()


async def test_person_of_a_practice_who_came_asks_for_a_transcript_then_none_is_made(
    cast: Cast, freeze: Freeze
) -> None:
    freeze(AFTER)
    await make.make_course()
    door, actor, phone = await door_of(await begin(cast)), await actor_of(cast.coordinator), await a_phone(cast)
    await DeviceSession.create(device_id=phone.id, session_id=door.session.id)
    await send(phone, event(door, clock.now(), h=h(door.ana)))
    freeze(AFTER + timedelta(hours=1))
    await attendance.close_session(door.session.id, actor=actor, ended_at=clock.now())
    await door.ana.fetch_related("participant")

    with pytest.raises(NothingAttended):
        await make_transcript(door.ana, actor=actor)


async def test_practice_then_the_next_training_of_its_course_takes_nothing_from_it(cast: Cast) -> None:
    course = await make.make_course()
    await begin(cast)
    form = Typed.of({"course": str(course.id)})

    await fill_from_course(form, cast.hub)

    assert "capacity" not in form.fields


async def sign_up_to(training: Training, **fields: str) -> Registration:
    signed_up = await sign_up(training.id, replace(wish(**fields), source=Source.DESK), actor=PROGRAM)
    return await Registration.get(id=signed_up.registration_id)


async def test_practice_page_then_each_page_bears_its_band_and_nothing_leads_to_papers(
    cast: Cast, new_client: NewClient
) -> None:
    await make.make_course()
    desk = new_client()
    await make.sign_in(desk, cast.assistant)
    offered = Page((await desk.get("/panel/practica")).text)
    assert [one["value"] for one in offered.all("input", name="hub")] == [str(cast.hub.id)]

    started = await desk.post("/panel/practica", data={"hub": str(cast.hub.id)})

    assert started.headers["location"] == "/panel/practica"
    assert (await desk.post("/panel/practica", data={"hub": str(cast.hub.id)})).status_code == 409
    training = await Training.get(state=TrainingState.PRACTICE)
    door, base = await door_of(training), f"/panel/capacitaciones/{training.id}"
    session = f"/panel/sesiones/{door.session.id}"
    shown = ["/panel/practica", f"{base}/inscribir", f"/panel/inscripciones/{door.ana.id}", f"{session}/asistencia"]
    pages = [(await desk.get(path)).text for path in [*shown, f"{session}/hojas"]]
    assert ["PRÁCTICA" in page for page in pages] == [True] * 5
    refused = [f"{shown[2]}/{act}" for act in ("historial", "unir", "borrar")]
    assert [path for path in refused if path in pages[2]] == []
    assert "PRÁCTICA" not in (await desk.get("/panel")).text
    assert (await desk.get(base)).headers["location"] == "/panel/practica"
    closed = [f"{base}/{page}" for page in ("importar", "convocatorias", "tarjetas", "exportar", "editar")]
    await make.sign_in(desk, cast.coordinator)
    papers = await desk.get(f"{base}/diplomas")
    assert (papers.status_code, "aquí no se emiten diplomas" in papers.text) == (409, True)
    closed.append(f"/capacitaciones/{training.slug}")
    assert [path for path in closed if (await desk.get(path)).status_code != 404] == []

    emptied = await desk.post("/panel/practica/vaciar", data={"hub": str(cast.hub.id)})

    assert emptied.headers["location"] == "/panel/practica"
    assert (await desk.get(shown[2])).status_code == 404
