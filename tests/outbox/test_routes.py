"""Messages in the panel: who sees which, stopping and repeating, and that nobody reads another's link off them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.outbox.make_jobs import make_jobs
from trainings import clock
from trainings.accounts.models import User
from trainings.audit.models import AuditLine
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import OwnLink, Registration, RegistrationGroup, RegistrationState
from trainings.settings import get_settings

Freeze = Callable[[datetime], None]
Browsers = Callable[[], AsyncClient]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """`environment("production")` is where the program believes to run, until the test ends."""

    def be_in(name: str) -> None:
        monkeypatch.setenv("TRAININGS_ENV", name)
        get_settings.cache_clear()

    yield be_in
    get_settings.cache_clear()


async def signed_in(new_client: Browsers, user: User) -> AsyncClient:
    browser = new_client()
    await make.sign_in(browser, user)
    return browser


async def a_message(cast: Cast, *, community: str = "") -> OutboxJob:
    """The confirmation of a sign-up at the cast's hub, not yet sent."""
    training = await make.make_training(hub=cast.hub, venue=cast.venue)
    registration = await make.make_registration(training, email="ana@x.example", community=community)
    return await OutboxJob.get(subject_id=registration.id)


async def failed(job: OutboxJob) -> None:
    await OutboxJob.filter(id=job.id).update(
        failed_at=clock.now(), outcome="refused", last_error="550 no such mailbox", run_at=clock.now(), done_at=None
    )


async def test_list_shows_short_names_and_where_each_message_is(new_client: Browsers) -> None:
    cast = await make_cast()
    await a_message(cast, community="Las Pozas")
    browser = await signed_in(new_client, cast.coordinator)

    page = await browser.get("/panel/mensajes")

    assert page.status_code == 200
    assert "Inscripción confirmada" in page.text
    assert "María Elena C. T., Las Pozas" in page.text
    assert "Caal" not in page.text
    assert "x.example" not in page.text.replace("ventanilla.example", "")


async def test_list_is_the_hubs_own(new_client: Browsers) -> None:
    cast = await make_cast()
    job = await a_message(cast)
    statuses = {}

    for user in (
        cast.coordinator,
        cast.admin,
        cast.coordinator_elsewhere,
        cast.facilitator,
        cast.assistant,
        cast.monitor,
        cast.platform,
    ):
        browser = await signed_in(new_client, user)
        pages = [await browser.get(f"/panel/mensajes{rest}") for rest in ("", f"/{job.id}", f"/{job.id}/html")]
        statuses[user.name] = ([page.status_code for page in pages], "María Elena" in pages[0].text)

    assert statuses == {
        "Rosa Xol": ([200, 200, 200], True),
        "Pedro Chub": ([200, 200, 200], True),
        "Elsa Roblero": ([200, 404, 404], False),
        "Ana Coc": ([403, 403, 403], False),
        "Luis Ba": ([403, 403, 403], False),
        "Inés Mó": ([403, 403, 403], False),
        "Julia Ical": ([403, 403, 403], False),
    }


async def test_message_is_shown_as_text_and_its_opening_is_written_down(
    new_client: Browsers, environment: Callable[[str], None]
) -> None:
    environment("demo")
    cast = await make_cast()
    job = await a_message(cast)
    browser = await signed_in(new_client, cast.coordinator)

    page = await browser.get(f"/panel/mensajes/{job.id}")

    assert "Su inscripción está confirmada" in page.text
    assert "ana@x.example" in page.text
    assert "invite.ics" in page.text
    assert await a_token() in page.text
    [line] = await AuditLine.filter(act="outbox.read")
    assert (line.object_id, line.actor_id, line.hub_id) == (job.id, cast.coordinator.id, cast.hub.id)


async def test_links_are_masked_in_production(new_client: Browsers, environment: Callable[[str], None]) -> None:
    environment("production")
    cast = await make_cast()
    job = await a_message(cast)
    browser = await signed_in(new_client, cast.coordinator)

    for rest in ("", "/html"):
        page = await browser.get(f"/panel/mensajes/{job.id}{rest}")
        assert page.status_code == 200
        assert "/i/••••" in page.text
        assert await a_token() not in page.text


async def test_html_is_shown_in_a_sandbox_that_allows_our_own_styles_only(new_client: Browsers) -> None:
    cast = await make_cast()
    job = await a_message(cast)
    browser = await signed_in(new_client, cast.coordinator)

    page = await browser.get(f"/panel/mensajes/{job.id}/html")

    policy = page.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-hashes' 'sha256-")
    assert "unsafe-inline" not in policy
    assert "script" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert "Su inscripción está confirmada" in page.text


async def test_failed_message_is_listed_apart_and_sent_again(new_client: Browsers) -> None:
    cast = await make_cast()
    job = await a_message(cast)
    await failed(job)
    browser = await signed_in(new_client, cast.coordinator)

    listed = await browser.get("/panel/mensajes?ver=fallidos")
    shown = await browser.get(f"/panel/mensajes/{job.id}")
    answer = await browser.post(f"/panel/mensajes/{job.id}/reintentar")

    assert "El correo lo rechazó" in listed.text
    assert "550 no such mailbox" in shown.text
    assert f"/panel/mensajes/{job.id}/reintentar" in shown.text
    assert (answer.status_code, answer.headers["location"]) == (303, f"/panel/mensajes/{job.id}")
    assert (await OutboxJob.get(id=job.id)).failed_at is None
    assert "Listo: se intenta otra vez." in (await browser.get(f"/panel/mensajes/{job.id}")).text


