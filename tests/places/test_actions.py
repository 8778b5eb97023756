"""Operators, hubs and venues: made once, refused kindly, and the feeds told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.places.actions import (
    HubDetails,
    HubExists,
    OperatorDetails,
    OperatorExists,
    UnknownMunicipality,
    VenueDetails,
    VenueExists,
    WrongOperatorCode,
    create_hub,
    create_operator,
    create_venue,
    load_municipalities,
    update_venue,
)
from trainings.places.hub_file import demo_hubs
from trainings.places.models import AccessFeature, Hub, HubService, Operator, OperatorKind, Venue
from trainings.places.queries import venue_choices
from trainings.versions.queries import current

OPERATOR = OperatorDetails("1705", OperatorKind.MUNICIPALITY, "Municipalidad de La Libertad, Petén", "1705")
HUB = HubDetails("Ventanilla de La Libertad", "1705", "Barrio El Centro", "Lunes a viernes", "+50255550117")
SALON = VenueDetails("Salón municipal", "1705", "Frente al parque", access=(AccessFeature.RAMP,), capacity=40)


@pytest.fixture
async def hub(db: object) -> Hub:
    await load_municipalities()
    operator = await create_operator(OPERATOR, actor=PROGRAM)
    return await create_hub(HUB, operator=operator, actor=PROGRAM)


async def numbers(*keys: str) -> list[int]:
    return [(await current(key))[0] for key in keys]


async def test_demo_hubs_are_the_ten_of_the_founding_text(db: object) -> None:
    await load_municipalities()

    for seed in demo_hubs():
        operator = await create_operator(seed.operator, actor=PROGRAM)
        hub = await create_hub(seed.hub, operator=operator, actor=PROGRAM)
        for venue in seed.venues:
            await create_venue(venue, hub=hub, actor=PROGRAM)

    hubs = await Hub.all().select_related("operator").prefetch_related("venues", "operator__signatories")
    assert {hub.seat_id for hub in hubs} == {
        "1705", "1711", "0923", "0910", "0902", "0905", "0908", "0901", "1207", "1201"
    }  # fmt: skip
    assert [hub.operator.code for hub in hubs if hub.operator.kind is OperatorKind.ASSOCIATION] == ["0901A"]
    assert len({hub.phone for hub in hubs}) == 10
    assert all(hub.phone.startswith("+502555501") for hub in hubs)
    assert all(len(hub.venues) >= 2 and len(hub.operator.signatories) == 2 for hub in hubs)
    assert await HubService.filter(municipality_id__startswith="17").count() == 14


async def test_hub_serves_its_seat_and_the_others_and_tells_the_feeds(hub: Hub) -> None:
    other = await create_hub(
        replace(HUB, name="Otra ventanilla", slug="otra", serves=("1710", "1705")),
        operator=await hub.operator.get(),
        actor=PROGRAM,
    )

    served = await HubService.filter(hub=other).order_by("municipality_id")
    assert [service.municipality_id for service in served] == ["1705", "1710"]
    assert (hub.slug, other.slug) == ("ventanilla-de-la-libertad", "otra")
    assert await numbers("municipio:1705", "ventanilla:otra", "guatemala", "municipio:1710") == [2, 1, 2, 0]


@pytest.mark.both_engines
async def test_operator_code_taken_is_refused(hub: Hub) -> None:
    with pytest.raises(OperatorExists) as refused:
        await create_operator(replace(OPERATOR, name="Otra"), actor=PROGRAM)

    assert (refused.value.field, refused.value.status) == ("code", 409)
    assert await Operator.all().count() == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1706", OperatorKind.MUNICIPALITY),
        ("1705A", OperatorKind.MUNICIPALITY),
        ("1705", OperatorKind.ASSOCIATION),
        ("1705a", OperatorKind.ASSOCIATION),
        ("170５A", OperatorKind.ASSOCIATION),
        ("", OperatorKind.ASSOCIATION),
    ],
)
async def test_operator_code_of_the_wrong_form_is_refused(sqlite_db: object, code: str, kind: OperatorKind) -> None:
    with pytest.raises(WrongOperatorCode):
        await create_operator(replace(OPERATOR, code=code, kind=kind), actor=PROGRAM)


@pytest.mark.both_engines
async def test_hub_slug_taken_is_refused_and_leaves_nothing(hub: Hub) -> None:
    before = await numbers("guatemala")

    with pytest.raises(HubExists):
        await create_hub(replace(HUB, seat="1710"), operator=await hub.operator.get(), actor=PROGRAM)

    assert await Hub.all().count() == 1
    assert await HubService.all().count() == 1
    assert await numbers("guatemala") == before


UNKNOWN: list[str] = ["0000", "9999", "", "17"]


async def test_unknown_municipality_is_refused(hub: Hub) -> None:
    operator = await hub.operator.get()

    for code in UNKNOWN:
        with pytest.raises(UnknownMunicipality):
            await create_hub(replace(HUB, slug="x", serves=(code,)), operator=operator, actor=PROGRAM)
        with pytest.raises(UnknownMunicipality):
            await create_venue(replace(SALON, municipality=code), hub=hub, actor=PROGRAM)


async def test_same_venue_twice_is_refused_however_it_is_written(hub: Hub) -> None:
    await create_venue(SALON, hub=hub, actor=PROGRAM)

    with pytest.raises(VenueExists) as refused:
        await create_venue(replace(SALON, name="SALON  Municipal"), hub=hub, actor=PROGRAM)
    elsewhere = await create_venue(replace(SALON, municipality="1710"), hub=hub, actor=PROGRAM)

    assert refused.value.field == "name"
    assert [told.split(", ", 1)[1] for _key, told in await venue_choices(hub)] == [
        "La Libertad, Petén",
        "Sayaxché, Petén",
    ]
    assert elsewhere.access == ["ramp"]


async def test_renamed_venue_tells_the_feeds_that_name_it(hub: Hub) -> None:
    venue = await create_venue(replace(SALON, municipality="1710"), hub=hub, actor=PROGRAM)
    keys = ("municipio:1710", "municipio:1713", "municipio:1705", f"ventanilla:{hub.slug}", "guatemala")
    before = await numbers(*keys)

    await update_venue(venue, replace(SALON, name="Salón nuevo", municipality="1713"), hub=hub, actor=PROGRAM)

    again = await Venue.get(id=venue.id)
    assert (again.name, again.municipality_id, again.capacity) == ("Salón nuevo", "1713", 40)
    assert [now - then for now, then in zip(await numbers(*keys), before, strict=True)] == [1, 1, 1, 1, 1]


async def test_venue_saved_unchanged_tells_nobody(hub: Hub) -> None:
    venue = await create_venue(SALON, hub=hub, actor=PROGRAM)
    before = await numbers("guatemala")

    await update_venue(await Venue.get(id=venue.id), SALON, hub=hub, actor=PROGRAM)

    assert await numbers("guatemala") == before
    assert await AuditLine.filter(act="places.update_venue").count() == 0


async def test_venue_may_keep_its_name_and_not_take_anothers(hub: Hub) -> None:
    venue = await create_venue(SALON, hub=hub, actor=PROGRAM)
    await create_venue(replace(SALON, name="Biblioteca"), hub=hub, actor=PROGRAM)

    await update_venue(venue, replace(SALON, capacity=50), hub=hub, actor=PROGRAM)
    with pytest.raises(VenueExists):
        await update_venue(venue, replace(SALON, name="biblioteca"), hub=hub, actor=PROGRAM)

    assert sorted(await Venue.all().values_list("name", "capacity")) == [("Biblioteca", 40), ("Salón municipal", 50)]


async def test_every_act_is_recorded_without_names(hub: Hub) -> None:
    venue = await create_venue(SALON, hub=hub, actor=PROGRAM)
    await update_venue(venue, replace(SALON, name="Salón nuevo"), hub=hub, actor=PROGRAM)

    lines = await AuditLine.filter(act__startswith="places.").order_by("created_at", "id")
    assert [(line.act, line.hub_id, line.detail) for line in lines] == [
        ("places.create_operator", None, {"code": "1705"}),
        ("places.create_hub", hub.id, {"slug": "ventanilla-de-la-libertad"}),
        ("places.create_venue", hub.id, {}),
        ("places.update_venue", hub.id, {"changed": ["name"]}),
    ]
