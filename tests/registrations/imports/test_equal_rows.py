"""Rows of a list that say the same: one person, or two of one name whom nothing tells apart yet."""

from __future__ import annotations

from httpx2 import AsyncClient

from tests.registrations.list_pages import previewed
from tests.registrations.lists import JUAN, ROSA, a_training, people
from tests.web.pages import Page


async def test_preview_names_the_rows_that_are_equal_to_another(assistant: AsyncClient) -> None:
    address = await previewed(assistant, await a_training(), JUAN, ROSA, *people(30), ROSA)

    page = Page((await assistant.get(address)).text)

    text = " ".join(page.text.split())
    assert "Una fila es igual a otra" in text
    assert "Si son dos que se llaman igual, escriba en la hoja algo que las distinga" in text
    assert "34Rosa CocIgual a la fila 3" in text


async def test_preview_of_different_rows_speaks_of_none_that_is_equal(assistant: AsyncClient) -> None:
    other = ROSA.replace("1705,,", "1705,Las Pozas,")
    address = await previewed(assistant, await a_training(), JUAN, ROSA, other)

    page = Page((await assistant.get(address)).text)

    assert "igual a otra" not in page.text
    assert "3 personas nuevas" in " ".join(page.text.split())
