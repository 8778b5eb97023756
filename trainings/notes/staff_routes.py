"""`/panel/notas`"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import NOTE_EDITORS, can_edit_notes
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.notes import actions, queries
from trainings.notes.forms import NewNoteForm, NoteForm, ReviewForm, typed_note
from trainings.notes.models import InformationNote, NoteKind, NoteState
from trainings.notes.shown import kind_choices, last_day_of, shown, state_of
from trainings.notes.words import SPOKEN, TILES, WRITTEN
from trainings.places.models import Hub
from trainings.places.queries import HubNotYours, hubs_visible_to
from trainings.web.allow import allow
from trainings.web.files import RecordingTooLarge, read_upload
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext
from trainings.web.render import redirect, render

INDEX = "/panel/notas"
ONE = INDEX + "/{id:uuid}"
SAVED, PUBLISHED = N_("Listo: el borrador está guardado."), N_("Listo: la nota está publicada.")


@allow(*NOTE_EDITORS)
async def index(request: Request) -> Response:
    actor: Actor = request.state.actor
    notes = await queries.staff_notes(actor)
    standing = [note for note in notes if note.state is not NoteState.DELETED]
    context = {
        "soon": [(note, state_of(note)[0]) for note in queries.expiring(notes, actor.id)],
        "rows": [(note, *state_of(note)) for note in standing],
        "deleted": [(note, last_day_of(note)) for note in notes if note.state is NoteState.DELETED],
        "shows_hubs": len({note.hub_id for note in notes}) > 1,
    }
    return render(request, "notes/staff/index.html", context)


# -- writing


@allow(*NOTE_EDITORS)
async def new(request: Request) -> Response:
    hubs = await _hubs(request.state.actor)
    first = {"hub": hubs[0].id} if len(hubs) == 1 else {}
    usual = {"kind": NoteKind.INFORMATION, "lang": SOURCE_LANGUAGE, "reviewed_on": clock.today()}
    return await _form(request, Typed.of({**first, **usual}))


@allow(*NOTE_EDITORS)
async def create(request: Request) -> Response:
    typed = await read_form(request)
    actor: Actor = request.state.actor
    try:
        form = check(NewNoteForm, typed)
        if not can_edit_notes(actor, form.hub):
            raise HubNotYours
        note = await actions.create_note(form.text(), hub_id=form.hub, actor=actor, publish=form.publish)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _form(request, typed, status=status)
    return _done(note, PUBLISHED if form.publish else SAVED)


@allow(*NOTE_EDITORS)
async def edit(request: Request) -> Response:
    note = await _note(request)
    return await _form(request, typed_note(note), note)


@allow(*NOTE_EDITORS)
async def update(request: Request) -> Response:
    note, typed = await _note(request), await read_form(request)
    try:
        form = check(NoteForm, typed)
        await actions.edit_note(note.id, form.text(), actor=request.state.actor, publish=form.publish)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _form(request, typed, note, status=status)
    return _done(note, PUBLISHED if form.publish else N_("Listo: los cambios están guardados."))


async def _form(request: Request, typed: Typed, note: InformationNote | None = None, *, status: int = 200) -> Response:
    context = {
        "form": typed,
        "note": note,
        "hubs": [(hub.id, hub.name) for hub in await _hubs(request.state.actor)],
        "kinds": kind_choices(),
        "languages": [(code, gettext(name)) for code, name in WRITTEN.items()],
        "situations": [(tile.situation.value, gettext(tile.title)) for tile in TILES],
        "today": clock.today(),
        "latest": actions.latest_expiry(),
        "is_public": note is not None and note.state is NoteState.PUBLISHED,
    }
    return render(request, "notes/staff/form.html", context, status=status)


async def _hubs(actor: Actor) -> list[Hub]:
    return [hub for hub in await hubs_visible_to(actor) if can_edit_notes(actor, hub.id)]


async def _note(request: Request) -> InformationNote:
    return await queries.for_staff(request.path_params["id"], request.state.actor)


def _done(note: InformationNote, sentence: str) -> Response:
    return redirect(f"{INDEX}/{note.id}", gettext(sentence))


# -- one note: how it looks, and what can be done with it


@allow(*NOTE_EDITORS)
async def show(request: Request) -> Response:
    return _page(request, await _note(request), Typed())


def _page(request: Request, note: InformationNote, typed: Typed, *, status: int = 200) -> Response:
    words, tone = state_of(note)
    context = {
        "note": note,
        "state": words,
        "tone": tone,
        "is_valid": queries.is_valid(note),
        "moves": {state.value for state in actions.MOVES[note.state]},
        "shown": shown(queries.as_public(note)),
        "form": typed,
        "voices": [(code, gettext(name)) for code, name in SPOKEN.items()],
        "today": clock.today(),
        "latest": actions.latest_expiry(),
        "last_day": last_day_of(note),
    }
    return render(request, "notes/staff/show.html", context, status=status)


Act = Callable[[InformationNote, Typed, Actor], Awaitable[object]]


async def _obey(request: Request, act: Act, sentence: str, typed: Typed | None = None) -> Response:
    note = await _note(request)
    typed = await read_form(request) if typed is None else typed
    try:
        await act(note, typed, request.state.actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return _page(request, await _note(request), typed, status=status)
    return _done(note, sentence)


@allow(*NOTE_EDITORS)
async def publish(request: Request) -> Response:
    return await _obey(request, lambda note, _typed, actor: actions.publish_note(note.id, actor=actor), PUBLISHED)


@allow(*NOTE_EDITORS)
async def withdraw(request: Request) -> Response:
    return await _obey(
        request,
        lambda note, _typed, actor: actions.withdraw_note(note.id, actor=actor),
        N_("Listo: la nota ya no se muestra."),
    )


@allow(*NOTE_EDITORS)
async def ask_delete(request: Request) -> Response:
    note = await _note(request)
    if note.state is not NoteState.DRAFT:
        return redirect(f"{INDEX}/{note.id}")
    return render(request, "notes/staff/delete.html", {"note": note, "n_days": actions.DELETED_KEPT.days})


@allow(*NOTE_EDITORS)
async def delete(request: Request) -> Response:
    return await _obey(
        request,
        lambda note, _typed, actor: actions.delete_note(note.id, actor=actor),
        N_("Listo: el borrador está borrado. Si fue un error, aquí mismo se recupera."),
    )


@allow(*NOTE_EDITORS)
async def restore(request: Request) -> Response:
    return await _obey(
        request,
        lambda note, _typed, actor: actions.restore_note(note.id, actor=actor),
        N_("Listo: la nota está otra vez en borrador."),
    )


@allow(*NOTE_EDITORS)
async def review(request: Request) -> Response:
    def act(note: InformationNote, typed: Typed, actor: Actor) -> Awaitable[object]:
        return actions.mark_reviewed(note.id, check(ReviewForm, typed).expires_on, actor=actor)

    return await _obey(request, act, N_("Listo: la nota está revisada con fecha de hoy."))


@allow(*NOTE_EDITORS)
async def record(request: Request) -> Response:
    note = await _note(request)
    try:
        typed, content = await read_upload(request, "file", RecordingTooLarge)
    except RecordingTooLarge as refusal:
        typed, status = as_refused(Typed(), refusal)
        return _page(request, note, typed, status=status)

    def act(note: InformationNote, typed: Typed, actor: Actor) -> Awaitable[object]:
        return actions.set_recording(note.id, content, typed.value("audio_language"), actor=actor)

    return await _obey(request, act, N_("Listo: la nota se puede escuchar."), typed)


@allow(*NOTE_EDITORS)
async def unrecord(request: Request) -> Response:
    return await _obey(
        request,
        lambda note, _typed, actor: actions.remove_recording(note.id, actor=actor),
        N_("Listo: la grabación está borrada."),
    )


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/nueva", new),
    Route(INDEX + "/nueva", create, methods=["POST"]),
    Route(ONE, show),
    Route(ONE + "/editar", edit),
    Route(ONE + "/editar", update, methods=["POST"]),
    Route(ONE + "/publicar", publish, methods=["POST"]),
    Route(ONE + "/retirar", withdraw, methods=["POST"]),
    Route(ONE + "/borrar", ask_delete),
    Route(ONE + "/borrar", delete, methods=["POST"]),
    Route(ONE + "/recuperar", restore, methods=["POST"]),
    Route(ONE + "/revisar", review, methods=["POST"]),
    Route(ONE + "/audio", record, methods=["POST"]),
    Route(ONE + "/audio/quitar", unrecord, methods=["POST"]),
]
