"""A desk with something to issue, and browsers of its people."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from httpx2 import AsyncClient, Response

from tests import make
from tests.cast import Cast, make_cast
from tests.certificates.held import a_diploma, make_attendee, make_held
from trainings.accounts.models import User
from trainings.certificates.models import Certificate, CertificateKind
from trainings.registrations.models import Registration
from trainings.schedule.models import Training

DIPLOMA, CONSTANCIA = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA
Freeze = Callable[[datetime], None]
Browsers = Callable[[], AsyncClient]


@dataclass(frozen=True)
class Desk:
    """A training at the cast's hub with one person who completed it, one who did not, and one certificate."""

    cast: Cast
    training: Training
    completed: Registration
    other: Registration
    certificate: Certificate

    @property
    def page(self) -> str:
        return f"/panel/capacitaciones/{self.training.id}/diplomas"


@make.kept
async def make_desk() -> Desk:
    cast = await make_cast()
    training = await make_held(4, 4, hub=cast.hub)
    certificate = await a_diploma(training, given_names="Ana", surnames="Coc Xol")
    completed = await make_attendee(training, given_names="Beto", surnames="Caal Tzib", community="Las Pozas")
    other = await make_attendee(training, given_names="Cata", sessions=list(training.sessions)[:1])
    return Desk(cast, training, completed, other, certificate)


async def signed_in(new_client: Browsers, user: User) -> AsyncClient:
    browser = new_client()
    await make.sign_in(browser, user)
    return browser


def text_of(page: Response) -> str:
    """The words of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())
