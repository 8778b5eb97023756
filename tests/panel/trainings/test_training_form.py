"""The form of a new training: rows without script, what is refused and kept."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.schedule.panel import NEW, as_, filled, one, post, posted, row, rows_of
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import CallList, CallReason
from trainings.places.models import FeastDay
from trainings.schedule.catalogue.project_actions import ProjectPlan, create_project
from trainings.schedule.models import Training, TrainingSession, TrainingState


async def test_create_keeps_a_draft_with_all_its_sessions(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    form = await filled(
        cast,
        summary="Qué es y qué hacer.",
        childcare_capacity=4,
        offers=["snack", "childcare"],
        closes_on=(clock.today() + timedelta(days=2)).isoformat(),
        contact_phone="7926 1234",
        **row(1, days=10, facilitators=[cast.facilitator.id], venue=""),
    )

    answer = await post(client, NEW, form)

    training = await Training.first().prefetch_related("sessions__facilitators")
    assert training is not None
    assert (answer.status_code, answer.headers["location"]) == (303, one(training))
    assert (training.title, training.state) == ("Trata y tráfico: diferencias", TrainingState.DRAFT)
    assert (training.capacity, training.childcare_capacity, training.offers) == (25, 4, ["snack", "childcare"])
    assert (training.languages, training.contact_phone) == (["spa", "kek"], "+50279261234")
    assert (training.has_waiting_list, training.walk_ins, training.approval_required) == (True, True, False)
    assert training.closes_at is not None
    assert f"{clock.local(training.closes_at):%H:%M}" == "23:59"
    sessions = sorted(training.sessions, key=lambda session: session.position)
    assert [f"{clock.local(session.starts_at):%H:%M}" for session in sessions] == ["08:30", "08:30"]
    assert [[who.user_id for who in session.facilitators] for session in sessions] == [[], [cast.facilitator.id]]
    page = (await client.get(answer.headers["location"])).text
    assert "Listo" in page
    assert "Publicar" in page


async def test_empty_title_is_the_courses(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    course = await make.make_course("Estafas en ofertas de trabajo")

    await post(client, NEW, await filled(cast, title=" ", course=course.id))

    assert [training.title for training in await Training.all()] == ["Estafas en ofertas de trabajo"]


async def test_rows_are_added_and_removed_without_script_and_keep_what_was_typed(
    client: AsyncClient, cast: Cast
) -> None:
    await as_(client, cast, "coordinator")
    form = await filled(cast, title="Lo que escribí", **row(0, facilitators=[cast.facilitator.id]))

    added = await post(client, NEW, {**form, "add": "yes"})
    removed = await post(client, NEW, {**form, **row(1, days=20), "remove": "0"})

    assert (added.status_code, rows_of(added.text)) == (200, [0, 1])
    a_week_later = clock.today() + timedelta(days=10)
    assert re.search(rf'name="sessions-1-day"[^>]*value="{a_week_later}"', added.text)
    assert (
        len(
            re.findall(
                rf'value="{cast.facilitator.id}" id="[^"]+" checked|value="{cast.facilitator.id}" checked', added.text
            )
        )
        == 2
    )
    assert (removed.status_code, rows_of(removed.text)) == (200, [0])
    assert str(clock.today() + timedelta(days=20)) in removed.text
    assert all('value="Lo que escribí"' in page.text for page in (added, removed))
    assert await Training.all().count() == 0


async def test_a_row_where_nothing_was_typed_is_none(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    blank = {"sessions-1-day": "", "sessions-1-starts": "", "sessions-1-ends": ""}

    await post(client, NEW, {**await filled(cast), **blank, **row(2, days=12)})

    assert await TrainingSession.all().count() == 2


MALFORMED: list[tuple[dict[str, object], str]] = [
    ({"course": ""}, "course"),
    ({"course": "no-es-un-id"}, "course"),
    ({"capacity": "0"}, "capacity"),
    ({"capacity": "muchas"}, "capacity"),
    ({"capacity": "9" * 30}, "capacity"),
    ({"title": "x" * 181}, "title"),
    ({"online_url": "javascript:alert(1)"}, "online_url"),
    ({"languages": ["xx"]}, "languages"),
    ({"offers": ["<b>"]}, "offers"),
    ({"contact_phone": "abc"}, "contact_phone"),
    ({"place_shown": "everywhere"}, "place_shown"),
    ({"from_age": "11"}, "from_age"),
    ({"from_age": "todas"}, "from_age"),
    ({"offer_hours": "1"}, "offer_hours"),
    ({"opens_time": "08:00"}, ""),
    ({"sessions-0-day": "2027-02-30"}, "sessions-0-day"),
    ({"sessions-0-day": "9999-12-31"}, "sessions-0-day"),
    ({"sessions-0-day": ""}, "sessions-0-day"),
    ({"sessions-0-starts": "25:00"}, "sessions-0-starts"),
    ({"sessions-0-ends": "luego"}, "sessions-0-ends"),
    ({"sessions-0-facilitators": ["x"]}, "sessions-0-facilitators"),
]


async def test_malformed_forms_are_shown_again_with_what_was_typed(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    for fields, field in MALFORMED:
        answer = await post(client, NEW, await filled(cast, bring="Su <b>DPI</b>", **fields))

        assert answer.status_code == 422, fields
        assert f'href="#{field}"' in answer.text if field else 'role="alert"' in answer.text, fields
        assert "Su &lt;b&gt;DPI&lt;/b&gt;" in answer.text, fields
        assert await Training.all().count() == 0, fields


async def test_taken_person_is_refused_with_who_and_when_until_a_reason_is_given(
    client: AsyncClient, cast: Cast
) -> None:
    hours = [(make.tomorrow_at(8, days=3), make.tomorrow_at(12, days=3))]
    other = await make.make_venue(cast.hub, "Escuela")
    await make.make_training(
        hub=cast.hub, venue=other, title="Refugio", sessions=hours, facilitators=[cast.facilitator]
    )
    await as_(client, cast, "coordinator")
    form = await filled(cast, **row(0, facilitators=[cast.facilitator.id]))

    refused = await post(client, NEW, form)
    allowed = await post(client, NEW, {**form, "override_reason": "Solo abre la reunión."})

    assert refused.status_code == 409
    assert "Ana Coc ya está en «Refugio»" in refused.text
    assert 'href="#sessions-0"' in refused.text
    assert 'name="override_reason"' in refused.text
    assert allowed.status_code == 303


async def test_whoever_leads_several_hubs_says_for_which(client: AsyncClient, cast: Cast) -> None:
    await make.make_hub("segunda", operator=await make.make_operator())
    await as_(client, cast, "admin")

    asked = await client.get(NEW)
    chosen = await client.get(NEW, params={"ventanilla": "segunda"})
    foreign = await client.get(NEW, params={"ventanilla": cast.elsewhere.slug})

    assert "¿De qué ventanilla" in asked.text
    assert 'name="course"' in chosen.text
    assert "¿De qué ventanilla" in foreign.text


async def test_enter_saves_and_removes_no_session(client: AsyncClient, cast: Cast) -> None:
    """A browser presses the first button of a form when somebody presses Enter in a field."""
    await as_(client, cast, "coordinator")

    page = (await post(client, NEW, {**await filled(cast), "add": "yes"})).text

    buttons = re.findall(r"<button[^>]*>", page[page.index('<form class="sheet') :])
    assert 'name="save"' in buttons[0]
    assert sum('name="remove"' in button for button in buttons) == 2


async def test_training_is_put_under_a_project_and_taken_out_of_it(client: AsyncClient, cast: Cast) -> None:
    plan = ProjectPlan("Comunidades informadas", "Una donante", date(2026, 10, 1), date(2028, 9, 30))
    project = await create_project(plan, actor=PROGRAM)
    await as_(client, cast, "coordinator")

    await post(client, NEW, await filled(cast, project=project.id))
    training = await Training.get()
    typed = posted((await client.get(one(training, "/editar"))).text)
    await post(client, one(training, "/editar"), {**typed, "project": ""})

    assert training.project_id == project.id
    assert typed["project"] == [str(project.id)]
    assert (await Training.get(id=training.id)).project_id is None


@pytest.mark.parametrize(
    ("age", "kept"), [("18", (False, None)), ("14", (True, 14)), ("12", (True, 12))], ids=["18", "14", "12"]
)
async def test_age_says_whether_minors_are_admitted_and_is_shown_again(
    client: AsyncClient, cast: Cast, age: str, kept: tuple[bool, int | None]
) -> None:
    await as_(client, cast, "coordinator")

    await post(client, NEW, await filled(cast, from_age=age))
    training = await Training.get()
    typed = posted((await client.get(one(training, "/editar"))).text)

    assert (training.admits_minors, training.minimum_age) == kept
    assert typed["from_age"] == [age]


async def test_hours_of_an_offer_are_kept_copied_and_taken_back(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    await post(client, NEW, await filled(cast, offer_hours="48", from_age="12"))
    training = await Training.get()
    typed = posted((await client.get(one(training, "/editar"))).text)
    await post(client, one(training, "/duplicar"), {"first_day": clock.today() + timedelta(days=30)})
    await post(client, one(training, "/editar"), {**typed, "offer_hours": ""})

    copy = await Training.exclude(id=training.id).get()
    assert (training.offer_hours, typed["offer_hours"]) == (48, ["48"])
    assert (copy.offer_hours, copy.admits_minors, copy.minimum_age) == (48, True, 12)
    assert (await Training.get(id=training.id)).offer_hours is None


@pytest.mark.parametrize(
    ("path", "names"),
    [(NEW, ["has_waiting_list", "approval_required", "walk_ins"]), ("/panel/cursos/nuevo", ["is_active"])],
    ids=["training", "course"],
)
async def test_boxes_that_say_yes_or_no_may_stay_empty(
    client: AsyncClient, cast: Cast, path: str, names: list[str]
) -> None:
    """A browser does not send a form whose required box is not ticked."""
    await as_(client, cast, "coordinator")

    page = (await client.get(path)).text

    for name in names:
        box = re.search(rf'<input type="checkbox" id="{name}"[^>]*>', page)
        assert box is not None
        assert " required" not in box[0]


# -- what a course fills in, and what is asked once more


async def test_course_fills_hours_and_what_the_last_training_of_it_had(client: AsyncClient, cast: Cast) -> None:
    course = await make.make_course("Estafas en ofertas de trabajo", minutes=150)
    await make.make_training(
        hub=cast.hub, course=course, capacity=18, languages=("kek", "mop"), offers=("snack",), audience=("docente",),
        design="sobrio",
    )  # fmt: skip
    await as_(client, cast, "coordinator")
    chosen = {**await filled(cast, course=course.id), **row(0, starts="14:00", ends="")}

    page = await post(client, NEW, {**chosen, "fill": "yes"})
    opened = posted((await client.get(NEW, params={"curso": str(course.id)})).text)
    typed = posted(page.text)
    await post(client, NEW, typed)

    assert (page.status_code, "como la última vez" in page.text) == (200, True)
    assert (typed["sessions-0-starts"], typed["sessions-0-ends"]) == (["14:00"], ["16:30"])
    assert (opened["sessions-0-starts"], opened["sessions-0-ends"]) == (["08:30"], ["11:00"])
    made = await Training.all().order_by("-created_at").first()
    assert made is not None
    assert (made.capacity, sorted(made.languages), made.offers) == (18, ["kek", "mop"], ["snack"])
    assert (made.audience, made.design) == (["docente"], "sobrio")


async def test_language_that_is_not_near_is_chosen_from_the_list(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    new = (await client.get(NEW)).text
    await post(
        client, NEW, await filled(cast, languages=["spa"], languages_more="ixl", interpreter_languages_more="mam")
    )

    training = await Training.get()
    assert (training.languages, training.interpreter_languages) == (["spa", "ixl"], ["mam"])
    assert len(re.findall(r'type="checkbox" name="languages"', new)) <= 4


async def test_protected_place_asks_for_approval_or_a_word_that_none_is_needed(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")
    form = await filled(cast, place_shown="after_confirmation")

    refused = await post(client, NEW, form)
    approved = await post(client, NEW, {**form, "approval_required": "yes"})
    unasked = await post(client, NEW, {**form, "unasked": "yes", "venue": "", "sessions-0-starts": "07:00"})

    assert (refused.status_code, 'href="#unasked"' in refused.text) == (422, True)
    assert 'id="parte-place" open' in refused.text
    assert 'id="parte-signing" open' not in refused.text
    assert (approved.status_code, unasked.status_code) == (303, 303)
    one_of_both = posted((await client.get(unasked.headers["location"] + "/editar")).text)
    assert one_of_both["unasked"] == ["yes"]
    assert await Training.all().count() == 2


async def test_feast_is_told_before_it_is_saved(client: AsyncClient, cast: Cast) -> None:
    day = clock.today() + timedelta(days=3)
    await FeastDay.create(municipality_id="1705", month=day.month, day=day.day, name="Feria titular")
    await as_(client, cast, "coordinator")
    form = await filled(cast, feast_seen="")

    told = await post(client, NEW, form)
    n_then = await Training.all().count()
    saved = await post(client, NEW, posted(told.text))

    assert (told.status_code, n_then, "Feria titular" in told.text) == (409, 0, True)
    assert 'href="#sessions-0"' in told.text
    assert saved.status_code == 303


# -- a draft that is not wanted


async def test_draft_is_deleted_after_one_question_and_nothing_else_is(client: AsyncClient, cast: Cast) -> None:
    draft = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT, facilitators=[cast.facilitator])
    public = await make.make_training(hub=cast.hub)
    listed = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT)
    await CallList.create(
        training=listed, hub_id=listed.hub_id, reason=CallReason.REMINDER, cause_id=listed.id, due_at=clock.now()
    )
    await as_(client, cast, "coordinator")

    asked = await client.get(one(draft, "/borrar"))
    kept = await post(client, one(public, "/borrar"))
    in_use = await post(client, one(listed, "/borrar"))
    done = await post(client, one(draft, "/borrar"))

    assert ("no se puede deshacer" in asked.text, kept.status_code) == (True, 409)
    assert "Solo se borra un borrador" in kept.text
    assert (in_use.status_code, "ya tiene personas" in in_use.text) == (409, True)
    assert (done.status_code, done.headers["location"]) == (303, "/panel/capacitaciones")
    assert {training.id for training in await Training.all()} == {public.id, listed.id}
    assert {session.training_id for session in await TrainingSession.all()} == {public.id, listed.id}
