from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from trainings import clock
from trainings.accounts.permissions import CALLERS
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.db.prepared import Select
from trainings.errors import NotFound
from trainings.lib.text import fold
from trainings.outbox.models import CallList, CallReason, Whom
from trainings.places.data import by_code
from trainings.registrations.calls.facts import holders_of
from trainings.registrations.calls.people import Audience, audience_of, audiences_of
from trainings.registrations.calls.validity import AT_ANY_TIME, PAPERS, sessions_told
from trainings.registrations.messages import Recipient, people_of
from trainings.registrations.models import Registration, RegistrationState, ReservedBlock, Source
from trainings.registrations.queries import counts_by_state
from trainings.schedule.changes import Difference, as_left, differences
from trainings.schedule.models import OF_REAL, DatedChange, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.plans import LONGEST_SESSION
from trainings.schedule.queries import SESSIONS_OF
from trainings.web.i18n import N_

READABLE = timedelta(days=30)
"""Counted from closing, or from the end of its sessions."""


class UnknownList(NotFound):
    code = "unknown_call_list"
    sentence = N_("No encontramos esa lista de llamadas en su ventanilla. Puede que ya se haya borrado.")


@dataclass(frozen=True, slots=True)
class Progress:
    """`begins_at`: people not told come in vain from then on; `ends_at`: calling is useless. `has_day`: False of what
    no session makes urgent.
    """

    call_list: CallList
    audience: Audience
    begins_at: datetime
    ends_at: datetime
    changed: Sequence[Difference]
    has_day: bool

    @property
    def n_people(self) -> int:
        return self.audience.n_people

    @property
    def n_left(self) -> int:
        return len(self.audience.left)

    @property
    def n_reached(self) -> int:
        return self.n_people - self.n_left

    @property
    def is_open(self) -> bool:
        return self.call_list.closed_at is None and self.ends_at > clock.now()

    @property
    def is_due(self) -> bool:
        return self.is_open and self.call_list.due_at <= clock.now()


async def progress_of(actor: Actor, *, training_id: UUID | None = None, only_open: bool = False) -> list[Progress]:
    """The actor's lists with people: next to begin first, then newest, those without a day last."""
    lists = await _readable(actor, training_id, only_open=only_open)
    scopes = await _scopes(lists) if lists else {}
    wanted = [one for one in lists if _is_wanted(one, scopes[one.id].ends_at, only_open=only_open)]
    if not wanted:
        return []
    audiences = await audiences_of(wanted)
    found = [Progress(one, audiences[one.id], *scopes[one.id]) for one in wanted if audiences[one.id].n_people]
    return sorted(found, key=lambda one: (not one.has_day, one.begins_at, *_newest_first(one.call_list)))


def _newest_first(call_list: CallList) -> tuple[float, UUID]:
    return -call_list.created_at.timestamp(), call_list.id


def _is_wanted(call_list: CallList, ends_at: datetime, *, only_open: bool) -> bool:
    if only_open:
        return call_list.closed_at is None and ends_at > clock.now()
    return _is_recent(call_list.closed_at or ends_at)


async def n_to_call(actor: Actor) -> tuple[int, Sequence[Progress]]:
    waiting = [one for one in await progress_of(actor, only_open=True) if one.is_due and one.n_left]
    return n_left_on(waiting), waiting


def n_left_on(lists: Iterable[Progress]) -> int:
    """A person on two lists counts once."""
    return len(frozenset[UUID]().union(*(one.audience.left for one in lists)))


async def list_in_scope(list_id: UUID, actor: Actor) -> Progress:
    """Refuses (UnknownList) another hub's list, and one past READABLE."""
    call_list = await reads(CallList).get_or_none(id=list_id).prefetch_related("training__hub__seat")
    if call_list is None or not actor.has_at(call_list.training.hub_id, CALLERS):
        raise UnknownList
    scope = (await _scopes([call_list]))[call_list.id]
    if not _is_recent(call_list.closed_at or scope.ends_at):
        raise UnknownList
    return Progress(call_list, await audience_of(call_list), *scope)


def _is_recent(moment: datetime) -> bool:
    return moment > clock.now() - READABLE


