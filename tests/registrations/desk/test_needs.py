"""The support that is asked for, and its answers, as one text."""

from __future__ import annotations

import pytest

from trainings.registrations.models import NeedState, asking_for, read_needs, write_needs


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        (None, {}),
        ("", {}),
        ("food", {"food": NeedState.ASKED}),
        ("food,ramp=arranged", {"food": NeedState.ASKED, "ramp": NeedState.ARRANGED}),
        ("interpreter=impossible", {"interpreter": NeedState.IMPOSSIBLE}),
    ],
)
def test_needs_are_written_as_they_are_read(text: str | None, needs: dict[str, NeedState]) -> None:
    assert read_needs(text) == needs
    assert write_needs(needs) == (text or None)


def test_needs_stand_in_one_order_whatever_was_asked_first() -> None:
    assert write_needs({"ramp": NeedState.ASKED, "food": NeedState.ARRANGED}) == "food=arranged,ramp"


def test_needs_that_stay_keep_their_answer_and_new_ones_have_none() -> None:
    assert asking_for("food=arranged,ramp=impossible", ["interpreter", "food"]) == "food=arranged,interpreter"
    assert asking_for("food=arranged", []) is None


def test_need_that_was_taken_back_and_asked_again_waits_for_an_answer() -> None:
    taken_back = asking_for("food=impossible,ramp", ["ramp"])

    assert asking_for(taken_back, ["food", "ramp"]) == "food,ramp"
