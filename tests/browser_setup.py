"""A Chromium for the tests: the machine's own, else installed here (`python -m tests.browser_setup`)."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WINDOWLESS = "chromium-headless-shell"
"""The same engine without what surrounds a page: it opens one with a fifth of the work."""

APT = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"),
    ("apt-get", "install", "-y", "-qq", "--no-install-recommends", WINDOWLESS),
)

ADVICE = """\
The browser tests need Chromium, and it could neither be found nor installed.
  Debian:        sudo apt-get install chromium
  elsewhere:     .venv/bin/playwright install --with-deps chromium
Then run make test again."""


@cache
def on_path() -> str | None:
    """A Chromium on the PATH that starts; the stub of a package that is not installed does not."""
    return next((found for found in map(shutil.which, NAMES) if found and _starts(found)), None)


@cache
def quickest() -> str | None:
    """The one on the PATH that opens pages with the least work."""
    found = shutil.which(WINDOWLESS)
    return found if found and _starts(found) else on_path()


def executable() -> str | None:
    """Where Chromium is: on the PATH, or where Playwright keeps its own."""
    if on_path() is not None:
        return on_path()
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return str(own) if own.exists() and _starts(str(own)) else None


def _starts(path: str) -> bool:
    # Ubuntu's `chromium-browser` may be a script that only asks for a snap; a download may lack system libraries.
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install() -> None:
    """Install it in the way of this machine: Debian's package as root there, else Playwright's download."""
    commands = APT if _is_debian_root() else ((sys.executable, "-m", "playwright", "install", "chromium"),)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        print("$", *command, flush=True)
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    on_path.cache_clear()
    quickest.cache_clear()


def _is_debian_root() -> bool:
    if platform.system() != "Linux" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    return platform.freedesktop_os_release().get("ID") == "debian"


def main() -> int:
    if executable() is None:
        install()
        if executable() is None:
            print(ADVICE, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
