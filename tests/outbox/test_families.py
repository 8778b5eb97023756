"""What one address is told about several people: once, of all of them, with the link that shows them all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from icalendar import Calendar

from tests import make
from tests.outbox.told import (
    FOUR_HOURS,
    FRIDAY,
    SATURDAY,
    Freeze,
    a_training,
    everything,
    last_job,
    last_mail,
    tell,
    token_of,
)
from tests.registrations.families import group_token, make_family, people_of
from trainings import clock, jobs
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.lib.tokens import show_short_code
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob, Outcome
from trainings.people.actions import GuardianContact
from trainings.people.models import Guardian, Relation
from trainings.registrations.models import OwnLink, Registration, Source
from trainings.registrations.own.group_actions import rejoin_group, rejoin_member
from trainings.registrations.seats import actions
from trainings.schedule.models import Training
from trainings.settings import Settings

ROSA = "rosa@x.example"


@pytest.fixture(autouse=True)
def _on_friday(freeze: Freeze) -> None:
    freeze(FRIDAY)


def calendar_of(mail: Mail) -> list[tuple[str, str]]:
    """(method, UID) of what the message puts into the reader's calendar."""
    if mail.invitation is None:
        return []
    read = Calendar.from_ical(mail.invitation.content)
    return [(str(read["METHOD"]), str(event["UID"])) for event in read.walk("VEVENT")]


async def a_family(training: Training | None = None, **how: object) -> list[Registration]:
    """Rosa, Diego and Ana, of whom Ana is 15."""
    training = training or await a_training(admits_minors=True)
    how = {"children": ["Ana"], "email": ROSA} | how
    return await make_family(training, "Rosa", "Diego", **how)  # type: ignore[arg-type]  # as `make_family` takes them


async def sent(kind: str) -> Mail:
    """The last message of this kind, sent."""
    mail = await last_mail(kind)
    await OutboxJob.filter(id=(await last_job(kind)).id).update(done_at=clock.now(), outcome=Outcome.SENT)
    return mail


# -- one message for all


async def test_family_is_told_once_of_all_with_the_link_of_all(db: Settings) -> None:
    people = await a_family()

    mail = await last_mail("registration_confirmed")

    assert await OutboxJob.filter(kind="registration_confirmed").count() == 1
    assert (mail.to, mail.is_overtaken) == (ROSA, False)
    assert mail.subject == "Las 3 inscripciones están confirmadas: sábado 6 de marzo, 8:30 a. m."
    assert "A nombre de: R. C. X., D. C. X. y A. C. X." in mail.text
    for one in people:
        assert show_short_code(one.short_code) in mail.text
        assert show_short_code(one.short_code) in mail.html
    assert f"/i/{await group_token(people[0])}" in mail.text
    assert "Ver los boletos" in mail.html
    for adult in people[:2]:
        assert await token_of(adult) not in mail.text + mail.html
    assert len(calendar_of(mail)) == 1


async def test_names_that_staff_heard_are_told_and_those_that_anybody_typed_are_not(db: Settings) -> None:
    await a_family()
    assert "Rosa" not in everything(await last_mail("registration_confirmed")).replace(ROSA, "")

    await a_family(email="otra@x.example", source=Source.DESK)

    assert "A nombre de: Rosa, Diego y Ana" in (await last_mail("registration_confirmed")).text


async def test_approval_of_each_is_one_message_of_all(db: Settings) -> None:
    people = await a_family(await a_training(admits_minors=True, approval_required=True))
    assert "Todavía no hay lugar para las 3 personas." in (await last_mail("registration_held")).text

    await actions.approve(people[0].group_id, actor=PROGRAM)

    jobs_ = await OutboxJob.filter(kind="registration_confirmed").order_by("id")
    mails = [await jobs.COMPOSERS[job.kind](job) for job in jobs_]
    living = [mail for mail in mails if mail is not None and not mail.is_overtaken]
    assert [mail.subject[:39] for mail in living] == ["Las 3 inscripciones están confirmadas: "]


async def test_guardian_of_a_child_is_written_to_and_the_child_never(db: Settings) -> None:
    training = await a_training(admits_minors=True)
    mother = GuardianContact("Marta Coc", Relation.MADRE, email="marta@x.example")
    [child] = await make_family(training, children=["Ana"], guardian=mother)

    mail = await last_mail("registration_confirmed")

    assert child.participant.email is None
    assert mail.to == "marta@x.example"
    assert f"/i/{await group_token(child)}" in mail.text
    assert calendar_of(mail)[0][0] == "REQUEST"
    await Guardian.filter(participant_id=child.participant_id).update(withdrawn_at=clock.now())
    job = await last_job("registration_confirmed")
    assert await jobs.COMPOSERS[job.kind](job) is None


# -- who is apart


@pytest.mark.parametrize("how", ["claimed", "detached"])
async def test_adult_who_is_apart_is_not_told_of_to_the_others_and_has_their_own_link(
    sqlite_db: Settings, how: str
) -> None:
    rosa, diego, _ana = await a_family()
    if how == "claimed":
        await OwnLink.filter(registration_id=diego.id).update(claimed_at=clock.now())
    else:
        await actions.detach(diego.id, phone=None, email="diego@example.org", actor=PROGRAM)

    to_rosa, to_diego = await tell(rosa, "training_changed"), await tell(diego, "training_changed")

    assert "A nombre de: R. C. X. y A. C. X." in to_rosa.text
    assert await group_token(rosa) in to_rosa.text
    assert "A nombre de: D. C. X.\n" in to_diego.text
    assert await token_of(diego) in to_diego.text
    assert await group_token(rosa) not in to_diego.text + to_diego.html


