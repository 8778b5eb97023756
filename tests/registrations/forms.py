"""The sign-up form as a browser sends it, for the tests of this folder."""

from __future__ import annotations

import re
from typing import Any

from httpx2 import AsyncClient, Response

from tests.web.pages import Page
from trainings.lib import tokens
from trainings.registrations.signup.limits import page_mark
from trainings.schedule.models import Training

ROSA = {
    "given_names": "Rosa Amalia",
    "surnames": "Coc Xol",
    "municipality": "0000",
    "actor_type": "cocode",
    "consent_data": "yes",
}
IN_2020 = "01DXF6DT00" + "0" * 16
"""A key as one was made at the beginning of that year."""
FORM_TYPE = {"content-type": "application/x-www-form-urlencoded"}


def path_of(training: Training) -> str:
    return f"/capacitaciones/{training.slug}/inscripcion"


def of_page(key: str = "") -> dict[str, str]:
    """What the page sends along unseen; it was shown some years ago, unless it is told by its key."""
    key = key or tokens.another_key(IN_2020)
    return {"idempotency_key": key, "from_page": page_mark(key)}


async def post(client: AsyncClient, training: Training, **fields: Any) -> Response:
    """Send the form as the page would, with a fresh key unless one is given."""
    answers: dict[str, Any] = of_page(str(fields.get("idempotency_key", ""))) | ROSA | fields
    return await client.post(path_of(training), data=answers)


def errors_of(page: Page) -> dict[str, str]:
    """Field → what is wrong with it, of the fields that say so themselves and are tied to their sentence."""
    wrong = [field for field in page.elements if field[1].get("aria-invalid") == "true"]
    found = {}
    for _tag, field in wrong:
        tied = (field.get("aria-describedby") or "").split()[-1]
        sentence = re.search(
            rf'id="{re.escape(tied)}">.*?<span class="hide">Error: </span>([^<]+)<', page.source, re.DOTALL
        )
        assert sentence, f"{field} names {tied}"
        found[str(field.get("name") or field.get("id") or tied.removesuffix("-e"))] = sentence[1]
    return found
