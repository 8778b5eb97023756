"""`/panel/diplomas`: certificates of trainings, the printed name, marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import (
    DESK,
    HUB_STAFF,
    ISSUERS,
    can_correct_name,
    can_issue_certificates,
)
from trainings.audit.actions import record
from trainings.certificates.ceremony import handover
from trainings.certificates.ceremony.forms import NameReadForm
from trainings.certificates.designs.brand import pictures
from trainings.certificates.designs.signatories import printed
from trainings.certificates.eligibility import is_over
from trainings.certificates.forms import IssueForm
from trainings.certificates.issuing import (
    actions,
    assessment,
    bulk,
    late_data,
    mails,
    names,
    preparing,
    queries,
    views,
)
from trainings.certificates.issuing.assessment import MOST_POINTS
from trainings.certificates.issuing.views import pdf_response, person_view
from trainings.certificates.making.contents import day_of_paper, gathered, sample_sheet
from trainings.certificates.making.files import NameRemoved, file_of
from trainings.certificates.making.samples import Sample
from trainings.certificates.models import Certificate, ConfirmedHow, JobPurpose
from trainings.certificates.refusals import no_longer
from trainings.certificates.words import ISSUED_WORDS
from trainings.db import transaction
from trainings.errors import NotAllowed, Refusal
from trainings.people.consents import PermissionGone
from trainings.registrations.desk.staff_refusals import as_refused_to_staff, for_staff
from trainings.registrations.models import Registration
from trainings.registrations.signup.forms import RenameForm
from trainings.schedule.completion import minutes_planned, share_needed
from trainings.schedule.models import SessionState, Training, TrainingState
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, ListPage, Typed, as_refused, asked_page, check, read_form
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

Context = dict[str, Any]

PAGE = 90
"""People on one page, as at the door: a village's training is shown whole."""
INDEX = "/panel/diplomas"
TRAINING = "/panel/capacitaciones/{id:uuid}"
PERSON = "/panel/inscripciones/{id:uuid}/diploma"
MARKS = TRAINING + "/evaluacion"
MARKS_AT_ONCE = 100
"""A form takes some hundred answers."""
SAMPLE_SECONDS = 300
NOT_ISSUED, NOT_CONFIRMED = N_("No se emitió"), N_("No se confirmó")


class IsRevoked(Refusal):
    sentence = N_("Este documento está anulado y ya no se imprime. Si la persona necesita otro, emítalo de nuevo.")


@allow(*DESK)
async def index(request: Request) -> Response:
    page = asked_page(request.query_params)
    held, has_more = await queries.held_trainings(request.state.actor, page=page)
    context = {
        "trainings": held,
        "n_hubs": len({one.training.hub_id for one in held}),
        "page": page,
        "has_more": has_more,
        "n_due": sum(one.counts.n_due for one in held),
    }
    return render(request, "certificates/issuing/index.html", context)


# -- everybody of a training


async def _training(request: Request) -> Training:
    return await queries.training_at_desk(request.state.actor, request.path_params["id"])


@allow(*DESK)
async def show(request: Request) -> Response:
    return await _show(request, await _training(request))


async def _show(request: Request, training: Training, refusal: Refusal | None = None) -> Response:
    everybody = await queries.everybody_of(training)
    papers = [one for person, _n in everybody.alike for one in person.certificates if queries.stands(one)]
    changed = await names.changed_among(papers)
    has_ended = is_over(list(training.sessions)) or training.state is TrainingState.CANCELLED
    context: Context = {
        "training": training,
        **await _list(request, training, everybody, views.parted(everybody, is_over=has_ended, changed=changed)),
        "counts": queries.Counts.of(everybody.alike),
        "road": views.road_of(
            everybody.alike,
            is_over=has_ended,
            waiting=await preparing.alike_waiting(training.id),
            changed=changed,
            n_confirmed=await names.n_confirmed_in(training.id, ((one.id, one.name) for one in everybody.lines)),
        ),
        "n_unprintable": sum(n for person, n in everybody.alike if views.is_unprintable(person)),
        "planned": minutes_planned(training.sessions) if everybody.lines else 0,
        "is_over": has_ended,
        "may_issue": can_issue_certificates(request.state.actor, training.hub_id),
        **await _around(training),
        "refusal": _shown(refusal),
    }
    return render(request, "certificates/issuing/training.html", context, status=refusal.status if refusal else 200)


