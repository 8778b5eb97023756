"""What anybody may read of the schedule, by hand-written statements: these are the pages that everybody opens.

Drafts never come out of here, unlisted trainings only by their own address, and no venue where it is protected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from tortoise.connection import get_connection

from trainings.db import sql
from trainings.errors import NotFound
from trainings.lib.tokens import normalise
from trainings.places.models import OperatorKind
from trainings.schedule import towns
from trainings.schedule.models import CourseKind, PlaceShown, SessionState, TrainingState
from trainings.schedule.posted import HubCard, Listed, Meeting, Place, Posted
from trainings.schedule.towns import Town
from trainings.web.i18n import N_

SLUG = re.compile(r"[a-z0-9-]{1,120}")
CODE = re.compile(r"[0-9A-Z]{1,8}")
"""What may be asked for at all: PostgreSQL refuses texts that hold NUL or half a character."""


class UnknownTraining(NotFound):
    code = "unknown_training"
    sentence = N_("No encontramos esta capacitación. Busque las que vienen en su municipio.")


@dataclass(frozen=True, slots=True)
class Coming:
    """A session to come (or going on) of a listed training: what lists are chosen and counted by."""

    training_id: str
    starts_at: datetime
    town_code: str
    topic_slug: str
    languages: frozenset[str]
    access: frozenset[str]


_LOOK_ALIKES = """
    FROM registration r
    JOIN registration_group g ON g.id = r.group_id
    WHERE r.training_id = t.id AND r.duplicate_of_id IS NOT NULL AND r.source <> 'walk_in'
        AND r.state IN ('confirmed', 'offered')
"""
SHOWN_TAKEN = f"t.taken + t.reserved + (SELECT COUNT(*) {_LOOK_ALIKES})"
_ALONE = """
    AND NOT EXISTS (
        SELECT 1 FROM registration o
        WHERE o.group_id = r.group_id AND o.state IN ('confirmed', 'offered')
            AND (o.duplicate_of_id IS NULL OR o.id < r.id)
    )
"""
SHOWN_CHILDCARE = f"t.childcare_taken + (SELECT COALESCE(SUM(g.childcare_places), 0) {_LOOK_ALIKES}{_ALONE})"
"""Look-alikes take no place, yet here they are shown as if: who types a name and a telephone would learn from a number
that stays whether that person is registered.
"""

_TRAINING = """
    SELECT t.id, t.slug, t.state, t.title, t.neutral_title, t.summary, t.capacity, {taken} AS taken,
        t.childcare_capacity, {childcare} AS childcare_taken, t.has_waiting_list, t.opens_at,
        t.closes_at, t.place_shown,
        t.approval_required, t.walk_ins, t.admits_minors, t.minimum_age, t.audience, t.languages,
        t.interpreter_languages, t.offers, t.bring, t.contact_phone, t.revision, t.cancelled_at, t.cancel_reason,
        t.online_url IS NOT NULL AS is_online,
        c.kind, c.minutes, c.summary AS course_summary, c.contents, c.audience AS course_audience,
        c.completion_share, c.pass_mark, topic.slug AS topic_slug, c.id AS course_id,
        EXISTS (SELECT 1 FROM course_prerequisite p WHERE p.course_id = c.id) AS has_prerequisites,
        h.slug AS hub_slug, h.name AS hub_name, h.address AS hub_address, h.hours, h.phone,
        h.languages AS hub_languages, h.access AS hub_access, h.seat_id, o.name AS operator, o.kind AS operator_kind
    FROM training t
    JOIN course c ON c.id = t.course_id
    JOIN topic ON topic.id = c.topic_id
    JOIN hub h ON h.id = t.hub_id
    JOIN operator o ON o.id = h.operator_id
    WHERE t.slug = ? AND t.state <> 'draft' AND t.published_at IS NOT NULL