async def test_what_no_longer_holds_is_not_offered_to_be_sent_again(new_client: Browsers) -> None:
    cast = await make_cast()
    job = await a_message(cast)
    await failed(job)
    off = RegistrationState.CANCELLED
    await RegistrationGroup.filter(registrations__id=job.subject_id).update(state=off)
    await Registration.filter(id=job.subject_id).update(state=off)
    browser = await signed_in(new_client, cast.coordinator)

    shown = await browser.get(f"/panel/mensajes/{job.id}")

    assert "Lo que dice ya cambió." in shown.text
    assert "reintentar" not in shown.text


async def test_batch_is_stopped_with_its_button(new_client: Browsers, freeze: Freeze) -> None:
    cast, batch, moment = await make_cast(), uuid7(), clock.now()
    freeze(moment)
    common: dict[str, Any] = {"hub_id": cast.hub.id, "batch_id": batch, "run_at": moment + STAFF_DELAY}
    training = await make.make_training(hub=cast.hub, venue=cast.venue)
    for job in await make_jobs("ana", "beto", kind="training_changed", **common):
        person = await make.make_registration(
            training, given_names=job.payload["name"], email=job.payload["name"] + "@x.example"
        )
        await OutboxJob.filter(id=job.id).update(subject_id=person.id)
    await make_jobs("cora", kind="facilitator_changed", **common)
    freeze(moment + timedelta(minutes=3))
    browser = await signed_in(new_client, cast.coordinator)

    page = await browser.get("/panel/mensajes")
    [button] = re.findall(r'action="(/panel/mensajes/lotes/[^"]*)"', page.text)
    answer = await browser.post(button)

    assert "a 2 personas" in page.text
    assert "a 1 que facilita" in page.text
    assert "sale en 7 minutos" in page.text
    assert answer.status_code == 303
    after = await browser.get("/panel/mensajes")
    assert "Listo: se detuvieron 3 avisos." in after.text
    assert "lotes" not in after.text
    assert "Detenido" in after.text
    assert await OutboxJob.filter(stopped_at__isnull=False).count() == 3


async def test_stopping_too_late_is_refused_with_a_sentence(new_client: Browsers, freeze: Freeze) -> None:
    cast, batch, moment = await make_cast(), uuid7(), clock.now()
    freeze(moment)
    await make_jobs("ana", hub_id=cast.hub.id, batch_id=batch, run_at=moment + STAFF_DELAY)
    browser = await signed_in(new_client, cast.coordinator)
    freeze(moment + STAFF_DELAY)

    answer = await browser.post(f"/panel/mensajes/lotes/{batch}/detener")

    assert answer.status_code == 409
    assert "Los avisos ya salieron" in answer.text
    assert not await OutboxJob.exists(stopped_at__not_isnull=True)


async def test_list_goes_on_over_pages_without_gap_or_overlap(new_client: Browsers) -> None:
    cast = await make_cast()
    run_at = clock.now() + timedelta(days=1)
    jobs = await make_jobs(*(f"p{n:03}" for n in range(120)), hub_id=cast.hub.id, run_at=run_at)
    browser = await signed_in(new_client, cast.coordinator)
    address, seen = "/panel/mensajes", []

    while address:
        page = await browser.get(address)
        seen += re.findall(r'href="/panel/mensajes/([0-9a-f-]{36})"', page.text)
        older = re.search(r'rel="next" href="([^"]*)"', page.text)
        address = older[1] if older else ""

    assert seen == [str(job.id) for job in reversed(jobs)]


MALFORMED: list[str] = ["?antes=x", "?antes=%00", "?ver=%3Cscript%3E", "?antes=" + "9" * 5000]


async def test_message_whose_person_left_no_address_says_so(new_client: Browsers) -> None:
    cast = await make_cast()
    job = await a_message(cast)
    registration = await Registration.get(id=job.subject_id).prefetch_related("participant")
    registration.participant.email = None
    await registration.participant.save(update_fields=["email"])
    browser = await signed_in(new_client, cast.coordinator)

    page = await browser.get(f"/panel/mensajes/{job.id}")

    assert page.status_code == 200
    assert "Ya no hay a quién escribir" in page.text
    assert (await browser.get(f"/panel/mensajes/{job.id}/html")).status_code == 404


async def test_without_messages_the_page_says_what_will_be_there_however_it_is_asked(new_client: Browsers) -> None:
    cast = await make_cast()
    browser = await signed_in(new_client, cast.coordinator)

    for rest in ("", *MALFORMED):
        page = await browser.get(f"/panel/mensajes{rest}")
        assert page.status_code == 200, rest
        assert "No hay servidor de correo" not in page.text
    assert "Todavía no hay mensajes" in (await browser.get("/panel/mensajes")).text


async def a_token() -> str:
    token = (await OwnLink.all().first() or OwnLink()).token
    assert token
    return token
