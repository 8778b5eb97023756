"""Languages people read, known from consents on pages."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from trainings.db import reads
from trainings.people.consents import IN_ENGLISH
from trainings.people.models import Consent, ConsentHow, Guardian


async def english_readers(participant_ids: Collection[UUID]) -> frozenset[UUID]:
    """People (a minor's guardian) whose last consent on a page was in English.

    Consents that staff read aloud or recorded say nothing about them, whatever the panel's language.
    """
    read: dict[UUID, str] = {}
    for model in (Consent, Guardian):
        # Only minors have guardians: adults, the most, are not looked up.
        missing = [key for key in participant_ids if key not in read]
        if missing:
            on_pages = reads(model).filter(participant_id__in=missing, how=ConsentHow.FORM)
            read |= await on_pages.order_by("created_at", "id").values_list("participant_id", "text_version")
    return frozenset(key for key, version in read.items() if version.endswith(IN_ENGLISH))
