from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.attendance.phones import api_routes, shell_routes
from trainings.attendance.phones import routes as device_routes
from trainings.attendance.review import head_routes as head_review_routes
from trainings.attendance.sessions import routes as file_routes
from trainings.attendance.sheets import routes as sheet_routes
from trainings.attendance.slips import routes as slip_routes

routes: list[BaseRoute] = [
    *device_routes.routes,
    *api_routes.routes,
    *file_routes.routes,
    *sheet_routes.routes,
    *head_review_routes.routes,
    *slip_routes.routes,
    *shell_routes.routes,
]
