"""People with a secret calendar of their own, and its entries taken apart."""

from __future__ import annotations

import re

from tests import make
from tests.feeds.asking import line_of
from trainings.accounts.models import Role, User
from trainings.audit.actor import Actor
from trainings.feeds.facilitator import make_secret_link, secret_path
from trainings.schedule.models import TrainingSession


def acting(user: User) -> Actor:
    return Actor(id=user.id, role=Role.FACILITATOR.value)


async def a_facilitator(name: str = "Ana Coc") -> User:
    return await make.make_user(Role.FACILITATOR, await make.make_hub(), name=name)


async def path_for(user: User) -> str:
    return secret_path(await make_secret_link(actor=acting(user)))


def entries(body: str) -> dict[str, str]:
    """The VEVENTs by UID, unfolded, in their order."""
    found = re.findall(r"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", body.replace("\r\n ", ""), re.DOTALL)
    return {line_of(event, "UID").partition("@")[0]: event for event in found}


def of(session: TrainingSession) -> str:
    return f"sesion-{session.id}"
