"""The application of a ceremony's story: one session tomorrow, its numbered sheet, and a clock that is told the time.

`python -m tests.browser.certificates_server FOLDER N_PEOPLE` prints one line of JSON once it can be asked. A line of
ISO time on its input moves the clock there, which stands still in between; it answers with a line: the coordinator's
cookie, since the one of the day before has run out.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from tests import make
from tests.browser.app_server import serve, signed_in
from tests.cast import Cast, make_cast
from tests.database import put_template
from tests.processes import running
from trainings import clock
from trainings.attendance.sheets.sheets import print_sheet
from trainings.audit.actor import PROGRAM

BEGINS = datetime(2027, 3, 4, 14, 30, tzinfo=UTC)
"""Thursday 4 March 2027, 8:30 in Guatemala."""
ENDS = BEGINS + timedelta(hours=4)
EVE = BEGINS - timedelta(hours=18)
COMMUNITIES = ("Las Pozas", "El Subín", "Nueva Libertad")
MISSPELT = "Tsib"
"""Of the first one: it is Tzib."""


def furnishing(n_people: int, known: dict[str, Cast]) -> Any:
    async def furnish() -> dict[str, Any]:
        cast = known["cast"] = await make_cast()
        await make.make_municipalities()
        training = await make.make_training(hub=cast.hub, sessions=[(BEGINS, ENDS)], capacity=n_people)
        people = [
            await make.make_registration(
                training,
                given_names=f"Persona{n:02}",
                surnames=f"Caal {MISSPELT}" if n == 1 else "Caal Xol",
                community=COMMUNITIES[n % len(COMMUNITIES)],
                phone=f"5555 {n:04}",
            )
            for n in range(1, n_people + 1)
        ]
        [session] = training.sessions
        sheet = await print_sheet(session.id, n_blank=2, columns=[], actor=PROGRAM)
        told = {"training": str(training.id), "session": str(session.id), "sheet": sheet.code}
        return {**told, "tickets": [one.qr_token for one in people]}

    return furnish


async def run(folder: str, n_people: int) -> None:
    known: dict[str, Cast] = {}
    with ExitStack() as times:
        times.enter_context(clock.frozen(EVE))
        serving = asyncio.create_task(serve(folder, furnishing(n_people, known)))
        while not serving.done():
            line = await asyncio.to_thread(sys.stdin.readline)
            if not line:
                break
            times.enter_context(clock.frozen(datetime.fromisoformat(line.strip())))
            print(await signed_in(known["cast"].coordinator), flush=True)


@dataclass
class Ceremony:
    """The running application, and what it prepared."""

    made: dict[str, Any]
    input: IO[str]
    output: IO[str]

    @property
    def origin(self) -> str:
        return str(self.made["origin"])

    @property
    def training(self) -> str:
        return f"{self.origin}/panel/capacitaciones/{self.made['training']}"

    def at(self, moment: datetime) -> str:
        """Move the clock there; gives a cookie of the coordinator."""
        self.input.write(f"{moment.isoformat()}\n")
        self.input.flush()
        return self.output.readline().strip()


@contextmanager
def ceremony(folder: Path, n_people: int) -> Iterator[Ceremony]:
    put_template(folder)
    with running("tests.browser.certificates_server", folder, n_people) as server:
        yield Ceremony(server.made, server.input, server.output)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
