"""The application in a process of its own: a full home page, a form for families, families that signed up, papers that
were given out.

`python -m tests.browser.people_server FOLDER` prints one line of JSON once it can be asked: its origin, the paths of a
training, of a note and of the sign-up form, the families' pages by name, the paths of both check pages, and where the
file of the certificate lies.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from tests import make
from tests.browser import showroom
from tests.browser.app_server import serve
from tests.certificates.held import AFTER, a_diploma, make_attendee, make_held
from tests.registrations.families import group_token, make_family
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.certificates.making.files import file_of
from trainings.certificates.making.transcripts import make_transcript
from trainings.people.communities import confirm
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions

LONG = "Ruta de protección de niñez y adolescencia no acompañada, para docentes y autoridades comunitarias de Petén"


async def furnish() -> dict[str, Any]:
    return await showroom.furnish() | await make_form() | await make_families() | await make_papers(Path(sys.argv[1]))


async def make_form() -> dict[str, str]:
    """Minors may come, small children are cared for."""
    training = await make.make_training(admits_minors=True, minimum_age=12, childcare_capacity=8)
    for municipality, name in (("1705", "Las Pozas"), ("1207", "Sibinal Chiquito")):
        await confirm(municipality, name, actor=PROGRAM)
    return {"form": f"/capacitaciones/{training.slug}/inscripcion"}


async def make_families() -> dict[str, str]:
    """One that comes, one that will cancel, one that was offered places."""
    training = await make.make_training(admits_minors=True, childcare_capacity=8, capacity=40)
    pages = {}
    for name in ("handed", "cancelled"):
        family = await make_family(training, "Ana", "Beto", children=["Cata"], childcare_places=1)
        pages[name] = f"/i/{await group_token(family[0])}"
    small = await make.make_training(title="Con oferta", capacity=2, offer_hours=24)
    first = await make_family(small, "Dora", "Elmer")
    waiting = await make_family(small, "Flor", "Gil")
    await actions.cancel_group(first[0].group_id, actor=PROGRAM)
    return pages | {"offered": f"/i/{await group_token(waiting[0])}"}


async def make_papers(folder: Path) -> dict[str, str]:
    """A long certificate, its file, and a transcript of twelve trainings."""
    with clock.frozen(AFTER):
        training = await make_held(*[4.5] * 6, title=LONG)
        certificate = await a_diploma(training, given_names="María Elena de los Ángeles", surnames="Caal Tzib de Xol")
        person = await Registration.get(id=certificate.registration_id).prefetch_related("participant")
        for number in range(11):
            other = await make_attendee(await make_held(title=f"{LONG[:60]} {number}"))
            await Registration.filter(id=other.id).update(participant_id=person.participant_id)
        transcript = await make_transcript(person, actor=PROGRAM)
        file = folder / "diploma.pdf"
        file.write_bytes((await file_of(certificate)).content)
    return {
        "check": f"/verificar/{certificate.code}",
        "transcript": f"/verificar/{transcript.code}",
        "file": str(file),
    }


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], furnish))
