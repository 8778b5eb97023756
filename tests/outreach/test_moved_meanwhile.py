from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.outreach.make_activity import make_activity
from tests.schedule.panel import as_, post
from tests.web.pages import Page
from trainings.audit.actor import PROGRAM
from trainings.outreach.actions import TimeAndPlace, move_activity
from trainings.outreach.models import OutreachActivity
from trainings.settings import Settings

STARTS = datetime(2027, 3, 8, 14, 0, tzinfo=UTC)
PARK = TimeAndPlace(STARTS, STARTS + timedelta(hours=4), make.LA_LIBERTAD, None, "Parque central")


async def test_moving_what_another_person_moved_meanwhile_shows_that_first(
    client: AsyncClient, db: Settings, freeze: object
) -> None:
    freeze(STARTS - timedelta(days=7))  # type: ignore[operator]
    cast = await make_cast()
    activity = await make_activity(cast.hub, when=PARK)
    path = f"/panel/actividades/{activity.id}/mover"
    await as_(client, cast, "coordinator")
    shown = Page((await client.get(path)).text).one("input", name="revision")["value"]
    form = {"day": "2027-03-08", "starts": "08:00", "ends": "11:30", "municipality": PARK.municipality}
    form |= {"place": "Parque central", "revision": str(shown)}
    await move_activity(activity.id, replace(PARK, place="Cancha"), actor=PROGRAM)

    refused = await post(client, path, form)
    untouched = await OutreachActivity.get(id=activity.id)
    again = form | {"revision": str(Page(refused.text).one("input", name="revision")["value"])}
    done = await post(client, path, again)

    assert refused.status_code == 409
    assert "Otra persona cambió esta actividad mientras usted escribía" in refused.text
    assert "Cancha" in refused.text
    assert Page(refused.text).one("input", name="ends")["value"] == "11:30"
    assert (untouched.place, untouched.ends_at) == ("Cancha", PARK.ends_at)
    assert done.status_code == 303
    assert (await OutreachActivity.get(id=activity.id)).place == "Parque central"
