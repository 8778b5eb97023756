import re
import unicodedata

import phonenumbers
from phonenumbers import PhoneNumberFormat

_HOME = "GT"
_HOME_CODE = 502
# Neighbours whose code people write without a plus: Belize, Mexico, El Salvador, Honduras.
_NEIGHBOURS = ("BZ", "MX", "SV", "HN")
_PHONE_SHAPE = re.compile(r"\(?\+?[0-9 ()./-]{7,30}")
_MOBILE = re.compile(r"(?:\+?502)?[3-5]\d{7}", re.ASCII)
"""Nearly all: the same answer without asking the tables of the world."""
_AT_HOME = re.compile(r"\+502\d+", re.ASCII)
_ONLY_DIGITS = re.compile(r"[0-9 +()./-]*[0-9][0-9 +()./-]*")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?=[A-Za-z])[A-Za-z0-9-]{{1,61}}[A-Za-z0-9]")
_LONGEST_EMAIL = 254


def parse_phone(text: str) -> str | None:
    """E.164 (`+50255551234`). Without a country's code it is Guatemalan."""
    plain = _plain(text)
    if not _PHONE_SHAPE.fullmatch(plain):
        return None
    digits = re.sub("[^0-9+]", "", plain)
    if _MOBILE.fullmatch(digits):
        return f"+{_HOME_CODE}{digits[-8:]}"
    number = _parse(digits, _HOME)
    if number is None and digits[0] != "+":
        number = next((found for region in _NEIGHBOURS if (found := _parse_neighbour(digits, region))), None)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else None


def digits_of(text: str) -> str | None:
    """Of a number or its end, however it is spaced; None: it holds anything else."""
    plain = _plain(text)
    return re.sub("[^0-9]", "", plain) if _ONLY_DIGITS.fullmatch(plain) else None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:60]).translate(_DASHES).strip()


def show_phone(e164: str, *, with_code: bool = False) -> str:
    """`5555 1234` at home (`+502 5555 1234` with code); other countries always with their code."""
    if _AT_HOME.fullmatch(e164):
        digits = e164[4:]
        return f"{'+502 ' if with_code else ''}{digits[:-4]} {digits[-4:]}"
    return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.INTERNATIONAL)


def is_landline(e164: str) -> bool:
    """Takes no text message: in Guatemala numbers that begin with 2, 6 or 7."""
    return phonenumbers.number_type(phonenumbers.parse(e164)) == phonenumbers.PhoneNumberType.FIXED_LINE


def is_email(text: str) -> bool:
    """Our mail can reach it: plain ASCII, a dot in the domain."""
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


def normal_email(text: str) -> str:
    return text.strip().lower()


def _parse(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _parse_neighbour(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    number = _parse(f"+{text}", region)
    return number if number and phonenumbers.is_valid_number_for_region(number, region) else None
