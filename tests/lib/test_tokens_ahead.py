"""Tokens drawn ahead: as random as others, each once, neighbours side by side in their index."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from trainings.lib import tokens, tokens_ahead
from trainings.lib.tokens_ahead import FEWEST, MOST, Ahead

SPLITS = """
import os
from trainings.lib import tokens_ahead

tokens_ahead.browser_token()
if os.fork() == 0:
    print(tokens_ahead.browser_token(), *tokens_ahead.own_links(2), *tokens_ahead.qr_tokens(2), flush=True)
    os._exit(0)
os.wait()
print(tokens_ahead.browser_token(), *tokens_ahead.own_links(2), *tokens_ahead.qr_tokens(2))
"""


@pytest.mark.parametrize(
    ("make", "length"),
    [
        (tokens_ahead.own_links, 32),
        (tokens_ahead.qr_tokens, 20),
        (lambda n: [tokens_ahead.browser_token() for _one in range(n)], 32),
    ],
)
def test_each_is_handed_out_once_and_has_its_length(make: Callable[[int], list[str]], length: int) -> None:
    made = [token for n in (1, 3, 0, 2 * FEWEST, 5) for token in make(n)]

    assert len(set(made)) == len(made) == 2 * FEWEST + 9
    assert all(re.fullmatch(f"[{tokens.ALPHABET}]{{{length}}}", token) for token in made)


def test_those_that_were_drawn_together_come_in_the_order_of_their_digests() -> None:
    ahead = Ahead(20, "qr")

    digests = [tokens.digest(token, "qr") for n in (5, 60, FEWEST - 65) for token in ahead.take(n)]

    assert digests == sorted(digests)


def test_what_is_left_goes_before_what_is_drawn_next() -> None:
    ahead = Ahead(20, "qr")
    ahead.take(FEWEST - 2)

    digests = [tokens.digest(token, "qr") for token in ahead.take(6)]

    assert digests[:2] == sorted(digests[:2])
    assert digests[2:] == sorted(digests[2:])
    assert digests[1] > digests[2]


def test_who_asks_for_more_than_are_drawn_at_once_gets_them() -> None:
    assert len(set(Ahead(20, "qr").take(MOST + 1))) == MOST + 1


def test_seed_gives_the_same_ones_and_leaves_those_drawn_ahead_alone() -> None:
    ahead = Ahead(20, "qr")
    before = tokens.digest(ahead.take(1)[0], "qr")
    with tokens.fixed_randomness(7):
        first = ahead.take(3)
    with tokens.fixed_randomness(7):
        again = ahead.take(3)

    assert first == again
    assert tokens.digest(ahead.take(1)[0], "qr") > before


def test_threads_never_get_the_same_one() -> None:
    ahead = Ahead(20, "qr")
    with ThreadPoolExecutor(8) as pool:
        made = [token for taken in pool.map(ahead.take, [7] * 400) for token in taken]

    assert len(set(made)) == len(made) == 2800


def test_process_that_splits_draws_its_own() -> None:
    told = subprocess.run([sys.executable, "-c", SPLITS], capture_output=True, text=True, check=True).stdout.split()

    assert len(set(told)) == len(told) == 10
