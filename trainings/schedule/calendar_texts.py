"""What calendars are told of a session: its stored text, the feeds it is in, and the counters that move with them.

The stored text is what subscribers have. The rows are written as a text again and compared with it: where both are
equal, nothing shown has changed and no counter moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
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
"""Columns of a training by which feeds are filtered, once it is published."""

STILL_SHOWN = timedelta(days=100)
"""How far back entries follow when a place, a hub or a course is corrected: a little more than calendars look."""

BATCH = 100
"""Texts written again in one transaction: others get their turn in between."""

Row = dict[str, Any]


async def refresh(
    *,
    training_ids: Iterable[UUID] = (),
    session_ids: Iterable[UUID] = (),
    is_refiltered: bool = False,
    renamed: Iterable[str] = (),
) -> set[UUID]:
    """Bring up to date what calendars show of these sessions, in the caller's transaction. Returns those that changed.

    A session appears when its training is published, and stays in every feed where it ever was. Cancelled or called
    off it is shown as CANCELLED, and then frozen until it takes place again. Unlisted it leaves them, and returns where
    its training is published again. Once an action, at its end.
    `is_refiltered`: for whom or in which language it is may have changed, which no text need tell. `renamed` are the
    feeds that have another name from now on.
    """
    assert is_in_transaction(), "text, feeds and counters change together with the session"
    rows = await _locked(Q(training_id__in=list(training_ids)) | Q(id__in=list(session_ids)))
    ids = [row["id"] for row in rows]
    texts = {text.session_id: text for text in await SessionText.filter(session_id__in=ids)}
    scopes = await _scopes_of(ids)
    counts = await _session_counts({row["training_id"] for row in rows})
    hubs = {hub.id: hub for hub in await Hub.filter(id__in={row["training__hub_id"] for row in rows})}
    moved = set(renamed) | await _take_out([row["id"] for row in rows if _is_hidden(row)], texts, scopes)
    changed: list[SessionText] = []
    joined: list[SessionFeed] = []
    for row in [one for one in rows if not _is_hidden(one)]:
        body = await _rewritten(row, counts[row["training_id"]], texts.get(row["id"]), has_left=row["id"] in scopes)
        if body is not None:
            changed.append(SessionText(session_id=row["id"], format=TEXT_FORMAT, body=body))
            moved |= scopes.get(row["id"], set())
        if _is_listed(row):
            new = _scopes_for(row, hubs[row["training__hub_id"]]) - scopes.get(row["id"], set())
            joined += [SessionFeed(session_id=row["id"], scope=scope) for scope in sorted(new)]
            moved |= new
    moved |= _filters_of(scopes, joined) if is_refiltered else set()
    await SessionText.bulk_create(changed, on_conflict=["session_id"], update_fields=["format", "body"])
    await SessionFeed.bulk_create(joined)
    if moved:
        await bump(*moved)
    return {text.session_id for text in changed}


async def _take_out(
    hidden: Iterable[UUID], texts: Mapping[UUID, SessionText], scopes: Mapping[UUID, set[str]]
) -> set[str]:
    """No feed shows these sessions any more; those that did."""
    left = [session_id for session_id in hidden if session_id in texts]
    await SessionText.filter(session_id__in=left).delete()
    return {scope for session_id in left for scope in scopes.get(session_id, ())}


async def _locked(wanted: Q) -> list[Row]:
    """What is told of these sessions, their rows held until the transaction ends."""
    found = await TrainingSession.filter(wanted).values_list("id", "training_id")
    # The training before its sessions, as whoever moves one of them: two never wait for each other in a ring.
    await lock(Training, {training_id for _session_id, training_id in found})
    ids = [session_id for session_id, _training_id in found]
    await lock(TrainingSession, ids)
    rows: list[Row] = await TrainingSession.filter(id__in=ids).order_by("id").values(*_COLUMNS)
    return rows


async def restamp(training_ids: Iterable[UUID]) -> None:
    """Date anew what those who hold sessions of these trainings are told of them: their entries say more than ours."""
    await Training.filter(id__in=list(training_ids)).update(changed_at=clock.now())


async def rewrite_outdated() -> int:
    """Write again the texts that an older version wrote otherwise, or that lead to an earlier address of this site.

    Stamp and sequence stay where the new text means the same. Several processes may do it at once: who waited for
    another's rows finds them done. Returns how many texts are different now.
    """
    # A line may be folded after 75 octets.
    address = f"\r\nURL:{get_settings().base_url.rstrip('/')}/capacitaciones/"[:70]
    moved = ~Q(body__contains=address) & ~Q(body__contains=CANCELLED_LINE)
    found = await SessionText.filter(Q(format__lt=TEXT_FORMAT) | moved).order_by("session_id").values_list("session_id")
    ids = [session_id for (session_id,) in found]
    changed = 0
    for start in range(0, len(ids), BATCH):
        async with transaction():
            batch = ids[start : start + BATCH]
            changed += len(await refresh(session_ids=batch))
            await SessionText.filter(session_id__in=batch, format__lt=TEXT_FORMAT).update(format=TEXT_FORMAT)
    return changed


async def _rewritten(row: Row, n_sessions: int, stored: SessionText | None, *, has_left: bool) -> str | None:
    """The new text of a session, its stamp and sequence kept in its row; nothing where it shows the same.

    `has_left`: where none is stored, it was in feeds before: what comes back is newer than what some still have.
    """
    if stored is None:
        if not _is_listed(row):
            return None
        sequence = row["sequence"] + has_left
        return await _stamped(row, n_sessions, sequence=sequence, previous=row if has_left else None)
    if _is_frozen(row, stored):
        return await _hidden(row, stored)
    candidate = _text(row | {"sequence": sequence_in(stored.body)}, n_sessions)
    if candidate == stored.body:
        return None
    sequence = sequence_after(stored.body, candidate)
    if sequence is None:
        return candidate
    return await _stamped(row, n_sessions, sequence=sequence, previous=row)


def _is_frozen(row: Row, stored: SessionText) -> bool:
    """Whether it stays as it was cancelled: nobody needs to hear more."""
    return CANCELLED_LINE in stored.body and not _is_live(row) and stored.format >= TEXT_FORMAT


async def _hidden(row: Row, stored: SessionText) -> str | None:
    """A frozen text without the place that has become protected since then; nothing where it tells none."""
    if row["training__place_shown"] != PlaceShown.AFTER_CONFIRMATION or without_place(stored.body) == stored.body:
        return None
    sequence, stamped_at = sequence_in(stored.body) + 1, clock.whole_second_after(row["stamped_at"])
    await TrainingSession.filter(id=row["id"]).update(sequence=sequence, stamped_at=stamped_at)
    return stamped(without_place(stored.body), sequence=sequence, stamped_at=stamped_at)


async def _stamped(row: Row, n_sessions: int, *, sequence: int, previous: Row | None) -> str:
    stamped_at = clock.whole_second_after(previous["stamped_at"] if previous else None)
    await TrainingSession.filter(id=row["id"]).update(sequence=sequence, stamped_at=stamped_at)
    return _text(row | {"sequence": sequence, "stamped_at": stamped_at}, n_sessions)


def _is_listed(row: Row) -> bool:
    """Whether it takes place for everybody to see: only so a session comes into feeds."""
    return bool(row["training__state"] == TrainingState.PUBLISHED and is_on(row["state"], row["called_off_at"]))


def _is_live(row: Row) -> bool:
    """Listed, or held before its training was called off: that has taken place, for whom it was shown to."""
    is_shown = row["training__state"] in (TrainingState.PUBLISHED, TrainingState.CANCELLED)
    return is_shown and is_on(row["state"], row["called_off_at"])


def _is_hidden(row: Row) -> bool:
    """Whether it is by its address only, also where it is called off by now."""
    return TrainingState.UNLISTED in (row["training__state"], row["training__state_before"])


async def _scopes_of(session_ids: list[UUID]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = {}
    for session_id, scope in await SessionFeed.filter(session_id__in=session_ids).values_list("session_id", "scope"):
        found.setdefault(session_id, set()).add(scope)
    return found


async def _session_counts(training_ids: set[UUID]) -> dict[UUID, int]:
    """Meetings per training, cancelled ones too: cancelling one must not rewrite the others ("sesión 3 de 10")."""
    counts: dict[UUID, int] = {}
    for (training_id,) in await TrainingSession.filter(training_id__in=training_ids).values_list("training_id"):
        counts[training_id] = counts.get(training_id, 0) + 1
    return counts


def _filters_of(scopes: Mapping[UUID, set[str]], joined: Iterable[SessionFeed]) -> set[str]:
    """Counters of what filters let through, of these feeds."""
    return {filters_key(scope) for scope in {one.scope for one in joined}.union(*scopes.values())}


def _scopes_for(row: Row, hub: Hub) -> set[str]:
    codes = [row["venue__municipality_id"]] if row["venue_id"] else []
    places = feed_keys(hub, *codes)
    return places | {f"tema:{row['training__course__topic__slug']}"}


def _text(row: Row, n_sessions: int) -> str:
    with speaking(SOURCE_LANGUAGE):
        return event_text(_facts(row, n_sessions))


def _facts(row: Row, n_sessions: int) -> EventFacts:
    """The row in the words of the public: a protected place is its municipality only."""
    is_protected = row["training__place_shown"] == PlaceShown.AFTER_CONFIRMATION
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
