"""A walk-in's sealed slip is opened and its person registered with the card, whose marks then count for them. Other
slips wait, with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from trainings.attendance.actions import take
from trainings.attendance.device_access import may_upload, training_ends
from trainings.attendance.events import EventKind, SentEvent, other_id
from trainings.attendance.holders import match_unknown, of_card
from trainings.attendance.models import (
    DatedBy,
    Device,
    DeviceSession,
    ScanEvent,
    ScanHow,
    ScanKind,
    SlipState,
    WalkInSlip,
)
from trainings.attendance.projection import standing, undone_at
from trainings.attendance.reviews import assign, may_be_given
from trainings.attendance.scans import Dated
from trainings.attendance.settling import settle_if_over
from trainings.attendance.slips.forms import Slip, SlipForm, UnreadableSlip, read_slip
from trainings.attendance.slips.words import (
    GIVEN,
    INCOMPLETE,
    NOT_AGREED,
    NOT_WRITTEN,
    OTHER_SESSION,
    REVOKED,
    SEALED,
    UNREADABLE,
)
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import keyring, lock, transaction
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.lib import tokens
from trainings.lib.sealing import SealBroken, SealedBox
from trainings.people.models import Assent, Consent, Guardian
from trainings.registrations.cards.use import use_at_door
from trainings.registrations.models import Card, CardState, Registration
from trainings.registrations.seats.actions import register_walk_in
from trainings.registrations.seats.cards import UnknownCard
from trainings.schedule.models import Training, TrainingSession
from trainings.web.forms import FormErrors, check
from trainings.web.i18n import N_


def body_hash_of(sealed: str) -> str:
    """Tells a repeat from another slip under the same id."""
    return hashlib.sha256(sealed.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SentSlip:
    """`seq`: its number among the phone's marks. `dated`: when it was written, given its first arrival; `held_at`: its
    time where nothing tells.
    """

    id: UUID
    session_id: UUID
    code_hash: str
    sealed: str
    dated: Callable[[datetime | None], Dated]
    held_at: datetime
    seq: int | None


async def receive(device: Device | None, slip: SentSlip) -> None:
    """Keep a slip under the phone's id, in the caller's transaction; a repeat corrects its time while it waits. Another
    body under the id is kept beside it.
    """
    body_hash = body_hash_of(slip.sealed)
    for key in (slip.id, other_id(slip.id, body_hash)):
        standing = await WalkInSlip.get_or_none(id=key)
        if standing is None:
            await WalkInSlip.create(
                id=key,
                session_id=slip.session_id,
                device_id=device.id if device is not None else None,
                code_hash=slip.code_hash,
                body=slip.sealed,
                body_hash=body_hash,
                written_at=slip.dated(None).at,
                seq=slip.seq,
            )
            return
        if standing.body_hash == body_hash:
            if standing.state is SlipState.WAITING:
                await _date_again(standing, slip)
            return


async def _date_again(standing: WalkInSlip, slip: SentSlip) -> None:
    """The slip does not keep what dated it: at the very start of its session it was the session."""
    by = DatedBy.SESSION if standing.written_at == slip.held_at else DatedBy.CLOCK
    dated = slip.dated(standing.created_at)
    if dated.is_truer_than(Dated(standing.written_at, by)):
        await WalkInSlip.filter(id=standing.id).update(written_at=dated.at)


READ_AT_MOST = timedelta(days=1)
"""The notice is read on the same day: a time farther from the slip's is a wrong clock."""


class UnknownSlip(NotFound):
    sentence = N_("No encontramos esa ficha. Puede que ya esté anotada.")


class SlipDone(Refusal):
    code = "slip_done"
    sentence = N_("Esa ficha ya tiene respuesta. Vuelva a la lista.")


class NotAgreed(WrongInput):
    code = NOT_AGREED
    sentence = N_("Sin su permiso no se guardan los datos. Marque la casilla cuando la persona diga que sí.")


async def open_slips(slip_ids: Iterable[UUID], *, actor: Actor) -> None:
    """Register these slips' people, a transaction each; refused slips wait with their reason."""
    keys = sorted(set(slip_ids))
    if not keys:
        return
    waiting = WalkInSlip.filter(id__in=keys, state=SlipState.WAITING, problem="")
    for (key,) in await waiting.order_by("written_at", "id").values_list("id"):
        async with transaction():
            slip, session = await _held(key)
            if slip.state is SlipState.WAITING and not slip.problem:
                slip.problem = await _why_it_waits(slip, session, actor)
                if slip.problem:
                    await slip.save(update_fields=["problem"])


