from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.privacy import clock_routes, erase_routes, merge_routes, paper_routes

routes: list[BaseRoute] = [*merge_routes.routes, *paper_routes.routes, *erase_routes.routes, *clock_routes.routes]
