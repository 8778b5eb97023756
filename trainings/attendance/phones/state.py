"""What a prepared phone is told: nothing of participants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.attendance.device_access import (
    UPLOAD_DAYS,
    closes_from,
    may_read_roster,
    roster_until,
    training_ends,
    upload_until,
)
from trainings.attendance.models import Device, DeviceActivity, ScanEvent
from trainings.attendance.phones import shell
from trainings.attendance.phones.closings import closed_on_phones
from trainings.attendance.phones.gaps import numbers_lacking
from trainings.attendance.phones.roster_file import moment, rosters_of
from trainings.attendance.queries import persons_of, place_of
from trainings.db import keyring, reads
from trainings.lib.sealing import SealedBox
from trainings.notes.orientation import urgent_everywhere
from trainings.outreach.calendar_texts import whole_place
from trainings.people.consents import SPOKEN, TEXT_VERSION
from trainings.people.models import ConsentPurpose
from trainings.places.data import municipalities
from trainings.places.models import Hub
from trainings.registrations.models import TAKES_PLACE, Registration
from trainings.schedule.models import PlaceShown, TrainingSession, TrainingState
from trainings.settings import get_settings
from trainings.web.i18n import SOURCE_LANGUAGE, gettext, speaking

ISO_CODES = {SOURCE_LANGUAGE: "spa", "en": "eng"}


async def state_of(device: Device) -> dict[str, Any]:
    """A revoked phone is only told so, and deletes what it keeps."""
    sessions = await _bound(device) if device.revoked_at is None else []
    ends = await training_ends({one.training_id for one in sessions})
    now = clock.now()
    # With its time of upload over, a phone forgets what it sent of a session.
    known = [one for one in sessions if now < upload_until(one, ends.get(one.training_id))]
    readable = [one for one in known if may_read_roster(device, one, ends.get(one.training_id))]
    versions = {key: roster.version for key, roster in (await rosters_of(readable)).items()}
    expected = await _expected({one.training_id for one in known})
    closes, reported = await closes_from(device, known), await closed_on_phones({one.id for one in known})
    key_id, raw = SealedBox(keyring()).public()[0]
    return {
        "now": exact(now),
        "device": about(device) | {"last_seq": await _last_number(device), "lacks": await numbers_lacking(device)},
        "key": {"id": key_id, "raw": raw},
        "consent": {"version": TEXT_VERSION, "texts": _spoken()},
        "app": {"version": shell.version()},
        "sessions": [
            _session(one, roster_until(one, ends.get(one.training_id)), versions.get(one.id, ""), expected)
            | {"closes_from": moment(closes[one.id]) if one.id in closes else None, "closing": one.id in reported}
            | {"reopened": exact(one.reopened_at) if one.reopened_at is not None else None}
            for one in known
        ],
        "activities": await _activities(device) if device.revoked_at is None else [],
        "municipalities": _near({one.training.hub.seat.department_code for one in known}),
        "protection": await _protection(known),
    }


def about(device: Device) -> dict[str, Any]:
    return {"id": str(device.id), "name": device.name, "revoked": device.revoked_at is not None}


async def _last_number(device: Device) -> int:
    """The highest known number of this phone's marks: once emptied, it continues from there."""
    newest = (
        await reads(ScanEvent).filter(phone_id=device.id, seq__not_isnull=True).order_by("-seq").first().only("seq")
    )
    return max(device.last_seq, newest.seq or 0 if newest is not None else 0)


def exact(value: datetime) -> str:
    """To the millisecond: phones correct their clocks by it."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def sessions_with_lists(device: Device) -> list[TrainingSession]:
    sessions = await _bound(device)
    ends = await training_ends({one.training_id for one in sessions})
    return [one for one in sessions if may_read_roster(device, one, ends.get(one.training_id))]


async def _bound(device: Device) -> list[TrainingSession]:
    bound = reads(TrainingSession).filter(devices__device_id=device.id).order_by("starts_at", "id")
    return await bound.prefetch_related("training__hub__seat", "training__venue__municipality", "venue__municipality")


def _session(session: TrainingSession, until: datetime, version: str, expected: Mapping[UUID, int]) -> dict[str, Any]:
    training = session.training
    return {
        "id": str(session.id),
        "training": str(session.training_id),
        "title": training.title_told,
        "starts": moment(session.starts_at),
        "ends": moment(session.ends_at),
        "place": _place(session),
        "state": "planned" if session.is_on else "cancelled",
        "closed": session.closed_at is not None,
        "roster_until": moment(until),
        "version": version,
        "n_expected": expected.get(session.training_id, 0),
        "walk_ins": training.walk_ins,
        "admits_minors": training.admits_minors,
        "minimum_age": training.minimum_age,
        "hub_phone": training.phone,
    } | ({"practice": True} if training.state is TrainingState.PRACTICE else {})


def _place(session: TrainingSession) -> str:
    """Readable on a lost phone: of a protected training only the town, as in public."""
    if session.training.place_shown is PlaceShown.PUBLIC:
        return place_of(session)
    venue = session.venue or session.training.venue
    return (venue.municipality if venue is not None else session.training.hub.seat).full_name


async def _expected(training_ids: Collection[UUID]) -> Counter[UUID]:
    """Several registrations of a person are one."""
    found = reads(Registration).filter(training_id__in=sorted(training_ids), state__in=list(TAKES_PLACE))
    rows = await found.values_list("training_id", "participant_id", "participant__merged_into_id")
    person_of = await persons_of({key: merged_into for _training, key, merged_into in rows})
    people = {(training_id, person_of[key]) for training_id, key, _merged_into in rows}
    return Counter(training_id for training_id, _person in people)


async def _activities(device: Device) -> list[dict[str, Any]]:
    bound = reads(DeviceActivity).filter(device_id=device.id, activity__ends_at__gt=clock.now() - UPLOAD_DAYS)
    activities = [one.activity for one in await bound.prefetch_related("activity__municipality", "activity__venue")]
    return [
        {
            "id": str(one.id),
            "title": one.title,
            "starts": moment(one.starts_at),
            "ends": moment(one.ends_at),
            "place": whole_place(one),
        }
        for one in sorted(activities, key=lambda one: (one.starts_at, one.id))
    ]


def _near(department_codes: Collection[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(INE code, name) by department."""
    near: dict[str, list[tuple[str, str]]] = {}
    for one in municipalities():
        if one.department_code in department_codes:
            near.setdefault(one.department, []).append((one.ine_code, one.name))
    return list(near.items())


def _spoken() -> dict[str, str]:
    """By language (ISO 639-3)."""
    sentence = SPOKEN[TEXT_VERSION][ConsentPurpose.DATA]
    texts = {}
    for code in get_settings().language_codes:
        if code in ISO_CODES:
            with speaking(code):
                texts[ISO_CODES[code]] = gettext(sentence)
    return texts


async def _protection(sessions: Iterable[TrainingSession]) -> dict[str, Any]:
    """Contacts for a minor who travels alone; phones show them only once somebody says so."""
    hubs: dict[UUID, Hub] = {one.training.hub_id: one.training.hub for one in sessions}
    return {
        "hubs": [{"name": hub.name, "phone": hub.phone, "hours": hub.hours} for hub in hubs.values()],
        "urgent": [{"name": one.name, "number": one.number, "href": one.href} for one in await urgent_everywhere()],
    }
