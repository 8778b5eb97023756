"""A design that did not come with the program: checked before it is chosen; when it breaks later nothing is lost."""

from __future__ import annotations

import asyncio
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.certificates.desk import Browsers, Desk, Freeze, make_desk, signed_in, text_of
from tests.certificates.held import AFTER, make_attendee
from tests.certificates.test_bulk import work
from tests.certificates.test_design_check import change, copy_of
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.certificates import bulk_files, design_check, design_use, designs, mill, pdf
from trainings.certificates.actions import UnprintableName, UnprintableText, issue
from trainings.certificates.bulk_queries import left_out
from trainings.certificates.design_check import Problem
from trainings.certificates.design_use import UnusableDesign
from trainings.certificates.designs import DESIGNS, LIBRARY, read_design
from trainings.certificates.models import (
    Certificate,
    CertificateFile,
    CertificateKind,
    CertificateState,
    IssueJob,
    IssueSkip,
    JobState,
)
from trainings.people.models import Participant
from trainings.places.models import Operator
from trainings.schedule.models import Training
from trainings.web.i18n import speaking

pytestmark = pytest.mark.usefixtures("db")
DIPLOMA = CertificateKind.DIPLOMA
END = "#context assert(here().page() == 1"
"""A line of the design, where a test puts something else."""


class Here:
    """The mill without its processes: these know no design but those of the folder of the program."""

    n_processes = 1

    async def do(self, function: Callable[..., Any], *arguments: object) -> Any:
        answer = await asyncio.to_thread(mill._answer, pickle.dumps((function, arguments)))
        is_made, made, is_told = pickle.loads(answer)
        if not is_made:
            raise mill.MillError(made, is_told=is_told)
        return made


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, freeze: Freeze) -> Iterator[Path]:
    """A copy of a design, in Spanish, among those to choose from. It fails for whoever is called Zoila."""
    freeze(AFTER)
    folder = copy_of("sobrio", tmp_path, title="De San Benito", kinds=["diploma", "constancia"])
    shutil.copytree(LIBRARY, tmp_path / "lib")
    change(folder, END, f'#if d.person_name.starts-with("Zoila") {{ panic("así no" + "!" * 200) }}\n{END}')
    known = dict(designs.all_designs())

    def all_designs() -> dict[str, designs.DesignInfo]:
        return known | {"mio": read_design(folder)}

    monkeypatch.setattr(designs, "all_designs", all_designs)
    monkeypatch.setattr(pdf, "all_designs", all_designs)
    monkeypatch.setattr(bulk_files, "mill", Here)
    monkeypatch.setattr(design_check, "problems_in", partial(looked_at_once, design_check.problems_in))
    yield folder
    design_use._verdicts.clear()


def looked_at_once(look: Callable[..., list[Problem]], folder: Path, **options: float) -> list[Problem]:
    """What is wrong with the files of a design is the same wherever they lie."""
    files = [(file.relative_to(folder.parent), file.read_bytes()) for file in sorted(folder.rglob("*.*"))]
    if (key := pickle.dumps(files)) not in _looked_at:
        _looked_at[key] = look(folder, **options)
    return _looked_at[key]


_looked_at: dict[bytes, list[Problem]] = {}


def broken(folder: Path) -> str:
    """Break it; where, as it is told."""
    line = change(folder, END, f'#read("/etc/passwd")\n{END}')
    return f"mio/design.typ, línea {line}: Lee un archivo que no está en su carpeta ni en lib."


def mended(folder: Path) -> None:
    change(folder, '#read("/etc/passwd")\n', "")


async def use(desk: Desk) -> None:
    await Training.filter(id=desk.training.id).update(design="mio")


async def test_design_when_it_is_broken_then_not_chosen_and_the_preview_answers_in_words(
    new_client: Browsers, theirs: Path
) -> None:
    desk = await make_desk()
    editor = await signed_in(new_client, desk.cast.coordinator)
    page = f"{desk.page}/diseno"
    said = broken(theirs)

    chosen = await editor.post(page, data={"design": "mio", "language": "es"})
    tried = await editor.get(f"{page}?diseno=mio")
    await use(desk)
    sample = await editor.get(f"{desk.page[:-1]}-muestra.png")

    assert (chosen.status_code, said in text_of(chosen)) == (422, True)
    assert f"El diseño «De San Benito» no se puede usar: {said}" in text_of(tried)
    assert ("muestra.png" in tried.text, "Usar este diseño" in tried.text) == (False, False)
    assert (sample.status_code, said in text_of(sample)) == (409, True)
    mended(theirs)
    assert (await editor.post(page, data={"design": "mio", "language": "es"})).status_code == 303
    assert (await Training.get(id=desk.training.id)).design == "mio"


