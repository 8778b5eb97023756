"""Calendar entries of sessions and activities: stored texts, feeds, counters. An equal new text moves no counter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.db import is_in_transaction, lock, transaction
from trainings.people.words import LANGUAGES
from trainings.places.models import Hub
from trainings.places.queries import feed_keys
from trainings.schedule.ics import (
    CANCELLED_LINE,
    TEXT_FORMAT,
    EventFacts,
    event_text,
    sequence_after,
    sequence_in,
    stamped,
    without_place,
)
from trainings.schedule.models import (
    Dated,
    EntryText,
    Offer,
    PlaceShown,
    SessionFeed,
    SessionText,
    Training,
    TrainingSession,
    TrainingState,
    is_on,
)
from trainings.schedule.words import KINDS, OFFERS
from trainings.settings import get_settings
from trainings.versions.actions import bump
from trainings.versions.queries import filters_key
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking

_VENUE = ("name", "address", "lat", "lon", "municipality_id", "municipality__name", "municipality__department")
_COLUMNS = (
    "id",
    "training_id",
    "created_at",
    "stamped_at",
    "sequence",
    "position",
    "starts_at",
    "ends_at",
    "state",
    "called_off_at",
    "venue_id",
    *(f"venue__{column}" for column in _VENUE),
    "training__state",
    "training__state_before",
    "training__slug",
    "training__title",
    "training__summary",
    "training__place_shown",
    "training__offers",
    "training__bring",
    "training__languages",
    "training__online_url",
    "training__hub_id",
    "training__hub__name",
    "training__hub__seat__name",
    "training__hub__seat__department",
    "training__kind",
    "training__course__summary",
    "training__course__topic__slug",
    "training__course__topic__name",
)

FILTERED_BY = frozenset({"languages", "interpreter_languages", "audience"})

STILL_SHOWN = timedelta(days=100)
"""Corrections rewrite entries this far back, a little more than calendars look."""

BATCH = 100
"""Entries in one transaction: other work gets its turn in between."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What calendars may show now. `is_listed`: public, so in the feeds `scopes`. `is_hidden`: in no feed.
    `is_protected`: without its place.
    """

    facts: EventFacts
    is_listed: bool
    scopes: Collection[str]
    is_hidden: bool = False
    is_protected: bool = False

    @property
    def id(self) -> UUID:
        return self.facts.session_id


@dataclass(frozen=True, slots=True)
class Kept:
    """`key` leads from texts and feeds to the row, `path` begins addresses."""

    rows: type[Dated]
    texts: type[Any]
    feeds: type[Any]
    key: str
    path: str


SESSIONS = Kept(TrainingSession, SessionText, SessionFeed, "session_id", "/capacitaciones/")


async def write_entries(
    entries: Iterable[Entry], kept: Kept, *, is_refiltered: bool = False, renamed: Iterable[str] = ()
) -> set[UUID]:
    """In the caller's transaction, which holds the rows. Returns the changed entries. Listed, an entry stays in every
    feed it was ever in; cancelled, it is frozen until it takes place again; hidden, it leaves the feeds until listed
    again.
    """
    assert is_in_transaction(), "text, feeds and counters change together with what they tell of"
    by_id = {entry.id: entry for entry in entries}
    these = {f"{kept.key}__in": list(by_id)}
    texts: dict[UUID, EntryText] = {getattr(text, kept.key): text for text in await kept.texts.filter(**these)}
    scopes: dict[UUID, set[str]] = {}
    for key, scope in await kept.feeds.filter(**these).values_list(kept.key, "scope"):
        scopes.setdefault(key, set()).add(scope)
    hidden = [key for key, entry in by_id.items() if entry.is_hidden and key in texts]
    await kept.texts.filter(**{f"{kept.key}__in": hidden}).delete()
    moved = set(renamed).union(*(scopes.get(key, ()) for key in hidden))
    changed, joined = [], []
    for key, entry in by_id.items():
        if entry.is_hidden:
            continue
        known = scopes.get(key, set())
        body = await _rewritten(entry, texts.get(key), kept, has_left=bool(known))
        if body is not None:
            changed.append(kept.texts(**{kept.key: key}, format=TEXT_FORMAT, body=body))
            moved |= known
        new = set(entry.scopes) - known if entry.is_listed else set[str]()
        joined += [kept.feeds(**{kept.key: key}, scope=scope) for scope in sorted(new)]
        moved |= new
    if is_refiltered:
        moved |= {filters_key(scope) for scope in {one.scope for one in joined}.union(*scopes.values())}
    await kept.texts.bulk_create(changed, on_conflict=[kept.key], update_fields=["format", "body"])
    await kept.feeds.bulk_create(joined)
    if moved:
        await bump(*moved)
    return {getattr(text, kept.key) for text in changed}


async def _rewritten(entry: Entry, stored: EntryText | None, kept: Kept, *, has_left: bool) -> str | None:
    """None: it shows the same. `has_left`: feeds once had it though no text is stored, so the new text must be
    newer.
    """
    facts = entry.facts
    if stored is None:
        if not entry.is_listed:
            return None
        return await _stamped(facts, facts.sequence + has_left, kept, after=facts.stamped_at if has_left else None)
    if CANCELLED_LINE in stored.body and facts.is_cancelled and stored.format >= TEXT_FORMAT:
        # Frozen as it was cancelled, unless its place has become protected since.
        if not entry.is_protected or without_place(stored.body) == stored.body:
            return None
        sequence, stamped_at = await _stamp(facts, sequence_in(stored.body) + 1, kept, after=facts.stamped_at)
        return stamped(without_place(stored.body), sequence=sequence, stamped_at=stamped_at)
    candidate = event_text(replace(facts, sequence=sequence_in(stored.body)))
    if candidate == stored.body:
        return None
    raised = sequence_after(stored.body, candidate)
    return candidate if raised is None else await _stamped(facts, raised, kept, after=facts.stamped_at)


async def _stamped(facts: EventFacts, sequence: int, kept: Kept, *, after: datetime | None) -> str:
    sequence, stamped_at = await _stamp(facts, sequence, kept, after=after)
    return event_text(replace(facts, sequence=sequence, stamped_at=stamped_at))


async def _stamp(facts: EventFacts, sequence: int, kept: Kept, *, after: datetime | None) -> tuple[int, datetime]:
    stamped_at = clock.whole_second_after(after)
    await kept.rows.filter(id=facts.session_id).update(sequence=sequence, stamped_at=stamped_at)
    return sequence, stamped_at


async def write_again(kept: Kept, refresh: Callable[[list[UUID]], Awaitable[set[UUID]]]) -> int:
    """Rewrite texts of an older version or an earlier address of this site; returns their number. Stamp and sequence
    stay if the meaning does. Several processes may run it at once.
    """
    # A line may be folded after 75 octets.
    address = f"\r\nURL:{get_settings().base_url.rstrip('/')}{kept.path}"[:70]
    moved = ~Q(body__contains=address) & ~Q(body__contains=CANCELLED_LINE)
    found = await kept.texts.filter(Q(format__lt=TEXT_FORMAT) | moved).order_by(kept.key).values_list(kept.key)
    ids: list[UUID] = [key for (key,) in found]
    changed = 0
    for start in range(0, len(ids), BATCH):
        async with transaction():
            batch = ids[start : start + BATCH]
            changed += len(await refresh(batch))
            outdated = kept.texts.filter(**{f"{kept.key}__in": batch}, format__lt=TEXT_FORMAT)
            await outdated.update(format=TEXT_FORMAT)
    return changed


# -- sessions


async def refresh(
    *,
    training_ids: Iterable[UUID] = (),
    session_ids: Iterable[UUID] = (),
    is_refiltered: bool = False,
    renamed: Iterable[str] = (),
) -> set[UUID]:
    """`write_entries` for these sessions and all sessions of these trainings, once at the end of an action.
    `is_refiltered`: audience or language may have changed without the text. `renamed`: feeds with a new name.
    """
    rows = await _locked(Q(training_id__in=list(training_ids)) | Q(id__in=list(session_ids)))
    counts = await _session_counts({row["training_id"] for row in rows})
    hubs = {hub.id: hub for hub in await Hub.filter(id__in={row["training__hub_id"] for row in rows})}
    with speaking(SOURCE_LANGUAGE):
        entries = [_entry(row, counts[row["training_id"]], hubs[row["training__hub_id"]]) for row in rows]
    return await write_entries(entries, SESSIONS, is_refiltered=is_refiltered, renamed=renamed)


async def rewrite_outdated() -> int:
    return await write_again(SESSIONS, lambda session_ids: refresh(session_ids=session_ids))


async def _locked(wanted: Q) -> list[Row]:
    found = await TrainingSession.filter(wanted).values_list("id", "training_id")
    # The training before its sessions, as a move locks them: no deadlock.
    await lock(Training, {training_id for _session_id, training_id in found})
    ids = [session_id for session_id, _training_id in found]
    await lock(TrainingSession, ids)
    rows: list[Row] = await TrainingSession.filter(id__in=ids).order_by("id").values(*_COLUMNS)
    return rows


async def restamp(training_ids: Iterable[UUID]) -> None:
    await Training.filter(id__in=list(training_ids)).update(changed_at=clock.now())


def _entry(row: Row, n_sessions: int, hub: Hub) -> Entry:
    return Entry(
        _facts(row, n_sessions),
        is_listed=_is_listed(row),
        scopes=_scopes_for(row, hub),
        is_hidden=_is_hidden(row),
        is_protected=_is_protected(row),
    )


def _is_listed(row: Row) -> bool:
    return bool(row["training__state"] == TrainingState.PUBLISHED and is_on(row["state"], row["called_off_at"]))


def _is_live(row: Row) -> bool:
    is_shown = row["training__state"] in (TrainingState.PUBLISHED, TrainingState.CANCELLED)
    return is_shown and is_on(row["state"], row["called_off_at"])


def _is_hidden(row: Row) -> bool:
    return TrainingState.UNLISTED in (row["training__state"], row["training__state_before"])


async def _session_counts(training_ids: set[UUID]) -> dict[UUID, int]:
    """With cancelled sessions: a cancellation must not rewrite other entries ("sesión 3 de 10")."""
    of_these = TrainingSession.filter(training_id__in=training_ids)
    return Counter(key for (key,) in await of_these.values_list("training_id"))


def _scopes_for(row: Row, hub: Hub) -> set[str]:
    codes = [row["venue__municipality_id"]] if row["venue_id"] else []
    places = feed_keys(hub, *codes)
    return places | {f"tema:{row['training__course__topic__slug']}"}


def _is_protected(row: Row) -> bool:
    return bool(row["training__place_shown"] == PlaceShown.AFTER_CONFIRMATION)


def _facts(row: Row, n_sessions: int) -> EventFacts:
    """Of a protected place only the municipality."""
    is_protected = _is_protected(row)
    settings = get_settings()
    kind = KINDS[row["training__kind"]]
    return EventFacts(
        session_id=row["id"],
        uid_domain=settings.uid_domain,
        created_at=row["created_at"],
        stamped_at=row["stamped_at"],
        sequence=row["sequence"],
        is_cancelled=not _is_live(row),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        title=row["training__title"],
        position=row["position"],
        n_sessions=n_sessions,
        municipality=_municipality(row),
        place="" if is_protected else _place(row),
        lat=None if is_protected else row["venue__lat"],
        lon=None if is_protected else row["venue__lon"],
        summary=row["training__summary"] or row["training__course__summary"],
        notes=tuple(_notes(row, is_protected=is_protected)),
        categories=(row["training__course__topic__name"], gettext(kind)),
        url=f"{settings.base_url.rstrip('/')}/capacitaciones/{row['training__slug']}",
    )


def _municipality(row: Row) -> str:
    whose = "venue__municipality" if row["venue_id"] else "training__hub__seat"
    return f"{row[f'{whose}__name']}, {row[f'{whose}__department']}"


def _place(row: Row) -> str:
    if not row["venue_id"]:
        return gettext(N_("En línea")) if row["training__online_url"] else ""
    return ", ".join(part for part in (row["venue__name"], row["venue__address"]) if part)


def _notes(row: Row, *, is_protected: bool) -> list[str]:
    notes = [row["training__hub__name"]]
    if is_protected:
        notes.append(gettext(N_("El lugar se dice a quienes se inscriben.")))
    languages = ", ".join(gettext(LANGUAGES[code]) for code in row["training__languages"] if code in LANGUAGES)
    if languages:
        notes.append(gettext(N_("Idiomas: %(languages)s.")) % {"languages": languages})
    offers = ", ".join(gettext(OFFERS[Offer(code)]).lower() for code in row["training__offers"])
    if offers:
        notes.append(gettext(N_("Se ofrece: %(offers)s.")) % {"offers": offers})
    if row["training__bring"]:
        notes.append(gettext(N_("Qué traer: %(bring)s")) % {"bring": row["training__bring"]})
    return notes
