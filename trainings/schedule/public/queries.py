"""Never drafts, unlisted trainings only by their own address, no protected venue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.db import sql
from trainings.db.fields import reveal
from trainings.db.sql import Statement, as_moment, as_uuid
from trainings.errors import NotFound
from trainings.lib.text import SLUG
from trainings.lib.tokens import normalise
from trainings.places.models import OperatorKind
from trainings.schedule import towns
from trainings.schedule.changes import SHOWN_FOR, STILL_SAID
from trainings.schedule.models import (
    ChangeKind,
    CourseKind,
    DatedChange,
    PlaceShown,
    SessionState,
    Training,
    TrainingState,
)
from trainings.schedule.plans import LONGEST_SESSION
from trainings.schedule.public.posted import HubCard, Listed, Place, Posted, PublicSession, Was
from trainings.schedule.towns import Town
from trainings.web.i18n import N_

TRAINING = """
    SELECT t.id, t.slug, t.state, t.title, t.neutral_title, t.summary, t.capacity, t.taken + t.reserved AS taken,
        t.childcare_capacity, t.childcare_taken, t.has_waiting_list, t.opens_at,
        t.closes_at, t.place_shown,
        t.approval_required, t.walk_ins, t.admits_minors, t.minimum_age, t.audience, t.languages,
        t.interpreter_languages, t.offers, t.bring, t.contact_phone, t.revision, t.cancel_reason,
        t.online_url IS NOT NULL AS is_online, COALESCE(t.state_before, t.state) = 'unlisted' AS is_unlisted,
        t.kind, t.minutes, t.contents, c.summary AS course_summary, t.course_audience, t.required_courses,
        t.completion_share, t.pass_mark, topic.slug AS topic_slug,
        h.slug AS hub_slug, h.name AS hub_name, h.address AS hub_address, h.hours, h.phone,
        h.languages AS hub_languages, h.access AS hub_access, h.seat_id, o.name AS operator, o.kind AS operator_kind
    FROM training t
    JOIN course c ON c.id = t.course_id
    JOIN topic ON topic.id = c.topic_id
    JOIN hub h ON h.id = t.hub_id
    JOIN operator o ON o.id = h.operator_id
    WHERE t.slug = ? AND t.state <> 'draft' AND t.published_at IS NOT NULL
"""

TITLES = "SELECT title FROM course WHERE id IN ?list ORDER BY title"

_WAS = """
    ch.kind AS was_kind, ch.left_starts_at, ch.left_ends_at, ch.left_venue_id IS NOT NULL
        AND (s.venue_id IS NULL OR ch.left_venue_id <> s.venue_id) AS is_elsewhere,
    ch.left_venue_id IS NULL AND ch.left_online_url IS NOT NULL AS was_online,
    CASE WHEN ch.left_venue_id IS NULL AND s.venue_id IS NULL THEN ch.id END AS link_change_id,
    ch.left_online_url, CASE WHEN ch.left_online_url IS NOT NULL THEN t.online_url END AS online_url, s.training_id,
    ov.name AS old_name, ov.address AS old_address, ov.municipality_id AS old_municipality_id
"""
_CHANGED = f"""
    LEFT JOIN dated_change ch ON ch.session_id = s.id AND ch.created_at > ? AND {STILL_SAID.format(change="ch")}
    LEFT JOIN venue ov ON ov.id = ch.left_venue_id
"""
"""A session before its changes since then: a row for each, earliest first."""

SESSIONS = f"""
    SELECT s.id AS session_id, s.starts_at, s.ends_at, s.closed_at, s.state, s.called_off_at, v.name, v.address,
        v.lat, v.lon, v.access, v.municipality_id, s.venue_id IS NULL AND t.online_url IS NOT NULL AS is_online, {_WAS}
    FROM training_session s
    JOIN training t ON t.id = s.training_id
    LEFT JOIN venue v ON v.id = s.venue_id
    {_CHANGED}
    WHERE s.training_id = ?
    ORDER BY s.starts_at, s.id, ch.created_at, ch.id
"""  # noqa: S608

_LISTED = """
    SELECT t.id, t.slug, t.state AS training_state, t.title, t.capacity, t.taken + t.reserved AS taken,
        t.has_waiting_list, t.opens_at, t.closes_at, s.id AS session_id, s.starts_at, s.ends_at, s.closed_at, s.state,
        s.called_off_at,
        COALESCE(v.municipality_id, h.seat_id) AS town_code, t.place_shown, v.name,
        s.venue_id IS NULL AND t.online_url IS NOT NULL AS is_online, {was}
    FROM training_session s
    JOIN training t ON t.id = s.training_id
    JOIN hub h ON h.id = t.hub_id
    LEFT JOIN venue v ON v.id = s.venue_id
    {changed}
    WHERE t.state <> 'draft' AND t.published_at IS NOT NULL AND {which}
    ORDER BY s.starts_at, s.id, ch.created_at, ch.id
