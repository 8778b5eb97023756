"""The rules of the house that a machine can check. Each failure names file, line and rule."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import translate
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from tortoise.migrations.operations import AddField

from tests.source import (
    PACKAGE,
    ROOT,
    called,
    calls,
    functions,
    imports,
    length,
    module_of,
    nodes,
    python_files,
    references,
    shown,
    texts,
    tree,
)
from trainings.settings import Settings

TIERS: tuple[tuple[str, ...], ...] = (
    ("settings", "clock", "errors", "lib"),
    ("db", "versions", "limits", "web"),
    *((name,) for name in ("audit", "accounts", "places", "people", "outbox", "schedule", "outreach", "notes")),
    *((name,) for name in ("registrations", "attendance", "certificates", "feeds", "privacy")),
    ("panel",),
)
"""Each tier may import itself and those before it."""

ROOMS: dict[str, tuple[str, ...]] = {
    "schedule": ("public", "staff", "catalogue"),
    "registrations": ("seats", "signup", "calls", "telling", "own", "desk", "cards", "imports", "invitations"),
    "attendance": ("slips", "phones", "sheets", "review", "sessions"),
    "certificates": ("designs", "trust", "making", "issuing", "ceremony", "check"),
}
"""The rooms of the great parts, in their order: each may import what stands before it, and all of them the part's own
modules. Handlers stand above all rooms.
"""

MOST_MODULES = 25
"""In one folder: more are two rooms."""
MODULES_OF_ROOMS = {
    "schedule": {"": 22, "catalogue": 6, "public": 11, "staff": 8},
    "registrations": {
        "": 8,
        "seats": 9,
        "signup": 9,
        "own": 12,
        "desk": 14,
        "cards": 8,
        "imports": 6,
        "invitations": 4,
        "telling": 11,
        "calls": 11,
    },
    "attendance": {"": 14, "phones": 20, "slips": 4, "sheets": 9, "review": 8, "sessions": 5},
    "certificates": {
        "": 12,
        "designs": 9,
        "making": 9,
        "trust": 14,
        "check": 4,
        "issuing": 12,
        "ceremony": 11,
    },
}
"""So many a stranger looks over in the large parts: what is to be added joins a module that is about it."""

TOP = ("app", "background", "jobs", "seed", "checks", "server", "migrations", "__main__")
"""What puts the parts together; of what stands below, only handlers may look up to it."""

LONGEST_FILE, LONGEST_FUNCTION, LONGEST_HANDLER = 600, 40, 25

SHOWS_THE_RECORD = {
    "trainings/registrations/calls/routes.py",
    "trainings/registrations/desk/waiting_queries.py",
    "trainings/panel/trainings/not_held_routes.py",
}
"""What shows people why and when something was done. No rule reads the audit log: what it needs has a column or row."""
OF_THE_LOG = re.compile(r"\b(?:FROM|JOIN|UPDATE)\s+audit_line\b", re.IGNORECASE)

CLOCK_READERS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
RANDOM_MODULES = {"random", "secrets"}

TEMPLATES = ROOT / "templates"
ENDING = re.compile(r"\.(?:html|txt|svg|xml)$")
LEADS_TO = re.compile(r"\{%-?\s*(?:extends|include|import|from)\s(.+?)%\}", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
RELATIONS = {"ForeignKeyField", "OneToOneField", "ManyToManyField"}

INLINE = {
    "a script in the page": re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*\btype=\"application/(?:ld\+)?json\")", re.IGNORECASE
    ),
    "a style in the page": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"[\"']\s*javascript:", re.IGNORECASE),
    "a data: image": re.compile(r"src\s*=\s*[\"']data:", re.IGNORECASE),
}


def part_of(module: str) -> str:
    """The part of the program a module belongs to: `places` for `trainings.places.queries`."""
    return module.split(".")[1] if "." in module else ""


def rank(part: str) -> int:
    return next(n for n, tier in enumerate(TIERS) if part in tier)


def is_routes(module: str) -> bool:
    """`routes`, or one of the files a long `routes` was split into: `staff_routes`."""
    return re.search(r"(\.|_)routes$", module) is not None


def joins(module: str) -> bool:
    """A part's `routes`: it joins the lists of its handlers and has none of its own."""
    return module.endswith(".routes") and module.count(".") == 2 and (PACKAGE / part_of(module)).is_dir()


