"""Every random value of the program, and codes that people type. Crockford's base32: no I, L, O or U."""

import base64
import hashlib
import hmac
import os
import random
import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import reduce
from operator import getitem, xor
from uuid import UUID

from trainings import clock

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

IDEMPOTENCY_KEY_LENGTH = 26
OWN_LINK_LENGTH = 32
FEED_TOKEN_LENGTH = 32
QR_TOKEN_LENGTH = 20
SHORT_CODE_LENGTH = 9
CERTIFICATE_CODE_LENGTH = 14
SHEET_CODE_LENGTH = 5

# 256 is a multiple of 32, so each character is equally likely.
_BYTE_TO_CHARACTER = bytes(ord(ALPHABET[byte % 32]) for byte in range(256))
_FORGIVEN = str.maketrans("OIL", "011")
_LONGEST_TYPED = 300
_TIME_LENGTH = 10
_TICK_BITS = (1 << 60) - 1
_DRAWN_TOGETHER = 8
_QR_ADDRESS = re.compile(r"^https?://[^\s?#]+/C/([^/?#]+)/?(?:[?#].*)?$", re.IGNORECASE | re.DOTALL)


# -- where randomness comes from


class _Fixed:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  repeatable on purpose
        self.ticks = 1_700_000_000_000 << 12  # keys made from a seed sort before all real ones

    def next_ticks(self, n: int) -> Sequence[int]:
        self.ticks += n << 12
        return range(self.ticks - (n - 1 << 12), self.ticks + 1, 1 << 12)


