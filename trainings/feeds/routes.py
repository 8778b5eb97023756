from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.feeds import calendar_routes, secret_routes, share_routes, subscribe_routes

calendars: list[BaseRoute] = calendar_routes.routes
"""Mounted apart: no session, no cookie, no compression layer."""

routes: list[BaseRoute] = [*secret_routes.routes, *subscribe_routes.routes, *share_routes.routes]
