"""Messages that bring a link, in an operator's own words: the link stands where these say, and its warning with it."""

from __future__ import annotations

import pytest

from tests import make
from tests.certificates.held import AFTER, make_attendee, make_held
from tests.outbox.told import FRIDAY, Freeze, a_training, last_mail, tell, token_of
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing.actions import issue, reissue, revoke
from trainings.certificates.models import CertificateKind
from trainings.outbox.mailer import Mail
from trainings.outbox.placeholders import OwnWords, UnknownPlaceholder
from trainings.outbox.templates import save_words
from trainings.places.models import Hub
from trainings.registrations.own.lost_links import ask_for_links
from trainings.settings import Settings

ROSA = "rosa@x.example"


async def say(kind: str, body: str, *, hub: Hub | None = None, subject: str = "Aviso de {municipio}") -> None:
    operator_id = hub.operator_id if hub is not None else (await make.make_operator()).id
    await save_words(operator_id, kind, "es-GT", OwnWords(subject, body), actor=PROGRAM)


def in_order(text: str, *parts: str) -> bool:
    places = [text.index(part) for part in parts]
    return places == sorted(places)


@pytest.mark.parametrize("in_html", [False, True])
async def test_link_that_is_sent_again_stands_where_the_words_say(
    sqlite_db: Settings, freeze: Freeze, in_html: bool
) -> None:
    freeze(FRIDAY)
    await say("own_link_again", "Hola, {nombres}.\n\n{enlace}\n\nLe esperamos el {fecha}.")
    registration = await make.make_registration(await a_training(), email=ROSA)

    mail = await tell(registration, "own_link_again")

    link = f"/i/{await token_of(registration)}"
    told = mail.html if in_html else mail.text
    assert mail.subject == "Aviso de La Libertad, Petén"
    assert in_order(told, "Hola, ", link, "Este enlace es solo suyo", "Le esperamos el sábado 6 de marzo")
    assert told.count(link) == 1
    assert "Nos pidieron de nuevo" not in told


async def test_ready_certificate_is_told_in_own_words_with_where_to_check_it(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    freeze(AFTER)
    await say("certificate_ready", "Felicidades por {titulo}.\n\n{enlace}", subject="Su {documento} está con nosotros")
    registration = await make_attendee(await make_held(), email=ROSA)
    certificate = await issue(registration.id, CertificateKind.CONSTANCIA, actor=PROGRAM)

    mail = await last_mail("certificate_ready")

    assert mail.subject == "Su constancia está con nosotros"
    assert in_order(mail.text, "Felicidades por ", "/i/", f"/verificar/{certificate.code}")


async def test_annulled_certificate_is_told_in_own_words_with_its_folio_and_the_one_in_its_place(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    freeze(AFTER)
    program: list[tuple[str, Mail]] = []
    own: list[tuple[str, Mail]] = []
    for words in (program, own):
        training = await make_held()
        for name, tell_of in (("Rosa", revoke), ("Zoila", reissue)):
            registration = await make_attendee(training, given_names=name, email=ROSA)
            certificate = await issue(registration.id, CertificateKind.DIPLOMA, actor=PROGRAM)
            await tell_of(certificate.id, "prueba", actor=PROGRAM)
            words.append((certificate.folio, await last_mail("certificate_annulled")))
        await say("certificate_annulled", "Pase por otro en lugar del {folio}.", subject="Sobre su {documento}")

    for folio, mail in program:
        assert mail.subject == "Su documento fue anulado"
        assert in_order(mail.text, f"el folio {folio} ya no es válido", "/i/", "Este enlace es solo suyo")
    for folio, mail in own:
        assert mail.subject == "Sobre su diploma"
        assert in_order(mail.text, f"en lugar del {folio}.", f"el folio {folio} ya no es válido", "/i/")
        assert "Llame a la ventanilla: ahí" not in mail.text
    annulled, replaced = own[0][1], own[1][1]
    assert ("Ya hay otro en su lugar" in annulled.text, "Ya hay otro en su lugar" in replaced.text) == (False, True)
    assert ("Ver mi inscripción:" in annulled.text, "Descargar:" in replaced.text) == (True, True)
    with pytest.raises(UnknownPlaceholder):
        await say("certificate_annulled", "Hola.\n\n{enlace}")


async def test_lost_links_are_told_in_the_words_of_their_only_operator(sqlite_db: Settings, freeze: Freeze) -> None:
    freeze(FRIDAY)
    registration = await make.make_registration(await a_training(), email=ROSA)
    hub = await Hub.get()
    await say("my_links", "Esto es lo suyo.\n\n{enlaces}\n\n{municipalidad}", hub=hub, subject="Sus enlaces")

    await ask_for_links(ROSA)
    alone = await last_mail("my_links")
    elsewhere = await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    await make.make_registration(await a_training(hub=elsewhere), email=ROSA)
    await ask_for_links(ROSA)
    of_two = await last_mail("my_links")

    assert alone.subject == "Sus enlaces"
    link = f"/i/{await token_of(registration)}"
    for told in (alone.text, alone.html):
        assert in_order(told, "Esto es lo suyo.", link, (await hub.operator).name, "Estos enlaces son solo suyos")
        assert told.count(link) == 1
    assert of_two.subject == "Los enlaces de sus inscripciones"
    assert of_two.text.count("/i/") == 2
