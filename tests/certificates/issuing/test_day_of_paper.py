"""The day that a paper carries, and who signs it: of one prepared before the end, the day on which it becomes valid."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.certificates.desk import Freeze
from tests.certificates.held import printed
from tests.certificates.issuing.test_preparing import CLOSING, EVE, prepared
from trainings.accounts.queries import actor_of
from trainings.attendance import actions as attendance
from trainings.audit.actor import PROGRAM, Actor
from trainings.certificates.ceremony import register
from trainings.certificates.check.views import check_view
from trainings.certificates.designs.texts import CertificateSheet
from trainings.certificates.issuing import names, preparing
from trainings.certificates.issuing.actions import NoSignatory
from trainings.certificates.issuing.preparing import Outdated
from trainings.certificates.issuing.views import certificate_view
from trainings.certificates.making.files import file_of
from trainings.certificates.models import Certificate, CertificateState
from trainings.certificates.queries import public_check
from trainings.certificates.refusals import UnprintableText
from trainings.certificates.trust.badges import credential, facts_of
from trainings.certificates.trust.proofs import moment_text
from trainings.places.models import Operator, Signatory
from trainings.schedule.models import Training, TrainingSession
from trainings.settings import Settings

EVE_DAY, LAST_DAY, MOVED_TO = date(2027, 3, 4), date(2027, 3, 5), date(2028, 1, 5)


async def terms() -> None:
    """One signs until the eve, one on the last day alone, one from the day on to which the session is moved."""
    operator = await Operator.get(code="1705")
    await Signatory.filter(operator_id=operator.id).delete()
    for name, begins, ends in (
        ("Marta Chub", None, LAST_DAY - timedelta(days=1)),
        ("Otto Pop", LAST_DAY, LAST_DAY),
        ("Rosa Xol", MOVED_TO, None),
    ):
        await Signatory.create(
            operator_id=operator.id, name=name, office="Alcaldía", valid_from=begins, valid_until=ends, position=1
        )


async def terms_and_moved() -> None:
    await terms()
    session = await TrainingSession.all().order_by("-starts_at").first()
    assert session is not None
    session.starts_at += MOVED_TO - LAST_DAY
    session.ends_at += MOVED_TO - LAST_DAY
    await session.save(update_fields=["starts_at", "ends_at"])


async def test_prepared_before_the_end_then_made_out_on_the_day_on_which_it_becomes_valid(
    db: Settings, freeze: Freeze
) -> None:
    world = await prepared(freeze, before=terms)
    [ana, _beto] = await Certificate.all().order_by("number")

    face, _back = await printed(ana)
    checked = check_view(await public_check(ana.code))

    assert "a los cinco días del mes de marzo de dos mil veintisiete" in face
    assert ("Otto Pop" in face, "Marta Chub" in face, "Rosa Xol" in face) == (True, False, False)
    assert checked.issued == "5 de marzo de 2027"
    assert credential(facts_of(ana, "1705"))["awardedDate"] == "2027-03-05T06:00:00Z"
    [volume] = await register.volumes(await actor_of(world.cast.coordinator))
    lines, _n = await register.page_of(volume, await actor_of(world.cast.coordinator), number=1)
    assert {line.made_out_on for line in lines} == {LAST_DAY}

    await world.come(world.ana)
    freeze(CLOSING)
    await attendance.close_session(world.training.sessions[1].id, actor=PROGRAM)
    await preparing.validate(world.training.id)
    valid = await Certificate.get(state=CertificateState.VALID)
    assert check_view(await public_check(valid.code)).issued == "5 de marzo de 2027", "it says what its paper says"


async def test_session_moved_after_preparing_then_the_paper_is_among_the_changed_with_another_day_and_who_signs_then(
    db: Settings, freeze: Freeze
) -> None:
    world = await prepared(freeze, before=terms)
    for one in await Certificate.all():
        await file_of(one)
    await Certificate.all().update(printed_at=EVE)
    session = await TrainingSession.get(id=world.training.sessions[1].id)
    session.starts_at += MOVED_TO - LAST_DAY
    session.ends_at += MOVED_TO - LAST_DAY
    await session.save(update_fields=["starts_at", "ends_at"])
    freeze(EVE + timedelta(minutes=5))

    waiting = await preparing.waiting(world.training.id)
    assert [list(one.outdated) for one in waiting] == [[Outdated.DAYS]] * 2
    assert await preparing.correct_outdated(world.training.id, actor=PROGRAM) == 2

    found = await Certificate.all().order_by("number")
    assert (found[0].sheet["issued_on"], found[0].sheet["signatories"]) == ("2028-01-05", [["Rosa Xol", "Alcaldía"]])
    assert [(one.folio[-11:], one.revision, one.held_on) for one in found] == [
        ("2027-000001", 2, MOVED_TO),
        ("2027-000002", 2, MOVED_TO),
    ]
    assert await names.changed_among(found) == {one.id for one in found}
    assert all(not one.outdated for one in await preparing.waiting(world.training.id))


async def test_prepared_before_papers_carried_the_last_day_then_not_outdated_and_every_page_says_what_it_prints(
    db: Settings, freeze: Freeze
) -> None:
    world = await prepared(freeze, before=terms)
    for one in await Certificate.all():
        one.sheet = {**one.sheet, "issued_on": "2027-03-04"}
        await one.save(update_fields=["sheet"])
    [ana, _beto] = await Certificate.all().order_by("number")

    assert [list(one.outdated) for one in await preparing.waiting(world.training.id)] == [[], []]
    assert check_view(await public_check(ana.code)).issued == "4 de marzo de 2027"
    assert certificate_view(ana).made_out_on == EVE_DAY
    assert credential(facts_of(ana, "1705"))["awardedDate"] == moment_text(ana.issued_at)
    coordinator = await actor_of(world.cast.coordinator)
    [volume] = await register.volumes(coordinator)
    lines, _n = await register.page_of(volume, coordinator, number=1)
    assert {line.made_out_on for line in lines} == {EVE_DAY}

    await world.come(world.ana)
    freeze(CLOSING)
    await attendance.close_session(world.training.sessions[1].id, actor=PROGRAM)
    await preparing.validate(world.training.id)
    assert (await world.states())["Ana"] is CertificateState.VALID


async def test_title_alone_corrected_when_nobody_signs_any_more_then_set_anew_with_who_signed_it(
    db: Settings, freeze: Freeze
) -> None:
    world = await prepared(freeze, before=terms)
    await Signatory.all().delete()
    await Training.filter(id=world.training.id).update(title="Sus derechos")

    assert await preparing.correct_outdated(world.training.id, actor=PROGRAM) == 2

    assert {(one.title, one.sheet["signatories"][0][0]) for one in await Certificate.all()} == {
        ("Sus derechos", "Otto Pop")
    }


async def test_title_corrected_when_it_is_cut_short_then_pressed_again_it_goes_on(
    db: Settings, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await prepared(freeze, before=terms)
    await Training.filter(id=world.training.id).update(title="Sus derechos")
    set_anew, n_set = names.set_anew, 0

    async def cut_short(certificate: Certificate, sheet: CertificateSheet, *, actor: Actor) -> None:
        nonlocal n_set
        n_set += 1
        if n_set == 2:
            raise ConnectionError
        await set_anew(certificate, sheet, actor=actor)

    monkeypatch.setattr(preparing, "CORRECTED_AT_ONCE", 1)
    monkeypatch.setattr(names, "set_anew", cut_short)

    with pytest.raises(ConnectionError):
        await preparing.correct_outdated(world.training.id, actor=PROGRAM)
    assert [one.revision for one in await Certificate.all().order_by("number")] == [2, 1]
    assert await preparing.correct_outdated(world.training.id, actor=PROGRAM) == 1
    assert [one.revision for one in await Certificate.all().order_by("number")] == [2, 2]


async def test_title_with_a_letter_that_cannot_be_printed_then_refused_and_all_stays(
    db: Settings, freeze: Freeze
) -> None:
    world = await prepared(freeze, before=terms)
    await Training.filter(id=world.training.id).update(title="Sus derechos 🌸")

    with pytest.raises(UnprintableText):
        await preparing.correct_outdated(world.training.id, actor=PROGRAM)

    assert {one.revision for one in await Certificate.all()} == {1}


async def test_prepared_in_the_year_before_the_last_session_then_of_the_series_of_the_year_that_the_paper_says(
    db: Settings, freeze: Freeze
) -> None:
    await prepared(freeze, before=terms_and_moved)

    assert {one.folio[-11:] for one in await Certificate.all()} == {"2028-000001", "2028-000002"}


async def only_the_eve() -> None:
    await terms()
    await Signatory.exclude(name="Marta Chub").delete()


async def test_nobody_signs_on_the_last_day_then_refused_and_no_folio_taken(db: Settings, freeze: Freeze) -> None:
    with pytest.raises(NoSignatory):
        await prepared(freeze, before=only_the_eve)

    assert not await Certificate.exists()
