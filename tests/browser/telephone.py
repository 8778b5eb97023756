"""A telephone that goes from test to test and is emptied in between: another takes four times as long as a page."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Browser, CDPSession, Page, ViewportSize

from tests.browser.steps import Watch

ALIVE = "/salud"
NARROW, WIDE = ViewportSize(width=320, height=640), ViewportSize(width=1280, height=1000)


@dataclass
class Telephone:
    """Of the site at `origin`, with or without script; what it complains of is told."""

    page: Page
    wire: CDPSession
    origin: str
    watch: Watch = field(default_factory=Watch)

    def open(self, path: str, *, scripts: bool = True) -> Page:
        self.wire.send("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.page.goto(self.origin + path if path.startswith("/") else path)
        return self.page

    def empty(self) -> None:
        """As if nobody had used it yet, but for the files of the site."""
        self.page.unroute_all(behavior="ignoreErrors")
        self.page.context.unroute_all(behavior="ignoreErrors")
        self.page.context.set_offline(False)
        self.page.emulate_media(
            media="null", color_scheme="null", reduced_motion="null", forced_colors="null", contrast="null"
        )
        # What is kept of a window is reached only from the site; from here no script of the page before runs on.
        self.open(ALIVE)
        self.page.evaluate("() => sessionStorage.clear()")
        self.page.context.clear_cookies()
        self.wire.send("Storage.clearDataForOrigin", {"origin": self.origin, "storageTypes": "all"})
        self.page.set_viewport_size(NARROW)


def telephone_at(browser: Browser, origin: str) -> Telephone:
    context = browser.new_context(viewport=NARROW, locale="es-GT")
    page = context.new_page()
    telephone = Telephone(page, context.new_cdp_session(page), origin)
    telephone.watch.over(context)
    return telephone
