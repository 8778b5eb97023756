"""Exceptions with a status, a machine code and a sentence for the person. One handler renders them."""

from __future__ import annotations

import re
from typing import Any, ClassVar

CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class Refusal(Exception):
    """The sentence names who, why, and the way out. `sentence`: a Spanish msgid with `%(name)s` placeholders; `values`
    fill it after translation. `field`: its form field, if any. `code`: the name of the class with underscores; a class
    whose code scripts or rows know says it.
    """

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"
    sentence: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            cls.code = CAPITAL.sub("_", cls.__name__).lower()

    def __init__(self, sentence: str | None = None, *, field: str | None = None, **values: Any) -> None:
        self.text = sentence if sentence is not None else self.sentence
        self.field = field
        self.values = values
        super().__init__(self.text % values if values else self.text)


class WrongInput(Refusal):
    """What was typed cannot be; the form shows why."""

    status = 422


class NotFound(Refusal):
    """Unknown, expired, revoked and out of scope look alike."""

    status = 404
    code = "not_found"


class NotAllowed(Refusal):
    status = 403
    code = "not_allowed"


class Malformed(Refusal):
    status = 400
    code = "malformed"


class TooMany(Refusal):
    """`retry_after` in seconds."""

    status = 429
    code = "too_many"

    def __init__(self, sentence: str | None = None, *, retry_after: int = 60, **values: Any) -> None:
        super().__init__(sentence, **values)
        self.retry_after = retry_after


class Busy(TooMany):
    """Nothing was kept."""

    status = 503
    code = "busy"

    def __init__(self, sentence: str | None = None, *, retry_after: int = 10, **values: Any) -> None:
        super().__init__(sentence, retry_after=retry_after, **values)
