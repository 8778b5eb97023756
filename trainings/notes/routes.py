from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.notes import contact_routes, public_routes, staff_routes

routes: list[BaseRoute] = [
    *public_routes.routes,
    *staff_routes.routes,
    *contact_routes.routes,
]
