"""Many certificates at once: a server that sets their files, against the bare parts on all cores; sign-ups meanwhile.

python benchmarks/bulk.py [COUNT] [signed]

One server with its worker, on SQLite, as an operator starts it. COUNT people of one training completed it; their
certificates are issued in steps and their files set. Bare: as many processes as cores, of the same low priority, which
call Typst, QR matrix, pyld and Ed25519 (and pyhanko) on the same kind of data and keep nothing; before and after ours.
Ten people sign up each second, one after the other: before, then beside the bulk. Memory is what each process adds to
the machine (PSS); what is shared counts once.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

from _papers import material, orders
from _posts import burst, form
from _servers import Server, environment, free_port, started
from _worlds import make_hub, make_training
from certificate import Bare, bare_compiler, signer_of
from folios import fill, like
from sign_up import PATH, person

from trainings import clock, db
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing import bulk
from trainings.certificates.making.process_pool import NICENESS, mill
from trainings.certificates.models import Certificate, CertificateFile, IssueJob, JobPurpose, JobState, SigningKey
from trainings.places.models import Signatory
from trainings.schedule.models import Training
from trainings.settings import Settings

RATE_BOUND, WAIT_BOUND = 0.75, 2.0
SERVER_MEMORY, PROCESS_MEMORY, GROWTH = 200e6, 120e6, 1.10
ALONE = 60
MEGABYTE = 1e6


async def make_world(count: int, signing: bool) -> tuple[Training, Training]:
    """The training that was held, and one that people sign up for."""
    now = clock.now()
    with clock.frozen(now - timedelta(days=60)):
        hub = await make_hub()
        held = await make_training(hub, now - timedelta(days=3), count)
        await Signatory.create(operator_id=hub.operator_id, name="Marta Chub", office="Alcaldesa", position=1)
        await fill(held, count)
    if signing:
        key = material()
        await SigningKey.create(
            operator_id=hub.operator_id,
            certificate_pem=key.certificate_pem,
            private_key=key.private_key_pem,
            subject=key.subject,
            issued_by=key.issued_by,
            fingerprint=key.fingerprint,
            not_before=now - timedelta(days=1),
            not_after=now + timedelta(days=900),
            is_self_signed=True,
        )
    return held, await like(held, now + timedelta(days=10), capacity=200)


# -- bare


def bare_rate(n_each: int, signing: bool) -> float:
    """Certificates a second of all processes together."""
    command = [sys.executable, __file__, "bare", str(n_each), *(["signed"] if signing else [])]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(mill().n_processes)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    begin = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert process.wait() == 0
    return n_each * len(processes) / (time.perf_counter() - begin)


def work_bare(n: int, signing: bool) -> None:
    os.nice(NICENESS)
    key = material()
    bare = Bare(bare_compiler(), signer_of(key))
    asked = orders(n + 3, signed_with=key if signing else None, first=os.getpid() * 1_000)
    calls = [call for order in asked for call in bare.parts(order, is_signed=signing).values()]
    for call in calls[:8]:
        call()
    print("ready", flush=True)
    sys.stdin.readline()
    for call in calls[-n * len(calls) // len(asked) :]:
        call()


# -- ours


async def measure(count: int, signing: bool) -> int:
    folder = Path(tempfile.mkdtemp(prefix="bulk-"))
    port = free_port()
    os.environ.update(environment(folder, port) | {"TRAININGS_RATE_LIMITS": "off"})
    await db.migrate(Settings())
    async with db.connect(Settings()):
        held, coming = await make_world(count, signing)
        bare = [bare_rate(max(count // 20, 30), signing)]
        with started("-m", "trainings", "serve", "--port", str(port), port=port, settings=dict(os.environ)) as process:
            server = Server(process, port)
            path = PATH.format(slug=coming.slug)
            quiet = await burst(server, [form(port, path, person(one)) for one in range(ALONE)], 1)
            begin = time.perf_counter()
            job = await bulk.start(held.id, JobPurpose.ISSUE, actor=PROGRAM)
            beside, memory = await beside_the_bulk(server, path, job)
            seconds = time.perf_counter() - begin
        bare.append(bare_rate(max(count // 20, 30), signing))
        n = await CertificateFile.all().count()
        assert n == await Certificate.all().count() == count
    return told(count / seconds, bare, median(beside) / quiet.wait, memory, n)


async def beside_the_bulk(server: Server, path: str, job: IssueJob) -> tuple[list[float], list[dict[str, float]]]:
    """What sign-ups waited (ms), one after the other, and the memory of the processes, until the job is done."""
    waits, memory, number = [], [], ALONE
    while (await IssueJob.get(id=job.id)).state is not JobState.DONE:
        found = await burst(server, [form(server.port, path, person(one)) for one in range(number, number + 10)], 1)
        number += 10
        waits.append(found.wait)
        memory.append(memory_of(server.process.pid))
        await asyncio.sleep(1)
    return waits, memory


def memory_of(pid: int) -> dict[str, float]:
    """Octets of the server and of the largest of its processes."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return {"server": pss(pid), "process": max((pss(int(child)) for child in children), default=0.0)}


def pss(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next(float(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))


def told(rate: float, bare: list[float], slower: float, memory: list[dict[str, float]], n: int) -> int:
    ratio = rate / median(bare)
    print(f"{n:,} certificates with their files, {mill().n_processes} processes")
    print(f"  ours, from the press to the last file   {rate:7.1f} a second")
    print(f"  bare parts on all cores                 {', '.join(f'{one:.1f}' for one in bare)} a second")
    print(
        f"  ratio                                   {ratio:7.2f}   (bound {RATE_BOUND}) {verdict(ratio >= RATE_BOUND)}"
    )
    print(
        f"  sign-up beside it, to alone (median)    {slower:7.2f}   (bound {WAIT_BOUND}) "
        f"{verdict(slower <= WAIT_BOUND)}"
    )
    is_small = True
    for name, most in (("server", SERVER_MEMORY), ("process", PROCESS_MEMORY)):
        found = [one[name] for one in memory if one[name]]
        third = max(len(found) // 3, 1)
        growth = median(found[-third:]) / median(found[third : 2 * third] or found[:third])
        fits = max(found) <= most and growth <= GROWTH
        is_small = is_small and fits
        print(
            f"  memory of the {name:<8} {max(found) / MEGABYTE:6.0f} MB (bound {most / MEGABYTE:.0f}), "
            f"last third to middle third {growth:.2f} {verdict(fits)}"
        )
    return int(ratio < RATE_BOUND or slower > WAIT_BOUND or not is_small)


def verdict(is_met: bool) -> str:
    return "ok" if is_met else "MISSED"


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        work_bare(int(sys.argv[2]), "signed" in sys.argv)
    else:
        sys.exit(asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, "signed" in sys.argv)))
