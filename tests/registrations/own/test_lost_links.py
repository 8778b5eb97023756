"""Lost links: everybody gets the same answer on the page; what is known only the mailbox learns."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient, Response
from tortoise.exceptions import OperationalError

from tests import make
from tests.counting import statements
from tests.outbox.told import FOUR_HOURS, FRIDAY, SATURDAY, a_training, last_job, token_of
from tests.registrations.families import group_token, make_family
from tests.web.pages import Page
from trainings import clock, jobs
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.db.fields import set_keyring
from trainings.lib.crypt import Keyring
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob
from trainings.people.actions import GuardianContact
from trainings.people.models import Participant, Relation
from trainings.places.models import Hub
from trainings.registrations.models import HoldReason, OwnLink
from trainings.registrations.own import lost_link_routes
from trainings.registrations.own.lost_links import ask_for_links
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import replace_ticket
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
NewClient = Callable[[], AsyncClient]
PATH = "/mis-inscripciones"
ROSA, NOBODY = "rosa@x.example", "nadie@x.example"


@pytest.fixture(autouse=True)
def _on_friday(freeze: Freeze) -> None:
    freeze(FRIDAY)


async def mail_for(email: str) -> Mail | None:
    """What asking for the links of an address leads to."""
    await ask_for_links(email)
    return await jobs.COMPOSERS["my_links"](await last_job("my_links"))


async def links_for(email: str) -> list[str]:
    """The links of that message, in its order."""
    mail = await mail_for(email)
    return [] if mail is None else [line.rpartition("/i/")[2] for line in mail.text.splitlines() if "/i/" in line]


# -- the page


def same(answer: Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.content, sorted(answer.headers.items())


async def test_answer_for_a_known_address_cannot_be_told_from_that_for_an_unknown_one(
    new_client: NewClient,
) -> None:
    await make.make_registration(await a_training(), email=ROSA)
    seen = []
    for email in (ROSA, NOBODY):
        client = new_client()
        with statements() as sent:
            posted = await client.post(PATH, data={"email": email})
        shown = await client.get(posted.headers["location"])
        seen.append((same(posted), same(shown), sent))

    (known, known_page, known_work), (unknown, unknown_page, unknown_work) = seen
    assert known == unknown
    assert known_page == unknown_page
    assert known_work == unknown_work
    assert known[0] == 303
    assert "Si hay inscripciones con ese correo, ya le escribimos." in Page(known_page[1].decode()).text
    assert await OutboxJob.filter(kind="my_links").count() == 2


async def test_outbox_keeps_no_address_and_belongs_to_no_hub(client: AsyncClient) -> None:
    await client.post(PATH, data={"email": " Rosa@X.example "})

    job = await OutboxJob.get()
    assert "@" not in json.dumps(job.payload)
    assert "rosa" not in json.dumps(job.payload)
    assert (job.subject_id, job.hub_id, job.lang) == (None, None, "es-GT")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Escriba el correo con el que se inscribió."),
        ("rosa", "Escriba un correo completo, por ejemplo nombre@correo.com."),
    ],
)
async def test_what_is_no_address_is_told_at_the_field(client: AsyncClient, typed: str, sentence: str) -> None:
    answer = await client.post(PATH, data={"email": typed})

    page = Page(answer.text)
    assert answer.status_code == 422
    assert sentence in page.text
    field = page.one("input", name="email")
    assert (field["value"], field["aria-invalid"]) == (typed, "true")
    assert await OutboxJob.all().count() == 0


async def test_village_that_shares_one_address_of_the_network_asks_thirty_times_an_hour(
    client: AsyncClient, freeze: Freeze
) -> None:
    for n in range(30):
        assert (await client.post(PATH, data={"email": f"{n}@x.example"})).status_code == 303

    assert (await client.post(PATH, data={"email": ROSA})).status_code == 429
    assert await OutboxJob.all().count() == 30
    freeze(FRIDAY + timedelta(hours=1))
    assert (await client.post(PATH, data={"email": ROSA})).status_code == 303


async def test_one_address_is_written_to_three_times_an_hour_whoever_asks(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    askers = iter(f"10.0.0.{n}" for n in range(9))
    monkeypatch.setattr(lost_link_routes, "client_address", lambda _request: next(askers))

    answers = [(await client.post(PATH, data={"email": ROSA})).status_code for _ in range(4)]

    assert answers == [303, 303, 303, 429]


async def test_refusal_keeps_what_was_typed_and_says_when_to_send_it(client: AsyncClient, freeze: Freeze) -> None:
    for _ in range(3):
        assert (await client.post(PATH, data={"email": ROSA})).status_code == 303
    freeze(FRIDAY + timedelta(minutes=20))

    answer = await client.post(PATH, data={"email": ROSA})

    page = Page(answer.text)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2400")
    assert page.one("input", name="email")["value"] == ROSA
    assert "Hubo demasiados intentos. Pruebe otra vez en 40 min. Lo que escribió sigue en esta página" in page.text
    assert await OutboxJob.all().count() == 3


async def test_form_when_the_database_is_locked_then_kept_with_when_to_try_again(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_email: str) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(lost_link_routes, "ask_for_links", fail)
    answer = await client.post("/mis-inscripciones", data={"email": "ana@example.org"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert Page(answer.text).one("input", name="email")["value"] == "ana@example.org"
    assert "Lo que escribió sigue en esta página" in answer.text


async def test_refusal_for_a_known_address_cannot_be_told_from_that_for_an_unknown_one(
    client: AsyncClient,
) -> None:
    await make.make_registration(await a_training(), email=ROSA)
    refused = []
    for email in (ROSA, NOBODY):
        for _ in range(3):
            await client.post(PATH, data={"email": email})
        with statements() as sent:
            answer = await client.post(PATH, data={"email": email})
        refused.append((answer.status_code, answer.text.replace(email, ""), sent))

    assert refused[0] == refused[1]
    assert refused[0][0] == 429


async def test_page_is_found_from_every_page_and_from_a_link_that_opens_nothing(client: AsyncClient) -> None:
    for path in ("/", "/i/00000000000000000000000000000000"):
        assert PATH in {link["href"] for link in Page((await client.get(path)).text).all("a")}


# -- the message


async def test_message_holds_the_own_link_of_what_is_to_come_and_says_nothing_typed(db: Settings) -> None:
    training = await a_training(title="Trata de personas", neutral_title="Reunión del sábado")
    await Hub.filter(id=training.hub_id).update(email="ventanilla@x.example")
    registration = await make.make_registration(training, email=ROSA)

    mail = await mail_for(ROSA)

    assert mail is not None
    assert (mail.to, mail.reply_to) == (ROSA, "ventanilla@x.example")
    assert mail.subject == "Los enlaces de sus inscripciones"
    token = await token_of(registration)
    for body in (mail.text, mail.html):
        assert f"http://localhost:8000/i/{token}" in body
        assert "Reunión del sábado" in body
        assert "M. E. C. T." in body
        assert "Trata" not in body
        assert "Caal" not in body
    assert not mail.is_overtaken


async def test_unknown_address_leads_to_nothing(db: Settings) -> None:
    await make.make_registration(await a_training(), email=ROSA)

    assert await mail_for(NOBODY) is None


async def test_families_have_their_group_link_and_one_alone_their_own_the_next_first(db: Settings) -> None:
    later = await make.make_training(sessions=[(SATURDAY + timedelta(weeks=1), SATURDAY + timedelta(weeks=1, hours=4))])
    alone = await make.make_registration(later, email=ROSA)
    family = await make_family(await a_training(admits_minors=True), "Rosa", "Diego", children=["Ana"], email=ROSA)

    assert await links_for(ROSA) == [await group_token(family[0]), await token_of(alone)]


async def test_adult_who_made_a_link_their_own_has_it_and_the_others_the_groups(db: Settings) -> None:
    rosa, diego, _eva = await make_family(await a_training(), "Rosa", "Diego", "Eva", email=ROSA)
    await OwnLink.filter(registration_id=diego.id).update(claimed_at=clock.now())

    assert await links_for(ROSA) == [await group_token(rosa), await token_of(diego)]


async def test_guardian_gets_the_childs_link_at_the_address_that_was_asked_for_only(db: Settings) -> None:
    training = await a_training(admits_minors=True)
    mother = GuardianContact("Marta Coc", Relation.MADRE, email="marta@x.example")
    [child] = await make_family(training, children=["Ana"], guardian=mother)

    assert await links_for("marta@x.example") == [await group_token(child)]

    father = GuardianContact("Otto Coc", Relation.PADRE, email="otto@x.example")
    rosa, _luz = await make_family(training, "Rosa", children=["Luz"], email=ROSA, guardian=father)
    await actions.cancel(rosa.id, actor=HOLDER_OF_LINK)
    await Participant.filter(id=rosa.participant_id).update(email_key=None)
    assert await mail_for(ROSA) is None, "the child is known by this address, but only the guardian's other one is kept"


async def test_links_of_the_last_30_days_are_sent_and_older_and_cancelled_ones_are_not(
    db: Settings, freeze: Freeze
) -> None:
    training = await a_training()
    stays = await make.make_registration(training, email=ROSA)
    gone = await make.make_registration(training, email=ROSA, given_names="Otra")
    await actions.cancel(gone.id, actor=HOLDER_OF_LINK)

    freeze(SATURDAY + FOUR_HOURS + timedelta(days=30))
    assert await links_for(ROSA) == [await token_of(stays)]
    freeze(SATURDAY + FOUR_HOURS + timedelta(days=30, seconds=1))
    assert await links_for(ROSA) == []


async def test_what_is_held_because_too_much_came_is_not_written_about(db: Settings) -> None:
    training = await a_training()
    held = await make.make_registration(training, email=ROSA, hold_reason=HoldReason.REVIEW)
    assert await links_for(ROSA) == []

    await actions.approve(held.group_id, actor=PROGRAM)

    assert await links_for(ROSA) == [await token_of(held)]


async def test_address_stored_under_an_older_key_is_found(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email=ROSA)
    keys = list(db.keys)
    try:
        set_keyring(Keyring(["a new key of more than 32 random characters", *keys]))
        assert await links_for(ROSA) == [await token_of(registration)]
    finally:
        set_keyring(Keyring(keys))


async def test_replaced_link_is_the_new_one(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email=ROSA)
    old = await token_of(registration)
    await replace_ticket(registration.id, actor=PROGRAM)

    assert await links_for(ROSA) == [await token_of(registration)]
    assert await token_of(registration) != old
