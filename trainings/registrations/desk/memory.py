"""What the desk carries over to the next person, in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from trainings.people.models import ActorType, ConsentHow
from trainings.registrations.models import Source

AGREED_HOW: Mapping[Source, ConsentHow] = {
    Source.DESK: ConsentHow.READ_ALOUD,
    Source.CALL: ConsentHow.CALL,
    Source.WHATSAPP: ConsentHow.MESSAGE,
}
"""How a person consents, by the way they came."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Nothing that tells who the last person was."""

    source: Source = Source.DESK
    actor_type: str = ""
    municipality: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Carried:
        """From an address or a form; unknown values are left out."""
        source, actor_type, municipality = (asked.get(name, "") for name in ("source", "actor_type", "municipality"))
        return cls(
            Source(source) if source in set(AGREED_HOW) else Source.DESK,
            actor_type if actor_type in set(ActorType) else "",
            municipality if len(municipality) == 4 and municipality.isascii() and municipality.isdigit() else "",
        )

    @property
    def told(self) -> dict[str, str]:
        told = {"source": self.source.value, "actor_type": self.actor_type, "municipality": self.municipality}
        return {name: value for name, value in told.items() if value and value != Source.DESK.value}

    def form_of(self, training_id: UUID) -> str:
        query = f"?{urlencode(self.told)}" if self.told else ""
        return f"/panel/capacitaciones/{training_id}/inscribir{query}"
