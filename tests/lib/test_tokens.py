import re
from datetime import UTC, datetime
from itertools import combinations, islice
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainings import clock
from trainings.lib import tokens

CODES = st.text(alphabet=tokens.ALPHABET, min_size=8, max_size=8).map(lambda body: body + tokens.check_character(body))
LONG_CODES = st.text(alphabet=tokens.ALPHABET, min_size=13, max_size=13).map(
    lambda body: body + tokens.check_character(body)
)


def test_uuid7_when_made_in_a_row_then_they_sort_in_that_order() -> None:
    made = [tokens.uuid7() for _ in range(5000)]

    assert made == sorted(made)
    assert len(set(made)) == 5000
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}


def test_uuid7_texts_are_the_next_keys_as_they_are_written() -> None:
    before, texts = str(tokens.uuid7()), tokens.uuid7_texts()

    made = [before, *islice(texts, 5000), str(tokens.uuid7())]

    assert made == sorted(made)
    assert len(set(made)) == 5002
    assert {(str(UUID(one)), UUID(one).version, UUID(one).variant) for one in made} == {
        (one, 7, "specified in RFC 4122") for one in made
    }


def test_uuid7_when_the_clock_goes_back_then_it_still_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    before = tokens.uuid7()
    monkeypatch.setattr(clock, "running_ns", lambda: 1_600_000_000_000_000_000)

    assert str(before) < next(tokens.uuid7_texts())
    assert tokens.uuid7() > before


def test_uuid7_holds_the_milliseconds_of_its_making(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_ticks", tokens._Ticks())
    monkeypatch.setattr(clock, "running_ns", lambda: 1_803_913_500_123_456_789)

    assert tokens.uuid7().int >> 80 == 1_803_913_500_123
    assert UUID(next(tokens.uuid7_texts())).int >> 80 == 1_803_913_500_123


@pytest.mark.parametrize(
    ("make", "length"),
    [
        (tokens.own_link, 32),
        (tokens.feed_token, 32),
        (tokens.qr_token, 20),
        (tokens.short_code, 9),
        (tokens.certificate_code, 14),
        (tokens.idempotency_key, 26),
        (tokens.request_id, 12),
    ],
)
def test_tokens_are_crockford_of_the_promised_length(make: object, length: int) -> None:
    assert callable(make)
    made = {make() for _ in range(200)}

    assert len(made) == 200
    assert all(re.fullmatch(f"[{tokens.ALPHABET}]{{{length}}}", token) for token in made)


def test_every_character_of_the_alphabet_comes_about_equally_often() -> None:
    with tokens.fixed_randomness(1):
        text = "".join(tokens.own_link() for _ in range(1000))

    counts = [text.count(character) for character in tokens.ALPHABET]
    assert sum(counts) == 32_000
    assert min(counts) > 880
    assert max(counts) < 1120


def test_idempotency_key_tells_when_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_ticks", tokens._Ticks())
    monkeypatch.setattr(clock, "running_ns", lambda: 1_803_913_500_123_456_789)

    assert tokens.made_at(tokens.idempotency_key()) == datetime(2027, 3, 1, 15, 5, 0, 123_000, UTC)


@pytest.mark.parametrize("key", ["", "x" * 26, "2f7c1e" * 5, "Z" * 26, "01KATB3V8Y9Z0N4E5Q6R7S8T9", "á" * 26])
def test_key_that_is_none_of_ours_was_made_at_no_time(key: str) -> None:
    assert tokens.made_at(key) is None


def test_another_key_of_the_same_form_is_as_old_as_its_first() -> None:
    first = tokens.idempotency_key()

    another = tokens.another_key(first)

    assert another != first
    assert tokens.made_at(another) == tokens.made_at(first)


def test_another_key_for_one_that_is_none_of_ours_is_new() -> None:
    assert tokens.made_at(tokens.another_key("k" * 26)) is not None


def test_idempotency_keys_sort_by_the_time_of_making() -> None:
    made = [tokens.idempotency_key()[:10] for _ in range(500)]

    assert made == sorted(made)


def test_slug_suffix_is_six_small_characters() -> None:
    assert re.fullmatch("[0-9a-hjkmnp-tv-z]{6}", tokens.slug_suffix())


def test_session_id_has_256_bits() -> None:
    assert re.fullmatch("[A-Za-z0-9_-]{43}", tokens.session_id())


def test_fixed_randomness_repeats_everything_but_nonces_and_keys() -> None:
    def draw() -> list[str | UUID | int]:
        return [
            tokens.uuid7(),
            *islice(tokens.uuid7_texts(), 100),
            tokens.own_link(),
            tokens.qr_token(),
            tokens.short_code(),
            tokens.certificate_code(),
            tokens.idempotency_key(),
            tokens.session_id(),
            tokens.slug_suffix(),
            tokens.source().randrange(10**9),
        ]

    with tokens.fixed_randomness(7):
        first, nonce, key = draw(), tokens.nonce(), tokens.new_key()
    with tokens.fixed_randomness(7):
        again, other_nonce, other_key = draw(), tokens.nonce(), tokens.new_key()
    with tokens.fixed_randomness(8):
        different = draw()

    assert first == again
    assert not set(first) & set(different)
    assert nonce != other_nonce
    assert key != other_key
    assert not set(first) & set(draw())


def test_keys_made_from_a_seed_sort_before_real_ones() -> None:
    with tokens.fixed_randomness(7):
        seeded = [tokens.uuid7() for _ in range(100)]

    assert seeded == sorted(seeded)
    assert seeded[-1] < tokens.uuid7()


def test_check_character_of_known_codes() -> None:
    # Worked out by hand in GF(32): a^1 = 2 for the first place, a^8 = 13 for the last.
    assert tokens.check_character("10000000") == "2"
    assert tokens.check_character("00000001") == "D"
    assert tokens.check_character("10000001") == "F"
    assert tokens.check_character("00000000") == "0"


@given(st.one_of(CODES, LONG_CODES), st.data())
def test_one_wrong_character_is_found(code: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(code) - 1))
    wrong = data.draw(st.sampled_from(tokens.ALPHABET).filter(lambda character: character != code[place]))
    read = tokens.read_short_code if len(code) == 9 else tokens.read_certificate_code

    assert read(code) == code
    assert read(code[:place] + wrong + code[place + 1 :]) is None