def room_of(module: str) -> int:
    """0 for a module of a part's root, else the number of its room."""
    rooms = ROOMS.get(part_of(module), ())
    inside = module.split(".")[2]
    return rooms.index(inside) + 1 if inside in rooms else 0


def wrong_imports(path: Path) -> Iterator[str]:
    module = module_of(path)
    own = part_of(module)
    for found in imports(path):
        other = part_of(found.name)
        place = f"{shown(path)}:{found.line} imports {found.name}"
        if not found.name.startswith("trainings.") or own == "app":
            continue
        if is_routes(found.name) and not (other == own and joins(module)):
            yield f"{place}: handlers are leaves, only a part's routes.py joins them"
        elif own in TOP or (other in TOP and is_routes(module)):
            continue
        elif other in TOP:
            yield f"{place}: it stands above everything"
        elif rank(other) > rank(own):
            yield f"{place}: imports point downwards"
        elif other == own and own in ROOMS and not is_routes(module) and room_of(found.name) > room_of(module):
            yield f"{place}: the rooms of {own} have an order"


def test_imports_point_downwards_and_handlers_are_leaves() -> None:
    wrong = [line for path in python_files("trainings") for line in wrong_imports(path)]

    assert wrong == []


def test_every_part_has_its_place_in_the_order() -> None:
    parts = {path.stem if path.is_file() else path.name for path in PACKAGE.iterdir()} - {"__init__", "__pycache__"}

    assert parts - {"locale"} <= {*TOP, *(part for tier in TIERS for part in tier)}


def test_no_folder_holds_more_than_a_stranger_can_look_over() -> None:
    held = Counter(shown(path.parent) for path in python_files("trainings") if path.name != "__init__.py")

    most = {
        "/".join(filter(None, ("trainings", part, room))): n
        for part, rooms in MODULES_OF_ROOMS.items()
        for room, n in rooms.items()
    }
    assert set(most) <= set(held)
    assert {folder: n for folder, n in held.items() if n > most.get(folder, MOST_MODULES)} == {}


def test_routes_of_a_part_only_join_lists() -> None:
    joining = [path for path in python_files("trainings") if joins(module_of(path)) and len(routes_inside(path)) > 0]

    assert {shown(path): [one.name for one in functions(path)] for path in joining if functions(path)} == {}


def routes_inside(path: Path) -> list[str]:
    """The handlers' modules that a module imports."""
    return [found.name for found in imports(path) if is_routes(found.name)]


def spelled_on_delete(call: ast.Call) -> str:
    return next((ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "on_delete"), "nothing")


def test_every_relation_restricts_deletion_in_so_many_words() -> None:
    relations = [
        (f"{shown(path)}:{call.lineno}", spelled_on_delete(call))
        for path in [PACKAGE / "db" / "fields.py", *sorted(PACKAGE.rglob("models.py"))]
        for call in calls(path)
        if called(call).split(".")[-1] in RELATIONS
    ]

    assert len(relations) > 4
    assert [(place, spelled) for place, spelled in relations if not spelled.endswith("RESTRICT")] == []


def stray_calls(path: Path) -> Iterator[str]:
    for call in calls(path):
        name = ".".join(called(call).split(".")[-2:])
        if name in CLOCK_READERS and path != PACKAGE / "clock.py":
            yield f"{shown(path)}:{call.lineno} {name}: time comes from trainings.clock"


def test_time_comes_from_the_clock_only() -> None:
    assert [line for path in python_files("trainings") for line in stray_calls(path)] == []


def test_program_never_moves_its_own_clock() -> None:
    """Only a run of the tests begins at another moment; it is no setting that anybody could leave on."""
    movers = [shown(path) for path in python_files("trainings") if "go_ahead" in path.read_text()]

    assert movers == ["trainings/clock.py"]


def test_environment_is_read_by_the_settings_only() -> None:
    readers = {
        shown(path)
        for path in python_files("trainings")
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }

    assert readers <= {"trainings/settings.py"}


