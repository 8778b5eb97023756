"""People are found by the names and telephones that they have, and by no other, whatever was done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tests import make
from tests.cast import Cast
from tests.people.found_by import tails_by_phone, tails_kept, words_by_name, words_kept
from tests.privacy.people import minor
from tests.registrations.families import make_family
from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.lib.crypt import Keyring
from trainings.people.finding import phone_tails
from trainings.people.models import MergeReason, Participant
from trainings.privacy import merging
from trainings.privacy.actions import sweep
from trainings.privacy.withdrawal import withdraw_data
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import cancel, detach, rename
from trainings.registrations.telling.contacts import correct_phone
from trainings.schedule.models import Training

pytestmark = pytest.mark.both_engines

GIVEN, SURNAMES = ("Ana", "María José", "J. Pedro", "Qʼaq’"), ("Coc", "De La Cruz", "Ana", "Tzib Tzib")
PHONES = ("+50255551234", "+50277771234", "+50255554321")
N_ACTS = 40


class World:
    """Two hubs with a training each, and whatever chance does to the people there."""

    def __init__(self, trainings: list[Training], actor: Actor, seed: int) -> None:
        self.trainings, self.actor, self.dice = trainings, actor, Random(seed)

    def name(self) -> dict[str, Any]:
        return {"given_names": self.dice.choice(GIVEN), "surnames": self.dice.choice(SURNAMES)}

    async def somebody(self) -> Registration:
        return self.dice.choice(await Registration.all().order_by("id").prefetch_related("participant"))

    async def comes(self) -> None:
        training, phones = self.dice.choice(self.trainings), self.dice.choices((*PHONES, ""), k=2)
        other = phones[1] if phones[0] and phones[1] else None
        await make.make_registration(training, phone=phones[0], other_phone=other, **self.name())

    async def comes_again(self) -> None:
        """By an earlier code, perhaps to the other hub."""
        before = await self.somebody()
        of, training = before.participant, self.dice.choice(self.trainings)
        name: dict[str, Any] = {"given_names": of.given_names, "surnames": of.surnames} if of.surnames else self.name()
        await make.make_registration(training, earlier_code=before.qr_token, **name)

    async def family_comes(self) -> None:
        training, phone = self.dice.choice(self.trainings), self.dice.choice(PHONES)
        await make_family(training, self.name()["given_names"], "Beto", phone=phone)
        await minor(training, "Luz")

    async def is_renamed(self) -> None:
        await rename((await self.somebody()).id, **self.name(), actor=self.actor)

    async def has_another_phone(self) -> None:
        phone = self.dice.choice((*PHONES, None))
        await correct_phone((await self.somebody()).id, phone, actor=self.actor)

    async def is_detached(self) -> None:
        phone = self.dice.choice((*PHONES, None))
        await detach((await self.somebody()).id, phone=phone, email=None, actor=self.actor)

    async def leaves(self) -> None:
        await cancel((await self.somebody()).id, actor=self.actor)

    async def is_joined(self) -> None:
        one, other = await self.somebody(), await self.somebody()
        await merging.merge(one.participant_id, other.participant_id, MergeReason.SAID_SO, actor=self.actor)

    async def takes_back(self) -> None:
        await withdraw_data((await self.somebody()).id, actor=self.actor)

    async def act(self) -> None:
        acts: list[Callable[[], Awaitable[None]]] = [self.comes, self.comes_again, self.family_comes, self.is_renamed]
        acts += [self.comes, self.has_another_phone, self.is_detached, self.leaves, self.is_joined, self.takes_back]
        with suppress(Refusal):
            await self.dice.choice(acts)()


async def agree() -> bool:
    return (await words_by_name(), await tails_by_phone()) == (await words_kept(), await tails_kept())


async def test_words_and_digits_are_those_of_the_names_and_telephones_whatever_is_done(cast: Cast) -> None:
    trainings = [
        await make.make_training(hub=hub, capacity=10, admits_minors=True) for hub in (cast.hub, cast.elsewhere)
    ]
    world = World(trainings, await actor_of(cast.admin), seed=clock.today().toordinal())
    await world.comes()

    agreed = []
    for _number in range(N_ACTS):
        await world.act()
        agreed.append(await agree())

    assert all(agreed), agreed.index(False)
    with clock.frozen(clock.now() + timedelta(days=400)):
        await sweep()
        assert (await tails_kept(), await agree()) == ({}, True)
    with clock.frozen(clock.now() + timedelta(days=6 * 365)):
        await sweep()
    assert (await words_kept(), await Participant.exclude(name_key="").count()) == (set(), 0)


async def test_digits_are_found_under_an_earlier_secret_key(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    await make.make_registration(await make.make_training(hub=cast.hub), phone=PHONES[0])
    [tail] = (await tails_kept()).values()

    both: Any = Keyring(["another-secret-key-for-this-test-alone", "only-for-tests-" * 4])
    monkeypatch.setattr("trainings.people.finding.keyring", lambda: both)

    assert tail == phone_tails("1234")[1] != phone_tails("1234")[0]
