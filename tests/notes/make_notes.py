"""Notes and contacts for tests, with defaults, so that a test names only what it is about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests import make
from trainings import clock
from trainings.accounts.models import Role, User
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM
from trainings.notes.actions import NoteText, create_note
from trainings.notes.models import HelpContact, InformationNote, NoteKind, Situation
from trainings.notes.orientation import ContactDetails, add_contact
from trainings.places.models import Hub

SOURCE = "Ministerio de Trabajo, convocatoria"


def text(**said: Any) -> NoteText:
    """A note that may be published: sourced, reviewed today, valid for thirty days."""
    usual: dict[str, Any] = {
        "kind": NoteKind.INFORMATION,
        "title": "Antes de pagar, pregunte",
        "body": "Venga a la **ventanilla**.",
        "situations": (Situation.WORK_ABROAD,),
        "source_name": SOURCE,
        "reviewed_on": clock.today(),
        "expires_on": clock.today() + timedelta(days=30),
    }
    return NoteText(**usual | said)


async def make_note(
    hub: Hub | None = None, *, author: User | None = None, publish: bool = True, **said: Any
) -> InformationNote:
    """A note of this hub, published unless told otherwise."""
    hub = hub or await make.make_hub()
    author = author or await make.make_user(Role.HUB_COORDINATOR, hub)
    return await create_note(text(**said), hub_id=hub.id, actor=await actor_of(author), publish=publish)


async def make_contact(**said: Any) -> HelpContact:
    """A contact reviewed today, shown in all situations."""
    usual: dict[str, Any] = {
        "name": "Policía Nacional Civil (PNC)",
        "phone": "110",
        "source_name": "Página de la institución",
        "reviewed_on": clock.today(),
        "situations": tuple(Situation),
    }
    return await add_contact(ContactDetails(**usual | said), actor=PROGRAM)
