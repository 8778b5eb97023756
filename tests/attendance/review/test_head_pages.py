"""The page on which somebody says whether the heads of a phone out of use count, and the pages that lead there."""

from __future__ import annotations

import re

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.attendance.doors import open_door
from tests.attendance.phones.test_counts import cells, count
from tests.attendance.review.test_head_reviews import OF_A_MAN, OF_A_WOMAN, out_of_use
from tests.attendance.uploading import event, make_device, send
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from trainings.accounts.queries import actor_of
from trainings.attendance.models import ScanEvent
from trainings.attendance.review.head_reviews import activities_to_review
from trainings.attendance.review.queries import n_to_decide
from trainings.settings import Settings


@pytest.fixture
async def db(sqlite_db: Settings) -> Settings:
    return sqlite_db


def text_of(answer: Response) -> str:
    words = re.sub(r"<[^>]+>", " ", answer.text.replace("\xa0", " "))
    return re.sub(r"\s+", " ", words)


async def test_coordinator_reads_what_was_counted_and_decides(client: AsyncClient, cast: Cast) -> None:
    activity = await make_activity(hub=cast.hub)
    gone = await out_of_use(activity)
    await send(gone, count(activity, number=2), count(activity, sex="hombre", age_band="60+"))
    coordinator, elsewhere = await actor_of(cast.coordinator), await actor_of(cast.coordinator_elsewhere)
    assert [await n_to_decide(one) for one in (coordinator, elsewhere)] == [2, 0]
    assert [len(await activities_to_review(one)) for one in (coordinator, elsewhere)] == [1, 0]
    path = f"/panel/actividades/{activity.id}"
    await make.sign_in(client, cast.coordinator)

    listed = text_of(await client.get("/panel/revisar/asistencia"))
    assert "Feria informativa" in listed
    assert "3 personas contadas por decidir · Teléfono de Rita" in listed
    assert f'href="{path}/revisar"' in (await client.get(path)).text
    page = await client.get(f"{path}/revisar")
    words = text_of(page)
    assert "Teléfono de Rita 3 personas contadas Hombres · Personas mayores: 1 Mujeres · Personas adultas: 2" in words
    assert "El teléfono ya no estaba en uso." in words
    [until] = set(re.findall(r'name="hasta" value="([^"]+)"', page.text))
    sent = {"telefono": str(gone.id), "hasta": until}

    done = await client.post(f"{path}/revisar", data=sent | {"hacer": "cuenta"})
    assert (done.status_code, await cells(activity)) == (303, {OF_A_WOMAN: 2, OF_A_MAN: 1})
    words = text_of(await client.get(f"{path}/revisar"))
    assert "Listo. Cuentan 2 marcas." in words
    assert "Nada por decidir" in words
    assert f'href="{path}/revisar"' not in (await client.get(path)).text
    await client.post(f"{path}/revisar", data=sent | {"hacer": "deshacer", "era": "counted"})
    assert await cells(activity) == {}
    await client.post(f"{path}/revisar", data=sent | {"hacer": "no-cuenta"})
    assert await n_to_decide(coordinator) == 0
    for wrong, status in ((sent | {"hacer": "cuenta"}, 422), ({"hacer": "cuenta"}, 422), (sent | {"hacer": "x"}, 422)):
        assert (await client.post(f"{path}/revisar", data=wrong)).status_code == status


async def test_who_counts_there_sees_it_and_does_not_decide(client: AsyncClient, cast: Cast) -> None:
    activity = await make_activity(hub=cast.hub)
    await send(await out_of_use(activity), count(activity))
    await make.sign_in(client, cast.facilitator)

    page = await client.get(f"/panel/actividades/{activity.id}/revisar")

    assert "decide quien coordina" in page.text
    assert 'name="hacer"' not in page.text


async def test_companions_of_a_phone_out_of_use_wait_beside_its_marks(client: AsyncClient, cast: Cast) -> None:
    door = await open_door(hub=cast.hub)
    gone = await make_device(door, revoked_at=door.starts_at)
    [said] = await send(gone, event(door, kind="heads", how="button", number=3))
    await make.sign_in(client, cast.coordinator)
    path = f"/panel/sesiones/{door.key}"

    assert (said.state, said.flag) == ("flagged", "revoked")
    assert "ya no está en uso 1" in text_of(await client.get(f"{path}/revisar"))
    assert "3 acompañantes" in text_of(await client.get(f"{path}/revisar"))
    assert "3 acompañantes" not in text_of(await client.get(f"{path}/asistencia"))
    key = str((await ScanEvent.get()).id)
    await client.post(f"{path}/revisar", data={"marca": key, "hacer": "cuenta"})
    assert "3 acompañantes" in text_of(await client.get(f"{path}/asistencia"))
