"""Call lists that staff begin, for whom and with which words; and people of a list who are told together."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.cast import Cast, make_cast
from tests.registrations.call_pages import INDEX, NewClient, acts, at_desk, mark, page_of
from tests.registrations.call_world import MONDAY, SATURDAY, Freeze, a_list, a_training, calls, newest_mark, session_of
from tests.registrations.card_world import card_of, make_block, named, registration_of
from tests.registrations.wishes import state_of
from tests.web.pages import Page
from trainings import clock
from trainings.attendance.models import Attendance
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.outbox.models import Call, CallList, CallReason, CallResult, CallVia, Whom
from trainings.privacy.withdrawal import withdraw_data
from trainings.registrations.calls.actions import begin, take_back_at_once, tell_at_once
from trainings.registrations.calls.actions import mark as mark_called
from trainings.registrations.calls.households import Part, sign_of, to_call
from trainings.registrations.calls.people import audience_of
from trainings.registrations.calls.queries import Group, groups_of
from trainings.registrations.models import Registration, RegistrationState, Source
from trainings.registrations.seats import actions
from trainings.schedule.models import PlaceShown, Training, TrainingSession
from trainings.schedule.snapshots import last_number

FOUR_HOURS = timedelta(hours=4)


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


async def groups(training: Training) -> list[Group]:
    return await groups_of(await Training.get(id=training.id).prefetch_related("hub__seat"))


async def own_list(training: Training, whom: Whom = Whom.ALL, words: str = "Llámenos, por favor.") -> CallList:
    [group] = [one for one in await groups(training) if one.whom is whom]
    return await begin(training.id, group, words, key=UUID(int=1), actor=PROGRAM)


async def begun(client: AsyncClient, training: Training, body: str, query: str = "grupo=all") -> Response:
    data = {"body": body, "key": str(UUID(int=7)), "do": "empezar"}
    return await client.post(f"/panel/capacitaciones/{training.id}/llamadas?{query}", data=data)


async def texts(client: AsyncClient, call_list: CallList) -> list[str]:
    page = await page_of(client, f"{INDEX}/{call_list.id}")
    hrefs = [str(link["href"]) for link in page.all("a")]
    return [unquote(one.partition("text=")[2]) for one in hrefs if one.startswith("https://wa.me/")]


# -- whom


@pytest.mark.both_engines
async def test_every_group_of_a_training_is_offered_with_how_many_are_in_it(db: object) -> None:
    training = await a_training(capacity=5)
    await make.make_registration(training, given_names="Ana", email="ana@x.example", community="El Subín")
    with clock.frozen(MONDAY - timedelta(days=1)):
        await make.make_registration(training, given_names="Beto", source=Source.IMPORT, community="Las Pozas")
    await make.make_registration(training, given_names="Cruz", source=Source.IMPORT, community="las pozas")
    await make_block(training, 2)
    await make.make_registration(training, given_names="Dora")
    gone = await make.make_registration(training, given_names="Elsa")
    await withdraw_data(gone.id, actor=HOLDER_OF_LINK)

    found = {(one.whom, one.community): one.n_people for one in await groups(training)}

    assert found == {
        (Whom.ALL, ""): 5,
        (Whom.NO_MAIL, ""): 4,
        (Whom.IMPORTED, ""): 1,
        (Whom.WAITING, ""): 1,
        (Whom.HOLDERS, ""): 1,
        (Whom.COMMUNITY, "El Subín"): 1,
        (Whom.COMMUNITY, "Las Pozas"): 3,
    }


@pytest.mark.both_engines
async def test_absent_twice_are_who_missed_two_sessions_held_since_they_signed_up(db: object, freeze: Freeze) -> None:
    days = [SATURDAY + timedelta(days=7 * n) for n in range(4)]
    training = await make.make_training(sessions=[(day, day + FOUR_HOURS) for day in days])
    ana, beto = [await make.make_registration(training, given_names=name) for name in ("Ana", "Beto")]
    first, second, _third, _fourth = await TrainingSession.filter(training_id=training.id).order_by("starts_at")
    late_at = days[1] - timedelta(days=1)
    for session in (first, second):
        await Attendance.create(session=session, registration=ana, is_present=True)
    freeze(late_at)
    late = await make.make_registration(training, given_names="Cruz")

    freeze(days[0] + timedelta(days=1))
    after_one = [one.whom for one in await groups(training)]
    freeze(days[2] - timedelta(days=1))
    [absent] = [one for one in await groups(training) if one.whom is Whom.ABSENT]
    freeze(days[3] - timedelta(days=1))
    after_three = [one.people for one in await groups(training) if one.whom is Whom.ABSENT]

    assert Whom.ABSENT not in after_one
    assert absent.people == [beto.id], "who signed up before the second session missed one"
    assert after_three == [[beto.id]], "nobody was marked on the third, so it may not be typed in yet"
    assert late.id not in absent.people


async def test_list_keeps_the_people_of_its_moment_whatever_mail_they_get(db: object) -> None:
    training = await a_training(capacity=1)
    await make.make_registration(training, given_names="Ana", email="ana@x.example", phone="5555 1111")
    berta = await make.make_registration(training, given_names="Berta", phone="5555 2222")
    waiting = await own_list(training, Whom.WAITING)
    await make.make_registration(training, given_names="Cruz", phone="5555 3333")

    before = await calls(waiting)
    await actions.cancel(berta.id, actor=HOLDER_OF_LINK)

    assert before == {"Berta": "+50255552222"}
    assert await calls(waiting) == {}


async def test_list_tells_of_nothing_new_so_a_change_is_still_told(db: object) -> None:
    training = await a_training()
    ana = await make.make_registration(training, given_names="Ana", phone="5555 1111")
    change = await a_list(training)
    own = await own_list(training)

    await mark_called(own.id, ana.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)

    assert [one.is_reached for one in (await audience_of(change)).listed] == [False]


# -- with which words


async def test_words_are_said_to_each_with_the_day_and_the_place_they_may_know(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast, capacity=1, place_shown=PlaceShown.AFTER_CONFIRMATION, title="Trata")
    await make.make_registration(training, given_names="Ana", phone="5555 1111")
    await make.make_registration(training, given_names="Berta", phone="5555 2222")
    client = await at_desk(new_client, cast)

    answer = await begun(client, training, "{ventanilla}: nos vemos el  {fecha}. Lugar: {lugar}.")
    call_list = await CallList.get(reason=CallReason.OWN)
    said = await texts(client, call_list)
    page = await page_of(client, answer.headers["location"])

    assert answer.headers["location"] == f"{INDEX}/{call_list.id}"
    hub = cast.hub.name
    day = "sábado 6 de marzo, 8:30 a. m."
    assert sorted(said) == sorted(
        [
            f"{hub}: nos vemos el {day} Lugar: Salón municipal, Barrio El Centro, La Libertad, Petén.",
            f"{hub}: nos vemos el {day} Lugar: La Libertad, Petén. Sigue en la lista de espera.",
        ]
    )
    assert "tenemos algo que decirle" in page.text, "a loudspeaker names no day of a protected place"
    assert call_list.words == "{ventanilla}: nos vemos el {fecha}. Lugar: {lugar}."


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "Escriba qué se les dice."),
        ("Venga a {titulo}", "Quite «{titulo}»"),
        ("{nombres}, venga", "Quite «{nombres}»"),
        ("Venga el {fehca}", "¿Quiso escribir {fecha}?"),
        ("Venga {", "Hay una llave sola"),
        ("Taller sobre migración", "Quite «migra»"),
        ("x" * 501, "hasta 500 letras"),
    ],
)
async def test_words_that_cannot_be_said_are_refused_and_kept(new_client: NewClient, body: str, why: str) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await make.make_registration(training, given_names="Ana")

    answer = await begun(await at_desk(new_client, cast), training, body)

    assert answer.status_code == 422
    assert why in answer.text
    assert body in answer.text
    assert not await CallList.exists()


async def test_page_begins_with_words_shows_how_they_sound_and_says_what_for(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await make.make_registration(training, given_names="Ana", email="ana@x.example")
    client = await at_desk(new_client, cast)
    path = f"/panel/capacitaciones/{training.id}/llamadas?grupo=all"

    page = await page_of(client, path)
    shown = await client.post(path, data={"body": "Mañana: {fecha}.", "do": "ver"})

    assert "le recordamos su actividad, el {fecha}" in page.text
    assert "le recordamos su actividad, el sábado 6 de marzo, 8:30 a. m." in page.text
    assert "Solo para avisos sobre esta inscripción" in page.text
    assert "Mañana: sábado 6 de marzo, 8:30 a. m." in shown.text
    assert not await CallList.exists()


async def test_sent_twice_is_one_list_and_a_group_that_went_away_is_said(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    person = await make.make_registration(training, given_names="Ana")
    client = await at_desk(new_client, cast)

    once, twice = [await begun(client, training, "Llámenos.") for _ in range(2)]
    await actions.cancel(person.id, actor=HOLDER_OF_LINK)
    gone = await begun(client, training, "Llámenos.")

    assert once.headers["location"] == twice.headers["location"]
    assert await CallList.all().count() == 1
    assert await acts() == ["calls.begin"]
    assert gone.status_code == 409
    assert "En ese grupo ya no hay a quién llamar" in gone.text


async def test_sent_again_with_other_words_then_said_and_begun_only_when_meant(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await make.make_registration(training, given_names="Ana")
    client = await at_desk(new_client, cast)
    await begun(client, training, "Llámenos.")

    changed = await begun(client, training, "Venga a la ventanilla.")
    n_before, page = await CallList.all().count(), Page(changed.text)
    data = {"body": "Venga a la ventanilla.", "key": str(page.one("input", name="key")["value"]), "do": "empezar"}
    meant = await client.post(f"/panel/capacitaciones/{training.id}/llamadas?grupo=all", data=data)

    assert (changed.status_code, n_before) == (409, 1)
    assert "ya se empezó una lista con otro texto" in changed.text
    assert "Venga a la ventanilla." in changed.text
    newest = await CallList.all().order_by("-id").first()
    assert newest is not None
    assert newest.words == "Venga a la ventanilla."
    assert meant.headers["location"] == f"{INDEX}/{newest.id}"


async def test_after_the_last_session_a_list_can_be_begun_and_read_for_thirty_days(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await make.make_registration(training, given_names="Ana", phone="5555 1111")
    freeze(SATURDAY + timedelta(days=90))
    client = await at_desk(new_client, cast)

    no_day = await begun(client, training, "Venga el {fecha}.")
    answer = await begun(client, training, "Falta su firma: pase a la ventanilla.")
    index = await page_of(client, INDEX)
    freeze(SATURDAY + timedelta(days=119))
    still = await (await at_desk(new_client, cast)).get(answer.headers["location"])

    assert (no_day.status_code, answer.status_code, still.status_code) == (422, 303, 200)
    assert "Ya no hay fecha por venir" in no_day.text
    assert "1 persona por llamar." in index.text
    assert "Antes del" not in index.text


async def test_beginning_is_for_callers_of_the_hub(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast, facilitators=[cast.facilitator])
    await make.make_registration(training, given_names="Ana", community="El Subín")
    path = f"/panel/capacitaciones/{training.id}/llamadas"

    statuses = {}
    for who in ("assistant", "coordinator", "facilitator", "coordinator_elsewhere"):
        client = await at_desk(new_client, cast, who)
        statuses[who] = ((await client.get(path)).status_code, (await begun(client, training, "Hola.")).status_code)
    elsewhere = await (await at_desk(new_client, cast, "coordinator_elsewhere")).get(f"{INDEX}/nueva")
    here = await (await at_desk(new_client, cast)).get(f"{INDEX}/nueva")

    assert statuses == {
        "assistant": (200, 303),
        "coordinator": (200, 303),
        "facilitator": (403, 403),
        "coordinator_elsewhere": (404, 404),
    }
    assert training.title not in elsewhere.text
    assert training.title in here.text


# -- an offer on a list of one's own


async def test_offer_is_answered_from_a_list_of_ones_own(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast, capacity=1, offer_hours=24)
    ana, berta, cruz = [
        await make.make_registration(training, given_names=name, phone=f"5555 111{n}")
        for n, name in enumerate(("Ana", "Berta", "Cruz"))
    ]
    own = await own_list(training)
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    client = await at_desk(new_client, cast)

    page = await page_of(client, f"{INDEX}/{own.id}")
    no = await mark(client, own, berta, said_no=str(berta.id))
    yes = await mark(client, own, cruz, said_yes=str(cruz.id))

    assert [button["value"] for button in page.all("button", name="said_yes")] == [str(berta.id)]
    assert (no.status_code, yes.status_code) == (303, 303)
    assert (await state_of(berta), await state_of(cruz)) == (RegistrationState.CANCELLED, RegistrationState.CONFIRMED)


# -- many at once


async def with_leader(cast: Cast) -> tuple[CallList, list[Registration]]:
    """Ana and Berta of Las Pozas, Berta with a card of its COCODE; Cruz of El Subín."""
    training = await a_training(cast, capacity=9)
    ana = await make.make_registration(training, given_names="Ana", community="Las Pozas", phone="5555 1111")
    block = await make_block(training, 2)
    berta = await registration_of(await named(await card_of(block, 1), given_names="Berta"))
    cruz = await make.make_registration(training, given_names="Cruz", community="El Subín", phone="5555 3333")
    return await own_list(training), [ana, berta, cruz]


async def at_once(client: AsyncClient, call_list: CallList, query: str = "", page: Page | None = None) -> Response:
    """Confirmed on the page as it is now, or as it was."""
    where = f"{INDEX}/{call_list.id}/de-una-vez?{query}"
    shown = page or Page((await client.get(where)).text)
    seen = {str(one["name"]): str(one["value"]) for one in shown.all("input", type="hidden")}
    return await client.post(where, data=seen | {"via": "leader"})


async def told(call_list: CallList) -> set[str]:
    """Given names, and holders of cards."""
    audience = await audience_of(await CallList.get(id=call_list.id))
    people = [one.person.id for one in audience.listed if one.is_reached]
    names = await Registration.filter(id__in=people).values_list("participant__given_names")
    return {name for (name,) in names} | {one.block.holder for one in audience.holders if one.is_reached}


async def test_community_is_told_at_once_after_a_page_that_names_how_many_and_undone(new_client: NewClient) -> None:
    cast = await make_cast()
    call_list, [ana, _berta, _cruz] = await with_leader(cast)
    client = await at_desk(new_client, cast)
    where = f"{INDEX}/{call_list.id}"

    asked = await page_of(client, f"{where}/de-una-vez?comunidad=las+pozas")
    done = await at_once(client, call_list, "comunidad=las+pozas")
    after = await told(call_list)
    page = await page_of(client, where)
    [act] = page.all("button", name="act")
    await mark(client, call_list, ana, result="not_reached", seen=str(await newest_mark(ana)))
    undone = await client.post(f"{where}/de-una-vez/deshacer", data={"act": str(act["value"])})

    assert "¿Ya se avisó a las 2 personas?" in asked.text
    assert "en Las Pozas" in asked.text
    assert done.headers["location"] == where
    assert after == {"Ana", "COCODE de Las Pozas"}
    assert "2 personas, avisadas de una vez. Avisado por medio de alguien que lidera la comunidad" in page.text
    assert undone.status_code == 303
    assert await told(call_list) == set()
    await client.get(where)
    await client.post(f"{where}/de-una-vez/deshacer", data={"act": str(act["value"])})
    assert "Eso ya se deshizo." in (await page_of(client, where)).text
    assert [act for act in await acts() if act == "calls.mark"] == ["calls.mark"] * 4


async def test_leader_and_whole_list_are_told_at_once(new_client: NewClient) -> None:
    cast = await make_cast()
    call_list, people = await with_leader(cast)
    client = await at_desk(new_client, cast)
    page = await page_of(client, f"{INDEX}/{call_list.id}")
    [leader] = [str(link["href"]) for link in page.all("a") if "tarjetas=" in str(link["href"])]

    await at_once(client, call_list, leader.partition("?")[2])
    by_leader = await told(call_list)
    await at_once(client, call_list)

    assert by_leader == {"Berta", "COCODE de Las Pozas"}
    assert await told(call_list) == {"Ana", "Berta", "Cruz", "COCODE de Las Pozas"}
    assert len(people) == 3


async def test_at_once_when_others_are_left_than_the_page_said_then_nobody_is_noted(new_client: NewClient) -> None:
    cast = await make_cast()
    call_list, [ana, _berta, cruz] = await with_leader(cast)
    client = await at_desk(new_client, cast)
    await mark(client, call_list, cruz)
    page = await page_of(client, f"{INDEX}/{call_list.id}/de-una-vez")
    await mark(client, call_list, cruz, result="not_reached", seen=str(await newest_mark(cruz)))
    await mark(client, call_list, ana)

    other = await at_once(client, call_list, page=page)
    nobody, unknown = [await at_once(client, call_list, query, page) for query in ("comunidad=otra", "tarjetas=x")]

    assert (other.status_code, nobody.status_code, unknown.status_code) == (409, 409, 404)
    assert "La lista cambió: ahora son 3." in other.text
    assert "Ya nadie falta" in nobody.text
    assert await told(call_list) == {"Ana"}


async def test_at_once_leaves_who_has_to_answer_an_offer(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await a_training(cast, capacity=1, offer_hours=24)
    ana, _berta, _cruz = [await make.make_registration(training, given_names=name) for name in ("Ana", "Berta", "Cruz")]
    own = await own_list(training)
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    offers = await a_list(training, CallReason.OFFERED)
    client = await at_desk(new_client, cast)
    confirm = await page_of(client, f"{INDEX}/{own.id}/de-una-vez")

    done, refused = await at_once(client, own), await at_once(client, offers, "", confirm)

    assert (done.status_code, refused.status_code) == (303, 409)
    assert "se les pregunta una por una" in refused.text
    assert await told(own) == {"Cruz"}


@pytest.mark.parametrize("is_own", [True, False], ids=["own", "reminder"])
async def test_at_once_undone_late_leaves_what_was_told_since(db: object, freeze: Freeze, is_own: bool) -> None:
    training = await a_training()
    ana, berta = [await make.make_registration(training, given_names=name) for name in ("Ana", "Berta")]
    session = await session_of(training)
    early = await own_list(training) if is_own else await a_list(training, CallReason.REMINDER, session_id=session.id)
    everybody = await to_call(await audience_of(early))
    await tell_at_once(early.id, Part(), CallVia.RADIO, seen=sign_of(everybody), actor=PROGRAM)
    act = await Call.filter(registration_id=ana.id).get()
    assert act.at_once_id is not None
    freeze(MONDAY + FOUR_HOURS)
    newer = await a_list(training)
    await mark_called(newer.id, ana.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    knew = await last_number(training.id)

    await take_back_at_once(early.id, act.at_once_id, actor=PROGRAM)

    now = {one.id: one.told_number for one in await Registration.all()}
    assert (await told(early), now[ana.id]) == (set(), knew), "her call about the change stands"
    assert now[berta.id] == act.knew_number
