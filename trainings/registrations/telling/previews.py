from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.db import reads
from trainings.lib.dates import NBSP, day_and_time, time_range
from trainings.lib.phones import show_phone
from trainings.outbox.letters import Letter, words_of, write_letter
from trainings.outbox.placeholders import OwnWords, fill, offer_of
from trainings.people.words import NEEDS
from trainings.places.models import Hub
from trainings.registrations.telling.mails import KINDS
from trainings.registrations.telling.message_facts import MY_LINKS, Entry, ToldSession
from trainings.schedule.dated import place_told
from trainings.schedule.models import PlaceShown, SessionState, Training, TrainingSession, TrainingState
from trainings.web.i18n import gettext as _
from trainings.web.i18n import language, speaking
from trainings.web.render import absolute

WITH_PLACE = frozenset({"registration_confirmed", "registration_promoted", "session_reminder", "training_changed"})
READY, ANNULLED = "certificate_ready", "certificate_annulled"
CODE, CERTIFICATE, FOLIO = "7KQM2TRXZ", "7KQM2TRXZ4HDWB", "VIMMIG-1705-2027-000123"
SHOWN = {kind: (one.words, one.names_day) for kind, one in KINDS.items()} | {
    READY: ("emails/certificate_ready.txt", False),
    ANNULLED: ("emails/certificate_annulled.txt", False),
    MY_LINKS: ("emails/my_links.txt", False),
}
"""Kinds that an operator may word: template, and whether the subject names the day."""


@dataclass(frozen=True, slots=True)
class Sample:
    hub: Hub
    title: str
    sessions: tuple[ToldSession, ...]
    bring: str
    phone: str


@dataclass(frozen=True, slots=True)
class Preview:
    subject: str
    letter: Letter


def made_up(hub: Hub) -> Sample:
    today = clock.today()
    starts_at = clock.midnight(today + timedelta(days=(5 - today.weekday()) % 7 + 7)) + timedelta(hours=8, minutes=30)
    ends_at = starts_at + timedelta(hours=4)
    hours = time_range(starts_at, ends_at, language())
    session = ToldSession(starts_at, hours, _("Salón municipal, Barrio El Centro"), is_cancelled=False)
    return Sample(hub, _("Taller de ejemplo"), (session,), _("cuaderno y lápiz"), hub.phone)


async def next_training(operator_id: UUID) -> Training | None:
    coming = reads(TrainingSession).filter(
        training__hub__operator_id=operator_id,
        training__state=TrainingState.PUBLISHED,
        state=SessionState.PLANNED,
        starts_at__gt=clock.now(),
    )
    first = await coming.order_by("starts_at", "id").first()
    if first is None:
        return None
    around = ("hub__seat", "hub__operator", "venue__municipality", "sessions__venue__municipality")
    return await reads(Training).get(id=first.training_id).prefetch_related(*around)


def sample_of(training: Training, kind: str) -> Sample:
    ahead = sorted(
        (one for one in training.sessions if one.state is SessionState.PLANNED and one.ends_at > clock.now()),
        key=lambda one: one.starts_at,
    )
    hours = [time_range(one.starts_at, one.ends_at, language()) for one in ahead]
    sessions = tuple(
        ToldSession(one.starts_at, of_day, _place(training, one, kind), is_cancelled=False)
        for one, of_day in zip(ahead, hours, strict=True)
    )
    return Sample(training.hub, training.title_told, sessions, training.bring, training.phone)


def _place(training: Training, session: TrainingSession, kind: str) -> str:
    is_told = training.place_shown is PlaceShown.PUBLIC or kind in WITH_PLACE
    return place_told(training, session.venue, training.hub.seat, knows_place=is_told)