async def test_message_about_one_of_a_family_has_that_ones_link(db: Settings) -> None:
    _rosa, diego, ana = await a_family()

    to_diego, to_ana = await tell(diego, "own_link_again"), await tell(ana, "own_link_again")

    assert await token_of(diego) in to_diego.text
    assert await group_token(ana) in to_ana.text, "a child has no link of their own"


# -- when some of them leave


async def test_who_leaves_alone_is_named_alone_and_the_calendar_keeps_the_day(db: Settings, freeze: Freeze) -> None:
    _rosa, diego, _ana = await a_family()
    await sent("registration_confirmed")
    freeze(FRIDAY + timedelta(minutes=5))

    await actions.cancel(diego.id, actor=HOLDER_OF_LINK)

    mail = await last_mail("registration_cancelled")
    assert mail.subject.startswith("Su inscripción está cancelada")
    assert "A nombre de: D. C. X.\n" in mail.text
    assert calendar_of(mail) == []


async def test_last_who_leaves_takes_the_entry_out_that_came_with_the_first_message(
    db: Settings, freeze: Freeze
) -> None:
    rosa, diego, ana = await a_family()
    [(_method, uid)] = calendar_of(await sent("registration_confirmed"))
    left = []
    for minutes, one in enumerate((rosa, ana, diego), start=1):
        freeze(FRIDAY + timedelta(minutes=minutes))
        await actions.cancel(one.id, actor=HOLDER_OF_LINK)
        left.append(calendar_of(await sent("registration_cancelled")))

    assert left == [[], [], [("CANCEL", uid)]]


async def test_all_who_leave_together_are_told_together_and_come_back_with_a_new_entry(
    db: Settings, freeze: Freeze
) -> None:
    rosa, *_others = await a_family()
    [(_method, uid)] = calendar_of(await sent("registration_confirmed"))
    freeze(FRIDAY + timedelta(minutes=1))
    await actions.cancel_group(rosa.group_id, actor=HOLDER_OF_LINK)

    mail = await sent("registration_cancelled")

    assert await OutboxJob.filter(kind="registration_cancelled").count() == 1
    assert mail.subject.startswith("Las 3 inscripciones están canceladas")
    assert calendar_of(mail) == [("CANCEL", uid)]
    freeze(FRIDAY + timedelta(minutes=2))
    await rejoin_group(rosa.group_id, actor=HOLDER_OF_LINK)
    [(method, again)] = calendar_of(await sent("registration_confirmed"))
    assert (method, again != uid) == ("REQUEST", True)


async def test_one_who_comes_back_to_the_others_keeps_their_entry(db: Settings, freeze: Freeze) -> None:
    _rosa, diego, _ana = await a_family()
    before = calendar_of(await sent("registration_confirmed"))
    freeze(FRIDAY + timedelta(minutes=1))
    await actions.cancel(diego.id, actor=HOLDER_OF_LINK)
    await sent("registration_cancelled")
    freeze(FRIDAY + timedelta(minutes=2))

    await rejoin_member(diego.id, actor=HOLDER_OF_LINK)

    assert calendar_of(await last_mail("registration_confirmed")) == before


async def test_others_are_told_though_the_one_written_to_has_left_meanwhile(db: Settings, freeze: Freeze) -> None:
    rosa, _diego, _ana = await a_family()
    await tell(rosa, "training_changed")
    freeze(FRIDAY + timedelta(minutes=1))
    await actions.cancel(rosa.id, actor=HOLDER_OF_LINK)

    mail = await last_mail("training_changed")

    assert (mail.to, mail.is_overtaken) == (ROSA, False)
    assert "A nombre de: D. C. X. y A. C. X." in mail.text
    assert calendar_of(mail)[0][0] == "REQUEST"


# -- the waiting list


async def a_waiting_family() -> list[Registration]:
    training = await a_training(capacity=1, admits_minors=True, offer_hours=12)
    await make.make_registration(training, given_names="Otra")
    return await a_family(training)


async def test_family_on_the_list_is_told_that_it_will_be_asked(db: Settings) -> None:
    await a_waiting_family()

    mail = await last_mail("registration_waitlisted")

    assert mail.subject.startswith("Las 3 personas están en la lista de espera")
    assert "entonces usted dice si vienen" in mail.text
    assert "Códigos cortos" not in mail.text
    assert calendar_of(mail) == []


async def test_offer_says_until_when_to_answer_and_invites_to_nothing_yet(db: Settings) -> None:
    people = await a_waiting_family()
    await actions.resize(people[0].training_id, 4, 0, actor=PROGRAM)

    mail = await last_mail("registration_offered")

    assert (mail.to, mail.is_overtaken) == (ROSA, False)
    assert mail.subject == "Les guardamos 3 lugares: sábado 6 de marzo, 8:30 a. m."
    assert "Diga sí antes del viernes 5 de marzo, 8:30 p. m. El plazo corre desde que recibe este mensaje." in mail.text
    assert "Decir sí o no:\n" in mail.text
    assert await group_token(people[0]) in mail.text
    assert calendar_of(mail) == []
    assert not any(show_short_code(one.short_code) in mail.text for one in await people_of(people[0].group_id))


async def test_offer_that_ends_with_the_session_says_so(db: Settings, freeze: Freeze) -> None:
    people = await a_waiting_family()
    freeze(SATURDAY - timedelta(hours=2))
    await actions.resize(people[0].training_id, 4, 0, actor=PROGRAM)

    assert "Diga sí antes del sábado 6 de marzo, 8:30 a. m." in (await last_mail("registration_offered")).text
    freeze(SATURDAY + FOUR_HOURS)
    assert (await last_mail("registration_offered")).is_overtaken
