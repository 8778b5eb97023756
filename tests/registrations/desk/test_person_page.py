"""One person's page at the desk: who came along, the guardian, what was agreed to, and what its buttons do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.certificates.held import AFTER, make_attendee, make_held
from tests.registrations.families import make_family, people_of
from tests.registrations.forms import errors_of
from tests.registrations.wishes import places_of, state_of, wish
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.issuing.actions import issue
from trainings.certificates.models import CertificateKind
from trainings.outbox.models import Call, CallList, CallReason, CallResult, CallVia, OutboxJob
from trainings.people.actions import GuardianContact
from trainings.people.models import Consent, ConsentHow, ConsentPurpose, Relation
from trainings.privacy.withdrawal import withdraw_data
from trainings.registrations.models import HoldReason, Registration, RegistrationGroup, asking_for
from trainings.registrations.seats.actions import sign_up
from trainings.schedule.models import Training

NewClient = Callable[[], AsyncClient]
MOTHER = GuardianContact("Elena Tiul", Relation.MADRE, phone="+50255557777")


async def at_desk(new_client: NewClient, **training: Any) -> tuple[Cast, AsyncClient, Training]:
    cast = await make_cast()
    client = new_client()
    await make.sign_in(client, cast.assistant)
    return cast, client, await make.make_training(hub=cast.hub, facilitators=[cast.facilitator], **training)


def path_of(registration: Registration) -> str:
    return f"/panel/inscripciones/{registration.id}"


async def opened(client: AsyncClient, registration: Registration) -> Page:
    answer = await client.get(path_of(registration))
    assert answer.status_code == 200
    return Page(answer.text)


# -- who came along


async def test_others_of_the_form_are_named_shortly_and_the_guardian_is_the_desk_s_to_know(
    new_client: NewClient,
) -> None:
    cast, client, training = await at_desk(new_client, admits_minors=True)
    family: dict[str, Any] = {"children": ["Luz"], "phone": "+50255551234", "guardian": MOTHER}
    ana, beto, luz = await make_family(training, "Ana", "Beto", **family)
    facilitator = new_client()
    await make.sign_in(facilitator, cast.facilitator)

    pages = [await opened(browser, ana) for browser in (client, facilitator)]
    at_the_desk, at_the_door = await opened(client, luz), await opened(facilitator, luz)

    for page in pages:
        assert {path_of(beto), path_of(luz)} <= {str(link["href"]) for link in page.all("a")}
        assert "Beto C. X." in page.text
        assert "menor de edad" in page.text
    actions = [{str(form["action"]) for form in page.all("form")} for page in (pages[0], at_the_desk)]
    assert f"{path_of(ana)}/separar" in actions[0]
    assert f"{path_of(luz)}/separar" not in actions[1], "a child has no way out of the family"
    for words in ("Elena Tiul", "5555 7777", "Madre", "Dijo que quiere participar"):
        assert words in at_the_desk.text, words
        assert words not in at_the_door.text, words


async def test_whole_family_is_cancelled_without_who_was_separated(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    ana, beto, carlos = await make_family(training, "Ana", "Beto", "Carlos")
    await client.post(f"{path_of(carlos)}/separar", data={})

    answer = await client.post(f"{path_of(ana)}/cancelar-grupo")

    assert answer.headers["location"] == path_of(ana)
    people = await people_of(ana.group_id)
    assert [one.id for one in people] == [ana.id, beto.id]
    assert [await state_of(one) for one in (*people, carlos)] == ["cancelled", "cancelled", "confirmed"]
    assert await places_of(training) == (1, 0)


async def test_who_was_separated_does_not_cancel_the_others(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    ana, beto = await make_family(training, "Ana", "Beto")
    await client.post(f"{path_of(beto)}/separar", data={})

    page = await opened(client, beto)
    answer = await client.post(f"{path_of(beto)}/cancelar-grupo")

    assert "Esta persona está separada" in page.text
    assert page.all("form", action=f"{path_of(beto)}/cancelar-grupo") == []
    assert answer.status_code == 303
    assert [await state_of(one) for one in (ana, beto)] == ["confirmed", "cancelled"]


async def test_separating_re_shows_a_wrong_telephone_and_who_came_alone_is_told_why_not(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    _ana, beto = await make_family(training, "Ana", "Beto", phone="+50255551234")

    answer = await client.post(f"{path_of(beto)}/separar", data={"phone": "12", "email": "beto@example.org"})

    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.one("input", name="phone")["aria-invalid"] == "true"
    assert page.one("input", name="email")["value"] == "beto@example.org"
    assert (await Registration.get(id=beto.id)).detached_at is None
    rosa = await make.make_registration(training)
    alone = await client.post(f"{path_of(rosa)}/separar", data={})
    assert (alone.status_code, "Esta persona no viene con nadie más" in alone.text) == (409, True)


async def test_new_ticket_leads_to_what_is_to_be_printed(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, capacity=1)
    rosa = await make.make_registration(training)
    waits = await make.make_registration(training, given_names="Ana")

    answers = [await client.post(f"{path_of(one)}/boleto-nuevo") for one in (rosa, waits)]

    assert [answer.headers["location"] for answer in answers] == [f"{path_of(rosa)}/boleto", path_of(waits)]


# -- who waits for an answer


WHY_HELD = {
    HoldReason.APPROVAL: "La capacitación pide revisar cada inscripción.",
    HoldReason.REVIEW: "Llegaron demasiadas juntas, demasiado rápido o sin abrir la página.",
    HoldReason.PREREQUISITE: "Falta un curso que va antes.",
}


async def test_why_somebody_waits_is_said_in_words_and_a_message_promised_only_where_one_is_sent(
    new_client: NewClient,
) -> None:
    _cast, client, training = await at_desk(new_client)
    before = await make.make_course("Consejeras comunitarias: inducción")
    await Training.filter(id=training.id).update(required_courses=[str(before.id)])

    for reason, words in WHY_HELD.items():
        about: dict[str, Any] = {
            "given_names": reason.value,
            "email": f"{reason.value}@example.org",
            "hold_reason": reason,
        }
        page = await opened(client, await make.make_registration(training, **about))

        assert words in page.text
        assert ("Antes va: Consejeras comunitarias: inducción." in page.text) is (reason is HoldReason.PREREQUISITE)
        for promised in ("Se le avisa por correo en 10 minutos", "El enlace nuevo le llega a su correo."):
            assert (promised in page.text) is (reason is not HoldReason.REVIEW), (reason, promised)


async def test_rejecting_answers_for_all_of_the_form(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, approval_required=True)
    ana, beto = await make_family(training, "Ana", "Beto")

    first = await client.post(f"{path_of(ana)}/rechazar")
    again = await client.post(f"{path_of(beto)}/rechazar")

    assert (first.headers["location"], again.status_code) == (path_of(ana), 409)
    assert [await state_of(one) for one in (ana, beto)] == ["cancelled", "cancelled"]


@pytest.mark.parametrize(("reason", "n_more"), [(HoldReason.REVIEW, 0), (HoldReason.APPROVAL, 1)])
async def test_nobody_is_written_to_who_was_held_because_too_many_came(
    new_client: NewClient, reason: HoldReason, n_more: int
) -> None:
    _cast, client, training = await at_desk(new_client, approval_required=True)
    for n, verb in enumerate(("cancelar", "cancelar-grupo", "rechazar", "boleto-nuevo", "separar", "apoyo")):
        _ana, beto = await make_family(training, f"Ana {n}", f"Beto {n}", email=f"ana{n}@example.org")
        await RegistrationGroup.filter(id=beto.group_id).update(hold_reason=reason)
        beto.needs = asking_for(None, ["ramp"])
        await beto.save(update_fields=["needs"])
        before = await OutboxJob.all().count()
        path, typed = f"{path_of(beto)}/{verb}", {"email": f"beto{n}@example.org"}
        if verb == "apoyo":
            path, typed = f"/panel/apoyos/{beto.id}", {"need": "ramp", "state": "arranged"}

        answer = await client.post(path, data=typed)

        assert answer.status_code == 303, verb
        assert await OutboxJob.all().count() == before + n_more, verb


async def test_button_that_does_nothing_says_why_on_the_page_as_it_is_now(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, approval_required=True)
    rosa = await make.make_registration(training)
    await client.post(f"{path_of(rosa)}/aprobar")
    link = {"link": str(rosa.id)}

    answers = {
        verb: await client.post(f"{path_of(rosa)}/{verb}", data=link)
        for verb in ("aprobar", "rechazar", "enlace-nuevo")
    }

    for verb, answer in answers.items():
        page = Page(answer.text)
        assert answer.status_code == 409, verb
        [why] = [attrs for _tag, attrs in page.elements if attrs.get("role") == "alert"]
        assert "data-focus" in why
        assert answer.text.count("<title>Error:") == 1
        assert page.all("form", action=f"{path_of(rosa)}/cancelar"), "the buttons that work now are at hand"
        assert page.all("form", action=f"{path_of(rosa)}/aprobar") == []
    assert "Esta inscripción ya tiene respuesta." in answers["rechazar"].text
    await client.post(f"{path_of(rosa)}/cancelar")
    assert "no hay boleto que cambiar" in Page((await client.post(f"{path_of(rosa)}/boleto-nuevo")).text).text


# -- permissions


async def test_permissions_say_which_sentence_how_and_by_whom(new_client: NewClient) -> None:
    cast, client, training = await at_desk(new_client)
    actor = await make.actor_of(cast.assistant)
    done = await sign_up(training.id, wish(consent_how=ConsentHow.READ_ALOUD), actor=actor)

    page = await opened(client, await Registration.get(id=done.registration_id))

    assert "se le leyó en voz alta, anotado por Luis Ba" in page.text
    assert "Puede verlos, corregirlos o pedir que se borren. ¿Está de acuerdo?" in page.text


async def test_permission_is_taken_back_at_the_desk_and_stays_on_record(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    both = frozenset({ConsentPurpose.DATA, ConsentPurpose.CONTACT})
    rosa = await make.make_registration(training, purposes=both)

    unknown = await client.post(f"{path_of(rosa)}/permisos", data={"purpose": "todo"})
    answer = await client.post(f"{path_of(rosa)}/permisos", data={"purpose": "contact"})

    assert unknown.status_code == 422
    assert answer.headers["location"] == path_of(rosa)
    withdrawn = {one.purpose: one.withdrawn_at is not None for one in await Consent.all()}
    assert withdrawn == {ConsentPurpose.DATA: False, ConsentPurpose.CONTACT: True}
    page = await opened(client, rosa)
    assert "Retirado el" in page.text
    assert page.all("button", value="contact") == []


async def test_who_was_erased_is_nobody_on_the_page_and_nothing_is_corrected(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    rosa, beto = await make_family(training, "Rosa", "Beto", phone="+50255551234")

    await withdraw_data(rosa.id, actor=HOLDER_OF_LINK)

    page = await opened(client, rosa)
    renamed = await client.post(f"{path_of(rosa)}/datos", data={"given_names": "Rosa", "surnames": "Coc"})
    assert "Rosa" not in page.text
    actions = [form["action"] or "" for form in page.all("form")]
    of_the_family = f"{path_of(rosa)}/enlace-nuevo"
    assert [one for one in actions if one.startswith(path_of(rosa))] == [of_the_family]
    assert page.one("a", href=f"/panel/capacitaciones/{training.id}/inscribir")
    assert renamed.status_code == 409
    assert "Se retiró el permiso de guardar estos datos" in renamed.text
    assert "Volver a la capacitación" in renamed.text
    assert await state_of(beto) == "confirmed"


# -- the person, beyond this sign-up


async def test_page_tells_all_sign_ups_of_the_hub_attendance_papers_and_calls_to_the_desk_alone(
    new_client: NewClient, freeze: Callable[[datetime], None]
) -> None:
    freeze(AFTER)
    cast, client, coming = await at_desk(new_client)
    held = await make_held(4, 4, hub=cast.hub, facilitators=[cast.facilitator], title="Retorno")
    came = await make_attendee(held, sessions=list(held.sessions)[:1])
    paper = await issue(came.id, CertificateKind.CONSTANCIA, actor=PROGRAM)
    again, there = (
        await make.make_registration(coming),
        await make.make_registration(await make.make_training(hub=cast.elsewhere, title="En otro lado")),
    )
    await Registration.filter(id__in=[again.id, there.id]).update(participant_id=came.participant_id)
    calls = await CallList.create(
        training=held, hub_id=cast.hub.id, reason=CallReason.REMINDER, cause_id=held.id, due_at=AFTER
    )
    await Call.create(call_list=calls, registration=came, result=CallResult.REACHED, via=CallVia.WHATSAPP)
    facilitator = new_client()
    await make.sign_in(facilitator, cast.facilitator)

    desk, door = await opened(client, again), await opened(facilitator, came)

    words = " ".join(desk.text.split())
    for said in (
        "Retorno",
        "Vino a 1 de 2 sesiones",
        "Vino: 4 horas",
        "No vino",
        paper.folio,
        "Recordatorio · Retorno",
    ):
        assert said in words, said
    assert "Avisado por medio de WhatsApp" in words
    assert ("En otro lado" in words, path_of(again) in str(door.elements)) == (False, False)
    assert ("Recordatorio" in door.text, "Vino a 1 de 2 sesiones" in " ".join(door.text.split())) == (False, True)


async def test_everything_that_was_asked_is_corrected_in_one_form_or_nothing_is(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    await make.make_municipality(make.TACANA)
    rosa = await make.make_registration(training, needs=("food",), phone="+50255551234")
    form = {
        "given_names": "Rosa Amalia",
        "surnames": "Coc Xol",
        "number": "5555 4321",
        "address": "rosa@x.example",
        "municipality": make.TACANA,
        "community": "El Naranjo",
        "actor_type": "radio",
        "organization": "Radio Maya",
        "sex": "mujer",
        "age_group": "25-34",
        "language": "kek",
        "public_official": "true",
        "asks_needs": "yes",
        "needs": ["ramp", "interpreter"],
    }

    wrong = await client.post(f"{path_of(rosa)}/datos", data=form | {"number": "12", "surnames": " "})
    unknown = await client.post(f"{path_of(rosa)}/datos", data=form | {"municipality": "9999"})
    before = await Registration.get(id=rosa.id).prefetch_related("participant")
    done = await client.post(f"{path_of(rosa)}/datos", data=form)
    emptied = await client.post(f"{path_of(rosa)}/datos", data={"sex": "", "community": "", "asks_needs": "yes"})

    assert {"surnames", "number"} <= set(errors_of(Page(wrong.text)))
    assert Page(wrong.text).one("input", name="community")["value"] == "El Naranjo"
    assert (wrong.status_code, unknown.status_code, before.participant.full_name) == (422, 422, "María Elena Caal Tzib")
    assert (done.status_code, emptied.status_code) == (303, 303)
    after = await Registration.get(id=rosa.id).prefetch_related("participant")
    person = after.participant
    assert (person.full_name, person.phone, person.email) == ("Rosa Amalia Coc Xol", "+50255554321", "rosa@x.example")
    assert (person.municipality_id, person.actor_type, person.organization) == (make.TACANA, "radio", "Radio Maya")
    assert (person.age_group, person.language, person.public_official) == ("25-34", "kek", True)
    assert (person.sex, person.community, after.needs) == (None, "", None)
    [changed, _emptied] = await AuditLine.filter(act="registrations.correct_answers").order_by("id")
    assert {"sex", "municipality_id", "actor_type"} < set(changed.detail["questions"])


async def test_place_is_moved_to_the_waiting_list_where_somebody_else_gets_it(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, capacity=1)
    rosa = await make.make_registration(training)
    alone = await client.post(f"{path_of(rosa)}/lista")
    waits = await make.make_registration(training, given_names="Ana")

    moved, again = [await client.post(f"{path_of(rosa)}/lista") for _ in range(2)]

    assert (alone.status_code, moved.status_code, again.status_code) == (409, 303, 303)
    assert "Nadie que quepa espera ese lugar" in alone.text
    assert [await state_of(one) for one in (rosa, waits)] == ["waitlisted", "confirmed"]
    assert await places_of(training) == (1, 0)
