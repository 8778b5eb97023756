"""What script and server both know must be the same: codes, tickets, the band."""

from __future__ import annotations

from tests.browser.scanner import Scanner
from trainings.lib import tokens
from trainings.web.band import line_band


def test_script_and_server_agree_on_codes(scanner: Scanner) -> None:
    codes = [tokens.short_code() for _ in range(200)]
    wrong = [code[:3] + code[4] + code[3] + code[5:] for code in codes if code[3] != code[4]]
    typed = [tokens.show_short_code(code).lower() for code in codes] + wrong + ["", "K7Q2", "ÑÑÑÑ-ÑÑÑÑ-Ñ", "１２３"]
    ask = "async (typed) => { const m = await import('/static/js/scan/ticket.js'); return typed.map(m.readShortCode) }"

    assert scanner.page.evaluate(ask, typed) == [tokens.read_short_code(text) for text in typed]


def test_script_and_server_agree_on_what_a_ticket_is(scanner: Scanner) -> None:
    token = tokens.qr_token()
    seen = [
        token,
        token.lower(),
        f"https://h.example/C/{token}",
        f"https://h.example/c/{token}?x=1",
        f"https://h.example/V/{token}",
        f"{token}0",
        token[:-1],
        f"https://h.example/C/{token}/",
        "WIFI:S:x;;",
        f" {token[:10]}-{token[10:]} ",
    ]
    ask = "async (seen) => { const m = await import('/static/js/scan/ticket.js'); return seen.map(m.readToken) }"

    assert scanner.page.evaluate(ask, seen) == [tokens.read_qr(text) for text in seen]


def test_script_and_server_draw_the_same_band(scanner: Scanner) -> None:
    cases = [(0, 1), (1, 1), (14, 23), (23, 23), (25, 23), (39, 40), (17, 41), (99, 100), (0, 350), (0, 0)]
    ask = "async (cases) => { const m = await import('/static/js/scan/band.js');"
    ask += " return cases.map(([lit, total]) => m.lineBand(lit, total)) }"

    drawn = [line_band(*case) for case in cases]
    expected = [{"width": b.width, "lit": b.lit, "dim": b.dim, "figure": b.figure} for b in drawn]
    assert scanner.page.evaluate(ask, cases) == expected