@given(st.one_of(CODES, LONG_CODES))
def test_any_two_characters_swapped_are_found(code: str) -> None:
    read = tokens.read_short_code if len(code) == 9 else tokens.read_certificate_code

    for first, second in combinations(range(len(code)), 2):
        swapped = list(code)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        assert read("".join(swapped)) == (code if code[first] == code[second] else None)


@pytest.mark.parametrize(
    "typed", ["k7q2 9xmd {c}", " K7Q2-9XMD-{c}\n", "K7Q2\u20139XMD\u2011{c}", "k7q2.9xmd.{c}", "Ｋ7Q29XMD{c}"]
)
def test_short_code_however_it_is_typed(typed: str) -> None:
    check = tokens.check_character("K7Q29XMD")

    assert tokens.read_short_code(typed.format(c=check)) == f"K7Q29XMD{check}"


def test_letters_taken_for_digits_are_forgiven() -> None:
    assert tokens.normalise("oO-iI-lL") == "001111"


@pytest.mark.parametrize(
    "typed", ["", "K7Q2", "K7Q29XMDU", "ÑÑÑÑÑÑÑÑÑ", "👩‍🌾" * 9, "\0" * 9, "0" * 10, "0" * 100_000, "<b>"]
)
def test_what_cannot_be_a_short_code_is_none(typed: str) -> None:
    assert tokens.read_short_code(typed) is None


def test_codes_are_shown_in_fours() -> None:
    assert tokens.show_short_code("K7Q29XMDC") == "K7Q2-9XMD-C"
    assert tokens.show_certificate_code("K7Q29XMDC4AB1F") == "K7Q2-9XMD-C4AB-1F"


@given(CODES)
def test_a_shown_code_is_read_back(code: str) -> None:
    assert tokens.read_short_code(tokens.show_short_code(code)) == code


TOKEN = "0123456789ABCDEFGHJK"


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        TOKEN.lower(),
        f"  {TOKEN}\r\n",
        "O123456789abcdefghjk",
        f"HTTPS://VENTANILLA.EXAMPLE/C/{TOKEN}",
        f"https://ventanilla.example/c/{TOKEN.lower()}/",
        f"http://localhost:8000/c/{TOKEN}?x=1#y",
        "0123-4567-89AB-CDEF-GHJK",
    ],
)
def test_the_token_is_read_from_a_card(text: str) -> None:
    assert tokens.read_qr(text) == TOKEN


@pytest.mark.parametrize(
    "text",
    [
        "",
        TOKEN[:-1],
        f"{TOKEN}0",
        f"https://other.example/V/{TOKEN}",
        f"https://other.example/C/{TOKEN}/more",
        "WIFI:T:WPA;S=casa;;",
        "BEGIN:VCARD",
        "K7Q29XMDC",
        f"https://x/C/{'A' * 500}",
    ],
)
def test_any_other_qr_is_none(text: str) -> None:
    assert tokens.read_qr(text) is None


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    for read in (tokens.read_qr, tokens.read_short_code, tokens.read_certificate_code, tokens.read_own_link):
        token = read(text)
        assert token is None or set(token) <= set(tokens.ALPHABET)


def test_own_link_is_read_whatever_its_case_and_blanks() -> None:
    link = tokens.own_link()

    assert tokens.read_own_link(link.lower()) == link
    assert tokens.read_own_link(f" {link}") == link
    assert tokens.read_own_link(link[:-1]) is None


def test_digest_differs_by_purpose() -> None:
    # printf own:ABC | sha256sum
    assert tokens.digest("ABC", "own") == "ac24936915db4e9fe45ed5605bdfd9071de846d00d1b1322d9d4c8200c67bbb6"
    assert tokens.digest("ABC", "own") != tokens.digest("ABC", "qr")


def test_same_compares_whole_strings() -> None:
    assert tokens.same("a’b", "a’b")
    assert not tokens.same("ab", "abc")
