"""What the list of coming sessions says of each: what can be signed up for, and from when."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from httpx2 import AsyncClient

from tests import make
from tests.outreach.make_activity import make_activity, make_draft
from trainings import clock
from trainings.accounts.models import Role
from trainings.attendance import actions as attendance
from trainings.audit.actor import PROGRAM
from trainings.outreach.actions import TimeAndPlace


async def week_of_coordinator(client: AsyncClient) -> str:
    hub = await make.make_hub()
    await make.sign_in(client, await make.make_user(hub=hub))
    return (await client.get("/panel")).text


async def test_sign_up_that_has_not_begun_says_when_it_opens(client: AsyncClient) -> None:
    opens_at = make.tomorrow_at(8, days=3)
    start = make.tomorrow_at(8, 30, days=5)
    await make.make_training(opens_at=opens_at, sessions=[(start, start + timedelta(hours=4))])

    page = await week_of_coordinator(client)

    assert f" {clock.local(opens_at).day}" in page.split("Abre el ")[1].split("</td>")[0]
    assert "Abierta" not in page


async def test_session_that_was_closed_no_longer_comes(client: AsyncClient) -> None:
    start = clock.now() - timedelta(hours=1)
    training = await make.make_training(sessions=[(start, start + timedelta(hours=4))])
    before = await week_of_coordinator(client)

    await attendance.close_session(training.sessions[0].id, actor=PROGRAM)
    after = (await client.get("/panel")).text

    assert ("En curso" in before, "En curso" in after) == (True, False)


async def test_activities_come_among_the_sessions_drafts_for_the_desk_alone(client: AsyncClient) -> None:
    hub = await make.make_hub()
    for days, title in ((2, "Antes"), (6, "Después")):
        start = make.tomorrow_at(8, days=days)
        await make.make_training(title=title, sessions=[(start, start + timedelta(hours=2))])
    fair_at = make.tomorrow_at(8, days=4)
    park = TimeAndPlace(fair_at, fair_at + timedelta(hours=2), hub.seat_id, None, "Parque central")
    await make_activity(hub, when=park)
    await make_draft(hub, when=replace(park, place="Mercado"), title="Feria pensada")

    async def coming() -> list[str]:
        page = (await client.get("/panel")).text
        return re.findall(r'<th scope="row"><a class="tap" href="[^"]*">([^<]*)</a>', page)

    await week_of_coordinator(client)
    by_coordinator = await coming()
    client.cookies.clear()
    await make.sign_in(client, await make.make_user(Role.FACILITATOR, hub, email="facilita@medida.example"))
    by_facilitator = await coming()

    assert by_coordinator == ["Antes", "Feria informativa", "Feria pensada", "Después"]
    assert by_facilitator == ["Feria informativa"]
