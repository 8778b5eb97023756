from __future__ import annotations

from typing import TYPE_CHECKING

from trainings.errors import NotAllowed
from trainings.registrations.desk.staff_queries import StaffView, in_scope
from trainings.web.i18n import N_

if TYPE_CHECKING:
    from starlette.requests import Request


ONE = "/panel/inscripciones/{id:uuid}"


class OnlyTheDesk(NotAllowed):
    code = "only_the_desk"
    sentence = N_("Eso lo hace la ventanilla. Pídalo a quien coordina o atiende el escritorio.")


async def view_of(request: Request) -> StaffView:
    return await in_scope(request.path_params["id"], request.state.actor)


async def view_at_desk(request: Request) -> StaffView:
    """Refuses (OnlyTheDesk) a facilitator, who may only see the person."""
    view = await view_of(request)
    if not view.is_desk:
        raise OnlyTheDesk
    return view
