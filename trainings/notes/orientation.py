"""The orientation page of a situation: notes, coming trainings, hub, contacts.

Trainings: the topic's name has a word of the situation; first of the municipality, then of its department, then by
date. People name topics: words find them where codes would not.
"""

from __future__ import annotations

from dataclasses import dataclass

from trainings import clock
from trainings.lib.text import fold
from trainings.notes.contacts import Helper, helpers_for
from trainings.notes.models import Situation
from trainings.notes.queries import Line, notes_for
from trainings.schedule.public import overview
from trainings.schedule.public import queries as public_queries
from trainings.schedule.public.posted import HubCard, Listed
from trainings.schedule.public.queries import Coming
from trainings.schedule.towns import Town

MOST_NOTES = 6
MOST_TRAININGS = 3

SUBJECTS: dict[Situation, tuple[str, ...]] = {
    Situation.WORK_ABROAD: ("trabajo", "vias regulares", "estafas"),
    Situation.RELATIVE_TRAVELLING: ("riesgos", "trata", "trafico"),
    Situation.RETURNED: ("retorno", "reintegracion"),
    Situation.FROM_ABROAD: ("proteccion", "refugio", "regularizacion", "derechos"),
    Situation.CHILD_ALONE: ("ninez", "adolescencia", "proteccion"),
}
"""Beginnings of words, folded."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A situation's page. `hubs`: of the municipality; where none serves it, `near_hubs`."""

    notes: list[Line]
    trainings: list[Listed]
    hubs: list[HubCard]
    near_hubs: list[HubCard]
    helpers: list[Helper]


async def offered(situation: Situation, town: Town | None) -> Offered:
    """Keeps nothing of the question."""
    notes = await notes_for(situation, town.code if town else "")
    hubs = await public_queries.hubs_serving(town.code) if town else []
    near_hubs = overview.nearest_hubs(town.code, await public_queries.all_hubs()) if town and not hubs else []
    return Offered(
        notes=notes[:MOST_NOTES],
        trainings=await _trainings(situation, town),
        hubs=hubs,
        near_hubs=near_hubs,
        helpers=await helpers_for(situation),
    )


async def _trainings(situation: Situation, town: Town | None) -> list[Listed]:
    topics = {slug for slug, name in (await public_queries.topic_names()).items() if is_about(name, situation)}
    coming = [one for one in await public_queries.coming_sessions(clock.now()) if one.topic_slug in topics]
    nearest = sorted(coming, key=lambda one: (_distance(one, town), one.starts_at))
    ids = list(dict.fromkeys(one.training_id for one in nearest))
    return await public_queries.listed_trainings(ids[:MOST_TRAININGS])


def is_about(topic: str, situation: Situation) -> bool:
    words = f" {fold(topic)}"
    return any(f" {subject}" in words for subject in SUBJECTS[situation])


def _distance(one: Coming, town: Town | None) -> int:
    if town is None or one.town_code == town.code:
        return 0
    return 1 if one.town_code[:2] == town.department_code else 2
