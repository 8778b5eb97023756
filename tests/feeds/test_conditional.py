"""RFC 9110 §12.5.3 (encodings) and §13 (conditions), as pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from trainings.web.conditional import IF_MODIFIED_SINCE, IF_NONE_MATCH, accepts_gzip, asked_in, http_date, is_unchanged

ETAG = '"5294a30f70a57f3bc53a577ccb5d8b51"'
CHANGED = datetime(2027, 3, 6, 14, 30, 0, tzinfo=UTC)
LATER, EARLIER = http_date(CHANGED + timedelta(seconds=1)), http_date(CHANGED - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("accepted", "is_wanted"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip ; q=0.001", True),
        ("gzip;Q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0, *", False),
        ("*", True),
        ("*;q=0", False),
        ("*;q=0, gzip", True),
        ("identity", False),
        ("identity;q=0", False),
        ("identity;q=0, *;q=0.1", True),
        ("identity;q=1, gzip;q=0.5", False),
        ("identity;q=0.5, gzip;q=0.5", True),
        ("br, deflate", False),
        ("gzipped", False),
        ("gzip;q=lots", False),
        ("gzip;q=nan", False),
        ("gzip;q=", True),
        (",,;;q,=", False),
        ("deflate," * 1000 + "gzip", False),
    ],
)
def test_gzip_is_used_where_it_is_wanted(accepted: str, is_wanted: bool) -> None:
    assert accepts_gzip(accepted) is is_wanted


@pytest.mark.parametrize(
    "known", [ETAG, f"W/{ETAG}", f'"a", {ETAG}', f'"a",{ETAG},"b"', f'W/"a", W/{ETAG}', "*", " * "]
)
def test_known_etag_is_unchanged_compared_weakly_and_in_lists(known: str) -> None:
    assert is_unchanged({IF_NONE_MATCH: known}, ETAG, CHANGED)


@pytest.mark.parametrize("known", ["", '"a"', ETAG.strip('"'), f'{ETAG[:-1]}-gz"', 'W/"a", "b"', '"*"', "**", "🙂"])
def test_other_etag_is_changed(known: str) -> None:
    assert not is_unchanged({IF_NONE_MATCH: known}, ETAG, CHANGED)


def test_etag_beats_the_date() -> None:
    assert not is_unchanged({IF_NONE_MATCH: '"a"', IF_MODIFIED_SINCE: LATER}, ETAG, CHANGED)
    assert is_unchanged({IF_NONE_MATCH: "*", IF_MODIFIED_SINCE: EARLIER}, ETAG, CHANGED)


@pytest.mark.parametrize(
    ("since", "is_same"),
    [
        (http_date(CHANGED), True),
        (LATER, True),
        (EARLIER, False),
        ("Saturday, 06-Mar-27 14:30:00 GMT", True),
        ("Sat Mar  6 14:30:00 2027", True),
        ("Sat Mar  6 14:29:59 2027", False),
    ],
)
def test_date_is_compared_in_whole_seconds_in_all_three_forms(since: str, is_same: bool) -> None:
    assert is_unchanged({IF_MODIFIED_SINCE: since}, ETAG, CHANGED) is is_same


@pytest.mark.parametrize(
    "since",
    [
        "",
        "ayer",
        "0",
        "2027-03-07T00:00:00Z",
        "Sat, 32 Mar 2027 14:30:00 GMT",
        "Sat, 06 Mar 99999 14:30:00 GMT",
        "Sat, 06 Mar 2027 99:30:00 GMT",
        "Sat, 06 Mar 2027 14:30:00 +99999999",
        f"{LATER}, {LATER}",
        "9" * 5000,
        "\x00",
    ],
)
def test_date_that_cannot_be_read_is_no_condition(since: str) -> None:
    assert not is_unchanged({IF_MODIFIED_SINCE: since}, ETAG, CHANGED)


def test_fields_in_several_lines_are_one_list() -> None:
    scope = {"headers": [(b"if-none-match", b'"a"'), (b"host", b"x"), (b"if-none-match", ETAG.encode())]}

    assert asked_in(scope) == {IF_NONE_MATCH: f'"a", {ETAG}'}
    assert is_unchanged(asked_in(scope), ETAG, CHANGED)
