"""The pages of call lists as a test opens them: at the desk, with one person to call."""

from __future__ import annotations

from collections.abc import Callable

from httpx2 import AsyncClient, Response

from tests import make
from tests.cast import Cast
from tests.registrations.call_world import a_list, a_training
from tests.web.pages import Page
from trainings.audit.models import AuditLine
from trainings.outbox.models import CallList
from trainings.registrations.models import Registration

NewClient = Callable[[], AsyncClient]
INDEX = "/panel/llamadas"


async def at_desk(new_client: NewClient, cast: Cast, who: str = "assistant") -> AsyncClient:
    client = new_client()
    await make.sign_in(client, getattr(cast, who))
    return client


async def page_of(client: AsyncClient, path: str) -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


async def mark(client: AsyncClient, call_list: CallList, whom: Registration, **fields: str) -> Response:
    body = {"person": str(whom.id), "result": "reached", "via": "call"} | fields
    return await client.post(f"{INDEX}/{call_list.id}/marcar", data=body)


async def one_to_call(cast: Cast, **about: str) -> tuple[CallList, Registration]:
    training = await a_training(cast)
    person = await make.make_registration(training, **({"given_names": "Ana", "phone": "5555 1234"} | about))
    return await a_list(training), person


async def acts() -> list[str]:
    return [act for (act,) in await AuditLine.filter(act__startswith="calls.").order_by("id").values_list("act")]
