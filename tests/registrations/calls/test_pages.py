"""The pages of call lists: who may, what is shown and logged, and what never leaves."""

from __future__ import annotations

import logging
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests import make
from tests.cast import Cast, make_cast
from tests.counting import statements
from tests.registrations.call_pages import INDEX, NewClient, acts, at_desk, mark, one_to_call, page_of
from tests.registrations.call_world import MONDAY, SATURDAY, Freeze, a_list, a_training, session_of
from tests.registrations.families import make_family, many_like
from tests.web.pages import Page
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib.tokens import uuid7
from trainings.outbox.models import Call, CallList, CallReason, OutboxJob, Outcome, Whom
from trainings.people import communities
from trainings.people.actions import GuardianContact
from trainings.people.models import Relation
from trainings.registrations.calls.actions import begin
from trainings.registrations.calls.queries import groups_of
from trainings.registrations.calls.words import STARTS
from trainings.schedule.models import Training


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


# -- the lists


async def test_without_anybody_to_call_the_page_says_so(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await a_list(training)

    page = await page_of(await at_desk(new_client, cast), INDEX)

    assert "Nadie por llamar" in page.text
    assert training.title not in page.text


async def test_lists_stand_most_urgent_first_with_their_progress(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    for title, days in (("Lejana", 9), ("Cercana", 0)):
        starts_at = SATURDAY + timedelta(days=days)
        training = await make.make_training(
            hub=cast.hub, venue=cast.venue, title=title, sessions=[(starts_at, starts_at + timedelta(hours=2))]
        )
        for name in ("Ana", "Berta"):
            await make.make_registration(training, given_names=name)
        await a_list(training)

    page = await page_of(await at_desk(new_client, cast), INDEX)

    assert page.text.index("Cercana") < page.text.index("Lejana")
    assert page.text.count("0 de 2 avisados") == 2
    assert "4 personas por llamar." in page.text


async def test_lists_of_another_hub_are_not_there_until_the_training_is_theirs(new_client: NewClient) -> None:
    cast = await make_cast()
    call_list, person = await one_to_call(cast)
    client = await at_desk(new_client, cast, "coordinator_elsewhere")
    path = f"{INDEX}/{call_list.id}"

    index = await client.get(INDEX)
    answers = [await client.get(path), await client.get(f"{path}/hoja")]
    answers += [await mark(client, call_list, person)]
    answers += [await client.post(f"{path}/{verb}", data={"reason": "no_answer"}) for verb in ("cerrar", "abrir")]
    unknown = await client.get(f"{INDEX}/{uuid7()}")

    assert str(call_list.id) not in index.text
    assert [answer.status_code for answer in (*answers, unknown)] == [404] * 6
    assert "Ana" not in "".join(answer.text for answer in answers)
    assert await Call.all().count() == 0
    assert await acts() == []
    await Training.filter(id=call_list.training_id).update(hub_id=cast.elsewhere.id)
    assert (await (await at_desk(new_client, cast)).get(path)).status_code == 404
    assert (await client.get(path)).status_code == 200


async def test_whoever_is_not_at_the_desk_sees_nothing_of_calls(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast, facilitators=[cast.facilitator])
    await make.make_registration(training)
    call_list = await a_list(training)

    for who in ("facilitator", "monitor", "platform"):
        client = await at_desk(new_client, cast, who)
        assert (await client.get(INDEX)).status_code == 403, who
        assert (await client.get(f"{INDEX}/{call_list.id}")).status_code == 403, who
        if who == "facilitator":
            for path in ("/panel", f"/panel/capacitaciones/{training.id}"):
                assert "llamadas" not in (await client.get(path)).text


# -- one list


async def test_list_is_grouped_by_community_with_names_cut_short(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    for name, community in (("Ana", "Las Pozas"), ("Berta", ""), ("Carla", "El Subín"), ("Dora", "las pozas")):
        await make.make_registration(training, given_names=name, surnames="Caal Tzib", community=community)
    call_list = await a_list(training)

    page = await page_of(await at_desk(new_client, cast), f"{INDEX}/{call_list.id}")

    wanted = ["El Subín", "Carla C. T.", "Las Pozas", "Ana C. T.", "Dora C. T.", "Sin comunidad", "Berta C. T."]
    places = [page.text.index(word) for word in wanted]
    assert places == sorted(places)
    assert "Tzib" not in page.text
    assert await acts() == ["calls.open"]


async def test_other_telephone_stands_beside_the_first_on_the_screen_and_on_paper(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    ana = (await make.make_registration(training, given_names="Ana", phone="5555 1234")).participant
    ana.other_phone = "+50244441234"
    await ana.save(update_fields=["other_phone"])
    path, client = f"{INDEX}/{(await a_list(training)).id}", await at_desk(new_client, cast)

    screen, paper = await page_of(client, path), await page_of(client, f"{path}/hoja")

    hrefs = [str(link["href"]) for link in screen.all("a")]
    assert [one for one in hrefs if one.startswith("tel:")] == ["tel:+50255551234", "tel:+50244441234"]
    assert "4444 1234" in paper.text


async def test_links_carry_the_number_and_the_text_and_nobody_elses_name(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await make.make_registration(training, given_names="Ana", phone="5555 1234")
    await make.make_registration(training, given_names="Berta", phone="+52 963 110 0215")
    await make.make_registration(training, given_names="Carla", phone="7900 0214")
    call_list = await a_list(training)

    page = await page_of(await at_desk(new_client, cast), f"{INDEX}/{call_list.id}")

    hrefs = [str(link["href"]) for link in page.all("a")]
    chats = [urlsplit(href) for href in hrefs if href.startswith("https://wa.me/")]
    assert [chat.path for chat in chats] == ["/50255551234", "/529631100215"]
    assert [href for href in hrefs if href.startswith("tel:")] == [
        "tel:+50255551234",
        "tel:+529631100215",
        "tel:+50279000214",
    ]
    assert [href.partition("?")[0] for href in hrefs if href.startswith("sms:")] == [
        "sms:+50255551234",
        "sms:+529631100215",
    ]
    said = parse_qs(chats[0].query)["text"][0]
    assert said.startswith("Ventanilla de La Libertad: hay un cambio en su actividad.")
    assert not [name for name in ("Ana", "Berta", "Carla", training.title, "/i/") if name in unquote(" ".join(hrefs))]


async def test_language_to_speak_is_said_and_the_text_stays_spanish(new_client: NewClient) -> None:
    cast = await make_cast()
    call_list, _person = await one_to_call(cast, language="kek")

    page = await page_of(await at_desk(new_client, cast), f"{INDEX}/{call_list.id}?idioma=en")

    assert "q’eqchi’".casefold() in page.text.casefold()
    assert "hay un cambio en su actividad" in page.text


async def test_minors_own_telephone_is_nowhere_and_the_caller_is_told_whom_to_ask(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast, admits_minors=True)
    guardian = GuardianContact("Marta Coc", Relation.MADRE, phone="+50255550000")
    [child] = await make_family(training, children=["Luz"], guardian=guardian)
    child.participant.phone = "+50244440000"
    await child.participant.save(update_fields=["phone"])
    call_list = await a_list(training)
    client = await at_desk(new_client, cast)

    for path in (f"{INDEX}/{call_list.id}", f"{INDEX}/{call_list.id}/hoja"):
        answer = await client.get(path)
        assert "5555 0000" in answer.text
        assert "Hable con su madre." in answer.text
        assert not [number for number in ("4444 0000", "44440000") if number in answer.text]


async def test_text_for_a_confirmed_community_has_no_names_and_what_anybody_typed_is_not_read_out(
    new_client: NewClient,
) -> None:
    cast = await make_cast()
    await communities.confirm(cast.hub.seat_id, "Las Pozas", actor=PROGRAM)
    training, typed = await a_training(cast), "Casa de Zoila Pop"
    for name, phone, community in (("Ana", "5555 1234", "las pozas"), ("Berta", "5555 1235", typed)):
        await make.make_registration(
            training, given_names=name, phone=phone, community=community, municipality=cast.hub.seat_id
        )
    call_list = await a_list(training)

    page = await page_of(await at_desk(new_client, cast), f"{INDEX}/{call_list.id}")

    texts = [str(button["data-copy"]) for button in page.all("button") if "data-copy" in button]
    assert len(texts) == len(page.all("textarea")) == 2
    assert "para personas inscritas de Las Pozas" in texts[1]
    assert not [text for text in texts if "Ana" in text or "5555 1234" in text or "Zoila" in text]
    assert typed in page.text


# -- paper, log, links


async def test_sheet_has_numbers_and_boxes_for_who_is_left_and_is_logged(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    ana, _berta = [
        await make.make_registration(training, given_names=name, phone=f"5555 123{n}")
        for n, name in enumerate(("Ana", "Berta"))
    ]
    call_list = await a_list(training)
    client = await at_desk(new_client, cast)
    await mark(client, call_list, ana)

    page = await page_of(client, f"{INDEX}/{call_list.id}/hoja")

    assert ("Ana" in page.text, "5555 1231" in page.text) == (False, True)
    assert len(page.all("span", **{"class": "tick"})) == 1
    assert "calls.print" in await acts()


async def test_no_telephone_is_in_log_or_address(new_client: NewClient, caplog: pytest.LogCaptureFixture) -> None:
    cast = await make_cast()
    call_list, person = await one_to_call(cast)
    client = await at_desk(new_client, cast)
    caplog.set_level(logging.DEBUG, logger="trainings")

    await client.get(f"{INDEX}/{call_list.id}")
    answer = await mark(client, call_list, person)

    lines = await AuditLine.all().values_list("detail")
    assert not [text for text in (caplog.text, answer.headers["location"], str(lines)) if "55551234" in text]


async def test_week_and_training_lead_to_the_list(new_client: NewClient) -> None:
    cast = await make_cast()
    call_list, person = await one_to_call(cast)
    client = await at_desk(new_client, cast)

    week = await page_of(client, "/panel")
    training = await page_of(client, f"/panel/capacitaciones/{call_list.training_id}")

    assert "1 persona por llamar" in week.text
    assert [path["href"] for path in week.all("a") if f"{INDEX}/" in str(path["href"])] == [f"{INDEX}/{call_list.id}"]
    assert "Llamadas antes del sábado 6 de marzo, 8:30 a. m.: cambio de fecha o lugar, 0 de 1" in training.text.replace(
        "\xa0", " "
    )
    await mark(client, call_list, person)
    assert "por llamar" not in (await page_of(client, "/panel")).text


async def test_list_without_anybody_leads_to_the_one_on_which_they_are_left(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast, capacity=1)
    ana = await make.make_registration(training, given_names="Ana", email="ana@x.example")
    await make.make_registration(training, given_names="Berta")
    session = await session_of(training)
    change = await a_list(training)
    reminder = await a_list(training, CallReason.REMINDER, session_id=session.id, batch_id=None, is_written=False)
    await OutboxJob.filter(subject_id=ana.id).update(outcome=Outcome.SENT, done_at=clock.now(), kind="session_reminder")
    client = await at_desk(new_client, cast)

    empty = await page_of(client, f"{INDEX}/{reminder.id}")

    assert "En esta lista no hay nadie. Faltan personas en otra lista" in empty.text
    assert "A todas les llegó el correo" not in empty.text
    assert f"{INDEX}/{change.id}" in [str(link["href"]) for link in empty.all("a")]


async def test_list_that_is_not_due_says_from_when_on(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await make.make_registration(training)
    call_list = await a_list(training, due_at=MONDAY + timedelta(minutes=10))
    client = await at_desk(new_client, cast)

    page = await page_of(client, f"{INDEX}/{call_list.id}")

    assert "Espere hasta las 9:10" in page.text
    assert "por llamar" not in (await page_of(client, "/panel")).text


async def test_list_that_a_second_change_took_over_says_so_and_is_not_opened_again(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await make.make_registration(training, given_names="Ana")
    [session] = training.sessions
    for day in (1, 2):
        times = (session.starts_at + timedelta(days=day), session.ends_at + timedelta(days=day))
        await rescheduling.move(session.id, *times, session.venue_id, actor=PROGRAM)
    first, second = await CallList.filter(training_id=training.id).order_by("created_at")
    client = await at_desk(new_client, cast)

    page = await page_of(client, f"{INDEX}/{first.id}")
    answer = await client.post(f"{INDEX}/{first.id}/abrir")

    assert "hubo otro cambio antes de avisar este" in page.text
    assert not page.all("form", action=f"{INDEX}/{first.id}/abrir")
    assert answer.status_code == 409
    assert "Llame con la lista más nueva" in Page(answer.text).text
    assert (await CallList.get(id=first.id)).closed_at is not None
    await client.post(f"{INDEX}/{second.id}/cerrar", data={"reason": "no_answer"})
    closed = await page_of(client, f"{INDEX}/{second.id}")
    assert closed.one("form", action=f"{INDEX}/{second.id}/abrir"), "what somebody closed is opened again"


async def test_page_asks_as_much_for_three_as_for_one(new_client: NewClient) -> None:
    cast = await make_cast()
    client = await at_desk(new_client, cast)
    counted = []
    for n_people in (1, 3):
        training = await a_training(cast)
        for number in range(n_people):
            await make.make_registration(training, given_names=f"Ana {number}", phone=f"5555 123{number}")
        call_list = await a_list(training)
        with statements() as sent:
            await client.get(f"{INDEX}/{call_list.id}")
        counted.append(len(sent))

    assert counted[0] == counted[1]


async def test_long_list_is_shown_fifty_calls_at_a_time_and_goes_on_where_somebody_was_noted(
    new_client: NewClient,
) -> None:
    cast = await make_cast()
    call_list = await a_long_list(cast, 1000)
    client = await at_desk(new_client, cast)
    where = f"{INDEX}/{call_list.id}"
    answer = await client.get(f"{where}?pagina=3")
    first, second = [str(one["value"]) for one in Page(answer.text).all("input", name="person")[:2]]

    body = {"person": first, "result": "reached", "via": "call"}
    noted = await client.post(f"{where}/marcar?pagina=3", data=body)
    back = await page_of(client, noted.headers["location"].partition("#")[0])
    last = await page_of(client, f"{where}?pagina=9999")

    assert len(answer.content) <= 150_000
    assert "Llamadas 101 a 150 de 1000" in answer.text
    assert len(back.all("li", **{"class": "told"})) == 1
    assert back.one("a", id="sigue")["href"] == f"/panel/inscripciones/{second}"
    assert "Llamadas 101 a 150 de 1000" in back.text
    assert "Llamadas 951 a 999 de 999" in last.text


async def a_long_list(cast: Cast, n: int) -> CallList:
    """Of staff's own, with the words that are proposed."""
    training = await a_training(cast)
    first = await make.make_registration(training, phone="5555 1234", community="Las Pozas")
    await many_like(first, n - 1)
    loaded = await Training.get(id=training.id).prefetch_related("hub__seat")
    group = next(one for one in await groups_of(loaded) if one.whom is Whom.ALL)
    return await begin(training.id, group, STARTS[Whom.ALL], key=uuid7(), actor=PROGRAM)
