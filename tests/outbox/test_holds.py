"""What a mail server says about us is not the person's fault: sending is held, staff are told, one button goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.outbox.make_jobs import (
    Sending,
    a_mail,
    ends,
    job_of,
    make_jobs,
    until,
    until_none_is_due,
    until_settled,
    with_smtp,
    working,
)
from tests.outbox.smtp import Peer
from trainings import clock
from trainings.audit.models import AuditLine
from trainings.outbox import claims, holds
from trainings.outbox.mailer import Composers, Mail
from trainings.outbox.models import OutboxJob, Outcome
from trainings.places.models import Hub
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
NewClient = Callable[[], AsyncClient]
ABOUT_US = "550 5.7.1 not from you"
A_MINUTE = timedelta(seconds=61)


class Addressed:
    """Messages whose job's name is the address that they go to, and whom the program took for not there."""

    def __init__(self) -> None:
        self.marked: list[str] = []

    @property
    def composers(self) -> Composers:
        return {"note": self.compose}

    async def compose(self, job: OutboxJob) -> Mail:
        to = job.payload["name"]

        async def mark() -> None:
            self.marked.append(to)

        return a_mail(to, to=to, on_refused=mark)


async def panel_of(new_client: NewClient) -> tuple[AsyncClient, Callable[[], Awaitable[str]]]:
    """A coordinator's browser, and what its first page asks for."""
    cast = await make_cast()
    browser = new_client()
    await make.sign_in(browser, cast.coordinator)

    async def attention() -> str:
        page = await browser.get("/panel")
        return page.text.partition('aria-labelledby="ate"')[2].partition("</section>")[0]

    return browser, attention


async def go_on(browser: AsyncClient) -> None:
    """As staff do: from the first page to the messages, and there the button."""
    page = await browser.get("/panel/mensajes")
    assert 'action="/panel/mensajes/seguir"' in page.text
    assert "Se intenta cada minuto" not in page.text
    done = await browser.post("/panel/mensajes/seguir")
    assert done.status_code == 303


# -- the whole sender


async def test_refused_sign_in_holds_the_sender_at_once_until_staff_go_on(
    db: Settings, new_client: NewClient, peer: Peer
) -> None:
    browser, attention = await panel_of(new_client)
    peer.to_sign_in = "535 5.7.8 wrong password"
    names = [f"p{n}@x.example" for n in range(5)]
    await make_jobs(*names, hub_id=(await Hub.get(slug="la-libertad-peten")).id)
    url = peer.url.replace("smtp://", "smtp://aviso:secreto@")

    async with working(with_smtp(db, url), Addressed().composers):
        await until(lambda: says(attention, "El correo está detenido"))
        n_asked = peer.n_sign_ins
        await asyncio.sleep(0.2)  # several of the short looks of a test
        assert (peer.n_sign_ins, await OutboxJob.filter(tries=0, outcome="").count()) == (n_asked, 5)
        assert "el servidor de correo no acepta el usuario o la contraseña" in await attention()
        peer.to_sign_in = "235 2.7.0 welcome"
        await go_on(browser)
        await until_settled()

    assert sorted(peer.recipients()) == names
    assert "El correo está detenido" not in await attention()
    [line] = await AuditLine.filter(act="outbox.go_on")
    assert line.detail == {"holds": 1}


async def test_refused_sender_address_holds_the_sender_at_once(
    db: Settings, new_client: NewClient, peer: Peer, sending: Sending
) -> None:
    browser, attention = await panel_of(new_client)
    peer.to_sender = "550 5.1.8 domain of sender unknown"
    await make_jobs("ana@x.example", "beto@y.example")

    async with sending(Addressed().composers):
        await until(lambda: says(attention, "El correo está detenido"))
        assert "no acepta la dirección que envía" in await attention()
        assert await OutboxJob.filter(tries=0, outcome="").count() == 2
        peer.to_sender = "250 OK"
        await go_on(browser)
        await until_settled()

    assert sorted(peer.recipients()) == ["ana@x.example", "beto@y.example"]


async def test_password_is_not_sent_to_a_server_without_encryption(
    db: Settings, new_client: NewClient, peer: Peer
) -> None:
    _browser, attention = await panel_of(new_client)
    await make_jobs("ana@x.example")
    # The same machine, by a name that is not one of its own.
    elsewhere = f"smtp://aviso:secreto@0.0.0.0:{peer.port}"

    async with working(with_smtp(db, elsewhere), Addressed().composers):
        await until(lambda: says(attention, "El correo está detenido"))

    assert "la contraseña viajaría sin cifrar" in await attention()
    assert (peer.n_sign_ins, peer.recipients()) == (0, [])


