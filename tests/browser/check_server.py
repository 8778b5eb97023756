"""The application in a process of its own, with a long certificate, its file, and a transcript of twelve trainings.

`python -m tests.browser.check_server FOLDER` prints one line of JSON once it can be asked: its origin, the paths of
both check pages, and where the file lies.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from tests.browser.app_server import serve
from tests.certificates.held import AFTER, a_diploma, make_attendee, make_held
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.certificates.making.files import file_of
from trainings.certificates.making.transcripts import make_transcript
from trainings.registrations.models import Registration

TITLE = "Ruta de protección de niñez y adolescencia no acompañada, para docentes y autoridades comunitarias de Petén"


async def make_papers() -> dict[str, Any]:
    with clock.frozen(AFTER):
        training = await make_held(*[4.5] * 6, title=TITLE)
        certificate = await a_diploma(training, given_names="María Elena de los Ángeles", surnames="Caal Tzib de Xol")
        person = await Registration.get(id=certificate.registration_id).prefetch_related("participant")
        for number in range(11):
            other = await make_attendee(await make_held(title=f"{TITLE[:60]} {number}"))
            await Registration.filter(id=other.id).update(participant_id=person.participant_id)
        transcript = await make_transcript(person, actor=PROGRAM)
        file = Path(sys.argv[1]) / "diploma.pdf"
        file.write_bytes((await file_of(certificate)).content)
    return {
        "check": f"/verificar/{certificate.code}",
        "transcript": f"/verificar/{transcript.code}",
        "file": str(file),
    }


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], make_papers))
