"""What people are told is deleted, is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import make
from tests.attendance.doors import open_door, qr_of, scan, take
from tests.privacy.people import PHONE, minor, someone
from tests.registrations.wishes import wish
from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.audit.actor import VISITOR
from trainings.audit.models import AuditLine
from trainings.outbox.models import OutboxJob
from trainings.people.models import Guardian, Merge, MergeReason, Participant
from trainings.privacy import merging
from trainings.privacy.actions import Swept, sweep
from trainings.registrations.models import Registration, ReservedBlock
from trainings.registrations.seats.actions import sign_up
from trainings.schedule.models import TrainingSession, Unavailability
from trainings.settings import Settings

START = make.tomorrow_at(8, 30)
END = START + timedelta(hours=4)


async def rosa() -> Registration:
    """Signed up for a training that ends at END, with a phone, an address, and a need."""
    await make.make_municipality()
    training = await make.make_training(sessions=[(START, END)])
    person = wish(municipality="1705", phone="+50255551234", email="rosa@correo.example", needs=("interpreter",))
    made = await sign_up(training.id, person, actor=VISITOR)
    await OutboxJob.all().update(done_at=clock.now())
    registration = await Registration.get(id=made.registration_id).prefetch_related("participant")
    registration.participant.other_phone = "+50244441234"
    await registration.participant.save(update_fields=["other_phone"])
    return registration


@pytest.mark.both_engines
async def test_sweep_deletes_what_is_due_so_many_days_after_the_last_session(db: Settings) -> None:
    before = await rosa()

    for n_lines, (days, expected) in enumerate(
        [(6, Swept(0, 0, 0)), (8, Swept(1, 0, 0)), (31, Swept(0, 1, 0)), (366, Swept(0, 0, 1))]
    ):
        with clock.frozen(END + timedelta(days=days)):
            swept = await sweep()
            again = await sweep()

        assert (swept, again) == (expected, Swept(0, 0, 0))
        row = await Registration.get(id=before.id)
        person = await Participant.get(id=before.participant_id)
        assert (row.needs is None) is (days > 7)
        assert await OutboxJob.all().count() == int(days < 30)
        kept = days < 365
        contact = (person.phone, person.other_phone, person.email, person.phone_key, person.email_key)
        assert [one is not None for one in contact] == [kept] * 5
        assert person.full_name == "Rosa Amalia Coc Xol"
        assert await AuditLine.filter(act="privacy.sweep").count() == n_lines


async def test_sweep_keeps_the_contact_of_somebody_who_comes_again(db: Settings) -> None:
    first = await rosa()
    later = END + timedelta(days=300)
    training = await make.make_training(sessions=[(later, later + timedelta(hours=4))])
    again = wish(municipality="1705", phone="+50255551234", earlier_code=first.short_code)
    await sign_up(training.id, again, actor=VISITOR)

    with clock.frozen(END + timedelta(days=400)):
        swept = await sweep()

    assert swept.contacts == 0
    assert (await Participant.get(id=first.participant_id)).phone == "+50255551234"


async def test_sweep_goes_by_the_last_training_of_all_sign_ups_that_are_one_person(db: Settings) -> None:
    hub = await make.make_hub()
    actor = await actor_of(await make.make_user(hub=hub))
    later = END + timedelta(days=300)
    first = await make.make_training(hub=hub, sessions=[(START, END)], admits_minors=True)
    again = await make.make_training(hub=hub, sessions=[(later, later + timedelta(hours=4))], admits_minors=True)
    old, older, alone = [await someone(hub, name, first) for name in ("Rosa", "Rosita", "Rosa Ana")]
    new = await someone(hub, "Rosa Amalia", again)
    luz, lucia = [await minor(first, name) for name in ("Luz", "Lucía")]
    await Registration.filter(id=(await minor(again, "Lucía")).id).update(participant_id=lucia.participant_id)
    for kept, merged in ((older, old), (new, older), (lucia, luz)):
        await merging.merge(kept.participant_id, merged.participant_id, MergeReason.SAID_SO, actor=actor)

    async def kept_by(*people: Registration) -> list[bool]:
        rows = dict(await Participant.all().values_list("id", "phone_key"))
        return [rows[one.participant_id] is not None for one in people]

    with clock.frozen(END + timedelta(days=366)):
        await sweep()
        assert await kept_by(old, older, new, alone, luz, lucia) == [True, True, True, False, True, True]
        guardian = await Guardian.get(participant_id=luz.participant_id)
        assert guardian.phone == PHONE, "she came again as Lucía"
        await merging.undo((await Merge.get(kept_id=new.participant_id)).id, actor=actor)
        await sweep()
    assert await kept_by(old, older, new) == [False, False, True], "the two that are one person came to nothing lately"
    with clock.frozen(later + timedelta(days=366)):
        await sweep()
    assert await kept_by(new, luz, lucia) == [False] * 3
    assert await Guardian.exclude(phone=None).count() == 0


async def test_sweep_keeps_the_contact_of_who_came_again_with_the_ticket_of_before(sqlite_db: Settings) -> None:
    door, later = await open_door(), await open_door()
    await Participant.filter(id=door.ana.participant_id).update(phone_key="k")
    moment = door.ends_at + timedelta(days=300)
    await TrainingSession.filter(id=later.key).update(starts_at=moment, ends_at=moment + timedelta(hours=4))
    with clock.frozen(moment):
        await take(later, scan(qr_of(door.ana)))

    kept = []
    for days in (366, 300 + 366):
        with clock.frozen(door.ends_at + timedelta(days=days)):
            await sweep()
        kept.append((await Participant.get(id=door.ana.participant_id)).phone_key)

    assert kept == ["k", None]


async def test_sweep_keeps_messages_that_still_wait(db: Settings) -> None:
    await rosa()
    await OutboxJob.all().update(done_at=None)

    with clock.frozen(END + timedelta(days=100)):
        swept = await sweep()

    assert swept.messages == 0


async def test_sweep_deletes_the_contact_of_a_minors_guardian_and_keeps_who_permitted(db: Settings) -> None:
    training = await make.make_training(sessions=[(START, END)], admits_minors=True)
    luz = await minor(training, "Luz")

    for days, is_kept in ((364, True), (366, False)):
        with clock.frozen(END + timedelta(days=days)):
            swept = await sweep()

        guardian, person = await Guardian.get(), await Participant.get(id=luz.participant_id)
        assert (guardian.phone, guardian.name) == (PHONE if is_kept else None, "Marta Coc")
        assert (person.phone_key is not None) is is_kept
        assert swept.contacts == (0 if is_kept else 2)


@pytest.mark.both_engines
async def test_sweep_deletes_the_telephone_of_who_was_given_cards(db: Settings) -> None:
    training = await make.make_training(sessions=[(START, END)])
    await ReservedBlock.create(
        training=training,
        community="Las Pozas",
        holder="COCODE Las Pozas",
        phone=PHONE,
        token_hash="x",
        release_at=START,
    )

    for days, is_kept in ((364, True), (366, False)):
        with clock.frozen(END + timedelta(days=days)):
            await sweep()

        assert (await ReservedBlock.get()).phone == (PHONE if is_kept else None)


async def test_absence_is_deleted_a_week_after_it_is_over(sqlite_db: Settings) -> None:
    user = await make.make_user()
    over, coming = START + timedelta(hours=4), START + timedelta(days=30)
    await Unavailability.create(user_id=user.id, starts_at=START, ends_at=over)
    kept = await Unavailability.create(user_id=user.id, starts_at=START, ends_at=coming)
    swept = []

    for moment in (over + timedelta(days=7), over + timedelta(days=7, seconds=1)):
        with clock.frozen(moment):
            swept.append((await sweep()).absences)

    assert swept == [0, 1]
    assert [one.id for one in await Unavailability.all()] == [kept.id]
    assert (await AuditLine.get(act="privacy.sweep")).detail["absences"] == 1
