from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
DESIGNS = ROOT / "certificates"
STATIC = ROOT / "static"
TEMPLATES = ROOT / "templates"
FONTS = ROOT / "trainings" / "web" / "fonts"
