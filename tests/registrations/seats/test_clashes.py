"""The warning that one is signed up for two things at the same time, told to nobody but oneself."""

from __future__ import annotations

from httpx2 import AsyncClient

from tests import make
from tests.counting import statements
from tests.registrations.wishes import link_of
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.people.models import Merge, MergeReason, Participant
from trainings.registrations.models import Registration, Source
from trainings.registrations.own.queries import came_back, clashes_of
from trainings.registrations.queries import with_sessions
from trainings.registrations.seats import actions
from trainings.registrations.telling import changes
from trainings.schedule import actions as schedule
from trainings.schedule.models import Training
from trainings.settings import Settings

BROWSER = "k" * 64


async def at(hour: int, *, title: str, **columns: object) -> Training:
    """A training tomorrow for two hours."""
    return await make.make_training(
        title=title,
        sessions=[(make.tomorrow_at(hour), make.tomorrow_at(hour + 2))],
        **columns,  # type: ignore[arg-type]
    )


async def titles(registration: Registration) -> list[str]:
    found = await clashes_of(await with_sessions(registration.id), has_come_back=await came_back(registration))
    return [one.title for one in found]


async def test_clash_with_another_own_training_is_warned_of_with_what_to_do(client: AsyncClient) -> None:
    here = await make.make_registration(await at(8, title="Esta"), browser_key=BROWSER)
    other = await make.make_registration(await at(9, title="La otra"), browser_key=BROWSER)

    page = Page((await client.get(await link_of(here))).text)

    assert "Ojo: a esa hora también está en otra capacitación." in page.text
    assert "La otra" in page.text
    assert "suelte un lugar" in page.text
    await actions.cancel(other.id, actor=HOLDER_OF_LINK)
    assert "La otra" not in (await client.get(await link_of(here))).text


async def test_clash_is_told_only_of_the_same_person_or_the_same_name_and_telephone_from_the_same_browser(
    db: Settings,
) -> None:
    mine = await at(8, title="Esta")
    ana = await make.make_registration(mine, given_names="Ana", browser_key=BROWSER, phone="5555 1234")
    known = await make.make_registration(await at(8, title="Conocida"), given_names="Anita")
    await Registration.filter(id=known.id).update(participant_id=ana.participant_id)
    for title, phone in (("Del aparato", "5555 1234"), ("Otro teléfono", "5555 9999"), ("Sin teléfono", "")):
        there = await at(8, title=title)
        await make.make_registration(there, given_names="ANA", browser_key=BROWSER, phone=phone)
    await make.make_registration(await at(8, title="Otra persona"), given_names="Beto", browser_key=BROWSER)
    await make.make_registration(await at(8, title="Otro aparato"), given_names="Ana", browser_key="x" * 64)
    await make.make_registration(await at(8, title="Sin aparato"), given_names="Ana", phone="5555 1234")

    assert sorted(await titles(ana)) == ["Conocida", "Del aparato"]


async def test_link_that_a_code_and_a_name_made_tells_of_no_clash_but_from_the_same_browser(db: Settings) -> None:
    ana = await make.make_registration(await at(8, title="La primera"), browser_key=BROWSER)
    code = ana.short_code
    elsewhere = await make.make_registration(await at(8, title="Otra"), earlier_code=code, browser_key="x" * 64)
    assert elsewhere.participant_id == ana.participant_id

    assert await titles(elsewhere) == []
    assert await titles(ana) == ["Otra"]


async def test_name_alone_is_no_clash_where_nobody_knows_the_browser(db: Settings) -> None:
    ana = await make.make_registration(await at(8, title="Esta"), source=Source.DESK)
    await make.make_registration(await at(8, title="Otra"), source=Source.DESK)

    assert await titles(ana) == []


async def test_clash_of_whom_staff_merged_is_not_told(db: Settings) -> None:
    ana = await make.make_registration(await at(8, title="Esta"))
    twin = await make.make_registration(await at(9, title="De la otra"))
    await Participant.filter(id=ana.participant_id).update(merged_into_id=twin.participant_id)
    await Merge.create(
        kept_id=twin.participant_id,
        merged_id=ana.participant_id,
        reason=MergeReason.SAID_SO,
        merged_by_id=(await make.make_user()).id,
    )

    assert (await titles(ana), await titles(twin)) == ([], [])


async def test_only_what_is_held_at_the_same_time_clashes(db: Settings) -> None:
    two_days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(10, days=n)) for n in (1, 3)]
    ana = await make.make_registration(await make.make_training(title="Esta", sessions=two_days), browser_key=BROWSER)
    others = {
        "Después": [(make.tomorrow_at(10), make.tomorrow_at(12))],
        "Entre medio": [(make.tomorrow_at(8, days=2), make.tomorrow_at(10, days=2))],
        "El tercer día": [(make.tomorrow_at(9, days=3), make.tomorrow_at(11, days=3))],
        "Cancelada": [(make.tomorrow_at(8), make.tomorrow_at(10))],
        "Movida": [
            (make.tomorrow_at(8), make.tomorrow_at(10)),
            (make.tomorrow_at(8, days=9), make.tomorrow_at(9, days=9)),
        ],
    }
    made = {title: await make.make_training(title=title, sessions=when) for title, when in others.items()}
    for training in made.values():
        await make.make_registration(training, browser_key=BROWSER)
    await changes.call_off_training(made["Cancelada"].id, "No hay salón.", actor=HOLDER_OF_LINK)
    await schedule.cancel_session(made["Movida"].sessions[0].id, actor=HOLDER_OF_LINK)

    assert await titles(ana) == ["El tercer día"]


async def test_neutral_title_is_told_in_a_clash_too(db: Settings) -> None:
    ana = await make.make_registration(await at(8, title="Esta"), browser_key=BROWSER)
    await make.make_registration(await at(8, title="Delicada", neutral_title="Reunión"), browser_key=BROWSER)

    assert await titles(ana) == ["Reunión"]


async def test_clashes_cost_the_same_however_many_there_are(db: Settings) -> None:
    ana = await make.make_registration(await at(8, title="Esta"), browser_key=BROWSER)
    own = await with_sessions(ana.id)

    asked = []
    for n in (1, 2, 3):
        await make.make_registration(await at(8, title=f"Otra {n}"), browser_key=BROWSER)
        with statements() as sent:
            assert len(await clashes_of(own, has_come_back=False)) == n
        asked.append(len(sent))

    assert asked == [2, 2, 2]


async def test_who_is_registered_nowhere_else_has_no_clash_for_one_statement(db: Settings) -> None:
    ana = await make.make_registration(await at(8, title="Esta"), browser_key=BROWSER)
    own = await with_sessions(ana.id)

    with statements() as sent:
        assert await clashes_of(own, has_come_back=False) == []

    assert len(sent) == 1
