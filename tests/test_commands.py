"""What operators are told: by `check`, `hub`, `project` and `user`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import typer

from tests import make
from tests.database import put_template, settings_for
from tests.outbox.make_jobs import with_smtp
from tests.outbox.smtp import smtp_server
from trainings import __main__ as commands
from trainings.accounts import actions
from trainings.accounts.models import Role, RoleGrant, SignInLink, User
from trainings.accounts.queries import sign_in_link
from trainings.attendance.phones.devices import Load, prepare_this
from trainings.audit.actor import PROGRAM
from trainings.checks import findings, mail_server_findings
from trainings.db import connect
from trainings.places.hub_file import demo_hubs
from trainings.places.models import Hub, Municipality
from trainings.schedule.catalogue.project_actions import ProjectPlan
from trainings.schedule.models import Project
from trainings.settings import Environment, Settings, get_settings


async def fatal(settings: Settings, **changes: object) -> list[str]:
    """The fatal findings of these settings with some changed."""
    changed = settings.model_copy(update=changes)
    return [finding.sentence for finding in await findings(changed) if finding.is_fatal]


# -- check


@pytest.mark.parametrize(
    ("changes", "beginning"),
    [
        ({"secret_keys": "short"}, "TRAININGS_SECRET_KEYS: a secret key needs at least 32 random characters."),
        ({"base_url": "localhost"}, "TRAININGS_BASE_URL must be like https://"),
        ({"base_url": "ftp://muni.example"}, "TRAININGS_BASE_URL must be like https://"),
        ({"base_url": "https://muni.example/sitio"}, "TRAININGS_BASE_URL must be like https://"),
        ({"log_level": "LOUD"}, "TRAININGS_LOG_LEVEL is unknown."),
        ({"languages": ""}, "TRAININGS_LANGUAGES is empty."),
        ({"database_url": "postgres://nobody@127.0.0.1:9/none"}, "The database does not answer:"),
        ({}, "The database lacks "),
    ],
)
async def test_check_says_what_is_wrong(tmp_path: Path, changes: dict[str, object], beginning: str) -> None:
    (sentence,) = await fatal(settings_for(tmp_path), **changes)

    assert sentence.startswith(beginning)


@pytest.mark.parametrize(
    ("smtp_url", "mail_from", "beginning"),
    [
        ("mail.example", "Ventanilla <a@b.example>", "TRAININGS_SMTP_URL is not readable."),
        ("smtp://localhost:many", "Ventanilla <a@b.example>", "TRAININGS_SMTP_URL is not readable."),
        ("smtp://localhost", "nobody", "TRAININGS_MAIL_FROM is no address."),
    ],
)
async def test_check_reads_the_mail_settings(db: Settings, smtp_url: str, mail_from: str, beginning: str) -> None:
    settings = Settings.model_validate({**db.model_dump(), "smtp_url": smtp_url, "mail_from": mail_from})

    (sentence,) = await fatal(settings)

    assert sentence.startswith(beginning)


async def test_check_says_that_the_password_would_be_sent_readable(settings: Settings) -> None:
    readable = with_smtp(settings, "smtp://u:p@correo.example?starttls=no")

    (sentence,) = [one.sentence for one in await findings(readable) if "SMTP" in one.sentence]

    assert sentence.startswith("TRAININGS_SMTP_URL would send its password readable.")
    assert await mail_server_findings(readable) == []


async def test_check_calls_the_mail_server(settings: Settings) -> None:
    async with smtp_server() as peer:
        plain = await mail_server_findings(with_smtp(settings, peer.url))
        readable = await mail_server_findings(with_smtp(settings, f"smtp://u:p@0.0.0.0:{peer.port}"))
    gone = await mail_server_findings(with_smtp(settings, peer.url))

    assert plain == []
    assert [(one.sentence.split(",")[0], one.is_fatal) for one in readable] == [
        ("The mail server offers no STARTTLS", True)
    ]
    assert [(one.sentence.split(":")[0], one.is_fatal) for one in gone] == [("The mail server takes nothing", False)]
    assert await mail_server_findings(settings) == []


async def test_check_finds_http_and_readable_keys_unsafe_in_production(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    put_template(tmp_path)
    (tmp_path / "secret_keys").write_text("a-key-that-is-long-enough-for-a-test-of-this")
    (tmp_path / "secret_keys").chmod(0o640)
    production = {"env": Environment.PRODUCTION, "secret_keys": "", "base_url": "http://muni.example"}

    sentences = await fatal(settings, **production)

    assert sentences == [
        f"Others on this machine can read the secret keys. Run `chmod 600 {tmp_path}/secret_keys`.",
        "TRAININGS_BASE_URL is http: passwords would travel readable. Put TLS before it, write https://…",
    ]


async def test_check_refuses_demo_accounts_in_production_only(db: Settings) -> None:
    await User.create(email="facilita@demo.example", name="Demo", is_demo=True)

    assert await fatal(db) == []
    (sentence,) = await fatal(db, env=Environment.PRODUCTION, base_url="https://muni.example")
    assert sentence.startswith("The database holds demo accounts")


async def test_check_notes_what_is_only_worth_knowing(db: Settings) -> None:
    production = db.model_copy(update={"env": Environment.PRODUCTION})

    notes = [finding.sentence.split()[0] for finding in await findings(production) if not finding.is_fatal]

    assert notes[:3] == ["TRAININGS_BASE_URL", "TRAININGS_UID_DOMAIN", "TRAININGS_SMTP_URL"]
    assert notes[-2:] == ["There", "Nobody"]


# -- migrate, hub


async def test_migrate_brings_the_municipalities_into_an_empty_database(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    put_template(tmp_path)

    for _time in range(2):
        assert await commands._migrate(settings) == []

    async with connect(settings):
        assert await Municipality.all().count() == 340


async def test_hub_load_says_which_hubs_are_there(db: Settings) -> None:
    await make.make_municipalities()

    said = await commands._load_hubs(demo_hubs())

    assert said.splitlines()[0] == "la-libertad-peten  Ventanilla de La Libertad, Petén"
    assert len(said.splitlines()) == await Hub.all().count() == 10


async def test_hub_load_refused_leaves_nothing_and_says_why(db: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    await make.make_municipalities()
    first, second, *_others = demo_hubs()

    with pytest.raises(typer.Exit):
        await commands._load_hubs([first, replace(second, hub=replace(second.hub, slug=first.hub.slug))])

    assert capsys.readouterr().err.startswith("The hub la-libertad-peten is there with another operator or seat")
    assert await Hub.all().count() == 0


# -- project

ENDS_FIRST = "El proyecto termina antes de empezar. Corrija las fechas."
PROJECT = ProjectPlan("Comunidades informadas", "Una donante", date(2026, 10, 1), date(2028, 9, 30), 10, {"PS": 400})


async def test_project_add_makes_one_that_trainings_can_belong_to(db: Settings) -> None:
    said = await commands._add_project(PROJECT)

    project = await Project.get()
    assert said == "Comunidades informadas (Una donante)"
    assert (project.starts_on, project.ends_on) == (date(2026, 10, 1), date(2028, 9, 30))
    assert (project.fiscal_year_month, project.targets) == (10, {"PS": 400})


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (replace(PROJECT, name="comunidades  INFORMADAS"), "Ya hay un proyecto que se llama comunidades  INFORMADAS."),
        (
            replace(PROJECT, name="Otro", ends_on=date(2026, 9, 30)),
            "El proyecto termina antes de empezar. Corrija las fechas.",
        ),
    ],
)
async def test_project_add_refused_leaves_nothing(
    db: Settings, capsys: pytest.CaptureFixture[str], plan: ProjectPlan, sentence: str
) -> None:
    await commands._add_project(PROJECT)

    with pytest.raises(typer.Exit):
        await commands._add_project(plan)

    assert capsys.readouterr().err.strip() == sentence
    assert await Project.all().count() == 1


def test_target_is_a_code_and_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands._target("PS.5.3-15=400") == ("PS.5.3-15", 400)
    for wrong in ("PS", "PS=", "=4", "PS=many"):
        with pytest.raises(typer.Exit):
            commands._target(wrong)


# -- user


async def test_user_create_grants_the_role_and_prints_a_link(db: Settings) -> None:
    hub = await make.make_hub()

    said = await commands._create_user(
        " Ana@Muni.example", Role.HUB_COORDINATOR, hub="la-libertad-peten", municipality="", name="Ana Coc"
    )

    user = await User.get()
    grant = await RoleGrant.get()
    assert (user.email, user.name, user.password_hash) == ("ana@muni.example", "Ana Coc", "")
    assert (grant.user_id, grant.role, grant.hub_id, grant.operator_id) == (user.id, Role.HUB_COORDINATOR, hub.id, None)
    link, explained = said.splitlines()
    address, _slash, token = link.rpartition("/")
    assert address == f"{get_settings().base_url}/entrar/enlace"
    assert explained == "It works once, within 24 hours."
    assert (await sign_in_link(token)).user.id == user.id


async def test_user_create_for_an_administrator_takes_the_code_of_the_operator(db: Settings) -> None:
    operator = await make.make_operator(make.LA_LIBERTAD)

    await commands._create_user("a@muni.example", Role.MUNICIPAL_ADMIN, hub="", municipality="1705", name="")

    grant = await RoleGrant.get()
    assert (grant.operator_id, grant.hub_id) == (operator.id, None)


@pytest.mark.parametrize(
    ("email", "role", "hub", "municipality", "sentence"),
    [
        ("a@muni.example", Role.HUB_COORDINATOR, "", "", "hub_coordinator needs --hub SLUG, and nothing else."),
        ("a@muni.example", Role.MUNICIPAL_ADMIN, "", "", "municipal_admin needs --municipality INE, and nothing else."),
        ("a@muni.example", Role.ASSISTANT, "nada", "", "There is no hub nada."),
        ("a@muni.example", Role.MUNICIPAL_ADMIN, "", "9999", "There is no operator with the code 9999."),
        (
            "a@muni.example",
            Role.PLATFORM_ADMIN,
            "la-libertad-peten",
            "",
            "platform_admin needs neither --hub nor --municipality.",
        ),
        ("ana", Role.PLATFORM_ADMIN, "", "", "ana is no e-mail address."),
        (
            "luis@muni.example",
            Role.PLATFORM_ADMIN,
            "",
            "",
            "luis@muni.example is closed. `trainings user open luis@muni.example` opens it again.",
        ),
    ],
)
async def test_user_create_refused_leaves_nothing_and_says_what_is_missing(
    db: Settings,
    capsys: pytest.CaptureFixture[str],
    email: str,
    role: Role,
    hub: str,
    municipality: str,
    sentence: str,
) -> None:
    await make.make_hub()
    await actions.close_account((await make.make_user(None, email="luis@muni.example")).id, actor=PROGRAM)

    with pytest.raises(typer.Exit) as left:
        await commands._create_user(email, role, hub=hub, municipality=municipality, name="")

    assert (left.value.exit_code, capsys.readouterr().err.strip()) == (1, sentence)
    assert await User.all().count() == 1
    assert await RoleGrant.all().count() + await SignInLink.all().count() == 0


async def test_user_link_of_an_unknown_address_is_refused(db: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        await commands._link_user("nadie@muni.example")

    assert capsys.readouterr().err.strip() == "nadie@muni.example has no account."


async def test_user_create_gives_the_role_to_who_has_an_account(db: Settings) -> None:
    hub = await make.make_hub()
    user = await make.make_user(Role.FACILITATOR, hub, email="luis@muni.example")

    said = await commands._create_user("Luis@muni.example", Role.ASSISTANT, hub=hub.slug, municipality="", name="")

    assert "/entrar/enlace/" in said
    assert (await SignInLink.get()).user_id == user.id
    assert {grant.role for grant in await RoleGrant.filter(user_id=user.id)} == {Role.FACILITATOR, Role.ASSISTANT}


async def test_user_role_gives_and_takes_and_says_what_is_not_there(
    db: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = await make.make_hub()
    await make.make_user(None, email="luis@muni.example")
    where = {"hub": hub.slug, "municipality": ""}

    given = await commands._change_role("luis@muni.example", Role.ASSISTANT, **where, take=False)
    taken = await commands._change_role("luis@muni.example", Role.ASSISTANT, **where, take=True)
    with pytest.raises(typer.Exit):
        await commands._change_role("luis@muni.example", Role.ASSISTANT, **where, take=True)

    assert given.startswith("luis@muni.example: assistant given. The password and open sessions have ended.\nhttp")
    assert taken == "luis@muni.example: assistant taken away. Open sessions have ended."
    assert capsys.readouterr().err.strip() == "luis@muni.example has no such role."
    assert await RoleGrant.all().count() == 0


async def test_user_close_and_open_and_a_link_only_between(db: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    user = await make.make_user(None, email="luis@muni.example")

    closed = await commands._close_user("luis@muni.example")
    with pytest.raises(typer.Exit):
        await commands._link_user("luis@muni.example")
    opened = await commands._open_user("luis@muni.example")

    assert closed == "luis@muni.example is closed. Nobody signs in with it any more."
    assert capsys.readouterr().err.startswith("luis@muni.example is closed.")
    assert "/entrar/enlace/" in opened
    assert (await User.get(id=user.id)).is_active


async def test_user_close_and_role_taken_name_the_phones_that_went_out_of_use(db: Settings) -> None:
    hub = await make.make_hub()
    load = Load(hub.id, [one.id for one in (await make.make_training(hub=hub)).sessions])
    for email in ("luis@muni.example", "eva@muni.example"):
        user = await make.make_user(Role.FACILITATOR, hub, email=email)
        await prepare_this(load, name="Teléfono azul", token="", actor=await make.actor_of(user))

    closed = await commands._close_user("luis@muni.example")
    taken = await commands._change_role("eva@muni.example", Role.FACILITATOR, hub=hub.slug, municipality="", take=True)

    assert closed.splitlines()[1:] == [f"Out of use, prepared by this person: Teléfono azul ({hub.name})"]
    assert taken.splitlines()[1:] == [f"Out of use, prepared by this person: Teléfono azul 2 ({hub.name})"]


# -- what is written about them


def test_pages_for_operators_name_every_command_and_every_benchmark() -> None:
    root = Path(__file__).parents[1]
    commands_told = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    benchmarks_told = (root / "benchmarks" / "README.md").read_text(encoding="utf-8")
    groups = {group.name: group.typer_instance for group in commands.cli.registered_groups}
    names = [_name(one) for one in commands.cli.registered_commands]
    names += [f"{group} {_name(one)}" for group, inner in groups.items() if inner for one in inner.registered_commands]

    scripts = [path.name for path in (root / "benchmarks").glob("[a-z]*.py")]

    assert len(names) > 10
    assert [one for one in names if f"| `trainings {one}" not in commands_told] == []
    assert [one for one in scripts if f"| `{one}` |" not in benchmarks_told] == []


def _name(command: typer.models.CommandInfo) -> str:
    assert command.callback is not None
    return command.name or command.callback.__name__.replace("_", "-")
