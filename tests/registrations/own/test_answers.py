"""What is only for oneself behind an own link: support, optional answers, all that is kept, permissions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from httpx2 import AsyncClient

from tests import make
from tests.privacy.asked import NOW, coming_training, work
from tests.registrations.families import group_token, make_family
from tests.registrations.wishes import link_of, state_of
from tests.web.pages import Page
from trainings import clock
from trainings.audit.models import AuditLine
from trainings.people.models import Consent, ConsentPurpose, Merge, MergeReason, Participant
from trainings.registrations.models import Registration
from trainings.registrations.own.erasures import WAIT
from trainings.registrations.queries import LINK_DAYS
from trainings.settings import Settings

Freeze = Callable[[datetime], None]

ANSWERS = {
    "actor_type": "salud",
    "sex": "mujer",
    "age_group": "25-34",
    "language": "kek",
    "pueblo": "maya",
    "community": "Las Pozas",
    "organization": "Mujeres del Río",
    "public_official": "false",
}


NOT_SAID = ("sex", "pueblo", "age_group", "public_official")
"""Questions among whose answers is that one prefers not to say; of a language it is `und`."""


async def person_of(registration: Registration) -> Participant:
    return await Participant.get(id=registration.participant_id)


def answered(person: Participant) -> dict[str, object]:
    return {name: getattr(person, name) for name in ANSWERS}


# -- support


async def test_what_the_hub_answered_to_each_need_is_told_in_words(client: AsyncClient) -> None:
    ana = await make.make_registration(await make.make_training())
    ana.needs = "food=arranged,interpreter,ramp=impossible"
    await ana.save(update_fields=["needs"])
    base = await link_of(ana)

    page = Page((await client.get(base)).text)

    for words in (
        "Alimentación especial: ya está arreglado.",
        "Intérprete: pedido. La ventanilla le dirá aquí si se puede.",
        "Entrada sin gradas: esta vez no se puede.",
    ):
        assert words in page.text
    await client.post(f"{base}/apoyo", data={"needs": ["food", "interpreter"]})
    assert (await Registration.get(id=ana.id)).needs == "food=arranged,interpreter"


async def test_guardian_sees_and_changes_the_support_of_a_minor(client: AsyncClient) -> None:
    training = await make.make_training(admits_minors=True)
    [ana, cata] = await make_family(training, "Ana", children=["Cata"])
    cata.needs = "ramp=arranged"
    await cata.save(update_fields=["needs"])
    member = f"/i/{await group_token(ana)}/{cata.id}"

    page = Page((await client.get(f"{member}/cambiar")).text)
    answer = await client.post(f"{member}/apoyo", data={"needs": ["ramp", "food"]})
    wrong = await client.post(f"{member}/apoyo", data={"needs": "piscina"})

    assert "Entrada sin gradas: ya está arreglado." in page.text
    assert answer.headers["location"] == f"{member}/cambiar"
    assert (await Registration.get(id=cata.id)).needs == "food,ramp=arranged"
    assert wrong.status_code == 422
    assert "Escoja una de las opciones." in wrong.text


# -- answers


async def test_optional_questions_start_unanswered_say_why_and_are_kept(client: AsyncClient) -> None:
    ana = await make.make_registration(await make.make_training(), actor_type=None)
    base = await link_of(ana)
    assert f'href="{base}/datos#preguntas"' in (await client.get(base)).text
    page = Page((await client.get(f"{base}/datos")).text)
    rather_not = [option["value"] for option in page.all("option") if option["value"] in ("nd", "und")]
    chosen = [option["value"] for option in page.all("option") if "selected" in option]

    answer, _again = [await client.post(f"{base}/datos", data=ANSWERS) for _press in range(2)]

    assert chosen == []
    assert sorted(rather_not, key=str) == ["nd"] * len(NOT_SAID) + ["und"]
    assert [page.one("select", name=name).get("aria-describedby") for name in ("sex", "pueblo")] == [
        "sex-h",
        "pueblo-h",
    ]
    assert answer.headers["location"] == base
    person = await person_of(ana)
    assert answered(person) == ANSWERS | {"public_official": False}
    assert person.search_text.endswith(" las pozas"), "staff find it"
    again = Page((await client.get(f"{base}/datos")).text)
    assert {option["value"] for option in again.all("option") if "selected" in option} == {
        *("salud", "mujer", "25-34", "kek", "maya", "false")
    }
    assert f'href="{base}/datos#preguntas"' not in (await client.get(base)).text
    [line] = await AuditLine.filter(act="registrations.answer")
    assert (line.object_id, line.actor_role) == (ana.id, "holder")
    assert line.detail == {"questions": sorted(ANSWERS)}


async def test_answer_that_let_somebody_in_is_shown_and_not_changed(client: AsyncClient) -> None:
    ana = await make.make_registration(await make.make_training(audience=("docente",)), actor_type="docente")
    base = await link_of(ana)

    page = Page((await client.get(f"{base}/datos")).text)
    await client.post(f"{base}/datos", data=ANSWERS)

    assert "Docente" in page.text
    assert not page.all("select", name="actor_type")
    assert (await person_of(ana)).actor_type == "docente"


async def test_answers_can_be_taken_back_and_not_saying_is_an_answer(client: AsyncClient) -> None:
    ana = await make.make_registration(await make.make_training())
    base = await link_of(ana)
    await client.post(f"{base}/datos", data=ANSWERS)

    await client.post(f"{base}/datos", data={"language": "und", **dict.fromkeys(NOT_SAID, "nd")})
    assert answered(await person_of(ana)) == {
        "actor_type": None,
        "sex": "nd",
        "age_group": None,
        "language": "und",
        "pueblo": "nd",
        "community": "",
        "organization": "",
        "public_official": None,
    }
    await client.post(f"{base}/datos", data={})

    empty = {"sex": None, "language": None, "pueblo": None}
    assert {name: value for name, value in answered(await person_of(ana)).items() if name in empty} == empty


WRONG: list[tuple[str, str]] = [
    ("sex", "x"),
    ("age_group", "14-17"),
    ("age_group", "99"),
    ("language", "xx"),
    ("pueblo", "x"),
    ("sex", "a\x00b"),
]


async def test_wrong_answer_is_told_at_its_field_and_nothing_is_kept(client: AsyncClient) -> None:
    ana = await make.make_registration(await make.make_training())

    for field, value in WRONG:
        answer = await client.post(f"{await link_of(ana)}/datos", data=ANSWERS | {field: value})

        assert answer.status_code == 422, (field, value)
        assert Page(answer.text).one("select", name=field)["aria-invalid"] == "true"
        assert (await person_of(ana)).organization == "", (field, value)


async def test_guardian_answers_for_a_minor_whose_age_stays(client: AsyncClient) -> None:
    training = await make.make_training(admits_minors=True)
    [ana, cata] = await make_family(training, "Ana", children=["Cata"])
    member = f"/i/{await group_token(ana)}/{cata.id}"
    page = Page((await client.get(f"{member}/datos")).text)

    answer = await client.post(f"{member}/datos", data=ANSWERS)

    assert not page.all("select", name="age_group")
    assert not page.all("select", name="public_official")
    assert answer.headers["location"] == f"{member}/cambiar"
    person = await person_of(cata)
    assert (person.sex, person.pueblo, person.age_group) == ("mujer", "maya", "14-17")
    assert (person.organization, person.public_official) == ("", None)


async def test_own_data_and_history_stay_open_after_thirty_days(client: AsyncClient, freeze: Freeze) -> None:
    training = await make.make_training()
    ana = await make.make_registration(training, phone="5555 1234")
    base = await link_of(ana)
    freeze(training.sessions[0].ends_at + LINK_DAYS + timedelta(seconds=1))

    page = Page((await client.get(f"{base}/datos")).text)
    answer = await client.post(f"{base}/datos", data={"sex": "mujer"})

    assert "5555\xa01234" in page.text or "5555 1234" in page.text
    assert answer.status_code == 303
    assert (await person_of(ana)).sex == "mujer"


async def test_history_is_that_of_the_very_same_participant_only(client: AsyncClient) -> None:
    ana = await make.make_registration(await make.make_training(title="Esta"), given_names="Ana")
    mine = await make.make_registration(await make.make_training(title="Mía", neutral_title="Reunión"))
    merged = await make.make_registration(await make.make_training(title="Unida"), given_names="Anna")
    stranger = await make.make_registration(await make.make_training(title="Ajena"), given_names="Ana")
    await Registration.filter(id=mine.id).update(participant_id=ana.participant_id, completed_at=clock.now())
    await Participant.filter(id=merged.participant_id).update(merged_into_id=ana.participant_id)
    await Merge.create(
        kept_id=ana.participant_id,
        merged_id=merged.participant_id,
        reason=MergeReason.SAID_SO,
        merged_by_id=(await make.make_user()).id,
    )

    page = Page((await client.get(f"{await link_of(ana)}/datos")).text)

    assert "Reunión" in page.text
    assert "Completada." in page.text
    for other in ("Ajena", "Mía", "Unida"):
        assert other not in page.text
    assert stranger.short_code not in page.source


async def test_link_of_a_look_alike_opens_nothing_of_whom_staff_merged_it_with(
    client: AsyncClient, settings: Settings, freeze: Freeze
) -> None:
    freeze(NOW)
    training = await coming_training(title="La de Rosa")
    about: dict[str, Any] = {"given_names": "Rosa", "phone": "5555 1234", "purposes": frozenset(ConsentPurpose)}
    rosa = await make.make_registration(training, **about)
    before = await make.make_registration(await make.make_training(title="Otra de Rosa"), **about)
    curious = await make.make_registration(training, given_names="Rosa", phone="5555 1234")
    for one in (before, curious):
        await Participant.filter(id=one.participant_id).update(merged_into_id=rosa.participant_id)
        await Merge.create(
            kept_id=rosa.participant_id,
            merged_id=one.participant_id,
            reason=MergeReason.SAME_CONTACT,
            merged_by_id=(await make.make_user()).id,
        )
    base = await link_of(curious)

    shown = [await client.get(base + path) for path in ("", "/datos", "/permisos", "/permisos/data")]
    assert (await client.get(f"{base}/permisos/photo")).status_code == 303, "nothing of Rosa's stands here"
    await client.post(f"{base}/permisos/data")
    freeze(clock.now() + WAIT)
    await work(settings)

    assert [answer.status_code for answer in shown] == [200] * 4
    assert [one for one in shown if "Otra de Rosa" in one.text or "Sí, pueden tomarme fotos" in one.text] == []
    assert [await state_of(one) for one in (rosa, before, curious)] == ["confirmed", "confirmed", "cancelled"]
    assert (
        await Consent.filter(participant_id__in=[rosa.participant_id, before.participant_id], withdrawn_at=None).count()
        == 6
    )


async def test_link_that_a_code_and_a_name_made_shows_and_changes_nothing_of_before(client: AsyncClient) -> None:
    first = await make.make_registration(await make.make_training(title="La primera"), phone="5555 1234", sex="mujer")
    base = await link_of(first)
    # Both stand on a ticket that somebody else may hold.
    second = await make.make_registration(await make.make_training(), earlier_code=first.short_code)
    assert second.participant_id == first.participant_id
    theirs = await link_of(second)

    shown = [
        await client.get(theirs + path) for path in ("", "/datos", "/permisos", "/permisos/data", "/permisos/photo")
    ]
    sent = [
        await client.post(theirs + path, data=ANSWERS) for path in ("/datos", "/permisos/data", "/permisos/contact")
    ]

    assert [answer.status_code for answer in shown] == [200, 409, 409, 409, 409]
    assert [answer.status_code for answer in sent] == [409] * 3
    assert "solo con el enlace de su primera inscripción" in Page(shown[1].text).text
    assert not Page(shown[0].text).all("a", href=f"{theirs}/datos")
    for answer in shown:
        for secret in ("La primera", "5555\xa01234", "5555 1234", 'value="mujer" selected'):
            assert secret not in answer.text
    person = await person_of(first)
    assert (person.sex, person.organization, person.phone) == ("mujer", "", "+50255551234")
    assert await Consent.filter(withdrawn_at__not_isnull=True).count() == 0
    assert [await state_of(one) for one in (first, second)] == ["confirmed", "confirmed"]
    assert "5555" in (await client.get(f"{base}/datos")).text


# -- permissions


async def test_permissions_say_what_was_agreed_to_when_and_how(client: AsyncClient) -> None:
    purposes = frozenset({ConsentPurpose.DATA, ConsentPurpose.CONTACT})
    ana = await make.make_registration(await make.make_training(), purposes=purposes)
    base = await link_of(ana)

    page = Page((await client.get(f"{base}/permisos")).text)

    assert "Sí, pueden guardar estos datos para mi inscripción" in page.text
    assert "Sí, pueden escribirme o llamarme" in page.text
    assert page.text.count("se marcó en la página") == 2
    assert "No dio permiso para: fotos." in page.text
    assert [one["href"] for one in page.all("a") if "/permisos/" in (one["href"] or "")] == [
        f"{base}/permisos/{purpose}" for purpose in ("data", "contact")
    ]


async def test_permission_is_taken_back_after_being_asked_and_only_that_one(client: AsyncClient) -> None:
    purposes = frozenset({ConsentPurpose.DATA, ConsentPurpose.CONTACT})
    ana = await make.make_registration(await make.make_training(), purposes=purposes)
    base = await link_of(ana)

    asked = await client.get(f"{base}/permisos/contact")
    assert "¿Que ya no le avisen de otras capacitaciones?" in asked.text
    assert await Consent.filter(withdrawn_at__not_isnull=True).count() == 0
    answer = await client.post(f"{base}/permisos/contact")

    assert answer.headers["location"] == f"{base}/permisos"
    withdrawn = await Consent.filter(withdrawn_at__not_isnull=True).values_list("purpose")
    assert withdrawn == [("contact",)]
    assert "Retirado el" in (await client.get(f"{base}/permisos")).text
    assert (await client.get(f"{base}/permisos/contact")).headers["location"] == f"{base}/permisos"
    assert await state_of(ana) == "confirmed"
