"""An age band that was written down wrong: the desk corrects it; who is a minor or an adult stays what they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.registrations.families import make_family
from tests.registrations.forms import errors_of
from tests.web.pages import Page
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.people.consents import PermissionGone
from trainings.people.models import AgeGroup, Consent, ConsentPurpose, Guardian, Participant
from trainings.registrations.models import Registration
from trainings.registrations.own.answers import AgeNotTaken, correct_age
from trainings.schedule.models import TrainingSession

ACT = "registrations.correct_age"


async def adult(cast: Cast, age_group: AgeGroup | None = None) -> Registration:
    rosa = await make.make_registration(await make.make_training(hub=cast.hub, admits_minors=True))
    await Participant.filter(id=rosa.participant_id).update(age_group=age_group)
    return rosa


async def child(cast: Cast, **columns: Any) -> Registration:
    """Luz of fifteen, who comes with her mother."""
    training = await make.make_training(hub=cast.hub, admits_minors=True, **columns)
    _ana, luz = await make_family(training, "Ana", children=["Luz"], phone="+50255551234")
    return luz


def path_of(registration: Registration) -> str:
    return f"/panel/inscripciones/{registration.id}"


async def age_of(registration: Registration) -> str | None:
    return (await Participant.get(id=registration.participant_id)).age_group


async def test_adult_s_age_is_corrected_and_the_log_says_from_which_to_which(desk: AsyncClient, cast: Cast) -> None:
    """To another, to none, and to the one that is told later."""
    rosa = await adult(cast, AgeGroup.A18_24)
    assert (await desk.post(f"{path_of(rosa)}/datos", data={"age_group": "18-24"})).status_code == 303
    assert not await AuditLine.exists(act=ACT), "it is the same"

    for old, new in (("18-24", "35-59"), ("35-59", ""), ("", "60+")):
        done = await desk.post(f"{path_of(rosa)}/datos", data={"age_group": new})

        assert done.headers["location"] == path_of(rosa)
        page = Page((await desk.get(path_of(rosa))).text)
        assert "Listo. Los datos quedaron corregidos." in page.text
        assert await age_of(rosa) == (new or None)
        [line, *_before] = await AuditLine.filter(act=ACT).order_by("-id")
        assert (line.actor_id, line.object_id, line.hub_id) == (cast.assistant.id, rosa.id, cast.hub.id)
        assert line.detail == {"old": old, "new": new}


async def test_adult_becomes_no_minor_and_staff_read_that_a_guardian_is_needed(desk: AsyncClient, cast: Cast) -> None:
    rosa, new = await adult(cast, AgeGroup.A18_24), "14-17"

    answer = await desk.post(f"{path_of(rosa)}/datos", data={"age_group": new})

    page = Page(answer.text)
    assert answer.status_code == 409
    assert "hace falta el permiso de su madre, padre o persona encargada" in errors_of(page)["age_group"]
    chosen = Page(answer.text.partition('<select id="age_group"')[2].partition("</select>")[0])
    assert [one["value"] for one in chosen.all("option") if "selected" in one] == [new]
    assert page.one("a", href=f"/panel/capacitaciones/{rosa.training_id}/inscribir")
    assert await age_of(rosa) == "18-24"
    assert not await AuditLine.exists(act=ACT)


async def test_minor_becomes_no_adult_and_staff_read_whose_permission_is_needed(desk: AsyncClient, cast: Cast) -> None:
    luz = await child(cast)

    for new in ("18-24", ""):
        answer = await desk.post(f"{path_of(luz)}/datos", data={"age_group": new})
        assert answer.status_code == 409, new
        assert "inscríbale de nuevo con su propio permiso" in errors_of(Page(answer.text))["age_group"]
    assert await age_of(luz) == "14-17"
    assert await Guardian.exists(participant_id=luz.participant_id)


async def test_training_over_then_no_other_sign_up_is_asked_for(
    desk: AsyncClient, cast: Cast, freeze: Callable[..., None]
) -> None:
    rosa, luz = await adult(cast, AgeGroup.A18_24), await child(cast)
    freeze((await TrainingSession.get(training_id=luz.training_id)).ends_at + timedelta(hours=1))
    await make.sign_in(desk, cast.assistant)

    of_adult = await desk.post(f"{path_of(rosa)}/datos", data={"age_group": "14-17"})
    of_minor = await desk.post(f"{path_of(luz)}/datos", data={"age_group": "18-24"})

    assert [one.status_code for one in (of_adult, of_minor)] == [409, 409]
    assert "borre sus datos al final de esta página" in errors_of(Page(of_adult.text))["age_group"]
    assert "la próxima vez inscríbale con su propio permiso" in errors_of(Page(of_minor.text))["age_group"]
    for one in (of_adult, of_minor):
        assert "/inscribir" not in one.text.replace("guia/inscribir", "")
    assert [await age_of(one) for one in (rosa, luz)] == ["18-24", "14-17"]


async def test_minor_s_age_is_corrected_where_the_training_takes_it(desk: AsyncClient, cast: Cast) -> None:
    luz, elder = await child(cast), await child(cast, minimum_age=14)

    done = await desk.post(f"{path_of(luz)}/datos", data={"age_group": "12-13"})
    refused = await desk.post(f"{path_of(elder)}/datos", data={"age_group": "12-13"})

    assert (done.status_code, refused.status_code) == (303, 409)
    assert "no recibe a personas de esa edad" in errors_of(Page(refused.text))["age_group"]
    assert [await age_of(one) for one in (luz, elder)] == ["12-13", "14-17"]


async def test_minor_who_is_too_young_for_another_training_is_corrected_once_that_is_over(
    cast: Cast, freeze: Callable[..., None]
) -> None:
    luz = await child(cast)
    elders = await child(cast, minimum_age=14)
    await Registration.filter(id=elders.id).update(participant_id=luz.participant_id)

    with pytest.raises(AgeNotTaken):
        await correct_age(luz.id, AgeGroup.A12_13, actor=PROGRAM)
    freeze((await TrainingSession.get(training_id=elders.training_id)).ends_at + timedelta(hours=1))
    await correct_age(luz.id, AgeGroup.A12_13, actor=PROGRAM)

    assert await age_of(luz) == "12-13"


async def test_age_of_who_took_back_the_permission_is_left_alone(desk: AsyncClient, cast: Cast) -> None:
    rosa = await adult(cast, AgeGroup.A18_24)
    await Consent.filter(participant_id=rosa.participant_id, purpose=ConsentPurpose.DATA).update(
        withdrawn_at=rosa.created_at
    )

    answer = await desk.post(f"{path_of(rosa)}/datos", data={"age_group": "60+"})

    with pytest.raises(PermissionGone):
        await correct_age(rosa.id, AgeGroup.A60, actor=PROGRAM)
    assert answer.status_code == 409
    assert "Se retiró el permiso de guardar estos datos" in Page(answer.text).text
    assert await age_of(rosa) == "18-24"


async def test_adult_who_is_too_young_for_the_training_is_not_to_be_signed_up_for_it_anew(
    desk: AsyncClient, cast: Cast
) -> None:
    of_adults: dict[str, Any] = {"hub": cast.hub, "title": "Cuentas claras"}
    for columns in (of_adults, of_adults | {"admits_minors": True, "minimum_age": 14}):
        rosa = await make.make_registration(await make.make_training(**columns))

        answer = await desk.post(f"{path_of(rosa)}/datos", data={"age_group": "12-13"})

        assert answer.status_code == 409
        said = errors_of(Page(answer.text))["age_group"]
        assert said == (
            "«Cuentas claras» no recibe a personas de esa edad. Revise la edad; si es así, cancele esa inscripción."
        )
        assert "/inscribir" not in answer.text.replace("guia/inscribir", ""), "the form there would refuse them"
        assert await age_of(rosa) is None


async def test_minor_s_age_is_corrected_where_what_they_are_too_young_for_is_called_off(
    desk: AsyncClient, cast: Cast
) -> None:
    elder = await child(cast, minimum_age=14)
    await rescheduling.call_off(elder.training_id, "No hay paso.", actor=PROGRAM)

    done = await desk.post(f"{path_of(elder)}/datos", data={"age_group": "12-13"})

    assert done.status_code == 303, "nobody can cancel a registration of what is called off"
    assert await age_of(elder) == "12-13"


async def test_staff_are_told_nothing_of_a_minor_s_registrations_at_other_hubs(desk: AsyncClient, cast: Cast) -> None:
    luz = await child(cast)
    elsewhere = await make.make_training(hub=cast.elsewhere, title="En otro lado", admits_minors=True, minimum_age=14)
    _ana, there = await make_family(elsewhere, "Ana", children=["Luz"], phone="+50255551234")
    await Registration.filter(id=there.id).update(participant_id=luz.participant_id)

    answer = await desk.post(f"{path_of(luz)}/datos", data={"age_group": "12-13"})

    assert "En otro lado" not in answer.text
    assert answer.status_code == 303
    assert await age_of(luz) == "12-13"
