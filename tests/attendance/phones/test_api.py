"""What a prepared phone asks for: known by its cookie alone, told what it needs and nothing of anybody's."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from httpx2 import AsyncClient

from tests import make
from tests.attendance.phone_side import name_of, with_names
from tests.attendance.prepared_phones import APP, PreparedPhone, make_phone
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from tests.registrations.families import make_family
from trainings import clock
from trainings.accounts.models import RoleGrant, User
from trainings.accounts.queries import actor_of
from trainings.attendance.device_access import COOKIE
from trainings.attendance.models import Device, DeviceActivity
from trainings.attendance.phones import devices
from trainings.attendance.phones.devices import Load
from trainings.attendance.phones.phone_list import PhoneState, phone_seen_by
from trainings.db import keyring
from trainings.lib import tokens
from trainings.lib.sealing import SealedBox
from trainings.schedule.models import PlaceShown, Training, TrainingSession

NewClient = Callable[[], AsyncClient]
Freeze = Callable[[datetime], None]


async def phone_of(client: AsyncClient, cast: Cast, training: Training) -> PreparedPhone:
    return await make_phone(client, training, cast.coordinator)


def session_of(training: Training) -> TrainingSession:
    return next(iter(training.sessions))


def as_told(session: TrainingSession, version: str, phone: str) -> dict[str, object]:
    """The session of the first test, as its phone is told of it."""
    return {
        "id": str(session.id),
        "training": str(session.training_id),
        "title": "Taller comunitario",
        "starts": f"{session.starts_at:%Y-%m-%dT%H:%M:%SZ}",
        "ends": f"{session.ends_at:%Y-%m-%dT%H:%M:%SZ}",
        "place": "Salón municipal, La Libertad, Petén",
        "state": "planned",
        "closed": False,
        "roster_until": f"{session.ends_at + timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}",
        "version": version,
        "n_expected": 2,
        "walk_ins": False,
        "admits_minors": True,
        "minimum_age": 14,
        "hub_phone": phone,
        "closes_from": f"{session.starts_at:%Y-%m-%dT%H:%M:%SZ}",
        "closing": False,
        "reopened": None,
    }


async def test_phone_is_told_about_its_sessions_and_about_nobody(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(
        hub=cast.hub, neutral_title="Taller comunitario", admits_minors=True, minimum_age=14, walk_ins=False
    )
    await make_family(training, "Ana Quetzal", "Beto", phone="+50255551234")
    phone, session = await phone_of(client, cast, training), session_of(training)
    activity = await make_activity(cast.hub)
    await DeviceActivity.create(device=phone.device, activity=activity)

    answer, lista = await phone.get("estado"), await phone.get(f"sesiones/{session.id}/lista")

    told = answer.json()
    about = {"id": str(phone.device.id), "name": "Teléfono de Ana", "revoked": False}
    assert told["device"] == about | {"last_seq": 0, "lacks": [[1, None]]}
    assert told["sessions"] == [as_told(session, lista.json()["version"], cast.hub.phone)]
    assert [one["id"] for one in told["activities"]] == [str(activity.id)]
    assert tuple(told["key"].values()) == SealedBox(keyring()).public()[0]
    assert set(told["consent"]["texts"]) == {"spa", "eng"}
    assert [department for department, _names in told["municipalities"]] == ["Petén"]
    assert [cast.hub.seat_id, "La Libertad"] in told["municipalities"][0][1]
    assert told["protection"]["hubs"][0]["phone"] == cast.hub.phone
    assert abs(datetime.fromisoformat(told["now"]) - clock.now()) < timedelta(minutes=1)
    await Training.filter(id=training.id).update(place_shown=PlaceShown.AFTER_CONFIRMATION)
    protected = await phone.get("estado")
    assert [one["place"] for one in protected.json()["sessions"]] == ["La Libertad, Petén"]
    assert "Salón municipal" not in protected.text
    both = answer.text + lista.text
    assert [word for word in ("Quetzal", "Beto", "55551234", "5555 1234", "Las Pozas") if word in both] == []
    assert {one.headers["cache-control"] for one in (answer, lista)} == {"no-store"}


async def test_session_that_is_added_later_comes_by_itself_and_the_phone_is_ready_only_with_its_list(
    client: AsyncClient, cast: Cast
) -> None:
    """What was not given to the phone does not come, nor, to who only facilitates, what somebody else holds."""
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (1, 2, 3, 4)]
    training = await make.make_training(hub=cast.hub, sessions=days[:2])
    first = min(training.sessions, key=lambda one: one.starts_at)
    phone = await make_phone(client, training, cast.coordinator, sessions=[first.id])
    await phone.post("listo", {"version": "1", "sessions": {str(first.id): "1"}})
    await make.make_session(await make.make_training(hub=cast.hub), *days[2])

    later = await make.make_session(training, *days[2])
    shown = await phone_seen_by(phone.device.id, await actor_of(cast.coordinator))
    assert (shown.state, [one.id for one in shown.added]) == (PhoneState.NOT_READY, [later.id])
    told = [(await phone.get("estado")).json() for _ in range(2)][1]

    assert [one["id"] for one in told["sessions"]] == [str(first.id), str(later.id)]
    assert (await phone.get(f"sesiones/{later.id}/lista")).status_code == 200
    lacking = await phone.post("listo", {"version": "1", "sessions": {str(first.id): "1"}})
    assert lacking.json()["lacking"] == [str(later.id)]
    await phone.post("listo", {"version": "1", "sessions": {str(one["id"]): "1" for one in told["sessions"]}})
    shown = await phone_seen_by(phone.device.id, await actor_of(cast.coordinator))
    assert (shown.state, shown.added) == (PhoneState.READY, [])

    held = await make_phone(client, training, cast.facilitator, sessions=[first.id])
    await make.make_session(training, *days[3])
    assert [one["id"] for one in (await held.get("estado")).json()["sessions"]] == [str(first.id)]


async def test_list_is_sent_once_until_something_changes(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    ana = await make.make_registration(training, given_names="Ana", surnames="Coc")
    phone, path = await phone_of(client, cast, training), f"sesiones/{session_of(training).id}/lista"

    first = await phone.get(path)
    again = await phone.get(path, **{"if-none-match": first.headers["etag"]})
    await make.make_registration(training, given_names="Beto")
    changed = await phone.get(path, **{"if-none-match": first.headers["etag"]})

    assert ana.qr_token is not None
    assert name_of(with_names(first.json()), ana.qr_token) == "Ana C."
    assert (again.status_code, again.content) == (304, b"")
    assert (changed.status_code, len(changed.json()["people"])) == (200, 2)
    assert changed.headers["etag"] == f'"{changed.json()["version"]}"'


async def test_without_a_known_cookie_it_is_401_and_without_the_header_400(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    await make.sign_in(client, cast.coordinator)
    paths = ["estado", f"sesiones/{session_of(training).id}/lista"]

    never = await client.get("/marcar/api/estado", headers=APP)
    assert (never.status_code, never.content, never.headers["cache-control"]) == (204, b"", "no-store"), "no fault"
    signed_in_only = [await client.get(f"/marcar/api/{paths[1]}", headers=APP)]
    client.cookies.set(COOKIE, tokens.own_link(), path="/marcar")
    unknown = [await client.get(f"/marcar/api/{path}", headers=APP) for path in paths]
    unknown.append(await client.post("/marcar/api/listo", json={"version": "1", "sessions": {}}, headers=APP))
    bare = [await client.get(f"/marcar/api/{path}", headers={"accept": "application/json"}) for path in paths]

    assert [one.status_code for one in (*signed_in_only, *unknown)] == [401] * 4
    assert {one.json()["code"] for one in (*signed_in_only, *unknown)} == {"unknown_device"}
    assert [(one.status_code, one.json()["code"]) for one in bare] == [(400, "not_from_app")] * 2


async def test_phone_goes_on_when_its_person_signs_out_or_loses_the_account(new_client: NewClient, cast: Cast) -> None:
    """Marks may not have been sent yet: nothing of the phone's own is touched, and it stays what it was."""
    training = await make.make_training(hub=cast.hub)
    browser = new_client()
    await make.sign_in(browser, cast.coordinator)
    phone = await make_phone(browser, training, cast.coordinator)

    out = await browser.post("/salir", headers={"content-type": "application/x-www-form-urlencoded"})
    await RoleGrant.filter(user_id=cast.coordinator.id).delete()
    await User.filter(id=cast.coordinator.id).update(is_active=False)

    assert out.headers["clear-site-data"] == '"cache"'
    assert not [one for one in out.headers.get_list("set-cookie") if one.startswith(COOKIE)]
    assert (await phone.get("estado")).json()["sessions"][0]["id"] == str(session_of(training).id)


