import re
import unicodedata
from collections.abc import Collection, Iterable
from difflib import SequenceMatcher
from functools import partial

SLUG = re.compile(r"[a-z0-9-]{1,120}")
"""PostgreSQL refuses texts that hold NUL or half a character."""
_APOSTROPHES = "'’ʼꞌꞋ‘`´ʻ′‛ʹʾʿ＇"
_DROP_APOSTROPHES = dict.fromkeys(map(ord, _APOSTROPHES))
_FOLDED_ASCII = {
    code: None if code in _DROP_APOSTROPHES else letter.lower() if (letter := chr(code)).isalnum() else " "
    for code in range(128)
}
_MOST_TERMS = 8
_ALIKE = 0.6
_SHORT, _MOST_LEFT_OVER = 4, 2
# Emoji families are joined by ZWJ; ZWNJ changes the shape of letters in some scripts.
_KEPT_FORMAT = "\u200c\u200d"
_LINE_ENDS = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")
# fmt: off
_PARTICLES = frozenset({
    "de", "del", "la", "las", "los", "el", "y", "e", "da", "das", "do", "dos", "di", "du", "van", "von", "der", "den",
})
# fmt: on


class UnreadableText(ValueError):
    """U+FFFD or half a character: damaged on its way here, to be typed again."""


class TextTooLong(ValueError):
    def __init__(self, max_length: int) -> None:
        super().__init__(f"more than {max_length} characters")
        self.max_length = max_length


_UNDRAWN = frozenset({"So", "Sk", "Mn", "Me", "Cf", "Cn", "Co"})
"""Kinds of characters that are pictures or shape the character before."""


# -- storing


def clean(text: str, max_length: int) -> str:
    """One line as stored: NFC, blanks collapsed, control, bidi and invisible characters removed. Apostrophes, capitals
    and emoji stay exactly as written. Raises UnreadableText or TextTooLong (both ValueError).
    """
    cleaned = _clean_line(text)
    if len(cleaned) > max_length:
        raise TextTooLong(max_length)
    return cleaned


def clean_multiline(text: str, max_length: int) -> str:
    """As `clean`: line ends become `\n`, never more than one empty line in a row."""
    lines = [_clean_line(line) for line in _LINE_ENDS.split(text)]
    cleaned = re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    if len(cleaned) > max_length:
        raise TextTooLong(max_length)
    return cleaned


def _clean_line(text: str) -> str:
    spaced = " ".join(text.split())
    if spaced.isprintable() and "\N{REPLACEMENT CHARACTER}" not in spaced:
        return unicodedata.normalize("NFC", spaced)
    kept = "".join(filter(_is_kept, spaced))
    # A second pass: what was removed may have stood between two blanks, or have been all there was.
    words = (word.strip(_KEPT_FORMAT) for word in unicodedata.normalize("NFC", kept).split())
    return " ".join(word for word in words if word)


def _is_kept(character: str) -> bool:
    if character == " " or character.isalnum():
        return True
    category = unicodedata.category(character)
    if character == "\N{REPLACEMENT CHARACTER}" or category == "Cs":
        raise UnreadableText("damaged character")
    if category in ("Cc", "Cf"):
        return character in _KEPT_FORMAT
    return not _is_noncharacter(character)


def _is_noncharacter(character: str) -> bool:
    code = ord(character)
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


# -- finding


def fold(text: str) -> str:
    """Lower-case words without accents, apostrophes and punctuation: Q’eqchi’, qeqchi' and QEQCHI fold alike."""
    if text.isascii():
        return " ".join(text.translate(_FOLDED_ASCII).split())
    # Taking letters apart may bring capitals (𝕬) and apostrophes (ŉ) to light: hence twice.
    plain = unicodedata.normalize("NFKD", text.translate(_DROP_APOSTROPHES)).casefold()
    plain = unicodedata.normalize("NFKD", plain).translate(_DROP_APOSTROPHES)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def are_alike(one: str, other: str) -> bool:
    """A name may be a slip of another, or be written out: each word of the shorter one has its counterpart, much like
    it or short for it, and few are left over.
    """
    shorter, longer = sorted((fold(one).split(), fold(other).split()), key=len)
    left = list(longer)
    for word in shorter:
        counterpart = max(left, key=partial(_likeness, word))
        if _likeness(word, counterpart) < _ALIKE:
            return False
        left.remove(counterpart)
    return bool(shorter) and len(left) <= _MOST_LEFT_OVER


def _likeness(one: str, other: str) -> float:
    """From 0 to 1. Short words differ by half of their letters soon (Ac, Ak); Ma. is María, Fco. Francisco, J. José."""
    shorter, longer = sorted((one, other), key=len)
    letters = iter(longer)
    if len(shorter) < _SHORT and one[0] == other[0] and all(letter in letters for letter in shorter):
        return 1.0
    likeness = SequenceMatcher(None, shorter, longer).ratio()
    return likeness + _ALIKE - 0.5 if len(longer) <= _SHORT else likeness


def search_text(*parts: str) -> str:
    """For a search column: every word with a blank before it, so that `% word%` finds beginnings of words."""
    words = " ".join(filter(None, map(fold, parts)))
    return f" {words}" if words else ""


def like_terms(query: str) -> list[str]:
    """One LIKE pattern for each different word, all of which must match. Folded words hold no wildcard."""
    words = dict.fromkeys(fold(query).split())
    return [f"% {word}%" for word in list(words)[:_MOST_TERMS]]


def telling_words(words: Iterable[str]) -> list[str]:
    """Without particles: of `de la cruz` only `cruz`. All of them where there is nothing else."""
    all_of_them = list(words)
    return [word for word in all_of_them if word.casefold() not in _PARTICLES] or all_of_them


def slugify(text: str, max_length: int = 60) -> str:
    """`La Libertad, Petén` -> `la-libertad-peten`. Cut between words if possible; empty if no letter is Latin."""
    words = "".join(c if c.isascii() else " " for c in fold(text)).split()
    slug = "-".join(words)
    if len(slug) <= max_length:
        return slug
    cut = slug[: max_length + 1].rpartition("-")[0]
    return cut or slug[:max_length]


# -- showing


def initials(given_names: str, surnames: str) -> str:
    """`María Elena`, `Caal Tzib` -> `M. E. C. T.`; particles (De La Cruz -> C.) do not count."""
    return " ".join(_initials_of(given_names) + _initials_of(surnames))


def short_name(given_names: str, surnames: str) -> str:
    """For lists of staff: `María Elena C. T.`"""
    return " ".join([*given_names.split(), *_initials_of(surnames)[:2]])


def _initials_of(names: str) -> list[str]:
    return [f"{_first_letter(word)}." for word in telling_words(unicodedata.normalize("NFC", names).split())]


def _first_letter(word: str) -> str:
    letter = next((c for c in word if c.isalnum() and c not in _APOSTROPHES), word[0])
    return letter.upper()[0]


def as_drawn(text: str, missing: Collection[str], *, otherwise: str = "?") -> str:
    """Emoji that `missing` letters lack are left out, other characters become `?`; `otherwise` where nothing is
    left.
    """
    if not missing:
        return text
    joiners = _KEPT_FORMAT  # a font may have them, and then they are left over between two pictures
    drawn = "".join(_instead_of(one) if one in missing or one in joiners else one for one in text)
    return re.sub(" {2,}", " ", drawn).strip(" ") or otherwise


def _instead_of(character: str) -> str:
    return "" if unicodedata.category(character) in _UNDRAWN else "?"
