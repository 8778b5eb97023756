"""`/panel/sesiones/{id}/realizada`: when a session was really held."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import EDITORS
from trainings.attendance.sessions import rescheduling
from trainings.certificates.issuing.late_data import changes_of
from trainings.errors import Refusal
from trainings.schedule.models import TrainingSession
from trainings.schedule.public.sentences import place_of
from trainings.schedule.session_actions import MovedMeanwhile, when_and_where
from trainings.schedule.staff.editing import ONE_SESSION, editable_session
from trainings.schedule.staff.forms import HeldForm, at_the_day, typed_hours
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.render import redirect, render


@allow(*EDITORS)
async def show(request: Request) -> Response:
    session = await editable_session(request)
    return _form(request, session, Typed.of(typed_hours(session) | {"known_as": when_and_where(session)}))


@allow(*EDITORS)
async def correct(request: Request) -> Response:
    session = await editable_session(request)
    typed = await read_form(request)
    try:
        form = check(HeldForm, typed)
        starts_at, ends_at = clock.at(form.day, form.starts), clock.at(form.day, form.ends)
        await rescheduling.correct(
            session.id, starts_at, ends_at, actor=request.state.actor, reason=form.reason, known_as=form.known_as
        )
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        session = await editable_session(request)
        if isinstance(error, MovedMeanwhile):
            typed.fields["known_as"] = [when_and_where(session)]
        return _form(request, session, typed, status=status)
    return redirect(f"/panel/capacitaciones/{session.training_id}", await _done(session))


async def _done(session: TrainingSession) -> str:
    done = gettext(N_("Listo: quedó anotado cuándo fue. Las marcas y las horas se compararon otra vez."))
    n = len(await changes_of(session.training_id))
    if not n:
        return done
    papers = ngettext(
        "Ya hay %(n)s diploma o constancia: dice lo que se sabía antes. Revíselo en Diplomas.",
        "Ya hay %(n)s diplomas o constancias: dicen lo que se sabía antes. Revíselos en Diplomas.",
        n,
    )
    return f"{done} {papers % {'n': n}}"


def _form(request: Request, session: TrainingSession, typed: Typed, *, status: int = 200) -> Response:
    context = {
        "here": "capacitaciones",
        "session": session,
        "place": place_of(session, session.training),
        "form": at_the_day(typed),
        "today": clock.today(),
    }
    return render(request, "panel/trainings/held.html", context, status=status)


routes: list[BaseRoute] = [
    Route(ONE_SESSION + "/realizada", show),
    Route(ONE_SESSION + "/realizada", correct, methods=["POST"]),
]
