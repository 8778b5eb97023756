"""`/panel/telefonos`: prepare, rename, take out of use, load a phone's copy."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import ATTENDANCE_TAKERS, EDITORS
from trainings.attendance.device_access import PREPARE, read_cookie, write_cookie
from trainings.attendance.phones import devices, shell
from trainings.attendance.phones.backups import Loaded, load_copy
from trainings.attendance.phones.devices import CodeUsed, NothingToMark, NotYourPhone
from trainings.attendance.phones.forms import AnotherPhoneForm, RenameForm, ThisPhoneForm
from trainings.attendance.phones.gaps import gaps_of_phones
from trainings.attendance.phones.phone_list import Phone, name_for_another, phone_seen_by, phones_seen_by
from trainings.attendance.phones.sessions import Offer, offer_to
from trainings.errors import Refusal
from trainings.lib import qr, tokens
from trainings.schedule.queries import UnknownSession
from trainings.web.allow import allow
from trainings.web.files import PhoneCopyTooLarge, read_upload
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext, language, ngettext
from trainings.web.render import absolute, redirect, render, token_page_headers

LIST = "/panel/telefonos"
ANOTHER = f"{LIST}/otro"
ONE = LIST + "/{id:uuid}"


@allow(*ATTENDANCE_TAKERS)
async def index(request: Request) -> Response:
    actor = request.state.actor
    phones = await phones_seen_by(actor)
    has_hubs = len({phone.hub for phone in phones}) > 1
    context = {
        "phones": phones,
        "has_hubs": has_hubs,
        "can_load": actor.has_any(EDITORS),
        "gaps": await gaps_of_phones([one.device.id for one in phones]),
    }
    return render(request, "attendance/phones/index.html", context)


# -- the phone in the hand


@allow(*ATTENDANCE_TAKERS)
async def ask_this(request: Request) -> Response:
    offer = await _offer(request, request.query_params.get("sesion", ""))
    return await _this_page(request, offer, Typed())


@allow(*ATTENDANCE_TAKERS)
async def prepare_this(request: Request) -> Response:
    """303 to the scan app, which this phone may now open without sign-in."""
    typed, actor = await read_form(request), request.state.actor
    offer = await _offer(request, typed.value("sesion"))
    try:
        form = check(ThisPhoneForm, typed)
        name = form.name or await _usual_name(request)
        prepared = await devices.prepare_this(
            offer.load(), name=name, token=read_cookie(request), key=form.key, actor=actor
        )
    except (FormErrors, NothingToMark) as error:
        return await _this_page(request, offer, *as_refused(typed, error))
    response = redirect(shell.path_for(language()) + shell.PREPARED)
    write_cookie(response, prepared.token, https=request.app.state.settings.is_https)
    return response


async def _offer(request: Request, session_key: str) -> Offer:
    if not session_key:
        return await offer_to(request.state.actor)
    try:
        return await offer_to(request.state.actor, UUID(session_key))
    except ValueError as exc:
        raise UnknownSession from exc


async def _usual_name(request: Request) -> str:
    actor = request.state.actor
    phone = await devices.phone_in_hand(read_cookie(request), actor)
    return phone.name if phone is not None else await name_for_another(actor)


async def _this_page(request: Request, offer: Offer, form: Typed, status: int = 200) -> Response:
    context = {
        "offer": offer,
        "form": form,
        "session": form.value("sesion") or request.query_params.get("sesion", ""),
        "name": await _usual_name(request),
        "key": form.value("key") or str(tokens.uuid7()),
    }
    return render(request, "attendance/phones/this.html", context, status=status)


# -- somebody else's, by a code


@allow(*ATTENDANCE_TAKERS)
async def ask_another(request: Request) -> Response:
    offer = await _offer(request, request.query_params.get("sesion", ""))
    return await _another_page(request, offer, None)


@allow(*ATTENDANCE_TAKERS)
async def invite(request: Request) -> Response:
    """The code is shown only in this answer, so there is no page to redirect to."""
    typed = await read_form(request)
    offer = await _offer(request, typed.value("sesion"))
    try:
        form = check(AnotherPhoneForm, typed)
        load = offer.load(set(form.para))
        device, code = await devices.invite(load, name=form.name, key=form.key, actor=request.state.actor)
    except CodeUsed:
        return _back(gettext(N_("Listo. El otro teléfono ya usó su código.")))
    except (FormErrors, Refusal) as error:
        return await _another_page(request, offer, *as_refused(typed, error))
    address = absolute(f"{shell.ENROL_PATH}#{code}")
    context = {"device": device, "code": code, "qr": qr.svg_path(address, "M"), "host": absolute(shell.ENROL_PATH)}
    return render(request, "attendance/phones/code.html", context, headers=token_page_headers())


async def _another_page(request: Request, offer: Offer, form: Typed | None, status: int = 200) -> Response:
    context: dict[str, Any] = {
        "offer": offer,
        "form": form,
        "session": (form.value("sesion") if form else "") or request.query_params.get("sesion", ""),
        "chosen": _likely(offer),
        "name": await name_for_another(request.state.actor, helper=True),
        "key": (form.value("key") if form else "") or str(tokens.uuid7()),
    }
    return render(request, "attendance/phones/another.html", context, status=status)


def _likely(offer: Offer) -> set[UUID]:
    if offer.at_hand is not None:
        return {one.id for one in offer.sessions if one.training_id == offer.at_hand}
    starts = {one.id: one.starts_at for one in offer.sessions} | {one.id: one.starts_at for one in offer.activities}
    days = {key: clock.local(moment).date() for key, moment in starts.items()}
    return {key for key, day in days.items() if day == min(days.values())}


# -- one phone


async def _phone(request: Request) -> Phone:
    return await phone_seen_by(request.path_params["id"], request.state.actor)


@allow(*ATTENDANCE_TAKERS)
async def show(request: Request) -> Response:
    return await _show(request, await _phone(request), None)


async def _show(request: Request, phone: Phone, form: Typed | None, status: int = 200) -> Response:
    return render(request, "attendance/phones/show.html", {"phone": phone, "form": form}, status=status)


@allow(*ATTENDANCE_TAKERS)
async def rename(request: Request) -> Response:
    phone = await _managed(request)
    typed = await read_form(request)
    try:
        form = check(RenameForm, typed)
        await devices.rename(phone.device.id, form.name, actor=request.state.actor)
    except FormErrors as exc:
        return await _show(request, phone, exc.typed, 422)
    return _back(gettext(N_("Listo. El teléfono tiene su nombre nuevo.")))


async def _managed(request: Request) -> Phone:
    phone = await _phone(request)
    if not phone.can_manage:
        raise NotYourPhone
    return phone


@allow(*ATTENDANCE_TAKERS)
async def confirm_revoke(request: Request) -> Response:
    return render(request, "attendance/phones/revoke.html", {"phone": await _managed(request)})


@allow(*ATTENDANCE_TAKERS)
async def revoke(request: Request) -> Response:
    phone = await _managed(request)
    await devices.revoke(phone.device.id, actor=request.state.actor)
    return _back(gettext(N_("Listo. Ese teléfono ya no recibe listas. Para usarlo otra vez, prepárelo de nuevo.")))


def _back(sentence: str) -> Response:
    return redirect(LIST, sentence)


COPY = "/panel/telefonos/copia"


@allow(*EDITORS)
async def ask_copy(request: Request) -> Response:
    return _copy_page(request)


@allow(*EDITORS)
async def load_copied(request: Request) -> Response:
    typed = Typed()
    try:
        typed, content = await read_upload(request, "file", PhoneCopyTooLarge)
        loaded = await load_copy(content, actor=request.state.actor)
    except Refusal as refusal:
        return _copy_page(request, *as_refused(typed, refusal))
    return redirect(COPY, _told(loaded), "note" if loaded.n_unread or loaded.n_other else "ok")


def _copy_page(request: Request, form: Typed | None = None, status: int = 200) -> Response:
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


routes: list[BaseRoute] = [
    Route(LIST, index),
    Route(PREPARE, ask_this),
    Route(PREPARE, prepare_this, methods=["POST"]),
    Route(ANOTHER, ask_another),
    Route(ANOTHER, invite, methods=["POST"]),
    Route(ONE, show),
    Route(ONE, rename, methods=["POST"]),
    Route(f"{ONE}/retirar", confirm_revoke),
    Route(f"{ONE}/retirar", revoke, methods=["POST"]),
    Route(COPY, ask_copy),
    Route(COPY, load_copied, methods=["POST"]),
]