def test_randomness_comes_from_the_tokens_only() -> None:
    users = {
        shown(path)
        for path in python_files("trainings")
        for call in calls(path)
        if called(call).split(".")[0] in RANDOM_MODULES
    }

    assert users <= {"trainings/lib/tokens.py", "trainings/settings.py"}


ROWS_OF_PEOPLE = re.compile(
    r"(?<!class )\b(?:Participant|Consent|Guardian|Assent)(?:\.(?:bulk_)?create)?\("
    r"|(?:Insert\(\s*\"|INSERT INTO )(?:participant|consent|guardian|assent)\b"
)


def test_rows_of_people_are_made_in_one_place() -> None:
    """Names, contacts and what was permitted: the most sensitive of all that is written."""
    made = [path for path in python_files("trainings") if ROWS_OF_PEOPLE.search(path.read_text())]

    assert {shown(path) for path in made if "/migrations/" not in str(path)} == {"trainings/people/newcomers.py"}


MARKS = re.compile(
    r"(?<!class )\bScanEvent(?:\.(?:bulk_)?create)?\(|\bwrite_marks\(|(?:Insert\(\s*\"|INSERT INTO )scan_event\b"
)


def test_marks_are_taken_in_one_place() -> None:
    """Of phones, of the panel, of forms and of signed sheets: one event, one id, one rule of conflict."""
    made = [path for path in python_files("trainings/attendance") if MARKS.search(path.read_text())]

    assert {path.stem for path in made} == {"intake", "projection", "retention"}, "written, and left after a year"


OF_PLACES = "wait_number|n_people|childcare_places|hold_reason|moved_up_at|confirmed_at|taken|reserved|childcare_taken"
PLACES = re.compile(
    rf"""(?<!class\ )\b(?:Registration|RegistrationGroup)(?:\.(?:bulk_)?create)?\(
    |(?:Insert\(\s*"|INSERT\ INTO\ )registration(?:_group)?\b
    |UPDATE\ (?:registration|registration_group|training)\ SET[^"]*\b(?:state|capacity|{OF_PLACES})\ =
    |update_fields=\[[^\]]*"(?:{OF_PLACES}|capacity)"|\.update\([^)]*\b(?:{OF_PLACES}|state=RegistrationState)\b""",
    re.VERBOSE,
)


def test_places_are_written_in_one_place() -> None:
    """Who is in, who waits at which number, how many places are taken: decided over plain values, written once."""
    made = [path for path in python_files("trainings") if PLACES.search(path.read_text())]

    assert [shown(path) for path in made if "/migrations/" not in str(path)] == [
        "trainings/registrations/seats/writing.py"
    ]


def reads_the_log(path: Path) -> bool:
    asks = any(found.name == "trainings.audit.models" for found in imports(path))
    return asks or any(OF_THE_LOG.search(text) for text in texts(path))


def test_audit_log_is_read_by_what_shows_the_record_only() -> None:
    others = [path for path in python_files("trainings") if part_of(module_of(path)) not in ("audit", "migrations")]

    assert {shown(path) for path in others if reads_the_log(path)} == SHOWS_THE_RECORD


