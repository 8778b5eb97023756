"""The check page: what it answers, and what it never tells."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from httpx2 import AsyncClient, Response

from tests.certificates.desk import Browsers, Freeze, text_of
from tests.certificates.held import AFTER, a_diploma, make_attendee, make_held
from trainings.audit.actor import PROGRAM
from trainings.certificates.check import routes
from trainings.certificates.check.routes import MOST_MISSES
from trainings.certificates.issuing.actions import issue, revoke
from trainings.certificates.making.transcripts import make_transcript
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.lib import tokens
from trainings.lib.tokens import show_certificate_code
from trainings.people.models import AgeGroup, Participant
from trainings.registrations.models import Registration

FOLIO = "VIMMIG-1705-2027-000001"
FOLIO_ALONE = "Eso es el folio. Escriba también el código, que está a su lado: 14 letras y números."
DIPLOMA, CONSTANCIA = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


@pytest.fixture
def five_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_MISSES == 30
    monkeypatch.setattr(routes, "MOST_MISSES", 5)


# -- checking a code


async def test_check_when_valid_then_says_so_without_the_name(client: AsyncClient) -> None:
    certificate = await a_diploma()

    page = await client.get(f"/verificar/{certificate.code}")

    assert page.status_code == 200
    shown = text_of(page)
    assert "Válido" in shown
    assert "Folio VIMMIG-1705-2027-000001 Este diploma es válido" in shown
    assert "Lo entregó la Municipalidad de La Libertad, Petén. No ha sido anulado." in shown
    assert "Persona (solo iniciales) M. E. C. T." in shown
    assert "Riesgos de la migración irregular: mitos y realidades La completó" in shown
    assert "Horas 4 horas" in shown
    assert "Jueves, 4 de marzo de 2027" in shown
    assert "Extendido en La Libertad, Petén, el 14 de marzo de 2027" in shown
    assert "Caal" not in page.text
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.headers["cache-control"] == "no-store"
    assert '<meta name="robots" content="noindex">' in page.text
    assert "og:" not in page.text


async def test_check_when_note_then_hours_attended_and_its_own_gender(client: AsyncClient) -> None:
    person = await make_attendee(await make_held(4, 4), left_after=1.5)
    note = await issue(person.id, CONSTANCIA, actor=PROGRAM)

    shown = text_of(await client.get(f"/verificar/{note.code}"))

    assert "Esta constancia es válida" in shown
    assert "Horas de asistencia 5 horas y 30 minutos" in shown
    assert "Los días 4 y 5 de marzo de 2027" in shown


@pytest.mark.both_engines
async def test_check_when_revoked_then_says_when_and_which_one_holds(client: AsyncClient) -> None:
    person = await make_attendee(await make_held())
    first = await issue(person.id, DIPLOMA, actor=PROGRAM)
    await revoke(first.id, "nombre mal escrito", actor=PROGRAM)
    second = await issue(person.id, DIPLOMA, actor=PROGRAM)

    page = await client.get(f"/verificar/{first.code}")

    shown = text_of(page)
    assert "Este diploma fue anulado" in shown
    assert "La Municipalidad de La Libertad, Petén lo anuló el 14 de marzo de 2027." in shown
    assert f"Se emitió otro en su lugar: {second.folio}" in shown
    assert f'href="/verificar/{second.code}"' in page.text
    assert "nombre mal escrito" not in page.text


async def test_check_when_prepared_then_not_yet_valid(client: AsyncClient) -> None:
    certificate = await a_diploma()
    await Certificate.filter(id=certificate.id).update(state=CertificateState.PREPARED, validated_at=None)

    shown = text_of(await client.get(f"/verificar/{certificate.code}"))

    assert "Este diploma aún no es válido" in shown
    assert "Este diploma es válido" not in shown
    assert "La completó" not in shown


async def test_short_address_when_scanned_then_leads_to_the_check(client: AsyncClient) -> None:
    certificate = await a_diploma()
    path = f"/V/{certificate.code}"

    for typed in (path, path.lower(), f"/V/{show_certificate_code(certificate.code)}"):
        answer = await client.get(typed)
        assert (answer.status_code, answer.headers["location"]) == (308, f"/verificar/{certificate.code}")
    assert (await client.get(answer.headers["location"])).status_code == 200
    nonsense = await client.get("/V/%20evil:1\\@x?y=//evil.example")
    assert (nonsense.status_code, nonsense.headers["location"]) == (308, "/verificar/EV11%3A1%5C%40X")


async def test_form_when_code_is_typed_then_leads_to_the_check(client: AsyncClient) -> None:
    certificate = await a_diploma()
    code = certificate.code

    for typed in (code.lower(), show_certificate_code(code), f" http://localhost:8000/V/{code} "):
        answer = await client.get("/verificar", params={"codigo": typed})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/verificar/{code}")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Falta este dato."),
        ("<&'", "Revise el código: tiene 14 letras y números, como 7K3M-Q9XB-FHJ4-T2."),
        (FOLIO, FOLIO_ALONE),
    ],
)
async def test_form_when_code_cannot_be_one_then_shown_again_with_what_was_typed(
    client: AsyncClient, typed: str, sentence: str
) -> None:
    page = await client.get("/verificar", params={"codigo": typed})

    assert page.status_code == 422
    assert page.text.count(sentence) == 2
    assert "<&'" not in page.text
    assert "<title>Error: Revisar un diploma</title>" in page.text


async def test_form_when_folio_and_code_are_typed_then_compared(client: AsyncClient) -> None:
    code = (await a_diploma()).code
    typed = [
        {"codigo": code, "folio": "vimmig 1705 2027 000001"},
        {"codigo": f"{FOLIO} {show_certificate_code(code)}"},
        {"codigo": show_certificate_code(code), "folio": "VIMMIG-1705-2027-000002"},
        {"codigo": show_certificate_code(code), "folio": "7"},
        {"codigo": code, "folio": "1705-2026-1"},
        {"codigo": code, "folio": "9-1705-2027-1"},
        *(
            {"codigo": code, "folio": means_it}
            for means_it in ("1", "000001", "2027-1", "1705 2027 000001", "Folio no. 1")
        ),
        {"codigo": code, "folio": "vimmig17052027000001"},
        {"codigo": code, "folio": "VIMMIG-I705-2O27-1"},
        {"codigo": f"VIMMIG-1705-2027-1 {code}"},
    ]

    answers = [await client.get("/verificar", params=fields) for fields in typed]
    pages = [await client.get(answer.headers["location"]) for answer in answers]
    alone = await client.get("/verificar", params={"codigo": FOLIO.lower()})

    assert {answer.status_code for answer in answers} == {303}
    assert ["no es el de este código" in page.text for page in pages] == [
        *(False, False, True, True, True, True),
        *[False] * 8,
    ]
    assert {page.status_code for page in pages} == {200}
    assert f'name="folio" type="text" value="{FOLIO}"' in alone.text
    assert 'name="codigo" type="text" value=""' in alone.text


async def test_check_when_another_folio_stands_beside_the_code_then_the_paper_does_not_match_and_is_not_valid(
    client: AsyncClient,
) -> None:
    certificate = await a_diploma()

    page = await client.get(f"/verificar/{certificate.code}", params={"folio": "VIMMIG-1705-2027-000002"})
    of_words = await client.get(f"/verificar/{certificate.code}?folio=Pague Q50 a 5555-1234 (licda. Coc)")
    await revoke(certificate.id, "nombre mal escrito", actor=PROGRAM)
    annulled = await client.get(f"/verificar/{certificate.code}", params={"folio": "2"})

    shown = text_of(page)
    assert verdict_on(page) == ("no", "No coincide", "Este papel no coincide")
    assert "El folio VIMMIG-1705-2027-000002 no es el de este código." in shown
    assert not any(word in shown for word in ("Válido", "es válido", "La completó", "Bajar la insignia"))
    assert "<title>Este papel no coincide: " in page.text
    assert "Folio de este código" in page.text, "else it reads as the folio of the paper"
    assert "no es el de este código" in text_of(of_words)
    assert not any(word in text_of(of_words) for word in ("Pague", "licda", "PAGUE Q50")), (
        "an address speaks not for us"
    )
    assert verdict_on(annulled) == ("no", "Anulado", "Este diploma fue anulado")
    assert "El folio 2 no es el de este código." in text_of(annulled)


@pytest.mark.usefixtures("five_guesses")
async def test_check_when_wrong_folios_used_up_the_guesses_then_a_right_code_is_still_answered_and_not_green(
    client: AsyncClient,
) -> None:
    certificate = await a_diploma()
    address = f"/verificar/{certificate.code}"
    for number in range(2, 7):
        assert (await client.get(address, params={"folio": f"2027-{number}"})).status_code == 200
    unknown = await client.get(f"/verificar/{tokens.certificate_code()}")

    wrong = await client.get(address, params={"folio": "2027-99"})
    right = await client.get(address, params={"folio": "2027-1"})

    assert (unknown.status_code, wrong.status_code, right.status_code) == (429, 200, 200)
    assert verdict_on(wrong) == ("no", "No coincide", "Este papel no coincide")
    assert "El folio 2027-99 no es el de este código." in text_of(wrong)
    assert verdict_on(right)[1] == "Válido"


@pytest.mark.usefixtures("five_guesses")
@pytest.mark.parametrize("name", ["Otra Persona", "María Elena Caal Tzib"])
async def test_name_when_the_guesses_are_used_up_then_the_code_is_answered_and_the_name_told_apart_by_nobody(
    client: AsyncClient, name: str
) -> None:
    certificate = await a_diploma()
    registration = await Registration.get(id=certificate.registration_id).select_related("participant")
    transcript = await make_transcript(registration, actor=PROGRAM)
    for _ in range(5):
        await client.get(f"/verificar/{tokens.certificate_code()}")

    page = await client.post(f"/verificar/{certificate.code}", data={"name": name})
    history = await client.post(f"/verificar/{transcript.code}", data={"name": name})
    other_folio = await client.post(f"/verificar/{certificate.code}?folio=2", data={"name": name})

    assert [one.status_code for one in (page, history, other_folio)] == [200] * 3
    for one in (page, history):
        assert verdict_on(one) == ("hold", "Falta el nombre", "El código es correcto; el nombre no se comparó")
        assert "Puede intentar otra vez a las 9:30 a. m." in text_of(one)
        assert f'value="{name}"' in one.text
    assert (FOLIO in page.text, "M. E. C. T." in text_of(page)) == (True, True)
    assert verdict_on(other_folio)[0] == "no"
    assert "El folio 2 no es el de este código." in text_of(other_folio)


def verdict_on(page: Response) -> tuple[str, str, str]:
    """The colour of the seal, its word and the heading, which come first."""
    told = re.search(r'<p class="day seal ?(\w*)">.*?<span>(.*?)</span></p>.*?<h1>(.*?)</h1>', page.text, re.DOTALL)
    assert told is not None
    return told[1], told[2], told[3]


async def test_form_when_opened_then_can_be_shared(client: AsyncClient) -> None:
    page = await client.get("/verificar")

    assert page.status_code == 200
    assert '<meta property="og:title" content="Revisar un diploma">' in page.text
    assert "noindex" not in page.text


def typed_aside(page: Response) -> str:
    """The page without the code that stands in its form again."""
    return re.sub('(name="codigo" type="text" value=")[^"]*', r"\1", page.text)


async def test_unknown_when_code_is_unknown_or_malformed_then_the_same_page_to_the_byte_but_for_the_code(
    client: AsyncClient,
) -> None:
    certificate = await a_diploma()
    last = "0" if certificate.code[-1] != "0" else "1"
    kept = {
        (code := tokens.certificate_code()): code,
        (code := certificate.code[:-1] + last): code,
        certificate.code[:-1]: certificate.code[:-1],
        "x": "x",
        "Ñ%00%ff": "",
        "<Pague Q50>": "PagueQ50",
        certificate.folio: certificate.folio,
        "x" * 2_000: "x" * 32,
    }

    pages = [await client.get(f"/verificar/{typed}") for typed in kept]

    assert {page.status_code for page in pages} == {404}
    assert [
        f'name="codigo" type="text" value="{code}"' in page.text
        for page, code in zip(pages, kept.values(), strict=True)
    ] == [True] * len(kept)
    assert len({typed_aside(page) for page in pages}) == 1
    assert len({tuple(sorted(set(page.headers) - {"date"})) for page in pages}) == 1
    assert "No encontramos ese código" in pages[0].text


async def test_unknown_when_a_name_is_compared_then_the_same_page(client: AsyncClient) -> None:
    unknown = await client.post(f"/verificar/{tokens.certificate_code()}", data={"name": "Ana Ba"})
    malformed = await client.post("/verificar/x", data={"name": ""})

    assert (unknown.status_code, malformed.status_code) == (404, 404)
    assert typed_aside(unknown) == typed_aside(malformed)
    assert "No encontramos ese código" in unknown.text


# -- comparing a name


async def test_name_when_both_halves_are_as_long_as_they_may_be_then_compared_whole(client: AsyncClient) -> None:
    given_names, surnames = "Ana " * 29 + "Anaí", "Coc " * 29 + "Cocá"
    certificate = await a_diploma(given_names=given_names, surnames=surnames)
    transcript = await make_transcript(
        await Registration.get(id=certificate.registration_id).prefetch_related("participant"), actor=PROGRAM
    )
    whole = f"{given_names} {surnames}"

    pages = {
        (code, name): await client.post(f"/verificar/{code}", data={"name": name})
        for code in (certificate.code, transcript.code)
        for name in (whole, whole.upper().replace("Á", "A"), whole[:-1], whole[:-1] + "o", whole[:-5], "X" + whole[1:])
    }

    assert len(whole) == 241
    for (code, name), page in pages.items():
        assert page.status_code == 200
        is_it = name.upper().endswith(("COCÁ", "COCA")) and name[0] == "A"
        assert ("Sí, ese es el nombre impreso." in page.text) is is_it, (code, name[-8:])


async def test_name_when_compared_then_yes_no_or_the_form_again(client: AsyncClient) -> None:
    address = f"/verificar/{(await a_diploma()).code}"

    same = [
        await client.post(address, data={"name": name}) for name in ("María Elena Caal Tzib", "maria elena  CAAL tzib")
    ]
    other = await client.post(address, data={"name": "<script>Ana</script> Ba"})
    wrong = [await client.post(address, data={"name": name}) for name in ("", "   ", "x" * 242)]

    assert [(page.status_code, "Sí, ese es el nombre impreso." in page.text) for page in same] == [(200, True)] * 2
    assert verdict_on(other) == ("no", "No coincide", "Este papel no coincide")
    assert "El nombre que escribió no es el que está impreso." in text_of(other)
    assert 'value="&lt;script&gt;Ana&lt;/script&gt; Ba"' in other.text
    assert "Caal" not in other.text
    assert [(page.status_code, 'class="error"' in page.text) for page in wrong] == [(422, True)] * 3


async def test_name_when_a_minors_then_never_compared(client: AsyncClient) -> None:
    person = await make_attendee(await make_held())
    await Participant.filter(id=person.participant_id).update(age_group=AgeGroup.A14_17)
    certificate = await issue(person.id, DIPLOMA, actor=PROGRAM)

    pages = [
        await client.get(f"/verificar/{certificate.code}"),
        *[
            await client.post(f"/verificar/{certificate.code}", data={"name": name})
            for name in ("María Elena Caal Tzib", "Otra Persona")
        ],
    ]

    assert [verdict_on(page) for page in pages] == [("", "Válido", "Este diploma es válido")] * 3
    assert not any(
        word in text_of(page) for page in pages for word in ("nombre impreso", "¿Es este el nombre?", "M. E. C. T.")
    )
    assert "Menor de edad: no mostramos iniciales." in pages[0].text


# -- limits


@pytest.mark.usefixtures("five_guesses")
async def test_limit_when_all_guesses_were_misses_then_wait_and_not_for_others(
    client: AsyncClient, freeze: Freeze, new_client: Browsers
) -> None:
    certificate = await a_diploma()
    for _ in range(6):
        right = await client.post(f"/verificar/{certificate.code}", data={"name": "María Elena Caal Tzib"})
        assert "Sí, ese es el nombre impreso." in right.text
    for _ in range(4):
        assert (await client.get(f"/verificar/{tokens.certificate_code()}")).status_code == 404
    wrong_name = await client.post(f"/verificar/{certificate.code}", data={"name": "Otra Persona"})

    refused = await client.get(f"/verificar/{tokens.certificate_code()}")

    assert wrong_name.status_code == 200
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 3600
    wrong = tokens.certificate_code()
    blocked = await client.get(f"/verificar/{wrong}")
    with_folio = await client.get(f"/verificar/{wrong}", params={"folio": FOLIO.lower()})
    compared = await client.post("/verificar/x", data={"name": "<i>Ana"})
    program = await client.get(f"/verificar/{wrong}", headers={"accept": "application/json"})
    assert (blocked.status_code, program.status_code, program.json()["code"]) == (429, 429, "too_many")
    assert "Son muchos intentos seguidos" in text_of(refused)
    assert "Puede intentar otra vez a las 9:30 a. m." in text_of(refused)
    assert (refused.headers["cache-control"], refused.headers["x-robots-tag"]) == ("no-store", "noindex")
    assert f'name="codigo" type="text" value="{wrong}"' in blocked.text
    assert f'name="folio" type="text" value="{FOLIO}"' in with_folio.text
    assert typed_aside(blocked) == typed_aside(refused)
    assert compared.status_code == 429
    assert 'name="name" type="text" value="&lt;i&gt;Ana"' in compared.text
    freeze(AFTER + timedelta(hours=1, seconds=1))
    assert (await client.get(f"/verificar/{wrong}")).status_code == 404


@pytest.mark.usefixtures("five_guesses")
async def test_right_code_when_many_wrong_ones_came_from_its_address_then_answered(client: AsyncClient) -> None:
    certificate = await a_diploma()
    registration = await Registration.get(id=certificate.registration_id).select_related("participant")
    transcript = await make_transcript(registration, actor=PROGRAM)
    codes = [tokens.certificate_code() for _ in range(7)]
    wrong = [(await client.get(f"/verificar/{code}")).status_code for code in codes]

    page, program = [
        await client.get(f"/verificar/{certificate.code}", headers={"accept": kind})
        for kind in ("text/html", "application/json")
    ]
    badges = [(await client.get(f"/verificar/{code}.json")).status_code for code in (certificate.code, codes[0])]
    history = await client.get(f"/verificar/{transcript.code}")

    assert wrong == [404] * 5 + [429] * 2
    assert (page.status_code, FOLIO in page.text, program.status_code) == (200, True, 200)
    assert history.status_code == 200
    assert badges == [200, 429]


@pytest.mark.usefixtures("five_guesses")
async def test_form_when_malformed_then_answered_and_counted_like_an_unknown_code_but_not_when_none_was_typed(
    client: AsyncClient,
) -> None:
    certificate = await a_diploma()
    for _ in range(6):
        assert (await client.get("/verificar", params={"codigo": ""})).status_code == 422

    typed = [
        tokens.certificate_code(),
        "7K3M",
        f"{FOLIO} 7K3M-",
        "http://localhost/V/7k3m?a",
        certificate.code[:-1],
    ]
    led = [await client.get("/verificar", params={"codigo": one}) for one in typed]
    pages = [await client.get(one.headers["location"]) for one in led]

    assert ({one.status_code for one in led}, {page.status_code for page in pages}) == ({303}, {404})
    assert len({typed_aside(page).replace(f"folio={FOLIO}&amp;", "").replace(FOLIO, "") for page in pages}) == 1
    assert [
        f'name="codigo" type="text" value="{code}"' in page.text
        for page, code in zip(pages[1:4], ("7K3M", "7K3M-", "7k3m"), strict=True)
    ] == [True] * 3
    assert (await client.get(f"/verificar/{tokens.certificate_code()}")).status_code == 429
