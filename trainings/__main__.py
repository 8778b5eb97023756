from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID

import typer
from pydantic import ValidationError

from trainings import background, checks, db, server
from trainings.accounts import actions as accounts
from trainings.accounts.models import Role, RoleGrant, User
from trainings.attendance.models import Device
from trainings.attendance.phones import devices
from trainings.audit.actor import PROGRAM
from trainings.certificates.designs import check as design_check
from trainings.errors import Refusal
from trainings.feeds import site
from trainings.lib.crypt import new_key
from trainings.outreach.place_actions import open_hubs, renew_municipalities
from trainings.people import audio
from trainings.people.consents import SPOKEN, TEXT_VERSION
from trainings.places.hub_file import HubEntry, UnreadableHubFile, read_hubs
from trainings.places.models import Hub, Operator
from trainings.privacy import guard
from trainings.privacy.actions import Swept, what_is_due
from trainings.schedule.catalogue.project_actions import ProjectPlan, create_project
from trainings.settings import Settings, get_settings
from trainings.web.i18n import gettext as _

SCOPES = {
    **dict.fromkeys(accounts.HUB_ROLES, "--hub SLUG, and nothing else"),
    **dict.fromkeys(accounts.OPERATOR_ROLES, "--municipality INE, and nothing else"),
    **dict.fromkeys((Role.MONITORING_OFFICER, Role.PLATFORM_ADMIN), "neither --hub nor --municipality"),
}

cli = typer.Typer(
    help="Trainings of the municipal information hubs on migration.", no_args_is_help=True, add_completion=False
)
users = typer.Typer(help="Accounts of the staff.", no_args_is_help=True)
cli.add_typer(users, name="user")
hubs = typer.Typer(help="Hubs, their operators and venues.", no_args_is_help=True)
cli.add_typer(hubs, name="hub")
projects = typer.Typer(help="Projects of donors.", no_args_is_help=True)
cli.add_typer(projects, name="project")
recordings = typer.Typer(help="What people agree to, read aloud.", no_args_is_help=True)
cli.add_typer(recordings, name="audio")
designs = typer.Typer(help="Designs of certificates.", no_args_is_help=True)
cli.add_typer(designs, name="design")


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; more than one wants PostgreSQL.")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Leave the outbox to a `worker` process.")] = False,
) -> None:
    """Serve the pages, and the outbox inside; refuses where `check` finds what is unsafe or a migration pending."""
    server.end_well_when_told()
    settings = _settings()
    _report(asyncio.run(checks.findings(settings)), only_fatal=True)
    server.serve(settings, host=host, port=port, workers=workers, with_worker=not no_worker)


@cli.command()
def worker() -> None:
    """Send messages and delete what is due, without pages: for set-ups with several processes."""
    server.end_well_when_told()
    settings = _settings()
    _report(asyncio.run(checks.findings(settings)), only_fatal=True)
    server.set_up_logging(settings)
    asyncio.run(background.work_alone(settings))


@cli.command()
def migrate() -> None:
    """Bring the database and its list of municipalities up to date; safe when two run at once."""
    applied = asyncio.run(_migrate(_settings()))
    typer.echo("\n".join(applied) if applied else "The database is up to date.")


@cli.command()
def check() -> None:
    """Tell what is misconfigured and how to mend it; exit 1 if it would not run safely."""
    settings = _settings()
    found = [*asyncio.run(checks.findings(settings)), *asyncio.run(checks.mail_server_findings(settings))]
    _report(found, only_fatal=False)
    typer.echo("Ready to serve.")


@cli.command()
def purge(
    *, yes: Annotated[bool, typer.Option("--yes", help="Delete it, and by itself again from now on.")] = False
) -> None:
    """Say what is due to be deleted (docs/operations.md says when); with --yes, delete it."""
    swept = asyncio.run(_purge(_settings(), is_agreed=yes))
    lines = [f"{n} {what}" for what, n in asdict(swept).items() if n]
    typer.echo("\n".join(lines) if lines else "Nothing is due.")
    if lines and not yes:
        typer.echo("This is deleted by `trainings purge --yes`.")


