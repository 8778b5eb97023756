"""The application in a process of its own, with families that signed up: one that comes, one that was offered places.

`python -m tests.browser.group_server FOLDER` prints one line of JSON once it can be asked: its origin, and the pages of
the families' links by name.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from tests import make
from tests.browser.app_server import serve
from tests.registrations.families import group_token, make_family
from trainings.audit.actor import PROGRAM
from trainings.registrations.seats import actions

TESTS = ("handed", "cancelled", "wide")
"""Each has a family of its own, so that the tests do not meet."""


async def make_families() -> dict[str, Any]:
    training = await make.make_training(admits_minors=True, childcare_capacity=8, capacity=40)
    pages = {}
    for name in TESTS:
        family = await make_family(training, "Ana", "Beto", children=["Cata"], childcare_places=1)
        pages[name] = f"/i/{await group_token(family[0])}"
    small = await make.make_training(title="Con oferta", capacity=2, offer_hours=24)
    first = await make_family(small, "Dora", "Elmer")
    waiting = await make_family(small, "Flor", "Gil")
    await actions.cancel_group(first[0].group_id, actor=PROGRAM)
    return pages | {"offered": f"/i/{await group_token(waiting[0])}"}


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], make_families))
