from __future__ import annotations

from trainings.errors import NotFound, Refusal, WrongInput


def test_code_is_the_name_of_the_class_unless_it_says_another() -> None:
    class CardTaken(Refusal):
        pass

    class NoSuchRow(NotFound):
        code = "unknown_row"

    class TwoNames(WrongInput):
        pass

    codes = [(one.code, one.status) for one in (CardTaken, NoSuchRow, TwoNames)]

    assert codes == [("card_taken", 409), ("unknown_row", 404), ("two_names", 422)]
