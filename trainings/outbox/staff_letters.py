from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainings.outbox.letters import set_letter
from trainings.outbox.mailer import Mail
from trainings.web.i18n import language

LAYOUT = ("emails/_staff.txt", "emails/_staff.html")


@dataclass(frozen=True, slots=True)
class Item:
    text: str
    href: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    items: Sequence[Item]


def staff_mail(
    to: str,
    heading: str,
    paragraphs: Sequence[str],
    sections: Sequence[Section],
    *,
    reply_to: str = "",
    is_overtaken: bool = False,
    is_optional: bool = True,
) -> Mail:
    """The heading is the subject and names no topic of a training. `is_optional`: the mail says where to switch it
    off.
    """
    shown = {"heading": heading, "paragraphs": paragraphs, "sections": sections, "is_optional": is_optional}
    letter = set_letter(LAYOUT, shown)
    return Mail(
        to=to,
        subject=letter.heading,
        text=letter.text,
        html=letter.html,
        lang=language(),
        reply_to=reply_to,
        is_overtaken=is_overtaken,
    )
