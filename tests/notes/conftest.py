"""People of two hubs on a morning in March, and a folder of its own for recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.cast import Cast, make_cast
from trainings import clock
from trainings.settings import Settings, get_settings

NOW = datetime(2027, 3, 3, 9, tzinfo=clock.GUATEMALA)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this test's recordings lie."""
    monkeypatch.setenv("TRAININGS_DATA_DIR", str(tmp_path / "var"))
    get_settings.cache_clear()
    yield tmp_path / "var" / "audio" / "notes"
    get_settings.cache_clear()


@pytest.fixture
async def cast(db: Settings, freeze: Callable[[datetime], None]) -> Cast:
    freeze(NOW)
    return await make_cast()


def kept_in(folder: Path) -> list[str]:
    """Names of the recordings that lie there."""
    return [file.name for file in folder.iterdir()] if folder.exists() else []
