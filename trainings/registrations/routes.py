"""Signing up, one's own registration, and the desk."""

from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.registrations import own_routes, sign_up_routes, staff_routes

routes: list[BaseRoute] = [*sign_up_routes.routes, *own_routes.routes, *staff_routes.routes]