async def test_list_ends_a_week_after_the_training_and_the_session_is_named_a_month_longer(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    training = await make.make_training(hub=cast.hub)
    phone, session = await phone_of(client, cast, training), session_of(training)

    seen = []
    for days in (6, 8, 36, 38):
        freeze(session.ends_at + timedelta(days=days))
        told = (await phone.get("estado")).json()["sessions"]
        lista = await phone.get(f"sesiones/{session.id}/lista")
        seen.append((len(told), bool(told and told[0]["version"]), lista.status_code))

    assert seen == [(1, True, 200), (1, False, 403), (1, False, 403), (0, False, 403)]


async def test_phone_gets_no_list_that_it_is_not_for_and_none_out_of_use(client: AsyncClient, cast: Cast) -> None:
    training, other = [await make.make_training(hub=cast.hub) for _ in range(2)]
    phone, session = await phone_of(client, cast, training), session_of(training)

    async def asked(key: UUID) -> tuple[int, str]:
        answer = await phone.get(f"sesiones/{key}/lista")
        return answer.status_code, answer.json()["code"]

    assert [await asked(key) for key in (session_of(other).id, tokens.uuid7())] == [(403, "roster_over")] * 2
    await devices.revoke(phone.device.id, actor=await make.actor_of(cast.coordinator))
    told = (await phone.get("estado")).json()
    assert (told["device"]["revoked"], told["sessions"], told["activities"]) == (True, [], [])
    assert await asked(session.id) == (403, "revoked")


async def test_phone_is_ready_once_it_says_that_it_holds_all_its_lists(client: AsyncClient, cast: Cast) -> None:
    training, other = [await make.make_training(hub=cast.hub) for _ in range(2)]
    keys = [session_of(one).id for one in (training, other)]
    phone = await make_phone(client, training, cast.coordinator, sessions=keys)

    part = await phone.post("listo", {"version": "app-1", "sessions": {str(keys[0]): "v"}})
    is_ready = [(await Device.get(id=phone.device.id)).ready_at is not None]
    whole = await phone.post("listo", {"version": "app-1", "sessions": dict.fromkeys(map(str, keys), "v")})
    device = await Device.get(id=phone.device.id)
    is_ready.append(device.ready_at is not None)

    assert (part.json()["lacking"], whole.json()["lacking"]) == ([str(keys[1])], [])
    assert (is_ready, device.app_version) == ([False, True], "app-1")
    for version in ("app\x001", "app-1 de Petén", ["app-1"]):
        odd = await phone.post("listo", {"version": version, "sessions": dict.fromkeys(map(str, keys), "v")})
        device = await Device.get(id=phone.device.id)
        assert (odd.status_code, device.app_version, device.ready_at is not None) == (200, "", True)


async def test_code_lets_one_phone_in_and_sets_cookies_that_scripts_cannot_read(
    new_client: NewClient, cast: Cast
) -> None:
    training, phone, other = await make.make_training(hub=cast.hub), new_client(), new_client()
    load = Load(cast.hub.id, [session_of(training).id])
    device, code = await devices.invite(load, name="Luis", actor=await make.actor_of(cast.facilitator))

    first = await phone.post("/marcar/api/alta", json={"code": code}, headers=APP)
    second = await other.post("/marcar/api/alta", json={"code": code}, headers=APP)

    assert first.json()["device"] == {"id": str(device.id), "name": "Luis", "revoked": False}
    cookies = first.headers.get_list("set-cookie")
    assert [one.partition("; ")[2].lower() for one in cookies] == [
        f"httponly; max-age=34560000; path={path}; samesite=strict" for path in ("/marcar", "/panel/telefonos/este")
    ]
    assert (second.status_code, second.json()["code"]) == (404, "code_over")
    assert not second.headers.get_list("set-cookie")
    assert (await phone.get("/marcar/api/estado", headers=APP)).status_code == 200


async def test_what_is_no_request_of_ours_is_answered_in_words(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    phone = await phone_of(client, cast, training)
    as_json = APP | {"content-type": "application/json"}

    answers = [
        await client.post(f"/marcar/api/{path}", content=body, headers=as_json)
        for path in ("alta", "listo")
        for body in (b"", b"{", b"[]", b'{"code": 7, "version": [], "sessions": 3}', b'{"sessions": {"x": 1}}', b"\xff")
    ]
    form = await client.post("/marcar/api/listo", data={"version": "1"}, headers=APP)

    assert {(one.status_code, one.json()["code"]) for one in (*answers, form)} == {(400, "unreadable_request")}
    assert (await Device.get(id=phone.device.id)).ready_at is None
    assert json.loads(answers[0].text)["sentence"]

    batch = json.dumps({"client_now": 1, "events": []})
    plain = await client.post("/marcar/api/marcas", content=batch, headers=APP | {"content-type": "text/plain"})
    assert (plain.status_code, plain.json()["code"]) == (400, "unreadable_batch")
