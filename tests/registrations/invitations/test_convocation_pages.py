"""The list of who is invited, and the letters, as the desk uses them without script."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from uuid import UUID

import pypdf
import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.counting import statements
from tests.registrations.card_world import make_block
from tests.schedule.panel import as_, one, post
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.registrations.invitations import convocation
from trainings.registrations.invitations.convocation import Invited
from trainings.registrations.models import Addressee, InvitationLetter, InvitedHow
from trainings.schedule.models import Training, TrainingState

NAMES = "COCODE Las Pozas | Presidencia | Aldea Las Pozas\nEORM K’ante’\nCOCODE <b>El Subín</b>"


@pytest.fixture
async def training(cast: Cast) -> Training:
    return await make.make_training(hub=cast.hub)


def page_of(training: Training) -> str:
    return one(training, "/convocatorias")


async def letters(training: Training) -> list[InvitationLetter]:
    return await convocation.letters_of(training.id)


def n_pages(content: bytes) -> int:
    return len(pypdf.PdfReader(BytesIO(content)).pages)


async def test_empty_list_says_what_to_do_and_the_training_leads_to_it(
    client: AsyncClient, cast: Cast, training: Training
) -> None:
    await as_(client, cast, "assistant")

    shown = await client.get(one(training))
    page = await client.get(page_of(training))

    assert f'href="{page_of(training)}"' in shown.text
    assert page.status_code == 200
    assert "De cada línea sale una carta" in page.text
    assert "Con lo marcado" not in page.text


async def test_many_are_added_at_once_and_counted(client: AsyncClient, cast: Cast, training: Training) -> None:
    await as_(client, cast, "assistant")

    first = await post(client, page_of(training), {"names": NAMES})
    again = await post(client, page_of(training), {"names": NAMES + "\nPGN", "kind": "institution"})
    page = await client.get(page_of(training))

    assert (first.status_code, again.headers["location"]) == (303, page_of(training))
    assert "se agregó 1. 3 ya estaban en la lista." in page.text
    assert [one.kind for one in await letters(training)] == [
        Addressee.COCODE,
        Addressee.SCHOOL,
        Addressee.COCODE,
        Addressee.INSTITUTION,
    ]
    assert "4 en la lista · 0 invitadas · 4 por entregar" in page.text
    assert f'href="/panel/capacitaciones/{training.id}/llamadas"' in page.text
    assert "Presidencia, Aldea Las Pozas" in page.text
    assert "COCODE &lt;b&gt;El Subín&lt;/b&gt;" in page.text


async def test_delivery_is_recorded_for_the_marked_ones_and_undone(
    client: AsyncClient, cast: Cast, training: Training
) -> None:
    await as_(client, cast, "coordinator")
    await post(client, page_of(training), {"names": NAMES})
    first, second, third = await letters(training)
    yesterday = clock.today() - timedelta(days=1)

    marked = await post(
        client,
        page_of(training) + "/invitar",
        {"letter": [first.id, second.id], "how": "visit", "day": yesterday.isoformat()},
    )
    page = (await client.get(page_of(training))).text
    undone = await post(client, page_of(training) + "/deshacer", {"letter": [second.id]})
    everyone = await post(client, page_of(training) + "/invitar", {"everyone": "yes", "how": "letter"})

    assert [answer.status_code for answer in (marked, undone, everyone)] == [303, 303, 303]
    assert f"Visita, {yesterday:%d/%m/%Y}" in page
    assert "3 en la lista · 2 invitadas · 1 por entregar" in page
    assert "Visita: 2" in page
    assert [one.how for one in await letters(training)] == [InvitedHow.LETTER] * 3
    assert {one.invited_at for one in await letters(training)} == {clock.midnight(clock.today())}
    assert third.invited_at is None


async def test_cards_go_with_letters_and_are_taken_out(client: AsyncClient, cast: Cast, training: Training) -> None:
    block = await make_block(training, 3)
    other = await make_block(await make.make_training(hub=cast.hub), 2)
    await as_(client, cast, "coordinator")

    await post(client, page_of(training), {"names": "COCODE Las Pozas", "block": block.id})
    page = (await client.get(page_of(training))).text
    [letter] = await letters(training)
    foreign = await post(client, page_of(training) + "/tarjetas", {"letter": [letter.id], "attached": other.id})
    with_cards = (await letters(training))[0].block_id
    await post(client, page_of(training) + "/tarjetas", {"letter": [letter.id], "attached": ""})

    assert "con 3 tarjetas de Las Pozas" in page
    assert (foreign.status_code, with_cards) == (409, block.id)
    assert 'href="#attached"' in foreign.text
    assert (await letters(training))[0].block_id is None


CANNOT_BE: list[tuple[str, dict[str, object], int, str]] = [
    ("", {"names": " \n | "}, 422, "Escriba a quién se invita, uno en cada línea."),
    ("", {"names": "Lo escrito\n| x"}, 422, "A la línea 2 le falta el nombre."),
    ("", {"names": "Lo escrito", "kind": "familia"}, 422, "Escoja una de las opciones."),
    ("", {"names": "Lo escrito", "done_day": "2026-01-05"}, 422, "Escoja también cómo se les invitó."),
    ("", {"names": "Lo escrito", "done_how": "call", "done_day": "2099-01-01"}, 409, "Ese día todavía no llega."),
    ("", {"names": "Lo escrito", "block": str(UUID(int=1))}, 409, "Esas tarjetas no son de esta capacitación."),
    ("/invitar", {"how": "call"}, 422, "Marque primero en la lista a quién."),
    ("/invitar", {"everyone": "yes"}, 422, "Escoja cómo se les invitó."),
    ("/invitar", {"everyone": "yes", "how": "call", "day": "1026-01-05"}, 422, "Revise el año"),
    ("/invitar", {"letter": "x", "how": "call"}, 422, "Escoja una de las opciones."),
    ("/quitar", {"letter": str(UUID(int=1))}, 422, "Marque primero en la lista a quién."),
    ("/deshacer", {}, 422, "Marque primero en la lista a quién."),
]


async def test_what_cannot_be_done_is_said_with_what_was_typed(
    client: AsyncClient, cast: Cast, training: Training
) -> None:
    await convocation.prepare(training.id, [Invited(Addressee.COCODE, "COCODE Las Pozas")], actor=PROGRAM)
    await as_(client, cast, "coordinator")

    for path, form, status, sentence in CANNOT_BE:
        answer = await post(client, page_of(training) + path, form)

        assert answer.status_code == status, (path, form)
        assert sentence in answer.text, (path, form)
        assert ("Lo escrito" in answer.text) == ("Lo escrito" in str(form)), (path, form)
        assert [(one.addressee, one.how) for one in await letters(training)] == [("COCODE Las Pozas", None)], (
            path,
            form,
        )


# -- on paper


async def test_one_letter_all_and_the_marked_ones_are_files(
    client: AsyncClient, cast: Cast, training: Training
) -> None:
    await as_(client, cast, "assistant")
    await post(client, page_of(training), {"names": NAMES})
    first, _second, third = await letters(training)

    single = await client.get(f"{page_of(training)}/{first.id}.pdf")
    everyone = await client.get(f"{page_of(training)}.pdf")
    marked = await client.get(
        f"{page_of(training)}.pdf", params={"marcadas": "1", "letter": [str(first.id), str(third.id), "x"]}
    )

    assert [answer.status_code for answer in (single, everyone, marked)] == [200, 200, 200]
    assert [n_pages(answer.content) for answer in (single, everyone, marked)] == [1, 3, 2]
    assert single.headers["content-type"] == "application/pdf"
    assert single.headers["cache-control"] == "no-store"
    assert single.headers["content-disposition"] == 'inline; filename="convocatorias.pdf"'


async def test_long_list_comes_in_files_of_fifty(client: AsyncClient, cast: Cast, training: Training) -> None:
    many = [Invited(Addressee.COCODE, f"COCODE {n}") for n in range(51)]
    await convocation.prepare(training.id, many, actor=PROGRAM)
    await as_(client, cast, "coordinator")

    page = (await client.get(page_of(training))).text
    rest = await client.get(f"{page_of(training)}.pdf", params={"desde": "50"})
    too_many = await client.get(f"{page_of(training)}.pdf", params={"marcadas": "1", "everyone": "yes"})
    beyond = await client.get(f"{page_of(training)}.pdf", params={"desde": "9999"})

    assert "Cartas 1 a 50" in page
    assert "Cartas 51 a 51" in page
    assert (n_pages(rest.content), too_many.status_code) == (1, 409)
    assert "hasta 50 cartas" in too_many.text
    assert beyond.status_code == 409


@pytest.mark.parametrize(
    ("state", "sentence"),
    [(TrainingState.DRAFT, "Publíquela primero"), (TrainingState.CANCELLED, "ya no hay a qué invitar")],
)
async def test_letter_that_would_lead_nowhere_is_refused_on_the_list(
    client: AsyncClient, cast: Cast, state: TrainingState, sentence: str
) -> None:
    training = await make.make_training(hub=cast.hub, state=state)
    await as_(client, cast, "coordinator")
    await post(client, page_of(training), {"names": NAMES})
    [first, *_more] = await letters(training)

    answers = [
        await client.get(f"{page_of(training)}.pdf"),
        await client.get(f"{page_of(training)}/{first.id}.pdf"),
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert all(sentence in answer.text for answer in answers)


async def test_printing_nothing_marked_is_refused(client: AsyncClient, cast: Cast, training: Training) -> None:
    await as_(client, cast, "coordinator")
    await post(client, page_of(training), {"names": NAMES})

    answer = await client.get(f"{page_of(training)}.pdf", params={"marcadas": "1"})

    assert answer.status_code == 422
    assert "Marque primero en la lista a quién." in answer.text


@pytest.mark.parametrize("state", [TrainingState.PUBLISHED, TrainingState.UNLISTED])
async def test_short_address_of_the_letter_opens_the_training(
    client: AsyncClient, cast: Cast, state: TrainingState
) -> None:
    training = await make.make_training(hub=cast.hub, state=state)

    answers = [await client.get(f"/c/{code}") for code in (training.short_code, training.short_code.lower())]

    assert [answer.status_code for answer in answers] == [308, 308]
    assert answers[0].headers["location"] == f"/capacitaciones/{training.slug}"
    assert (await client.get(answers[0].headers["location"])).status_code == 200


async def test_short_address_of_a_draft_is_unknown(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT)

    assert (await client.get(f"/c/{training.short_code}")).status_code == 404


# -- who may


async def test_list_and_letters_are_for_the_desk_of_the_hub(
    client: AsyncClient, cast: Cast, training: Training
) -> None:
    await convocation.prepare(training.id, [Invited(Addressee.COCODE, "COCODE Las Pozas")], actor=PROGRAM)
    [letter] = await letters(training)
    seen = {}
    for who in ("assistant", "coordinator", "admin", "facilitator", "monitor", "platform", "coordinator_elsewhere"):
        await as_(client, cast, who)
        answers = [
            await client.get(page_of(training)),
            await client.get(f"{page_of(training)}/{letter.id}.pdf"),
            await post(client, page_of(training) + "/invitar", {"everyone": "yes", "how": "call"}),
        ]
        seen[who] = [answer.status_code for answer in answers]

    assert seen == {
        "assistant": [200, 200, 303],
        "coordinator": [200, 200, 303],
        "admin": [200, 200, 303],
        "facilitator": [403, 403, 403],
        "monitor": [403, 403, 403],
        "platform": [403, 403, 403],
        "coordinator_elsewhere": [404, 404, 404],
    }


async def test_long_list_costs_no_more_reads_than_a_short_one(
    client: AsyncClient, cast: Cast, training: Training
) -> None:
    await convocation.prepare(training.id, [Invited(Addressee.COCODE, "COCODE Uno")], actor=PROGRAM)
    await as_(client, cast, "coordinator")
    await client.get(page_of(training))

    with statements() as short:
        await client.get(page_of(training))
    await convocation.prepare(training.id, [Invited(Addressee.COCODE, f"COCODE {n}") for n in range(30)], actor=PROGRAM)
    with statements() as long:
        await client.get(page_of(training))

    assert len(long) == len(short)
