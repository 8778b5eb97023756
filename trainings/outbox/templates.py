from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.db.prepared import Select
from trainings.outbox.models import MessageTemplate
from trainings.outbox.placeholders import OwnWords, check_words
from trainings.places.models import Operator

Key = tuple[UUID, str, str]
"""An operator, a kind and a language: of each the operator may have words of their own."""

OF_OPERATORS = Select(MessageTemplate, where="this.operator_id IN ?list AND this.kind IN ?list", are_few=True)


async def words_of(keys: Collection[Key]) -> Mapping[Key, OwnWords]:
    """In one statement; nothing where an operator wrote none."""
    operators, kinds = sorted({key[0] for key in keys}), sorted({key[1] for key in keys})
    found = await OF_OPERATORS.rows(operators, kinds)
    return {(one.operator_id, one.kind, one.lang): OwnWords(one.subject, one.body) for one in found}


async def own_words(operator_id: UUID, kind: str, lang: str) -> OwnWords | None:
    key = operator_id, kind, lang
    return (await words_of([key])).get(key)


async def templates_of(operator_id: UUID) -> Mapping[tuple[str, str], MessageTemplate]:
    found = await reads(MessageTemplate).filter(operator_id=operator_id)
    return {(one.kind, one.lang): one for one in found}


async def save_words(operator_id: UUID, kind: str, lang: str, words: OwnWords, *, actor: Actor) -> None:
    """Waiting messages get the new words too. Refuses as `check_words` does."""
    check_words(words, kind)
    async with transaction():
        await lock(Operator, [operator_id])
        found = await MessageTemplate.get_or_none(operator_id=operator_id, kind=kind, lang=lang)
        template = found or MessageTemplate(operator_id=operator_id, kind=kind, lang=lang)
        template.subject, template.body = words.subject, words.body
        template.changed_at, template.changed_by_id = clock.now(), actor.id
        await template.save()
        await record("outbox.save_words", actor=actor, object_id=operator_id, kind=kind, lang=lang)


async def forget_words(operator_id: UUID, kind: str, lang: str, *, actor: Actor) -> None:
    async with transaction():
        if await MessageTemplate.filter(operator_id=operator_id, kind=kind, lang=lang).delete():
            await record("outbox.forget_words", actor=actor, object_id=operator_id, kind=kind, lang=lang)
