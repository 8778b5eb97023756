"""Who is invited in the tests of letters, and ways to read what was printed."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pypdf

from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.registrations.invitations import convocation
from trainings.registrations.invitations import letters as letter_sheets
from trainings.registrations.invitations.convocation import Invited
from trainings.registrations.models import Addressee, InvitationLetter
from trainings.schedule.models import Training

POZAS = Invited(Addressee.COCODE, "COCODE Las Pozas", "Presidencia", "Aldea Las Pozas")
SCHOOL = Invited(Addressee.SCHOOL, "Escuela Oficial Rural Mixta K’ante’")


async def prepared(training: Training, *invited: Invited, **more: Any) -> list[InvitationLetter]:
    await convocation.prepare(training.id, invited or (POZAS, SCHOOL), actor=PROGRAM, **more)
    return await convocation.letters_of(training.id)


async def printed(training: Training, letters: list[InvitationLetter] | None = None) -> bytes:
    """The letters of a training as a file, all unless told which."""
    await training.fetch_related("hub")
    letters = letters if letters is not None else await convocation.letters_of(training.id)
    data = await letter_sheets.letters_data(training, letters)
    return letter_sheets.LETTER.pdf(data, made_at=clock.now())


def words_of(file: bytes, page: int = 0) -> str:
    return " ".join(pypdf.PdfReader(BytesIO(file)).pages[page].extract_text().split())