async def _held(slip_id: UUID) -> tuple[WalkInSlip, TrainingSession]:
    """With the training locked; else UnknownSlip."""
    found = await WalkInSlip.get_or_none(id=slip_id).select_related("session")
    if found is None:
        raise UnknownSlip
    await lock(Training, [found.session.training_id])
    slip = await WalkInSlip.get(id=slip_id)
    return slip, await TrainingSession.get(id=slip.session_id)


async def _why_it_waits(slip: WalkInSlip, session: TrainingSession, actor: Actor) -> str:
    """The code of the reason; empty: the person is registered."""
    try:
        opened = await open_slip(slip)
        form = check(SlipForm, opened.typed)
    except SealBroken:
        return SEALED
    except UnreadableSlip:
        return UNREADABLE
    except FormErrors:
        return INCOMPLETE
    if not form.has_agreed:
        return NOT_AGREED
    waits = await _flag_of_phone(slip, session)
    if waits:
        return waits
    try:
        async with transaction():
            card = await card_of(slip)
            if card is None:
                raise UnknownCard
            if await _is_given(slip):
                return GIVEN
            await _register(slip, session, opened, form, card, actor)
    except Refusal as refusal:
        return refusal.code
    except IntegrityError:
        # One slip that cannot be written must not hold back a phone's other marks.
        return NOT_WRITTEN
    return ""


async def _is_given(slip: WalkInSlip) -> bool:
    """Staff gave the card's marks to a person while it had no name."""
    marks = ScanEvent.filter(session_id=slip.session_id, code_hash=slip.code_hash, registration_id__not_isnull=True)
    is_open = await Card.filter(of_card(slip.code_hash), state=CardState.OPEN).exists()
    return is_open and await marks.exists()


async def _flag_of_phone(slip: WalkInSlip, session: TrainingSession) -> str:
    """Why marks of its phone wait for a decision; empty where they count."""
    device = await Device.get_or_none(id=slip.device_id) if slip.device_id is not None else None
    if device is None:
        return REVOKED
    ends = await training_ends([session.training_id])
    if not may_upload(device, ends.get(session.training_id)):
        return REVOKED
    is_bound = await DeviceSession.exists(device_id=device.id, session_id=session.id)
    return "" if is_bound else OTHER_SESSION


async def open_slip(slip: WalkInSlip) -> Slip:
    """Raises SealBroken, UnreadableSlip."""
    box = SealedBox(keyring())
    for event_id in await _names_of(slip):
        try:
            return read_slip(box.open(slip.body or "", f"slip|{event_id}"))
        except SealBroken:
            continue
    raise SealBroken("opens under none of its names")


async def _names_of(slip: WalkInSlip) -> list[UUID]:
    others = await WalkInSlip.filter(session_id=slip.session_id).values_list("id")
    named = [key for (key,) in others if other_id(key, slip.body_hash) == slip.id]
    return [slip.id, *named]


async def card_of(slip: WalkInSlip) -> Card | None:
    """In any state; None: no such card."""
    shown = slip.code_hash
    found = await Card.filter(of_card(shown)).limit(2) if shown else []
    return found[0] if len(found) == 1 else None


async def whose_card(slip: WalkInSlip) -> Registration | None:
    """A registration of the training that has the slip's card, or was given its marks: perhaps the same person written
    down twice.
    """
    session = await TrainingSession.get(id=slip.session_id)
    card = await card_of(slip)
    key = card.registration_id if card is not None else None
    if key is None and slip.code_hash:
        marks = ScanEvent.filter(session_id=session.id, code_hash=slip.code_hash, registration_id__not_isnull=True)
        given = standing(await marks.order_by("at", "id"), await undone_at(session.id))
        key = given[0].registration_id if given else None
    found = Registration.get_or_none(id=key, training_id=session.training_id).select_related("participant")
    return await found if key is not None else None


# -- registering


