from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.accounts.models import Role, RoleGrant
from trainings.db import reads
from trainings.errors import Refusal
from trainings.lib import dates
from trainings.lib.folders import DESIGNS
from trainings.lib.phones import show_phone
from trainings.lib.text import as_drawn, fold
from trainings.lib.typst import Design
from trainings.places.models import Hub, Signatory
from trainings.places.words import HUB_NAME
from trainings.registrations.cards.queries import Block, blocks_of
from trainings.registrations.models import Addressee, InvitationLetter
from trainings.schedule.models import Training, TrainingState
from trainings.schedule.phase import Phase
from trainings.schedule.public.paper import facts_on_paper, how_to_sign_up, qr_drawing
from trainings.schedule.public.posted import Posted
from trainings.schedule.public.queries import public_training
from trainings.schedule.public.sentences import stopped
from trainings.schedule.words import KINDS
from trainings.web.i18n import N_, SOURCE_LANGUAGE, speaking
from trainings.web.render import absolute

LETTER = Design(DESIGNS / "letters" / "letter.typ", root=DESIGNS, fonts=DESIGNS / "fonts")
SHARED_WITH: Mapping[Addressee, str] = {
    Addressee.COCODE: "con las personas de su comunidad",
    Addressee.SCHOOL: "con su comunidad educativa",
    Addressee.INSTITUTION: "con su personal",
    Addressee.ORGANIZATION: "con quienes la integran",
    Addressee.OTHER: "con quienes les pueda servir",
}


class NotYetPublished(Refusal):
    sentence = N_("Esta capacitación es un borrador. Publíquela primero: la carta lleva a su página.")


class NothingToInviteTo(Refusal):
    sentence = N_("Esta capacitación se canceló o ya se realizó: ya no hay a qué invitar.")


class NoLetters(Refusal):
    sentence = N_("Agregue primero a quién se invita: cada línea es una carta.")


@dataclass(frozen=True, slots=True)
class Signer:
    """Empty name: to be written by hand."""

    name: str
    office: str


async def letters_data(training: Training, letters: Sequence[InvitationLetter]) -> dict[str, Any]:
    """With the place as the public may know it; `training` comes with its hub.

    Refuses a draft, a training called off or over, and no letters.
    """
    if training.state is TrainingState.DRAFT:
        raise NotYetPublished
    posted = await public_training(training.slug)
    if posted.phase in (Phase.CANCELLED, Phase.HELD):
        raise NothingToInviteTo
    if not letters:
        raise NoLetters
    return await _made(training, posted, letters)


async def letters_as_kept(training: Training, letters: Sequence[InvitationLetter]) -> dict[str, Any]:
    """For the session file, also of a training that is over or called off. Refuses a draft."""
    if training.state is TrainingState.DRAFT:
        raise NotYetPublished
    return await _made(training, await public_training(training.slug), letters)


async def _made(training: Training, posted: Posted, letters: Sequence[InvitationLetter]) -> dict[str, Any]:
    blocks = {one.block.id: one for one in await blocks_of(training.id)}
    with speaking(SOURCE_LANGUAGE):
        return _data(training, posted, await _signer(training.hub), letters, blocks)


# -- who signs


async def _signer(hub: Hub) -> Signer:
    """The coordinator whom the operator prints, else the only account, else a bare line."""
    signatories = await reads(Signatory).filter(operator_id=hub.operator_id)
    coordinators = [one for one in signatories if "coordinad" in fold(one.office)]
    if len(coordinators) == 1 and await reads(Hub).filter(operator_id=hub.operator_id, is_active=True).count() == 1:
        return Signer(_printable(coordinators[0].name), _printable(coordinators[0].office))
    grants = reads(RoleGrant).filter(hub_id=hub.id, role=Role.HUB_COORDINATOR, user__is_active=True)
    names = await grants.values_list("user__name")
    return Signer(_printable(names[0][0]) if len(names) == 1 else "", f"Coordinación, {_printable(hub.name)}")


# -- what they say


def _data(
    training: Training,
    posted: Posted,
    signer: Signer,
    letters: Sequence[InvitationLetter],
    blocks: Mapping[UUID, Block],
) -> dict[str, Any]:
    address = absolute(f"/c/{training.short_code}")
    hub = posted.hub
    made = [_letter(one, posted, blocks.get(one.block_id) if one.block_id else None) for one in letters]
    return {
        "operator": _printable(hub.operator),
        "hub": _hub_name(posted),
        "contact": _printable(" · ".join([hub.address, f"Teléfono {show_phone(posted.phone)}"])),
        "place_and_date": f"{hub.seat.full_name}, {dates.date_without_weekday(clock.today(), 'es')}",
        "kind": KINDS[posted.kind],
        "title": _printable(posted.neutral_title or posted.title),
        "summary": "" if posted.neutral_title else _printable(posted.summary),
        "facts": [[label, [_printable(line) for line in lines]] for label, lines in facts_on_paper(posted)],
        "sign_up": [_printable(line) for line in how_to_sign_up(posted)],
        "address": address.partition("://")[2],
        "qr": qr_drawing(address),
        "signer": {"name": signer.name, "office": signer.office},
        "letters": made,
        "longest": max(range(len(made)), key=lambda number: len(str(made[number]))),
    }


def _hub_name(posted: Posted) -> str:
    """The full name tells the topic: the short one where the title is hidden."""
    return _printable(posted.hub.name) if posted.neutral_title else f"{HUB_NAME}, {posted.hub.seat.full_name}"


def _letter(letter: InvitationLetter, posted: Posted, block: Block | None) -> dict[str, Any]:
    sender = posted.hub.name if posted.neutral_title else f"{HUB_NAME} de {posted.hub.seat.full_name}"
    invites = f"{sender}," if "," in sender else sender
    shared = SHARED_WITH[letter.kind]
    return {
        "addressee": _printable(letter.addressee),
        "below": [_printable(line) for line in (letter.office, letter.community) if line],
        "invitation": _printable(f"La {invites} les invita a participar, y a compartir esta invitación {shared}."),
        "cards": _cards(block) if block else "",
    }


def _cards(block: Block) -> str:
    n = block.n_open + block.n_named
    if not n:
        return ""
    if n == 1:
        told = "Adjuntamos una tarjeta, que aparta un lugar para su comunidad. Entréguela a quien va a asistir."
    else:
        told = (
            f"Adjuntamos {n} tarjetas: cada una aparta un lugar para su comunidad. Entréguelas a quienes van a asistir."
        )
    if block.block.release_at <= clock.now():
        return told
    until = dates.day_and_time(block.block.release_at, "es")
    return f"{told} {stopped(f'Los lugares que sigan sin nombre se dan a otras personas el {until}')}"


def _printable(text: str) -> str:
    return as_drawn(text, LETTER.missing(text))
