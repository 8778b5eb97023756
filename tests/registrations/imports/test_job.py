"""A confirmed list is worked off: everybody once, whatever happens in between; then it is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests import make
from tests.outbox.make_jobs import until_settled, working
from tests.registrations.lists import (
    JUAN,
    MARIA,
    ROSA,
    a_training,
    an_actor,
    confirmed,
    counts,
    imported,
    matched,
    people,
    verdicts,
    waiting_jobs,
    work_off,
)
from trainings import clock, jobs
from trainings.accounts.models import User
from trainings.db.fields import keyring, set_keyring
from trainings.errors import Busy
from trainings.lib.crypt import Keyring, new_key
from trainings.outbox.models import OutboxJob, Outcome
from trainings.people.models import Participant
from trainings.privacy.actions import Swept, sweep
from trainings.registrations.imports import actions as imports
from trainings.registrations.imports.rows import Verdict
from trainings.registrations.models import ImportDraft, ImportState, Registration
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import sign_up_all
from trainings.settings import Settings

Freeze = Callable[[datetime], None]


# -- the same again


async def test_same_list_again_makes_nobody_twice_even_days_later(db: Settings, freeze: Freeze) -> None:
    training, actor = (
        await a_training(sessions=[(make.tomorrow_at(8, days=9), make.tomorrow_at(12, days=9))]),
        await an_actor(),
    )
    await imported(training, [MARIA, JUAN, ROSA], actor)
    freeze(clock.now() + timedelta(days=3))

    found = await verdicts(training, MARIA, JUAN, ROSA, *people(1))
    again = await imported(training, [MARIA, JUAN.upper(), ROSA, *people(1)], actor)

    assert [verdict for verdict, _why in found] == [Verdict.KNOWN] * 3 + [Verdict.NEW]
    assert counts(again) == (1, 3, 0)
    assert await Participant.all().count() == 4


async def test_same_list_is_known_after_the_secret_key_was_changed(sqlite_db: Settings) -> None:
    training, actor = await a_training(), await an_actor()
    await imported(training, [ROSA], actor)
    old = keyring()
    changed = Keyring([new_key()])
    changed._keys.extend(old._keys)
    changed._by_id.update(old._by_id)

    set_keyring(changed)
    try:
        assert [verdict for verdict, _why in await verdicts(training, ROSA)] == [Verdict.KNOWN]
    finally:
        set_keyring(old)


async def test_who_cancelled_is_not_registered_again_by_the_same_list(db: Settings) -> None:
    training, actor = await a_training(), await an_actor()
    await imported(training, [ROSA], actor)
    await actions.cancel((await Registration.get()).id, actor=actor)

    found = await verdicts(training, ROSA)
    again = await imported(training, [ROSA], actor)

    assert found == [(Verdict.KNOWN, ("Ya se inscribió con esta misma fila.",))]
    assert counts(again) == (0, 1, 0)


async def test_same_row_in_another_training_is_another_registration(sqlite_db: Settings) -> None:
    actor = await an_actor()
    await imported(await a_training(), [ROSA], actor)

    assert counts(await imported(await a_training(), [ROSA], actor)) == (1, 0, 0)


# -- the job


async def test_job_that_broke_off_goes_on_and_counts_right(db: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    training, actor = await a_training(), await an_actor()
    draft = await confirmed(training, [MARIA, MARIA, *people(8)], actor)
    [job] = await waiting_jobs()

    async def dies_after_four(training_id: UUID, wishes: Any, *, actor: Any) -> Any:
        await register(training_id, wishes[:4], actor=actor)
        raise ConnectionError("the worker was killed")

    register = sign_up_all
    with monkeypatch.context() as patched:
        patched.setattr(imports, "sign_up_all", dies_after_four)
        with pytest.raises(ConnectionError):
            await imports.register_some(job)
    assert await Participant.all().count() == 4

    done = await work_off(draft)

    assert counts(done) == (9, 1, 0)
    assert await Participant.all().count() == 9


async def test_crowd_puts_the_rows_off_and_is_no_error_of_theirs(
    sqlite_db: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    training, actor = await a_training(), await an_actor()
    draft = await confirmed(training, [MARIA], actor)

    async def crowded(*_args: Any, **_how: Any) -> Any:
        raise Busy(imports.KIND)

    with monkeypatch.context() as patched:
        patched.setattr(imports, "sign_up_all", crowded)
        with pytest.raises(Busy):
            await imports.register_some((await waiting_jobs())[0])

    assert counts(await work_off(draft)) == (1, 0, 0)


async def test_worker_registers_a_long_list_in_parts_and_says_done(
    db: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "AT_ONCE", 4)
    training, actor = await a_training(capacity=40), await an_actor()

    draft = await confirmed(training, people(11), actor)
    async with working(db, jobs.COMPOSERS):
        await until_settled()

    done = await ImportDraft.get(id=draft.id)
    assert (done.state, counts(done), done.n_done) == (ImportState.DONE, (11, 0, 0), 11)
    made = await OutboxJob.filter(kind=imports.KIND).order_by("id")
    assert [job.payload for job in made] == [{"import_id": str(draft.id), "begin": n} for n in (0, 4, 8)]
    assert {job.outcome for job in made} == {Outcome.DONE}


async def test_list_of_somebody_whose_account_is_gone_is_still_registered(sqlite_db: Settings) -> None:
    training, user = await a_training(), await make.make_user(None)
    actor = await an_actor(user)
    draft = await confirmed(training, [MARIA], actor)
    await User.filter(id=user.id).delete()

    assert counts(await work_off(draft)) == (1, 0, 0)


# -- forgetting


async def test_of_a_list_that_is_done_only_the_wrong_rows_stay(db: Settings) -> None:
    training, actor = await a_training(), await an_actor()

    right = await imported(training, [MARIA], actor)
    wrong = await imported(training, [JUAN, "Beto,,1705,,COCODE,,,,,,"], actor)

    assert right.rows is None
    assert [row.cells[0] for row in imports.sheet_in(wrong).rows] == ["Beto"]


@pytest.mark.both_engines
async def test_lists_are_forgotten_after_a_day_and_their_counts_kept(db: Settings, freeze: Freeze) -> None:
    freeze(make.tomorrow_at(8, days=-3))
    training, actor = (
        await a_training(sessions=[(make.tomorrow_at(8, days=30), make.tomorrow_at(12, days=30))]),
        await an_actor(),
    )
    seen = await matched(training, [ROSA], actor)
    done = await imported(training, [JUAN, "Beto,,1705,,COCODE,,,,,,"], actor)
    running = await confirmed(training, [MARIA], actor)
    freeze(clock.now() + timedelta(hours=23))
    assert await sweep() == Swept(0, 0, 0)

    freeze(clock.now() + timedelta(hours=2))
    swept = await sweep()

    rows = {one.id: (one.rows, one.outcomes) for one in await ImportDraft.all()}
    assert swept == Swept(0, 0, 0, lists=2)
    assert (rows[seen.id], rows[done.id]) == ((None, None), (None, None))
    assert rows[running.id][0] is not None
    assert counts(await ImportDraft.get(id=done.id)) == (1, 0, 1)
    freeze(clock.now() + timedelta(days=7))
    assert (await sweep()).lists == 1


async def test_list_that_began_cannot_be_thrown_away(sqlite_db: Settings) -> None:
    draft = await confirmed(await a_training(), [MARIA], await an_actor())

    with pytest.raises(imports.ListStarted):
        await imports.discard(draft.id)
