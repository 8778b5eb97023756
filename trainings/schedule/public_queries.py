"""What anybody may read of the schedule, by hand-written statements: these are the pages that everybody opens.

Drafts never come out of here, unlisted trainings only by their own address, and no venue where it is protected.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tortoise.connection import get_connection

from trainings.db import sql
from trainings.errors import NotFound
from trainings.lib.tokens import normalise
from trainings.places.models import OperatorKind
from trainings.schedule.models import CourseKind, PlaceShown, SessionState, TrainingState
from trainings.schedule.posted import HubCard, Meeting, Place, Posted, Town
from trainings.web.i18n import N_


class UnknownTraining(NotFound):
    code = "unknown_training"
    sentence = N_("No encontramos esta capacitación. Busque las que vienen en su municipio.")


@dataclass(frozen=True, slots=True)
class Coming:
    """A session to come (or going on) of a listed training: what lists are chosen and counted by."""

    training_id: UUID
    starts_at: datetime
    town_code: str
    topic_slug: str
    languages: frozenset[str]
    access: frozenset[str]


TRAININGS = """
    SELECT t.id, t.slug, t.short_code, t.state, t.title, t.neutral_title, t.summary, t.capacity, t.taken,
        t.childcare_capacity, t.childcare_taken, t.has_waiting_list, t.opens_at, t.closes_at, t.place_shown,
        t.approval_required, t.walk_ins, t.admits_minors, t.minimum_age, t.audience, t.languages,
        t.interpreter_languages, t.offers, t.bring, t.contact_phone, t.revision, t.cancelled_at, t.cancel_reason,
        t.online_url IS NOT NULL AS is_online,
        c.kind, c.minutes, c.summary AS course_summary, c.contents, c.audience AS course_audience,
        c.completion_share, c.pass_mark, topic.slug AS topic_slug, topic.name AS topic,
        h.slug AS hub_slug, h.name AS hub_name, h.address AS hub_address, h.hours, h.phone,
        h.languages AS hub_languages, h.access AS hub_access, o.name AS operator, o.kind AS operator_kind,
        seat.ine_code AS seat_code, seat.name AS seat_name, seat.department AS seat_department, seat.slug AS seat_slug
    FROM training t
    JOIN course c ON c.id = t.course_id
    JOIN topic ON topic.id = c.topic_id
    JOIN hub h ON h.id = t.hub_id
    JOIN operator o ON o.id = h.operator_id
    JOIN municipality seat ON seat.ine_code = h.seat_id
    WHERE t.state <> 'draft' AND t.published_at IS NOT NULL
"""
HUB = """
    SELECT h.slug AS hub_slug, h.name AS hub_name, h.address AS hub_address, h.hours, h.phone,
        h.languages AS hub_languages, h.access AS hub_access, o.name AS operator, o.kind AS operator_kind,
        seat.ine_code AS seat_code, seat.name AS seat_name, seat.department AS seat_department, seat.slug AS seat_slug
    FROM hub h
    JOIN operator o ON o.id = h.operator_id
    JOIN municipality seat ON seat.ine_code = h.seat_id
"""
HUBS = HUB + " WHERE h.is_active ORDER BY h.name"
SERVING = (
    HUB
    + """
    JOIN hub_service served ON served.hub_id = h.id
    WHERE h.is_active AND served.municipality_id = ? ORDER BY h.name
"""
)

TOWN = """
    SELECT ine_code AS town_code, name AS town_name, department AS town_department, slug AS town_slug
    FROM municipality WHERE slug = ?
"""
BY_SLUG = TRAININGS + " AND t.slug = ?"
BY_ID = TRAININGS + " AND t.id IN ?list"

MEETINGS = """
    SELECT s.id, s.training_id, s.starts_at, s.ends_at, s.state, v.name, v.address, v.lat, v.lon, v.access,
        m.ine_code AS town_code, m.name AS town_name, m.department AS town_department, m.slug AS town_slug
    FROM training_session s
    LEFT JOIN venue v ON v.id = s.venue_id
    LEFT JOIN municipality m ON m.ine_code = v.municipality_id
    WHERE s.training_id IN ?list
    ORDER BY s.starts_at, s.id
"""

SLUG_OF_CODE = """
    SELECT slug FROM training WHERE short_code = ? AND state <> 'draft' AND published_at IS NOT NULL
