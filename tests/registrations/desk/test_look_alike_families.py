"""In a family too nobody learns of whom the names and a telephone are registered: neither by answers nor by pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.counting import statements
from tests.registrations.forms import of_page
from trainings.registrations.desk.look_alikes import look_alikes_in
from trainings.schedule.models import Training

NewClient = Callable[[], AsyncClient]
Person = tuple[str, str, str]

ROSA: Person = ("Rosa Amalia", "Coc Xol", "18+")
FAMILY: Sequence[Person] = (("Ana", "Pop", "18+"), ("Beto", "Pop", "18+"), ("Cata", "Pop", "14-17"))
"""Who is registered; the others are in nobody's list."""
SIGN_UPS = {
    "one of another family": ([("Vilma", "Caal", "18+"), ROSA], [("Zoila", "Caal", "18+"), ("Elsa", "Tux", "18+")]),
    "the whole family": (FAMILY, [("Eva", "Tux", "18+"), ("Hugo", "Tux", "18+"), ("Lola", "Tux", "14-17")]),
    "a minor with somebody else": (
        [("Vera", "Caal", "18+"), FAMILY[2]],
        [("Zita", "Caal", "18+"), ("Luz", "Tux", "14-17")],
    ),
}
KNOWN_PHONE, OTHER_PHONE = "5555 1234", "4444 0000"
SECRETS = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
    (r"/i/[0-9A-Z]{32}", "/i/…"),
    (r'wa\.me/502(55551234|44440000)\?[^"]+', "wa.me/…"),
    (r'\bd="M[^"]+"', "d"),
    (r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]", "CODE"),
    (r"aparato=[^;]+", "aparato=…"),
    (
        r"Son las primeras personas de la lista\.|Su número en la lista es \d+, para todas las personas juntas\.",
        "PLACE",
    ),
)
"""What differs for everybody: keys, links, the number one typed, drawings, codes, the cookie, the place in the line."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What who signs up sees: the answer, the pages it leads to, and how many statements each cost."""

    answer: tuple[int, dict[str, str], bytes]
    pages: list[tuple[int, str]]
    costs: list[int]


def as_anybody_sees_it(text: str, people: Sequence[Person]) -> str:
    for number, (given_names, surnames, _age) in enumerate(people):
        text = text.replace(given_names, f"G{number}").replace(surnames, f"S{number}")
    for pattern, word in SECRETS:
        text = re.sub(pattern, word, text)
    return text


def fields_of(people: Sequence[Person], phone: str) -> dict[str, str]:
    fields = {"municipality": "1705", "actor_type": "cocode", "phone": phone, "consent_data": "yes"}
    fields |= {"childcare_places": "1"} | of_page()
    fields |= {"guardian_relation": "madre", "guardian_consent": "yes"}
    for number, (given_names, surnames, age) in enumerate(people):
        before = f"members-{number}-" if number else ""
        fields |= {f"{before}given_names": given_names, f"{before}surnames": surnames, f"{before}age_group": age}
        fields |= {f"{before}assent": "yes"} if age != "18+" else {}
    return fields


async def sign_up(client: AsyncClient, training: Training, people: Sequence[Person], phone: str) -> Response:
    answer = await client.post(f"/capacitaciones/{training.slug}/inscripcion", data=fields_of(people, phone))
    assert answer.status_code == 303, answer.text
    return answer


async def see(client: AsyncClient, training: Training, people: Sequence[Person], phone: str) -> Seen:
    with statements() as sent:
        answer = await sign_up(client, training, people, phone)
    headers = {name: as_anybody_sees_it(value, people) for name, value in answer.headers.items()}
    pages, costs = [], [len(sent)]
    home = (await client.get(answer.headers["location"])).text
    for path in (answer.headers["location"], *re.findall(r'href="(/i/[^"#]+)"', home)):
        with statements() as sent:
            page = await client.get(path)
        is_drawn = page.headers["content-type"] == "image/png"
        pages.append((page.status_code, "" if is_drawn else as_anybody_sees_it(page.text, people)))
        costs.append(len(sent))
    return Seen((answer.status_code, headers, answer.content), pages, costs)


@pytest.mark.parametrize(("who", "capacity"), [*zip(SIGN_UPS, (40, 4, 40), strict=True)])
async def test_family_with_look_alikes_cannot_be_told_from_any_other(
    new_client: NewClient, who: str, capacity: int
) -> None:
    await make.make_municipality()
    training = await make.make_training(capacity=capacity, admits_minors=True, childcare_capacity=9)
    await sign_up(new_client(), training, [ROSA], KNOWN_PHONE)
    await sign_up(new_client(), training, FAMILY, KNOWN_PHONE)
    alike, others = SIGN_UPS[who]

    ordinary = await see(new_client(), training, others, OTHER_PHONE)
    curious = await see(new_client(), training, alike, KNOWN_PHONE)

    assert curious == ordinary
    assert len(ordinary.pages) > len(others)
    assert len(await look_alikes_in([training.id])) == len({*alike} & {ROSA, *FAMILY})
