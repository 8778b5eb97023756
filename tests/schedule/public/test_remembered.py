"""Public pages that are kept: the same until a fact or the time changes what they say."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient
from starlette.responses import HTMLResponse, Response

from tests.make import make_hub, make_registration, make_training, make_venue, tomorrow_at
from trainings import clock
from trainings.attendance import actions as attendance
from trainings.audit.actor import PROGRAM
from trainings.people.models import Community
from trainings.places.models import Hub, Venue
from trainings.schedule.models import Course, Training, TrainingSession, TrainingState
from trainings.schedule.public.remembered import forget

Freeze = Callable[[datetime], None]
START = tomorrow_at(8, 30)
END = START + timedelta(hours=4)
TOWN = "/municipios/la-libertad-peten"


async def test_page_of_a_training_follows_the_clock_although_nobody_changes_it(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make_training(sessions=[(START, END)], closes_at=START + timedelta(hours=2))
    seen = []

    for moment in (START - timedelta(minutes=1), START, START + timedelta(hours=2), END):
        freeze(moment)
        text = (await client.get(f"/capacitaciones/{training.slug}")).text
        seen.append(("Está en curso" in text, f"/capacitaciones/{training.slug}/inscripcion" in text))

    assert seen == [(False, True), (True, True), (False, False), (False, False)]


async def test_page_of_a_course_marks_what_is_past_and_what_it_still_gives(client: AsyncClient, freeze: Freeze) -> None:
    sessions = [(START + timedelta(days=day), END + timedelta(days=day)) for day in (0, 7, 14)]
    training = await make_training(sessions=[*sessions, (END, END + timedelta(hours=1))])
    path, seen = f"/capacitaciones/{training.slug}", []

    for moment in (START, sessions[0][1] + timedelta(hours=1), sessions[2][1]):
        freeze(moment)
        page, form = (await client.get(path)).text, (await client.get(f"{path}/inscripcion")).text
        is_told = "Quedan 2 de 4 sesiones. Para el diploma ya no alcanzan las horas" in page
        assert is_told is ("Quedan 2 de 4 sesiones." in form)
        seen.append((is_told, page.count("(ya pasó)"), "ya no se le da diploma ni constancia" in page))

    assert seen == [(False, 0, False), (True, 2, False), (False, 0, True)]


async def test_page_is_made_once_while_it_says_the_same(
    client: AsyncClient, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = await make_training(sessions=[(START, END)])
    freeze(START - timedelta(hours=5))
    await client.get(f"/capacitaciones/{training.slug}")

    def made_again(*_args: object) -> Response:
        return HTMLResponse("made again", headers={"cache-control": "no-cache"})

    monkeypatch.setattr("trainings.panel.public.list_routes._page", made_again)

    for minutes in (1, 30, 240):
        freeze(START - timedelta(hours=5) + timedelta(minutes=minutes))
        assert (await client.get(f"/capacitaciones/{training.slug}")).text != "made again"
    freeze(START)
    assert (await client.get(f"/capacitaciones/{training.slug}")).text == "made again"


async def test_kept_page_is_packed_as_each_browser_asks_and_says_the_same(client: AsyncClient) -> None:
    await make_training(sessions=[(START, END)])
    told = {}

    for _again in range(2):
        for asked in ("identity", "gzip", "gzip, br", "gzip;q=0, br;q=1.0", "br; q=0"):
            answer = await client.get("/", headers={"accept-encoding": asked})
            told[asked] = answer.headers.get("content-encoding", ""), answer.text, answer.headers["vary"]

    assert [encoding for encoding, _text, _vary in told.values()] == ["", "gzip", "br", "br", ""]
    assert len({text for _encoding, text, _vary in told.values()}) == 1
    assert all("accept-encoding" in vary.lower() for _encoding, _text, vary in told.values())


async def test_municipality_when_a_session_was_closed_early_then_it_is_among_the_past(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make_training(sessions=[(START, END)])
    freeze(START + timedelta(hours=1))
    before = (await client.get(TOWN)).text

    await attendance.close_session(training.sessions[0].id, actor=PROGRAM)
    after = (await client.get(TOWN)).text

    link = f"/capacitaciones/{training.slug}"
    assert (before.count(link), "Está en curso" in before, "Ya se dieron" in before) == (1, True, False)
    assert (after.count(link), "Está en curso" in after, "Ya se dieron" in after) == (1, False, True)
    assert clock.now() < END


# -- the form, kept with holes

KEY = re.compile(r'name="(?:idempotency_key|from_page)" value="([^"]*)"')


async def form_of(client: AsyncClient, training: Training) -> str:
    return (await client.get(f"/capacitaciones/{training.slug}/inscripcion")).text


async def test_form_is_made_once_for_many_and_each_has_a_key_of_its_own(
    client: AsyncClient, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = await make_training(sessions=[(START, END)], capacity=5)
    freeze(START - timedelta(hours=5))
    first = await form_of(client, training)
    monkeypatch.setattr("trainings.registrations.signup.routes.TEMPLATE", "nothing.html")

    await make_registration(training)
    second = await form_of(client, training)

    assert len({*KEY.findall(first), *KEY.findall(second)}) == 4
    assert "Quedan 5 lugares." in first
    assert "Quedan 4 lugares." in second
    assert "\ue000" not in first + second


async def test_kept_form_says_what_a_fresh_one_says_whatever_changed(client: AsyncClient, freeze: Freeze) -> None:
    venue = await make_venue(await make_hub())
    training = await make_training(sessions=[(START, END)], capacity=2, venue=venue, childcare_capacity=1)
    session, hub = training.sessions[0], await Hub.get(id=training.hub_id)
    changes: list[Callable[[], Awaitable[object]]] = [
        lambda: make_registration(training),
        lambda: make_registration(training, childcare_places=1),
        lambda: Training.filter(id=training.id).update(title="Otro título"),
        lambda: Training.filter(id=training.id).update(capacity=9, reserved=1),
        lambda: Training.filter(id=training.id).update(minimum_age=15, approval_required=True),
        lambda: Training.filter(id=training.id).update(required_courses=[str(training.course_id)]),
        lambda: Course.filter(id=training.course_id).update(title="Curso de antes"),
        lambda: Hub.filter(id=hub.id).update(phone="+50279000000", hours="7 a 12"),
        lambda: Venue.filter(id=venue.id).update(name="Otro salón"),
        lambda: TrainingSession.filter(id=session.id).update(starts_at=START + timedelta(hours=1)),
        lambda: Community.create(municipality_id=venue.municipality_id, name="Las Pozas", key="las pozas"),
        lambda: Training.filter(id=training.id).update(closes_at=START - timedelta(hours=6)),
        lambda: freeze_at(freeze, END),
    ]
    freeze(START - timedelta(hours=5))
    before = KEY.sub("", await form_of(client, training))

    for number, change in enumerate(changes):
        await change()
        kept = KEY.sub("", await form_of(client, training))
        forget()
        fresh = KEY.sub("", await form_of(client, training))
        assert kept == fresh, number
        assert kept != before, number
        before = kept


async def test_form_made_while_a_session_ends_is_not_kept(
    client: AsyncClient, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = await make_training(sessions=[(START, END), (END + timedelta(hours=2), END + timedelta(hours=4))])

    async def until_its_end(_town: str) -> list[str]:
        freeze(END)
        return []

    freeze(END - timedelta(seconds=1))
    monkeypatch.setattr("trainings.people.communities.suggestions", until_its_end)
    pages = [await form_of(client, training) for _ in range(2)]

    assert ["Queda 1 de 2 sesiones." in page for page in pages] == [False, True]


async def freeze_at(freeze: Freeze, moment: datetime) -> None:
    freeze(moment)


@pytest.mark.parametrize("path", ["/", "/capacitaciones", TOWN])
async def test_kept_list_says_what_a_fresh_one_says_whatever_changed(
    client: AsyncClient, freeze: Freeze, path: str
) -> None:
    training = await make_training(sessions=[(START, END)], capacity=2)
    one = Training.filter(id=training.id)
    changes: list[Callable[[], Awaitable[object]]] = [
        lambda: make_training(sessions=[(START + timedelta(days=1), END + timedelta(days=1))], title="Otra"),
        lambda: one.update(title="Otro título"),
        lambda: one.update(taken=2),
        lambda: TrainingSession.filter(training_id=training.id).update(starts_at=START + timedelta(hours=1)),
        lambda: Venue.filter(id=training.venue_id).update(name="Otro salón"),
        lambda: freeze_at(freeze, START + timedelta(hours=2)),
        lambda: freeze_at(freeze, END),
        lambda: freeze_at(freeze, START + timedelta(days=1)),
        lambda: Training.all().update(state=TrainingState.CANCELLED, cancelled_at=clock.now()),
    ]
    freeze(START - timedelta(hours=5))
    before, n_changed = (await client.get(path)).text, 0

    for number, change in enumerate(changes):
        await change()
        kept = (await client.get(path)).text
        forget()
        assert kept == (await client.get(path)).text, number
        n_changed += kept != before
        before = kept

    assert n_changed >= 6, "else the changes say nothing of it"
