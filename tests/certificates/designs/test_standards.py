"""What veraPDF says of the papers: PDF/A-3a and PDF/UA-1, signed and unsigned."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.certificates.check.test_transcripts import entry
from tests.certificates.making import verapdf
from tests.certificates.sheets import WHEN, sample
from tests.certificates.trust.signers import material
from trainings.certificates.designs import pdf, previews
from trainings.certificates.designs.designs import DesignInfo, all_designs
from trainings.certificates.designs.previews import Size
from trainings.certificates.making import transcripts as transcript_pdf
from trainings.certificates.trust import signatures

CREDENTIAL = '{"type": ["VerifiableCredential"]}'


def test_papers_of_every_design_when_verapdf_is_asked_then_no_rule_is_broken_signed_or_not(tmp_path: Path) -> None:
    """A signed file holds the unsigned one whole, and after it what was signed: one is asked without."""
    papers, signer = {key: _fullest(design) for key, design in all_designs().items()}, material()
    asked = {f"{key}, signed": signatures.sign(paper, signer, at=WHEN) for key, paper in papers.items()}
    asked |= {"unsigned": papers["diploma"], "photo": _photo()}
    asked["packed"] = pdf.render(sample(person_name="Malin\u0308 Xun\u0308"), timestamp=WHEN)
    asked["transcript"] = transcript_pdf.rendered("Ana Coc", "7K3MQ9XBFHJ4T2", [entry(1)], made_at=WHEN)

    if verapdf.is_here():
        broken = verapdf.broken_rules(asked, tmp_path)

        assert len(broken.pop("photo")) > 1, "it finds something where there is something to find"
        assert {name: rules for name, rules in broken.items() if rules} == {}


def _fullest(design: DesignInfo) -> bytes:
    """A paper with pictures, a second language, the note of the signature and the badge. Two topics are enough."""
    sheet = previews.sample(design, Size.LONGEST, language="es+en")
    sheet = replace(sheet, contents=sheet.contents[:2])
    return pdf.render(sheet, timestamp=WHEN, pictures=previews.pictures(), credential=CREDENTIAL)


def _photo() -> bytes:
    file = BytesIO()
    Image.new("RGB", (9, 9)).save(file, "PDF")
    return file.getvalue()