async def test_issuing_when_the_design_is_broken_then_no_folio_is_taken_and_told_where(
    new_client: Browsers, theirs: Path
) -> None:
    desk = await make_desk()
    await use(desk)
    said = broken(theirs)
    browser = await signed_in(new_client, desk.cast.coordinator)

    one = await browser.post(f"/panel/inscripciones/{desk.completed.id}/diploma", data={"kind": "diploma"})
    everybody = await browser.post(desk.page)

    assert [(answer.status_code, said in text_of(answer)) for answer in (one, everybody)] == [(409, True)] * 2
    assert (await Certificate.all().count(), await IssueJob.all().count()) == (1, 0)


async def test_issuing_another_in_place_then_as_with_any_design_and_with_a_broken_one_the_old_one_stands(
    new_client: Browsers, theirs: Path
) -> None:
    desk = await make_desk()
    await use(desk)
    old = await issue(desk.completed.id, DIPLOMA, actor=PROGRAM)
    browser = await signed_in(new_client, desk.cast.coordinator)
    page, typed = f"/panel/diplomas/{old.id}/anular", {"reason": "nombre mal escrito", "another": "yes"}
    said = broken(theirs)

    refused = await browser.post(page, data=typed)
    assert (refused.status_code, said in text_of(refused)) == (409, True)
    assert (await Certificate.get(id=old.id)).state is CertificateState.VALID

    mended(theirs)
    await browser.post(page, data=typed)
    assert await Certificate.exists(replaces_id=old.id, state=CertificateState.VALID)


async def test_job_when_the_design_breaks_later_then_it_pauses_says_why_and_goes_on_after_it_was_mended(
    new_client: Browsers, theirs: Path
) -> None:
    desk = await make_desk()
    await use(desk)
    browser = await signed_in(new_client, desk.cast.coordinator)

    started = (await browser.post(desk.page)).headers["location"]
    said = broken(theirs)
    await work()
    paused = await browser.get(started)
    printed = await browser.post(f"{desk.page}/imprimir")
    opened = await browser.get(f"/panel/diplomas/{(await Certificate.get(registration_id=desk.completed.id)).id}.pdf")
    again = await browser.post(started, data={"turn": "go_on"})
    await Operator.all().update(design="sobrio")
    with_another = await browser.post(started, data={"turn": "go_on"})
    mended(theirs)
    await browser.post(started, data={"turn": "go_on"})
    await work()

    assert (said in text_of(paused), "Está en pausa." in paused.text) == (True, True)
    assert (printed.status_code, said in text_of(printed)) == (409, True)
    assert (opened.status_code, "mio/design.typ, línea" in text_of(opened)) == (409, True)
    assert (again.status_code, said in text_of(again)) == (409, True)
    assert (with_another.status_code, said in text_of(with_another)) == (409, True), "its papers keep the first"
    job = await IssueJob.get()
    assert (job.state, await IssueSkip.filter(job_id=job.id, reason="failed").count()) == (JobState.DONE, 0)
    assert await CertificateFile.filter(certificate__registration_id=desk.completed.id).exists()


async def test_job_when_one_of_several_designs_is_broken_then_papers_of_the_others_are_set_before_it_pauses(
    new_client: Browsers, theirs: Path
) -> None:
    desk = await make_desk()
    early = await issue((await make_attendee(desk.training, given_names="Dora")).id, DIPLOMA, actor=PROGRAM)
    await Certificate.filter(id=early.id).update(sheet=early.sheet | {"design": "mio"})
    browser = await signed_in(new_client, desk.cast.coordinator)
    said = broken(theirs)

    started = (await browser.post(desk.page)).headers["location"]
    await browser.post(started, data={"turn": "pause"})
    between = await browser.post(started, data={"turn": "go_on"})
    await work()
    page, again = await browser.get(started), await browser.post(started, data={"turn": "go_on"})

    assert between.status_code == 303, "there are papers to set"
    without = await Certificate.filter(file__id=None)
    assert ([one.id for one in without], (await IssueJob.get()).state) == ([early.id], JobState.PAUSED)
    assert ("Está en pausa." in page.text, said in text_of(page), again.status_code) == (True, True, 409)
    assert await IssueSkip.filter(reason="failed").count() == 0
    mended(theirs)
    await browser.post(started, data={"turn": "go_on"})
    await work()
    assert (await Certificate.filter(file__id=None).count(), (await IssueJob.get()).state) == (0, JobState.DONE)