async def _around(training: Training) -> Context:
    """What else is to know and to do about the papers."""
    n_files, n_papers = await bulk.n_files(training.id)
    return {
        "n_files_missing": n_papers - n_files,
        "job": await queries.job_to_show(training.id),
        "late": late_data.late_of(changes) if (changes := await late_data.changes_of(training.id)) else None,
        "asked": [one for one in await actions.requests_of(training.id) if one.request.decided_at is None],
        "told": await mails.waiting(training.id),
        "share": share_needed(training),
        "pass_mark": training.pass_mark,
        "signing": await _signing(training),
        "proof": await _proof(training),
        "to_close": preparing.to_close(training),
        "to_confirm": await preparing.end_to_confirm(training),
    }


async def _list(request: Request, training: Training, everybody: queries.Everybody, parts: views.Parts) -> Context:
    """A page of the people asked for; after the last one, the last."""
    asked = views.Asked.of(request.query_params)
    found = views.fitting(everybody, asked, parts)
    number = asked.number if asked.person is None else views.place_of(asked.person, found) // PAGE + 1
    asked = replace(asked, number=min(number, max(1, -(-len(found) // PAGE))), person=None)
    start = PAGE * (asked.number - 1)
    people = await queries.people_among(training, [one.id for one in found[start : start + PAGE]])
    confirmed = await names.confirmed([person.registration for person in people])
    page = ListPage([views.person_view(one, confirmed.get(one.registration.id)) for one in people], start, len(found))
    return {
        "page": page,
        "n_people": len(everybody.lines),
        "is_long": len(everybody.lines) > PAGE,
        "choices": views.choices(training.id, asked, everybody, parts),
        "part": asked.part,
        "q": asked.query,
        "here_at": asked.text,
        "before": asked.at(asked.number - 1, training.id) if asked.number > 1 else "",
        "after": asked.at(asked.number + 1, training.id) if page.end < page.total else "",
    }


async def _signing(training: Training) -> list[tuple[str, str]]:
    day = day_of_paper(list(training.sessions))
    return await printed(training.hub.operator.signatories, day, training_id=training.id)


async def _proof(training: Training) -> str:
    sheets = await handover.sheets_of_training(training.id)
    if sheets:
        return f"/panel/sesiones/{sheets[0].session_id}/hojas/{sheets[0].code}/nombres"
    planned = sorted(
        (one for one in training.sessions if one.state is SessionState.PLANNED), key=lambda one: one.ends_at
    )
    coming = next((one for one in planned if one.ends_at > clock.now()), planned[-1] if planned else None)
    return f"/panel/sesiones/{coming.id}/hojas" if coming is not None else ""


def _shown(refusal: Refusal | None) -> dict[str, str] | None:
    return {"code": refusal.code, "text": sentence_of(refusal)} if refusal is not None else None


@allow(*ISSUERS)
async def issue_all(request: Request) -> Response:
    return await _start(request, JobPurpose.ISSUE)


@allow(*ISSUERS)
async def issue_notes(request: Request) -> Response:
    return await _start(request, JobPurpose.NOTES)


async def _start(request: Request, purpose: JobPurpose) -> Response:
    training = await queries.training_to_issue(request.state.actor, request.path_params["id"])
    try:
        job = await bulk.start(training.id, purpose, actor=request.state.actor)
    except Refusal as refusal:
        return await _show(request, training, refusal)
    return redirect(f"/panel/capacitaciones/{training.id}/diplomas/trabajo/{job.id}")


@allow(*DESK)
async def sample(request: Request) -> Response:
    """With this training's words and no name; the back with `?lado=atras`."""
    training = await _training(request)
    sheet = sample_sheet(await gathered(training, list(training.sessions), day_of_paper(list(training.sessions))))
    page = 2 if request.query_params.get("lado") == "atras" else 1
    picture = await Sample(sheet, await pictures(sheet.pictures), page).png()
    return Response(picture, media_type="image/png", headers={"cache-control": f"private, max-age={SAMPLE_SECONDS}"})


# -- one person


@allow(*DESK)
async def show_person(request: Request) -> Response:
    """Shows the full name: opening it is logged."""
    training, person = await queries.person_at_desk(request.state.actor, request.path_params["id"])
    async with transaction():
        await record(
            "certificates.open_person",
            actor=request.state.actor,
            object_id=person.registration.id,
            hub_id=training.hub_id,
        )
    return await _show_person(request, training, person)


async def _show_person(
    request: Request,
    training: Training,
    person: queries.Person,
    *,
    name_form: Typed | None = None,
    refusal: Refusal | None = None,
    title: str = NOT_ISSUED,
    status: int = 200,
) -> Response:
    participant = person.registration.participant
    typed = {"given_names": participant.given_names, "surnames": participant.surnames}
    confirmed = await names.confirmed([person.registration])
    asked = views.Asked.around(person.registration.id, request.query_params)
    context = {
        "training": training,
        "back": asked.row(person.registration.id, training.id),
        "here_at": asked.passed_on,
        "person": person_view(person, confirmed.get(person.registration.id)),
        "pass_mark": training.pass_mark,
        "share": share_needed(training),
        "is_over": is_over(list(training.sessions)),
        "may_issue": can_issue_certificates(request.state.actor, training.hub_id),
        "name_form": name_form or Typed.of(typed),
        "refusal": _shown(refusal),
        "refusal_title": gettext(title),
    }
    return render(request, "certificates/issuing/person.html", context, status=status)


@allow(*ISSUERS)
async def issue(request: Request) -> Response:
    training, person = await queries.person_at_desk(request.state.actor, request.path_params["id"])
    if not can_issue_certificates(request.state.actor, training.hub_id):
        raise queries.MayNotIssue
    form = check(IssueForm, await read_form(request))
    try:
        certificate = await actions.issue(person.registration.id, form.kind, actor=request.state.actor)
    except Refusal as refusal:
        return await _show_person(request, training, person, refusal=refusal, status=refusal.status)
    return redirect(
        views.Asked.around(person.registration.id, request.query_params).after(person.registration.id, training.id),
        gettext(ISSUED_WORDS[certificate.kind]) % {"folio": certificate.folio},
    )


async def _to_be_named(request: Request) -> tuple[Training, queries.Person]:
    training, person = await queries.person_at_desk(request.state.actor, request.path_params["id"])
    if not can_correct_name(request.state.actor, training.hub_id):
        raise NotAllowed
    return training, person


@allow(*DESK)
async def rename(request: Request) -> Response:
    training, person = await _to_be_named(request)
    typed, key = await read_form(request), person.registration.id
    try:
        form = check(RenameForm, typed)
        n = await names.correct(key, form.given_names, form.surnames, ConfirmedHow.DESK, actor=request.state.actor)
    except (FormErrors, names.LetterNotPrintable, PermissionGone) as error:
        again, status = as_refused_to_staff(typed, error)
        return await _show_person(request, training, person, name_form=again, status=status)
    return _named(request, key, gettext(N_("Listo. Así se escribirá el nombre.")), n)


@allow(*DESK)
async def confirm_name(request: Request) -> Response:
    training, person = await _to_be_named(request)
    form, key = check(NameReadForm, await read_form(request)), person.registration.id
    try:
        n = await names.confirm(key, ConfirmedHow.DESK, actor=request.state.actor, name=form.name)
    except (names.NameChanged, names.LetterNotPrintable, PermissionGone) as refusal:
        person_now, no = (await queries.person_at_desk(request.state.actor, key))[1], for_staff(refusal)
        return await _show_person(request, training, person_now, refusal=no, title=NOT_CONFIRMED, status=no.status)
    return _named(request, key, gettext(N_("Listo. El nombre queda confirmado.")), n)


def _named(request: Request, key: UUID, sentence: str, n_anew: int) -> Response:
    response = redirect(f"/panel/inscripciones/{key}/diploma{views.Asked.around(key, request.query_params).passed_on}")
    if n_anew:
        changed = N_("Su diploma cambió, con el mismo folio: si ya estaba impreso, imprímalo de nuevo.")
        sentence = f"{sentence} {gettext(changed)}"
    flash(response, sentence)
    return response


# -- one certificate


async def _certificate(request: Request) -> Certificate:
    return await queries.certificate_at_desk(request.state.actor, request.path_params["id"])


@allow(*DESK)
async def file(request: Request) -> Response:
    """Opening it is logged."""
    certificate = await _certificate(request)
    if not queries.stands(certificate):
        return no_longer(request, certificate, IsRevoked())
    try:
        kept = await file_of(certificate)
    except NameRemoved as refusal:
        return no_longer(request, certificate, refusal)
    async with transaction():
        await record(
            "certificates.open", actor=request.state.actor, object_id=certificate.id, hub_id=certificate.hub_id
        )
    return pdf_response(certificate, kept)


# -- marks of a course with a test


async def _training_to_mark(request: Request) -> Training:
    return await assessment.training_to_mark(request.path_params["id"], request.state.actor)


@allow(*HUB_STAFF)
async def show_marks(request: Request) -> Response:
    """Shows full names: opening it is logged."""
    training = await _training_to_mark(request)
    await record("certificates.open_marks", actor=request.state.actor, object_id=training.id, hub_id=training.hub_id)
    return await _show_marks(request, training, None)


async def _show_marks(request: Request, training: Training, form: Typed | None, status: int = 200) -> Response:
    everybody = await assessment.examined(training.id)
    page = asked_page(request.query_params)
    least = training.pass_mark or 0
    context = {
        "training": training,
        "people": everybody[(page - 1) * MARKS_AT_ONCE : page * MARKS_AT_ONCE],
        "n_people": len(everybody),
        "n_marked": sum(one.mark is not None for one in everybody),
        "n_passed": sum(one.mark is not None and one.mark >= least for one in everybody),
        "least": least,
        "most": MOST_POINTS,
        "form": form,
        "page": page,
        "has_more": len(everybody) > page * MARKS_AT_ONCE,
        "may_open_diplomas": request.state.actor.has_at(training.hub_id, HUB_STAFF[1:]),
    }
    return render(request, "certificates/issuing/assessment.html", context, status=status)


@allow(*HUB_STAFF)
async def keep_marks(request: Request) -> Response:
    training = await _training_to_mark(request)
    typed = await read_form(request)
    marks = _marks(typed, await assessment.examined(training.id))
    if typed.errors:
        return await _show_marks(request, training, typed, 422)
    try:
        n = await assessment.enter_marks(training.id, marks, actor=request.state.actor)
    except Refusal as refusal:
        return await _show_marks(request, training, *as_refused(typed, refusal))
    sentence = ngettext("Listo. Se guardó %(n)s nota.", "Listo. Se guardaron %(n)s notas.", n) % {"n": n}
    return redirect(
        request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        sentence if n else gettext(N_("No cambió ninguna nota.")),
        "ok" if n else "note",
    )


def _marks(typed: Typed, people: Sequence[Registration]) -> dict[UUID, int | None]:
    """Other values than whole numbers from 0 to 100 become errors at their field."""
    marks: dict[UUID, int | None] = {}
    for one in people:
        name = f"nota-{one.id}"
        if name not in typed.fields:
            continue
        text = typed.value(name).strip()
        is_mark = text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= MOST_POINTS
        if text and not is_mark:
            typed.errors[name] = gettext(N_("Escriba un número entero de 0 a %(most)s.")) % {"most": MOST_POINTS}
        marks[one.id] = int(text) if is_mark else None
    return marks


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/{id:uuid}.pdf", file),
    Route(TRAINING + "/diplomas", show),
    Route(TRAINING + "/diplomas", issue_all, methods=["POST"]),
    Route(TRAINING + "/diplomas/constancias", issue_notes, methods=["POST"]),
    Route(TRAINING + "/diploma-muestra.png", sample),
    Route(PERSON, show_person),
    Route(PERSON, issue, methods=["POST"]),
    Route(PERSON + "/nombre", rename, methods=["POST"]),
    Route(PERSON + "/nombre/bien", confirm_name, methods=["POST"]),
    Route(MARKS, show_marks),
    Route(MARKS, keep_marks, methods=["POST"]),
]
