"""What a sign-up passes on its way from the route to the rows: `python -m tools.sign_up_path` prints it.

The form of one person is sent to the program, on a fresh SQLite file, and the calls between functions of `trainings/`
are followed from the handler on; a task goes on where it was started. The floor is not counted as packages: `web`,
`db`, `lib` and the modules beside them serve every request. A climb is a call into another module that waits for the
caller already: who reads the code must go back up.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from tests import asgi, make
from tests.registrations.forms import post
from trainings import db
from trainings.app import create_app
from trainings.settings import Settings

HANDLER = ("trainings.registrations.signup.routes", "create")
FLOOR = ("", "web", "db", "lib")


class Step(NamedTuple):
    """A function of a module."""

    module: str
    name: str

    @property
    def package(self) -> str:
        return "/".join(self.module.split(".")[1:-1])


class Call(NamedTuple):
    """A function that is called, and those that wait for it, the handler first and the caller last."""

    step: Step
    waiting: Sequence[Step]

    @property
    def is_climb(self) -> bool:
        module = self.step.module
        return self.waiting[-1].module != module and module in {one.module for one in self.waiting}


def packages(calls: Sequence[Call]) -> list[str]:
    """Those of the handler and of all that it calls, as they come."""
    found = dict.fromkeys([Step(*HANDLER).package, *(call.step.package for call in calls)])
    return [package for package in found if package not in FLOOR]


def climbs(calls: Sequence[Call]) -> list[str]:
    return [f"{'.'.join(call.waiting[-1])} -> {'.'.join(call.step)}" for call in calls if call.is_climb]


@contextmanager
def followed() -> Iterator[list[Call]]:
    """The calls that the handler of sign-ups makes meanwhile, on this event loop, in order."""
    calls: list[Call] = []
    # A frame comes again whenever it goes on after a wait; kept, so that no other gets its address.
    seen: dict[int, FrameType] = {}
    started: dict[asyncio.Task[Any], list[Step]] = {}

    def waiting_for(frame: FrameType | None) -> list[Step]:
        task = asyncio.current_task()
        above = started.get(task, []) if task is not None else []
        here: list[Step] = []
        while frame is not None:
            if frame.f_globals.get("__name__", "").startswith("trainings."):
                here.append(Step(frame.f_globals["__name__"], frame.f_code.co_qualname))
            frame = frame.f_back
        return [*above, *reversed(here)]

    def note(frame: FrameType, event: str, _argument: object) -> None:
        name = frame.f_globals.get("__name__", "")
        if event != "call" or id(frame) in seen or not name.startswith("trainings."):
            return
        seen[id(frame)] = frame
        waiting = waiting_for(frame.f_back)
        if HANDLER in waiting:
            calls.append(Call(Step(name, frame.f_code.co_qualname), waiting[waiting.index(Step(*HANDLER)) :]))

    def start(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **more: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, **more)
        started[task] = waiting_for(sys._getframe(1))
        return task

    loop, before, factory = asyncio.get_running_loop(), sys.getprofile(), asyncio.get_running_loop().get_task_factory()
    loop.set_task_factory(start)  # type: ignore[arg-type]  # typed without what newer Pythons pass on
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)
        loop.set_task_factory(factory)


async def main() -> None:
    settings = Settings()
    await db.migrate(settings)
    async with db.connect(settings), asgi.browser(create_app(settings, with_worker=False)) as browser:
        training = await make.make_training()
        with followed() as calls:
            answer = await post(browser, training)
        assert answer.status_code == 303, answer.text
    print(f"{len(packages(calls))} packages: {', '.join(packages(calls))}")
    print(f"{len(climbs(calls))} climbs:", *climbs(calls), sep="\n  ")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TRAININGS_ENV": "test", "TRAININGS_DATA_DIR": folder, "TRAININGS_DATABASE_URL": ""}
        asyncio.run(main())
