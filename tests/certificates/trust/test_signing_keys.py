"""The page where a municipality loads or makes the certificate that signs its PDFs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from httpx2 import AsyncClient, Response

from tests.cast import make_cast
from tests.certificates.desk import Browsers, Freeze, make_desk, signed_in, text_of
from tests.certificates.held import AFTER
from tests.certificates.trust.signers import PASSWORD, YEAR, a_certificate, a_file, from_a_provider
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.issuing.actions import issue
from trainings.certificates.making.files import file_of
from trainings.certificates.models import CertificateKind, IssuerKey, SigningKey
from trainings.certificates.trust import key_file_child, signing_keys
from trainings.db import sql
from trainings.errors import Refusal
from trainings.places.models import Operator

PAGE = "/panel/firma-electronica"
P256 = ec.SECP256R1()


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def upload(browser: AsyncClient, operator: Operator, content: bytes, password: str = PASSWORD) -> Response:
    files = {"file": ("firma.p12", content, "application/x-pkcs12")}
    return await browser.post(f"{PAGE}/{operator.id}/archivo", data={"password": password}, files=files)


async def test_certificate_of_a_provider_when_loaded_then_in_use_and_its_key_in_no_page_and_no_plain_row(
    new_client: Browsers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = await signed_in(new_client, (await make_cast()).admin)
    operator = await Operator.get(code="1705")
    content, _root = from_a_provider()
    first = await browser.post(f"{PAGE}/{operator.id}/hacer")

    loaded = await upload(browser, operator, content)
    twice = await upload(browser, operator, content)
    page = await browser.get(PAGE)
    public = await browser.get("/emisores/1705", headers={"accept": "text/html"})

    assert [one.status_code for one in (first, loaded, twice)] == [303, 303, 409]
    [key] = await SigningKey.filter(retired_at=None)
    assert key.private_key is not None
    assert key.private_key.startswith("-----BEGIN PRIVATE KEY-----")
    rows = await sql.rows("SELECT private_key FROM signing_key")
    assert [row["private_key"] for row in rows if "PRIVATE" in row["private_key"]] == []
    secret = key.private_key.splitlines()[1]
    assert [text for text in (page.text, public.text, caplog.text) if secret in text or PASSWORD in text] == []
    assert "Emitido por Prestador Autorizado, S. A. Vale del 14/03/2026 al 13/03/2028." in text_of(page)
    lines = await AuditLine.filter(act__contains="signing_key").order_by("id")
    assert [line.act for line in lines] == ["certificates.make_signing_key", "certificates.load_signing_key"]
    assert (await browser.get(f"/emisores/1705/certificados/{key.fingerprint}.pem")).text == key.certificate_pem


async def test_file_when_it_cannot_be_used_then_the_reason_in_words_and_nothing_kept(new_client: Browsers) -> None:
    browser = await signed_in(new_client, (await make_cast()).admin)
    operator = await Operator.get(code="1705")
    content, _root = from_a_provider()

    wrong = await upload(browser, operator, content, "otra clave")
    nothing = await upload(browser, operator, b"")
    large = await upload(browser, operator, bytes(200 * 1024))
    gone = await browser.post(f"{PAGE}/{(await Operator.get(code='1207')).id}/hacer")

    assert [one.status_code for one in (wrong, nothing, large, gone)] == [422, 422, 413, 404]
    assert "La contraseña no abre ese archivo." in wrong.text
    assert "Escoja otra vez el archivo y escriba su contraseña." in wrong.text
    assert "Lo demás que escribió" not in wrong.text
    assert "otra clave" not in wrong.text
    assert 'href="#password"' in wrong.text
    assert "Escoja primero el archivo." in nothing.text
    assert "no es un certificado" in large.text
    assert 'href="#file"' in large.text
    assert await SigningKey.all().count() == 0


def _own(key: object, **dates: object) -> x509.Certificate:
    make: Callable[..., x509.Certificate] = a_certificate
    return make("Ana", key, **dates)


async def test_files_of_other_kinds_when_loaded_then_each_refused_by_its_name(db: object) -> None:
    await make_cast()
    operator = await Operator.get(code="1705")
    good, other = ec.generate_private_key(P256), ec.generate_private_key(P256)
    wide, classic = ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 1024)
    wrong = {
        "unreadable": [b"%PDF-1.7", b"\x30\x03\x02\x01\x03", from_a_provider()[0][:-40]],
        "kind": [a_file(wide, _own(wide)), a_file(classic, _own(classic))],
        "no_key": [a_file(None, None, _own(good))],
    }
    files = {
        "certificate_nameless": a_file(good, a_certificate("", good)),
        "certificate_expired": a_file(good, _own(good, end=AFTER - timedelta(days=1))),
        "certificate_not_yet": a_file(good, _own(good, start=AFTER + YEAR, end=AFTER + 2 * YEAR)),
        "unprintable_certificate": a_file(other, a_certificate("Ana 🙂", other)),
    }

    def read(content: bytes) -> dict[str, Any]:
        return key_file_child.read(content, PASSWORD.encode())

    async def refusal(content: bytes) -> str:
        with pytest.raises(Refusal) as refused:
            await signing_keys._use(operator.id, signing_keys._key_file(**read(content)), actor=PROGRAM)
        return refused.value.code

    found = {one: [read(content) for content in wrong[one]] for one in wrong}
    said = {code: await refusal(content) for code, content in files.items()}

    assert found == {one: [{"wrong": one}] * len(contents) for one, contents in wrong.items()}
    assert said == {code: code for code in files}
    named = {one: signing_keys._WRONG[one].code for one in wrong}
    assert named == {"unreadable": "unreadable_key_file", "kind": "wrong_key_kind", "no_key": "key_missing"}
    assert await SigningKey.all().count() == 0


async def test_file_when_it_would_take_for_ever_to_open_then_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_keys, "SECONDS", 0.01)

    with pytest.raises(signing_keys.UnreadableKeyFile) as refused:
        await asyncio.to_thread(signing_keys.read_key_file, from_a_provider()[0], PASSWORD)

    assert refused.value.__cause__ is None
    assert PASSWORD not in repr(refused.value.__context__) or refused.value.__suppress_context__


async def test_key_when_retired_then_unsigned_and_badges_go_on_with_a_new_key(new_client: Browsers) -> None:
    browser = await signed_in(new_client, (await make_cast()).admin)
    operator = await Operator.get(code="1705")
    await browser.post(f"{PAGE}/{operator.id}/hacer")
    key = await SigningKey.get()

    retired = await browser.post(f"{PAGE}/{operator.id}/{key.id}/retirar")
    rotated = [await browser.post(f"{PAGE}/{operator.id}/insignias") for _ in range(2)]
    page = await browser.get(PAGE)

    assert [one.status_code for one in (retired, *rotated)] == [303, 303, 303]
    assert await signing_keys.material_of(operator.id) is None
    assert "Los diplomas van sin firma electrónica." in page.text
    assert await IssuerKey.filter(retired_at=None).count() == 1
    assert await IssuerKey.all().count() == 2
    assert [line.act for line in await AuditLine.filter(act__contains="_key").order_by("id")] == [
        "certificates.make_signing_key",
        "certificates.retire_signing_key",
        "certificates.make_issuer_key",
        "certificates.make_issuer_key",
    ]


async def test_own_certificate_when_its_ten_years_are_over_then_unsigned_and_the_page_says_so(
    new_client: Browsers, freeze: Freeze
) -> None:
    cast = await make_cast()
    operator = await Operator.get(code="1705")
    await signing_keys.make_key(operator.id, actor=PROGRAM)
    assert await signing_keys.material_of(operator.id) is not None

    first_pages = []
    for days in (3619, 3620, 3650):
        freeze(AFTER + timedelta(days=days))
        browser = await signed_in(new_client, cast.admin)
        first_pages.append(text_of(await browser.get("/panel")))
    page = await browser.get(PAGE)
    coordinator = await signed_in(new_client, cast.coordinator)

    assert await signing_keys.material_of(operator.id) is None
    assert "Venció el 11/03/2037" in page.text
    told = ["Cambiar la firma electrónica" in one for one in first_pages]
    assert told == [False, True, True], "thirty days before"
    assert "Vence el 11/03/2037: después van sin firma." in first_pages[1]
    assert "Venció el 11/03/2037: los diplomas van sin firma." in first_pages[2]
    assert "Cambiar la firma electrónica" not in text_of(await coordinator.get("/panel"))


async def test_key_when_stolen_then_its_signature_counts_only_on_files_that_we_held_before(
    new_client: Browsers, freeze: Freeze
) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.admin)
    operator = await Operator.get(code="1705")
    await browser.post(f"{PAGE}/{operator.id}/hacer")
    before = await file_of(desk.certificate)
    freeze(AFTER + timedelta(days=2))
    later = await issue(desk.completed.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    await file_of(later)
    browser = await signed_in(new_client, desk.cast.admin)
    key = await SigningKey.get()
    theft, address = (AFTER + timedelta(days=1)).date(), f"{PAGE}/{operator.id}/{key.id}/robada"

    refused = [await browser.post(address, data={"since": day}) for day in ("", "2027-12-24")]
    marked = await browser.post(address, data={"since": str(theft)})
    panel, issuer = await browser.get(PAGE), await browser.get("/emisores/1705", headers={"accept": "text/html"})
    pages = [text_of(await browser.get(f"/verificar/{one.code}")) for one in (desk.certificate, later)]

    assert [one.status_code for one in (*refused, marked)] == [422, 422, 303]
    assert ["Ese día todavía no llega." in page.text for page in refused] == [False, True]
    assert await signing_keys.material_of(operator.id) is None
    assert ["Comprometida desde el 15/03/2027" in text_of(page) for page in (panel, issuer)] == [True, True]
    since = "su llave está comprometida desde el 15/03/2027"
    assert [since in page.replace("Su llave", "su llave") for page in pages] == [True, True]
    assert ["la firma solo vale en el archivo que entregamos" in page for page in pages] == [True, False]
    assert ["No cuenta:" in page for page in pages] == [False, True]
    dropped = await browser.post("/verificar/archivo", files={"archivo": ("d.pdf", before.content, "application/pdf")})
    assert "El archivo es el que entregamos, sin ningún cambio." in dropped.text
