"""What the scan app asks of a browser, asked of a second engine: Firefox reads, opens names, seals and keeps.

It is among the long proofs wherever Firefox is.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from PIL import Image

from tests.attendance.phone_side import NO_NONCE, code_hash, encode, short_key
from tests.browser.firefox import Firefox, opened
from tests.browser.marcar import APP, Village
from tests.database import KEY
from trainings.attendance.device_access import COOKIE
from trainings.lib import qr, tokens
from trainings.lib.crypt import Keyring
from trainings.lib.sealing import SealedBox

pytestmark = pytest.mark.proof

READ = """async (side, grey, way) => {
    const lens = document.querySelector("template[data-screen=marcar]").content.querySelector("[data-lens]").dataset;
    const { loadDecoder } = await import(`/static/js/marks/decoder.js?${way}`);
    const { zxing, wasm, jsqr } = lens;
    const decoder = await loadDecoder({ zxing: way === "jsqr" ? "/static/none.js" : zxing, wasm, jsqr });
    const picture = new ImageData(side, side);
    const light = Uint8Array.from(atob(grey), (one) => one.charCodeAt(0));
    light.forEach((one, n) => picture.data.set([one, one, one, 255], n * 4));
    return [decoder.name, await decoder.read(picture)];
}"""
OPEN = """async (token, code, training, line, roster) => {
    const { hashOf, shortOf, openName } = await import("/static/js/marcar/keys.js");
    const wrong = await openName(line, "0".repeat(20), roster);
    return [await hashOf(token), await shortOf(code, training), await openName(line, token, roster), wrong];
}"""
SEAL = """async (text, purpose, key) => {
    const { seal } = await import("/static/js/marcar/seal.js");
    return seal(text, purpose, key);
}"""
KEEP = """async (ids) => {
    const { openStore } = await import("/static/js/marks/store.js");
    const store = await openStore(() => undefined);
    const draft = (id) => ({ id, kind: "in", session: "s", at: 1, how: "typed" });
    const kept = await store.keepAll(ids.map(draft));
    const twice = await store.keepAll([draft("c"), draft(ids[0])]).catch((error) => error.name);
    await store.receive([{ id: ids[0], state: "stored" }]);
    const again = await openStore(() => undefined);
    const [last] = await again.keepAll([draft("d")]);
    const waiting = (await again.waiting(9)).map(({ id }) => id).filter((id) => id.length === 1);
    return [kept[1].seq - kept[0].seq, last.seq - kept[1].seq, twice, waiting];
}"""
READY = """async () => {
    for (let n = 0; n < 600; n += 1) {
        const ready = document.querySelector("[data-ready]");
        if (ready?.dataset.state === "ready" && document.querySelector("[data-sessions] a")) return [];
        await new Promise((later) => setTimeout(later, 100));
    }
    const { active } = await navigator.serviceWorker.ready;
    const channel = new MessageChannel();
    const answered = new Promise((resolve) => { channel.port1.onmessage = ({ data }) => resolve(data.missing); });
    active.postMessage({ kind: "state" }, [channel.port2]);
    return [document.body.innerText, String(navigator.serviceWorker.controller?.state), ...(await answered)];
}"""
MARK = """async (session, code) => {
    location.hash = `#/marcar/${session}`;
    const shown = async (selector) => {
        for (let n = 0; n < 900; n += 1) {
            const found = document.querySelector(selector);
            if (found) return found;
            await new Promise((later) => setTimeout(later, 50));
        }
        throw new Error(`${selector} at ${location.href}: ${document.body.innerText}`);
    };
    await shown("main [data-count-text]:not(:empty)");
    const field = await shown("main form.type [name=code]");
    field.value = code;
    field.form.requestSubmit();
    return (await shown(".answer [data-state=present]")).innerText;
}"""


@pytest.fixture(scope="module")
def fox(village: Village, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """Firefox at the scan app's page, under its policy."""
    with opened(tmp_path_factory.mktemp("firefox") / "profile") as window:
        window.open(village.origin + APP)
        yield window


def picture(token: str, *, inverted: bool) -> tuple[int, str]:
    """Side and light of a card, row by row."""
    card = Image.open(io.BytesIO(qr.png(token, scale=8))).convert("L")
    if inverted:
        card = card.point(lambda light: 255 - light)
    return card.width, base64.b64encode(card.tobytes()).decode()


@pytest.mark.parametrize(("way", "inverted"), [("zxing", False), ("zxing", True), ("jsqr", False)])
def test_second_engine_reads_cards(fox: Firefox, way: str, inverted: bool) -> None:
    token = tokens.qr_token()

    assert fox.run(READ, *picture(token, inverted=inverted), way) == [way, token]


def test_second_engine_opens_the_name_of_a_card_and_no_other(fox: Firefox) -> None:
    token, name = tokens.qr_token(), "Ixchel Q’. Tz’."
    roster = {"version": "v7", "session": "d0a1"}
    key = HKDF(SHA256(), 16, b"tm-roster-v1", b"name|v7").derive(token.encode())
    sealed = encode(AESGCM(key).encrypt(NO_NONCE, name.encode(), f"{code_hash(token)}|d0a1".encode()))

    found = fox.run(OPEN, token, "K7Q29XMDC", "d0a2", {"n": sealed, "h": code_hash(token)}, roster)

    assert found == [code_hash(token), short_key("K7Q29XMDC", "d0a2"), name, ""]


def test_what_a_second_engine_seals_opens_for_its_purpose(fox: Firefox) -> None:
    box = SealedBox(Keyring([KEY]))
    key_id, raw = box.public()[0]

    sealed = fox.run(SEAL, "Ixchel Q’eqchi’", "slip|1", {"id": key_id, "raw": raw})

    assert box.open(sealed, "slip|1").decode() == "Ixchel Q’eqchi’"


def test_second_engine_is_made_ready_and_marks(fox: Firefox, village: Village) -> None:
    [ana] = village.people(1)
    fox.prepare(village.origin, COOKIE, village.phone())
    fox.open(f"{village.origin}{APP}?otra")
    assert fox.run(READY) == []

    answer = fox.run(MARK, village.made["session"], ana.token)

    assert "Presente" in answer
    assert ana.name in answer


def test_second_engine_keeps_all_or_nothing_and_numbers_it(fox: Firefox) -> None:
    assert fox.run(KEEP, ["a", "b"]) == [1, 1, "ConstraintError", ["b", "d"]]
