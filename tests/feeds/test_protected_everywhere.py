"""A place that is told to those signed up only, looked for in all that anybody can open, print, copy or carry away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from httpx2 import AsyncClient

from tests import moment
from tests.addresses import Objects, addresses, objects_of
from tests.certificates.held import AFTER
from tests.database import settings_for
from tests.feeds.test_posters import WHEN, words_of
from tests.feeds.test_protected import (
    SECRETS,
    Step,
    at_the_house,
    cancel_one,
    move_to_another_house,
    protect,
    rename_the_house,
)
from tests.registrations.call_world import said_to_all
from trainings import clock
from trainings.app import create_app
from trainings.feeds import posters
from trainings.feeds.site import export_site
from trainings.outbox.models import CallList
from trainings.places.models import Hub
from trainings.schedule.changes import differences, recent_changes
from trainings.schedule.models import Training
from trainings.schedule.public.pictures import change_card, change_text, training_card
from trainings.schedule.public.queries import public_training
from trainings.web.allow import PUBLIC

Freeze = Callable[[datetime], None]
AROUND = ("course__topic", "hub__seat", "venue__municipality", "sessions__venue__municipality")
ENGLISH = {"accept-language": "en"}
"""Each page says in it, every other day, what it says in Spanish."""
TODAY = moment.turn()
STORIES: tuple[tuple[Step, ...], ...] = (
    (protect,),
    (protect, move_to_another_house),
    (move_to_another_house, protect),
    (protect, rename_the_house),
    (protect, cancel_one),
)
FILTERED = (
    "/capacitaciones?municipio=la-libertad-peten&tema=riesgos&idioma_cap=spa",
    "/calendario?municipio=la-libertad-peten",
    *(f"/{page}/{scope}" for page in ("suscribirse", "incrustar") for scope in ("tema/riesgos", "guatemala")),
    *(f"/{page}/municipio/la-libertad-peten" for page in ("suscribirse", "incrustar")),
    *(f"/incrustar/{scope}/fragmento" for scope in ("tema/riesgos", "municipio/la-libertad-peten", "guatemala")),
    "/suscribirse/municipio/la-libertad-peten/idioma/spa",
    "/cal/municipio/la-libertad-peten/idioma/spa.ics",
    "/cal/municipio/la-libertad-peten/para/docente.ics",
    "/cal/ventanilla/la-libertad-peten.ics",
    "/cal/tema/riesgos.ics",
    "/cal/ventanilla/la-libertad-peten/idioma/spa.ics",
    "/cal/guatemala/idioma/spa.ics",
)
"""What the addresses of the table leave out: other scopes and filters."""


def open_to_all(objects: Objects, folder: Path) -> list[str]:
    """The address of every page and file that anybody may open, with these objects. What a picture tells is asked of
    what it is drawn from.
    """
    app = create_app(settings_for(folder), with_worker=False)
    found = [one for one in addresses(app.routes) if one.audience == (PUBLIC,) and one.method == "GET"]
    found = [one for one in found if not one.path.endswith(".png")]
    return [objects.path(one) for one in found] + list(FILTERED)


async def on_paper_and_beside_pictures(training: Training) -> Sequence[str]:
    """What staff print, copy and read out, which anybody may pass on."""
    one = await posters.training_data(training)
    changes = (await recent_changes([training.id])).get(training.id, [])
    changed = differences(reversed(changes), list(training.sessions), training, is_called_off=False)
    lists = await CallList.filter(training_id=training.id)
    return [
        words_of(posters.poster(posters.TRAINING, one, "pdf", made_at=WHEN)),
        posters.text_of_training(one),
        str(training_card(await public_training(training.slug))),
        *(str(change_card(training, difference)) for difference in changed),
        *(change_text(training, difference) for difference in changed),
        *[await said_to_all(call_list, "Las Pozas") for call_list in lists],
    ]


async def of_the_month(training: Training) -> Sequence[str]:
    hub = await Hub.get(id=training.hub_id).prefetch_related("seat", "operator")
    month = await posters.month_data(hub, clock.local(training.sessions[0].starts_at).date().replace(day=1))
    return words_of(posters.poster(posters.MONTH, month, "pdf", made_at=WHEN)), posters.text_of_month(month)


async def test_protected_place_is_in_nothing_that_is_public(
    client: AsyncClient, freeze: Freeze, tmp_path: Path
) -> None:
    freeze(AFTER)
    made = []
    for number, story in enumerate(STORIES):
        made.append(await at_the_house(f"Casa segura {number}"))
        for step in story:
            await step(made[-1])
    trainings = [await Training.get(id=training.id).prefetch_related(*AROUND) for training in made]
    objects = await objects_of(await Hub.get(id=trainings[0].hub_id))
    of_each = [open_to_all(replace(objects, coming=training), tmp_path / "app") for training in trainings]

    leaks, shown = [], Counter[str]()
    for place, path in enumerate(dict.fromkeys(path for paths in of_each for path in paths), start=TODAY):
        for headers in ({}, ENGLISH) if path in of_each[0] and place % 2 else ({},):
            answer = await client.get(path, headers=headers)
            assert answer.status_code < 400 or path.startswith("/audio/permiso"), (path, answer.status_code)
            told = answer.content.decode("utf-8", "replace").replace("\r\n ", "")
            shown.update(training.slug for training in trainings if training.slug in told and not headers)
            leaks += [(path, secret) for secret in SECRETS if secret in told]
    await export_site(tmp_path / "sitio")
    files = [path.read_text(encoding="utf-8") for path in (tmp_path / "sitio").rglob("*") if path.is_file()]
    beside = [told for training in trainings for told in await on_paper_and_beside_pictures(training)]
    for told in (*files, *beside, *await of_the_month(trainings[0])):
        leaks += [(told[:60], secret) for secret in SECRETS if secret in told]

    assert leaks == []
    assert min(shown[training.slug] for training in trainings) > 20
