"""Read by the process that others are forked from, so that none of them compiles what all templates share."""

from __future__ import annotations

from trainings.web import render

render.environment()
