"""In Spanish; a protected place is its municipality."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from trainings import clock
from trainings.lib import dates, qr
from trainings.lib.phones import show_phone
from trainings.places.models import Venue
from trainings.schedule.changes import Difference
from trainings.schedule.models import ChangeKind, PlaceShown, Training, TrainingSession
from trainings.schedule.public.posted import Posted
from trainings.schedule.public.sentences import place_words
from trainings.schedule.words import KINDS
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking
from trainings.web.og import (
    EXTRA_BOLD,
    INK,
    MAIZE,
    PAPER,
    REGULAR,
    SOFT,
    Card,
    drawable,
    fitted,
    font_of,
    png_of,
    wrapped,
)
from trainings.web.render import absolute

SIZE = 1080
MARGIN = 64
ROOM = SIZE - 2 * MARGIN
QR_SIZE = 230
FOOT_TOP = SIZE - MARGIN - QR_SIZE
DAY_SIZE = 200
"""Height of the day's block: two lines each of title, old date and place fit around it."""
HEADS = {
    ChangeKind.MOVED: N_("Cambio de fecha"),
    ChangeKind.PLACE: N_("Cambio de lugar"),
    ChangeKind.CANCELLED: N_("Se canceló"),
    ChangeKind.REOPENED: N_("Sí se realiza"),
    ChangeKind.ADDED: N_("Nueva fecha"),
}


@dataclass(frozen=True, slots=True)
class ChangeCard:
    """Lines, empty if unused. `link`: target of its code."""

    head: str
    title: str
    before: str
    weekday: str
    day: str
    month: str
    hours: str
    place: str
    note: str
    phone: str
    link: str


def change_card(training: Training, one: Difference) -> ChangeCard:
    """Hub, seat and places are loaded. Moved, then cancelled, it shows its last day and the day that some people still
    know.
    """
    session = one.session
    is_off = one.kind is ChangeKind.CANCELLED
    starts_at, ends_at = session.starts_at, session.ends_at
    with speaking(SOURCE_LANGUAGE):
        return ChangeCard(
            head=gettext(_head(training, one)).upper(),
            title=training.title,
            before=_before(training, one),
            weekday=dates.weekday(starts_at, SOURCE_LANGUAGE),
            day=str(clock.local(starts_at).day),
            month=gettext("de %(month)s") % {"month": dates.month_name(starts_at, SOURCE_LANGUAGE)},
            hours=dates.time_range(starts_at, ends_at, SOURCE_LANGUAGE),
            place=_place(training, session),
            note=gettext(N_("No hace falta que llegue.")) if is_off else "",
            phone=gettext(N_("Ventanilla: %(phone)s")) % {"phone": show_phone(training.phone)},
            link=absolute(f"/c/{training.short_code}"),
        )


def _head(training: Training, one: Difference) -> str:
    if one.kind is ChangeKind.MOVED and not one.is_other_day:
        return N_("Cambio de hora")
    is_link = one.kind is ChangeKind.PLACE and one.is_other_link and training.place_shown is PlaceShown.PUBLIC
    return N_("Cambio de enlace") if is_link else HEADS[one.kind]


def change_text(training: Training, one: Difference) -> str:
    """The words of public pages; it asks for nothing."""
    card = change_card(training, one)
    when = f"{card.weekday} {card.day} {card.month}, {card.hours}"
    with speaking(SOURCE_LANGUAGE):
        lines = [f"{card.head}: {card.title}"]
        if card.before:
            lines.append(card.before)
        lines.append(when if card.note else gettext(N_("Ahora: %(when)s")) % {"when": when})
        lines += [line for line in (card.place, card.note, card.phone, card.link) if line]
    return "\n".join(lines).replace(dates.NBSP, " ")


def _before(training: Training, one: Difference) -> str:
    parts = []
    if one.is_moved and one.old_starts_at and one.old_ends_at:
        day = dates.day_and_time(one.old_starts_at, SOURCE_LANGUAGE)
        is_same_start = one.old_starts_at == one.session.starts_at
        hours = dates.time_range(one.old_starts_at, one.old_ends_at, SOURCE_LANGUAGE)
        parts.append(hours if is_same_start else day)
    if one.is_elsewhere:
        old = _old_place(training, one)
        if old not in ("", _place(training, one.session)):
            parts.append(old)
    return gettext(N_("Antes: %(when)s")) % {"when": ", ".join(parts)} if parts else ""


def _old_place(training: Training, one: Difference) -> str:
    return _place_of(training, one.old_venue, is_online=one.was_online) if one.old_venue or one.was_online else ""


def _place(training: Training, session: TrainingSession) -> str:
    return _place_of(training, session.venue, is_online=training.online_url is not None)


def _place_of(training: Training, venue: Venue | None, *, is_online: bool) -> str:
    is_public = training.place_shown is PlaceShown.PUBLIC
    if venue is not None:
        return place_words(venue, is_public)
    return gettext(N_("En línea")) if is_online and is_public else training.hub.seat.full_name


# -- drawing


