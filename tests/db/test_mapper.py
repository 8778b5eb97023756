"""The mapper mended: empty lists are left out, and its SQL, written with less work, is the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tortoise.exceptions import DoesNotExist
from tortoise.expressions import F, Q, Subquery
from tortoise.functions import Count, Max
from tortoise.query_utils import Prefetch

from tests import make
from tests.queries import counted_queries
from tests.schedule.panel import NOWHERE
from trainings import clock
from trainings.accounts.models import User
from trainings.db import mapper
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.schedule.models import Training, TrainingSession
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


@pytest.mark.both_engines
async def test_question_about_an_empty_list_is_answered_without_the_database_unless_it_adds_up(db: Settings) -> None:
    await make.make_training()
    nobody = Training.filter(id__in=NONE)

    with counted_queries() as asked:
        lists = [await nobody, await nobody.values("id"), await nobody.select_related("hub").values_list("id")]
        numbers = [await nobody.count(), await nobody.update(title="x"), await nobody.delete()]
        is_there = await nobody.exists()

    assert (lists, numbers, is_there, asked) == ([[], [], []], [0, 0, 0], False, [])
    assert await nobody.annotate(n=Count("id")).values("n") == [{"n": 0}]
    assert await nobody.first() is None
    with pytest.raises(DoesNotExist):
        await nobody.get()
    assert await Training.all().count() == 1


async def test_empty_list_beside_others_leaves_them_their_index(sqlite_db: Settings) -> None:
    asked = Participant.filter(Q(id__in=[uuid4()]) | Q(Q(surnames__in=NONE) & Q(community="Las Pozas")))

    [step] = await asked.explain()

    assert step["detail"].startswith("SEARCH")


ASKED: tuple[Callable[[], Any], ...] = (
    lambda: Training.filter(hub_id=NOWHERE).order_by("-title").limit(3),
    lambda: Training.filter(Q(hub_id=NOWHERE) | ~Q(title__icontains="a")).distinct(),
    lambda: Training.filter(hub__slug="a", sessions__starts_at__gte=clock.now()).only("id", "title"),
    lambda: Training.filter(id__in=Subquery(TrainingSession.all().values("training_id"))),
    lambda: Training.annotate(n=Count("sessions"), last=Max("sessions__ends_at")).filter(n__gt=1).values("id", "last"),
    lambda: Registration.filter(training_id=NOWHERE).select_related("participant", "training__hub").offset(2),
    lambda: Registration.exclude(participant__given_names="a").values_list("id", flat=True),
    lambda: Registration.filter(training__hub__slug="a").count(),
    lambda: Registration.filter(id=NOWHERE).exists(),
    lambda: Registration.filter(training__hub__slug="a").delete(),
    lambda: TrainingSession.filter(id=NOWHERE).update(ends_at=F("starts_at")),
    lambda: TrainingSession.filter(ends_at__lt=clock.now() - timedelta(days=1)).select_for_update(),
    lambda: User.filter(email__in=["a", "b"], name__isnull=True).first(),
)


@pytest.mark.both_engines
async def test_mapper_writes_with_less_work_what_it_writes_by_itself(
    db: Settings, monkeypatch: pytest.MonkeyPatch, freeze: Callable[[Any], None]
) -> None:
    freeze(clock.now())
    ours = [question().sql(params_inline=True) for question in ASKED]
    for (owner, name), as_it_was in mapper.UPSTREAM.items():
        assert owner.__dict__[name] is mapper.OURS[owner, name]
        if as_it_was is None:
            monkeypatch.delattr(owner, name)
        else:
            monkeypatch.setattr(owner, name, as_it_was)

    by_itself = [question().sql(params_inline=True) for question in ASKED]

    assert ours == by_itself
    assert len(set(ours)) == len(ASKED)


async def test_question_stays_as_it_is_when_another_is_made_of_it(db: Settings) -> None:
    question = Training.filter(hub_id=NOWHERE)
    before = question.sql()

    narrower = question.filter(title="a").order_by("title").limit(1)

    assert narrower.sql() == narrower.sql() != before
    assert question.sql() == before


async def test_relation_told_once_is_fetched_twice(db: Settings) -> None:
    training = await make.make_training()
    later = Prefetch("sessions", TrainingSession.filter(ends_at__gt=clock.now()))

    twice = [await Training.get(id=training.id).prefetch_related(later) for _time in range(2)]

    assert [len(one.sessions) for one in twice] == [1, 1]