"""
TRAINING = _TRAINING.format(taken=SHOWN_TAKEN, childcare=SHOWN_CHILDCARE)
PLACES = f"SELECT {SHOWN_TAKEN} AS taken, {SHOWN_CHILDCARE} AS childcare_taken FROM training t WHERE t.id = ?"  # noqa: S608

PREREQUISITES = """
    SELECT c.title
    FROM course_prerequisite p
    JOIN course c ON c.id = p.required_id
    WHERE p.course_id = ?
    ORDER BY c.title
"""

MEETINGS = """
    SELECT s.starts_at, s.ends_at, s.closed_at, s.state, v.name, v.address, v.lat, v.lon, v.access, v.municipality_id
    FROM training_session s
    LEFT JOIN venue v ON v.id = s.venue_id
    WHERE s.training_id = ?
    ORDER BY s.starts_at, s.id
"""

_LISTED = """
    SELECT t.id, t.slug, t.state AS training_state, t.title, t.capacity, {taken} AS taken, t.has_waiting_list,
        t.opens_at, t.closes_at, t.cancelled_at, s.starts_at, s.ends_at, s.closed_at, s.state,
        COALESCE(v.municipality_id, h.seat_id) AS town_code
    FROM training_session s
    JOIN training t ON t.id = s.training_id
    JOIN hub h ON h.id = t.hub_id
    LEFT JOIN venue v ON v.id = s.venue_id
    WHERE t.state <> 'draft' AND t.published_at IS NOT NULL AND {which}
    ORDER BY s.starts_at, s.id
"""
LISTED = _LISTED.format(taken=SHOWN_TAKEN, which="t.id IN ?list")
AROUND = _LISTED.format(
    taken=SHOWN_TAKEN,
    which="""t.id IN (
        SELECT s.training_id
        FROM training_session s
        JOIN training t ON t.id = s.training_id
        JOIN hub h ON h.id = t.hub_id
        LEFT JOIN venue v ON v.id = s.venue_id
        WHERE s.ends_at > ? AND (v.municipality_id = ? OR h.seat_id = ?) AND (
            t.state = 'published'
            OR t.state = 'cancelled' AND EXISTS (SELECT 1 FROM session_feed f WHERE f.session_id = s.id)
        )
    )""",
)

_HUBS = """
    SELECT h.slug AS hub_slug, h.name AS hub_name, h.address AS hub_address, h.hours, h.phone,
        h.languages AS hub_languages, h.access AS hub_access, h.seat_id, o.name AS operator, o.kind AS operator_kind
    FROM hub h
    JOIN operator o ON o.id = h.operator_id
    WHERE h.is_active AND {which}
    ORDER BY h.name
"""
HUBS = _HUBS.format(which="TRUE")
SERVING = _HUBS.format(which="h.id IN (SELECT hub_id FROM hub_service WHERE municipality_id = ?)")

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
    WHERE t.state = 'published' AND s.state = 'planned' AND s.ends_at > ? AND s.closed_at IS NULL
    ORDER BY s.starts_at, s.id
"""

TOPICS = "SELECT slug, name FROM topic ORDER BY position, name"

EVENTS = """
    SELECT x.body FROM session_text x JOIN training_session s ON s.id = x.session_id
    WHERE s.training_id = ? ORDER BY s.starts_at, s.id
"""


async def topic_names() -> dict[str, str]:
    """Names of all topics by slug, in the order of the catalogue."""
    return {row["slug"]: row["name"] for row in await _rows(TOPICS)}


async def event_texts(training_id: str) -> list[str]:
    """The stored VEVENTs of a training, by start: those that the feeds show."""
    return [row["body"] for row in await _rows(EVENTS, training_id)]


async def public_training(slug: str) -> Posted:
    """The training at this address. Raises UnknownTraining, for drafts and for what never had a session too."""
    found = await _rows(TRAINING, slug) if SLUG.fullmatch(slug) else []
    meetings = await _rows(MEETINGS, found[0]["id"]) if found else []
    if not meetings:
        raise UnknownTraining
    prerequisites = await _rows(PREREQUISITES, found[0]["course_id"]) if found[0]["has_prerequisites"] else []
    return _posted(found[0], meetings, tuple(one["title"] for one in prerequisites))


