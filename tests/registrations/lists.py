"""Lists of people as staff upload them, brought to any of their steps."""

from __future__ import annotations

from collections.abc import Sequence

from tests import make
from tests.tables import text
from trainings.accounts.models import User
from trainings.accounts.queries import actor_of
from trainings.audit.actor import Actor
from trainings.outbox.models import OutboxJob
from trainings.people.models import ConsentHow
from trainings.registrations.imports import actions
from trainings.registrations.imports.columns import match
from trainings.registrations.imports.rows import Verdict
from trainings.registrations.models import ImportDraft
from trainings.schedule.models import Training

HEADER = "Nombres,Apellidos,Municipio,Comunidad,Tipo de actor,Teléfono,Correo,Sexo,Edad,Idioma,Pueblo"
MARIA = 'María Elena,Caal Tzib,"La Libertad, Petén",Las Pozas,COCODE,5555-1234,,Mujer,34,Q’eqchi’,Maya'
JUAN = "Juan,De La Cruz Pop,1705,El Naranjo,Docente,,juan@correo.example,Hombre,51,,"
ROSA = "Rosa,Coc,1705,,Juventud,,,,,,"


def people(n: int) -> list[str]:
    """So many different people without a contact."""
    return [f"Persona{number},Caal Tzib,1705,,COCODE,,,,,," for number in range(n)]


async def a_training(**fields: object) -> Training:
    """A training at La Libertad as the desk reads it."""
    await make.make_municipality()
    made = await make.make_training(**fields)  # type: ignore[arg-type]  # passed on as given
    return await Training.get(id=made.id).prefetch_related("hub__seat", "sessions")


async def an_actor(user: User | None = None) -> Actor:
    return await actor_of(user or await make.make_user(hub=await make.make_hub()))


async def matched(
    training: Training, rows: Sequence[str], actor: Actor, *, header: str = HEADER, actor_type: str = ""
) -> ImportDraft:
    """A list uploaded, with its columns as they were recognised."""
    draft = await actions.upload(training, text(header, *rows), actor=actor)
    return await with_columns(draft, actions.ForAll(actor_type=actor_type))


async def with_columns(draft: ImportDraft, for_all: actions.ForAll) -> ImportDraft:
    """The columns as they were recognised."""
    await actions.assign_columns(draft.id, match(actions.sheet_in(draft).headers), for_all)
    return await ImportDraft.get(id=draft.id)


async def confirmed(
    training: Training, rows: Sequence[str], actor: Actor, *, header: str = HEADER, how: ConsentHow = ConsentHow.PAPER
) -> ImportDraft:
    """A list whose people are to be registered."""
    draft = await matched(training, rows, actor, header=header)
    await actions.confirm(draft.id, training, how, actor=actor)
    return await ImportDraft.get(id=draft.id)


async def waiting_jobs() -> list[OutboxJob]:
    return await OutboxJob.filter(kind=actions.KIND, done_at=None).order_by("id")


async def work_off(draft: ImportDraft) -> ImportDraft:
    """Do the jobs of a list, as the worker does."""
    while jobs := await waiting_jobs():
        for job in jobs:
            await actions.register_some(job)
            await OutboxJob.filter(id=job.id).update(done_at=job.run_at)
    return await ImportDraft.get(id=draft.id)


async def imported(training: Training, rows: Sequence[str], actor: Actor, *, header: str = HEADER) -> ImportDraft:
    """A list from the upload to the end."""
    return await work_off(await confirmed(training, rows, actor, header=header))


def counts(draft: ImportDraft) -> tuple[int, int, int]:
    """(new, known, refused)."""
    return draft.n_new, draft.n_known, draft.n_refused


async def verdicts(training: Training, *rows: str, header: str = HEADER) -> list[tuple[Verdict, tuple[str, ...]]]:
    """What each row would come to, and why."""
    draft = await matched(training, rows, await an_actor(), header=header)
    preview = await actions.preview(draft, training)
    return [(one.verdict, one.why) for one in preview.rows]