async def test_paper_when_its_design_fails_for_it_alone_then_each_reads_why_in_their_language(
    new_client: Browsers, theirs: Path
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
    spanish = f"mio/design.typ, línea {line}: Typst dice: panicked with: así no!!!"
    assert (spanish in text_of(page), printed.status_code, spanish in text_of(printed)) == (True, 409, True)
    assert [one[: one.index("!")] for one in in_english] == [
        f"It could not be done: mio/design.typ, line {line}: Typst says: panicked with: así no"
    ]


async def test_font_when_it_is_broken_then_no_page_breaks(new_client: Browsers, theirs: Path) -> None:
    desk = await make_desk()
    await use(desk)
    (theirs / "fonts").mkdir()
    (theirs / "fonts" / "mala.ttf").write_bytes(b"esto no es una letra")
    browser = await signed_in(new_client, desk.cast.coordinator)
    person = f"/panel/inscripciones/{desk.completed.id}/diploma"

    pages = [await browser.get(path) for path in (desk.page, person, f"{desk.page[:-1]}-muestra.png")]
    renamed = await browser.post(f"{person}/nombre", data={"given_names": "Beto", "surnames": "Caal"})
    refused = await browser.post(person, data={"kind": "diploma"})

    assert [page.status_code for page in pages] == [200, 200, 409]
    assert (renamed.status_code, refused.status_code) == (303, 409)
    assert "mio/fonts/mala.ttf no es una letra TTF entera" in text_of(refused)
    assert await Certificate.all().count() == 1


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


async def test_verdict_then_asked_once_until_a_file_changes_and_what_is_wrong_again_after_a_while(
    theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    answers = [["mal"], [], ["mal otra vez"]]

    def check(folder: Path) -> list[str]:
        asked.append(folder)
        return answers[len(asked) - 1]

    monkeypatch.setattr(design_check, "problems_in", check)
    design = read_design(theirs)
    both = await asyncio.gather(design_use.problems_of(design), design_use.problems_of(design))
    assert ([list(one) for one in both], len(asked)) == ([["mal"], ["mal"]], 1)
    monkeypatch.setattr(design_use, "SECONDS_WRONG", 0.0)
    assert await design_use.problems_of(design) == ()
    assert await design_use.look_again() == 0
    assert len(asked) == 2, "nothing changed"
    change(theirs, END, f"// otra cosa\n{END}")
    with pytest.raises(UnusableDesign, match="mal otra vez"):
        await design_use.refuse_unusable(design)
    assert await design_use.problems_of(designs.all_designs()["sobrio"]) == ()
    assert len(asked) == 3, "ours are not asked"
    assert DESIGNS not in theirs.parents


async def test_problems_when_a_name_has_octets_that_are_no_letters_then_told_as_text(tmp_path: Path) -> None:
    design = copy_of("constancia", tmp_path)
    (design / "fonts").mkdir()
    (design / "fonts" / os.fsdecode(b"Espa\xf1ola.ttf")).write_bytes(b"no es una letra")

    [problem] = await design_use.problems_of(read_design(design))
    with speaking("en"):
        [in_english] = await design_use.problems_of(read_design(design))

    assert (
        problem.encode() == "mio/fonts/Espa?ola.ttf no es una letra TTF entera: cópiela otra vez, o bórrela.".encode()
    )
    assert in_english == "mio/fonts/Espa?ola.ttf is not a whole TTF font: copy it again, or delete it."


async def test_problems_when_the_check_itself_fails_then_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_design: object, _place: object) -> None:
        raise shutil.Error("no more room")

    design = copy_of("constancia", tmp_path)
    monkeypatch.setattr(design_check, "copied", fails)

    assert await design_use.problems_of(read_design(design)) == (
        "No se pudo revisar. `trainings design check mio` dice por qué.",
    )


async def test_problems_when_it_stays_broken_then_looked_at_less_and_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    design, at, asked = read_design(copy_of("constancia", tmp_path)), list[int](), list[int]()

    def check(_folder: Path) -> list[str]:
        asked.append(at[-1])
        return ["mal"]

    monkeypatch.setattr(clock, "ticks", lambda: float(at[-1]))
    monkeypatch.setattr(design_check, "problems_in", check)

    for minute in range(20):
        at.append(60 * minute)
        assert await design_use.problems_of(design) == ("mal",)

    assert asked == [0, 60, 180, 420, 900]


async def test_designs_without_end_when_asked_by_many_then_other_requests_are_answered_meanwhile(
    new_client: Browsers, theirs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    await browser.get(f"{desk.page[:-1]}-muestra.png")
    other = tmp_path / "otro"
    change(theirs, END, f"#for a in range(100000) {{ for b in range(100000) {{ [] }} }}\n{END}")
    shutil.copytree(theirs, other)
    monkeypatch.setattr(design_check, "problems_in", partial(design_check.problems_in, seconds=0.99))
    # More than there are threads that all share.
    asked = [asyncio.create_task(design_use.problems_of(read_design(one))) for one in (theirs, other) * 20]
    await asyncio.sleep(0)

    answer = await browser.get(f"{desk.page[:-1]}-muestra.png")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert not any(one.done() for one in asked)
    told = {tuple(one) for one in await asyncio.gather(*asked)}
    assert sorted(one for [one] in told) == [
        f"{key}: No termina: se detuvo después de varios segundos. Busque un ciclo (for, while) sin fin."
        for key in ("mio", "otro")
    ]
