from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.outreach import count_routes, coverage_routes, public_routes, staff_routes

routes: list[BaseRoute] = [
    *public_routes.routes,
    *staff_routes.routes,
    *count_routes.routes,
    *coverage_routes.routes,
]