async def shown_taken(training_id: UUID) -> tuple[int, int]:
    """The places and childcare places of a training that anybody is shown as gone."""
    [row] = await _rows(PLACES, training_id)
    return row["taken"], row["childcare_taken"]


async def slug_of_code(typed: str) -> str:
    """The slug of the training with this short code, O and I forgiven. Raises UnknownTraining."""
    code = normalise(typed)
    found = await _rows(SLUG_OF_CODE, code) if CODE.fullmatch(code) else []
    if not found:
        raise UnknownTraining
    return str(found[0]["slug"])


async def coming_sessions(now: datetime) -> list[Coming]:
    """Sessions of listed trainings that have not ended at `now`, by start."""
    return [_coming(row) for row in await _rows(COMING, now)]


async def trainings_around(town_code: str, since: datetime) -> list[Listed]:
    """Trainings held in this municipality, or by a hub that has its seat there, that were not over at `since`.

    The municipality's feed follows the same rule. Cancelled ones are among them where calendars ever showed them.
    """
    return _listed(await _rows(AROUND, since, town_code, town_code))


async def listed_trainings(ids: Sequence[str]) -> list[Listed]:
    """These trainings, in the order of the ids; drafts and unknown ones are left out."""
    if not ids:
        return []
    found = {training.id: training for training in _listed(await _rows(LISTED, list(ids)))}
    return [found[one] for one in ids if one in found]


async def hubs_serving(town_code: str) -> list[HubCard]:
    """Active hubs that serve this municipality, those that have their seat there first."""
    hubs = [_hub(row) for row in await _rows(SERVING, town_code)]
    return sorted(hubs, key=lambda hub: hub.seat.code != town_code)


async def all_hubs() -> list[HubCard]:
    """Every active hub, by name."""
    return [_hub(row) for row in await _rows(HUBS)]


def _listed(rows: Sequence[dict[str, Any]]) -> list[Listed]:
    """One training from all the rows of its sessions."""
    of_training: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        of_training.setdefault(str(row["id"]), []).append(row)
    return [
        Listed(
            id=one,
            slug=sessions[0]["slug"],
            state=TrainingState(sessions[0]["training_state"]),
            title=sessions[0]["title"],
            capacity=sessions[0]["capacity"],
            taken=sessions[0]["taken"],
            has_waiting_list=bool(sessions[0]["has_waiting_list"]),
            opens_at=_moment(sessions[0]["opens_at"]),
            closes_at=_moment(sessions[0]["closes_at"]),
            cancelled_at=_moment(sessions[0]["cancelled_at"]),
            meetings=tuple(_meeting(row, Place(towns.by_code()[row["town_code"]])) for row in sessions),
        )
        for one, sessions in of_training.items()
    ]


_AS_READ = (
    *("slug", "title", "neutral_title", "minutes", "completion_share", "pass_mark", "topic_slug", "capacity", "taken"),
    *("childcare_capacity", "childcare_taken", "minimum_age", "bring", "revision", "cancel_reason"),
)
"""Columns of a training that need no reading."""


def _posted(row: dict[str, Any], meetings: Sequence[dict[str, Any]], prerequisites: tuple[str, ...]) -> Posted:
    hub, is_place_public = _hub(row), row["place_shown"] == PlaceShown.PUBLIC
    return Posted(
        **{name: row[name] for name in _AS_READ},
        id=str(row["id"]),
        state=TrainingState(row["state"]),
        summary=row["summary"] or row["course_summary"],
        contents=_titles(row["contents"]),
        prerequisites=prerequisites,
        kind=CourseKind(row["kind"]),
        has_waiting_list=bool(row["has_waiting_list"]),
        opens_at=_moment(row["opens_at"]),
        closes_at=_moment(row["closes_at"]),
        is_place_public=is_place_public,
        is_online=bool(row["is_online"]),
        approval_required=bool(row["approval_required"]),
        walk_ins=bool(row["walk_ins"]),
        admits_minors=bool(row["admits_minors"]),
        audience=_codes(row["audience"]) or _codes(row["course_audience"]),
        languages=_codes(row["languages"]),
        interpreter_languages=_codes(row["interpreter_languages"]),
        offers=_codes(row["offers"]),
        phone=row["contact_phone"] or hub.phone,
        cancelled_at=_moment(row["cancelled_at"]),
        hub=hub,
        meetings=tuple(_meeting(meeting, _place(meeting, hub.seat, is_public=is_place_public)) for meeting in meetings),
    )


