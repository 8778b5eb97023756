from __future__ import annotations

from uuid import uuid4

from tortoise.expressions import Q

from tests import make
from trainings.people.models import Participant
from trainings.settings import Settings

NONE: list[str] = []


async def names_of(condition: Q) -> list[str]:
    return sorted(one.surnames for one in await Participant.filter(condition))


async def test_empty_list_beside_others_is_left_out_and_alone_finds_nobody(db: Settings) -> None:
    training = await make.make_training()
    for surnames in ("Ba", "Coc"):
        await make.make_registration(training, surnames=surnames)
    ba, nobody = Q(surnames="Ba"), Q(id__in=NONE)

    found = [
        await names_of(condition)
        for condition in (
            nobody,
            nobody | ba,
            ba | nobody,
            ba & nobody,
            (nobody & ba) | Q(surnames="Coc"),
            nobody | Q(surnames__in=NONE),
            Q(id__in=NONE, surnames="Ba"),
            Q(Q(id__in=NONE) | ba, given_names__not=""),
            ~nobody,
            ~(nobody | ba),
            ~nobody | ba,
            nobody | Q(registrations__training_id=uuid4()) | ba,
        )
    ]

    assert found == [
        [],
        ["Ba"],
        ["Ba"],
        [],
        ["Coc"],
        [],
        [],
        ["Ba"],
        ["Ba", "Coc"],
        ["Coc"],
        ["Ba", "Coc"],
        ["Ba"],
    ]


async def test_empty_list_beside_others_leaves_them_their_index(sqlite_db: Settings) -> None:
    asked = Participant.filter(Q(id__in=[uuid4()]) | Q(Q(surnames__in=NONE) & Q(community="Las Pozas")))

    [step] = await asked.explain()

    assert step["detail"].startswith("SEARCH")
