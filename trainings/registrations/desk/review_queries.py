from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Subquery
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.permissions import DESK
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.lib.text import short_name
from trainings.registrations.models import HoldReason, Registration, RegistrationGroup, RegistrationState
from trainings.schedule.models import OF_REAL, SessionState, Training, TrainingSession, TrainingState

PAGE = 50
MOST_AT_ONCE = 200
"""Groups answered with one button."""
WAVE_GAP = timedelta(minutes=1)
WAVE_LEAST = 5
"""This many sign-ups held for review, each within a minute of the sign-up before, are a wave."""


@dataclass(frozen=True, slots=True)
class Held:
    """`names` of adults; minors are counted. `n_same_browser`, `n_same_contact`: other sign-ups of the training, in any
    state.
    """

    group_id: UUID
    registration_id: UUID
    names: Sequence[str]
    community: str
    n_minors: int
    n_people: int
    childcare_places: int
    came_at: datetime
    n_same_browser: int
    n_same_contact: int


@dataclass(frozen=True, slots=True)
class Waiting:
    training: Training
    reason: HoldReason
    groups: Sequence[Held]
    n_groups: int


@dataclass(frozen=True, slots=True)
class Wave:
    group_ids: Sequence[UUID]
    first_at: datetime
    last_at: datetime
    n_people: int
    n_trainings: int


@dataclass(frozen=True, slots=True)
class Page:
    waiting: Sequence[Waiting]
    n_groups: int
    after: int | None


def held_groups(actor: Actor) -> QuerySet[RegistrationGroup]:
    coming = TrainingSession.filter(ends_at__gt=clock.now(), state=SessionState.PLANNED)
    held = reads(RegistrationGroup).filter(
        OF_REAL,
        state=RegistrationState.HELD,
        training__hub_id__in=sorted(actor.hubs_with(DESK)),
        training_id__in=Subquery(coming.values("training_id")),
    )
    return held.exclude(training__state=TrainingState.CANCELLED)


async def n_held(actor: Actor) -> int:
    return await held_groups(actor).count()


async def review_page(actor: Actor, number: int) -> Page:
    """`number` from 1; by training and reason, newest first."""
    counted = await _counts(actor)
    start = (number - 1) * PAGE
    ordered = held_groups(actor).order_by("training_id", "hold_reason", "-created_at", "-id")
    groups = await ordered.offset(start).limit(PAGE + 1)
    waiting = await _waiting(groups[:PAGE], counted)
    return Page(waiting, sum(counted.values()), number + 1 if len(groups) > PAGE else None)


async def waves(actor: Actor) -> list[Wave]:
    """Latest first. Told by time alone: the network address is not kept."""
    found = held_groups(actor).filter(hold_reason=HoldReason.REVIEW).order_by("created_at", "id")
    together: list[list[RegistrationGroup]] = []
    for group in await found.only("id", "created_at", "n_people", "training_id"):
        is_next = bool(together) and group.created_at - together[-1][-1].created_at <= WAVE_GAP
        if is_next:
            together[-1].append(group)
        else:
            together.append([group])
    return [_wave(groups) for groups in reversed(together) if len(groups) >= WAVE_LEAST]


def _wave(groups: Sequence[RegistrationGroup]) -> Wave:
    return Wave(
        group_ids=[group.id for group in groups],
        first_at=groups[0].created_at,
        last_at=groups[-1].created_at,
        n_people=sum(group.n_people for group in groups),
        n_trainings=len({group.training_id for group in groups}),
    )


async def of_wave(actor: Actor, group_id: UUID) -> Sequence[UUID]:
    """At most MOST_AT_ONCE; empty: the group is of no wave any more."""
    found = (wave.group_ids for wave in await waves(actor) if group_id in wave.group_ids)
    return next(found, ())[:MOST_AT_ONCE]


async def chosen(actor: Actor, group_ids: Collection[UUID]) -> list[Waiting]:
    found = held_groups(actor).filter(id__in=sorted(group_ids)).order_by("training_id", "hold_reason", "-created_at")
    return await _waiting(await found.limit(MOST_AT_ONCE), await _counts(actor))


async def all_of(actor: Actor, training_id: UUID, reason: HoldReason) -> list[UUID]:
    """Newest first, at most MOST_AT_ONCE."""
    found = held_groups(actor).filter(training_id=training_id, hold_reason=reason)
    return [key for (key,) in await found.order_by("-created_at", "-id").limit(MOST_AT_ONCE).values_list("id")]


