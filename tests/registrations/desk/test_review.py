"""Held sign-ups on one screen: who is on it, what is hinted at, and many answered at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.counting import statements
from tests.registrations.families import make_family
from tests.registrations.wishes import places_of, state_of, waiting
from tests.web.pages import Page
from trainings import clock
from trainings.audit.models import AuditLine
from trainings.outbox.models import OutboxJob
from trainings.registrations.desk import review_queries
from trainings.registrations.desk.review_queries import n_held, review_page
from trainings.registrations.models import HoldReason, Registration
from trainings.schedule.models import Training, TrainingState

NewClient = Callable[[], AsyncClient]
Freeze = Callable[[datetime], None]
REVIEW = "/panel/revisar"


async def at_desk(new_client: NewClient, who: str = "assistant", **training: Any) -> tuple[Cast, AsyncClient, Training]:
    cast = await make_cast()
    client = new_client()
    await make.sign_in(client, getattr(cast, who))
    return cast, client, await make.make_training(hub=cast.hub, **training)


async def held(training: Training, name: str, reason: HoldReason = HoldReason.REVIEW, **about: Any) -> Registration:
    return await make.make_registration(training, given_names=name, hold_reason=reason, **about)


async def opened(client: AsyncClient, path: str = REVIEW) -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200
    return Page(answer.text)


def ticked(*registrations: Registration) -> dict[str, list[str]]:
    return {"grupo": [str(one.group_id) for one in registrations]}


# -- who is on it


async def test_who_waits_is_listed_by_training_and_reason_newest_first(new_client: NewClient, freeze: Freeze) -> None:
    cast, _client, training = await at_desk(new_client)
    now = clock.now()
    freeze(now)
    old = await held(training, "Ana")
    freeze(now + timedelta(seconds=5))
    new = await held(training, "Beto")
    other = await held(training, "Carlos", HoldReason.PREREQUISITE)
    await make.make_registration(training, given_names="Diego")

    page = await review_page(await make.actor_of(cast.assistant), 1)

    seen = [(one.reason, [group.group_id for group in one.groups], one.n_groups) for one in page.waiting]
    assert seen == [
        (HoldReason.PREREQUISITE, [other.group_id], 1),
        (HoldReason.REVIEW, [new.group_id, old.group_id], 2),
    ]
    assert (page.n_groups, page.after) == (3, None)


async def test_page_names_people_shortly_and_minors_not_at_all(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, admits_minors=True, approval_required=True)
    await make_family(training, "Ana", children=["Luz"])

    page = await opened(client)

    assert "Ana C. X." in page.text
    assert "2 personas · 1 menor de edad" in page.text
    for words in ("Luz", "Coc Xol"):
        assert words not in page.text
    assert "La capacitación pide revisar cada inscripción" in page.text


async def test_hints_count_the_same_browser_and_contact_and_name_nobody(new_client: NewClient) -> None:
    cast, client, training = await at_desk(new_client)
    for name in ("Ana", "Beto", "Carlos"):
        await held(training, name, browser_key="b" * 64, phone="+50255551234")
    await make.make_registration(training, given_names="Diego", phone="+50255551234")
    for hub in (cast.hub, cast.elsewhere):
        await held(await make.make_training(hub=hub), "Elsa", phone="+50255551234", browser_key="b" * 64)

    page = await opened(client)

    words = " ".join(page.text.split())
    assert words.count("otras 2 del mismo aparato") == 3
    assert words.count("otras 3 con el mismo contacto") == 3
    for secret in ("5555 1234", "+50255551234", "Diego", "b" * 64):
        assert secret not in page.source


async def test_nobody_waits_for_what_is_over_or_called_off(new_client: NewClient, freeze: Freeze) -> None:
    cast, _client, training = await at_desk(new_client)
    off = await make.make_training(hub=cast.hub)
    await held(training, "Ana")
    await held(off, "Beto")
    await Training.filter(id=off.id).update(state=TrainingState.CANCELLED)
    actor = await make.actor_of(cast.assistant)

    counted = [await n_held(actor)]
    freeze(make.tomorrow_at(20))
    counted.append(await n_held(actor))

    assert counted == [1, 0]


async def test_long_list_has_pages(new_client: NewClient, monkeypatch: pytest.MonkeyPatch) -> None:
    _cast, client, training = await at_desk(new_client)
    monkeypatch.setattr(review_queries, "PAGE", 2)
    for name in ("Ana", "Beto", "Carlos"):
        await held(training, name)

    first, second = await opened(client), await opened(client, f"{REVIEW}?pagina=2")

    assert [len(page.all("input", name="grupo")) for page in (first, second)] == [2, 1]
    assert first.all("a", href=f"{REVIEW}?pagina=2")
    assert second.all("a", href=f"{REVIEW}?pagina=1")
    for nonsense in ("0", "x", "99999999", "7"):
        assert (await client.get(f"{REVIEW}?pagina={nonsense}")).status_code == 200


async def test_list_reads_as_much_for_thirty_as_for_three(new_client: NewClient) -> None:
    cast, _client, training = await at_desk(new_client)
    actor = await make.actor_of(cast.assistant)
    counted = []

    for n_people in (3, 27):
        for number in range(n_people):
            await held(training, f"Persona {number}", phone="+50255551234", browser_key="b" * 64)
        with statements() as seen:
            await review_page(actor, 1)
        counted.append(len(seen))

    assert counted[0] == counted[1]


# -- answering


async def test_marked_ones_are_approved_after_they_were_shown(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    ana, beto, carlos = [await held(training, name) for name in ("Ana", "Beto", "Carlos")]

    asked = await client.get(f"{REVIEW}/confirmar", params=ticked(ana, beto) | {"hacer": "aprobar"})
    before = await state_of(ana)
    page = Page(asked.text)
    answer = await client.post(
        str(page.all("form", method="post")[-1]["action"]),
        data={"grupo": [str(box["value"]) for box in page.all("input", name="grupo")]},
    )

    assert "¿Aprobar 2 inscripciones?" in page.text
    assert (before, answer.headers["location"]) == ("held", REVIEW)
    assert [await state_of(one) for one in (ana, beto, carlos)] == ["confirmed", "confirmed", "held"]
    assert "Se aprobaron 2 inscripciones." in (await opened(client)).text


async def test_all_of_one_training_and_reason_are_answered_together(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    here = [await held(training, name) for name in ("Ana", "Beto")]
    other = await held(training, "Carlos", HoldReason.PREREQUISITE)
    path = f"{REVIEW}/confirmar?todas={training.id}:review&hacer=rechazar"
    page = await opened(client, path)

    await client.post(
        f"{REVIEW}/rechazar", data={"grupo": [str(box["value"]) for box in page.all("input", name="grupo")]}
    )

    assert "¿Rechazar 2 inscripciones?" in page.text
    assert "No se les escribe" in page.text
    assert [await state_of(one) for one in (*here, other)] == ["cancelled", "cancelled", "held"]


async def test_who_finds_no_place_without_a_waiting_list_is_left_to_be_answered(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, capacity=1, has_waiting_list=False)
    ana, beto = [await held(training, name) for name in ("Ana", "Beto")]

    asked = (await client.get(f"{REVIEW}/confirmar", params=ticked(ana, beto) | {"hacer": "aprobar"})).text
    await client.post(f"{REVIEW}/aprobar", data=ticked(ana, beto))

    assert "Donde no hay lista de espera, las demás siguen por revisar." in Page(asked).text
    assert [await state_of(one) for one in (ana, beto)] == ["confirmed", "held"]
    text = (await opened(client)).text
    assert "Sin responder: 1." in text
    assert "abrir la lista" in text


async def test_first_come_get_the_places_the_others_wait(new_client: NewClient, freeze: Freeze) -> None:
    _cast, client, training = await at_desk(new_client, capacity=1)
    now = clock.now()
    people = []
    for number, name in enumerate(("Ana", "Beto", "Carlos")):
        freeze(now + timedelta(seconds=number))
        people.append(await held(training, name))

    await client.post(f"{REVIEW}/aprobar", data=ticked(*reversed(people)))

    assert [await state_of(one) for one in people] == ["confirmed", "waitlisted", "waitlisted"]
    assert await places_of(training) == (1, 0)
    numbers = [(await Registration.get(id=one.id).prefetch_related("group")).group.wait_number for one in people[1:]]
    assert numbers == await waiting(training)


async def test_rejected_ones_are_told_in_one_batch_that_can_be_stopped(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, approval_required=True)
    people = [await held(training, name, HoldReason.APPROVAL, email=f"{name}@example.org") for name in ("ana", "beto")]

    await client.post(f"{REVIEW}/rechazar", data=ticked(*people))

    jobs = await OutboxJob.filter(kind="registration_rejected")
    assert {job.subject_id for job in jobs} == {one.id for one in people}
    assert len({job.batch_id for job in jobs}) == 1


async def test_two_of_the_desk_answer_at_once_and_each_sign_up_is_answered_once(new_client: NewClient) -> None:
    cast, client, training = await at_desk(new_client)
    people = [await held(training, f"Persona {number}") for number in range(6)]
    colleague = new_client()
    await make.sign_in(colleague, cast.coordinator)

    answers = await asyncio.gather(
        client.post(f"{REVIEW}/aprobar", data=ticked(*people)),
        colleague.post(f"{REVIEW}/rechazar", data=ticked(*people)),
    )

    assert {answer.status_code for answer in answers} <= {303, 422}
    states = [await state_of(one) for one in people]
    assert set(states) <= {"confirmed", "cancelled"}
    assert await places_of(training) == (states.count("confirmed"), 0)
    acts = ["registrations.approve", "registrations.reject"]
    assert await AuditLine.filter(act__in=acts).count() == len(people)


async def test_answer_given_twice_is_given_once(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    ana = await held(training, "Ana")

    first, again = [await client.post(f"{REVIEW}/aprobar", data=ticked(ana)) for _ in range(2)]

    assert (first.status_code, again.status_code) == (303, 422)
    assert "No marcó a nadie, o ya tienen respuesta." in again.text
    assert "Nadie espera respuesta" in again.text
    assert await places_of(training) == (1, 0)


NOTHING_CHOSEN: list[str] = ["", "?grupo=x&grupo=", "?todas=x:review", "?todas=:otra", "?todas=review"]


async def test_nothing_chosen_is_said_so(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    await held(training, "Ana")

    for query in NOTHING_CHOSEN:
        answer = await client.get(f"{REVIEW}/confirmar{query}")

        page = Page(answer.text)
        assert answer.status_code == 422, query
        assert "No marcó a nadie" in page.text, query
        assert len(page.all("input", name="grupo")) == 1, query


# -- whose it is


async def test_other_hubs_neither_see_nor_answer(new_client: NewClient) -> None:
    _cast, elsewhere, training = await at_desk(new_client, "coordinator_elsewhere")
    ana = await held(training, "Ana")

    page = await opened(elsewhere)
    answers = [
        await elsewhere.get(f"{REVIEW}/confirmar", params=ticked(ana)),
        await elsewhere.get(f"{REVIEW}/confirmar?todas={training.id}:review"),
        await elsewhere.post(f"{REVIEW}/aprobar", data=ticked(ana)),
        await elsewhere.post(f"{REVIEW}/rechazar", data=ticked(ana)),
    ]

    assert "Nadie espera respuesta" in page.text
    assert [answer.status_code for answer in answers] == [422] * 4
    assert await state_of(ana) == "held"


async def test_start_page_leads_to_who_waits(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    await held(training, "Ana")

    page = await opened(client, "/panel")

    assert "Responder a 1 inscripción" in page.text
    assert page.all("a", href=REVIEW)


# -- what came as a wave


async def a_wave(cast: Cast, freeze: Freeze) -> list[Registration]:
    """Six for two trainings, each half a minute after the one before; two minutes later somebody alone."""
    trainings = [await make.make_training(hub=cast.hub) for _number in range(2)]
    start, came = clock.now(), []
    for number in range(6):
        freeze(start + timedelta(seconds=30 * number))
        came.append(await held(trainings[number % 2], f"Ana {number}"))
    freeze(start + timedelta(minutes=5))
    await held(trainings[0], "Berta")
    return came


async def test_wave_over_several_trainings_is_told_and_removed_at_once(new_client: NewClient, freeze: Freeze) -> None:
    cast, client, _training = await at_desk(new_client)
    came = await a_wave(cast, freeze)

    page = await opened(client)
    [no] = [
        str(link["href"])
        for link in page.all("a")
        if str(link["href"]).endswith("&hacer=rechazar") and "oleada" in str(link["href"])
    ]
    shown = await opened(client, no)
    keys = [str(field["value"]) for field in shown.all("input", name="grupo")]
    answer = await client.post(f"{REVIEW}/rechazar", data={"grupo": keys})

    assert "6 inscripciones llegaron seguidas" in page.text
    assert "6 personas · 2 capacitaciones" in " ".join(page.text.split())
    assert answer.status_code == 303
    assert {await state_of(one) for one in came} == {"cancelled"}
    left = await Registration.filter(state="held").prefetch_related("participant")
    assert [one.participant.given_names for one in left] == ["Berta"]
    assert "llegaron seguidas" not in (await opened(client)).text


async def test_wave_of_another_hub_or_of_nobody_is_no_wave(new_client: NewClient, freeze: Freeze) -> None:
    cast, client, _training = await at_desk(new_client, who="coordinator_elsewhere")
    came = await a_wave(cast, freeze)

    for one in (str(came[0].group_id), "x"):
        assert (await client.get(f"{REVIEW}/confirmar?oleada={one}&hacer=aprobar")).status_code == 422
    assert "llegaron seguidas" not in (await opened(client)).text