class _Ticks:
    """Real time in 1/4096 ms since 1970, growing with every call, also when the machine's clock is set back."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next_ticks(self, n: int) -> Sequence[int]:
        with self._lock:
            first = max(clock.running_ns() * 64 // 15_625, self._last + 1)
            self._last = first + n - 1
        return range(first, first + n)


_fixed: ContextVar[_Fixed | None] = ContextVar("fixed_randomness", default=None)
_ticks = _Ticks()
_system = random.SystemRandom()


@contextmanager
def fixed_randomness(seed: int) -> Iterator[random.Random]:
    """All but `nonce` and `new_key` draw from `seed`, in this task only: for the demo world and tests."""
    fixed = _Fixed(seed)
    reset = _fixed.set(fixed)
    try:
        yield fixed.random
    finally:
        _fixed.reset(reset)


def source() -> random.Random:
    """For choices that are no secret."""
    fixed = _fixed.get()
    return fixed.random if fixed else _system


def random_bytes(n: int) -> bytes:
    fixed = _fixed.get()
    return fixed.random.randbytes(n) if fixed else os.urandom(n)


def nonce(n: int = 12) -> bytes:
    """Really random even inside `fixed_randomness`: never twice under one key."""
    return os.urandom(n)


def _characters(n: int) -> str:
    return random_bytes(n).translate(_BYTE_TO_CHARACTER).decode("ascii")


# -- keys


def uuid7() -> UUID:
    """RFC 9562: ordered by time, which keeps indexes of large tables fast."""
    return UUID(int=next(_uuid7s(1)))


def _uuid7s(n: int) -> Iterator[int]:
    drawn = random_bytes(8 * n)
    for at, tick in enumerate((_fixed.get() or _ticks).next_ticks(n)):
        last = 1 << 63 | int.from_bytes(drawn[8 * at : 8 * at + 8], "big") >> 2
        yield (tick & _TICK_BITS) >> 12 << 80 | 7 << 76 | (tick & 0xFFF) << 64 | last


def timeless_key() -> UUID:
    """UUID 4, for rows that must not tell when they were written."""
    return UUID(bytes=random_bytes(16), version=4)


def uuid7_texts() -> Iterator[str]:
    """Endless and growing, as written to the database. Drawn together: many rows of one transaction ask for them."""
    while True:
        for number in _uuid7s(_DRAWN_TOGETHER):
            key = f"{number:032x}"
            yield f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"


def idempotency_key() -> str:
    """26 characters, time first: sending a form twice counts once."""
    milliseconds = (_fixed.get() or _ticks).next_ticks(1)[0] >> 12
    time_part = "".join(ALPHABET[(milliseconds >> shift) & 31] for shift in range(45, -1, -5))
    return time_part + _characters(16)


def another_key(key: str) -> str:
    """Keeps the time in the first key."""
    return idempotency_key() if made_at(key) is None else key[:_TIME_LENGTH] + _characters(16)


def made_at(key: str) -> datetime | None:
    """To the millisecond; None: no key of ours."""
    if len(key) != IDEMPOTENCY_KEY_LENGTH or not set(key) <= set(ALPHABET):
        return None
    milliseconds = 0
    for character in key[:_TIME_LENGTH]:
        milliseconds = milliseconds << 5 | ALPHABET.index(character)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def session_id() -> str:
    return base64.urlsafe_b64encode(random_bytes(32)).rstrip(b"=").decode("ascii")


def request_id() -> str:
    """Ties log lines of a request together and is shown with an error."""
    return _characters(12)


def slug_suffix() -> str:
    return _characters(6).lower()


# -- tokens and codes


def own_link() -> str:
    return _characters(OWN_LINK_LENGTH)


def feed_token() -> str:
    return _characters(FEED_TOKEN_LENGTH)


def qr_token() -> str:
    return _characters(QR_TOKEN_LENGTH)


def short_code() -> str:
    """Unique per training only: the caller checks."""
    return _with_check(_characters(SHORT_CODE_LENGTH - 1))


def sheet_code() -> str:
    """No secret."""
    return _with_check(_characters(SHEET_CODE_LENGTH - 1))


def certificate_code() -> str:
    """65 bits and a check character."""
    return _with_check(_characters(CERTIFICATE_CODE_LENGTH - 1))


def _double(value: int) -> int:
    """By x in GF(32) with the polynomial x^5 + x^2 + 1."""
    value <<= 1
    return value ^ 0b100101 if value & 32 else value


def _weights(n: int) -> list[dict[str, int]]:
    """For each place: character -> value times a^place. Distinct weights catch every swap."""
    products = list(range(32))
    tables = []
    for _ in range(n):
        products = [_double(product) for product in products]
        tables.append(dict(zip(ALPHABET, products, strict=True)))
    return tables


_WEIGHTS = _weights(CERTIFICATE_CODE_LENGTH - 1)


def check_character(body: str) -> str:
    """Finds every single wrong character and every swap of two."""
    return ALPHABET[reduce(xor, map(getitem, _WEIGHTS, body))]


def _with_check(body: str) -> str:
    return body + check_character(body)


# -- reading what people type and cameras see


def normalise(typed: str) -> str:
    """Upper case, O as 0, I and L as 1, without spaces, dashes, dots. No check."""
    wide = unicodedata.normalize("NFKC", typed[:_LONGEST_TYPED]).upper()
    return "".join(c for c in wide if not (c.isspace() or c in "._" or _is_dash(c))).translate(_FORGIVEN)


def _is_dash(character: str) -> bool:
    return character == "\N{MINUS SIGN}" or unicodedata.category(character) == "Pd"


def _read(typed: str, length: int) -> str | None:
    code = normalise(typed)
    return code if len(code) == length and all(c in ALPHABET for c in code) else None


def _read_checked(typed: str, length: int) -> str | None:
    code = _read(typed, length)
    return code if code and check_character(code[:-1]) == code[-1] else None


def read_own_link(typed: str) -> str | None:
    return _read(typed, OWN_LINK_LENGTH)


def read_feed_token(typed: str) -> str | None:
    return _read(typed, FEED_TOKEN_LENGTH)


def read_short_code(typed: str) -> str | None:
    """None: wrong length, characters or check character."""
    return _read_checked(typed, SHORT_CODE_LENGTH)


def read_sheet_code(typed: str) -> str | None:
    return _read_checked(typed, SHEET_CODE_LENGTH)


def read_certificate_code(typed: str) -> str | None:
    return _read_checked(typed, CERTIFICATE_CODE_LENGTH)


def read_qr(text: str) -> str | None:
    """Bare, or at the end of an address `…/C/{token}`."""
    text = text.strip()[:_LONGEST_TYPED]
    address = _QR_ADDRESS.match(text)
    return _read(address[1] if address else text, QR_TOKEN_LENGTH)


def show_short_code(code: str) -> str:
    """`K7Q29XMDC` becomes `K7Q2-9XMD-C`."""
    return _in_fours(code)


def show_sheet_code(code: str) -> str:
    return _in_fours(code)


def show_certificate_code(code: str) -> str:
    return _in_fours(code)


def _in_fours(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


# -- storing and comparing


def digest(token: str, purpose: str) -> str:
    """SHA-256 in hex, as stored. The purpose ("own", "qr", "feed") keeps one kind of token from passing as another."""
    return hashlib.sha256(f"{purpose}:{token}".encode()).hexdigest()


def same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())


def new_key() -> str:
    """For `TRAININGS_SECRET_KEYS`: 256 bits, always really random."""
    return base64.urlsafe_b64encode(nonce(32)).rstrip(b"=").decode("ascii")
