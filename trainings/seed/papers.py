from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from trainings import clock
from trainings.attendance import actions as attendance
from trainings.attendance.events import EventKind, FormEvent
from trainings.attendance.models import ScanHow
from trainings.audit.actor import PROGRAM
from trainings.certificates.ceremony import handover
from trainings.certificates.designs import brand
from trainings.certificates.designs.brand import clean
from trainings.certificates.issuing import actions, assessment, bulk, names
from trainings.certificates.issuing.actions import issue
from trainings.certificates.models import (
    Certificate,
    CertificateKind,
    CertificateState,
    ConfirmedHow,
    HandedOver,
    ImageRole,
    JobPurpose,
)
from trainings.certificates.trust import signing_keys
from trainings.lib import tokens
from trainings.people.actions import GuardianContact
from trainings.people.models import AgeGroup, Relation
from trainings.places.models import Hub
from trainings.registrations.models import Registration
from trainings.schedule.models import Course, Training, TrainingSession, TrainingState
from trainings.seed import families
from trainings.seed.world import World, issue_to_all

SHIELD = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 92">
<path fill="#14202b" d="M0 0h80v50c0 22-18 34-40 42C18 84 0 72 0 50z"/>
<path fill="#f7f5ee" d="M5 5h70v45c0 18-15 29-35 36C20 79 5 68 5 50z"/>
<path fill="#f7b32b" d="M40 14l6 12h12l-9 9 4 13-13-8-13 8 4-13-9-9h12z"/>
<path fill="#0b5a3c" d="M5 58c12-8 23-8 35 0s23 8 35 0c-4 13-17 22-35 28C22 80 9 71 5 58z"/></svg>"""
COOPERATIVE = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 60">
<circle cx="34" cy="30" r="24" fill="none" stroke="#0a5272" stroke-width="6"/>
<circle cx="60" cy="30" r="24" fill="none" stroke="#0b5a3c" stroke-width="6"/>
<circle cx="86" cy="30" r="24" fill="none" stroke="#f7b32b" stroke-width="6"/></svg>"""
PASS_MARK = 70
DAYS_SINCE_FAMILIES = 40
MARKS = (92, 78, 64)


async def build_papers(world: World) -> None:
    """Last of all: new papers have the letterhead, earlier papers none. Files are set when opened, and signed; only
    their key differs in each seed.
    """
    hub = world.hubs[0]
    await signing_keys.make_key(hub.operator_id, actor=PROGRAM)
    await _certify_minors(world)
    await brand.add_image(hub.operator_id, ImageRole.SHIELD, "Escudo de demostración", clean(SHIELD), actor=PROGRAM)
    await brand.add_image(
        hub.operator_id, ImageRole.PARTNER, "Cooperativa de demostración", clean(COOPERATIVE), actor=PROGRAM
    )
    newest, *earlier = await _with_diplomas(hub)
    await _hand_over(newest)
    await _annul_and_replace(await _diplomas(newest))
    if earlier:
        await _examine(earlier[0])
    await _note_hours(hub)
    await _prepare_what_runs(hub)


async def _with_diplomas(hub: Hub) -> list[Training]:
    """At least three people have their diploma; newest first."""
    found = Certificate.filter(hub_id=hub.id, state=CertificateState.VALID).order_by("-issued_at", "-id")
    keys = [key for (key,) in await found.values_list("registration__training_id")]
    trainings = {one.id: one for one in await Training.filter(id__in=keys)}
    return [trainings[key] for key in dict.fromkeys(keys) if keys.count(key) >= len(MARKS)]


async def _diplomas(training: Training) -> list[Certificate]:
    valid = Certificate.filter(registration__training_id=training.id, state=CertificateState.VALID)
    return await valid.order_by("number", "id")


async def _hand_over(training: Training) -> None:
    diplomas = await _diplomas(training)
    for one in diplomas[:2]:
        await names.confirm(one.registration_id, ConfirmedHow.DESK, actor=PROGRAM)
    await handover.hand_over(training.id, [one.id for one in diplomas[:-1]], HandedOver.LIST, actor=PROGRAM)


async def _annul_and_replace(diplomas: Sequence[Certificate]) -> None:
    await actions.reissue(diplomas[0].id, "El segundo apellido estaba mal escrito.", actor=PROGRAM)


async def _examine(training: Training) -> None:
    await Course.filter(id=training.course_id).update(pass_mark=PASS_MARK)
    await Training.filter(course_id=training.course_id).update(pass_mark=PASS_MARK)
    people = [one.registration_id for one in await _diplomas(training)]
    marks: dict[UUID, int | None] = dict(zip(people, MARKS, strict=False))
    await assessment.enter_marks(training.id, marks, actor=PROGRAM)
    for registration_id, mark in marks.items():
        if mark is not None and mark >= PASS_MARK:
            await issue(registration_id, CertificateKind.CERTIFICADO, actor=PROGRAM)


async def _note_hours(hub: Hub) -> None:
    came = Registration.filter(
        training__hub_id=hub.id, minutes_attended__gt=0, completed_at=None, training__sessions__ends_at__lt=clock.now()
    )
    for one in await came.order_by("-created_at", "id").distinct():
        training = await Training.get(id=one.training_id).prefetch_related("sessions")
        if all(session.closed_at is not None for session in training.sessions):
            await issue(one.id, CertificateKind.CONSTANCIA, actor=PROGRAM)
            return


async def _certify_minors(world: World) -> None:
    """A mother with her two: checking a minor's diploma tells only that the person is a minor."""
    training = await families.for_families(world, -DAYS_SINCE_FAMILIES)
    [session] = await TrainingSession.filter(training_id=training.id)
    with clock.frozen(session.starts_at - timedelta(days=2)):
        await families.ask(
            training,
            families.member(world, "Hortensia", "Choc Sub", phone="5555 0188"),
            families.member(world, "Abner", "Tiul Choc", age_group=AgeGroup.A14_17),
            families.member(world, "Keila", "Tiul Choc", age_group=AgeGroup.A12_13),
            guardian=GuardianContact("Hortensia Choc Sub", Relation.MADRE, "+50255550188"),
        )
    people = await Registration.filter(training_id=training.id).order_by("id")
    with clock.frozen(session.starts_at):
        came = [
            FormEvent(id=tokens.uuid7(), kind=EventKind.IN, how=ScanHow.LIST, session=session.id, registration=one.id)
            for one in people
        ]
        await attendance.take(session.id, came, actor=PROGRAM)
    with clock.frozen(session.ends_at):
        await attendance.close_session(session.id, actor=PROGRAM)
    with clock.frozen(session.ends_at + timedelta(hours=2)):
        await issue_to_all(training.id)


async def _prepare_what_runs(hub: Hub) -> None:
    running = Training.filter(hub_id=hub.id, state=TrainingState.PUBLISHED, sessions__starts_at__lte=clock.now())
    today = await running.filter(sessions__ends_at__gt=clock.now(), sessions__closed_at=None).first()
    if today is not None:
        await bulk.start(today.id, JobPurpose.PREPARE, actor=PROGRAM)
