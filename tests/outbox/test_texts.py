"""An operator's own words: a fixed list of placeholders, nothing but text, and a frame that nobody takes out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.outbox.told import FRIDAY, Freeze, a_training, everything, last_mail, put_on_waiting_list, tell
from trainings.audit.actor import PROGRAM
from trainings.errors import Refusal
from trainings.outbox.models import MessageTemplate
from trainings.outbox.placeholders import (
    ABOUT_TRAININGS,
    OF_KIND,
    Filled,
    LoneBrace,
    LongSubject,
    MissingPlaceholder,
    OwnWords,
    PlaceholderNotAlone,
    RevealingSubject,
    UnknownPlaceholder,
    check_words,
    fill,
    offer_of,
)
from trainings.outbox.templates import save_words
from trainings.places.models import Hub, Operator
from trainings.registrations.telling import previews
from trainings.schedule.models import PlaceShown
from trainings.settings import Settings
from trainings.web.i18n import gettext

NewClient = Callable[[], AsyncClient]
NAMES = ABOUT_TRAININGS.names
CONFIRMED = "registration_confirmed"
HOSTILE = '<script>alert(1)</script> {{ 7*7 }} {% raw %} & "comillas"'


async def say(subject: str, body: str, *, kind: str = "registration_confirmed", lang: str = "es-GT") -> None:
    operator = await make.make_operator()
    await save_words(operator.id, kind, lang, OwnWords(subject, body), actor=PROGRAM)


# -- placeholders


@pytest.mark.parametrize(
    ("written", "name", "nearest"),
    [
        ("{titlo}", "titlo", "titulo"),
        ("{Título}", "Título", "titulo"),
        ("{ fecha }", " fecha ", "fecha"),
        ("{teléfono}", "teléfono", "telefono"),
        ("{dpi}", "dpi", ""),
        ("{enlace}", "enlace", ""),
    ],
)
def test_unknown_placeholder_is_refused_by_name_with_the_nearest_known(written: str, name: str, nearest: str) -> None:
    with pytest.raises(UnknownPlaceholder) as refused:
        check_words(OwnWords("Le esperamos", f"Hola, {written}."), CONFIRMED)

    sentence = gettext(refused.value.text) % refused.value.values
    assert f"{{{name}}}" in sentence
    assert (f"{{{nearest}}}" in sentence) is bool(nearest)
    assert refused.value.field == "body"


@pytest.mark.parametrize(
    ("subject", "body", "refusal", "field"),
    [
        ("Aviso\r\nBcc: todos@x.example", "Hola", LongSubject, "subject"),
        ("Aviso\nBcc: todos@x.example", "Hola", LongSubject, "subject"),
        ("Aviso\u2028Bcc: todos@x.example", "Hola", LongSubject, "subject"),
        ("Aviso", "Hola {titulo", LoneBrace, "body"),
        ("Aviso", "Hola titulo}", LoneBrace, "body"),
        ("Aviso", "Hola {{titulo}}", LoneBrace, "body"),
        ("{titulo}", "Hola", RevealingSubject, "subject"),
        ("Taller sobre MIGRACIÓN", "Hola", RevealingSubject, "subject"),
        ("Refugio y asilo", "Hola", RevealingSubject, "subject"),
        ("Charla contra la trata", "Hola", RevealingSubject, "subject"),
        ("Apoyo a víctimas de violencia", "Hola", RevealingSubject, "subject"),
        ("Taller para personas LGBTIQ+", "Hola", RevealingSubject, "subject"),
        ("{nombre}", "Hola", UnknownPlaceholder, "subject"),
    ],
)
def test_words_that_cannot_be_sent_are_refused_at_their_field(
    subject: str, body: str, refusal: type[Refusal], field: str
) -> None:
    with pytest.raises(refusal) as refused:
        check_words(OwnWords(subject, body), CONFIRMED)

    assert refused.value.field == field


@pytest.mark.parametrize("kind", sorted(kind for kind, offer in OF_KIND.items() if offer.needed))
def test_message_of_a_link_is_refused_without_the_place_of_it(kind: str) -> None:
    mark = offer_of(kind).mark
    wrong = {
        "Hola.": MissingPlaceholder,
        f"Ábralo con {mark} hoy.": PlaceholderNotAlone,
        f"{mark}\n\n{mark}": PlaceholderNotAlone,
        f"{mark}\n\n{{lugr}}": UnknownPlaceholder,
    }

    for body, refusal in wrong.items():
        with pytest.raises(refusal) as refused:
            check_words(OwnWords("Aviso", body), kind)
        assert refused.value.field == "body"
        if refusal is not UnknownPlaceholder:
            assert mark in gettext(refused.value.text) % refused.value.values
    with pytest.raises(RevealingSubject):
        check_words(OwnWords(mark, mark), kind)
    check_words(OwnWords("Aviso", f"Hola.\n\n{mark}\n\nAdiós."), kind)


def test_value_does_not_say_where_the_link_goes() -> None:
    filled = fill(OwnWords("Aviso", "{titulo}\n\n{enlace}\n\nAdiós."), {"titulo": "a {enlace} b"}, "own_link_again")

    assert filled == Filled("Aviso", "a {enlace} b\n\n", "\n\nAdiós.", places_link=True)


def test_value_is_text_whatever_stands_in_it() -> None:
    filled = fill(
        OwnWords("{ventanilla}", "{titulo} y {lugar}"),
        {"titulo": "{lugar}", "lugar": "aquí", "ventanilla": "a\r\nb"},
        CONFIRMED,
    )

    assert filled == Filled("a b", "{lugar} y aquí")


# -- what is sent


async def test_own_words_are_sent_in_the_frame_that_stays(db: Settings, freeze: Freeze) -> None:
    freeze(FRIDAY)
    await say(
        "Bienvenida de {municipio}", "Tenemos su lugar en {titulo}, {fecha}.\n\nTraiga {traer}. Llame al {telefono}."
    )
    registration = await make.make_registration(await a_training(bring="su cuaderno"), email="ana@x.example")

    mail = await last_mail("registration_confirmed")

    assert mail.subject == "Bienvenida de La Libertad, Petén: sábado 6 de marzo, 8:30 a. m."
    assert "Tenemos su lugar en Riesgos de la migración irregular" in mail.text
    assert "Traiga su cuaderno. Llame al 7900 1234." in mail.text
    assert "Le esperamos. Al llegar muestre" not in mail.text
    for kept in (
        "/i/",
        "Salón municipal",
        registration.short_code[:4],
        "Este enlace es solo suyo",
        "Si tiene preguntas, llame",
    ):
        assert kept in mail.text
        assert kept in mail.html


async def test_official_name_of_a_hub_reveals_nothing_in_a_subject(db: Settings, freeze: Freeze) -> None:
    freeze(FRIDAY)
    await say("Aviso de {ventanilla}", "Escribe la {ventanilla}.")
    await make.make_registration(await a_training(), email="ana@x.example")
    before = await last_mail("registration_confirmed")
    official = "Ventanilla Informativa Municipal sobre Migración"
    await Hub.all().update(name=official)

    mail = await last_mail("registration_confirmed")

    assert before.subject.startswith("Aviso de Ventanilla")
    assert mail.subject == "Su inscripción está confirmada: sábado 6 de marzo, 8:30 a. m."
    assert f"Escribe la {official}." in mail.text


async def test_hostile_words_are_text(db: Settings, freeze: Freeze) -> None:
    freeze(FRIDAY)
    operator = await make.make_operator()
    await MessageTemplate.create(
        operator=operator,
        kind="registration_confirmed",
        lang="es-GT",
        subject="Aviso",
        body=f"{HOSTILE}\nBcc: x",
        changed_at=FRIDAY,
    )
    await make.make_registration(await a_training(), email="ana@x.example")

    mail = await last_mail("registration_confirmed")

    assert HOSTILE in mail.text
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert "49" not in mail.html.partition("</h1>")[2].partition('class="hung"')[0]
    assert "Bcc" not in everything(mail).partition("\n\n")[0].partition("Subject")[0]


async def test_another_operator_and_another_language_keep_the_program_s_words(db: Settings, freeze: Freeze) -> None:
    freeze(FRIDAY)
    await say("Welcome", "We keep a place for you.", lang="en")
    await make.make_registration(await a_training(), email="ana@x.example")
    here = await last_mail("registration_confirmed")
    hub = await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    await say("Bienvenida", "Hola.")
    await make.make_registration(await a_training(hub=hub), email="beto@x.example")
    there = await last_mail("registration_confirmed")

    assert here.subject.startswith("Su inscripción está confirmada")
    assert there.subject.startswith("Su inscripción está confirmada")


@pytest.mark.parametrize(
    ("kind", "must"),
    [("training_cancelled", "Motivo: Lluvia"), ("registration_offered", "Abra su enlace y diga sí o no")],
)
async def test_what_must_be_said_is_said_all_the_same(db: Settings, freeze: Freeze, kind: str, must: str) -> None:
    freeze(FRIDAY)
    await say("Aviso", "Buenas tardes.", kind=kind)
    training = await a_training(offer_hours=24)
    registration = await make.make_registration(training, email="ana@x.example")
    training.cancel_reason = "Lluvia"
    await training.save(update_fields=["cancel_reason"])

    mail = await tell(registration, kind)

    assert "Buenas tardes." in mail.text
    assert must in mail.text


async def test_protected_place_stays_hidden_in_own_words(db: Settings, freeze: Freeze) -> None:
    freeze(FRIDAY)
    await say("Aviso", "Será en {lugar}.", kind="registration_waitlisted")
    training = await a_training(place_shown=PlaceShown.AFTER_CONFIRMATION)
    registration = await make.make_registration(training, email="ana@x.example")
    await put_on_waiting_list(registration)

    told = everything(await tell(registration, "registration_waitlisted"))

    assert "Será en La Libertad, Petén." in told.replace("=\r\n", "")
    assert "Salón municipal" not in told


@pytest.mark.parametrize("lang", ["es-GT", "en"])
async def test_every_kind_has_a_preview_and_words_to_begin_with(sqlite_db: Settings, lang: str) -> None:
    hub = await make.make_hub()
    await hub.fetch_related("seat", "operator")

    for kind in previews.SHOWN:
        begun = previews.original(kind, hub, lang)
        check_words(begun, kind)
        offer = offer_of(kind)
        own = OwnWords("Aviso", "\n\n".join(f"{{{name}}}" for name in offer.names))
        check_words(own, kind)
        text = previews.preview(kind, previews.made_up(hub), own, lang).letter.text

        assert begun.subject
        assert "Ventanilla de La Libertad" in text
        assert "{" not in text
        for paragraph in previews.must_say(kind, previews.made_up(hub), lang):
            assert paragraph in text.replace("\xa0", " ") or paragraph.replace("\xa0", " ") in text, kind


# -- the pages


async def test_admin_words_a_message_sees_it_and_takes_it_back(new_client: NewClient) -> None:
    cast = await make_cast()
    await make.make_training(hub=cast.hub, venue=cast.venue, neutral_title="Reunión del martes")
    browser = new_client()
    await make.sign_in(browser, cast.admin)
    operator = await Operator.get(code="1705")
    path = f"/panel/textos/{operator.id}/registration_confirmed/es-GT"
    words = {"subject": "Le esperamos en {municipio}", "body": "Hola.\n\nNos vemos en {titulo}."}

    before = await browser.get(path)
    shown = await browser.post(path, data=words | {"do": "ver"})
    n_kept = await MessageTemplate.all().count()
    saved = await browser.post(path, data=words | {"do": "guardar"})
    after = await browser.get(path)
    listed = await browser.get("/panel/textos")
    undone = await browser.post(f"{path}/original")

    assert "Su inscripción está confirmada" in before.text
    assert all(f"{{{name}}}" in before.text for name in NAMES)
    assert "Nos vemos en Taller de ejemplo." in shown.text
    assert "Nos vemos en Reunión del martes." in shown.text
    assert "Le esperamos en La Libertad, Petén" in shown.text
    assert n_kept == 0
    assert saved.status_code == 303
    assert "texto propio" in after.text
    assert "Propio" in listed.text
    assert undone.status_code == 303
    assert await MessageTemplate.all().count() == 0


REFUSED: list[tuple[str, str, str]] = [
    ("Aviso", "Hola {titlo}", "No hay ningún dato {titlo}. ¿Quiso escribir {titulo}?"),
    ("Aviso\r\nBcc: x@x.example", "Hola", "El asunto va en una sola línea."),
    ("Aviso", "  \n ", "Escriba el mensaje, o vuelva al texto original."),
    ("", "Hola", "Escriba el asunto."),
    ("x" * 121, "Hola", "hasta 120 letras"),
    ("Aviso", "x" * 4001, "hasta 4000 letras"),
]


async def test_page_refuses_in_words_and_keeps_what_was_typed(new_client: NewClient) -> None:
    cast = await make_cast()
    browser = new_client()
    await make.sign_in(browser, cast.admin)
    operator = await Operator.get(code="1705")

    for subject, body, sentence in REFUSED:
        page = await browser.post(
            f"/panel/textos/{operator.id}/registration_confirmed/es-GT", data={"subject": subject, "body": body}
        )

        assert page.status_code == 422, (subject, body)
        assert sentence in page.text, (subject, body)
        assert await MessageTemplate.all().count() == 0, (subject, body)
    done = await browser.post(
        f"/panel/textos/{operator.id}/registration_offered/es-GT", data={"subject": "Tenemos un lugar", "body": ""}
    )
    assert done.status_code == 303, "where the program says the rest, a subject is enough"
    assert (await MessageTemplate.get()).body == ""


NO_DAYS: list[str] = ["0", "15", "mañana", "-1", "1.5", "1,2,3,4", "٣"]


async def test_admin_sets_the_days_of_reminders_and_no_others(new_client: NewClient) -> None:
    cast = await make_cast()
    browser = new_client()
    await make.sign_in(browser, cast.admin)
    operator = await Operator.get(code="1705")

    for typed, kept in (("7, 2", "7,2"), ("1 y 3", "3,1"), ("", ""), ("3,1,3", "3,1")):
        await browser.post(f"/panel/textos/{operator.id}/recordatorios", data={"days": typed})
        assert (await Operator.get(code="1705")).reminder_days == kept
    for typed in NO_DAYS:
        page = await browser.post(f"/panel/textos/{operator.id}/recordatorios", data={"days": typed})

        assert page.status_code == 422, typed
        assert (await Operator.get(code="1705")).reminder_days == "3,1", typed


async def test_texts_are_the_operator_s_own(new_client: NewClient) -> None:
    cast = await make_cast()
    elsewhere = await Operator.get(code=make.TACANA)
    browser = new_client()
    await make.sign_in(browser, cast.admin)

    statuses = [
        (await browser.get(f"/panel/textos/{elsewhere.id}/registration_confirmed/es-GT")).status_code,
        (await browser.get(f"/panel/textos/{(await Operator.get(code='1705')).id}/staff_digest/es-GT")).status_code,
        (await browser.post(f"/panel/textos/{elsewhere.id}/recordatorios", data={"days": ""})).status_code,
    ]

    assert statuses == [404, 404, 404]
    assert (await Operator.get(code=make.TACANA)).reminder_days == "3,1"