"""
LISTED = _LISTED.format(was=_WAS, changed=_CHANGED, which="t.id IN ?list")
AROUND = _LISTED.format(
    was=_WAS,
    changed=_CHANGED,
    which="""t.id IN (
        SELECT s.training_id
        FROM training_session s
        CROSS JOIN training t
        JOIN hub h ON h.id = t.hub_id
        LEFT JOIN venue v ON v.id = s.venue_id
        WHERE s.starts_at > ? AND s.ends_at > ? AND t.id = s.training_id
            AND (v.municipality_id = ? OR h.seat_id = ?) AND (
            t.state = 'published'
            OR t.state = 'cancelled' AND t.state_before = 'published'
                AND EXISTS (SELECT 1 FROM session_feed f WHERE f.session_id = s.id)
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

LISTS = """
    NULLIF(CAST(t.languages AS TEXT), '[]') AS languages,
    NULLIF(CAST(t.interpreter_languages AS TEXT), '[]') AS interpreter_languages,
    NULLIF(CAST(t.audience AS TEXT), '[]') AS audience, NULLIF(CAST(t.course_audience AS TEXT), '[]') AS course_audience
"""
"""Most lists are empty: NULL makes hundreds of rows cheaper."""
ACCESS = "CASE WHEN t.place_shown = 'public' THEN NULLIF(CAST(v.access AS TEXT), '[]') END AS access"
_COMING = """
    SELECT s.training_id, s.starts_at, COALESCE(v.municipality_id, h.seat_id) AS town_code,
        topic.slug AS topic_slug, {lists}, {access}
    FROM training_session s
    CROSS JOIN training t
    JOIN course c ON c.id = t.course_id
    JOIN topic ON topic.id = c.topic_id
    JOIN hub h ON h.id = t.hub_id
    LEFT JOIN venue v ON v.id = s.venue_id
    WHERE s.starts_at > ? AND s.state = 'planned' AND s.ends_at > ? AND s.closed_at IS NULL AND t.id = s.training_id
        AND {which}
    ORDER BY s.starts_at, s.id
"""
"""CROSS: sessions that may not be over first, for SQLite would begin with the trainings of all years."""
COMING = _COMING.format(lists=LISTS, access=ACCESS, which="t.state = 'published'")
CALLED_OFF = _COMING.format(
    lists=LISTS,
    access=ACCESS,
    which="""t.state = 'cancelled' AND t.state_before = 'published' AND t.cancelled_at > ?
        AND EXISTS (SELECT 1 FROM session_feed f WHERE f.session_id = s.id)""",
)
OFFERED = """
    SELECT DISTINCT COALESCE(v.municipality_id, h.seat_id) AS town_code, topic.slug AS topic_slug, d.languages,
        d.interpreter_languages, d.audience, d.course_audience
    FROM (
        SELECT DISTINCT s.venue_id, t.hub_id, t.course_id, CAST(t.languages AS TEXT) AS languages,
            CAST(t.interpreter_languages AS TEXT) AS interpreter_languages, CAST(t.audience AS TEXT) AS audience,
            CAST(t.course_audience AS TEXT) AS course_audience
        FROM (
            SELECT DISTINCT training_id, venue_id
            FROM training_session
            WHERE starts_at > ? AND NOT (starts_at >= ? AND starts_at < ?) AND ends_at > ? AND state = 'planned'
                AND closed_at IS NULL
        ) s
        CROSS JOIN training t
        WHERE t.id = s.training_id AND t.state = 'published'
    ) d
    JOIN course c ON c.id = d.course_id
    JOIN topic ON topic.id = c.topic_id
    JOIN hub h ON h.id = d.hub_id
    LEFT JOIN venue v ON v.id = d.venue_id
"""
"""Hundreds of trainings have few kinds: shared values are looked up once a kind."""
TOPICS = "SELECT slug, name FROM topic ORDER BY position, name"

EVENTS = """
    SELECT x.body FROM session_text x JOIN training_session s ON s.id = x.session_id
    WHERE s.training_id = ? ORDER BY s.starts_at, s.id
"""


CODE = re.compile(r"[0-9A-Z]{1,8}")
"""PostgreSQL refuses other texts with NUL or half a character."""


Key = UUID | str


class UnknownTraining(NotFound):
    sentence = N_("No encontramos esta capacitación. Busque las que vienen en su municipio.")


@dataclass(frozen=True, slots=True)
class Offered:
    town_code: str
    topic_slug: str
    languages: frozenset[str]
    audience: frozenset[str]


@dataclass(frozen=True, slots=True)
class Coming(Offered):
    training_id: str
    starts_at: datetime
    access: frozenset[str]


async def topic_names() -> dict[str, str]:
    return {row["slug"]: row["name"] for row in await sql.reads(TOPICS)}


async def event_texts(training_id: str) -> list[str]:
    """Stored VEVENTs as in feeds, by start."""
    return [row["body"] for row in await sql.reads(EVENTS, training_id)]


async def public_training(slug: str) -> Posted:
    """Raises UnknownTraining, also for drafts and trainings without sessions."""
    found = await sql.reads(TRAINING, slug) if SLUG.fullmatch(slug) else []
    sessions = _earliest(await sql.reads(SESSIONS, _week_ago(), found[0]["id"])) if found else []
    if not sessions:
        raise UnknownTraining
    required = list(map(UUID, _codes(found[0]["required_courses"])))
    titles = await sql.reads(TITLES, required) if required else []
    return _posted(found[0], sessions, tuple(one["title"] for one in titles))


async def slug_of_code(typed: str) -> str:
    """Forgives O and I. Raises UnknownTraining."""
    code = normalise(typed)
    found = await sql.reads(SLUG_OF_CODE, code) if CODE.fullmatch(code) else []
    if not found:
        raise UnknownTraining
    return str(found[0]["slug"])


async def coming_sessions(now: datetime) -> list[Coming]:
    return [_coming(row) for row in await sql.reads(COMING, now - LONGEST_SESSION, now)]


def ask_offered(now: datetime, start: datetime, end: datetime) -> Statement:
    """Filter values of listed sessions not over at `now`, without sessions from `start` until `end`, which the caller
    has read.
    """
    return Statement(OFFERED, (now - LONGEST_SESSION, start, end, now))


def offered(rows: Iterable[tuple[Any, ...]]) -> tuple[Offered, ...]:
    return tuple(Offered(town, topic, *kinds_of(*lists)) for town, topic, *lists in rows)


async def called_off_lately(now: datetime) -> list[Coming]:
    """Coming sessions that calendars showed, cancelled within a week."""
    return [_coming(row) for row in await sql.reads(CALLED_OFF, now - LONGEST_SESSION, now, now - SHOWN_FOR)]


async def trainings_around(town_code: str, since: datetime) -> list[Listed]:
    """Not over at `since`, held in this municipality or by a hub seated there, as its feed. Cancelled trainings if
    calendars ever showed them.
    """
    return _listed(await sql.reads(AROUND, _week_ago(), since - LONGEST_SESSION, since, town_code, town_code))


async def listed_trainings(ids: Sequence[str]) -> list[Listed]:
    """In the order of the ids, without drafts and unknown ids."""
    if not ids:
        return []
    found = {training.id: training for training in _listed(await sql.reads(LISTED, _week_ago(), list(ids)))}
    return [found[one] for one in ids if one in found]


async def hubs_serving(town_code: str) -> list[HubCard]:
    """Active hubs, seated there first."""
    hubs = [_hub(row) for row in await sql.reads(SERVING, town_code, are_few=True)]
    return sorted(hubs, key=lambda hub: hub.seat.code != town_code)


async def all_hubs() -> list[HubCard]:
    return [_hub(row) for row in await sql.reads(HUBS)]


def _listed(rows: Sequence[dict[str, Any]]) -> list[Listed]:
    of_training: dict[str, list[dict[str, Any]]] = {}
    for row in _earliest(rows):
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
            opens_at=moment(sessions[0]["opens_at"]),
            closes_at=moment(sessions[0]["closes_at"]),
            sessions=tuple(_listed_session(row) for row in sessions),
        )
        for one, sessions in of_training.items()
    ]


