from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts import actions, kept_forms, queries
from trainings.accounts.cookies import KEPT_FORM, SESSION, StaffCookies
from trainings.accounts.forms import DEFAULT_PATH, ChangePasswordForm, NewPasswordForm, SignInForm, local_path
from trainings.accounts.models import StaffSession
from trainings.accounts.permissions import STAFF
from trainings.accounts.words import ROLE_WORDS
from trainings.errors import NotFound, Refusal, TooMany
from trainings.lib import tokens
from trainings.web.address import client_address
from trainings.web.allow import HOLDER, PUBLIC, allow
from trainings.web.flash import flash
from trainings.web.forms import FORM_TYPE, FormErrors, Typed, check, read_form
from trainings.web.guards import SAFE_METHODS
from trainings.web.i18n import N_, _, ngettext
from trainings.web.problems import wants_json
from trainings.web.render import redirect, render, token_page_headers

KEPT_PAGE = "/panel/guardado"
ACCOUNT_PAGE = "/panel/cuenta"


# -- signing in


@allow(PUBLIC)
async def show_sign_in(request: Request) -> Response:
    if request.state.actor.id is not None:
        return redirect(local_path(request.query_params.get("next", "")))
    return _sign_in_page(request, Typed({"next": [request.query_params.get("next", "")]}))


@allow(PUBLIC)
async def sign_in(request: Request) -> Response:
    typed = await read_form(request)
    try:
        form = check(SignInForm, typed)
        token, session = await actions.sign_in(
            form.email,
            form.password,
            address=client_address(request),
            actor=request.state.actor,
            previous=_cookies(request).read(request, SESSION),
        )
    except FormErrors as errors:
        return _sign_in_page(request, errors.typed, status=422)
    except Refusal as refusal:
        return _sign_in_page(request, typed.refused(refusal), refusal=refusal)
    return await _let_in(request, token, session, local_path(typed.value("next")))


@allow(PUBLIC)
async def sign_out(request: Request) -> Response:
    cookies = _cookies(request)
    if token := cookies.read(request, SESSION):
        await actions.sign_out(token, actor=request.state.actor)
    if kept := cookies.read(request, KEPT_FORM):
        await kept_forms.forget(kept)
    response = redirect("/entrar")
    cookies.clear(response, SESSION)
    cookies.clear(response, KEPT_FORM)
    # "cookies" and "storage" would destroy attendance that was not yet sent from this phone.
    response.headers["clear-site-data"] = '"cache"'
    flash(response, _("Listo. Cerró su sesión."))
    return response


async def _let_in(request: Request, token: str, session: StaffSession, target: str) -> Response:
    cookies = _cookies(request)
    kept = cookies.read(request, KEPT_FORM)
    if kept and await kept_forms.opened(kept, user_id=session.user_id):
        target = KEPT_PAGE
    response = redirect(target)
    # A day longer than the session: a form typed into an ended session is kept for its owner.
    lasts = session.expires_at - clock.now() + timedelta(days=1)
    cookies.write(response, SESSION, token, seconds=int(lasts.total_seconds()))
    return response


def _sign_in_page(request: Request, typed: Typed, *, status: int = 200, refusal: Refusal | None = None) -> Response:
    context = {"form": typed, "has_kept_form": bool(_cookies(request).read(request, KEPT_FORM))}
    headers = {"cache-control": "no-store", **_waiting(refusal)}
    return render(
        request, "accounts/sign_in.html", context, status=refusal.status if refusal else status, headers=headers
    )


# -- one-time links


@allow(HOLDER)
async def show_link(request: Request) -> Response:
    link = await queries.sign_in_link(request.path_params["token"])
    return render(request, "accounts/link.html", {"form": Typed(), "user": link.user}, headers=token_page_headers())


@allow(HOLDER)
async def use_link(request: Request) -> Response:
    typed = await read_form(request)
    link = await queries.sign_in_link(request.path_params["token"])
    status = 422
    try:
        form = check(NewPasswordForm, typed)
        token, session = await actions.use_sign_in_link(
            request.path_params["token"], form.password, actor=request.state.actor
        )
    except FormErrors as errors:
        typed = errors.typed
    except NotFound:
        raise
    except Refusal as refusal:
        typed, status = typed.refused(refusal), refusal.status
    else:
        return await _let_in(request, token, session, DEFAULT_PATH)
    context = {"form": typed, "user": link.user}
    return render(request, "accounts/link.html", context, status=status, headers=token_page_headers())


# -- one's own account


@allow(*STAFF)
async def account(request: Request) -> Response:
    return await _account_page(request, Typed())


@allow(*STAFF)
async def change_password(request: Request) -> Response:
    typed = await read_form(request)
    try:
        form = check(ChangePasswordForm, typed)
        await actions.change_password(
            form.current_password,
            form.password,
            token=_cookies(request).read(request, SESSION),
            actor=request.state.actor,
        )
    except FormErrors as errors:
        return await _account_page(request, errors.typed, status=422)
    except Refusal as refusal:
        return await _account_page(request, typed.refused(refusal), refusal=refusal)
    return redirect(ACCOUNT_PAGE, _("Listo. Cambió su contraseña. Las otras sesiones se cerraron."))


@allow(*STAFF)
async def set_digest(request: Request) -> Response:
    wants = (await read_form(request)).value("digest") == "yes"
    await actions.set_digest(wants=wants, actor=request.state.actor)
    on, off = N_("Listo. Los resúmenes están pedidos."), N_("Listo. Ya no le llegan resúmenes por correo.")
    return redirect(ACCOUNT_PAGE, _(on if wants else off))


