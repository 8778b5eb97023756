"""The tokens of a rush, drawn many at a time and handed out in the order of their digests, each once.

Digests of tokens that are drawn one by one fall anywhere in their index, and each makes the database write another page
of it; neighbours share pages (`benchmarks/sign_up.py`). Somebody's own token tells no more of the next one than some
fourteen bits of its digest.
"""

from __future__ import annotations

import os
import threading

from trainings.lib import tokens

FEWEST, MOST = 128, 16_384
"""Drawn at once: few at first, and more the more are asked for. Drawing the most takes some 12 ms."""


class Ahead:
    """Tokens of one kind, in the order of their digests for one purpose. Safe in threads."""

    def __init__(self, length: int, purpose: str) -> None:
        self._length, self._purpose = length, purpose
        self._lock = threading.Lock()
        self._left: list[str] = []
        self._at_once = FEWEST

    def take(self, n: int) -> list[str]:
        """So many, which nobody else gets. From a seed they are drawn as they come."""
        if tokens.is_repeatable():
            return tokens.several(n, self._length)
        with self._lock:
            while len(self._left) < n:
                self._draw()
            kept = len(self._left) - n
            taken, self._left[kept:] = self._left[kept:], []
        return taken[::-1]

    def forget(self) -> None:
        """As if none were drawn."""
        self._lock, self._left = threading.Lock(), []

    def _draw(self) -> None:
        """What is left of the last ones goes first: they are taken from the end."""
        drawn = tokens.several(self._at_once, self._length)
        drawn.sort(key=lambda token: tokens.digest(token, self._purpose), reverse=True)
        self._left = drawn + self._left
        self._at_once = min(2 * self._at_once, MOST)


_links = Ahead(tokens.OWN_LINK_LENGTH, "own")
_qrs = Ahead(tokens.QR_TOKEN_LENGTH, "qr")
_browsers = Ahead(tokens.FEED_TOKEN_LENGTH, "browser")


def own_links(n: int) -> list[str]:
    """160 bits each: the links by which people open their own registration."""
    return _links.take(n)


def qr_tokens(n: int) -> list[str]:
    """100 bits each: what the QR on a ticket holds."""
    return _qrs.take(n)


def browser_token() -> str:
    """160 bits: the cookie by which a browser that signed somebody up is known again."""
    return _browsers.take(1)[0]


def _forget_all() -> None:
    for one in (_links, _qrs, _browsers):
        one.forget()


# A process that splits would hand out the same tokens twice.
os.register_at_fork(after_in_child=_forget_all)
