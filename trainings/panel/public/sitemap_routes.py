"""`/sitemap.xml`: what search engines may list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.db import sql
from trainings.notes.queries import Wanted, listed_notes
from trainings.outreach.queries import listed_activities
from trainings.schedule import towns
from trainings.schedule.plans import LONGEST_SESSION
from trainings.schedule.public import queries as public_queries
from trainings.web.allow import PUBLIC, allow
from trainings.web.render import absolute

AN_HOUR = "public, max-age=3600"
AHEAD = timedelta(days=365)
PAGES = ("/", "/capacitaciones", "/calendario", "/orientacion", "/notas", "/verificar", "/privacidad", "/accesibilidad")
TRAININGS = """
    SELECT DISTINCT t.slug FROM training_session s CROSS JOIN training t
    WHERE s.starts_at > ? AND s.ends_at > ? AND t.id = s.training_id
        AND t.state = 'published' AND t.place_shown = 'public'
    ORDER BY t.slug
"""
"""Not those whose place only people with a sign-up are told, nor unlisted ones."""
TOWNS = """
    SELECT DISTINCT s.municipality_id AS code FROM hub_service s JOIN hub h ON h.id = s.hub_id WHERE h.is_active
"""


@allow(PUBLIC)
async def sitemap(_request: Request) -> Response:
    places = "".join(f"<url><loc>{escape(absolute(path))}</loc></url>\n" for path in await _paths())
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return Response(f"{text}{places}</urlset>\n", media_type="application/xml", headers={"cache-control": AN_HOUR})


async def _paths() -> Iterable[str]:
    now, today = clock.now(), clock.today()
    trainings = await sql.reads(TRAININGS, now - LONGEST_SESSION, now)
    served = sorted(towns.by_code()[row["code"]].path for row in await sql.reads(TOWNS))
    activities = await listed_activities(today, today + AHEAD)
    return [
        *PAGES,
        *(f"/temas/{slug}" for slug in await public_queries.topic_names()),
        *served,
        *(f"/capacitaciones/{row['slug']}" for row in trainings),
        *(one.path for one in activities if not one.is_cancelled),
        *(f"/notas/{note.slug}" for note in await listed_notes(Wanted())),
    ]


routes: list[BaseRoute] = [Route("/sitemap.xml", sitemap)]
