"""Heads of a phone out of use: kept at once, counted once somebody says so, put aside, and all of it taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.attendance.doors import open_door
from tests.attendance.phones.test_counts import a_phone_at, cells, count
from tests.attendance.uploading import event, make_device, send
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.attendance.device_access import UPLOAD_DAYS
from trainings.attendance.models import Device, ScanEvent
from trainings.attendance.review.head_reviews import activities_to_review, decide_heads, take_back_heads
from trainings.attendance.review.queries import n_to_decide
from trainings.attendance.reviews import NothingToDecide
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.outreach.models import HeadCount, HeadState, OutreachActivity
from trainings.settings import Settings

OF_A_WOMAN, OF_A_MAN = ("mujer", "18-59"), ("hombre", "60+")


async def out_of_use(activity: OutreachActivity) -> Device:
    device = await a_phone_at(activity)
    await Device.filter(id=device.id).update(revoked_at=clock.now(), name="Teléfono de Rita")
    return device


@pytest.mark.both_engines
async def test_heads_of_a_phone_out_of_use_follow_the_answer_and_its_undo(db: Settings) -> None:
    activity = await make_activity()
    good, gone = await a_phone_at(activity), await out_of_use(activity)
    stays = count(activity)
    await send(good, stays)
    ours, taken_back = count(activity, sex="hombre", age_band="60+", number=2), count(activity)

    said = await send(
        gone, ours, taken_back, count(activity, kind="undo", target=taken_back["id"]), count(activity), ours
    )
    of_others = await send(gone, count(activity, kind="undo", target=stays["id"]))

    assert [(one.state.value, one.flag.value) for one in said] == [("flagged", "revoked")] * 4 + [
        ("already", "revoked")
    ]
    assert [one.state.value for one in of_others] == ["flagged"]
    assert await cells(activity) == {OF_A_WOMAN: 1}, "nothing of it counts yet, and it takes nothing back"
    until = clock.now()
    assert await decide_heads(activity.id, gone.id, HeadState.COUNTED, until=until, actor=PROGRAM) == 5
    assert await cells(activity) == {OF_A_WOMAN: 1, OF_A_MAN: 2}
    await send(gone, count(activity))
    assert await cells(activity) == {OF_A_WOMAN: 1, OF_A_MAN: 2}, "what came later waits by itself"

    assert await take_back_heads(activity.id, gone.id, HeadState.COUNTED, actor=PROGRAM) == 5
    assert await cells(activity) == {OF_A_WOMAN: 1}
    await decide_heads(activity.id, gone.id, HeadState.DISMISSED, until=clock.now(), actor=PROGRAM)
    assert await cells(activity) == {OF_A_WOMAN: 1}
    with pytest.raises(NothingToDecide):
        await decide_heads(activity.id, gone.id, HeadState.COUNTED, until=clock.now(), actor=PROGRAM)
    lines = await AuditLine.filter(act="attendance.decide_heads").order_by("id")
    assert [(line.detail["n"], line.detail["decision"]) for line in lines] == [
        (5, "counted"),
        (5, "waiting"),
        (6, "dismissed"),
    ]


async def test_order_in_which_heads_of_two_phones_come_in_then_the_same_answer(sqlite_db: Settings) -> None:
    """One head of a phone in use that both take back, the other of them out of use and put aside, or counted."""
    activity = await make_activity()
    good, gone = await a_phone_at(activity), await out_of_use(activity)
    head, other = count(activity), count(activity, sex="hombre", age_band="60+")
    undo_of_gone, own = count(activity, kind="undo", target=other["id"]), count(activity, number=3)
    sent = ((good, head), (good, other), (gone, undo_of_gone))

    for order in permutations(sent):
        await HeadCount.all().delete()
        for phone, one in (*order, (gone, own)):
            await send(phone, one)
        assert await cells(activity) == {OF_A_WOMAN: 1, OF_A_MAN: 1}
        await decide_heads(activity.id, gone.id, HeadState.COUNTED, until=clock.now(), actor=PROGRAM)
        assert await cells(activity) == {OF_A_WOMAN: 4}


async def test_phone_that_is_not_for_the_activity_or_whose_time_is_over_then_heads_wait(
    sqlite_db: Settings, freeze: Callable[..., None]
) -> None:
    activity = await make_activity()
    elsewhere, late = await make_device(await open_door(), sessions=[]), await a_phone_at(activity)

    said = await send(elsewhere, count(activity))
    freeze(activity.ends_at + UPLOAD_DAYS + timedelta(hours=1))
    said += await send(late, count(activity))

    assert [(one.state.value, one.flag.value) for one in said] == [("flagged", "other_session"), ("flagged", "revoked")]
    assert await cells(activity) == {}
    assert await HeadCount.filter(state=HeadState.WAITING).count() == 2


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