def _listed_session(row: dict[str, Any]) -> PublicSession:
    town, is_public = towns.by_code()[row["town_code"]], row["place_shown"] == PlaceShown.PUBLIC
    place = Place(town, name=row["name"] or "", is_online=bool(row["is_online"])) if is_public else Place(town)
    return _session(row, place, is_public=is_public)


_AS_READ = (
    *("slug", "title", "neutral_title", "minutes", "completion_share", "pass_mark", "topic_slug", "capacity", "taken"),
    *("childcare_capacity", "childcare_taken", "minimum_age", "bring", "revision", "cancel_reason"),
)


def _posted(row: dict[str, Any], sessions: Sequence[dict[str, Any]], prerequisites: tuple[str, ...]) -> Posted:
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
        opens_at=moment(row["opens_at"]),
        closes_at=moment(row["closes_at"]),
        is_place_public=is_place_public,
        is_online=bool(row["is_online"]),
        is_unlisted=bool(row["is_unlisted"]),
        approval_required=bool(row["approval_required"]),
        walk_ins=bool(row["walk_ins"]),
        admits_minors=bool(row["admits_minors"]),
        audience=_codes(row["audience"]) or _codes(row["course_audience"]),
        languages=_codes(row["languages"]),
        interpreter_languages=_codes(row["interpreter_languages"]),
        offers=_codes(row["offers"]),
        phone=row["contact_phone"] or hub.phone,
        hub=hub,
        sessions=tuple(
            _session(one, _place(one, hub.seat, is_public=is_place_public), is_public=is_place_public)
            for one in sessions
        ),
    )


