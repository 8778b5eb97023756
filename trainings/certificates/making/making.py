from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainings import clock
from trainings.certificates.designs.brand import pictures
from trainings.certificates.making.typesetting import CannotBeMade, FileOrder, MadeFile, make
from trainings.certificates.models import Certificate
from trainings.certificates.signing_material import note_of
from trainings.certificates.trust import badges, issuer_keys, signing_keys
from trainings.db import is_in_transaction, reads
from trainings.places.models import Operator

__all__ = ["CannotBeMade", "FileOrder", "MadeFile", "make", "order_for"]


async def order_for(certificates: Sequence[Certificate]) -> list[FileOrder]:
    """In their order. Not in a transaction: it makes an operator's first key.

    The signature's words use the current key; earlier ones stay in kept files.
    """
    assert not is_in_transaction(), "no file is made in a transaction, nor what is for it"
    operators = {one.operator_id for one in certificates}
    codes = dict(await reads(Operator).filter(id__in=sorted(operators)).values_list("id", "code"))
    keys = {key: await issuer_keys.current(key) for key in sorted(operators)}
    materials = {key: await signing_keys.material_of(key) for key in sorted(operators)}
    named = await pictures({sha256 for one in certificates for sha256 in _named(one.sheet)})
    moment = clock.now()
    orders = []
    for one in certificates:
        key, material = keys[one.operator_id], materials[one.operator_id]
        language = one.sheet["language"]
        note = list(note_of(material, language)) if material is not None else []
        orders.append(
            FileOrder(
                sheet={**one.sheet, "note": note},
                timestamp=one.issued_at,
                pictures={sha256: named[sha256] for sha256 in _named(one.sheet)},
                credential=badges.credential(badges.facts_of(one, codes[one.operator_id])),
                key_method=key.method,
                key_seed=key.seed,
                material=material,
                signed_at=moment,
            )
        )
    return orders


def _named(sheet: Mapping[str, Any]) -> list[str]:
    logos = [sha256 for sha256, _words in sheet["logos"]]
    return [sha256 for sha256 in [sheet["shield"], *logos] if sha256]
