"""`/panel/telefonos/copia`: a coordinator loads the file of a phone that could not send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import EDITORS
from trainings.attendance.phones.backups import Loaded, load_copy
from trainings.errors import Refusal, TooMany
from trainings.web.allow import allow
from trainings.web.files import PhoneCopyTooLarge, read_upload
from trainings.web.flash import flash
from trainings.web.forms import Typed
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.render import redirect, render

if TYPE_CHECKING:
    from starlette.requests import Request

COPY = "/panel/telefonos/copia"


@allow(*EDITORS)
async def ask(request: Request) -> Response:
    return _page(request)


@allow(*EDITORS)
async def load(request: Request) -> Response:
    typed = Typed()
    try:
        typed, content = await read_upload(request, "file", PhoneCopyTooLarge)
        loaded = await load_copy(content, actor=request.state.actor)
    except TooMany:
        raise
    except Refusal as refusal:
        return _page(request, typed.refused(refusal), refusal.status)
    response = redirect(COPY)
    flash(response, _told(loaded), "note" if loaded.n_unread or loaded.n_other else "ok")
    return response


def _page(request: Request, form: Typed | None = None, status: int = 200) -> Response:
    return render(request, "attendance/phones/copy.html", {"form": form}, status=status)


def _told(loaded: Loaded) -> str:
    parts = [
        f"{loaded.phone}:",
        ngettext("%(num)s marca nueva.", "%(num)s marcas nuevas.", loaded.n_new) % {"num": loaded.n_new},
        ngettext("%(num)s ya estaba.", "%(num)s ya estaban.", loaded.n_known) % {"num": loaded.n_known},
    ]
    if loaded.n_other:
        parts.append(
            ngettext("%(num)s con datos distintos.", "%(num)s con datos distintos.", loaded.n_other)
            % {"num": loaded.n_other}
        )
    if loaded.n_unread:
        unread = ngettext("%(num)s no se entiende.", "%(num)s no se entienden.", loaded.n_unread) % {
            "num": loaded.n_unread
        }
        parts += [unread, gettext(N_("Guarde el archivo y avise a soporte."))]
    return " ".join(parts)


routes: list[BaseRoute] = [Route(COPY, ask), Route(COPY, load, methods=["POST"])]