"""

COMING = """
    SELECT s.training_id, s.starts_at, COALESCE(v.municipality_id, h.seat_id) AS town_code,
        topic.slug AS topic_slug, t.languages, t.interpreter_languages, t.place_shown, v.access
    FROM training_session s
    JOIN training t ON t.id = s.training_id
    JOIN course c ON c.id = t.course_id
    JOIN topic ON topic.id = c.topic_id
    JOIN hub h ON h.id = t.hub_id
    LEFT JOIN venue v ON v.id = s.venue_id
    WHERE t.state = 'published' AND s.state = 'planned' AND s.ends_at > ?
    ORDER BY s.starts_at, s.id
"""

TOPICS = "SELECT slug, name FROM topic ORDER BY position, name"

EVENTS = """
    SELECT x.body FROM session_text x JOIN training_session s ON s.id = x.session_id
    WHERE s.training_id = ? ORDER BY s.starts_at, s.id
"""

AROUND = """
    SELECT DISTINCT s.training_id
    FROM training_session s
    JOIN training t ON t.id = s.training_id
    JOIN hub h ON h.id = t.hub_id
    LEFT JOIN venue v ON v.id = s.venue_id
    WHERE s.ends_at > ? AND (v.municipality_id = ? OR h.seat_id = ?) AND (
        t.state = 'published'
        OR t.state = 'cancelled' AND EXISTS (SELECT 1 FROM session_feed f WHERE f.session_id = s.id)
    )