async def register(slip_id: UUID, form: SlipForm, *, actor: Actor) -> UUID:
    """As corrected, with its card where possible. Else the person gets the card's marks of nobody, or is marked at the
    slip's time. Refuses without consent (NotAgreed), an answered slip (SlipDone), and as any registration.
    """
    if not form.has_agreed:
        raise NotAgreed(field="consent_data")
    async with transaction():
        slip, session = await _held(slip_id)
        if slip.state is not SlipState.WAITING:
            raise SlipDone
        try:
            opened = await open_slip(slip)
        except (SealBroken, UnreadableSlip) as broken:
            raise SlipDone from broken
        card = await card_of(slip)
        try:
            async with transaction():
                if card is None or card.state is not CardState.OPEN or await _is_given(slip):
                    raise UnknownCard
                return await _register(slip, session, opened, form, card, actor)
        except Refusal as refusal:
            if refusal.code not in WITHOUT_CARD:
                raise
        return await _register_without(slip, session, opened, form, actor)


WITHOUT_CARD = frozenset({"unknown_card", "card_taken", "card_closed", "card_of_another_training", "code_twice"})


async def _register(
    slip: WalkInSlip, session: TrainingSession, opened: Slip, form: SlipForm, card: Card, actor: Actor
) -> UUID:
    used = await use_at_door(card.id, session.training_id, form.wish(body_hash=slip.body_hash), actor=actor)
    await match_unknown(session.training_id)
    await _done(slip, used.registration_id, opened, actor, is_new=used.is_new)
    await settle_if_over(session, {used.registration_id})
    return used.registration_id


async def _register_without(
    slip: WalkInSlip, session: TrainingSession, opened: Slip, form: SlipForm, actor: Actor
) -> UUID:
    wish = form.wish(body_hash=slip.body_hash, idempotency_key=f"slip-{slip.id}")
    key = (await register_walk_in(session.training_id, wish, actor=actor)).registration_id
    await _done(slip, key, opened, actor, is_new=True)
    shown = ScanEvent.filter(session_id=session.id, code_hash=slip.code_hash, registration_id=None)
    nobodys = [one.id for one in await shown if slip.code_hash and may_be_given(one)]
    if nobodys:
        await assign(session.id, nobodys, key, actor=actor)
    else:
        came = SentEvent(
            id=tokens.uuid7(),
            kind=EventKind.WALK_IN,
            how=ScanHow.WALK_IN,
            session=session.id,
            at=slip.written_at,
            registration=key,
        )
        await take(session.id, [came], actor=actor)
    await settle_if_over(session, {key})
    return key


async def _done(slip: WalkInSlip, registration_id: UUID, opened: Slip, actor: Actor, *, is_new: bool) -> None:
    """Consent dates from the reading aloud, in the version that was read."""
    if is_new:
        person_id = (await Registration.get(id=registration_id)).participant_id
        at = await _read_at(slip, opened)
        for model in (Consent, Guardian, Assent):
            await model.filter(participant_id=person_id).update(created_at=at, text_version=opened.text_version)
    slip.state, slip.body, slip.problem = SlipState.REGISTERED, None, ""
    slip.registration_id, slip.decided_by_id = registration_id, actor.id
    await slip.save(update_fields=["state", "body", "problem", "registration_id", "decided_by_id"])


async def _read_at(slip: WalkInSlip, opened: Slip) -> datetime:
    """By our clock: by the phone's mark of it, else at the latest at the slip's time."""
    if opened.read_at is None:
        return slip.written_at
    marks = ScanEvent.filter(session_id=slip.session_id, phone_id=slip.device_id, kind=ScanKind.CONSENT)
    for mark in await marks:
        if abs(mark.device_at - opened.read_at) < timedelta(milliseconds=1):
            return mark.at
    is_likely = abs(slip.written_at - opened.read_at) < READ_AT_MOST
    return min(slip.written_at, opened.read_at) if is_likely else slip.written_at


async def put_aside(slip_id: UUID, *, actor: Actor) -> None:
    """Register nobody and empty the slip. Its card's marks stay."""
    async with transaction():
        slip, session = await _held(slip_id)
        if slip.state is SlipState.DISMISSED:
            return
        if slip.state is not SlipState.WAITING:
            raise SlipDone
        slip.state, slip.body, slip.decided_by_id = SlipState.DISMISSED, None, actor.id
        await slip.save(update_fields=["state", "body", "decided_by_id"])
        hub_id = (await Training.get(id=session.training_id)).hub_id
        await record("attendance.dismiss_slip", actor=actor, object_id=slip.id, hub_id=hub_id)
