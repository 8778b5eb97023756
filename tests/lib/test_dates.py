from datetime import UTC, date, datetime, timedelta

import pytest
from babel.dates import get_day_names, get_month_names

from trainings import clock
from trainings.lib import dates

# 20:05 UTC is 2:05 p. m. in Guatemala.
AFTERNOON = datetime(2027, 3, 4, 20, 5, tzinfo=UTC)


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 3, day, hour, minute, tzinfo=UTC)


def test_local_is_six_hours_behind_all_year() -> None:
    assert clock.local(datetime(2027, 7, 1, 3, tzinfo=UTC)).isoformat() == "2027-06-30T21:00:00-06:00"
    assert clock.local(datetime(2027, 1, 1, 3, tzinfo=UTC)).isoformat() == "2026-12-31T21:00:00-06:00"


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        dates.long_date(datetime(2027, 3, 4), "es")  # noqa: DTZ001


@pytest.mark.parametrize(("lang", "locale"), [("es", "es_GT"), ("en", "en")])
def test_months_and_weekdays_are_those_of_the_cldr(lang: str, locale: str) -> None:
    days = [date(2027, month, 10) for month in range(1, 13)]

    assert [dates.month_name(day, lang) for day in days] == list(get_month_names("wide", locale=locale).values())
    named = {day.weekday(): dates.weekday(day, lang) for day in days}
    assert named == dict(get_day_names("wide", locale=locale))


def test_dates_in_words() -> None:
    assert dates.long_date(AFTERNOON, "es-GT") == "jueves, 4 de marzo de 2027"
    assert dates.long_date(date(2027, 3, 4), "es") == "jueves, 4 de marzo de 2027"
    assert dates.long_date(AFTERNOON, "en") == "Thursday, 4 March 2027"
    assert dates.date_without_weekday(AFTERNOON, "es") == "4 de marzo de 2027"
    assert dates.date_without_weekday(AFTERNOON, "en") == "4 March 2027"
    assert dates.weekday(date(2027, 3, 7), "es") == "domingo"
    assert dates.month_name(date(2027, 12, 7), "es") == "diciembre"


def test_a_late_evening_still_belongs_to_its_local_day() -> None:
    assert dates.long_date(utc(5, 3), "es") == "jueves, 4 de marzo de 2027"
    assert dates.numeric_date(utc(5, 3)) == "04/03/2027"


def test_numeric_date_puts_the_day_first() -> None:
    assert dates.numeric_date(date(2027, 3, 4)) == "04/03/2027"


@pytest.mark.parametrize(
    ("hour", "spanish", "english"),
    [
        (6, "12:00\u00a0a.\u00a0m.", "12:00\u00a0AM"),
        (14, "8:00\u00a0a.\u00a0m.", "8:00\u00a0AM"),
        (18, "12:00\u00a0p.\u00a0m.", "12:00\u00a0PM"),
        (20, "2:00\u00a0p.\u00a0m.", "2:00\u00a0PM"),
    ],
)
def test_time_of_day_in_twelve_hours(hour: int, spanish: str, english: str) -> None:
    assert dates.time_of_day(utc(4, hour), "es-GT") == spanish
    assert dates.time_of_day(utc(4, hour), "en") == english


@pytest.mark.parametrize("half", [0, 12])
def test_time_with_its_article_is_singular_from_one_to_before_two_alone(half: int) -> None:
    midnight = utc(4, 6 + half)
    for minute in range(12 * 60):
        moment = midnight + timedelta(minutes=minute)
        article = "la" if 60 <= minute < 120 else "las"
        assert dates.the_time(moment, "es-GT") == f"{article} {dates.time_of_day(moment, 'es-GT')}"
        assert dates.the_time(moment, "en") == dates.time_of_day(moment, "en")


def test_time_with_its_article() -> None:
    assert dates.the_time(utc(4, 19, 5), "es") == "la 1:05\u00a0p.\u00a0m."
    assert dates.the_time(utc(4, 7, 59), "es") == "la 1:59\u00a0a.\u00a0m."
    assert dates.the_time(utc(4, 18, 30), "es") == "las 12:30\u00a0p.\u00a0m."
    assert dates.the_time(utc(4, 16), "es") == "las 10:00\u00a0a.\u00a0m."
    assert dates.the_time(utc(4, 19, 5), "en") == "1:05\u00a0PM"


def test_day_and_time() -> None:
    assert dates.day_and_time(utc(6, 14, 30), "es") == "sábado 6 de marzo, 8:30\u00a0a.\u00a0m."
    assert dates.day_and_time(utc(6, 14, 30), "en") == "Saturday 6 March, 8:30\u00a0AM"
    assert dates.day_and_time(utc(6, 14, 30), "es", with_year=True) == "sábado 6 de marzo de 2027, 8:30\u00a0a.\u00a0m."


