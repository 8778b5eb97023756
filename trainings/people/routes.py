from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.people import community_routes, recording_routes

routes: list[BaseRoute] = [*recording_routes.routes, *community_routes.routes]
