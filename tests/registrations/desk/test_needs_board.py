"""The board of support needs: whose it shows, to whom, and what an answer does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.counting import statements
from tests.registrations.families import make_family
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.audit.models import AuditLine
from trainings.outbox.models import OutboxJob
from trainings.people.actions import GuardianContact
from trainings.people.models import Relation
from trainings.registrations.desk.needs_queries import n_unanswered, wishes_ahead
from trainings.registrations.models import NeedState, Registration, read_needs
from trainings.registrations.seats import actions
from trainings.registrations.telling import changes
from trainings.schedule.models import Training, TrainingState

NewClient = Callable[[], AsyncClient]
Freeze = Callable[[datetime], None]
BOARD = "/panel/apoyos"


async def at_board(
    new_client: NewClient, who: str = "assistant", **training: Any
) -> tuple[Cast, AsyncClient, Training]:
    cast = await make_cast()
    client = new_client()
    await make.sign_in(client, getattr(cast, who))
    return cast, client, await make.make_training(hub=cast.hub, **training)


async def opened(client: AsyncClient) -> Page:
    answer = await client.get(BOARD)
    assert answer.status_code == 200
    return Page(answer.text)


async def test_board_shows_who_asks_for_what_and_counts_it(new_client: NewClient) -> None:
    cast, client, training = await at_board(new_client)
    rosa = await make.make_registration(
        training, given_names="Rosa Amalia", surnames="Coc Xol", community="Las Pozas", needs=("ramp", "food")
    )
    await make.make_registration(training, given_names="Ana")

    page = await opened(client)

    assert "Rosa Amalia C. X." in page.text
    for words in ("Coc Xol", "Ana"):
        assert words not in page.text
    for words in ("Las Pozas", "Entrada sin gradas", "Alimentación especial", training.title):
        assert words in page.text, words
    assert "2 Por responder" in " ".join(page.text.split())
    answers = page.all("form", action=f"{BOARD}/{rosa.id}")
    assert len(answers) == 2
    [line] = await AuditLine.filter(act="registrations.open_needs")
    assert (line.actor_id, line.detail) == (cast.assistant.id, {"n": 2})


async def test_answer_is_one_button_and_is_told(new_client: NewClient) -> None:
    _cast, client, training = await at_board(new_client)
    rosa = await make.make_registration(training, email="rosa@example.org", needs=("ramp",))

    answer = await client.post(f"{BOARD}/{rosa.id}", data={"need": "ramp", "state": "arranged"})

    assert answer.headers["location"] == f"{BOARD}#p-{rosa.id}"
    assert read_needs((await Registration.get(id=rosa.id)).needs) == {"ramp": NeedState.ARRANGED}
    assert await OutboxJob.filter(kind="need_answered", subject_id=rosa.id).count() == 1
    page = await opened(client)
    assert "Se le avisa por correo." in page.text
    assert {str(button["value"]) for button in page.all("button", name="state")} == {"impossible", "asked"}


async def test_answer_from_the_person_s_page_leads_back_there(new_client: NewClient) -> None:
    _cast, client, training = await at_board(new_client)
    rosa = await make.make_registration(training, needs=("ramp",))

    answer = await client.post(f"{BOARD}/{rosa.id}", data={"need": "ramp", "state": "impossible", "from": "persona"})

    assert answer.headers["location"] == f"/panel/inscripciones/{rosa.id}"
    page = Page((await client.get(answer.headers["location"])).text)
    assert "No dejó correo: avísele usted." in page.text
    assert "No se puede" in page.text


async def test_who_left_no_address_is_called_with_words_that_tell_nothing(new_client: NewClient) -> None:
    _cast, client, training = await at_board(new_client)
    await make.make_registration(training, given_names="Rosa", phone="+50255551234", needs=("ramp",))
    await make.make_registration(
        training, given_names="Ana", email="ana@example.org", phone="+50244440000", needs=("food",)
    )
    await make.make_registration(training, given_names="Beto", needs=("food",))

    page = await opened(client)

    calls = [unquote(str(link["href"])) for link in page.all("a") if str(link["href"]).startswith(("tel:", "https:"))]
    assert calls[0] == "tel:+50255551234"
    assert calls[1].startswith("https://wa.me/50255551234?text=Ventanilla de La Libertad: sobre lo que pidió")
    assert len(calls) == 2, "who reads mail is written to"
    for secret in ("gradas", "Rosa", training.title, "/i/"):
        assert secret not in calls[1]
    assert "Sin teléfono ni correo: dígaselo cuando venga." in page.text


async def test_minor_has_no_name_on_the_board_and_is_reached_by_the_guardian(new_client: NewClient) -> None:
    _cast, client, training = await at_board(new_client, admits_minors=True)
    mother = GuardianContact("Elena Tiul", Relation.MADRE, phone="+50255557777")
    _ana, luz = await make_family(training, "Ana", children=["Luz"], guardian=mother)
    luz.needs = "food"
    await luz.save(update_fields=["needs"])

    page = await opened(client)

    assert "Una persona menor de edad" in page.text
    assert "Luz" not in page.text
    assert page.all("a", href="tel:+50255557777")
    assert page.all("a", href=f"/panel/inscripciones/{luz.id}")


async def test_what_is_over_called_off_or_cancelled_leaves_the_board(new_client: NewClient, freeze: Freeze) -> None:
    cast, client, training = await at_board(new_client)
    off = await make.make_training(hub=cast.hub, state=TrainingState.UNLISTED, title="La que no se hizo")
    gone = await make.make_registration(training, given_names="Gone", needs=("ramp",))
    await make.make_registration(off, given_names="Otilia", needs=("ramp",))
    await make.make_registration(training, given_names="Rosa", needs=("ramp",))
    await actions.cancel(gone.id, actor=HOLDER_OF_LINK)
    await changes.call_off_training(off.id, "No hay quien facilite.", actor=await make.actor_of(cast.coordinator))

    before = await opened(client)
    freeze(make.tomorrow_at(20))
    await make.sign_in(client, cast.assistant)
    after = await opened(client)

    assert ["Rosa" in before.text, "Gone" in before.text, "Otilia" in before.text] == [True, False, False]
    assert "Nadie pide apoyo" in after.text


async def test_trainings_come_in_the_order_of_their_next_day(new_client: NewClient) -> None:
    cast, _client, _soon = await at_board(new_client)
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(10, days=n)) for n in (5, 9)]
    late = await make.make_training(hub=cast.hub, sessions=days[:1])
    several = await make.make_training(
        hub=cast.hub, sessions=[(make.tomorrow_at(8, days=3), make.tomorrow_at(9, days=3)), days[1]]
    )
    for training in (late, several):
        await make.make_registration(training, needs=("ramp",))

    board = await wishes_ahead(await make.actor_of(cast.assistant))

    assert [asked.training.id for asked in board] == [several.id, late.id]
    assert [len(asked.days) for asked in board] == [2, 1]


async def test_board_is_for_the_desk_of_the_hub(new_client: NewClient) -> None:
    cast, elsewhere, training = await at_board(new_client, "coordinator_elsewhere")
    rosa = await make.make_registration(training, needs=("ramp",))
    data = {"need": "ramp", "state": "arranged"}

    assert "Nadie pide apoyo" in (await opened(elsewhere)).text
    assert (await elsewhere.post(f"{BOARD}/{rosa.id}", data=data)).status_code == 404
    for who in ("facilitator", "monitor", "platform"):
        client = new_client()
        await make.sign_in(client, getattr(cast, who))
        assert (await client.get(BOARD)).status_code == 403, who
        assert (await client.post(f"{BOARD}/{rosa.id}", data=data)).status_code == 403, who

    assert read_needs((await Registration.get(id=rosa.id)).needs) == {"ramp": NeedState.ASKED}


@pytest.mark.parametrize("data", [{}, {"need": "ramp"}, {"need": "ramp", "state": "perhaps"}])
async def test_answer_that_is_none_changes_nothing(new_client: NewClient, data: dict[str, str]) -> None:
    _cast, client, training = await at_board(new_client)
    rosa = await make.make_registration(training, needs=("ramp",))

    answer = await client.post(f"{BOARD}/{rosa.id}", data=data)

    assert answer.status_code == 422
    assert read_needs((await Registration.get(id=rosa.id)).needs) == {"ramp": NeedState.ASKED}


async def test_start_page_says_how_many_wait_for_an_answer(new_client: NewClient) -> None:
    cast, client, training = await at_board(new_client)
    await make.make_registration(training, needs=("ramp", "food"))

    page = Page((await client.get("/panel")).text)

    assert await n_unanswered(await make.actor_of(cast.assistant)) == 2
    assert "Conseguir 2 apoyos" in page.text
    assert page.all("a", href=BOARD)


async def test_board_reads_as_much_for_thirty_people_as_for_three(new_client: NewClient) -> None:
    cast, _client, training = await at_board(new_client, capacity=40)
    actor = await make.actor_of(cast.assistant)
    counted = []

    for n_people in (3, 27):
        for number in range(n_people):
            await make.make_registration(training, given_names=f"Persona {number}", needs=("ramp",))
        with statements() as seen:
            await wishes_ahead(actor)
        counted.append(len(seen))

    assert counted[0] == counted[1]
