"""What the log holds: nothing about people, no address that opens something, however much it is told to say."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from urllib.parse import urlencode

import httpx2

from tests.database import put_template
from tests.processes import free_port, run, started
from trainings.lib import tokens

PATIENCE = 60
"""Seconds for one answer or end: a busy machine is slow, not wrong."""
FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_log_at_its_most_talkative_names_nobody_and_no_secret_address(tmp_path: Path) -> None:
    """The first account signs in by the link that was printed, and opens what has a secret address."""
    port, token, code = free_port(), tokens.own_link(), tokens.certificate_code()
    feed = tokens.feed_token()
    put_template(tmp_path)
    user = ("ana.caal@muni.example", "--role", "platform_admin", "--name", "Ana Caal Tzib")
    created = run(tmp_path, "user", "create", *user, base_url=f"http://localhost:{port}")
    link = created.stdout.splitlines()[0]
    password = "siete garzas al amanecer"

    with started(tmp_path, port, log_level="DEBUG") as process:
        with httpx2.Client(base_url=f"http://localhost:{port}", timeout=PATIENCE) as browser:
            assert browser.get(link).status_code == 200
            chosen = browser.post(link, content=urlencode({"password": password}), headers=FORM)
            session = browser.cookies["staff"]
            for path in (f"/i/{token}", f"/i/{token}/boleto.png", f"/verificar/{code}"):
                browser.get(path)
            account = browser.get("/panel/cuenta")
            made = browser.post("/panel/cuenta/calendario", headers={"origin": f"http://localhost:{port}"})
            [own_feed] = set(re.findall("/cal/facilitador/([0-9A-Z]{32})[.]ics", made.text))
            for one in (feed, own_feed):
                for method in ("GET", "HEAD", "POST"):
                    browser.request(method, f"/cal/facilitador/{one}.ics")
            browser.post("/entrar", content=urlencode({"email": "beto@muni.example", "password": "x"}), headers=FORM)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)

    assert (created.returncode, chosen.status_code, account.status_code) == (0, 303, 200)
    assert "ana.caal@muni.example" in account.text
    log = (tmp_path / "log").read_text()
    assert '"app_user" WHERE "email"=' in log  # statements are there, for whoever looks for a slow one
    people = ["ana.caal", "Ana Caal", "beto@", password, "$argon2id$v=19"]
    secrets = [token, code, feed, own_feed, link.rpartition("/")[2], session, tokens.digest(session, "session")]
    secrets.append(tokens.digest(own_feed, "feed"))
    assert [one for one in (*people, *secrets) if one in log] == []