READABLE_BY = """
    (? OR this.closed_at IS NULL) AND (
        this.training_id IN (
            SELECT s.training_id FROM training_session s JOIN training t ON t.id = s.training_id
            WHERE {which} AND t.hub_id IN ?list AND s.starts_at > ? AND s.ends_at > ?)
        OR this.hub_id IN ?list AND this.due_at > ? AND this.reason IN ?list)
"""
NEWEST_FIRST = "this.created_at DESC, this.id DESC"
OF_ANY = READABLE_BY.format(which="1 = 1")
OF_ONE = "this.training_id = ? AND " + READABLE_BY.format(which="s.training_id = this.training_id")
LISTS = Select(CallList, "training__hub", where=OF_ANY, order=NEWEST_FIRST)
LISTS_OF_TRAINING = Select(CallList, "training__hub", where=OF_ONE, order=NEWEST_FIRST, are_few=True)


async def _readable(actor: Actor, training_id: UUID | None, *, only_open: bool) -> list[CallList]:
    hubs, since = sorted(actor.hubs_with(CALLERS)), clock.now() - READABLE
    values = not only_open, hubs, since - LONGEST_SESSION, since, hubs, since, sorted(AT_ANY_TIME)
    return await (LISTS.rows(*values) if training_id is None else LISTS_OF_TRAINING.rows(training_id, *values))


OF_BATCHES = Select(DatedChange, where="this.batch_id IN ?list", order="this.created_at, this.id", are_few=True)


class _Scope(NamedTuple):
    """As in `Progress`; of a moved session the earlier coming day counts."""

    begins_at: datetime
    ends_at: datetime
    changed: Sequence[Difference]
    has_day: bool


async def _scopes(lists: Sequence[CallList]) -> dict[UUID, _Scope]:
    trainings = sorted({one.training_id for one in lists})
    sessions = await SESSIONS_OF.rows(trainings)
    batches = sorted({one.batch_id for one in lists if one.batch_id is not None})
    changes = await OF_BATCHES.rows(batches) if batches else []
    told = await sessions_told(lists)
    return {one.id: _scope(one, told[one.id], sessions, changes) for one in lists}


def _scope(
    call_list: CallList,
    told: frozenset[UUID],
    sessions: Iterable[TrainingSession],
    changes: Iterable[DatedChange],
) -> _Scope:
    of_training = [one for one in sessions if one.training_id == call_list.training_id]
    was_over = all(one.ends_at <= call_list.created_at for one in of_training)
    if call_list.reason in PAPERS or (call_list.reason is CallReason.OWN and was_over):
        return _Scope(call_list.due_at, call_list.due_at + READABLE, (), has_day=False)
    of_batch = [one for one in changes if one.batch_id == call_list.batch_id]
    is_off = call_list.training.state is TrainingState.CANCELLED
    return _Scope(
        *_span(call_list, [one for one in of_training if one.id in told] or of_training, of_batch),
        differences(of_batch, of_training, call_list.training, is_called_off=is_off),
        has_day=True,
    )


def _span(
    call_list: CallList, sessions: Iterable[TrainingSession], changes: Iterable[DatedChange]
) -> tuple[datetime, datetime]:
    spans = [(one.starts_at, one.ends_at) for one in sessions]
    known = [as_left(one) for one in changes]
    spans += [(one.starts_at, one.ends_at) for one in known if one is not None]
    ahead = [begin for begin, end in spans if end > clock.now()]
    if not spans:
        return call_list.due_at, call_list.due_at
    return min(ahead, default=max(begin for begin, _end in spans)), max(end for _begin, end in spans)


# -- whom staff may choose for a list of their own

MISSED = 2
"""Sessions not attended, of those held after the sign-up."""


@dataclass(frozen=True, slots=True)
class Group:
    """Registrations and blocks of cards of a training. `key`: a community's in addresses, `community`: its name."""

    whom: Whom
    people: Sequence[UUID]
    holders: Sequence[UUID] = ()
    key: str = ""
    community: str = ""

    @property
    def n_people(self) -> int:
        return len(self.people) + len(self.holders)

    @classmethod
    def asked_for(cls, query: Mapping[str, str], groups: Iterable[Group]) -> Group | None:
        wanted = query.get("grupo", ""), query.get("comunidad", "")
        return next((one for one in groups if (one.whom.value, one.key) == wanted), None)

    @property
    def address(self) -> str:
        return urlencode({"grupo": self.whom.value} | ({"comunidad": self.key} if self.key else {}))


@dataclass(frozen=True, slots=True)
class WithPeople:
    training: Training
    next_at: datetime
    n_people: int


