"""Permissions: what was agreed to stays provable, and is taken back as easily as it was given."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.people.consents import (
    ASSENT,
    GUARDIAN,
    SPOKEN,
    TEXT_VERSION,
    TEXTS,
    NotByItself,
    asked_now,
    text_of,
    withdraw,
)
from trainings.people.merged import same_person_ids
from trainings.people.models import Consent, ConsentHow, ConsentPurpose, Merge, MergeReason, Participant
from trainings.registrations.models import Registration
from trainings.settings import Settings

ALL = frozenset(ConsentPurpose)


async def rosa(given_names: str = "Rosa") -> Registration:
    return await make.make_registration(await make.make_training(), given_names=given_names, purposes=ALL)


async def standing(registration: Registration) -> set[str]:
    found = Consent.filter(participant_id=registration.participant_id, withdrawn_at=None)
    return {purpose for (purpose,) in await found.values_list("purpose")}


@pytest.mark.parametrize("purpose", [ConsentPurpose.CONTACT, ConsentPurpose.PHOTO])
async def test_permission_taken_back_ends_and_the_others_stand(db: Settings, purpose: ConsentPurpose) -> None:
    registration, other = await rosa(), await rosa()

    await withdraw(registration.participant_id, purpose, actor=HOLDER_OF_LINK)

    assert await standing(registration) == ALL - {purpose}
    assert await standing(other) == ALL


async def test_permission_taken_back_twice_keeps_its_first_moment_and_one_line(db: Settings) -> None:
    registration = await rosa()
    first = clock.now()

    for later in (timedelta(), timedelta(days=1)):
        with clock.frozen(first + later):
            await withdraw(
                registration.participant_id,
                ConsentPurpose.CONTACT,
                actor=HOLDER_OF_LINK,
                hub_id=registration.training_id,
            )

    row = await Consent.get(participant_id=registration.participant_id, purpose=ConsentPurpose.CONTACT)
    assert row.withdrawn_at == first
    line = await AuditLine.get(act="people.withdraw_consent")
    assert (line.object_id, line.hub_id) == (registration.participant_id, registration.training_id)
    assert line.detail == {"purpose": "contact", "n": 1}


async def test_permission_for_the_data_is_not_taken_back_by_itself(db: Settings) -> None:
    registration = await rosa()

    with pytest.raises(NotByItself):
        await withdraw(registration.participant_id, ConsentPurpose.DATA, actor=HOLDER_OF_LINK)

    assert await standing(registration) == ALL


async def merged(kept: Registration, merged_away: Registration) -> None:
    await Merge.create(
        kept_id=kept.participant_id,
        merged_id=merged_away.participant_id,
        reason=MergeReason.SAID_SO,
        merged_by_id=tokens.uuid7(),
    )
    await Participant.filter(id=merged_away.participant_id).update(merged_into_id=kept.participant_id)


async def test_merged_person_takes_back_at_once_what_each_sign_up_permitted(db: Settings) -> None:
    first, second, stranger = await rosa(), await rosa("Rosita"), await rosa("Berta")
    await merged(first, second)

    await withdraw(second.participant_id, ConsentPurpose.PHOTO, actor=PROGRAM)

    without = ALL - {ConsentPurpose.PHOTO}
    assert [await standing(one) for one in (first, second, stranger)] == [without, without, ALL]


async def test_all_of_a_person_are_found_from_any_of_them_whatever_was_merged_into_what(db: Settings) -> None:
    ana, bea, cata, dora, stranger = [await rosa(name) for name in ("Ana", "Bea", "Cata", "Dora", "Eva")]
    await merged(ana, bea)
    await merged(cata, dora)
    await merged(ana, cata)

    found = [await same_person_ids(one.participant_id) for one in (ana, bea, cata, dora)]

    assert found == [[one.participant_id for one in (ana, bea, cata, dora)]] * 4
    assert await same_person_ids(stranger.participant_id) == [stranger.participant_id]


async def test_merge_that_was_taken_back_holds_nobody_together(db: Settings) -> None:
    ana, bea = await rosa("Ana"), await rosa("Bea")
    await merged(ana, bea)
    await Merge.all().update(undone_at=clock.now())
    await Participant.filter(id=bea.participant_id).update(merged_into_id=None)

    assert await same_person_ids(ana.participant_id) == [ana.participant_id]
    assert await same_person_ids(bea.participant_id) == [bea.participant_id]


# -- the sentences

SUMS = {
    "2026-11": "dad57e28d44fc19dcb9860e70db7e3ee93d9debf9b9f24f750244b5b3ae6a9de",
    "2026-12": "6bb267cd3c8379d2d3dca2f6e8b0a63b85c9ecd7e64282f9313c188f182ffbec",
}
"""What was agreed to must not change: a new sentence gets a new version, and a new line here."""


def sum_of(version: str) -> str:
    words = {"written": dict(TEXTS[version]), "spoken": dict(SPOKEN[version])}
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()


def test_no_sentence_that_was_agreed_to_is_ever_edited() -> None:
    assert TEXTS.keys() == SPOKEN.keys()
    assert {version: sum_of(version) for version in TEXTS} == SUMS


def test_current_version_has_a_sentence_for_every_purpose_in_writing_and_aloud() -> None:
    asked = {*ConsentPurpose, GUARDIAN, ASSENT}

    assert max(TEXTS) == TEXT_VERSION
    assert asked_now().keys() == asked
    assert asked_now(aloud=True).keys() == asked


def test_sentence_is_shown_as_it_was_agreed_to() -> None:
    written = text_of("2026-11", ConsentPurpose.DATA)
    spoken = text_of("2026-11", ConsentPurpose.DATA, ConsentHow.CALL)

    assert written.startswith("Sí, pueden guardar estos datos para mi inscripción")
    assert spoken.startswith("Guardamos estos datos para su inscripción")
    assert spoken.endswith("¿Está de acuerdo?")
    assert text_of("2026-11", ConsentPurpose.PHOTO, ConsentHow.READ_ALOUD) == (
        "Sí, pueden tomarme fotos en la capacitación y publicarlas."
    )


async def test_door_reads_the_sentence_that_is_kept(client: AsyncClient) -> None:
    training = await make.make_training()
    await make.sign_in(client, await make.make_user())

    page = await client.get(f"/panel/sesiones/{training.sessions[0].id}/asistencia/sin-boleto")

    assert asked_now(aloud=True)["data"] in page.text