def test_time_range() -> None:
    start, end = utc(6, 14, 30), utc(6, 18, 30)

    assert dates.time_range(start, end, "es") == "de 8:30\u00a0a.\u00a0m. a 12:30\u00a0p.\u00a0m."
    assert dates.time_range(start, end, "en") == "from 8:30\u00a0AM to 12:30\u00a0PM"


@pytest.mark.parametrize(
    ("minutes", "spanish", "english", "words"),
    [
        (240, "4 horas", "4 hours", "cuatro horas"),
        (60, "1 hora", "1 hour", "una hora"),
        (150, "2 horas y 30 minutos", "2 hours and 30 minutes", "dos horas y treinta minutos"),
        (61, "1 hora y 1 minuto", "1 hour and 1 minute", "una hora y un minuto"),
        (45, "45 minutos", "45 minutes", "cuarenta y cinco minutos"),
        (0, "0 minutos", "0 minutes", "cero minutos"),
        (21 * 60 + 21, "21 horas y 21 minutos", "21 hours and 21 minutes", "veintiuna horas y veintiún minutos"),
        (40 * 60, "40 horas", "40 hours", "cuarenta horas"),
        (200 * 60, "200 horas", "200 hours", "doscientas horas"),
    ],
)
def test_durations(minutes: int, spanish: str, english: str, words: str) -> None:
    assert dates.duration(minutes, "es") == spanish
    assert dates.duration(minutes, "en") == english
    assert dates.hours_in_words_es(minutes) == words


def march(*days: int) -> list[date]:
    return [date(2027, 3, day) for day in days]


@pytest.mark.parametrize(
    ("days", "span", "held"),
    [
        (march(4), "4 de marzo de 2027", "el 4 de marzo de 2027"),
        (march(4, 4), "4 de marzo de 2027", "el 4 de marzo de 2027"),
        (march(18, 16, 17), "16, 17 y 18 de marzo de 2027", "los días 16, 17 y 18 de marzo de 2027"),
        ([date(2027, 3, 31), date(2027, 4, 1)], "31 de marzo y 1 de abril de 2027", None),
        ([date(2026, 12, 30), date(2027, 1, 6)], "30 de diciembre de 2026 y 6 de enero de 2027", None),
        ([*march(4, 11), date(2027, 4, 1)], "4 y 11 de marzo; 1 de abril de 2027", None),
        (march(1, 2, 3, 4, 5, 6, 8), "1 a 8 de marzo de 2027", "del 1 al 8 de marzo de 2027"),
        (
            [*march(4, 5, 6, 7, 8, 9), date(2027, 5, 6)],
            "4 de marzo a 6 de mayo de 2027",
            "del 4 de marzo al 6 de mayo de 2027",
        ),
        (
            [date(2026, 12, 30), *march(4, 5, 6, 7, 8, 9)],
            "30 de diciembre de 2026 a 9 de marzo de 2027",
            "del 30 de diciembre de 2026 al 9 de marzo de 2027",
        ),
    ],
)
def test_several_days_in_one_phrase(days: list[date], span: str, held: str | None) -> None:
    assert dates.date_span(days, "es") == span
    assert dates.held_on(days, "es") == (held or f"los días {span}")


def test_several_days_in_english() -> None:
    assert dates.date_span(march(16, 17, 18), "en") == "16, 17 and 18 March 2027"
    assert dates.held_on(march(4), "en") == "on 4 March 2027"
    assert dates.held_on(march(1, 2, 3, 4, 5, 6, 8), "en") == "from 1 to 8 March 2027"
    assert dates.date_span(march(1, 2, 3, 4, 5, 6, 8), "en") == "1 to 8 March 2027"


def test_sessions_of_one_evening_are_one_day() -> None:
    assert dates.date_span([utc(4, 20), utc(5, 3)], "es") == "4 de marzo de 2027"


def test_a_span_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        dates.date_span([], "es")


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "cero"),
        (1, "uno"),
        (16, "dieciséis"),
        (21, "veintiuno"),
        (22, "veintidós"),
        (30, "treinta"),
        (31, "treinta y uno"),
        (100, "cien"),
        (101, "ciento uno"),
        (115, "ciento quince"),
        (500, "quinientos"),
        (999, "novecientos noventa y nueve"),
        (1000, "mil"),
        (1001, "mil uno"),
        (1999, "mil novecientos noventa y nueve"),
        (2000, "dos mil"),
        (2027, "dos mil veintisiete"),
        (2031, "dos mil treinta y uno"),
        (2100, "dos mil cien"),
        (21_000, "veintiún mil"),
        (31_021, "treinta y un mil veintiuno"),
        (100_000, "cien mil"),
        (180_706, "ciento ochenta mil setecientos seis"),
    ],
)
def test_numbers_in_words(n: int, words: str) -> None:
    assert dates.number_in_words_es(n) == words