async def _purge(settings: Settings, *, is_agreed: bool) -> Swept:
    async with db.connect(settings):
        return await guard.go_on() if is_agreed else await what_is_due()


@cli.command()
def keygen() -> None:
    """Print a new secret key, to be put in front of the others in TRAININGS_SECRET_KEYS."""
    typer.echo(new_key())


@cli.command()
def seed(
    demo: Annotated[bool, typer.Option("--demo", help="Say that you want the demo world.")] = False,
    scale: Annotated[int, typer.Option(min=1, max=1000, help="How many times the usual number of people.")] = 1,
) -> None:
    """Fill an empty database with the demo world and print its accounts."""
    if not demo:
        _fail("Only the demo world can be seeded: `trainings seed --demo`.")
    from trainings.seed import RealData, seed_demo  # noqa: PLC0415 - only this command needs the whole world

    settings = _settings()
    asyncio.run(db.migrate(settings))
    try:
        typer.echo(asyncio.run(seed_demo(settings, scale)))
    except RealData as exc:
        _fail(str(exc))


@cli.command("export-site")
def export_site(folder: Annotated[Path, typer.Argument(help="Where to: empty, new, or exported before.")]) -> None:
    """Write the public calendar as pages and .ics files that open from a USB stick, without a server."""
    settings = _settings()
    try:
        n_files = asyncio.run(_export_site(settings, folder))
    except site.NotOurFolder as exc:
        _fail(str(exc))
    typer.echo(f"{n_files} files in {folder}; open {folder / 'index.html'}")


async def _export_site(settings: Settings, folder: Path) -> int:
    async with db.connect(settings):
        return await site.export_site(folder)


@users.command("create")
def create_user(
    email: str,
    role: Annotated[Role, typer.Option()],
    hub: Annotated[str, typer.Option(help="Slug of the hub, for roles at a hub.")] = "",
    municipality: Annotated[str, typer.Option(help="INE code (or an association's code), for municipal_admin.")] = "",
    name: Annotated[str, typer.Option(help="Name as colleagues see it.")] = "",
) -> None:
    """Make an account with one role and print a one-time sign-in link."""
    settings = _settings()
    asyncio.run(_in_database(settings, _create_user(email, role, hub=hub, municipality=municipality, name=name)))


@users.command("link")
def link_user(email: str) -> None:
    """Print a new one-time sign-in link; the password, the sessions and earlier links end at once."""
    asyncio.run(_in_database(_settings(), _link_user(email)))


@users.command("role")
def change_role(
    email: str,
    role: Role,
    hub: Annotated[str, typer.Option(help="Slug of the hub, for roles at a hub.")] = "",
    municipality: Annotated[str, typer.Option(help="INE code (or an association's code), for municipal_admin.")] = "",
    take: Annotated[bool, typer.Option("--take", help="Take the role away instead of giving it.")] = False,
) -> None:
    """Give a role, or take it away; the person signs in again."""
    work = _change_role(email, role, hub=hub, municipality=municipality, take=take)
    asyncio.run(_in_database(_settings(), work))


@users.command("close")
def close_user(email: str) -> None:
    """Close an account at once: its sessions, password and links end, and the phones it prepared go out of use."""
    asyncio.run(_in_database(_settings(), _close_user(email)))


@users.command("open")
def open_user(email: str) -> None:
    """Open a closed account again, with the roles it had, and print a one-time sign-in link."""
    asyncio.run(_in_database(_settings(), _open_user(email)))


@hubs.command("load")
def load_hubs(file: Annotated[Path, typer.Argument(help="JSON, as docs/operations.md says.")]) -> None:
    """Open the hubs of a file, and correct those that are there; nothing is removed."""
    try:
        entries = read_hubs(file)
    except (OSError, UnreadableHubFile) as exc:
        _fail(f"{file}: {exc}")
    asyncio.run(_in_database(_settings(), _load_hubs(entries)))


@projects.command("add")
def add_project(
    name: str,
    donor: Annotated[str, typer.Option()],
    starts_on: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    ends_on: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")],
    fiscal_year_month: Annotated[int, typer.Option(min=1, max=12, help="Month in which its fiscal year begins.")] = 1,
    target: Annotated[list[str] | None, typer.Option(help="CODE=NUMBER, once for each indicator.")] = None,
) -> None:
    """Add a project; trainings are put under it in their form."""
    targets = dict(_target(text) for text in target or [])
    plan = ProjectPlan(name, donor, starts_on.date(), ends_on.date(), fiscal_year_month, targets)
    asyncio.run(_in_database(_settings(), _add_project(plan)))


