"""A design that did not come with the program: added once it was checked; where it fails later, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.certificates.designs.test_check import INK, change, copy_of
from tests.certificates.desk import Browsers, Desk, Freeze, make_desk, signed_in, text_of
from tests.certificates.held import AFTER, make_attendee
from tests.certificates.issuing.test_bulk import work
from trainings.__main__ import cli
from trainings.audit.actor import PROGRAM
from trainings.certificates.designs import check as design_check
from trainings.certificates.designs import designs, pdf
from trainings.certificates.designs.designs import DESIGNS, LIBRARY, designs_in, read_design
from trainings.certificates.issuing import bulk
from trainings.certificates.issuing.actions import UnprintableName, issue
from trainings.certificates.issuing.views import left_out
from trainings.certificates.making import process_pool
from trainings.certificates.models import Certificate, CertificateFile, CertificateKind, IssueJob, IssueSkip, JobState
from trainings.certificates.refusals import UnprintableText
from trainings.people.models import Participant
from trainings.schedule.models import Training
from trainings.web.i18n import speaking

DIPLOMA = CertificateKind.DIPLOMA
END = "#context assert(here().page() == 1"
"""A line of the design, where a test puts something else."""


# -- added


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the program, with one design in it."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    for name in ("sobrio", "lib"):
        shutil.copytree(DESIGNS / name, folder / name)
    monkeypatch.setattr(designs, "DESIGNS", folder)
    return folder


def added(folder: Path) -> tuple[int, str]:
    ran = CliRunner().invoke(cli, ["design", "add", str(folder)])
    return ran.exit_code, ran.output


def test_add_when_well_then_offered_and_again_in_place_of_the_earlier_one(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts may begin with an @: that makes no package of them. What the long check sees is in `test_check.py`."""
    design = copy_of("constancia", tmp_path, title="La de San Benito")
    change(design, INK, '#let ink = rgb("#401010")\n#let handle = "@ventanilla"\n#let at = "@"')
    assert list(design_check._before(read_design(design))) == []
    monkeypatch.setattr(design_check, "check", lambda _folder: [])
    told = (0, "Listo. En medio minuto se puede escoger «La de San Benito».\n")

    assert added(design) == told
    first = designs_in(ours)["mio"]
    (design / "README.md").write_text("nuestro")
    assert added(design) == told
    assert added(ours / "mio") == told
    assert CliRunner().invoke(cli, ["design", "check", str(design)]).output == "El diseño está bien.\n"

    again = designs_in(ours)["mio"]
    assert (first.title, first.is_ours, again == first) == ("La de San Benito", False, False)
    assert (ours / "mio" / "README.md").read_text() == "nuestro"
    assert sorted(one.name for one in ours.iterdir()) == ["lib", "mio", "sobrio"]


def test_add_when_something_is_wrong_then_told_and_the_earlier_one_stays(ours: Path, tmp_path: Path) -> None:
    design = copy_of("constancia", tmp_path)
    shutil.copytree(design, ours / "mio")
    line = change(design, END, f'#read("/etc/passwd")\n{END}')

    code, told = added(design)

    assert (code, told.partition(" Typst")[0]) == (
        1,
        f"✗ mio/design.typ, línea {line}: Lee un archivo que no está en su carpeta ni en lib.",
    )
    assert "/etc/passwd" not in (ours / "mio" / "design.typ").read_text()


@pytest.mark.parametrize("name", ["sobrio", "lib", "Mía", "m" * 60])
def test_add_when_the_folder_has_a_name_of_ours_or_none_for_addresses_then_refused(
    ours: Path, tmp_path: Path, name: str
) -> None:
    design = copy_of("constancia", tmp_path).rename(tmp_path / name)

    code, told = added(design)

    assert (code, told.startswith(f"✗ {name}: póngale otro nombre")) == (1, True)
    assert sorted(one.name for one in ours.iterdir()) == ["lib", "sobrio"]


def test_check_when_a_name_has_octets_that_are_no_letters_then_told_as_text(tmp_path: Path) -> None:
    design = copy_of("constancia", tmp_path)
    (design / "fonts").mkdir()
    (design / "fonts" / os.fsdecode(b"Espa\xf1ola.ttf")).write_bytes(b"no es una letra")

    ran = CliRunner().invoke(cli, ["design", "check", str(design)])

    assert ran.output == "✗ mio/fonts/Espa?ola.ttf no es una letra TTF entera: cópiela otra vez, o bórrela.\n"


# -- when it fails later