async def trainings_to_call(actor: Actor) -> list[WithPeople]:
    """Those with people and a session to come or of the last days: next to begin first, then the latest held."""
    found = reads(TrainingSession).filter(
        OF_REAL, training__hub_id__in=sorted(actor.hubs_with(CALLERS)), ends_at__gt=clock.now() - READABLE
    )
    sessions: dict[UUID, list[TrainingSession]] = defaultdict(list)
    for one in await found.order_by("starts_at").prefetch_related("training__hub"):
        sessions[one.training_id].append(one)
    counts = await counts_by_state(sorted(sessions))
    listed: list[WithPeople] = []
    for training_id, dated in sessions.items():
        states = counts.get(training_id, {})
        n_people = sum(n for state, n in states.items() if state is not RegistrationState.CANCELLED)
        next_one = next((one for one in dated if one.ends_at > clock.now()), dated[-1])
        if n_people:
            listed.append(WithPeople(next_one.training, next_one.starts_at, n_people))
    return sorted(listed, key=lambda one: (one.next_at < clock.now(), abs(one.next_at - clock.now())))


async def groups_of(training: Training) -> list[Group]:
    """Groups with somebody in them, without people who cancelled or whom nobody may call. `hub` is loaded."""
    people = [one for one in (await people_of([training.id])).get(training.id, ()) if one.is_counted]
    blocks = await holders_of([training.id])
    holders = [one.id for one in blocks]
    imported = await _imported_today(training.id)
    absent = await _absent(training.id, [one for one in people if one.state is RegistrationState.CONFIRMED])
    groups = [
        Group(Whom.ALL, _ids(people), holders),
        Group(Whom.NO_MAIL, _ids(one for one in people if not one.email_key or one.refused_at), holders),
        Group(Whom.IMPORTED, _ids(one for one in people if one.id in imported)),
        Group(Whom.WAITING, _ids(one for one in people if one.state is RegistrationState.WAITLISTED)),
        Group(Whom.ABSENT, _ids(one for one in people if one.id in absent)),
        Group(Whom.HOLDERS, (), holders),
        *await _communities(training, people, blocks),
    ]
    return [one for one in groups if one.n_people]


def _ids(people: Iterable[Recipient]) -> list[UUID]:
    return [one.id for one in people]


async def _imported_today(training_id: UUID) -> set[UUID]:
    midnight = clock.midnight(clock.today())
    found = reads(Registration).filter(training_id=training_id, source=Source.IMPORT, created_at__gte=midnight)
    return {key for (key,) in await found.values_list("id")}


async def _absent(training_id: UUID, people: Sequence[Recipient]) -> set[UUID]:
    """A session counts as held once somebody was marked present."""
    held = reads(TrainingSession).filter(
        training_id=training_id, state=SessionState.PLANNED, ends_at__lte=clock.now(), attendances__is_present=True
    )
    starts = dict(await held.distinct().values_list("id", "starts_at"))
    if len(starts) < MISSED:
        return set()
    present = reads(Registration).filter(attendances__session_id__in=sorted(starts), attendances__is_present=True)
    came = set(await present.values_list("id", "attendances__session_id"))
    return {
        one.id
        for one in people
        if sum(at >= one.created_at and (one.id, key) not in came for key, at in starts.items()) >= MISSED
    }


async def _communities(
    training: Training, people: Collection[Recipient], blocks: Iterable[ReservedBlock]
) -> list[Group]:
    where = reads(Registration).filter(training_id=training.id)
    found = await where.values_list("id", "participant__community", "participant__municipality_id")
    homes = {key: (community, code) for key, community, code in found if community}
    members: dict[tuple[str, str | None], list[UUID]] = defaultdict(list)
    holders: dict[tuple[str, str | None], list[UUID]] = defaultdict(list)
    names: dict[tuple[str, str | None], str] = {}
    for one in people:
        if one.id in homes:
            community, code = homes[one.id]
            names.setdefault((fold(community), code), community)
            members[fold(community), code].append(one.id)
    for block in blocks:
        home = fold(block.community), block.municipality_id
        names.setdefault(home, block.community)
        holders[home].append(block.id)
    return [
        Group(
            Whom.COMMUNITY,
            members[home],
            holders[home],
            key=f"{home[1] or ''}:{home[0]}",
            community=_named(names[home], home[1], training.hub.seat_id),
        )
        for home in sorted(names, key=lambda one: (one[0], one[1] or ""))
    ]


def _named(community: str, code: str | None, seat: str) -> str:
    is_far = code is not None and code != seat
    return f"{community}, {by_code()[code].full_name}" if is_far and code else community