@lru_cache(maxsize=64)
def change_png(card: ChangeCard) -> bytes:
    """Square PNG. CPU work: call it in a thread."""
    card = replace(card, title=drawable(card.title), before=drawable(card.before), place=drawable(card.place))
    picture = Image.new("RGB", (SIZE, SIZE), PAPER)
    draw = ImageDraw.Draw(picture)
    top = _draw_head(draw, card)
    top = _draw_date(draw, card, top)
    _draw_place(draw, card, top)
    _draw_foot(picture, draw, card)
    return png_of(picture)


def _draw_head(draw: ImageDraw.ImageDraw, card: ChangeCard) -> int:
    draw.rectangle((0, 0, SIZE, 148), fill=INK)
    draw.text((MARGIN, 76), card.head, MAIZE, font_of(EXTRA_BOLD, 76), anchor="lm")
    top = 184
    font = font_of(EXTRA_BOLD, 48)
    for line in _lines(card.title, font, 2):
        draw.text((MARGIN, top), line, INK, font)
        top += 58
    font = font_of(REGULAR, 36)
    for line in _lines(card.before, font, 2):
        draw.text((MARGIN, top + 12), line, SOFT, font)
        _strike(draw, line, font, top + 12)
        top += 48
    return top + 24


def _strike(draw: ImageDraw.ImageDraw, line: str, font: ImageFont.FreeTypeFont, top: int) -> None:
    start = font.getlength(line.partition(": ")[0] + ": ") if ": " in line else 0
    draw.line((MARGIN + start, top + 27, MARGIN + font.getlength(line), top + 27), SOFT, 3)


def _draw_date(draw: ImageDraw.ImageDraw, card: ChangeCard, top: int) -> int:
    draw.rectangle((MARGIN, top, MARGIN + 280, top + DAY_SIZE), fill=MAIZE)
    draw.text((MARGIN + 140, top + DAY_SIZE // 2), card.day, INK, font_of(EXTRA_BOLD, 160), anchor="mm")
    left, room = MARGIN + 280 + 40, ROOM - 320
    large, small = font_of(EXTRA_BOLD, 56), font_of(REGULAR, 42)
    draw.text((left, top), fitted(card.weekday, large, room), INK, large)
    draw.text((left, top + 68), fitted(card.month, large, room), INK, large)
    draw.text((left, top + 144), fitted(card.hours, small, room), INK, small)
    if card.note:
        draw.line((MARGIN, top + DAY_SIZE, MARGIN + 280, top), INK, 10)
    return top + DAY_SIZE + 20


def _draw_place(draw: ImageDraw.ImageDraw, card: ChangeCard, top: int) -> None:
    font = font_of(REGULAR, 42)
    for line in _lines(card.place, font, 2):
        draw.text((MARGIN, top), line, INK, font)
        top += 54
    if card.note:
        draw.text((MARGIN, top), card.note, INK, font_of(EXTRA_BOLD, 42))


def _draw_foot(picture: Image.Image, draw: ImageDraw.ImageDraw, card: ChangeCard) -> None:
    draw.line((MARGIN, FOOT_TOP - 24, SIZE - MARGIN, FOOT_TOP - 24), INK, 3)
    scale = QR_SIZE // (len(qr.matrix(card.link, "M")) + 2 * qr.QUIET_ZONE)
    code = Image.open(BytesIO(qr.png(card.link, "M", scale=scale)))
    picture.paste(code, (SIZE - MARGIN - code.width, FOOT_TOP))
    room = ROOM - QR_SIZE - 32
    bold, regular = font_of(EXTRA_BOLD, 44), font_of(REGULAR, 32)
    draw.text((MARGIN, FOOT_TOP + 24), fitted(card.phone, bold, room), INK, bold)
    words = gettext(N_("Lo que vale ahora está en:"))
    draw.text((MARGIN, FOOT_TOP + 110), fitted(words, regular, room), SOFT, regular)
    address = card.link.partition("://")[2]
    draw.text((MARGIN, FOOT_TOP + 154), fitted(address, regular, room), INK, regular)


def _lines(text: str, font: ImageFont.FreeTypeFont, most: int) -> list[str]:
    lines = wrapped(text, font, ROOM)
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], fitted(" ".join(lines[most - 1 :]), font, ROOM)]


FOOT = N_("Ventanilla Informativa Municipal sobre Migración")


def list_card(title: str) -> Card:
    """Of a page that lists trainings; `title` in Spanish."""
    with speaking(SOURCE_LANGUAGE):
        return Card(title=title, place=gettext(N_("Fechas, lugares e inscripción")), foot=gettext(FOOT))


def training_card(training: Posted) -> Card:
    session = training.next_session
    with speaking(SOURCE_LANGUAGE):
        length = dates.duration(training.minutes, SOURCE_LANGUAGE)
        return Card(
            title=training.title,
            above=f"{gettext(KINDS[training.kind])} · {length}",
            place=session.place.where,
            foot=gettext(FOOT),
            weekday=dates.weekday(session.starts_at, SOURCE_LANGUAGE),
            day=str(clock.local(session.starts_at).day),
            month=gettext("de %(month)s") % {"month": dates.month_name(session.starts_at, SOURCE_LANGUAGE)},
            clock=dates.time_of_day(session.starts_at, SOURCE_LANGUAGE),
            hours=training.minutes // 60,
        )
