"""In which language people read, as far as it is known: what they agreed to on a page was in one."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from trainings.db import reads
from trainings.people.consents import IN_ENGLISH
from trainings.people.models import Consent, ConsentHow, Guardian


async def english_readers(participant_ids: Collection[UUID]) -> frozenset[UUID]:
    """Who read in English what they last agreed to on a page; of a minor, whose guardian did.

    What staff read aloud or wrote down for somebody says nothing of them, whatever language the panel was in.
    """
    read: dict[UUID, str] = {}
    for model in (Consent, Guardian):
        # A minor agreed to nothing themselves; most are adults, of whom no guardian is looked for.
        missing = [key for key in participant_ids if key not in read]
        if missing:
            on_pages = reads(model).filter(participant_id__in=missing, how=ConsentHow.FORM)
            read |= await on_pages.order_by("created_at", "id").values_list("participant_id", "text_version")
    return frozenset(key for key, version in read.items() if version.endswith(IN_ENGLISH))
