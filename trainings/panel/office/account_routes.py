"""`/panel/cuentas`"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import dataclass
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import AfterValidator, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts import actions, queries
from trainings.accounts.actions import HUB_ROLES, NewAccount, Post
from trainings.accounts.models import Role, RoleGrant, User
from trainings.accounts.permissions import ACCOUNT_KEEPERS, HUB_STAFF, can_give_role
from trainings.accounts.words import ROLE_WORDS
from trainings.attendance.phones import devices
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotAllowed, NotFound, Refusal
from trainings.lib.phones import is_email
from trainings.people.forms import printable
from trainings.places.queries import hubs_visible_to
from trainings.schedule.models import AT_REAL, SessionFacilitator, SessionState, TrainingSession
from trainings.web.allow import allow
from trainings.web.forms import Form, FormErrors, Typed, as_refused, check, read_form, wrong
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.render import absolute, redirect, render, token_page_headers

INDEX = "/panel/cuentas"
ONE = INDEX + "/{user_id:uuid}"
ROLES_OF_A_HUB = tuple(role for role in Role if role in HUB_ROLES)


class UnknownPost(Refusal):
    sentence = N_("Escoja uno de los roles de la lista.")


class Offered(NamedTuple):
    value: str
    post: Post
    words: str


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    offered: tuple[Offered, ...]


def _email(text: str) -> str:
    if not is_email(text):
        raise wrong(N_("Escriba un correo completo, por ejemplo nombre@correo.com."))
    return text


class PostForm(Form):
    MISSING = {"post": N_("Escoja el rol.")}

    post: Annotated[str, Field(max_length=80)]


class NewAccountForm(PostForm):
    MISSING = {**PostForm.MISSING, "name": N_("Escriba el nombre."), "email": N_("Escriba el correo.")}

    name: Annotated[str, printable(160)]
    email: Annotated[str, AfterValidator(_email)]
    office: Annotated[str, printable(120)] = ""


@allow(*ACCOUNT_KEEPERS)
async def index(request: Request) -> Response:
    found = await queries.staff_visible_to(request.state.actor)
    users = sorted(found, key=lambda user: not user.is_active)
    return render(
        request, "panel/office/accounts/index.html", {"here": "cuentas", "users": users, "role_words": ROLE_WORDS}
    )


@allow(*ACCOUNT_KEEPERS)
async def new(request: Request) -> Response:
    return await _new_page(request, Typed())


@allow(*ACCOUNT_KEEPERS)
async def create(request: Request) -> Response:
    typed = await read_form(request)
    actor: Actor = request.state.actor
    try:
        form = check(NewAccountForm, typed)
        post = _post_of(form, await _places(actor))
        account = NewAccount(form.email, form.name, form.office)
        user, token = await actions.open_account(account, post, actor=actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _new_page(request, typed, status=status)
    if token:
        return await _show_page(request, user.id, token=token)
    return _back(_page_of(user), N_("Esa persona ya tenía cuenta. Ahora tiene también este rol, y entra como siempre."))


@allow(*ACCOUNT_KEEPERS)
async def show(request: Request) -> Response:
    return await _show_page(request, request.path_params["user_id"])


@allow(*ACCOUNT_KEEPERS)
async def give_role(request: Request) -> Response:
    typed = await read_form(request)
    actor: Actor = request.state.actor
    user = await _visible(request)
    try:
        post = _post_of(check(PostForm, typed), await _places(actor))
        token = await actions.give_role(user, post, actor=actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _show_page(request, user.id, typed=typed, status=status)
    if token:
        return await _show_page(request, user.id, token=token)
    return _back(_page_of(user), N_("Listo: ya tiene el rol."))


@allow(*ACCOUNT_KEEPERS)
async def take_role(request: Request) -> Response:
    user = await _visible(request)
    grant = next((one for one in user.grants if one.id == request.path_params["grant_id"]), None)
    if grant is None:
        raise NotFound
    if not _is_mine_to_take(request.state.actor, grant):
        raise NotAllowed
    gone = await devices.take_role(grant, actor=request.state.actor)
    is_here = await queries.staff_visible_to(request.state.actor).filter(id=user.id).exists()
    said = N_("Listo: ya no tiene ese rol, y sus sesiones se cerraron.")
    return _back(_page_of(user) if is_here else INDEX, said, gone)


@allow(*ACCOUNT_KEEPERS)
async def make_link(request: Request) -> Response:
    user = await _kept(request)
    if not user.is_active:
        raise actions.AccountClosed
    if user.id == request.state.actor.id:
        raise actions.OwnAccount
    token = await actions.make_sign_in_link(user, actor=request.state.actor)
    return await _show_page(request, user.id, token=token)


@allow(*ACCOUNT_KEEPERS)
async def close(request: Request) -> Response:
    user = await _kept(request)
    gone = await devices.close_account(user.id, actor=request.state.actor)
    return _back(_page_of(user), N_("Listo: la cuenta está cerrada. Nadie entra con ella desde este momento."), gone)


@allow(*ACCOUNT_KEEPERS)
async def reopen(request: Request) -> Response:
    user = await _kept(request)
    if user.is_active:
        return redirect(_page_of(user))
    token = await actions.reopen_account(user, actor=request.state.actor)
    return await _show_page(request, user.id, token=token)


async def _new_page(request: Request, typed: Typed, *, status: int = 200) -> Response:
    context = {"here": "cuentas", "form": typed, "places": _grouped(await _places(request.state.actor))}
    return render(request, "panel/office/accounts/new.html", context, status=status)


async def _show_page(
    request: Request, user_id: UUID, *, typed: Typed | None = None, token: str = "", status: int = 200
) -> Response:
    """`token`: the link that is shown this once."""
    actor: Actor = request.state.actor
    user = await queries.staff_visible_to(actor).get_or_none(id=user_id)
    if user is None:
        raise NotFound
    places = await _places(actor)
    context = {
        "here": "cuentas",
        "user": user,
        "grants": [(grant, _is_mine_to_take(actor, grant)) for grant in user.grants],
        "role_words": ROLE_WORDS,
        "places": _grouped(places),
        "form": typed or Typed(),
        "is_kept": queries.is_kept_by(user, actor) and user.id != actor.id,
        "changes_hands": await actions.changes_hands(user.id, actor),
        "link": absolute(f"/entrar/enlace/{token}") if token else "",
        "coming": await _coming_sessions(user),
        "phones": [one for one in await devices.phones_of(user.id) if one.token_hash is not None],
        "sees_phones": actor.has_any(HUB_STAFF),
    }
    headers = token_page_headers() if token else {}
    return render(request, "panel/office/accounts/show.html", context, status=status, headers=headers)


async def _coming_sessions(user: User) -> list[TrainingSession]:
    held = reads(SessionFacilitator).filter(
        AT_REAL, user_id=user.id, session__state=SessionState.PLANNED, session__starts_at__gt=clock.now()
    )
    rows = await held.order_by("session__starts_at").prefetch_related("session__training")
    return [row.session for row in rows]


async def _visible(request: Request) -> User:
    user = await queries.staff_visible_to(request.state.actor).get_or_none(id=request.path_params["user_id"])
    if user is None:
        raise NotFound
    return user


async def _kept(request: Request) -> User:
    user = await _visible(request)
    if not queries.is_kept_by(user, request.state.actor):
        raise actions.KeptElsewhere
    return user


def _is_mine_to_take(actor: Actor, grant: RoleGrant) -> bool:
    may = can_give_role(actor, grant.role, hub_id=grant.hub_id, operator_id=grant.operator_id)
    return may and grant.user_id != actor.id


async def _places(actor: Actor) -> list[Place]:
    hubs = await hubs_visible_to(actor)
    offered = [
        Place(hub.name, _offered(actor, (Post(role, hub_id=hub.id) for role in ROLES_OF_A_HUB)))
        for hub in sorted(hubs, key=lambda hub: hub.name)
    ]
    operators = {hub.operator_id: hub.operator.name for hub in hubs}
    offered += [
        Place(name, _offered(actor, [Post(Role.MUNICIPAL_ADMIN, operator_id=key)]))
        for key, name in sorted(operators.items(), key=lambda item: item[1])
    ]
    everywhere = (Post(role) for role in (Role.MONITORING_OFFICER, Role.PLATFORM_ADMIN))
    offered.append(Place(gettext(N_("Todas las ventanillas")), _offered(actor, everywhere)))
    return [place for place in offered if place.offered]


def _offered(actor: Actor, posts: Iterable[Post]) -> tuple[Offered, ...]:
    return tuple(
        Offered(_value(post), post, gettext(ROLE_WORDS[post.role]))
        for post in posts
        if can_give_role(actor, post.role, hub_id=post.hub_id, operator_id=post.operator_id)
    )


def _value(post: Post) -> str:
    return " ".join(str(part) for part in post if part)


def _grouped(places: list[Place]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(place.name, [(one.value, one.words) for one in place.offered]) for place in places]


def _post_of(form: PostForm, places: list[Place]) -> Post:
    """Raises UnknownPost for anything that may not be given."""
    for place in places:
        for one in place.offered:
            if one.value == form.post:
                return one.post
    raise UnknownPost(field="post")


def _page_of(user: User) -> str:
    return f"{INDEX}/{user.id}"


def _back(target: str, sentence: str, gone: Sized = ()) -> Response:
    said = gettext(sentence)
    if gone:
        phones = ngettext(
            "Salió de uso %(num)s teléfono que preparó.", "Salieron de uso %(num)s teléfonos que preparó.", len(gone)
        )
        said = f"{said} {phones % {'num': len(gone)}}"
    return redirect(target, said)


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX, create, methods=["POST"]),
    Route(f"{INDEX}/nueva", new),
    Route(ONE, show),
    Route(f"{ONE}/roles", give_role, methods=["POST"]),
    Route(f"{ONE}/roles/{{grant_id:uuid}}/quitar", take_role, methods=["POST"]),
    Route(f"{ONE}/enlace", make_link, methods=["POST"]),
    Route(f"{ONE}/cerrar", close, methods=["POST"]),
    Route(f"{ONE}/abrir", reopen, methods=["POST"]),
]
