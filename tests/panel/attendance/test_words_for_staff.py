"""What staff read at the door, on slips and on sheets where a rule of signing up says no: what they can do about it."""

from __future__ import annotations

import pytest
from httpx2 import Response

from tests.attendance.browsers import NewClient, open_held_door, path_of, signed_in
from tests.attendance.filled_slips import slip
from tests.attendance.uploading import make_device, send
from tests.cast import Cast
from tests.registrations.card_world import make_spare_cards
from tests.registrations.cards.test_bearer_pages import DIEGO
from tests.web.pages import Page
from trainings.attendance.models import WalkInSlip
from trainings.attendance.sheets.sheets import print_sheet
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.people.models import Consent
from trainings.registrations.models import Registration

FOR_THE_PUBLIC = ("Quite a quien es menor", "o llame al", "lo que escribió", "en la página de la capacitación")
GONE = "y aquí ya no se cambia nada. Si la persona quiere venir, inscríbale de nuevo."


def is_for_staff(answer: Response, sentence: str) -> None:
    text = Page(answer.text).text
    assert (answer.status_code, sentence in text) == (409, True)
    assert [words for words in FOR_THE_PUBLIC if words in text] == []


@pytest.mark.parametrize(
    ("minimum_age", "sentence"),
    [
        (None, "Esta capacitación es para personas de 18 años o más. Revise la edad, o busque otra para esa persona."),
        (15, "Esta capacitación es para personas de 15 años o más. Revise la edad, o busque otra para esa persona."),
    ],
    ids=["adults only", "too young"],
)
async def test_age_that_may_not_come_at_the_door(
    cast: Cast, new_client: NewClient, minimum_age: int | None, sentence: str
) -> None:
    door = await open_held_door(cast, admits_minors=minimum_age is not None, minimum_age=minimum_age)
    [card] = await make_spare_cards(door.training)
    client = await signed_in(new_client, cast, "facilitator")

    sent = DIEGO | {"id": str(tokens.uuid7()), "card": str(card.id), "age_group": "12-13"}
    answer = await client.post(f"{path_of(door)}/sin-boleto", data=sent)

    is_for_staff(answer, sentence)
    assert await Registration.all().count() == 1


@pytest.mark.parametrize(
    ("admits_minors", "sentence"),
    [
        (False, "Esta capacitación es para personas de 18 años o más. Revise la edad, o busque otra para esa persona."),
        (True, "se inscribe con su madre, padre o persona encargada. Escriba quién da permiso."),
    ],
    ids=["adults only", "nobody permits"],
)
async def test_slip_of_a_minor_who_may_not_come(
    cast: Cast, new_client: NewClient, *, admits_minors: bool, sentence: str
) -> None:
    door = await open_held_door(cast, admits_minors=admits_minors)
    [card] = await make_spare_cards(door.training)
    await send(await make_device(door), slip(door, card, consent=False))
    waiting = await WalkInSlip.get(state="waiting")
    client = await signed_in(new_client, cast, "coordinator")

    sent = DIEGO | {"ficha": str(waiting.id), "hacer": "anotar", "guardian_consent": ""}
    answer = await client.post(f"/panel/sesiones/{door.key}/revisar/ficha", data=sent)

    is_for_staff(answer, sentence)
    assert (await WalkInSlip.get(id=waiting.id)).state == "waiting"


@pytest.mark.parametrize("where", ["row", "proof", "diploma", "confirmed", "datos"])
async def test_name_or_contact_of_who_took_the_permission_back(cast: Cast, new_client: NewClient, where: str) -> None:
    door = await open_held_door(cast)
    sheet = await print_sheet(door.session.id, n_blank=1, columns=[], actor=PROGRAM)
    await Consent.filter(participant_id=door.ana.participant_id).update(withdrawn_at=door.ana.created_at)
    client = await signed_in(new_client, cast, "facilitator" if where in ("row", "proof") else "coordinator")
    of_sheet, person = f"/panel/sesiones/{door.key}/hojas/{sheet.code}", f"/panel/inscripciones/{door.ana.id}"
    path, sent = {
        "row": (f"{of_sheet}/filas/1/nombre", {"given_names": "Ana", "surnames": "Coc"}),
        "proof": (f"{of_sheet}/nombres", {"lines": "1 está bien", "step": "save"}),
        "diploma": (f"{person}/diploma/nombre", {"given_names": "Ana", "surnames": "Coc"}),
        "confirmed": (f"{person}/diploma/nombre/bien", {"name": "Ana Lucía Ba Coc"}),
        "datos": (f"{person}/datos", {"number": "55559999"}),
    }[where]

    is_for_staff(await client.post(path, data=sent), GONE)
