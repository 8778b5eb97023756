"""The pages of the schedule alone; what shows it together with other parts is in `panel/`."""

from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.schedule.catalogue import course_routes, topic_name_routes
from trainings.schedule.public import topic_routes
from trainings.schedule.staff import feast_routes

routes: list[BaseRoute] = [
    *topic_routes.routes,
    *course_routes.routes,
    *topic_name_routes.routes,
    *feast_routes.routes,
]