def test_numbers_agree_with_the_noun_that_follows() -> None:
    assert dates.number_in_words_es(1, "masculine") == "un"
    assert dates.number_in_words_es(1, "feminine") == "una"
    assert dates.number_in_words_es(21, "masculine") == "veintiún"
    assert dates.number_in_words_es(31, "masculine") == "treinta y un"
    assert dates.number_in_words_es(101, "feminine") == "ciento una"
    assert dates.number_in_words_es(200, "feminine") == "doscientas"
    assert dates.number_in_words_es(500, "feminine") == "quinientas"
    assert dates.number_in_words_es(100, "feminine") == "cien"


@pytest.mark.parametrize("n", [-1, 1_000_000])
def test_numbers_out_of_reach_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match="999,999"):
        dates.number_in_words_es(n)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2027, 3, 5), "a los cinco días del mes de marzo de dos mil veintisiete"),
        (date(2027, 3, 1), "al primer día del mes de marzo de dos mil veintisiete"),
        (date(2027, 3, 21), "a los veintiún días del mes de marzo de dos mil veintisiete"),
        (date(2027, 3, 31), "a los treinta y un días del mes de marzo de dos mil veintisiete"),
        (date(2031, 12, 22), "a los veintidós días del mes de diciembre de dos mil treinta y uno"),
    ],
)
def test_the_date_of_a_diploma(day: date, words: str) -> None:
    assert dates.date_in_words_es(day) == words


# fmt: off
# Written out by hand, so that the rule is compared with words and not with itself.
DAYS_ES = [
    "al primer día", "a los dos días", "a los tres días", "a los cuatro días", "a los cinco días",
    "a los seis días", "a los siete días", "a los ocho días", "a los nueve días", "a los diez días",
    "a los once días", "a los doce días", "a los trece días", "a los catorce días", "a los quince días",
    "a los dieciséis días", "a los diecisiete días", "a los dieciocho días", "a los diecinueve días",
    "a los veinte días", "a los veintiún días", "a los veintidós días", "a los veintitrés días",
    "a los veinticuatro días", "a los veinticinco días", "a los veintiséis días", "a los veintisiete días",
    "a los veintiocho días", "a los veintinueve días", "a los treinta días", "a los treinta y un días",
]
MONTHS_ES = [
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
]
YEARS_ES = {
    2027: "dos mil veintisiete",
    2028: "dos mil veintiocho",
    2029: "dos mil veintinueve",
    2030: "dos mil treinta",
}
DAYS_EN = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth", "twenty-first", "twenty-second", "twenty-third", "twenty-fourth", "twenty-fifth", "twenty-sixth",
    "twenty-seventh", "twenty-eighth", "twenty-ninth", "thirtieth", "thirty-first",
]
MONTHS_EN = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]
YEARS_EN = {
    2027: "two thousand twenty-seven",
    2028: "two thousand twenty-eight",
    2029: "two thousand twenty-nine",
    2030: "two thousand thirty",
}

# fmt: on


def test_dates_in_words_on_each_day_of_four_years() -> None:
    days = [date(2027, 1, 1) + timedelta(days=n) for n in range(4 * 365 + 1)]
    assert (days[-1], len(DAYS_ES), len(DAYS_EN)) == (date(2030, 12, 31), 31, 31)

    for day in days:
        spanish = f"{DAYS_ES[day.day - 1]} del mes de {MONTHS_ES[day.month - 1]} de {YEARS_ES[day.year]}"
        assert dates.date_in_words_es(day) == spanish
        english = f"on the {DAYS_EN[day.day - 1]} day of {MONTHS_EN[day.month - 1]}, {YEARS_EN[day.year]}"
        assert dates.date_in_words_en(day) == english


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "zero"),
        (14, "fourteen"),
        (40, "forty"),
        (99, "ninety-nine"),
        (100, "one hundred"),
        (512, "five hundred twelve"),
        (2000, "two thousand"),
        (21_345, "twenty-one thousand three hundred forty-five"),
    ],
)
def test_numbers_in_english_words(n: int, words: str) -> None:
    assert dates.number_in_words_en(n) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(60, "one hour"), (480, "eight hours"), (90, "one hour and thirty minutes"), (1, "one minute")],
)
def test_hours_in_english_words(minutes: int, words: str) -> None:
    assert dates.hours_in_words_en(minutes) == words


@pytest.mark.parametrize("n", [-1, 1_000_000])
def test_english_numbers_out_of_reach_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match="999,999"):
        dates.number_in_words_en(n)