def test_no_file_is_too_long() -> None:
    files = python_files("trainings", "tests", "tools", "benchmarks") + sorted((ROOT / "static" / "js").rglob("*.js"))
    lengths = {shown(path): len(path.read_text().splitlines()) for path in files if "migrations" not in path.parts}

    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def is_handler(path: Path, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return is_routes(module_of(path)) and any("allow" in ast.unparse(mark) for mark in function.decorator_list)


def test_what_declares_an_audience_stands_among_routes_and_is_measured_as_a_handler() -> None:
    declaring = [
        (path, function)
        for path in python_files("trainings")
        for function in functions(path)
        if "allow" in {ast.unparse(mark).partition("(")[0] for mark in function.decorator_list}
    ]

    assert len(declaring) > 400
    assert [f"{shown(path)} {one.name}" for path, one in declaring if not is_handler(path, one)] == []


def test_no_function_is_too_long() -> None:
    long = {
        f"{shown(path)}:{function.lineno} {function.name}": length(function)
        for path in python_files("trainings", "tests", "tools", "benchmarks")
        for function in functions(path)
        if length(function) > (LONGEST_HANDLER if is_handler(path, function) else LONGEST_FUNCTION)
    }

    assert {name: n for name, n in long.items() if "/migrations/" not in name} == {}


def test_the_program_uses_each_of_its_public_functions() -> None:
    """What tests alone call looks like the place for what the program does somewhere else."""
    used = {name for path in python_files("trainings", "tools", "benchmarks") for name in references(path)}
    used |= {
        name.replace(":", ".") for name in re.findall(r"trainings[\w.]*:\w+", (ROOT / "pyproject.toml").read_text())
    }
    public = {
        f"{module_of(path)}.{one.name}"
        for path in python_files("trainings")
        for one in tree(path).body
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not is_known_otherwise(path, one)
    }

    # Only a run of the tests begins at another moment.
    assert public - used == {"trainings.clock.go_ahead"}


def is_known_otherwise(path: Path, one: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """A name of its file alone, a step of a migration, or a command of the command line."""
    is_command = any(".command" in ast.unparse(mark) for mark in one.decorator_list)
    return one.name.startswith("_") or "migrations" in path.parts or is_command


def template_names() -> set[str]:
    files = (path for path in TEMPLATES.rglob("*") if ENDING.search(path.name))
    return {path.relative_to(TEMPLATES).as_posix() for path in files}


def named_in_code() -> set[str]:
    """Templates that code names, an f-string's moving part standing for anything but a folder."""
    patterns = {text for path in python_files("trainings") for text in texts(path) if ENDING.search(text)}
    named = re.compile("|".join(translate(pattern) for pattern in patterns if pattern[0] != "*"))
    return {name for name in template_names() if named.fullmatch(name)}


@cache
def named_in(template: str) -> set[str]:
    leading = LEADS_TO.findall(COMMENT.sub("", (TEMPLATES / template).read_text()))
    return {name for words in leading for name in re.findall(r'"([^"]+)"', words)}


def test_every_template_is_reached_from_code() -> None:
    reached, waiting = set[str](), named_in_code()
    while waiting:
        template = waiting.pop()
        reached.add(template)
        waiting |= named_in(template) - reached

    assert template_names() - reached == set()


def test_every_template_that_is_named_exists() -> None:
    named = {name for template in template_names() for name in named_in(template)}

    assert {name for name in named if not (TEMPLATES / name).exists()} == set()


def test_no_page_carries_script_or_style_inside() -> None:
    pages = (path for path in TEMPLATES.rglob("*.html") if "emails" not in path.parts)
    found = {
        f"{shown(path)}: {what}"
        for path in pages
        for what, pattern in INLINE.items()
        if pattern.search(path.read_text())
    }

    assert found == set()


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    table = re.findall(r"^\| `(TRAININGS_\w+)`", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)

    assert sorted(table) == sorted(f"TRAININGS_{name.upper()}" for name in Settings.model_fields)


def test_every_make_target_is_listed() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())

    assert phony == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


def test_no_test_is_skipped() -> None:
    excuses = re.compile(r"pytest\.(skip|xfail|importorskip)|mark\.(skip|skipif|xfail)|unittest\.skip")
    found = {shown(path) for path in python_files("tests") if excuses.search(path.read_text())}

    assert found - {"tests/test_architecture.py"} == set()


def migrations_in_order() -> list[tuple[str, Any]]:
    modules = sorted(path.stem for path in (PACKAGE / "migrations").glob("0*.py"))
    return [(name, import_module(f"trainings.migrations.{name}").Migration) for name in modules]


def test_migrations_are_one_chain_in_the_order_of_their_numbers() -> None:
    found = migrations_in_order()

    assert [int(name[:4]) for name, _migration in found] == list(range(1, len(found) + 1))
    before = [dependency for _name, migration in found[1:] for _app, dependency in migration.dependencies]
    assert before == [name for name, _migration in found[:-1]]


def test_column_that_a_migration_adds_says_what_stands_in_rows_that_are_there() -> None:
    added: list[tuple[str, Any]] = [
        (f"{name} {operation.model_name}.{operation.name}", operation.field)
        for name, migration in migrations_in_order()
        for operation in migration.operations
        if isinstance(operation, AddField)
    ]

    assert [place for place, field in added if not (field.null or field.has_db_default())] == []