@recordings.command("add")
def add_recording(
    file: Annotated[Path, typer.Argument(help="MP3, M4A or Ogg, at most 2 MB.")],
    lang: Annotated[str, typer.Option(help="Its language, ISO 639-3: kek, quc, mam …")],
    version: Annotated[str, typer.Option(help="Version of the sentences that it says.")] = TEXT_VERSION,
) -> None:
    """Keep a recording, in place of an earlier one, and print the sentences that it has to say."""
    try:
        recording = audio.add(file, lang, version)
    except (OSError, audio.UnusableRecording) as exc:
        _fail(f"{file}: {exc}")
    typer.echo("\n".join([_described(recording), "It has to say, in that language:", *SPOKEN[version].values()]))


@recordings.command("list")
def list_recordings() -> None:
    """Print the recordings there are; forms offer those of the current version."""
    found = audio.recordings()
    typer.echo("\n".join(map(_described, found)) if found else "There are no recordings.")


@designs.command("check")
def check_design(folder: Annotated[Path, typer.Argument(help="A folder of certificates/, with its manifest.")]) -> None:
    """Tell in words what is wrong with a design; exit 1 where it cannot be used."""
    with _told_as_a_problem():
        wrong = design_check.check(folder)
        if wrong:
            raise design_check.UnusableDesign(*wrong)
    typer.echo(_("El diseño está bien."))


@designs.command("preview")
def preview_design(
    folder: Annotated[Path, typer.Argument(help="A folder of certificates/, with its manifest.")],
    to: Annotated[Path | None, typer.Option(help="A folder for pictures of all samples.")] = None,
) -> None:
    """Draw a design's preview and renew the data it shows in an editor; with --to, draw all samples."""
    with _told_as_a_problem():
        drawn = design_check.preview(folder, to)
    typer.echo("\n".join(_printable(str(one)) for one in drawn))


@designs.command("add")
def add_design(folder: Annotated[Path, typer.Argument(help="A folder with a manifest, beside `lib`.")]) -> None:
    """Check a design and put it among those to choose from, in place of an earlier one of its name."""
    with _told_as_a_problem():
        added = design_check.add(folder)
    typer.echo(_("Listo. En medio minuto se puede escoger «%(title)s».") % {"title": added.title})


@contextmanager
def _told_as_a_problem() -> Iterator[None]:
    """A designer's mistake may stop the program: one line says how, without a trace."""
    try:
        yield
    except design_check.UnusableDesign as refusal:
        _fail("\n".join(f"✗ {_printable(problem)}" for problem in refusal.problems))
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RuntimeError, MemoryError) as problem:
        _fail(f"✗ {_printable(f'{type(problem).__name__}: {problem}')}")


