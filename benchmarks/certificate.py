"""Time of a certificate against its two unavoidable parts: Typst compiling the same data, and the bare QR matrix.

python benchmarks/certificate.py [COUNT]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

import typst

from trainings.certificates import pdf
from trainings.certificates.designs import DESIGNS, FONT_FOLDER
from trainings.lib import qr, tokens

BOUND = 1.5
DESIGN = DESIGNS / "diploma" / "design.typ"
WARM_UP = 5
WHEN = datetime(2027, 3, 5, 15, tzinfo=UTC)


def main(count: int) -> int:
    compiler = _bare_compiler()
    rounds = [_round(compiler, sheet, place) for place, sheet in enumerate(_sheets(count + WARM_UP))][WARM_UP:]
    ours, typesetting, matrix = (median(took[name] for took, _ in rounds) for name in ("ours", "typst", "qr"))
    n_bytes = sum(size for _, size in rounds)
    ratio = ours / (typesetting + matrix)
    verdict = "ok" if ratio <= BOUND else "MISSED"
    print(f"{count} certificates of 2 pages, {n_bytes:,} bytes ({n_bytes // count:,} each), medians in ms")
    print(f"  certificate           {ours:7.2f}   ({1000 / ours:.0f} a second on one core)")
    print(f"  bare Typst compile    {typesetting:7.2f}")
    print(f"  bare QR matrix        {matrix:7.2f}")
    print(f"  ratio                 {ratio:7.2f}   (bound {BOUND}) {verdict}")
    return 0 if ratio <= BOUND else 1


def _round(compiler: typst.Compiler, sheet: pdf.CertificateSheet, place: int) -> tuple[dict[str, float], int]:
    """Milliseconds of each job, and the bytes of ours.

    The baseline sets another person of the same length, and who goes first changes every time: nobody profits from
    what Typst has kept of the other's work.
    """
    other = replace(sheet, person_name=sheet.person_name[::-1], folio=sheet.folio[:-6] + f"{500_000 + place}")
    inputs = {"data": json.dumps(pdf.design_data(other), ensure_ascii=False)}
    jobs: list[tuple[str, Callable[[], object]]] = [
        ("ours", lambda: pdf.render(sheet, timestamp=WHEN)),
        ("qr", lambda: qr.matrix(other.check_url, "M")),
        ("typst", lambda: _bare_pdf(compiler, inputs)),
    ]
    took: dict[str, float] = {}
    size = 0
    for name, job in jobs if place % 2 else reversed(jobs):
        start = perf_counter()
        made = job()
        took[name] = 1000 * (perf_counter() - start)
        if isinstance(made, bytes) and name == "ours":
            size = len(made)
    return took, size


def _bare_compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_FOLDER)])
    return typst.Compiler(str(DESIGN), root=str(DESIGNS), font_paths=fonts)


def _bare_pdf(compiler: typst.Compiler, inputs: dict[str, str]) -> object:
    return compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=["a-3a", "ua-1"], timestamp=WHEN)


def _sheets(count: int) -> list[pdf.CertificateSheet]:
    """The sample, each time for somebody else: equal sheets would come out of Typst's cache."""
    kept = json.loads((DESIGN.parent / "samples" / "diploma-8-horas.json").read_text(encoding="utf-8"))
    sheet = pdf.CertificateSheet.from_json(kept)
    sheets = []
    with tokens.fixed_randomness(1):
        for number in range(count):
            code = tokens.certificate_code()
            sheets.append(
                replace(
                    sheet,
                    person_name=f"{sheet.person_name} {tokens.slug_suffix().capitalize()}",
                    folio=f"VIMMIG-1705-2027-{number:06}",
                    code=code,
                    check_url=f"HTTPS://VENTANILLAS.EXAMPLE/V/{code}",
                )
            )
    return sheets


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
