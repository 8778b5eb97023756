from __future__ import annotations

import pytest
from tortoise.connection import get_connection

from trainings.db import sql
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines

OF_STAFF = {"operator", "hub", "municipality", "topic", "project", "venue", "course", "app_user"}
"""Tables of places, staff and the catalogue: few rows, which many others name and which are never deleted."""
REFERENCES = """
    SELECT m.name AS holder, f."from" AS field, f."table" AS held
    FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
"""
LEADING = """
    SELECT m.name AS holder, k.name AS field
    FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) k
    WHERE m.type = 'table' AND k.seqno = 0
"""


async def test_each_reference_to_what_there_is_much_of_leads_an_index(sqlite_db: Settings) -> None:
    connection = get_connection("default")
    references = await connection.execute_query_dict(REFERENCES)
    leading = {(row["holder"], row["field"]) for row in await connection.execute_query_dict(LEADING)}

    asked = {(row["holder"], row["field"]) for row in references if row["held"] not in OF_STAFF}

    assert ("attendance", "registration_id") in asked
    assert asked - leading == set()


async def test_certificates_of_a_person_are_found_without_reading_those_of_others(sqlite_db: Settings) -> None:
    [step] = await sql.rows("EXPLAIN QUERY PLAN SELECT 1 FROM certificate WHERE registration_id = ?", "x")

    assert step["detail"].startswith("SEARCH")


async def test_changes_of_sessions_of_late_and_of_a_batch_are_found_without_reading_all_others(
    sqlite_db: Settings,
) -> None:
    for condition in ("created_at > ?", "batch_id = ?"):
        [step] = await sql.rows(f"EXPLAIN QUERY PLAN SELECT 1 FROM dated_change WHERE {condition}", "x")
        assert step["detail"].startswith("SEARCH"), condition