def preview(kind: str, sample: Sample, own: OwnWords | None, lang: str) -> Preview:
    words, names_day = SHOWN[kind]
    with speaking(lang):
        filled = fill(own, _values(sample), kind) if own is not None else None
        letter = write_letter(words, _facts(kind, sample), filled)
        day = day_and_time(_first(sample), lang).replace(NBSP, " ") if names_day else ""
    return Preview(f"{letter.heading}: {day}" if day else letter.heading, letter)


def original(kind: str, hub: Hub, lang: str) -> OwnWords:
    """The program's words as an operator would type them, without the obligatory words."""
    with speaking(lang):
        words = words_of(SHOWN[kind][0], _facts(kind, made_up(hub)))
    mark = offer_of(kind).mark
    paragraphs = [*words.free, *([mark] if mark else [])]
    return OwnWords(words.heading, "\n\n".join(paragraphs).replace(NBSP, " "))


def must_say(kind: str, sample: Sample, lang: str) -> tuple[str, ...]:
    with speaking(lang):
        return words_of(SHOWN[kind][0], _facts(kind, sample)).must


def _first(sample: Sample) -> datetime:
    return sample.sessions[0].starts_at


def _values(sample: Sample) -> dict[str, str]:
    return {
        "titulo": sample.title,
        "fecha": day_and_time(_first(sample), language()),
        "lugar": sample.sessions[0].place,
        "nombres": "Rosa",
        "personas": "1",
        "traer": sample.bring,
        "ventanilla": sample.hub.name,
        "telefono": show_phone(sample.phone),
        "municipio": sample.hub.seat.full_name,
        "municipalidad": sample.hub.operator.name,
        "documento": _("diploma"),
        "folio": FOLIO,
    }


def _facts(kind: str, sample: Sample) -> dict[str, Any]:
    has_place = kind in WITH_PLACE
    places = {session.place for session in sample.sessions}
    is_off = kind == "training_cancelled"
    sessions = [ToldSession(one.starts_at, one.hours, one.place, is_off) for one in sample.sessions]
    return {
        "title": sample.title,
        "day": _first(sample) if has_place else None,
        "sessions": sessions,
        "place": places.pop() if len(places) == 1 and not is_off else "",
        "place_comes_later": False,
        "online_url": "",
        "is_online": False,
        "bring": sample.bring if has_place else "",
        "n": 1,
        "names": "Rosa",
        "short_code": CODE if has_place else "",
        "tickets": [("Rosa", CODE)],
        "link": _("(aquí va el enlace de la persona)"),
        "link_label": _("Ver mi boleto") if has_place else _("Ver mi inscripción"),
        "hub": sample.hub,
        "phone": sample.phone,
        "has_invitation": has_place,
        "takes_out": False,
        **_more(sample),
        **_instead(kind, sample),
    }


def _instead(kind: str, sample: Sample) -> Mapping[str, Any]:
    if kind == MY_LINKS:
        return {"entries": [_entry(sample)], "hub": None}
    if kind in (READY, ANNULLED):
        label = _("Descargar") if kind == READY else _("Ver mi inscripción")
        return {"sessions": [], "place": "", "link_label": label}
    return {}


def _entry(sample: Sample) -> Entry:
    return Entry(
        title=sample.title,
        starts_at=_first(sample),
        names="Rosa",
        hub=sample.hub,
        phone=sample.phone,
        link=_("(aquí va el enlace de la persona)"),
        link_label=_("Ver mi inscripción"),
    )


def _more(sample: Sample) -> Mapping[str, Any]:
    start = _first(sample)
    return {
        "until": start - timedelta(days=2),
        "is_offered": False,
        "is_offered_first": False,
        "lacks_course": False,
        "answers": [(_(NEEDS["interpreter"]), True)],
        "reason": _("No hay quien facilite ese día."),
        "changes": [],
        "is_only_cancelled": False,
        "is_only_reopened": False,
        "days_left": 1,
        "kind": "diploma",
        "folio": FOLIO,
        "replacement": "",
        "was_valid": True,
        "check_address": absolute(f"/verificar/{CERTIFICATE}"),
    }