"""


async def topic_names() -> dict[str, str]:
    """Names of all topics by slug, in the order of the catalogue."""
    return {row["slug"]: row["name"] for row in await _rows(TOPICS)}


async def event_texts(training_id: UUID) -> list[str]:
    """The stored VEVENTs of a training, by start: those that the feeds show."""
    return [row["body"] for row in await _rows(EVENTS, training_id)]


async def public_training(slug: str) -> Posted:
    """The training at this address. Raises UnknownTraining, for drafts and for what never had a session too."""
    found = await _posted(await _rows(BY_SLUG, slug))
    if not found:
        raise UnknownTraining
    return found[0]


async def slug_of_code(typed: str) -> str:
    """The slug of the training with this short code, O and I forgiven. Raises UnknownTraining."""
    found = await _rows(SLUG_OF_CODE, normalise(typed))
    if not found:
        raise UnknownTraining
    return str(found[0]["slug"])


async def coming_sessions(now: datetime) -> list[Coming]:
    """Sessions of listed trainings that have not ended at `now`, by start."""
    return [_coming(row) for row in await _rows(COMING, now)]


async def trainings_around(town_code: str, since: datetime) -> list[Posted]:
    """Trainings held in this municipality, or by a hub that has its seat there, that were not over at `since`.

    The municipality's feed follows the same rule. Cancelled ones are among them where calendars ever showed them.
    """
    found = await _rows(AROUND, since, town_code, town_code)
    return await public_trainings(row["training_id"] for row in found)


async def public_trainings(ids: Iterable[UUID | str]) -> list[Posted]:
    """These trainings, in the order of the ids; drafts and unknown ones are left out."""
    wanted = [UUID(str(one)) for one in ids]
    if not wanted:
        return []
    found = {training.id: training for training in await _posted(await _rows(BY_ID, wanted))}
    return [found[one] for one in wanted if one in found]


async def town_at(slug: str) -> Town | None:
    """The municipality at this address, if there is one."""
    found = await _rows(TOWN, slug)
    return _town(found[0], "town") if found else None


async def hubs_serving(town_code: str) -> list[HubCard]:
    """Active hubs that serve this municipality, those that have their seat there first."""
    hubs = [_hub(row) for row in await _rows(SERVING, town_code)]
    return sorted(hubs, key=lambda hub: hub.seat.code != town_code)


async def all_hubs() -> list[HubCard]:
    """Every active hub, by name."""
    return [_hub(row) for row in await _rows(HUBS)]


async def _posted(rows: Sequence[dict[str, Any]]) -> list[Posted]:
    ids = [UUID(str(row["id"])) for row in rows]
    meetings: dict[UUID, list[dict[str, Any]]] = {one: [] for one in ids}
    for meeting in await _rows(MEETINGS, ids) if ids else []:
        meetings[UUID(str(meeting["training_id"]))].append(meeting)
    return [_training(row, meetings[one]) for one, row in zip(ids, rows, strict=True) if meetings[one]]


def _training(row: dict[str, Any], meetings: Sequence[dict[str, Any]]) -> Posted:
    hub = _hub(row)
    is_place_public = row["place_shown"] == PlaceShown.PUBLIC
    return Posted(
        id=UUID(str(row["id"])),
        slug=row["slug"],
        short_code=row["short_code"],
        state=TrainingState(row["state"]),
        title=row["title"],
        neutral_title=row["neutral_title"],
        summary=row["summary"] or row["course_summary"],
        contents=tuple(str(part["title"]) for part in _json(row["contents"])),
        kind=CourseKind(row["kind"]),
        minutes=row["minutes"],
        completion_share=row["completion_share"],
        pass_mark=row["pass_mark"],
        topic=row["topic"],
        topic_slug=row["topic_slug"],
        capacity=row["capacity"],
        taken=row["taken"],
        childcare_capacity=row["childcare_capacity"],
        childcare_taken=row["childcare_taken"],
        has_waiting_list=bool(row["has_waiting_list"]),
        opens_at=_moment(row["opens_at"]),
        closes_at=_moment(row["closes_at"]),
        is_place_public=is_place_public,
        is_online=bool(row["is_online"]),
        approval_required=bool(row["approval_required"]),
        walk_ins=bool(row["walk_ins"]),
        admits_minors=bool(row["admits_minors"]),
        minimum_age=row["minimum_age"],
        audience=tuple(_json(row["audience"]) or _json(row["course_audience"])),
        languages=tuple(_json(row["languages"])),
        interpreter_languages=tuple(_json(row["interpreter_languages"])),
        offers=tuple(_json(row["offers"])),
        bring=row["bring"],
        phone=row["contact_phone"] or hub.phone,
        revision=row["revision"],
        cancelled_at=_moment(row["cancelled_at"]),
        cancel_reason=row["cancel_reason"],
        hub=hub,
        meetings=tuple(_meeting(meeting, hub.seat, is_place_public=is_place_public) for meeting in meetings),
    )


def _meeting(row: dict[str, Any], seat: Town, *, is_place_public: bool) -> Meeting:
    starts_at, ends_at = _moment(row["starts_at"]), _moment(row["ends_at"])
    assert starts_at is not None
    assert ends_at is not None
    return Meeting(
        id=UUID(str(row["id"])),
        starts_at=starts_at,
        ends_at=ends_at,
        state=SessionState(row["state"]),
        place=_place(row, seat, is_public=is_place_public),
    )


def _place(row: dict[str, Any], seat: Town, *, is_public: bool) -> Place:
    """The one home of the rule that a protected place is told by its municipality only."""
    town = _town(row, "town") if row["town_code"] else seat
    if not is_public or row["name"] is None:
        return Place(town)
    return Place(
        town=town,
        name=row["name"],
        address=row["address"],
        lat=None if row["lat"] is None else float(row["lat"]),
        lon=None if row["lon"] is None else float(row["lon"]),
        access=tuple(_json(row["access"])),
    )


def _hub(row: dict[str, Any]) -> HubCard:
    return HubCard(
        slug=row["hub_slug"],
        name=row["hub_name"],
        address=row["hub_address"],
        hours=row["hours"],
        phone=row["phone"],
        languages=tuple(_json(row["hub_languages"])),
        access=tuple(_json(row["hub_access"])),
        seat=_town(row, "seat"),
        operator=row["operator"],
        operator_kind=OperatorKind(row["operator_kind"]),
    )


def _town(row: dict[str, Any], prefix: str) -> Town:
    return Town(*(row[f"{prefix}_{column}"] for column in ("code", "name", "department", "slug")))


def _coming(row: dict[str, Any]) -> Coming:
    starts_at = _moment(row["starts_at"])
    assert starts_at is not None
    is_place_public = row["place_shown"] == PlaceShown.PUBLIC and row["access"] is not None
    return Coming(
        training_id=UUID(str(row["training_id"])),
        starts_at=starts_at,
        town_code=row["town_code"],
        topic_slug=row["topic_slug"],
        languages=frozenset(_json(row["languages"])) | frozenset(_json(row["interpreter_languages"])),
        access=frozenset(_json(row["access"])) if is_place_public else frozenset(),
    )


async def _rows(text: str, *values: object) -> list[dict[str, Any]]:
    """Rows read beside the writers."""
    connection = get_connection("read")
    dialect = connection.capabilities.dialect
    bound = list(values) if dialect == "postgres" else [_for_sqlite(value) for value in values]
    return await connection.execute_query_dict(sql.translated(text, dialect), bound)


def _for_sqlite(value: object) -> object:
    if isinstance(value, list):
        return json.dumps([str(one) for one in value])
    return str(value) if isinstance(value, UUID) else value


def _json(stored: Any) -> list[Any]:
    found: list[Any] = json.loads(stored) if isinstance(stored, str) else stored
    return found


def _moment(stored: str | datetime | None) -> datetime | None:
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment.astimezone(UTC) if moment else None
