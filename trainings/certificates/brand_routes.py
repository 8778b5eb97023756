"""`/panel/membrete`: shield, logos and lines of the letterhead of the operators one issues for."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import ISSUERS
from trainings.certificates import brand
from trainings.certificates.brand_forms import LONGEST_LETTERHEAD, LetterheadForm, PictureForm
from trainings.certificates.models import ImageRole
from trainings.certificates.pictures import cleaned
from trainings.certificates.signature_routes import check_scope
from trainings.certificates.staff_queries import operators_signing
from trainings.errors import Refusal
from trainings.web.allow import allow
from trainings.web.files import PictureTooLarge, read_upload
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

INDEX = "/panel/membrete"
ADDED = {
    ImageRole.SHIELD: N_("Listo. El escudo saldrá en los próximos diplomas."),
    ImageRole.PARTNER: N_("Listo. El logotipo saldrá en los próximos diplomas."),
}


@allow(*ISSUERS)
async def index(request: Request) -> Response:
    return await _index(request)


async def _index(
    request: Request, form: Typed | None = None, *, at: tuple[UUID, str] | None = None, status: int = 200
) -> Response:
    """`at`: the operator whose form was refused, and which of its forms (`lines`, or the role of a picture)."""
    operators = await operators_signing(request.state.actor)
    images = {one.id: await brand.images_of(one.id) for one in operators}
    shields = {key: [one for one in found if one.role is ImageRole.SHIELD] for key, found in images.items()}
    partners = {key: [one for one in found if one.role is ImageRole.PARTNER] for key, found in images.items()}
    context = {
        "operators": operators,
        "shields": shields,
        "partners": partners,
        "most_partners": brand.MOST_PARTNERS,
        "longest": LONGEST_LETTERHEAD,
        "form": form,
        "shown": _tied(form, at),
        "at": at,
    }
    return render(request, "certificates/letterhead.html", context, status=status)


def _tied(form: Typed | None, at: tuple[UUID, str] | None) -> Typed | None:
    """For the summary on top: the page holds each form once for every operator, so ids of fields say which."""
    if form is None or at is None:
        return form
    operator_id, which = at
    middle = "" if which == "lines" else f"{which}-"
    return Typed(
        form.fields, {f"{name}-{middle}{operator_id}" if name else "": text for name, text in form.errors.items()}
    )


@allow(*ISSUERS)
async def set_lines(request: Request) -> Response:
    operator_id = request.path_params["operator"]
    await check_scope(request, operator_id)
    typed = await read_form(request)
    try:
        form = check(LetterheadForm, typed)
        await brand.set_lines(operator_id, form.letterhead, actor=request.state.actor)
    except FormErrors as exc:
        return await _index(request, exc.typed, at=(operator_id, "lines"), status=422)
    except Refusal as refusal:
        return await _index(request, typed.refused(refusal), at=(operator_id, "lines"), status=refusal.status)
    return _back(N_("Listo. Así saldrá en los próximos diplomas."))


@allow(*ISSUERS)
async def add_image(request: Request) -> Response:
    """A shield or a logo, cleaned before it is kept."""
    operator_id = request.path_params["operator"]
    await check_scope(request, operator_id)
    typed = Typed()
    try:
        typed, content = await read_upload(request, "file", PictureTooLarge)
        form = check(PictureForm, typed)
        picture = await cleaned(content)
        await brand.add_image(operator_id, form.role, form.name, picture, actor=request.state.actor)
    except FormErrors as exc:
        return await _index(request, exc.typed, at=(operator_id, exc.typed.value("role")), status=422)
    except Refusal as refusal:
        place = (operator_id, typed.value("role"))
        return await _index(request, typed.refused(refusal), at=place, status=refusal.status)
    return _back(ADDED[form.role])


@allow(*ISSUERS)
async def remove_image(request: Request) -> Response:
    operator_id = request.path_params["operator"]
    await check_scope(request, operator_id)
    image = await brand.image_at([operator_id], request.path_params["id"])
    await brand.remove_image(operator_id, image.id, actor=request.state.actor)
    return _back(N_("Listo. Ya no saldrá. Los diplomas emitidos no cambian."))


@allow(*ISSUERS)
async def image(request: Request) -> Response:
    """A picture as it was kept."""
    operators = [one.id for one in await operators_signing(request.state.actor)]
    found = await brand.image_at(operators, request.path_params["id"])
    return Response(bytes(found.content), media_type=found.media_type, headers={"cache-control": "no-store"})


def _back(sentence: str) -> Response:
    response = redirect(INDEX)
    flash(response, gettext(sentence))
    return response


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/{operator:uuid}/lineas", set_lines, methods=["POST"]),
    Route(INDEX + "/{operator:uuid}/imagen", add_image, methods=["POST"]),
    Route(INDEX + "/{operator:uuid}/imagen/{id:uuid}/quitar", remove_image, methods=["POST"]),
    Route(INDEX + "/imagen/{id:uuid}", image),
]
