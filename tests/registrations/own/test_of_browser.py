"""Who comes back with the browser that signed up finds the way to the ticket; nobody else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from httpx2 import AsyncClient

from tests import make
from tests.counting import statements
from tests.registrations.forms import path_of, post
from tests.registrations.wishes import link_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.people.models import Participant
from trainings.registrations.links import claim_link, renew_link
from trainings.registrations.models import OwnLink, Registration
from trainings.registrations.seats import actions
from trainings.schedule.models import Training

Freeze = Callable[[datetime], None]
ELVIRA = {
    "members-1-given_names": "Elvira",
    "members-1-surnames": "Xol",
    "members-1-age_group": "18+",
    "members-1-ask_age": "yes",
}
MINE = "/mis-inscripciones"


def pages_of(training: Training) -> tuple[str, ...]:
    return f"/capacitaciones/{training.slug}", path_of(training), MINE


async def test_same_browser_finds_its_sign_ups_groups_too_and_another_does_not(
    new_client: Callable[[], AsyncClient],
) -> None:
    home, other = new_client(), new_client()
    training = await make.make_training()
    alone = (await post(home, training, given_names="Rosaura")).headers["location"]
    group = (await post(home, training, given_names="Ana", **ELVIRA)).headers["location"]

    for path in pages_of(training):
        mine, theirs = await home.get(path), await other.get(path)

        assert (mine.status_code, mine.headers["cache-control"]) == (200, "no-store")
        assert [mine.text.count(f'href="{link}"') for link in (alone, group)] == [1, 1]
        assert "Ana, Elvira" in mine.text
        assert theirs.headers["cache-control"] == "no-cache"
        assert not any(word in theirs.text for word in ("Rosaura", "Elvira", '"/i/'))
    assert "Coc Xol" not in (await home.get(MINE)).text


async def test_page_with_names_on_it_is_kept_for_nobody(new_client: Callable[[], AsyncClient]) -> None:
    home, other = new_client(), new_client()
    training = await make.make_training()
    path = pages_of(training)[0]
    before = (await other.get(path)).text
    await post(home, training, given_names="Rosaura")

    with_names, after = (await home.get(path)).text, (await other.get(path)).text

    assert "Rosaura" in with_names
    assert "Rosaura" not in before + after
    with statements() as asked:
        await other.get(path)
    assert not any("browser_key" in one for one in asked)


async def test_only_what_stands_and_is_to_come_is_shown(client: AsyncClient, freeze: Freeze) -> None:
    training, other = await make.make_training(), await make.make_training(title="Otra", neutral_title="Reunión")
    gone = (await post(client, training, given_names="Rosaura")).headers["location"]
    stays = (await post(client, other, given_names="Elsa")).headers["location"]
    [rosa] = await Registration.filter(training_id=training.id)
    await actions.cancel(rosa.id, actor=HOLDER_OF_LINK)

    page = (await client.get(MINE)).text
    freeze(other.sessions[0].ends_at)
    after = (await client.get(MINE)).text

    assert (f'href="{stays}"' in page, f'href="{gone}"' in page) == (True, False)
    assert ("Reunión" in page, "Otra" in page) == (True, False)
    assert stays not in after


async def test_link_in_other_hands_is_not_shown(client: AsyncClient) -> None:
    training = await make.make_training()
    for name in ("Rosaura", "Elsa"):
        await post(client, training, given_names=name)
    rosa, elsa = [await of_name(name) for name in ("Rosaura", "Elsa")]
    await claim_link((await link_of(rosa)).removeprefix("/i/"), "9" * 32, actor=HOLDER_OF_LINK)
    await renew_link(elsa.id, (await OwnLink.get(registration_id=elsa.id)).id, actor=PROGRAM)

    assert "/i/" not in (await client.get(MINE)).text


async def of_name(given_names: str) -> Registration:
    person = await Participant.get(given_names=given_names)
    return await Registration.get(participant_id=person.id)


async def test_telephone_that_is_not_one_s_own_forgets_and_the_registration_stands(client: AsyncClient) -> None:
    training = await make.make_training()
    link = (await post(client, training, given_names="Rosaura")).headers["location"]

    answer = await client.post(f"{MINE}/olvidar")

    assert (answer.status_code, answer.headers["location"]) == (303, MINE)
    told = (await client.get(MINE)).text
    assert "Listo. Este teléfono ya no muestra sus inscripciones. Siguen valiendo." in told
    assert ["Rosaura" in (await client.get(path)).text for path in pages_of(training)] == [False] * 3
    assert "Listo, ya tiene su lugar" in (await client.get(link)).text
