"""`/panel/sesiones/{id}/asistencia`: who may open it, marking with and without script, walk-ins, closing, the sheet."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.attendance.doors import Opened, flags, hours, qr_of, scan, stay
from tests.cast import Cast, make_cast
from tests.web.pages import Page
from trainings import clock
from trainings.accounts.models import Role
from trainings.attendance import actions
from trainings.attendance.models import ScanEvent
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.people.models import Consent
from trainings.registrations import actions as registrations
from trainings.registrations.models import Registration
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings

NewClient = Callable[[], AsyncClient]
Freeze = Callable[[datetime], None]
ROSA = {
    "given_names": "Rosa Amalia",
    "surnames": "Coc Xol",
    "municipality": "1705",
    "actor_type": "cocode",
    "consent_data": "yes",
}


async def open_door(cast: Cast, **columns: Any) -> Opened:
    """A session of La Libertad held by Ana Coc, with one person on it."""
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator], **columns)
    ana = await make.make_registration(training, given_names="Ana Lucía", surnames="Ba Coc", community="Las Pozas")
    return Opened(training, training.sessions[0], ana)


async def signed_in(new_client: NewClient, cast: Cast, who: str) -> AsyncClient:
    client = new_client()
    await make.sign_in(client, getattr(cast, who))
    return client


def path_of(door: Opened) -> str:
    return f"/panel/sesiones/{door.key}/asistencia"


async def mark(client: AsyncClient, door: Opened, **fields: str) -> Response:
    """One mark as the page without script sends it."""
    return await client.post(f"{path_of(door)}/marcas", data={"id": str(tokens.uuid7())} | fields)


async def send(client: AsyncClient, door: Opened, *events: dict[str, Any], **body: Any) -> Response:
    """A batch as the scanner sends it."""
    batch = {"events": list(events), "client_now": milliseconds(clock.now())} | body
    return await client.post(f"{path_of(door)}/marcas", json=batch, headers={"accept": "application/json"})


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def event(code: str | None = None, at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(tokens.uuid7()),
        "kind": "in",
        "how": "camera",
        "at": milliseconds(at or clock.now()),
        "code": code,
        "seq": 1,
    } | fields


# -- who may


@pytest.mark.parametrize("who", ["facilitator", "assistant", "coordinator", "admin"])
async def test_door_is_open_to_who_holds_the_session_and_to_the_desk(new_client: NewClient, who: str) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, who)

    answer = await client.get(path_of(door))

    page = Page(answer.text)
    assert answer.status_code == 200
    assert "Ana Lucía B. C., Las Pozas" in page.text
    assert "Ba Coc" not in page.text, "lists show initials"
    assert ("Cerrar la sesión" in page.text) is (who != "assistant")


@pytest.mark.parametrize(
    ("who", "status"),
    [("facilitator_elsewhere", 404), ("coordinator_elsewhere", 404), ("monitor", 403), ("platform", 403)],
)
async def test_door_is_shut_to_everybody_else(new_client: NewClient, who: str, status: int) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, who)

    for path in ("", "/sin-boleto", "/cerrar", "/listado"):
        assert (await client.get(path_of(door) + path)).status_code == status
    for path in ("/marcas", "/deshacer", "/sin-boleto", "/cerrar", "/reabrir"):
        assert (await client.post(path_of(door) + path, data={})).status_code == status
    assert (await send(client, door, event(qr_of(door.ana)))).status_code == status
    assert await ScanEvent.all().count() == 0


async def test_facilitator_of_another_session_of_the_same_hub_finds_nothing(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    colleague = await make.make_user(Role.FACILITATOR, cast.hub)
    client = new_client()
    await make.sign_in(client, colleague)

    assert (await client.get(path_of(door))).status_code == 404


async def test_unknown_sessions_are_not_found(new_client: NewClient) -> None:
    cast = await make_cast()
    client = await signed_in(new_client, cast, "coordinator")

    for key in (str(tokens.uuid7()), "x", "%00", "1" * 500):
        assert (await client.get(f"/panel/sesiones/{key}/asistencia")).status_code == 404


async def test_only_this_page_may_use_the_camera_and_webassembly(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")

    scan_page = (await client.get(path_of(door))).headers
    others = [
        (await client.get(path)).headers
        for path in (f"{path_of(door)}/sin-boleto", f"{path_of(door)}/listado", f"/capacitaciones/{door.training.slug}")
    ]

    assert "script-src 'self' 'wasm-unsafe-eval';" in scan_page["content-security-policy"]
    assert scan_page["permissions-policy"].startswith("camera=(self)")
    assert "unsafe-inline" not in scan_page["content-security-policy"]
    for headers in others:
        assert "wasm-unsafe-eval" not in headers["content-security-policy"]
        assert headers["permissions-policy"].startswith("camera=()")


# -- marking without script


async def test_typed_code_marks_and_the_page_says_who_came(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")

    answer = await mark(client, door, code=tokens.show_short_code(door.ana.short_code).lower(), how="typed")

    assert answer.status_code == 303
    assert re.fullmatch(rf"{path_of(door)}\?marca=[0-9a-f-]{{36}}#resultado", answer.headers["location"])
    assert "set-cookie" not in answer.headers, "the name is told by the page, not by a cookie"
    page = Page((await client.get(answer.headers["location"])).text)
    result = page.text[page.text.index("Presente") :]
    assert result.split("Presente")[1].lstrip().startswith("Ana Lucía B. C.")
    assert "1 de 1 presentes" in " ".join(page.text.split())


async def test_tapped_row_marks_leaves_and_is_undone(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")

    await mark(client, door, registration=str(door.ana.id), how="list")
    assert (await stay(door)).is_present is True
    freeze(door.starts_at + timedelta(hours=1))
    await mark(client, door, registration=str(door.ana.id), how="list", kind="out")
    assert (await stay(door)).left_at == door.starts_at + timedelta(hours=1)
    page = Page((await client.get(path_of(door))).text)
    undo = next(field["value"] for field in page.all("input", name="event") if field["value"])
    answer = await client.post(
        f"{path_of(door)}/deshacer", data={"event": str(undo), "filtro": "presentes", "q": "ana"}
    )

    row = await stay(door)
    assert (row.is_present, row.left_at) == (True, None)
    assert answer.headers["location"].endswith("&filtro=presentes&q=ana#resultado")


async def test_two_clicks_on_one_row_are_one_mark(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")
    key = str(tokens.uuid7())
    await mark(client, door, id=key, registration=str(door.ana.id), how="list")

    freeze(door.starts_at + timedelta(seconds=1))
    await mark(client, door, id=key, registration=str(door.ana.id), how="list")

    assert await ScanEvent.all().count() == 1
    assert await flags(door) == [""]


async def test_wrong_code_is_told_and_kept_in_its_field(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")

    for code in ("K7Q2-9XMD-A", "<b>hola</b>", "x" * 301, ""):
        answer = await mark(client, door, code=code, how="typed")
        page = Page(answer.text)
        assert answer.status_code == 422
        assert page.one("input", id="code")["value"] == code
        assert page.one("input", id="code")["aria-invalid"] == "true"
    assert await ScanEvent.all().count() == 0


async def test_unknown_code_is_kept_and_the_person_let_in(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")

    answer = await mark(client, door, code=tokens.short_code(), how="typed")

    page = Page((await client.get(answer.headers["location"])).text)
    assert "Guardado, por revisar" in page.text
    assert "Deje pasar a la persona." in page.text
    assert await ScanEvent.filter(flag="unknown_code").count() == 1


@pytest.mark.parametrize(
    "fields",
    [{"id": "x"}, {"registration": "x"}, {"kind": "undo"}, {"how": "camera"}, {"id": ""}, {"registration": "%00"}],
)
async def test_tampered_marks_are_refused(new_client: NewClient, fields: dict[str, str]) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")

    answer = await mark(client, door, **({"registration": str(door.ana.id), "how": "list"} | fields))

    assert answer.status_code == 422
    assert await ScanEvent.all().count() == 0


async def test_answer_about_an_event_of_another_door_is_not_told(new_client: NewClient) -> None:
    cast = await make_cast()
    door, other = await open_door(cast), await open_door(cast)
    came = scan(qr_of(other.ana), other.starts_at)
    await actions.take(other.key, [came], actor=PROGRAM)
    client = await signed_in(new_client, cast, "facilitator")

    for value in (str(came.id), "present", "x" * 900, "%00"):
        page = Page((await client.get(f"{path_of(door)}?marca={value}")).text)
        assert "Listo para marcar" in page.text


async def test_list_is_searched_and_filtered_in_the_address(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_door(cast, capacity=2)
    berta = await make.make_registration(door.training, given_names="Berta", surnames="Xol")
    waits = await make.make_registration(door.training, given_names="Cruz", surnames="Mo")
    gone = await make.make_registration(door.training, given_names="Dora", surnames="Coc")
    await registrations.cancel(gone.id, actor=HOLDER_OF_LINK)
    await actions.take(door.key, [scan(qr_of(berta), door.starts_at)], actor=PROGRAM)
    client = await signed_in(new_client, cast, "facilitator")

    async def shown(query: str) -> list[str]:
        page = Page((await client.get(f"{path_of(door)}?{query}")).text)
        rows = [row for row in page.all("tr") if "data-name" in row]
        assert len(rows) == 3, "who cancelled and did not come is not on the list"
        return [str(row["data-name"]) for row in rows if "hidden" not in row]

    assert await shown("") == ["Ana Lucía B. C.", "Berta X.", "Cruz M."]
    assert await shown("filtro=faltan") == ["Ana Lucía B. C."]
    assert await shown("filtro=presentes") == ["Berta X."]
    assert await shown("q=LUCIA%20pozas") == ["Ana Lucía B. C."]
    assert await shown(f"q={waits.short_code[:4]}") == ["Cruz M."]
    assert await shown("filtro=x&q=%00") == await shown("filtro=todas&q=%25")


# -- marking by script


async def test_batch_is_answered_event_by_event_with_the_counts(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")
    came, again, stranger, nothing = (
        event(qr_of(door.ana)),
        event(qr_of(door.ana)),
        event(tokens.qr_token()),
        event("x"),
    )

    answer = await send(client, door, came, again, stranger, nothing)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["n_present"], body["n_expected"]) == (1, 1)
    assert [(one["id"], one["outcome"], one["stored"]) for one in body["results"]] == [
        (came["id"], "present", True),
        (again["id"], "already", True),
        (stranger["id"], "unknown_code", True),
        (nothing["id"], "not_a_ticket", False),
    ]
    first = body["results"][0]
    assert (first["name"], first["arrived"]) == ("Ana Lucía B. C.", "8:30\xa0a.\xa0m.")
    assert (first["registration"], first["event"]) == (str(door.ana.id), came["id"])
    assert body["results"][1]["text"] == "Cuenta una sola vez: llegó a las 8:30\xa0a.\xa0m."
    assert (await ScanEvent.get(id=came["id"])).seq == 1


async def test_lost_answer_is_given_again(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")
    batch = [event(qr_of(door.ana)), event(tokens.qr_token())]
    first = await send(client, door, *batch)

    again = await send(client, door, *batch)

    assert again.json() == first.json()
    assert await ScanEvent.all().count() == 2


async def test_undo_by_script_names_the_event(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")
    came = event(qr_of(door.ana))
    await send(client, door, came)

    answer = await send(client, door, event(kind="undo", how="list", target=came["id"]))

    assert answer.json()["results"][0]["outcome"] == "undone"
    assert answer.json()["n_present"] == 0


async def test_clock_of_the_phone_is_corrected_by_what_it_says_the_time_is(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")
    wrong = door.starts_at - timedelta(days=365)

    answer = await send(client, door, event(qr_of(door.ana), at=wrong), client_now=milliseconds(wrong))

    assert answer.json()["results"][0]["arrived"] == "8:30\xa0a.\xa0m."
    assert await flags(door) == ["clock"]


async def test_malformed_batches_are_refused_whole_and_in_words(new_client: NewClient, db: Settings) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")
    good = event(qr_of(door.ana))
    path = f"{path_of(door)}/marcas"
    bodies: list[Any] = [
        "",
        "{",
        "[]",
        "null",
        '{"events": []}',
        "[" * 5_000,
        {"events": [good]},
        {"events": [good], "client_now": "soon"},
        {"events": [good], "client_now": -1},
        {"events": [good], "client_now": 10**30},
        {"events": [good | {"id": "x"}], "client_now": 1},
        {"events": [good | {"at": None}], "client_now": 1},
        f'{{"events": [{{"id": "{good["id"]}", "kind": "in", "how": "list", "at": 1e400}}], "client_now": 1}}',
        {"events": [good | {"kind": "walkin"}], "client_now": 1},
        {"events": [good | {"how": "magic"}], "client_now": 1},
        {"events": [good | {"code": "x" * 301}], "client_now": 1},
        {"events": [good | {"seq": 2**40}], "client_now": 1},
        {"events": [good | {"registration": ["x"]}], "client_now": 1},
        {"events": [event(qr_of(door.ana)) for _n in range(51)], "client_now": 1},
    ]

    for body in bodies:
        sent = {"content": body} if isinstance(body, str) else {"json": body}
        answer = await client.post(path, headers={"content-type": "application/json"}, **sent)
        assert answer.status_code == 400, body
        assert answer.json()["sentence"] == "No pudimos leer las marcas que envió este aparato."
    too_large = await client.post(path, content="x" * 70_000, headers={"content-type": "application/json"})
    assert too_large.status_code == 413
    assert await ScanEvent.all().count() == 0


async def test_fifty_events_fit(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")

    answer = await send(client, door, *(event(tokens.qr_token()) for _n in range(50)))

    assert answer.status_code == 200
    assert await ScanEvent.all().count() == 50


async def test_batch_from_another_site_or_of_another_type_is_refused(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")
    path = f"{path_of(door)}/marcas"

    foreign = await client.post(path, json={}, headers={"origin": "https://evil.example"})
    plain = await client.post(path, content="{}", headers={"content-type": "text/plain"})

    assert (foreign.status_code, plain.status_code) == (403, 415)


async def test_signed_out_scanner_is_led_to_the_sign_in_without_an_answer(client: AsyncClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)

    answer = await send(client, door, event(qr_of(door.ana)))

    assert answer.status_code in (303, 401)
    assert "results" not in answer.text
    assert await ScanEvent.all().count() == 0


# -- without a ticket


async def test_walk_in_is_written_down_with_consent_read_aloud_and_present(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")
    form = Page((await client.get(f"{path_of(door)}/sin-boleto")).text)
    key = str(form.one("input", name="id")["value"])
    assert not [one for one in form.all("option") if one["value"] in ("12-13", "14-17")]

    answer = await client.post(f"{path_of(door)}/sin-boleto", data=ROSA | {"id": key, "sex": "mujer"})
    again = await client.post(f"{path_of(door)}/sin-boleto", data=ROSA | {"id": key, "sex": "mujer"})

    assert again.headers["location"] == answer.headers["location"]
    rosa = await Registration.get(source="walk_in")
    assert (await stay(door, rosa)).is_present is True
    [consent] = await Consent.filter(how="read_aloud")
    assert consent.recorded_by_id == cast.facilitator.id
    page = Page((await client.get(answer.headers["location"])).text)
    assert "Rosa Amalia C. X." in page.text
    assert await ScanEvent.all().count() == 1


async def test_walk_in_without_consent_or_name_or_too_young_is_refused_and_kept(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")
    path, key = f"{path_of(door)}/sin-boleto", str(tokens.uuid7())

    silent = await client.post(path, data=ROSA | {"id": key, "consent_data": ""})
    nameless = await client.post(path, data=ROSA | {"id": key, "given_names": " "})
    minor = await client.post(path, data=ROSA | {"id": key, "age_group": "14-17"})
    tampered = await client.post(path, data=ROSA | {"id": "x"})

    assert [one.status_code for one in (silent, nameless, minor, tampered)] == [422, 422, 409, 422]
    for answer in (silent, nameless, minor):
        page = Page(answer.text)
        assert page.one("input", name="surnames")["value"] == "Coc Xol"
        assert page.one("input", name="id")["value"] == key
    assert await Registration.all().count() == 1


# -- closing


async def test_closing_says_what_it_means_then_counts_hours_and_may_be_taken_back(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    await actions.take(door.key, [scan(qr_of(door.ana), door.starts_at)], actor=PROGRAM)
    freeze(door.ends_at)
    client = await signed_in(new_client, cast, "facilitator")
    asked = await client.get(f"{path_of(door)}/cerrar")
    assert asked.status_code == 200
    assert (await TrainingSession.get(id=door.key)).closed_at is None

    answer = await client.post(f"{path_of(door)}/cerrar")

    assert answer.headers["location"] == path_of(door)
    session = await TrainingSession.get(id=door.key)
    assert (session.closed_at, session.closed_by_id) == (door.ends_at, cast.facilitator.id)
    assert await hours(door.ana) == (240, True)
    page = Page((await client.get(path_of(door))).text)
    assert "La sesión está cerrada" in page.text
    assert page.one("form", action=f"{path_of(door)}/reabrir")
    assert not page.all("input", name="registration", value=str(door.ana.id)), "nobody is marked any more"
    assert (await client.get(f"{path_of(door)}/cerrar")).headers["location"] == path_of(door)
    await client.post(f"{path_of(door)}/reabrir")
    assert (await TrainingSession.get(id=door.key)).closed_at is None


async def test_assistant_checks_in_but_does_not_close(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    freeze(door.ends_at)
    client = await signed_in(new_client, cast, "assistant")

    assert (await mark(client, door, registration=str(door.ana.id), how="list")).status_code == 303
    assert (await client.get(f"{path_of(door)}/cerrar")).status_code == 403
    assert (await client.post(f"{path_of(door)}/cerrar")).status_code == 403
    assert (await client.post(f"{path_of(door)}/reabrir")).status_code == 403

    assert (await TrainingSession.get(id=door.key)).closed_at is None


async def test_session_that_has_not_begun_is_not_closed(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast)
    client = await signed_in(new_client, cast, "facilitator")

    answer = await client.post(f"{path_of(door)}/cerrar")

    assert answer.status_code == 409
    assert "La sesión todavía no empieza." in answer.text


# -- paper


async def test_sheet_has_full_names_codes_and_room_to_sign_and_printing_is_logged(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_door(cast, capacity=1)
    await make.make_registration(door.training, given_names="Espera", surnames="Xol", phone="+50255551234")
    client = await signed_in(new_client, cast, "facilitator")

    answer = await client.get(f"{path_of(door)}/listado")

    page = Page(answer.text)
    assert "Ana Lucía Ba Coc" in page.text
    assert tokens.show_short_code(door.ana.short_code) in page.text
    assert "Espera" not in page.text, "only who has a place"
    assert "5555" not in page.text
    assert page.text.count("sin boleto") == 8
    [line] = await AuditLine.filter(act="attendance.print_sheet")
    assert (line.object_id, line.detail) == (door.key, {"n": 1})
