"""The processes that set files: what they make, and how small they stay while they sign."""

from __future__ import annotations

import asyncio
import os
import resource
from pathlib import Path
from typing import Any

from tests.certificates.sheets import WHEN, sample
from tests.certificates.trust.signers import material
from trainings.certificates.making.process_pool import Mill
from trainings.certificates.making.typesetting import FileOrder, make
from trainings.certificates.signing_material import SigningMaterial, note_of
from trainings.certificates.trust import proofs

MOST_RESIDENT = 120_000_000
"""Octets: what a process may hold, with all that it shares."""
NEEDLESS = {"tortoise", "starlette", "babel", "pikepdf", "urllib3", "lxml.etree", "jinja2"}
LOADED = "list(__import__('sys').modules)"


def order(signer: SigningMaterial, number: int) -> FileOrder:
    sheet = sample().to_json() | {"folio": f"VIMMIG-1705-2027-{number:06}", "note": note_of(signer)}
    badge: dict[str, Any] = {"@context": [proofs.CREDENTIALS], "type": ["VerifiableCredential"]}
    return FileOrder(sheet, WHEN, {}, badge, "https://ventanilla.example/llave", bytes(32), signer, WHEN)


def resident_octets(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


async def test_process_that_signs_then_makes_the_same_file_and_stays_small() -> None:
    mill, signer = Mill(1), material()

    made = [await mill.do(make, order(signer, number)) for number in range(2)]
    pid = await mill.do(os.getpid)
    loaded = set(await mill.do(eval, LOADED))

    here = await asyncio.to_thread(make, order(signer, 1))
    assert made[1].unsigned_sha256 == here.unsigned_sha256
    assert made[1].signed_by == here.signed_by == signer.fingerprint
    assert len({one.sha256 for one in made}) == 2
    assert loaded & NEEDLESS == set()
    resident = await asyncio.to_thread(resident_octets, pid)
    assert resident <= MOST_RESIDENT