async def test_message_that_is_too_large_is_not_the_sender_s(db: Settings, peer: Peer, sending: Sending) -> None:
    peer.to_sender = "552 5.3.4 message too big"
    await make_jobs("ana@x.example")

    async with sending(Addressed().composers):
        await until_settled()

    assert await ends() == {"ana@x.example": "refused"}


async def test_sign_in_that_fails_for_a_moment_holds_nobody(db: Settings, new_client: NewClient, peer: Peer) -> None:
    _browser, attention = await panel_of(new_client)
    peer.to_sign_in = "454 4.7.0 try later"
    await make_jobs("ana@x.example")

    async with working(with_smtp(db, peer.url.replace("//", "//aviso:secreto@")), Addressed().composers):
        await until(lambda: are_signed_in(peer, 2))
        assert "El correo está detenido" not in await attention()
        peer.to_sign_in = "235 2.7.0 welcome"
        await until_settled()

    assert peer.recipients() == ["ana@x.example"]


# -- one domain, and three


async def test_three_recipients_of_a_domain_hold_it_and_no_other(
    db: Settings, new_client: NewClient, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    browser, attention = await panel_of(new_client)
    refused = [f"p{n}@mal.example" for n in range(4)]
    for address in refused:
        peer.to_recipient[address] = [ABOUT_US] * 9
    freeze(clock.now())
    await make_jobs(*refused, "ana@x.example")

    async with sending(Addressed().composers):
        await until_none_is_due()
        held = await attention()
        for minutes in (1, 6, 13):
            freeze(clock.now() + minutes * A_MINUTE)
            await until_none_is_due()
        n_asked = [9 - len(peer.to_recipient[address]) for address in refused]
        peer.to_recipient.clear()
        await go_on(browser)
        await until_settled()

    assert "No sale correo a mal.example" in held
    assert n_asked == [1, 1, 1, 0]
    assert sorted(peer.recipients()) == ["ana@x.example", *refused]
    assert "mal.example" not in await attention()


@pytest.mark.both_engines
async def test_message_is_not_put_off_behind_staff_who_go_on(db: Settings, freeze: Freeze) -> None:
    actor = await make.actor_of((await make_cast()).coordinator)
    freeze(clock.now())
    for round_number in range(10):
        for name in "abc":
            await holds.note_refusal(f"{name}@mal.example", ABOUT_US)
        await make_jobs(f"p{round_number}")
        [job] = await claims.claim()

        await asyncio.gather(holds.put_off_where_held(job, "p@mal.example"), holds.go_on(actor=actor))

        assert (await OutboxJob.get(id=job.id)).run_at == clock.now()
        await claims.finish(job, Outcome.DONE)


async def test_success_between_the_refusals_of_a_domain_or_of_three_holds_nothing(
    db: Settings, new_client: NewClient, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    _browser, attention = await panel_of(new_client)
    before, after = ("a@x.example", "ana@uno.example", "b@x.example"), ("c@x.example", "ana@dos.example")
    for address in (*before, *after):
        peer.to_recipient[address] = [ABOUT_US]
    freeze(clock.now())
    for address in (*before, "taken@x.example", *after):
        await make_jobs(address)

    async with sending(Addressed().composers):
        await until_none_is_due()
        seen = await attention()
        freeze(clock.now() + A_MINUTE)
        await until_settled()

    assert "No sale correo" not in seen
    assert "El correo está detenido" not in seen
    assert sorted(peer.recipients()) == sorted((*before, "taken@x.example", *after))


async def test_three_domains_hold_the_sender(
    db: Settings, new_client: NewClient, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    browser, attention = await panel_of(new_client)
    addresses = [f"ana@{name}.example" for name in ("uno", "dos", "tres", "cuatro")]
    for address in addresses:
        peer.to_recipient[address] = [ABOUT_US]
    freeze(clock.now())
    await make_jobs(*addresses)

    async with sending(Addressed().composers):
        await until(lambda: says(attention, "El correo está detenido"))
        assert "tres servidores distintos no aceptan nuestros mensajes" in await attention()
        assert peer.to_recipient["ana@cuatro.example"] == [ABOUT_US]
        peer.to_recipient.clear()
        freeze(clock.now() + A_MINUTE)
        await go_on(browser)
        await until_settled()

    assert sorted(peer.recipients()) == sorted(addresses)


async def test_who_reads_no_messages_is_told_of_no_hold_and_cannot_go_on(
    db: Settings, new_client: NewClient, peer: Peer, sending: Sending
) -> None:
    peer.to_sender = "550 5.1.8 domain of sender unknown"
    await make_jobs("ana@x.example")
    cast = await make_cast()
    browser = new_client()
    await make.sign_in(browser, cast.facilitator)

    async with sending(Addressed().composers):
        await until(lambda: OutboxJob.exists(last_error__startswith="550"))

    assert "El correo está detenido" not in (await browser.get("/panel")).text
    assert (await browser.post("/panel/mensajes/seguir")).status_code == 403


# -- what is the person's


NOBODY_THERE = [
    *("550 5.1.1", "550 5.1.2", "553 5.1.3", "550 5.1.6", "550 5.1.10", "550 5.2.1"),
    "554-5.1.1 no\r\n554 5.1.1",
]
ANOTHER_REASON = ["552 5.2.2", "550 5.1.0", "550 5.4.1", "550 5.6.0", "554 5.3.4", "501", "554"]


async def test_address_is_marked_only_where_the_server_says_that_nobody_is_there(
    sqlite_db: Settings, peer: Peer, sending: Sending
) -> None:
    mails = Addressed()
    answers = {f"p{n}@x.example": answer for n, answer in enumerate((*NOBODY_THERE, *ANOTHER_REASON))}
    for address, answer in answers.items():
        peer.to_recipient[address] = [f"{answer} no"]
    await make_jobs(*answers)

    async with sending(mails.composers):
        await until_settled()

    assert [answers[address] for address in mails.marked] == NOBODY_THERE
    assert await ends() == dict.fromkeys(answers, "refused")


async def test_one_recipient_refused_because_of_us_ages_and_is_not_marked(
    sqlite_db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    mails = Addressed()
    for address, answer in (("ana@x.example", "550 5.7.26"), ("ana@y.example", "554 5.4.5")):
        peer.to_recipient[address] = [f"{answer} no"] * 20
    freeze(clock.now())
    await make_jobs("ana@x.example", "ana@y.example")

    async with sending(mails.composers):
        for _ in range(8):
            await until_none_is_due()
            freeze(clock.now() + timedelta(hours=13))
        await until_settled()

    assert mails.marked == []
    assert await ends() == dict.fromkeys(("ana@x.example", "ana@y.example"), "gave_up")


async def test_550_that_says_no_more_marks_an_address_after_two_days(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    mails = Addressed()
    peer.to_recipient["ana@x.example"] = ["550 no"] * 20
    start = clock.now()
    freeze(start)
    await make_jobs("ana@x.example")

    async with sending(mails.composers):
        for hour in range(0, 48, 6):
            freeze(start + timedelta(hours=hour))
            await until_none_is_due()
        assert (mails.marked, await ends()) == ([], {"ana@x.example": ""})
        freeze(start + timedelta(days=2))
        await until_settled()

    assert mails.marked == ["ana@x.example"]
    assert await ends() == {"ana@x.example": "refused"}


async def test_messages_to_one_recipient_who_is_busy_age_like_any_other(
    db: Settings, peer: Peer, sending: Sending, freeze: Freeze
) -> None:
    busy = [f"n{n}" for n in range(4)]

    async def compose(job: OutboxJob) -> Mail:
        name = job.payload["name"]
        return a_mail(name, to="ana@x.example" if name in busy else f"{name}@x.example")

    peer.to_recipient["ana@x.example"] = ["451 4.2.1 busy"] * 4
    freeze(clock.now())
    await make_jobs(*busy, "beto")

    async with sending({"note": compose}):
        await until_none_is_due()

        assert [(await job_of(name)).tries for name in busy] == [1, 1, 1, 1]
        assert (await job_of("beto")).outcome == "sent"


async def says(attention: Callable[[], Awaitable[str]], words: str) -> bool:
    return words in await attention()


async def are_signed_in(peer: Peer, n: int) -> bool:
    return peer.n_sign_ins >= n