@allow(*STAFF)
async def set_slash(request: Request) -> Response:
    wants = (await read_form(request)).value("slash") == "yes"
    await actions.set_slash(wants=wants, actor=request.state.actor)
    on, off = N_("Listo. Con la tecla / el cursor va a la búsqueda."), N_("Listo. La tecla / ya no hace nada.")
    return redirect(ACCOUNT_PAGE, _(on if wants else off))


@allow(*STAFF)
async def end_session(request: Request) -> Response:
    await actions.end_session(request.path_params["session_id"], actor=request.state.actor)
    return redirect(ACCOUNT_PAGE, _("Listo. Esa sesión se cerró."))


@allow(*STAFF)
async def end_other_sessions(request: Request) -> Response:
    token = _cookies(request).read(request, SESSION)
    n_ended = await actions.end_other_sessions(token, actor=request.state.actor)
    words = ngettext("Listo. Se cerró %(n)s sesión.", "Listo. Se cerraron %(n)s sesiones.", n_ended)
    return redirect(ACCOUNT_PAGE, words % {"n": n_ended})


async def _account_page(
    request: Request, typed: Typed, *, status: int = 200, refusal: Refusal | None = None
) -> Response:
    user_id: UUID = request.state.actor.id
    context = {
        "form": typed,
        "sessions": await queries.own_sessions(user_id),
        "this_session": tokens.digest(_cookies(request).read(request, SESSION), "session"),
        "grants": await queries.own_grants(user_id),
        "wants_digest": await queries.wants_digest(user_id),
        "role_words": ROLE_WORDS,
    }
    return render(
        request,
        "accounts/account.html",
        context,
        status=refusal.status if refusal else status,
        headers=_waiting(refusal),
    )


# -- nobody is signed in


async def lead_to_sign_in(request: Request, _exc: Exception) -> Response:
    """Handler of SignInNeeded: a page is opened again after signing in, a form is kept until then."""
    if wants_json(request):
        sentence = _("Su sesión terminó. Entre otra vez.")
        return JSONResponse({"code": "sign_in_needed", "sentence": sentence}, 401, {"cache-control": "no-store"})
    asked = _asked_path(request)
    if request.method in SAFE_METHODS:
        return redirect("/entrar?" + urlencode({"next": local_path(asked)}))
    response = redirect("/entrar")
    if token := await _keep_form(request, asked):
        lasts = int(kept_forms.LIVES.total_seconds())
        _cookies(request).write(response, KEPT_FORM, token, seconds=lasts)
    return response


async def _keep_form(request: Request, asked: str) -> str | None:
    session_token = _cookies(request).read(request, SESSION)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not session_token or kind != FORM_TYPE:
        return None
    return await kept_forms.keep(asked, await request.body(), session_token=session_token)


def _asked_path(request: Request) -> str:
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope.get("query_string", b"")
    return (raw.partition(b"?")[0] + (b"?" + query if query else b"")).decode("ascii", "replace")


@allow(*STAFF)
async def show_kept_form(request: Request) -> Response:
    token = _cookies(request).read(request, KEPT_FORM)
    kept = await kept_forms.opened(token, user_id=request.state.actor.id)
    if kept is None:
        return redirect(DEFAULT_PATH)
    return render(request, "accounts/kept_form.html", {"fields": kept.fields})


@allow(*STAFF)
async def send_kept_form(request: Request) -> Response:
    """307 makes the browser post the form where it was going."""
    token = _cookies(request).read(request, KEPT_FORM)
    kept = await kept_forms.opened(token, user_id=request.state.actor.id)
    if kept is None:
        return redirect(DEFAULT_PATH)
    return await _forget_kept_form(request, RedirectResponse(kept.path, 307))


@allow(*STAFF)
async def drop_kept_form(request: Request) -> Response:
    return await _forget_kept_form(request, redirect(DEFAULT_PATH))


async def _forget_kept_form(request: Request, response: Response) -> Response:
    cookies = _cookies(request)
    await kept_forms.forget(cookies.read(request, KEPT_FORM))
    cookies.clear(response, KEPT_FORM)
    return response


def _waiting(refusal: Refusal | None) -> dict[str, str]:
    return {"retry-after": str(refusal.retry_after)} if isinstance(refusal, TooMany) else {}


def _cookies(request: Request) -> StaffCookies:
    cookies: StaffCookies = request.state.staff_cookies
    return cookies


routes: list[BaseRoute] = [
    Route("/entrar", show_sign_in),
    Route("/entrar", sign_in, methods=["POST"]),
    Route("/entrar/enlace/{token}", show_link),
    Route("/entrar/enlace/{token}", use_link, methods=["POST"]),
    Route("/salir", sign_out, methods=["POST"]),
    Route(ACCOUNT_PAGE, account),
    Route(f"{ACCOUNT_PAGE}/contrasena", change_password, methods=["POST"]),
    Route(f"{ACCOUNT_PAGE}/resumenes", set_digest, methods=["POST"]),
    Route(f"{ACCOUNT_PAGE}/tecla", set_slash, methods=["POST"]),
    Route(f"{ACCOUNT_PAGE}/sesiones/terminar", end_other_sessions, methods=["POST"]),
    Route(f"{ACCOUNT_PAGE}/sesiones/{{session_id:uuid}}/terminar", end_session, methods=["POST"]),
    Route(KEPT_PAGE, show_kept_form),
    Route(KEPT_PAGE, send_kept_form, methods=["POST"]),
    Route(f"{KEPT_PAGE}/descartar", drop_kept_form, methods=["POST"]),
]
