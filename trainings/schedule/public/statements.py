"""SQL of the public pages, one text for both engines; `public.queries` says what is public."""

from __future__ import annotations

from trainings.schedule.held_again import STILL_SAID

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

MEETINGS = f"""
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
"""CROSS, here and above: sessions that may not be over first, for SQLite would begin with the trainings of all
years.
"""
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
