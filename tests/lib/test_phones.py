import pytest

from trainings.lib.phones import is_email, is_landline, normal_email, parse_phone, show_phone


@pytest.mark.parametrize(
    "typed",
    [
        "55551234",
        "5555-1234",
        "5555 1234",
        " 5555.1234 ",
        "5555–1234",
        "5555\u00a01234",
        "５５５５１２３４",
        "+502 5555 1234",
        "+50255551234",
        "(+502) 5555-1234",
        "(502) 5555-1234",
        "502 5555 1234",
        "00502 5555 1234",
    ],
)
def test_a_guatemalan_number_however_it_is_written(typed: str) -> None:
    assert parse_phone(typed) == "+50255551234"


@pytest.mark.parametrize(
    ("typed", "e164", "shown"),
    [
        ("7926-1234", "+50279261234", "7926 1234"),
        ("3000 0001", "+50230000001", "3000 0001"),
        ("+501 622-1234", "+5016221234", "+501 622-1234"),
        ("501 622 1234", "+5016221234", "+501 622-1234"),
        ("+52 961 123 4567", "+529611234567", "+52 961 123 4567"),
        ("52 961 123 4567", "+529611234567", "+52 961 123 4567"),
        ("+503 7123 4567", "+50371234567", "+503 7123 4567"),
        ("+1 213 373 4253", "+12133734253", "+1 213-373-4253"),
    ],
)
def test_numbers_are_kept_as_e164_and_shown_in_their_usual_form(typed: str, e164: str, shown: str) -> None:
    assert parse_phone(typed) == e164
    assert show_phone(e164) == shown


def test_a_number_of_here_is_shown_with_its_code_on_demand() -> None:
    assert show_phone("+50255551234", with_code=True) == "+502 5555 1234"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "hola",
        "123",
        "12345678",
        "5555 1234 / 4444 1234",
        "5555 123",
        "+999 1234 5678",
        "55551234 ext 2",
        "<b>55551234",
        "٥٥٥٥١٢٣٤",
        "5" * 5000,
        "1-800-AYUDA",
        "+",
        "++50255551234",
        "5555\n1234",
    ],
)
def test_what_is_no_number_is_none(typed: str) -> None:
    assert parse_phone(typed) is None


@pytest.mark.parametrize(
    "address",
    [
        "a@b.gt",
        "maria.elena@correo.example",
        "o'neill+curso@mail.municipio.gob.gt",
        "x@xn--exmple-cua.com",
        f"{'a' * 64}@b.gt",
    ],
)
def test_addresses_with_the_right_shape(address: str) -> None:
    assert is_email(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@b",
        "@b.gt",
        "a@@b.gt",
        "a b@c.gt",
        "a@b.gt\n",
        "a@b.gt\r\nBcc: c@d.gt",
        ".a@b.gt",
        "a..b@c.gt",
        "a@-b.gt",
        "a@b..gt",
        "a@b.1",
        "a@127.0.0.1",
        "josé@b.gt",
        "a@b.gt,c@d.gt",
        '"a"@b.gt',
        "<a@b.gt>",
        f"{'a' * 65}@b.gt",
        f"a@{'b.' * 130}gt",
    ],
)
def test_addresses_with_a_wrong_shape(address: str) -> None:
    assert not is_email(address)


@pytest.mark.parametrize(
    ("e164", "is_fixed"),
    [
        ("+50222001234", True),
        ("+50266001234", True),
        ("+50279001234", True),
        ("+50255551234", False),
        ("+50233334444", False),
        ("+5019631234", False),
        ("+529631100215", False),
    ],
)
def test_landlines_are_known_where_the_number_tells(e164: str, is_fixed: bool) -> None:
    assert is_landline(e164) is is_fixed


def test_normal_email_trims_and_lowers() -> None:
    assert normal_email("  Maria.Elena@Correo.EXAMPLE \n") == "maria.elena@correo.example"
