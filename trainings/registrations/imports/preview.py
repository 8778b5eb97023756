"""What each row would come to: a new person, a known one, or errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from trainings.db import reads
from trainings.errors import Refusal
from trainings.registrations.commands import SignUp
from trainings.registrations.desk.repeats import COLUMNS, Seen, signs_of_who_comes
from trainings.registrations.eligibility import check_people
from trainings.registrations.imports.rows import ListRow
from trainings.registrations.models import Registration, RegistrationGroup, RegistrationState
from trainings.schedule.models import Training
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of

MOST_KEYS = 500
"""In one statement."""


class Verdict(StrEnum):
    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Judged:
    """`why` in words: errors, or since when the person is registered. `same_as`: the equal row above."""

    row: ListRow
    verdict: Verdict
    why: tuple[str, ...]
    same_as: int | None = None

    @property
    def number(self) -> int:
        return self.row.number


@dataclass(frozen=True, slots=True)
class Preview:
    rows: Sequence[Judged]

    def of(self, verdict: Verdict) -> list[Judged]:
        return [one for one in self.rows if one.verdict is verdict]

    @property
    def twins(self) -> list[Judged]:
        """New people with somebody's name: perhaps the same with another telephone."""
        return [one for one in self.of(Verdict.NEW) if one.why]

    @property
    def repeated(self) -> list[Judged]:
        """Rows equal to one above: perhaps a namesake, registered only once told apart."""
        return [one for one in self.rows if one.same_as is not None]

    @property
    def notes(self) -> Mapping[str, int]:
        """What we decided ourselves, and in how many rows."""
        return Counter(note for one in self.rows for note in one.row.notes)


@dataclass(slots=True)
class _Standing:
    """People on the training, and the rows before."""

    keys: Collection[str]
    signs: set[Hashable] = field(default_factory=set)
    names: set[tuple[str, str | None]] = field(default_factory=set)
    rows: dict[str, int] = field(default_factory=dict)


async def judge(rows: Sequence[ListRow], training: Training) -> Preview:
    """`training` comes with its hub."""
    standing = await _standing(rows, training.id)
    return Preview([_judge(row, training, standing) for row in rows])


async def keys_in_use(keys: Sequence[str]) -> set[str]:
    """However long ago."""
    found: set[str] = set()
    for begin in range(0, len(keys), MOST_KEYS):
        some = reads(RegistrationGroup).filter(idempotency_key__in=keys[begin : begin + MOST_KEYS])
        found.update(key for (key,) in await some.values_list("idempotency_key"))
    return found


async def _standing(rows: Sequence[ListRow], training_id: UUID) -> _Standing:
    standing = _Standing(await keys_in_use([key for row in rows for key in row.keys]))
    live = reads(Registration).filter(training_id=training_id).exclude(state=RegistrationState.CANCELLED)
    for columns in await live.values_list(*COLUMNS):
        one = Seen(*columns)
        standing.names.add((one.name_key, one.municipality))
        standing.signs.update(one.signs)
    return standing


def _judge(row: ListRow, training: Training, standing: _Standing) -> Judged:
    wish = row.wish
    if wish is None:
        return Judged(row, Verdict.REFUSED, row.errors)
    if row.key in standing.rows:
        above = standing.rows[row.key]
        return Judged(row, Verdict.KNOWN, (gettext(N_("Es igual a la fila %(n)s.")) % {"n": above},), above)
    standing.rows[row.key] = row.number
    if any(key in standing.keys for key in row.keys):
        return Judged(row, Verdict.KNOWN, (gettext(N_("Ya se inscribió con esta misma fila.")),))
    if not standing.signs.isdisjoint(signs_of_who_comes(wish)):
        return Judged(
            row, Verdict.KNOWN, (gettext(N_("Ya hay alguien con ese nombre, municipio y teléfono o correo.")),)
        )
    try:
        check_people(training, training.hub.phone, wish)
    except Refusal as refusal:
        return Judged(row, Verdict.REFUSED, (sentence_of(refusal),))
    return Judged(row, Verdict.NEW, _hints(wish, standing))


def _hints(wish: SignUp, standing: _Standing) -> tuple[str, ...]:
    """To look at, though no error."""
    name = wish.keys[0].name_key, wish.keys[0].municipality
    is_twin = name in standing.names
    standing.names.add(name)
    standing.signs.update(signs_of_who_comes(wish))
    return (gettext(N_("Hay otra persona con ese nombre y municipio: se inscribe aparte.")),) if is_twin else ()
