"""Hubs of a file: opened once, corrected later, and what calendars say of them follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests import make
from tests.outreach.make_activity import make_activity
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.outreach.models import ActivityText
from trainings.outreach.place_actions import HubIsAnothers, open_hubs
from trainings.places.actions import UnknownMunicipality
from trainings.places.hub_file import HubEntry, demo_hubs
from trainings.places.models import Hub, HubService, Operator, Signatory, Venue
from trainings.schedule.models import SessionText
from trainings.versions.queries import current


@pytest.fixture
async def entry(db: object) -> HubEntry:
    await make.make_municipalities()
    return demo_hubs()[0]


async def a_published_training(hub: Hub) -> Venue:
    venue = await Venue.get(hub=hub, name="Salón municipal de La Libertad")
    start = make.tomorrow_at(8, 30)
    await make.make_training(hub=hub, venue=venue, sessions=[(start, start + timedelta(hours=4))])
    return venue


async def test_file_read_twice_changes_nothing(entry: HubEntry) -> None:
    (hub,) = await open_hubs([entry], actor=PROGRAM)
    n_lines = await AuditLine.all().count()

    (again,) = await open_hubs([entry], actor=PROGRAM)

    assert again.id == hub.id
    assert await AuditLine.all().count() == n_lines
    assert [await model.all().count() for model in (Operator, Hub, Venue, Signatory)] == [1, 1, 4, 2]


async def test_hub_is_corrected_and_its_feeds_and_entries_follow(entry: HubEntry) -> None:
    (hub,) = await open_hubs([entry], actor=PROGRAM)
    await a_published_training(hub)
    await make_activity(hub)
    before, _at = await current("ventanilla:la-libertad-peten")
    told = replace(entry.hub, name="Ventanilla del norte", phone="+50255550199", serves=("1710",))

    await open_hubs([replace(entry, hub=told)], actor=PROGRAM)

    kept = await Hub.get(id=hub.id)
    assert (kept.name, kept.phone, kept.slug) == ("Ventanilla del norte", "+50255550199", "la-libertad-peten")
    assert {service.municipality_id for service in await HubService.filter(hub=hub)} == {"1705", "1710"}
    assert "Ventanilla del norte" in (await SessionText.get()).body
    assert "Ventanilla del norte" in (await ActivityText.get()).body
    assert (await current("ventanilla:la-libertad-peten"))[0] > before


async def test_slug_of_another_operator_or_seat_is_refused(entry: HubEntry) -> None:
    await open_hubs([entry], actor=PROGRAM)
    other = demo_hubs()[1].operator

    with pytest.raises(HubIsAnothers):
        await open_hubs([replace(entry, operator=other)], actor=PROGRAM)
    with pytest.raises(HubIsAnothers):
        await open_hubs([replace(entry, hub=replace(entry.hub, seat="1710"))], actor=PROGRAM)

    assert await Operator.all().count() == 1


async def test_unknown_municipality_served_is_refused_and_all_stays(entry: HubEntry) -> None:
    (hub,) = await open_hubs([entry], actor=PROGRAM)

    with pytest.raises(UnknownMunicipality):
        await open_hubs([replace(entry, hub=replace(entry.hub, name="Otra", serves=("9999",)))], actor=PROGRAM)

    assert (await Hub.get(id=hub.id)).name == entry.hub.name
