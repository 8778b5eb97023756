"""Time of a certificate against its unavoidable parts: Typst, the QR matrix, the proof of its badge, the signature.

python benchmarks/certificate.py [COUNT]

The parts are called bare, on the same data: Typst's compiler, the matrix, pyld's canonical form of the badge and of the
proof's head with an Ed25519 signature over both, pyhanko. Processor time, so that a busy machine says the same.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from statistics import median
from time import process_time
from typing import Any

import typst
from _papers import KEY, SEED, WHEN, material, orders
from asn1crypto import keys, pem, x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pyld import jsonld

from trainings.certificates.designs import pdf
from trainings.certificates.designs.designs import DESIGNS, FONT_FOLDER
from trainings.certificates.designs.texts import CertificateSheet
from trainings.certificates.making.typesetting import FileOrder, make
from trainings.certificates.signing_material import SigningMaterial
from trainings.certificates.trust import proofs
from trainings.lib import qr

BOUND = 1.3
WARM_UP = 5
DESIGN = DESIGNS / "diploma" / "design.typ"


@dataclass(frozen=True)
class Bare:
    """The parts, ready to be called."""

    compiler: typst.Compiler
    signer: SimpleSigner

    def parts(self, order: FileOrder, *, is_signed: bool) -> Mapping[str, Callable[[], object]]:
        """For the same certificate. What is typeset carries the same badge, signed before the clock runs."""
        sheet = CertificateSheet.from_json(order.sheet)
        badge = proofs.sign(order.credential, SEED, verification_method=KEY, created=WHEN)
        data = json.dumps(pdf.design_data(sheet, credential=json.dumps(badge, ensure_ascii=False)), ensure_ascii=False)
        # Another order of letters, of the same length: neither side profits from what Typst kept of the other's.
        inputs = {"data": data.replace(sheet.person_name, sheet.person_name[::-1])}
        parts: dict[str, Callable[[], object]] = {
            "bare Typst compile": lambda: self.typeset(inputs),
            "bare QR matrix": lambda: qr.matrix(sheet.check_url, "M"),
            "bare pyld proof": lambda: proved(order.credential),
        }
        if is_signed:
            other = sheet.person_name[1:] + sheet.person_name[0]
            unsigned = self.typeset({"data": data.replace(sheet.person_name, other)})
            parts["bare pyhanko"] = lambda: self.signed(unsigned)
        return parts

    def typeset(self, inputs: dict[str, str]) -> bytes:
        made = self.compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=["a-3a", "ua-1"], timestamp=WHEN)
        assert isinstance(made, bytes), "one file"
        return made

    def signed(self, unsigned: bytes) -> object:
        about = PdfSignatureMetadata(
            field_name="Firma", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, certify=True
        )
        return PdfSigner(about, self.signer).sign_pdf(IncrementalPdfFileWriter(BytesIO(unsigned)))


def proved(document: dict[str, Any]) -> bytes:
    """The canonical form of document and head, hashed and signed."""
    head = {"@context": document["@context"], "type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022"}
    head |= {"created": "2027-03-05T15:00:00Z", "verificationMethod": KEY, "proofPurpose": "assertionMethod"}
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": from_memory}
    canonical = [jsonld.normalize(one, options).encode() for one in (head, document)]
    hashed = b"".join(hashlib.sha256(one).digest() for one in canonical)
    return Ed25519PrivateKey.from_private_bytes(SEED).sign(hashed)


def from_memory(address: str, _options: object) -> dict[str, Any]:
    document = proofs.kept(address)
    return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": address, "document": document}


def bare_compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_FOLDER)])
    return typst.Compiler(str(DESIGN), root=str(DESIGNS), font_paths=fonts)


def signer_of(signing: SigningMaterial) -> SimpleSigner:
    [(_, _, der)] = pem.unarmor(signing.certificate_pem.encode(), multiple=True)
    key = load_pem_private_key(signing.private_key_pem.encode(), None)
    raw = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    info = keys.PrivateKeyInfo.load(raw)
    store: Any = SimpleCertificateStore
    return SimpleSigner(signing_cert=x509.Certificate.load(der), signing_key=info, cert_registry=store())


def main(count: int) -> int:
    signing = material()
    bare = Bare(bare_compiler(), signer_of(signing))
    print(f"{count} certificates of 2 pages, medians in ms of processor")
    missed = compared("unsigned", orders(count + WARM_UP), bare, is_signed=False)
    return missed | compared("signed", orders(count + WARM_UP, signed_with=signing), bare, is_signed=True)


def compared(name: str, asked: list[FileOrder], bare: Bare, *, is_signed: bool) -> int:
    """Who goes first changes every time."""
    took: dict[str, list[float]] = {}
    n_bytes = 0
    for place, order in enumerate(asked):
        jobs: dict[str, Callable[[], object]] = {"ours": lambda order=order: make(order)}  # type: ignore[misc]
        jobs |= bare.parts(order, is_signed=is_signed)
        for job, call in list(jobs.items())[:: 1 if place % 2 else -1]:
            start = process_time()
            made = call()
            if place >= WARM_UP:
                took.setdefault(job, []).append(1000 * (process_time() - start))
            n_bytes = len(made.content) if job == "ours" else n_bytes  # type: ignore[attr-defined]
    middle = {job: median(times) for job, times in took.items()}
    ours = middle.pop("ours")
    ratio = ours / sum(middle.values())
    print(f"{name}, {n_bytes:,} bytes")
    print(f"  certificate           {ours:7.2f}   ({1000 / ours:.0f} a second on one core)")
    for job, each in middle.items():
        print(f"  {job:<21} {each:7.2f}")
    print(f"  ratio                 {ratio:7.2f}   (bound {BOUND}) {'ok' if ratio <= BOUND else 'MISSED'}")
    return int(ratio > BOUND)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
