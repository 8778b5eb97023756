"""One morning is recorded, the second has marks to review."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.queries import actor_of
from trainings.attendance import actions as attendance
from trainings.attendance.events import CODE_HASH_LENGTH, EventKind
from trainings.attendance.models import AttendanceSheet, Device, SheetRow
from trainings.attendance.phones import devices, uploads
from trainings.attendance.phones.devices import Load
from trainings.attendance.phones.uploads import Upload
from trainings.attendance.sessions.reports import Report, write_report
from trainings.attendance.sheets import sheets
from trainings.audit.actor import PROGRAM, Actor
from trainings.db import keyring
from trainings.lib import tokens
from trainings.lib.sealing import ONE_USE, VERSION, SealedBox, shared_key
from trainings.registrations.commands import for_one
from trainings.registrations.models import Card, Registration
from trainings.registrations.seats.actions import sign_up
from trainings.schedule.models import Training, TrainingSession
from trainings.seed.names import person
from trainings.seed.plan import MORNING, SUNDAY
from trainings.seed.world import CONSENT, DOMAIN, World, publish_training

TITLE = "Primeros auxilios psicológicos para personas migrantes y sus familias"
CAPACITY, N_BLANK, N_CAME, N_COMPANIONS = 9, 4, 7, 2
MINUTE, LONG = timedelta(minutes=1), timedelta(hours=4)
KEPT = "Archivador azul de la ventanilla, gaveta 2"
REPORT = Report(
    agenda="8:30 Bienvenida\n9:00 Crisis y duelo\n10:30 Refacción\n10:50 Acompañar: observar, escuchar, conectar",
    summary="Se trabajó en parejas con tres casos. El grupo pidió practicar más la escucha en la próxima mañana.",
    rations_planned=12,
    rations_served=N_CAME + N_COMPANIONS,
)
WALKED_IN = {
    "given_names": "Berta Luz",
    "surnames": "Tiul Ché",
    "community": "Las Pozas",
    "actor_type": "cocode",
    "sex": "mujer",
    "age_group": "35-59",
    "language": "spa",
}


async def build_door(world: World) -> None:
    """After the phones: the lost phone sends its marks."""
    training = await _training(world)
    first, second = await TrainingSession.filter(training_id=training.id).order_by("starts_at")
    people = await Registration.filter(training_id=training.id).order_by("id")
    leader, holder = await _staff("coordina"), await _staff("facilita")
    with clock.frozen(first.starts_at - timedelta(hours=1)):
        load = Load(training.hub_id, (first.id, second.id))
        ana = (await devices.prepare_this(load, name="Teléfono de Ana", token="", actor=holder)).device
        await devices.note_ready(ana, (), "demo")
    await _write_down(first, people, ana, leader, holder)
    await _leave_open(second, people, ana, leader)


async def _staff(name: str) -> Actor:
    return await actor_of(await User.get(email=f"{name}@{DOMAIN}"))


async def _training(world: World) -> Training:
    yesterday = clock.today() - timedelta(days=1)
    last = clock.at(yesterday - timedelta(days=yesterday.weekday() == SUNDAY), MORNING)
    starts = (last - timedelta(weeks=1), last)
    training = await publish_training(
        world, TITLE, starts, LONG, at=starts[0] - timedelta(days=20), capacity=CAPACITY, offers=("snack",)
    )
    with clock.frozen(starts[0] - timedelta(days=3)):
        for _number in range(CAPACITY + 1):
            who = person(world.dice, world.hubs[0].seat_id, [], is_asked=False)
            await sign_up(training.id, for_one(who, CONSENT), actor=PROGRAM)
    return training


async def _write_down(
    session: TrainingSession, people: Sequence[Registration], ana: Device, leader: Actor, holder: Actor
) -> None:
    sheet = await _print(session, leader)
    at = session.starts_at
    marks = [_event(session, at + n * MINUTE, h=_h(one), seq=n + 1) for n, one in enumerate(people[: N_CAME - 2])]
    marks.append(_heads(session, at + 9 * MINUTE, N_COMPANIONS, seq=N_CAME - 1))
    with clock.frozen(at + 30 * MINUTE):
        await uploads.receive(ana, Upload(marks, timedelta(), last_seq=N_CAME - 1, n_unsent=0))
        signed = [one.id for one in people[N_CAME - 2 : N_CAME]]
        rows = await SheetRow.filter(sheet_id=sheet.id, registration_id__in=signed).values_list("number")
        await sheets.mark_rows(sheet.id, [number for (number,) in rows], actor=holder, key=tokens.uuid7())
    with clock.frozen(session.ends_at):
        await attendance.close_session(session.id, actor=holder)
        await write_report(session.id, REPORT, actor=holder)
    with clock.frozen(session.ends_at + timedelta(hours=1)):
        await sheets.keep_paper(sheet.id, KEPT, actor=leader)


async def _leave_open(session: TrainingSession, people: Sequence[Registration], ana: Device, leader: Actor) -> None:
    sheet, at, seq = await _print(session, leader), session.starts_at, N_CAME
    nameless, filled_in = [
        card.qr_hash[:CODE_HASH_LENGTH] for card in await Card.filter(sheet_id=sheet.id).order_by("number").limit(2)
    ]
    marks = [_event(session, at + n * MINUTE, h=_h(one), seq=seq + n) for n, one in enumerate(people[:4])]
    marks += [
        _event(session, at + 6 * MINUTE, code=tokens.qr_token(), known=False, seq=seq + 4),
        _event(session, at + 7 * MINUTE, h=_h(people[CAPACITY]), seq=seq + 5),
        # Between these two there was one more.
        _event(session, at + 12 * MINUTE, EventKind.WALK_IN, h=nameless, seq=seq + 7),
        _heads(session, at + 15 * MINUTE, N_COMPANIONS, seq=seq + 8),
        _event(session, at + 20 * MINUTE, EventKind.WALK_IN, h=filled_in, seq=seq + 9),
        _slip(session, at + 22 * MINUTE, filled_in, seq=seq + 10),
        _event(session, session.ends_at, EventKind.CLOSE, how="button", seq=seq + 11),
    ]
    with clock.frozen(session.ends_at):
        await uploads.receive(ana, Upload(marks, timedelta(), last_seq=seq + 12, n_unsent=1))
    lost = await Device.filter(hub_id=ana.hub_id).exclude(revoked_at=None).order_by("created_at").first()
    if lost is not None:
        late = [_event(session, at + n * MINUTE, h=_h(one), seq=n) for n, one in enumerate(people[4:6], start=1)]
        await uploads.receive(lost, Upload(late, timedelta()))


async def _print(session: TrainingSession, leader: Actor) -> AttendanceSheet:
    with clock.frozen(session.starts_at - timedelta(hours=16)):
        return await sheets.print_sheet(session.id, n_blank=N_BLANK, columns=("community",), actor=leader)


# -- what a phone sends


def _h(registration: Registration) -> str:
    return registration.qr_hash[:CODE_HASH_LENGTH]


def _event(session: TrainingSession, at: datetime, kind: EventKind = EventKind.IN, **parts: Any) -> dict[str, Any]:
    made = {"id": str(tokens.uuid7()), "session": str(session.id), "kind": kind.value, "at": _ms(at), "page": "demo"}
    return made | {"how": "camera", "known": True, "app": "demo"} | parts


def _heads(session: TrainingSession, at: datetime, number: int, *, seq: int) -> dict[str, Any]:
    return _event(session, at, EventKind.HEADS, how="button", number=number, seq=seq)


def _slip(session: TrainingSession, at: datetime, card: str, *, seq: int) -> dict[str, Any]:
    answers = WALKED_IN | {"v": 1, "municipality": "9999", "consent": True, "consent_read_at": _ms(at)}
    key = tokens.uuid7()
    return _event(session, at, EventKind.SLIP, id=str(key), how="button", h=card, sealed=_sealed(answers, key), seq=seq)


def _sealed(answers: dict[str, Any], key: UUID) -> str:
    key_id, raw = SealedBox(keyring()).public()[0]
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.urlsafe_b64decode(raw + "="))
    mine = ec.generate_private_key(ec.SECP256R1())
    point = mine.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret = shared_key(mine.exchange(ec.ECDH(), theirs), point)
    box = AESGCM(secret).encrypt(ONE_USE, json.dumps(answers).encode(), f"slip|{key}".encode())
    return base64.urlsafe_b64encode(VERSION + key_id.encode() + point + box).rstrip(b"=").decode()


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
