"""What the calendar asks by hand is what the rest of the panel asks, on both engines; its lines are its template's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests import make
from tests.cast import Cast, make_cast
from trainings.accounts.models import Role, User
from trainings.panel.calendar import views
from trainings.places.queries import hubs_visible_to
from trainings.schedule import queries
from trainings.schedule.public.entries import CALLED_OFF, FILLED_IN, TEMPLATE, Entry, lines_of
from trainings.settings import Settings
from trainings.web.i18n import speaking
from trainings.web.render import render_text

pytestmark = pytest.mark.both_engines

START = datetime(2027, 3, 4, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROLES = ("facilitator", "assistant", "coordinator", "admin", "monitor", "platform", "facilitator_elsewhere")


@pytest.fixture
async def cast(db: Settings) -> Cast:
    """Each hub with a session; at La Libertad one is held by who facilitates at Tacaná."""
    cast = await make_cast()
    await a_training("Aquí", cast, START, [cast.facilitator])
    await a_training("Prestada", cast, START + 2 * HOUR, [cast.facilitator_elsewhere])
    await make.make_training(
        title="Allá", hub=cast.elsewhere, venue=cast.venue_elsewhere, sessions=[(START, START + HOUR)]
    )
    return cast


async def a_training(title: str, cast: Cast, starts_at: datetime, facilitators: list[User]) -> None:
    sessions = [(starts_at, starts_at + HOUR)]
    await make.make_training(title=title, hub=cast.hub, venue=cast.venue, facilitators=facilitators, sessions=sessions)


async def test_sessions_and_hubs_of_the_calendar_are_those_in_scope_for_each_role(cast: Cast) -> None:
    for role in ROLES:
        actor = await make.actor_of(getattr(cast, role))

        read = await views.sessions_of(actor, views.Wanted(), START - HOUR, START + 24 * HOUR)
        choices = await views.choices_of(actor)

        expected = {one.id for one in await queries.sessions_visible_to(actor)}
        assert {one.id for one in read} == expected, role
        assert {hub.id for hub in choices.hubs} == {hub.id for hub in await hubs_visible_to(actor)}, role


async def test_people_to_narrow_by_are_who_works_or_holds_here(cast: Cast) -> None:
    gone = await make.make_user(Role.FACILITATOR, cast.hub, email="fue@la-libertad.example", name="Zoila Sis")
    await a_training("Antes", cast, START + 5 * HOUR, [gone])
    gone.is_active = False
    await gone.save(update_fields=["is_active"])

    async def names(who: str) -> list[str]:
        return [name for _id, name in (await views.choices_of(await make.actor_of(getattr(cast, who)))).people]

    assert await names("facilitator") == ["Ana Coc"]
    assert await names("coordinator") == [
        *("Ana Coc", "Luis Ba", "Mateo Ramírez", "Rosa Xol", "Zoila Sis"),
    ]
    assert "Zoila Sis" not in await names("platform")


async def test_filters_of_the_calendar_narrow_its_sessions(cast: Cast) -> None:
    actor = await make.actor_of(cast.coordinator)
    choices = await views.choices_of(actor)
    borrowed = next(one for one in choices.people if one[1] == "Mateo Ramírez")
    [venue] = choices.venues

    async def titles(wanted: views.Wanted) -> list[str]:
        read = await views.sessions_of(actor, wanted, START - HOUR, START + 24 * HOUR)
        return [one.title for one in read]

    assert venue[1] == "Salón municipal, La Libertad, Petén"
    assert await titles(views.Wanted(hub=choices.hubs[0])) == ["Aquí", "Prestada"]
    assert await titles(views.Wanted(person=borrowed)) == ["Prestada"]
    assert await titles(views.Wanted(venue=venue)) == ["Aquí", "Prestada"]
    assert await titles(views.Wanted(hub=choices.hubs[0], person=borrowed, venue=venue)) == ["Prestada"]


@pytest.mark.parametrize("language", ["es-GT", "en"])
@pytest.mark.parametrize("mark", ["", CALLED_OFF])
@pytest.mark.parametrize("place", ["", "A & B's %(place)s"])
@pytest.mark.parametrize("move", ["", "/panel/sesiones/1/mover?a=1&b=2"])
def test_line_is_what_its_template_makes_of_the_same_values(move: str, place: str, mark: str, language: str) -> None:
    hostile = Entry(
        START, "open", "/x?a=1&b=2", "8:30\xa0a.\xa0m.", '<b>"100 %s" \x02 {}</b>', place, "0/30", move, mark
    )
    values = {name: getattr(hostile, name) for name in (*FILLED_IN, "mark")}

    with speaking(language):
        lines = lines_of([hostile, hostile])
        written = render_text(TEMPLATE, values)

    assert lines == f"{written}\n" * 2
    assert "&lt;b&gt;&#34;100 %s&#34;" in lines


@pytest.mark.parametrize("title", ["Riesgos, 100 %s", "Riesgos\x1fy <b>más</b>", "Riesgos\x1fy más"])
def test_lines_of_a_day_keep_their_own_values_whatever_stands_in_one_of_them(title: str) -> None:
    first = Entry(START, "", "/a", "8:30\xa0a.\xa0m.", title, "Poptún, Petén", "0/30", "")
    entries = [first, first._replace(title="Q'eqchi'", place="", move="/b"), first._replace(look="gone", href="/c")]

    with speaking("es-GT"):
        lines = lines_of(entries)
        written = [
            render_text(TEMPLATE, {name: getattr(one, name) for name in (*FILLED_IN, "mark")}) for one in entries
        ]

    assert lines == "".join(f"{line}\n" for line in written)
