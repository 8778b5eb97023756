"""The application in a process of its own, with a training for families: minors may come, small children are cared for.

`python -m tests.browser.family_server FOLDER` prints one line of JSON once it can be asked: its origin, and the path of
the sign-up form.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from tests import make
from tests.browser.app_server import serve
from trainings.audit.actor import PROGRAM
from trainings.people.communities import confirm


async def make_training() -> dict[str, Any]:
    await make.make_municipalities()
    training = await make.make_training(admits_minors=True, minimum_age=12, childcare_capacity=8)
    for municipality, name in (("1705", "Las Pozas"), ("1207", "Sibinal Chiquito")):
        await confirm(municipality, name, actor=PROGRAM)
    return {"form": f"/capacitaciones/{training.slug}/inscripcion"}


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], make_training))
