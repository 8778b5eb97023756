"""What the forms of an activity say of its day before anything is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from tests.schedule.panel import as_, post
from trainings.outreach.actions import TimeAndPlace
from trainings.outreach.models import OutreachActivity
from trainings.places.models import FeastDay
from trainings.schedule.models import Unavailability

Freeze = Callable[[datetime], None]
STARTS = datetime(2027, 3, 8, 14, 0, tzinfo=UTC)
HOURS = timedelta(hours=4)


@pytest.fixture(autouse=True)
def _now(freeze: Freeze) -> None:
    freeze(STARTS - timedelta(days=7))


async def in_the_park(cast: Cast) -> OutreachActivity:
    park = TimeAndPlace(STARTS, STARTS + HOURS, make.LA_LIBERTAD, None, "Parque central")
    return await make_activity(cast.hub, when=park, responsible=cast.facilitator)


async def proposed(client: AsyncClient, activity: OutreachActivity, day: str) -> str:
    answer = await client.get(f"/panel/actividades/{activity.id}/mover?dia={day}")
    assert answer.status_code == 200
    return answer.text


async def test_ordinary_day_has_nothing_to_say(client: AsyncClient, cast: Cast) -> None:
    activity = await in_the_park(cast)
    await as_(client, cast, "coordinator")

    page = await proposed(client, activity, "2027-03-10")

    assert 'value="2027-03-10"' in page
    assert "Ese día es feriado" not in page
    assert "override_reason" not in page, "nor does the activity stand in its own way"


async def test_holiday_and_feast_of_the_day_are_told(client: AsyncClient, cast: Cast) -> None:
    activity = await in_the_park(cast)
    await FeastDay.create(municipality_id=make.LA_LIBERTAD, month=3, day=17, n_days=1, name="Feria del barrio")
    await as_(client, cast, "coordinator")

    assert "Jueves Santo" in await proposed(client, activity, "2027-03-25")
    assert "Feria del barrio" in await proposed(client, activity, "2027-03-17")


async def test_session_of_who_answers_for_it_asks_for_a_reason(client: AsyncClient, cast: Cast) -> None:
    activity = await in_the_park(cast)
    then = STARTS + timedelta(days=2)
    await make.make_training(
        title="Derechos", hub=cast.hub, facilitators=[cast.facilitator], sessions=[(then, then + HOURS)]
    )
    await as_(client, cast, "coordinator")

    page = await proposed(client, activity, "2027-03-10")

    assert "ya está en «Derechos»" in page
    asked = page[page.index('for="override_reason"') : page.index('name="override_reason"')]
    assert "opcional" not in asked, "it is needed, unless the time is changed"
    assert "Hace falta para dejarlo así." in asked


async def test_form_of_a_new_one_tells_of_feast_absence_and_what_is_taken(client: AsyncClient, cast: Cast) -> None:
    await FeastDay.create(municipality_id=make.TACANA, month=3, day=10, n_days=1, name="Feria de Tacaná")
    start = STARTS + timedelta(days=2)
    await Unavailability.create(user=cast.assistant, starts_at=start, ends_at=start + HOURS)
    standing = await make_activity(cast.hub, when=TimeAndPlace(start, start + HOURS, "", cast.venue.id))
    await as_(client, cast, "coordinator")
    form = {
        "hub": cast.hub.id,
        "day": "2027-03-10",
        "starts": "08:00",
        "ends": "10:00",
        "responsible": cast.assistant.id,
        "look": "yes",
    }

    in_the_open = await post(client, "/panel/actividades/nueva", form | {"municipality": make.TACANA})
    at_venue = await post(client, "/panel/actividades/nueva", form | {"venue": cast.venue.id})
    its_own = await post(client, f"/panel/actividades/{standing.id}/editar", form | {"venue": cast.venue.id})

    assert [one.status_code for one in (in_the_open, at_venue, its_own)] == [200, 200, 200]
    assert "Feria de Tacaná" in in_the_open.text
    assert "Luis Ba avisó que no puede" in in_the_open.text
    assert "Salón municipal ya está ocupado por «Feria informativa»" in at_venue.text
    assert "Feria de Tacaná" not in at_venue.text
    assert "ocupado por" not in its_own.text
    assert "Falta este dato." not in at_venue.text, "looking asks for nothing else"
    assert await OutreachActivity.all().count() == 1
