from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.schedule.catalogue import course_routes, topic_name_routes, topic_routes
from trainings.schedule.staff import feast_routes

routes: list[BaseRoute] = [
    *topic_routes.routes,
    *course_routes.routes,
    *topic_name_routes.routes,
    *feast_routes.routes,
]
