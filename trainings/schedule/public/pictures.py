"""A training's picture for chats. Always in Spanish: a chat fetches it once for everybody."""

from __future__ import annotations

from trainings import clock
from trainings.lib import dates
from trainings.schedule.public.posted import Posted
from trainings.schedule.words import KINDS
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking
from trainings.web.og import Card

FOOT = N_("Ventanilla Informativa Municipal sobre Migración")


def training_card(training: Posted) -> Card:
    """Date, title, place, and the hours as a band."""
    meeting = training.next_meeting
    with speaking(SOURCE_LANGUAGE):
        length = dates.duration(training.minutes, SOURCE_LANGUAGE)
        return Card(
            title=training.title,
            above=f"{gettext(KINDS[training.kind])} · {length}",
            place=meeting.place.where,
            foot=gettext(FOOT),
            weekday=dates.weekday(meeting.starts_at, SOURCE_LANGUAGE),
            day=str(clock.local(meeting.starts_at).day),
            month=gettext("de %(month)s") % {"month": dates.month_name(meeting.starts_at, SOURCE_LANGUAGE)},
            clock=dates.time_of_day(meeting.starts_at, SOURCE_LANGUAGE),
            hours=training.minutes // 60,
        )