def _printable(text: str) -> str:
    """File names may hold invalid octets."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _described(recording: audio.Recording) -> str:
    note = "" if recording.version == TEXT_VERSION else "  (not offered any more: the sentences have changed)"
    return f"{recording.version}  {recording.language}  {recording.path}{note}"


def _target(text: str) -> tuple[str, int]:
    code, _sign, number = text.partition("=")
    if not code.strip() or not number.strip().isdecimal():
        _fail(f"{text} is no target. Write it like PS.5.3-15=400")
    return code.strip(), int(number)


async def _add_project(plan: ProjectPlan) -> str:
    try:
        project = await create_project(plan, actor=PROGRAM)
    except Refusal as refusal:
        _fail(str(refusal))
    return f"{project.name} ({project.donor})"


async def _migrate(settings: Settings) -> list[str]:
    applied = await db.migrate(settings)
    async with db.connect(settings):
        await renew_municipalities()
    return applied


async def _load_hubs(entries: Sequence[HubEntry]) -> str:
    try:
        hubs_there = await open_hubs(entries, actor=PROGRAM)
    except Refusal as refusal:
        _fail(str(refusal))
    return "\n".join(f"{hub.slug}  {hub.name}" for hub in hubs_there)


async def _in_database(settings: Settings, work: Coroutine[Any, Any, str]) -> None:
    async with db.connect(settings):
        typer.echo(await work)


async def _create_user(email: str, role: Role, *, hub: str, municipality: str, name: str) -> str:
    if "@" not in email:
        _fail(f"{email} is no e-mail address.")
    hub_id = await _hub_id(hub) if hub else None
    operator_id = await _operator_id(municipality) if municipality else None
    try:
        account, post = accounts.NewAccount(email, name or email), accounts.Post(role, hub_id, operator_id)
        _known, token = await accounts.open_account(account, post, actor=PROGRAM)
    except accounts.AccountClosed:
        _fail(f"{email} is closed. `trainings user open {email}` opens it again.")
    except accounts.WrongScope:
        _fail(f"{role} needs {SCOPES[role]}.")
    return _sign_in_address(token)


async def _hub_id(slug: str) -> UUID:
    hub = await Hub.get_or_none(slug=slug)
    return hub.id if hub else _fail(f"There is no hub {slug}.")


async def _operator_id(code: str) -> UUID:
    operator = await Operator.get_or_none(code=code)
    return operator.id if operator else _fail(f"There is no operator with the code {code}.")


async def _user(email: str) -> User:
    return await User.get_or_none(email=accounts.normal_email(email)) or _fail(f"{email} has no account.")


async def _open(email: str) -> User:
    user = await _user(email)
    return user if user.is_active else _fail(f"{email} is closed. `trainings user open {email}` opens it again.")


def _sign_in_address(token: str) -> str:
    return f"{get_settings().base_url.rstrip('/')}/entrar/enlace/{token}\nIt works once, within 24 hours."


async def _link_user(email: str) -> str:
    return _sign_in_address(await accounts.make_sign_in_link(await _open(email), actor=PROGRAM))


async def _change_role(email: str, role: Role, *, hub: str, municipality: str, take: bool) -> str:
    user = await _open(email)
    hub_id = await _hub_id(hub) if hub else None
    operator_id = await _operator_id(municipality) if municipality else None
    if take:
        grant = await RoleGrant.get_or_none(user_id=user.id, role=role, hub_id=hub_id, operator_id=operator_id)
        gone = await devices.take_role(grant or _fail(f"{email} has no such role."), actor=PROGRAM)
        return "\n".join([f"{email}: {role} taken away. Open sessions have ended.", *_out_of_use(gone)])
    try:
        token = await accounts.give_role(user, accounts.Post(role, hub_id, operator_id), actor=PROGRAM)
    except accounts.WrongScope:
        _fail(f"{role} needs {SCOPES[role]}.")
    return f"{email}: {role} given. The password and open sessions have ended.\n{_sign_in_address(token)}"


async def _close_user(email: str) -> str:
    gone = await devices.close_account((await _user(email)).id, actor=PROGRAM)
    return "\n".join([f"{email} is closed. Nobody signs in with it any more.", *_out_of_use(gone)])


def _out_of_use(phones: Sequence[Device]) -> list[str]:
    return [f"Out of use, prepared by this person: {_printable(one.name)} ({one.hub.name})" for one in phones]


async def _open_user(email: str) -> str:
    return _sign_in_address(await accounts.reopen_account(await _user(email), actor=PROGRAM))


def _settings() -> Settings:
    """Exits with a sentence for each unreadable setting."""
    try:
        return get_settings()
    except ValidationError as exc:
        for problem in exc.errors():
            name = f"TRAININGS_{str(problem['loc'][0]).upper()}: " if problem["loc"] else ""
            typer.echo(f"{name}{problem['msg'].removeprefix('Value error, ')}", err=True)
        raise typer.Exit(1) from exc


def _report(found: list[checks.Finding], *, only_fatal: bool) -> None:
    """Exits with 1 if a finding is fatal."""
    for finding in found:
        if finding.is_fatal or not only_fatal:
            typer.echo(("✗ " if finding.is_fatal else "· ") + finding.sentence, err=finding.is_fatal)
    if any(finding.is_fatal for finding in found):
        raise typer.Exit(1)


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
