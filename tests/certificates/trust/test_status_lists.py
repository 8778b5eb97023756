"""What was revoked: at once in this process, within seconds in another, the same bytes in both."""

from __future__ import annotations

import ast
import base64
import gzip
import json

from httpx2 import AsyncClient

from tests.certificates.desk import Freeze
from tests.certificates.held import AFTER, a_diploma, make_held
from tests.feeds.serving import etag_of, serving, wait_for_change
from tests.source import calls, functions, python_files, shown
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing.actions import revoke
from trainings.certificates.models import Certificate, FolioSeries
from trainings.certificates.trust import issuers
from trainings.certificates.trust.badges import ENTRIES
from trainings.settings import Settings

LIST = "/emisores/1705/estado/2027"


def set_places(body: bytes) -> list[int]:
    """Which bits are set in a list, read by the letter of the standard."""
    text = json.loads(body)["credentialSubject"]["encodedList"]
    assert text[0] == "u"
    bits = gzip.decompress(base64.urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4)))
    assert len(bits) * 8 == ENTRIES
    return [8 * n + bit for n, octet in enumerate(bits) if octet for bit in range(8) if octet >> (7 - bit) & 1]


async def test_list_when_another_process_revokes_then_the_same_bytes_within_seconds(
    client: AsyncClient, settings: Settings, freeze: Freeze
) -> None:
    freeze(AFTER)
    training = await make_held(4)
    first, second = [await a_diploma(training, given_names=name) for name in ("Ana", "Beto")]
    await issuers.current_key(first.operator_id)

    with serving(settings) as elsewhere:
        before = await client.get(LIST)
        etag = etag_of(elsewhere + LIST)
        await revoke(second.id, "Nombre equivocado", actor=PROGRAM)
        after = await client.get(LIST)
        later = wait_for_change(elsewhere + LIST, etag)

    assert (set_places(before.content), set_places(after.content)) == ([], [1])
    assert (etag, later) == (before.headers["etag"], after.headers["etag"])
    assert etag != later


async def test_list_when_asked_again_then_304_and_when_it_is_not_one_then_404(
    client: AsyncClient, freeze: Freeze
) -> None:
    freeze(AFTER)
    certificate = await a_diploma(await make_held(4))
    before_any_badge = await client.get(LIST)
    await issuers.current_key(certificate.operator_id)

    whole = await client.get(LIST)
    again = await client.get(LIST, headers={"if-none-match": f'"other", W/{whole.headers["etag"]}'})
    wrong = ("1705/estado/2026", "1705/estado/2027-2", "1705/estado/2027-1", "1705/estado/dos", "9999/estado/2027")
    missing = [await client.get(f"/emisores/{path}") for path in wrong]

    assert (whole.status_code, again.status_code, again.content) == (200, 304, b"")
    assert whole.headers["content-type"] == "application/ld+json"
    for answer in (whole, again):
        assert answer.headers["cache-control"] == "public, max-age=30"
        assert answer.headers["access-control-allow-origin"] == "*"
    assert whole.headers["etag"] == again.headers["etag"]
    assert [answer.status_code for answer in (before_any_badge, *missing)] == [404] * 6


async def test_second_list_of_a_year_when_the_first_is_full_then_counts_on(client: AsyncClient, freeze: Freeze) -> None:
    freeze(AFTER)
    certificate = await a_diploma(await make_held(4))
    await issuers.current_key(certificate.operator_id)
    await Certificate.filter(id=certificate.id).update(number=ENTRIES + 3)
    await FolioSeries.filter(operator_id=certificate.operator_id).update(next_number=ENTRIES + 4)
    await revoke(certificate.id, "Nombre equivocado", actor=PROGRAM)

    first, second = await client.get(LIST), await client.get(f"{LIST}-2")

    assert (set_places(first.content), set_places(second.content)) == ([], [2])
    assert json.loads(second.content)["id"] == f"http://localhost:8000{LIST}-2"


def test_whoever_changes_the_state_of_certificates_says_so_to_the_lists() -> None:
    """A state that changes without a word is seen some seconds later, and not at once."""
    silent = [
        f"{shown(path)}:{function.lineno} {function.name}"
        for path in python_files("trainings/certificates", "trainings/privacy")
        if "CertificateState." in path.read_text(encoding="utf-8")
        for function in functions(path)
        if changes_state(function) and "status_lists.touch(" not in ast.unparse(function)
    ]

    assert silent == []
    assert any(
        "status_lists.touch" in ast.unparse(call)
        for path in python_files("trainings/certificates")
        for call in calls(path)
    )


def changes_state(function: ast.AST) -> bool:
    return any(
        (
            isinstance(node, ast.Assign)
            and any(".state" in ast.unparse(one) for one in node.targets)
            and is_state(node.value)
        )
        or (
            isinstance(node, ast.Call)
            and any(one.arg == "state" and is_update(node, one.value) for one in node.keywords)
        )
        for node in ast.walk(function)
    )


def is_state(value: ast.expr) -> bool:
    return "CertificateState." in ast.unparse(value)


def is_update(call: ast.Call, value: ast.expr) -> bool:
    return ast.unparse(call.func).endswith(".update") and is_state(value)
