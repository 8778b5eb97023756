"""A browser, and what is shown in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, StorageState, sync_playwright

from tests.browser import demo, steps
from tests.browser.fakecam import launch, make_mjpeg
from tests.browser.firefox import firefox
from tests.browser.marcar import Phone, Village, at_door, emptied, village
from tests.browser.patience import be_patient
from tests.browser.scanner import PHONE
from tests.browser.telephone import WIDE, Telephone, telephone_at
from tests.database import put_template
from tests.processes import running

# The second engine is asked by the long proofs, wherever it is.
collect_ignore = [] if firefox() else ["test_marcar_engines.py"]

be_patient()


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Ends with the tests of this folder: while it lives, no test of this process can run a loop of its own."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What cameras see from when they are next turned on."""
    return make_mjpeg(tmp_path_factory.mktemp("cinema") / "film.mjpeg", [None])


@pytest.fixture(scope="package")
def browser(playwright: Playwright, film: Path) -> Iterator[Browser]:
    browser = launch(playwright, film)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo world of `demo_site` lies."""
    return tmp_path_factory.mktemp("demo") / "site"


@pytest.fixture(scope="package")
def demo_site(demo_folder: Path) -> Iterator[str]:
    """The demo world at an address, one for all tests that only add to it."""
    with demo.serving(demo.seeded_once(), demo_folder) as origin:
        yield origin


@pytest.fixture(scope="package")
def signed_in(browser: Browser, demo_site: str) -> Callable[[str], StorageState]:
    """What a browser keeps of somebody of the staff who signed in to the demo world, each once for all tests."""

    @cache
    def kept_of(who: str) -> StorageState:
        with browser.new_context(locale="es-GT") as context:
            steps.sign_in(context.new_page(), demo_site, who)
            return context.storage_state()

    return kept_of


@pytest.fixture(scope="package")
def screen_of(browser: Browser, demo_site: str) -> Callable[[str], Telephone]:
    """The screen of somebody of the staff, signed in to the demo world, each one for all tests."""

    @cache
    def of(who: str) -> Telephone:
        screen = telephone_at(browser, demo_site)
        steps.sign_in(screen.page, demo_site, who)
        return screen

    return of


@pytest.fixture
def assistant(screen_of: Callable[[str], Telephone]) -> Iterator[Telephone]:
    """At her wide screen; nothing may be complained about."""
    yield from _watched(screen_of("asistente"))


@pytest.fixture
def coordinator(screen_of: Callable[[str], Telephone]) -> Iterator[Telephone]:
    """At her wide screen; nothing may be complained about."""
    yield from _watched(screen_of("coordina"))


def _watched(screen: Telephone) -> Iterator[Telephone]:
    screen.page.set_viewport_size(WIDE)
    screen.watch.complaints.clear()
    yield screen
    assert screen.watch.complaints == []


@pytest.fixture(scope="package")
def people_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the world of `people_site` lies."""
    folder = tmp_path_factory.mktemp("people")
    put_template(folder)
    return folder


@pytest.fixture(scope="package")
def people_site(people_folder: Path) -> Iterator[dict[str, str]]:
    """Of an application with families and papers: its origin, and the paths that `people_server` tells."""
    with running("tests.browser.people_server", people_folder) as server:
        yield server.made


@pytest.fixture(scope="package")
def lent_telephone(browser: Browser, people_site: dict[str, str]) -> Iterator[Telephone]:
    telephone = telephone_at(browser, people_site["origin"])
    yield telephone
    telephone.page.context.close()


@pytest.fixture
def telephone(lent_telephone: Telephone) -> Iterator[Telephone]:
    """The narrowest, that nobody has used yet, for the pages of `people_site`; nothing may be complained about."""
    lent_telephone.empty()
    lent_telephone.watch.complaints.clear()
    yield lent_telephone
    assert lent_telephone.watch.complaints == []


@pytest.fixture(scope="package")
def first_village(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Village]:
    """The application, one for all modules."""
    with village(tmp_path_factory.mktemp("village"), film) as running:
        yield running


@pytest.fixture(scope="module", name="village")
def running_village(first_village: Village) -> Village:
    """A session with prepared phones, one for all tests of a module."""
    return first_village.another()


@pytest.fixture
def pocket(browser: Browser, village: Village) -> Iterator[BrowserContext]:
    """What one phone keeps; its camera sees what `Village.show` says."""
    village.show(None)
    context = browser.new_context(viewport=PHONE, locale="es-GT", permissions=["camera"])
    yield context
    context.close()


@pytest.fixture(scope="package")
def lent(browser: Browser) -> Iterator[BrowserContext]:
    """A phone that goes from test to test, and is emptied in between: what takes longest is to fetch the program."""
    context = browser.new_context(viewport=PHONE, locale="es-GT", permissions=["camera"])
    yield context
    context.close()


@pytest.fixture
def phone(request: pytest.FixtureRequest, village: Village) -> Iterator[Phone]:
    """A prepared phone at the door, with a `pocket` of its own where the test asks for that.

    Nothing may be complained about at the end.
    """
    if "pocket" in request.fixturenames:
        context = request.getfixturevalue("pocket")
    else:
        context = emptied(request.getfixturevalue("lent"), village)
        village.show(None)
    phone = at_door(context, village)
    yield phone
    # What is sent while the phone is put away concerns no other test.
    context.unroute_all(behavior="ignoreErrors")
    for page in context.pages:
        page.close()  # and with it the camera, which all windows of a browser share
    assert phone.complaints == []