# -- parts


async def _counts(actor: Actor) -> dict[tuple[UUID, HoldReason], int]:
    rows = (
        await held_groups(actor)
        .annotate(n=Count("id"))
        .group_by("training_id", "hold_reason")
        .values("training_id", "hold_reason", "n")
    )
    return {(row["training_id"], _reason(row["hold_reason"])): row["n"] for row in rows}


def _reason(stored: str | None) -> HoldReason:
    return HoldReason(stored) if stored else HoldReason.APPROVAL


async def _waiting(
    groups: Sequence[RegistrationGroup], counted: Mapping[tuple[UUID, HoldReason], int]
) -> list[Waiting]:
    members = await _members(groups)
    browsers = await _same_browser(groups)
    contacts = await _same_contact(members)
    trainings = await reads(Training).filter(id__in=sorted({one.training_id for one in groups})).prefetch_related("hub")
    by_id = {training.id: training for training in trainings}
    found: dict[tuple[UUID, HoldReason], list[Held]] = {}
    for group in groups:
        if not members[group.id]:
            continue  # answered between the two reads
        held = _held(group, members[group.id], browsers, contacts)
        found.setdefault((group.training_id, _reason(group.hold_reason)), []).append(held)
    return [
        Waiting(by_id[training_id], reason, held, counted.get((training_id, reason), len(held)))
        for (training_id, reason), held in found.items()
    ]


async def _members(groups: Sequence[RegistrationGroup]) -> dict[UUID, list[Registration]]:
    held = reads(Registration).filter(group_id__in=sorted(group.id for group in groups), state=RegistrationState.HELD)
    members: dict[UUID, list[Registration]] = {group.id: [] for group in groups}
    for one in await held.order_by("id").prefetch_related("participant"):
        members[one.group_id].append(one)
    return members


async def _same_browser(groups: Sequence[RegistrationGroup]) -> dict[tuple[UUID, str], int]:
    keys = sorted({group.browser_key for group in groups if group.browser_key})
    same = reads(RegistrationGroup).filter(training_id__in=_trainings(groups), browser_key__in=keys)
    rows = (
        await same.annotate(n=Count("id"))
        .group_by("training_id", "browser_key")
        .values("training_id", "browser_key", "n")
        if keys
        else []
    )
    return {(row["training_id"], row["browser_key"]): row["n"] for row in rows}


async def _same_contact(members: Mapping[UUID, Sequence[Registration]]) -> dict[tuple[UUID, str], int]:
    people = [one for group in members.values() for one in group]
    counted: dict[tuple[UUID, str], int] = {}
    for column in ("phone_key", "email_key"):
        keys = sorted({key for one in people if (key := getattr(one.participant, column))})
        if not keys:
            continue
        same = reads(Registration).filter(training_id__in=_trainings(people), **{f"participant__{column}__in": keys})
        rows = (
            await same.annotate(n=Count("group_id", distinct=True))
            .group_by("training_id", f"participant__{column}")
            .values("training_id", f"participant__{column}", "n")
        )
        counted |= {(row["training_id"], row[f"participant__{column}"]): row["n"] for row in rows}
    return counted


def _trainings(rows: Iterable[RegistrationGroup | Registration]) -> list[UUID]:
    return sorted({row.training_id for row in rows})


def _held(
    group: RegistrationGroup,
    members: Sequence[Registration],
    browsers: Mapping[tuple[UUID, str], int],
    contacts: Mapping[tuple[UUID, str], int],
) -> Held:
    adults = [one.participant for one in members if not one.participant.is_minor]
    keys = {key for one in members for key in (one.participant.phone_key, one.participant.email_key) if key}
    same = max((contacts.get((group.training_id, key), 1) for key in keys), default=1)
    browser = browsers.get((group.training_id, group.browser_key or ""), 1)
    return Held(
        group_id=group.id,
        registration_id=members[0].id,
        names=[short_name(one.given_names, one.surnames) for one in adults],
        community=next((one.community for one in adults if one.community), ""),
        n_minors=len(members) - len(adults),
        n_people=len(members),
        childcare_places=group.childcare_places,
        came_at=group.created_at,
        n_same_browser=browser - 1,
        n_same_contact=same - 1,
    )
