"""The calendar of one person behind a secret address: what is in it, and how it follows every change."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.feeds.asking import body_of, line_of, poll
from tests.feeds.hostile import HOSTILE, as_read, check_form
from tests.feeds.readers import IN_PYTHON, with_ical_js
from tests.feeds.secret import a_facilitator, entries, of, path_for
from tests.outreach.make_activity import make_activity, make_draft
from tests.schedule.wishes import plan_of, standing
from trainings.audit.actor import PROGRAM
from trainings.outreach.actions import cancel_activity
from trainings.outreach.place_actions import correct_venue
from trainings.places.actions import VenueDetails
from trainings.places.models import Venue
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan
from trainings.schedule.models import PlaceShown, Training, TrainingState

NOON = datetime.fromisoformat("2027-03-01T18:00:00+00:00")
PAGE = "/panel/cuenta/calendario"
Freeze = Callable[[datetime], None]


# -- what is in it


async def test_it_holds_what_one_holds_and_nothing_of_others(client: AsyncClient) -> None:
    ana, other = await a_facilitator(), await a_facilitator("Luis Ba")
    own = await make.make_training(facilitators=[ana])
    both = await make.make_training(facilitators=[ana, other])
    await make.make_training(facilitators=[other])
    await make.make_training()
    responsible = await make_activity(responsible=ana)
    await make_activity()

    found = entries(await body_of(client, await path_for(ana)))

    assert set(found) == {of(own.sessions[0]), of(both.sessions[0]), f"actividad-{responsible.id}"}
    assert {line_of(event, "STATUS") for event in found.values()} == {"CONFIRMED"}
    assert {line_of(event, "CLASS") for event in found.values()} == {"PRIVATE"}


async def test_protected_place_and_online_link_are_told_to_who_holds_the_session(client: AsyncClient) -> None:
    ana, hub = await a_facilitator(), await make.make_hub()
    house = await make.make_venue(
        hub, "Casa segura", address="Calle escondida 7", lat=Decimal("16.7812"), lon=Decimal("-90.1189")
    )
    training = await make.make_training(
        hub=hub,
        venue=house,
        facilitators=[ana],
        place_shown=PlaceShown.AFTER_CONFIRMATION,
        online_url="https://reunion.example/sala-7",
    )
    path = await path_for(ana)

    event = entries(await body_of(client, path))[of(training.sessions[0])]

    assert line_of(event, "LOCATION") == "Casa segura\\, Calle escondida 7\\, La Libertad\\, Petén"
    assert line_of(event, "GEO") == "16.781200;-90.118900"
    assert "Enlace: https://reunion.example/sala-7" in line_of(event, "DESCRIPTION")
    assert line_of(event, "URL") == f"http://localhost:8000/panel/capacitaciones/{training.id}"
    public = await body_of(client, "/cal/guatemala.ics")
    assert line_of(event, "UID") in public.replace("\r\n ", "")
    assert "Casa segura" not in public
    assert "reunion.example" not in public


async def test_drafts_are_to_be_confirmed_and_unlisted_ones_take_place(client: AsyncClient) -> None:
    ana = await a_facilitator()
    draft = await make.make_training(facilitators=[ana], state=TrainingState.DRAFT, title="Taller")
    unlisted = await make.make_training(facilitators=[ana], state=TrainingState.UNLISTED, title="Charla")
    fair = await make_draft(responsible=ana, title="Feria")

    found = entries(await body_of(client, await path_for(ana)))

    told = {key: (line_of(event, "STATUS"), line_of(event, "SUMMARY")) for key, event in found.items()}
    assert told == {
        of(draft.sessions[0]): ("TENTATIVE", "POR CONFIRMAR: Taller"),
        of(unlisted.sessions[0]): ("CONFIRMED", "Charla"),
        f"actividad-{fair.id}": ("TENTATIVE", "POR CONFIRMAR: Feria"),
    }


async def test_what_is_cancelled_says_so_for_sixty_days(client: AsyncClient, freeze: Freeze) -> None:
    freeze(NOON)
    ana = await a_facilitator()
    days = [(make.tomorrow_at(8, days=day), make.tomorrow_at(9, days=day)) for day in (1, 2)]
    training = await make.make_training(facilitators=[ana], sessions=days, title="Taller")
    called_off = await make.make_training(facilitators=[ana], state=TrainingState.CANCELLED, title="Charla")
    fair = await make_activity(responsible=ana, title="Feria")
    await schedule.cancel_session(training.sessions[0].id, actor=PROGRAM)
    await cancel_activity(fair.id, "Lluvia.", actor=PROGRAM)
    path = await path_for(ana)

    told = {key: line_of(event, "STATUS") for key, event in entries(await body_of(client, path)).items()}
    freeze(NOON + timedelta(days=75))
    left = {key: line_of(event, "STATUS") for key, event in entries(await body_of(client, path)).items()}

    kept = {of(training.sessions[1]): "CONFIRMED"}
    gone = {of(training.sessions[0]), of(called_off.sessions[0]), f"actividad-{fair.id}"}
    assert told == kept | dict.fromkeys(gone, "CANCELLED")
    assert left == kept


async def test_neutral_title_stands_for_all_that_would_tell_the_title(client: AsyncClient) -> None:
    ana = await a_facilitator()
    topic = await make.make_topic("trata", "Trata de personas")
    await make.make_training(
        facilitators=[ana],
        course=await make.make_course("Salir de la violencia", topic=topic, summary="Cómo denunciar"),
        title="Salir de la violencia",
        neutral_title="Taller de costura",
        summary="Cómo denunciar",
    )

    body = (await body_of(client, await path_for(ana))).replace("\r\n ", "")

    assert "SUMMARY:Taller de costura" in body
    for telling in ("violencia", "denunciar", "Trata"):
        assert telling not in body


async def test_it_tells_nothing_about_who_signed_up_nor_its_own_address(client: AsyncClient) -> None:
    ana = await a_facilitator()
    training = await make.make_training(facilitators=[ana], contact_phone="+50255559999")
    path = await path_for(ana)
    before = await poll(client, path)
    await make.make_registration(training, phone="55550001", email="caal@gente.example", community="Las Pozas")

    after = await poll(client, path)

    assert (after.headers["etag"], after.content) == (before.headers["etag"], before.content)
    body = after.text.replace("\r\n ", "")
    for private in ("Caal", "55550001", "Las Pozas", "Ana Coc", ana.email, "55559999", path.split("/")[-1][:-4]):
        assert private not in body
    for name in ("SOURCE", "ATTENDEE", "ORGANIZER", "BEGIN:VALARM", "CONTACT"):
        assert f"\r\n{name}" not in body


async def test_readers_agree_and_hostile_words_stay_in_their_line(client: AsyncClient) -> None:
    ana = await a_facilitator()
    titles = [title for title in HOSTILE if len(title) <= 150 and not re.search("[\x00\ud800-\udfff]", title)]
    for title in titles:
        await make.make_training(facilitators=[ana], title=title, state=TrainingState.DRAFT)
    body = await body_of(client, await path_for(ana))

    [with_node] = with_ical_js(body)

    check_form(body, len(titles))
    assert all(read(body) == with_node for read in IN_PYTHON)
    assert {entry.summary for entry in with_node} == {as_read(f"POR CONFIRMAR: {title}") for title in titles}


# -- it follows every change


async def move_it(training: Training) -> None:
    other = await make.make_venue(await make.make_hub(), "Escuela", address="Pasaje 2")
    session = next(iter(training.sessions))
    await schedule.move_session(session.id, session.starts_at, session.ends_at, other.id, actor=PROGRAM)


async def rename_its_place(training: Training) -> None:
    venue = await Venue.get(id=training.venue_id)
    await correct_venue(venue, VenueDetails("Otra casa", make.LA_LIBERTAD), hub=await training.hub, actor=PROGRAM)


async def retitle_it(training: Training) -> None:
    plan = plan_of(training, title="Otro título")
    await schedule.edit_training(training.id, plan, await standing(training), actor=PROGRAM)


async def change_its_link(training: Training) -> None:
    plan = plan_of(training, online_url="https://reunion.example/sala-8")
    await schedule.edit_training(training.id, plan, await standing(training), actor=PROGRAM)


@pytest.mark.parametrize(
    ("state", "place_shown"),
    [
        (TrainingState.DRAFT, PlaceShown.PUBLIC),
        (TrainingState.PUBLISHED, PlaceShown.AFTER_CONFIRMATION),
        (TrainingState.UNLISTED, PlaceShown.PUBLIC),
    ],
)
async def test_every_change_moves_bytes_etag_and_stamp(
    client: AsyncClient, freeze: Freeze, state: TrainingState, place_shown: PlaceShown
) -> None:
    freeze(NOON)
    ana = await a_facilitator()
    training = await make.make_training(facilitators=[ana], state=state, place_shown=place_shown)
    path = await path_for(ana)
    before = await poll(client, path)

    for n, change in enumerate((rename_its_place, move_it, retitle_it, change_its_link), 1):
        freeze(NOON + timedelta(hours=n))
        await change(await Training.get(id=training.id).prefetch_related("sessions"))

        after = await poll(client, path, if_none_match=before.headers["etag"])
        assert after.status_code == 200, change.__name__
        [old], [new] = entries(before.text).values(), entries(after.text).values()
        assert line_of(new, "LAST-MODIFIED") == line_of(new, "DTSTAMP") == f"20270301T{18 + n}0000Z"
        assert line_of(new, "DTSTAMP") > line_of(old, "DTSTAMP")
        assert line_of(new, "UID") == line_of(old, "UID")
        before = after


async def test_session_given_to_somebody_else_leaves_at_once(client: AsyncClient) -> None:
    ana, luis = await a_facilitator(), await a_facilitator("Luis Ba")
    training = await make.make_training(facilitators=[ana])
    [session] = training.sessions
    path = await path_for(ana)
    before = await poll(client, path)

    plan = SessionPlan(session.starts_at, session.ends_at, session.venue_id, (luis.id,), session.id)
    await schedule.edit_training(training.id, plan_of(training), [plan], actor=PROGRAM)

    last_modified = before.headers["last-modified"]
    after = await poll(client, path, if_none_match=before.headers["etag"])
    assert (after.status_code, entries(after.text)) == (200, {})
    # What has a date cannot tell that something is gone: a date alone is never answered 304.
    assert (await poll(client, path, if_modified_since=last_modified)).status_code == 200
    assert set(entries(await body_of(client, await path_for(luis)))) == {of(session)}
