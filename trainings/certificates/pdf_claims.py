"""Run as a program of its own: what a PDF of a stranger claims to be, from its title, metadata and attachments.

It reads the file from its input and prints JSON. A file may be made to fill the memory or to never end: it gets
little of both, and whoever started it kills it by time. Nothing here is believed; it only says what to look up.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from collections.abc import Iterator
from io import BytesIO

import pikepdf

MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 4
MOST_CLAIMS = 5
MOST_ATTACHMENTS = 10
LONGEST_TEXT = 256 * 1024
FOLIO = re.compile(r"VIMMIG-[0-9A-Z]{2,12}-\d{4}-\d{6,9}")
CODE = re.compile(
    r"/(?:V|v|verificar)/([0-9A-Za-z]{14})(?![0-9A-Za-z])|\b([0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-Z]{4}){2}-[0-9A-Z]{2})\b"
)


def claims_of(content: bytes) -> dict[str, object]:
    """`folios` and `codes` that the file names, and whether it `is_locked` by a password. Fails where it is broken."""
    try:
        with pikepdf.open(BytesIO(content)) as pdf:
            texts = list(_texts(pdf))
    except pikepdf.PasswordError:
        return {"folios": [], "codes": [], "is_locked": True}
    whole = "\n".join(texts)
    codes = [one or other.replace("-", "") for one, other in CODE.findall(whole)]
    return {
        "folios": list(dict.fromkeys(FOLIO.findall(whole)))[:MOST_CLAIMS],
        "codes": list(dict.fromkeys(codes))[:MOST_CLAIMS],
        "is_locked": False,
    }


def _texts(pdf: pikepdf.Pdf) -> Iterator[str]:
    for value in list(pdf.docinfo.values())[:20]:
        yield str(value)[:1000]
    metadata = pdf.Root.get("/Metadata")
    if isinstance(metadata, pikepdf.Stream):
        yield metadata.read_bytes()[:LONGEST_TEXT].decode("utf-8", "replace")
    for name in list(pdf.attachments)[:MOST_ATTACHMENTS]:
        yield pdf.attachments[name].get_file().read_bytes()[:LONGEST_TEXT].decode("utf-8", "replace")


def main() -> None:
    os.nice(10)  # whoever opens a page goes first
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump(claims_of(sys.stdin.buffer.read()), sys.stdout)


if __name__ == "__main__":
    main()
