from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import ATTENDANCE_TAKERS
from trainings.attendance.queries import Door, door_of
from trainings.attendance.sheets.pages import head_of
from trainings.attendance.sheets.queries import OpenSheet, UnknownSheet, open_sheet, sheet_by_code
from trainings.attendance.views import session_view
from trainings.audit.actions import record
from trainings.certificates.ceremony import name_proofs
from trainings.certificates.ceremony.forms import ProofForm
from trainings.certificates.ceremony.name_proofs import Correction, Proof
from trainings.certificates.words import CONFIRMED_WORDS
from trainings.errors import Refusal
from trainings.registrations.desk.staff_refusals import as_refused_to_staff
from trainings.registrations.signup.forms import RenameForm
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import SOURCE_LANGUAGE, gettext, ngettext, speaking
from trainings.web.render import redirect, render

PROOF = "/panel/sesiones/{id:uuid}/hojas/{code}/nombres"


async def _opened(request: Request) -> tuple[Door, OpenSheet]:
    """Raises UnknownSheet. Shows full names: that is logged."""
    door = await door_of(request.path_params["id"], request.state.actor)
    sheet = await sheet_by_code(request.path_params["code"])
    if sheet.session_id != door.session.id:
        raise UnknownSheet
    opened = await open_sheet(sheet)
    await record(
        "names.open_proof",
        actor=request.state.actor,
        object_id=door.session.id,
        hub_id=door.session.training.hub_id,
        sheet=sheet.code,
    )
    return door, opened


def _base(door: Door, opened: OpenSheet) -> str:
    return f"/panel/sesiones/{door.session.id}/hojas/{opened.sheet.code}"


@allow(*ATTENDANCE_TAKERS)
async def show(request: Request) -> Response:
    door, opened = await _opened(request)
    return await _show(request, door, opened, Typed())


async def _show(request: Request, door: Door, opened: OpenSheet, form: Typed, status: int = 200) -> Response:
    confirmed = await name_proofs.confirmed_on(opened)
    context: dict[str, Any] = {
        "session": session_view(door),
        "sheet": opened,
        "base": _base(door, opened),
        "confirmed": confirmed,
        "how": {number: gettext(CONFIRMED_WORDS[one.how]) for number, one in confirmed.items()},
        "n_named": sum(line.person_id is not None for line in opened.lines),
        "form": form,
    }
    return render(request, "certificates/ceremony/proof.html", context, status=status)


@allow(*ATTENDANCE_TAKERS)
async def printed(request: Request) -> Response:
    door, opened = await _opened(request)
    with speaking(SOURCE_LANGUAGE):
        context = {"session": session_view(door), "sheet": opened, "base": _base(door, opened)}
        return render(request, "certificates/ceremony/proof_print.html", context)


@allow(*ATTENDANCE_TAKERS)
async def file(request: Request) -> Response:
    door, opened = await _opened(request)
    data = name_proofs.proof_data(await head_of(door), opened)
    made = await asyncio.to_thread(name_proofs.PROOF.pdf, data, made_at=clock.now())
    disposition = f'inline; filename="nombres-{opened.sheet.code}.pdf"'
    headers = {"cache-control": "no-store", "content-disposition": disposition}
    return Response(made, media_type="application/pdf", headers=headers)


@allow(*ATTENDANCE_TAKERS)
async def type_in(request: Request) -> Response:
    """The first post shows each correction, the second saves."""
    door, opened = await _opened(request)
    typed = await read_form(request)
    try:
        form = check(ProofForm, typed)
        proof = name_proofs.read_proof(form.lines, opened)
    except (FormErrors, Refusal) as error:
        if isinstance(error, Refusal):
            # Row lists name a field of their own; this form has one field.
            error.field = "lines"
        return await _show(request, door, opened, *as_refused(typed, error))
    if form.step == "save":
        return await _save(request, door, opened, typed, proof)
    return _review(request, door, opened, Typed.of({"lines": form.lines, **_fields(proof.corrections)}), proof)


def _fields(corrections: Sequence[Correction]) -> dict[str, str]:
    fields = {f"given-{one.line.number}": one.given_names for one in corrections}
    return fields | {f"surnames-{one.line.number}": one.surnames for one in corrections}


def _review(request: Request, door: Door, opened: OpenSheet, form: Typed, proof: Proof, status: int = 200) -> Response:
    context = {
        "session": session_view(door),
        "sheet": opened,
        "base": _base(door, opened),
        "proof": proof,
        "form": form,
    }
    return render(request, "certificates/ceremony/proof_review.html", context, status=status)


async def _save(request: Request, door: Door, opened: OpenSheet, typed: Typed, proof: Proof) -> Response:
    try:
        corrections = _looked_at(typed, proof.corrections)
        n, n_anew = await name_proofs.keep_proof(proof.right, corrections, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        form, status = as_refused_to_staff(typed, error)
        return _review(request, door, opened, form, proof, status)
    response = redirect(_base(door, opened) + "/nombres")
    said = ngettext("Listo. %(n)s nombre está confirmado.", "Listo. %(n)s nombres están confirmados.", n) % {"n": n}
    if n_anew:
        words = ngettext(
            "%(n)s diploma cambió: imprima solo lo cambiado.",
            "%(n)s diplomas cambiaron: imprima solo lo cambiado.",
            n_anew,
        )
        said = f"{said} {words % {'n': n_anew}}"
    flash(response, said)
    return response


def _looked_at(typed: Typed, corrections: Sequence[Correction]) -> list[Correction]:
    """Raises FormErrors, each tied to its row."""
    looked_at = []
    for one in corrections:
        n = one.line.number
        row = Typed.of({"given_names": typed.value(f"given-{n}"), "surnames": typed.value(f"surnames-{n}")})
        try:
            form = check(RenameForm, row)
        except FormErrors as exc:
            names = {"given_names": f"given-{n}", "surnames": f"surnames-{n}"}
            typed.errors.update({names.get(name, name): text for name, text in exc.typed.errors.items()})
        else:
            looked_at.append(Correction(one.line, form.given_names, form.surnames))
    if typed.errors:
        raise FormErrors(typed)
    return looked_at


routes: list[BaseRoute] = [
    Route(PROOF, show),
    Route(PROOF, type_in, methods=["POST"]),
    Route(PROOF + "/imprimir", printed),
    Route(PROOF + ".pdf", file),
]
