from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image

from trainings import clock
from trainings.certificates.designs import designs, pdf
from trainings.certificates.designs.brand import pictures
from trainings.certificates.designs.texts import CertificateSheet, Picture
from trainings.certificates.making.contents import SAMPLE_NAME, gathered, sample_sheet, texts_in_common
from trainings.certificates.making.files import NotSet
from trainings.certificates.models import CertificateKind
from trainings.certificates.refusals import UnprintableText
from trainings.db import reads
from trainings.lib.typst import CannotTypeset
from trainings.places.models import Hub
from trainings.schedule.models import Course, CourseKind, Training
from trainings.schedule.plans import TERMS
from trainings.web.og import png_of

logger = logging.getLogger("trainings.certificates")

SAMPLE_TRAINER = "Nombre de quien facilita"
SAMPLE_COURSE = Course(title="Nombre de la capacitación", kind=CourseKind.TALLER, minutes=240)
NAMES = {
    "usual": SAMPLE_NAME,
    "short": "Ba",
    "long": "María de los Ángeles Guadalupe Concepción Hernández de la Cruz Xicará y Tzunún viuda de Choc",
}
"""The longest name that a design must hold on two lines has ninety letters."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One of `NAMES`; the face is 1, the back 2."""

    design: str
    language: str
    kind: CertificateKind = CertificateKind.DIPLOMA
    name: str = "usual"
    page: int = 1


@dataclass(frozen=True, slots=True)
class Sample:
    sheet: CertificateSheet
    pictures: dict[str, Picture]
    page: int

    async def png(self) -> bytes:
        """Refuses (NotSet, UnprintableText) what the design cannot set."""
        design = designs.design_for(self.sheet.design, self.sheet.kind, self.sheet.language)
        if missing := pdf.missing_in(design, *texts_in_common(self.sheet)):
            raise UnprintableText(letters=missing)
        try:
            return await asyncio.to_thread(_picture, self.sheet, self.page, self.pictures)
        except CannotTypeset as problem:
            logger.error("a sample of the design %s could not be set: %s", design.key, problem)
            raise NotSet from problem


def _picture(sheet: CertificateSheet, page: int, pictures: Mapping[str, Picture]) -> bytes:
    return png_of(Image.open(BytesIO(pdf.preview_png(sheet, page=page, pictures=pictures))).convert("RGB"))


async def example_for(hub: Hub) -> Training:
    course = await reads(Course).filter(is_active=True).order_by("title", "id").first() or SAMPLE_COURSE
    return Training(title=course.title, hub=hub, **{name: getattr(course, name) for name in TERMS})


async def sample_of(training: Training, wish: Wish) -> Sample:
    """The training comes as `gathered` says. Saves nothing."""
    tried = copy(training)
    tried.design, tried.paper_language = wish.design, wish.language
    occasion = await gathered(tried, (), clock.today(), stand_in=SAMPLE_TRAINER)
    sheet = replace(
        sample_sheet(occasion),
        kind=wish.kind.value,
        design=designs.design_for(wish.design, wish.kind.value, wish.language).key,
        person_name=NAMES[wish.name],
    )
    return Sample(sheet, await pictures(sheet.pictures), wish.page)