class Here:
    """The mill without its processes: these know no design but those of the folder of the program."""

    n_processes = 1

    async def do(self, function: Callable[..., Any], *arguments: object) -> Any:
        answer = await asyncio.to_thread(process_pool._answer, pickle.dumps((function, arguments)))
        is_made, made, is_told = pickle.loads(answer)
        if not is_made:
            raise process_pool.MillError(made, is_told=is_told)
        return made


@pytest.fixture
def theirs(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, freeze: Freeze) -> Path:
    """A copy of a design, in Spanish, among those to choose from. It fails for whoever is called Zoila."""
    freeze(AFTER)
    folder = copy_of("sobrio", tmp_path, title="De San Benito", kinds=["diploma", "constancia"])
    shutil.copytree(LIBRARY, tmp_path / "lib")
    change(folder, END, f'#if d.person_name.starts-with("Zoila") {{ panic("así no" + "!" * 200) }}\n{END}')
    known = dict(designs.all_designs()) | {"mio": read_design(folder)}
    monkeypatch.setattr(designs, "all_designs", lambda: known)
    monkeypatch.setattr(pdf, "all_designs", lambda: known)
    monkeypatch.setattr(bulk, "mill", Here)
    return folder


async def use(desk: Desk) -> None:
    await Training.filter(id=desk.training.id).update(design="mio")


async def test_job_when_the_design_fails_then_it_ends_says_so_and_files_are_made_after_it_was_mended(
    new_client: Browsers, theirs: Path
) -> None:
    desk = await make_desk()
    await use(desk)
    browser = await signed_in(new_client, desk.cast.coordinator)
    wrong = f'#read("/etc/passwd")\n{END}'
    change(theirs, END, wrong)

    started = (await browser.post(desk.page)).headers["location"]
    await work()
    ended = await browser.get(started)
    paper = await Certificate.get(registration_id=desk.completed.id)
    opened = await browser.get(f"/panel/diplomas/{paper.id}.pdf")
    sample = await browser.get(f"{desk.page[:-1]}-muestra.png")
    change(theirs, wrong, END)
    mended = await browser.get(f"/panel/diplomas/{paper.id}.pdf")

    job = await IssueJob.get()
    assert (job.state, await IssueSkip.filter(job_id=job.id, reason="failed").count()) == (JobState.DONE, 1)
    assert "No se pudo: Falla el diseño. Avise a quien administra el programa." in text_of(ended)
    for answer in (opened, sample):
        assert (answer.status_code, "falla el diseño. Avise a quien administra" in text_of(answer)) == (409, True)
    assert (mended.status_code, mended.content[:5]) == (200, b"%PDF-")
    assert await CertificateFile.filter(certificate_id=paper.id).exists()


async def test_paper_when_its_design_fails_for_it_alone_then_each_reads_so_in_their_language(
    new_client: Browsers, theirs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = await make_desk()
    await use(desk)
    await Participant.filter(id=desk.completed.participant_id).update(given_names="Zoila")
    line = change(theirs, END, END) - 1
    browser = await signed_in(new_client, desk.cast.coordinator)

    started = (await browser.post(desk.page)).headers["location"]
    await work()
    page = await browser.get(started)
    printed = await browser.post(f"{desk.page}/imprimir", data={"folios": "2027:2"})

    job = await IssueJob.get()
    training = await Training.get(id=desk.training.id).select_related("hub__operator")
    with speaking("en"):
        in_english = [one.why for one in await left_out(job, training, may_issue=True) if one.reason == "failed"]
    assert (job.state, (await IssueSkip.get(reason="failed")).registration_id) == (JobState.DONE, desk.completed.id)
    spanish = "Falla el diseño. Avise a quien administra el programa."
    assert (spanish in text_of(page), printed.status_code, spanish in text_of(printed)) == (True, 409, True)
    assert in_english == ["It could not be done: The design fails. Tell whoever runs the program."]
    assert "panicked with: así no!!" in caplog.text
    assert f"(mio/design.typ, line {line})" in caplog.text, "for whoever can mend it"


async def test_letters_when_the_design_brings_its_own_then_these_are_asked_also_for_one(theirs: Path) -> None:
    desk = await make_desk()
    await use(desk)
    guest = await make_attendee(desk.training, given_names="Ğüneş", surnames="Öz")
    of_theirs = pdf.typesetter(designs.all_designs()["mio"])
    of_theirs.__dict__["_printable"] = of_theirs._printable - {ord("ğ"), ord("Ğ")}

    with pytest.raises(UnprintableName, match="Ğ"):
        await issue(guest.id, DIPLOMA, actor=PROGRAM)
    with pytest.raises(UnprintableText, match="ğ"):
        await Training.filter(id=desk.training.id).update(title="Dağ")
        await issue(desk.completed.id, DIPLOMA, actor=PROGRAM)

    assert await Certificate.all().count() == 1