def _week_ago() -> datetime:
    return clock.now() - SHOWN_FOR


def _earliest(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({row["session_id"]: row for row in reversed(rows)}.values())[::-1]


def _session(row: dict[str, Any], place: Place, *, is_public: bool) -> PublicSession:
    starts_at, ends_at = moment(row["starts_at"]), moment(row["ends_at"])
    assert starts_at is not None
    assert ends_at is not None
    was = _was(row, place, is_public=is_public) if row["was_kind"] else None
    closed_at, called_off_at = moment(row["closed_at"]), moment(row["called_off_at"])
    key, state = str(row["session_id"]), SessionState(row["state"])
    return PublicSession(starts_at, ends_at, state, place, closed_at, was, key, called_off_at)


def _was(row: dict[str, Any], now: Place, *, is_public: bool) -> Was:
    """An old place is as protected as the present place."""
    place = None
    if row["was_online"] and is_public:
        place = Place(now.town, is_online=True)
    elif row["is_elsewhere"]:
        town = towns.by_code()[row["old_municipality_id"]]
        place = Place(town, name=row["old_name"], address=row["old_address"]) if is_public else Place(town)
    return Was(
        ChangeKind(row["was_kind"]),
        moment(row["left_starts_at"]),
        moment(row["left_ends_at"]),
        place,
        is_public
        and is_other_link(row["link_change_id"], row["left_online_url"], row["training_id"], row["online_url"]),
    )


def is_other_link(change_id: Key | None, old_link: str | None, training_id: Key, link: str | None) -> bool:
    """The session was online and still is. Links are sealed: only opening tells."""
    if not (change_id and old_link and link):
        return False
    old = reveal(DatedChange, "left_online_url", as_uuid(change_id), old_link)
    return old != reveal(Training, "online_url", as_uuid(training_id), link)


def _place(row: dict[str, Any], seat: Town, *, is_public: bool) -> Place:
    """The only home of the rule: of a protected place only the municipality."""
    town = towns.by_code()[row["municipality_id"]] if row["municipality_id"] else seat
    if not is_public or row["name"] is None:
        return Place(town, is_online=is_public and bool(row["is_online"]))
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
    lists = (row[name] for name in ("languages", "interpreter_languages", "audience", "course_audience"))
    return Coming(
        row["town_code"],
        row["topic_slug"],
        *kinds_of(*lists),
        training_id=str(row["training_id"]),
        starts_at=as_moment(row["starts_at"]),
        access=access_of(row["access"]),
    )


@lru_cache(maxsize=1024)
def access_of(told: str | None) -> frozenset[str]:
    return frozenset(_read_codes(told)) if told else frozenset()


@lru_cache(maxsize=1024)
def kinds_of(
    spoken: str | None, interpreted: str | None, invited: str | None, by_course: str | None
) -> tuple[frozenset[str], frozenset[str]]:
    languages, interpreters, audience = (
        _read_codes(told or "[]") for told in (spoken, interpreted, invited or by_course)
    )
    return frozenset(languages + interpreters), frozenset(audience)


@lru_cache(maxsize=256)
def _read_titles(stored: str) -> tuple[str, ...]:
    return tuple(str(part["title"]) for part in json.loads(stored))


def _titles(stored: str | list[dict[str, Any]]) -> tuple[str, ...]:
    return _read_titles(stored) if isinstance(stored, str) else tuple(str(part["title"]) for part in stored)


def _codes(stored: str | list[str]) -> tuple[str, ...]:
    """PostgreSQL may give a list, SQLite gives text."""
    return _read_codes(stored) if isinstance(stored, str) else tuple(stored)


@lru_cache(maxsize=1024)
def _read_codes(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored))


def moment(told: str | datetime | None) -> datetime | None:
    return as_moment(told) if told is not None else None