def _meeting(row: dict[str, Any], place: Place) -> Meeting:
    starts_at, ends_at = _moment(row["starts_at"]), _moment(row["ends_at"])
    assert starts_at is not None
    assert ends_at is not None
    return Meeting(starts_at, ends_at, SessionState(row["state"]), place, _moment(row["closed_at"]))


def _place(row: dict[str, Any], seat: Town, *, is_public: bool) -> Place:
    """The one home of the rule that a protected place is told by its municipality only."""
    town = towns.by_code()[row["municipality_id"]] if row["municipality_id"] else seat
    if not is_public or row["name"] is None:
        return Place(town)
    return Place(
        town=town,
        name=row["name"],
        address=row["address"],
        lat=None if row["lat"] is None else float(row["lat"]),
        lon=None if row["lon"] is None else float(row["lon"]),
        access=_codes(row["access"]),
    )


def _hub(row: dict[str, Any]) -> HubCard:
    return HubCard(
        slug=row["hub_slug"],
        name=row["hub_name"],
        address=row["hub_address"],
        hours=row["hours"],
        phone=row["phone"],
        languages=_codes(row["hub_languages"]),
        access=_codes(row["hub_access"]),
        seat=towns.by_code()[row["seat_id"]],
        operator=row["operator"],
        operator_kind=OperatorKind(row["operator_kind"]),
    )


def _coming(row: dict[str, Any]) -> Coming:
    starts_at = _moment(row["starts_at"])
    assert starts_at is not None
    is_place_public = row["place_shown"] == PlaceShown.PUBLIC and row["access"] is not None
    return Coming(
        training_id=str(row["training_id"]),
        starts_at=starts_at,
        town_code=row["town_code"],
        topic_slug=row["topic_slug"],
        languages=frozenset(_codes(row["languages"]) + _codes(row["interpreter_languages"])),
        access=frozenset(_codes(row["access"])) if is_place_public else frozenset(),
    )


async def _rows(text: str, *values: object) -> list[dict[str, Any]]:
    """Rows read beside the writers."""
    connection = get_connection("read")
    dialect = connection.capabilities.dialect
    bound = list(values) if dialect == "postgres" else [_for_sqlite(value) for value in values]
    return await connection.execute_query_dict(sql.translated(text, dialect), bound)


def _for_sqlite(value: object) -> object:
    return json.dumps(value) if isinstance(value, list) else value


@lru_cache(maxsize=256)
def _read_titles(stored: str) -> tuple[str, ...]:
    return tuple(str(part["title"]) for part in json.loads(stored))


def _titles(stored: str | list[dict[str, Any]]) -> tuple[str, ...]:
    """What a course treats, by its parts."""
    return _read_titles(stored) if isinstance(stored, str) else tuple(str(part["title"]) for part in stored)


def _codes(stored: str | list[str]) -> tuple[str, ...]:
    """A stored list of codes: PostgreSQL may hand it over read, SQLite as text."""
    return _read_codes(stored) if isinstance(stored, str) else tuple(stored)


@lru_cache(maxsize=1024)
def _read_codes(stored: str) -> tuple[str, ...]:
    """The same few lists stand in every row."""
    return tuple(json.loads(stored))


def _moment(stored: str | datetime | None) -> datetime | None:
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment if moment is None or moment.tzinfo is UTC else moment.astimezone(UTC)
