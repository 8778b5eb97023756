"""Whether a design may be used. Those that came with the program may; any other is checked before it is chosen, when
the program starts, and again when a file of it changed: before a folio is taken, not after.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from trainings import clock
from trainings.certificates import design_check, designs
from trainings.certificates.design_problems import Said
from trainings.certificates.design_texts import TEXTS
from trainings.certificates.design_turns import taken_up
from trainings.certificates.designs import LIBRARY, DesignInfo, Stamp, stamp
from trainings.certificates.models import CertificateKind
from trainings.certificates.sheets import design_of, given_by
from trainings.db import is_in_transaction, reads
from trainings.errors import Refusal
from trainings.schedule.models import Training
from trainings.web.i18n import N_

logger = logging.getLogger("trainings.certificates")

SECONDS_WRONG = 60.0
"""What was found wrong is looked at again after so long, though nothing changed: the machine may have been too busy.
Then after twice as long, and so on: a design that stays broken costs little.
"""
MOST_DOUBLED = 6
NOT_CHECKED = N_("No se pudo revisar. `%(command)s` dice por qué.")


class UnusableDesign(Refusal):
    code = "unusable_design"
    sentence = N_("El diseño «%(title)s» no se puede usar. %(problems)s")


@dataclass(frozen=True, slots=True)
class _Verdict:
    """`problems` are put into words when they are read: whoever asked first may read another language."""

    as_of: Stamp
    problems: Sequence[object]
    at: float
    n_again: int = 0
    """So often was it wrong before, with the same files."""


_verdicts: dict[Path, _Verdict] = {}
_looks: dict[Path, Future[_Verdict]] = {}
"""Under way: two who ask at once wait for the same answer."""


async def problems_of(design: DesignInfo) -> Sequence[str]:
    """What is wrong with it, in sentences; nothing where it may be used. Some seconds where it was not known yet."""
    if design.is_ours:
        return ()
    assert not is_in_transaction(), "nothing is set in a transaction"
    now = await asyncio.to_thread(stamp, design.folder, LIBRARY, TEXTS)
    known = _verdicts.get(design.folder)
    if known is None or known.as_of != now or not _still_holds(known):
        known = await asyncio.shield(asyncio.wrap_future(_look(design)))
    # It may have changed since that look began.
    return await problems_of(design) if known.as_of != now else tuple(printable(str(one)) for one in known.problems)


def _look(design: DesignInfo) -> Future[_Verdict]:
    look = _looks.get(design.folder)
    if look is None:
        look = _looks[design.folder] = taken_up(_looked_at, design)
        look.add_done_callback(lambda _done: _looks.pop(design.folder, None))
    return look


def _looked_at(design: DesignInfo) -> _Verdict:
    now, known = stamp(design.folder, LIBRARY, TEXTS), _verdicts.get(design.folder)
    n_again = known.n_again + 1 if known is not None and known.as_of == now else 0
    found = _Verdict(now, _checked(design), clock.ticks(), min(n_again, MOST_DOUBLED))
    _verdicts[design.folder] = found
    if found.problems:
        logger.warning(
            "the design %s cannot be used: %s", design.key, " ".join(printable(str(one)) for one in found.problems)
        )
    return found


def _checked(design: DesignInfo) -> Sequence[object]:
    """What a designer did may stop the check itself: that is told as any other problem, and no page fails by it."""
    try:
        return design_check.problems_in(design.folder)
    except Exception:  # whatever it is, the design cannot be used
        logger.exception("the design %s could not be checked", design.key)
        return (Said(NOT_CHECKED, {"command": f"trainings design check {design.key}"}),)


def printable(text: str) -> str:
    """A name of a file may hold octets that are no letters: no page could be sent with them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _still_holds(known: _Verdict) -> bool:
    return not known.problems or clock.ticks() - known.at < SECONDS_WRONG * 2**known.n_again


async def refuse_unusable(design: DesignInfo) -> None:
    """Refuses (UnusableDesign), naming the design and what is wrong with it."""
    if problems := await problems_of(design):
        raise UnusableDesign(title=design.title, problems=" ".join(problems))


async def refuse_for(training_id: UUID, kinds: Collection[CertificateKind] = ()) -> None:
    """The same for what papers of these kinds are set with; without kinds, those of who completes the course."""
    training = await reads(Training).get_or_none(id=training_id).select_related("hub__operator")
    if training is None:
        return
    for kind in kinds or given_by(training):
        await refuse_unusable(design_of(training, kind))


async def look_again() -> int:
    """Check all that did not come with the program and that are new or changed; how many cannot be used."""
    theirs = [one for one in designs.all_designs().values() if not one.is_ours]
    return sum([bool(await problems_of(one)) for one in theirs])
