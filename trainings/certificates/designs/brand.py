"""An operator's letterhead: its shield, its partners' logos, up to three lines.

Pictures are added and removed, never changed: papers name them by hash.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.designs.pictures import CleanPicture
from trainings.certificates.designs.printed import Picture
from trainings.certificates.models import BrandImage, ImageRole
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound, Refusal
from trainings.places.models import Operator
from trainings.web.i18n import N_

MOST_PARTNERS = 3
MOST_LINES = 3
LONGEST_LINE = 80


class TooManyPartners(Refusal):
    code = "too_many_partners"
    sentence = N_("En el diploma caben %(most)s logotipos. Quite uno antes de agregar otro.")


class UnprintableLine(Refusal):
    code = "unprintable_line"
    status = 422
    sentence = N_("El diploma no puede imprimir «%(letters)s». Escríbalo de otra manera.")


class TooManyLines(Refusal):
    code = "too_many_lines"
    status = 422
    sentence = N_("Caben %(most)s líneas de hasta %(longest)s letras cada una.")


class UnknownPicture(NotFound):
    code = "unknown_picture"
    sentence = N_("Esa imagen ya no está. Abra la página otra vez.")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Lines, the shield's hash (empty: none), hash and name of each logo."""

    lines: tuple[str, ...] = ()
    shield: str = ""
    logos: tuple[tuple[str, str], ...] = ()


async def letterhead_of(operator: Operator) -> Letterhead:
    images = await images_of(operator.id)
    shields = [one for one in images if one.role is ImageRole.SHIELD]
    partners = [one for one in images if one.role is ImageRole.PARTNER]
    return Letterhead(
        lines=tuple(operator.letterhead.splitlines()),
        shield=shields[-1].sha256 if shields else "",
        logos=tuple((one.sha256, one.name) for one in partners),
    )


async def images_of(operator_id: UUID) -> list[BrandImage]:
    return await reads(BrandImage).filter(operator_id=operator_id, removed_at=None).order_by("position", "id")


async def pictures(hashes: Collection[str]) -> dict[str, Picture]:
    """By hash, removed ones too."""
    if not hashes:
        return {}
    found = await reads(BrandImage).filter(sha256__in=sorted(set(hashes)))
    return {one.sha256: Picture(bytes(one.content), one.media_type) for one in found}


async def image_at(operator_ids: Collection[UUID], image_id: UUID) -> BrandImage:
    """A picture in use. Raises UnknownPicture."""
    found = await reads(BrandImage).get_or_none(id=image_id, operator_id__in=list(operator_ids), removed_at=None)
    if found is None:
        raise UnknownPicture
    return found


async def add_image(
    operator_id: UUID, role: ImageRole, name: str, picture: CleanPicture, *, actor: Actor
) -> BrandImage:
    """For future certificates. A new shield replaces the old one; refuses a fourth logo."""
    missing = pdf.missing_glyphs(name)
    if missing:
        raise UnprintableLine(field="name", letters=missing)
    async with transaction():
        await lock(Operator, [operator_id])
        standing = await BrandImage.filter(operator_id=operator_id, role=role, removed_at=None).order_by("position")
        if role is ImageRole.SHIELD:
            await _remove(standing)
        elif len(standing) >= MOST_PARTNERS:
            raise TooManyPartners(most=MOST_PARTNERS)
        image = await BrandImage.create(
            operator_id=operator_id,
            role=role,
            name=name,
            media_type=picture.media_type,
            content=picture.content,
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            position=standing[-1].position + 1 if standing else 1,
        )
        await record(
            "certificates.add_picture", actor=actor, object_id=image.id, operator=str(operator_id), role=role.value
        )
        return image


async def remove_image(operator_id: UUID, image_id: UUID, *, actor: Actor) -> None:
    """From future certificates; twice is once."""
    async with transaction():
        await lock(Operator, [operator_id])
        await _remove(await BrandImage.filter(operator_id=operator_id, id=image_id, removed_at=None))
        await record("certificates.remove_picture", actor=actor, object_id=image_id, operator=str(operator_id))


async def _remove(images: Sequence[BrandImage]) -> None:
    for image in images:
        image.removed_at = clock.now()
        await image.save(update_fields=["removed_at"])


async def set_lines(operator_id: UUID, text: str, *, actor: Actor) -> None:
    """Lines beside the shield; empty: name and department. Refuses too many, and letters that cannot be printed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
        raise TooManyLines(field="letterhead", most=MOST_LINES, longest=LONGEST_LINE)
    missing = pdf.missing_glyphs(*lines)
    if missing:
        raise UnprintableLine(field="letterhead", letters=missing)
    async with transaction():
        await lock(Operator, [operator_id])
        operator = await Operator.get(id=operator_id)
        operator.letterhead = "\n".join(lines)
        await operator.save(update_fields=["letterhead"])
        await record("certificates.set_letterhead", actor=actor, object_id=operator_id, operator=str(operator_id))
