"""A second engine: Firefox of this machine, driven by WebDriver BiDi, which it speaks by itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

NAMES = ("firefox-esr", "firefox")
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
SECONDS = 120
MOST_BYTES = 2**24


def firefox() -> str | None:
    return next((found for found in map(shutil.which, NAMES) if found), None)


@dataclass
class Firefox:
    """One window. What goes wrong in a page is raised here."""

    line: ClientConnection
    numbers: Iterator[int]
    context: str = ""

    def ask(self, method: str, **parameters: Any) -> Any:
        number = next(self.numbers)
        self.line.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.line.recv(SECONDS))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, address: str) -> None:
        self.ask("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def run(self, script: str, *values: Any) -> Any:
        """What an async function of the page answers, as JSON."""
        written = ", ".join(json.dumps(value) for value in values)
        expression = f"(async () => JSON.stringify(await ({script})({written})))()"
        target = {"context": self.context}
        told = self.ask("script.evaluate", expression=expression, target=target, awaitPromise=True)
        assert told["type"] == "success", told["exceptionDetails"]["text"]
        return json.loads(told["result"].get("value", "null"))

    def prepare(self, origin: str, name: str, value: str) -> None:
        """Give the window a cookie."""
        domain = urlsplit(origin).hostname
        cookie = {"name": name, "value": {"type": "string", "value": value}, "domain": domain, "path": "/marcar"}
        self.ask("storage.setCookie", cookie=cookie)


@contextmanager
def opened(folder: Path) -> Iterator[Firefox]:
    """Firefox with an empty profile in this folder; ended afterwards."""
    program = firefox()
    assert program is not None, "sudo apt-get install firefox-esr"
    folder.mkdir()
    command = [program, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            address = next(found[1] for line in process.stderr if (found := LISTENING.search(line)))
            with connect(f"{address}/session", max_size=MOST_BYTES) as line:
                window = Firefox(line, count(1))
                window.ask("session.new", capabilities={})
                [tree] = window.ask("browsingContext.getTree")["contexts"]
                window.context = tree["context"]
                yield window
        finally:
            process.terminate()
