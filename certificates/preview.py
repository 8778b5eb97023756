"""Draws every sample of the diploma as PDF and PNG, and refreshes the data that the design shows in an editor.

python certificates/preview.py [FOLDER]
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from trainings.certificates.designs import DESIGNS
from trainings.certificates.pdf import CertificateSheet, design_data, preview_png, render

DESIGN = DESIGNS / "diploma" / "design.typ"

SAMPLES = DESIGN.parent / "samples"
FIRST_SAMPLE = SAMPLES / "diploma-8-horas.json"
WHEN = datetime(2027, 3, 5, 15, tzinfo=UTC)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(SAMPLES.glob("*.json")):
        sheet = CertificateSheet.from_json(json.loads(file.read_text()))
        (folder / f"{file.stem}.pdf").write_bytes(render(sheet, timestamp=WHEN))
        for page, name in enumerate(("frente", "reverso"), start=1):
            (folder / f"{file.stem}-{name}.png").write_bytes(preview_png(sheet, page=page))
        print(folder / f"{file.stem}.pdf")
    shown = design_data(CertificateSheet.from_json(json.loads(FIRST_SAMPLE.read_text())))
    (DESIGN.parent / "sample.json").write_text(json.dumps(shown, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("var/diplomas"))
