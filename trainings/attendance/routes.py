from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.attendance import minor_routes
from trainings.attendance.phones import backup_routes, roster_routes, shell_routes, upload_routes
from trainings.attendance.phones import routes as device_routes
from trainings.attendance.review import head_routes as head_review_routes
from trainings.attendance.sessions import routes as file_routes
from trainings.attendance.sheets import column_routes as sheet_column_routes
from trainings.attendance.sheets import routes as sheet_routes
from trainings.attendance.slips import routes as slip_routes

routes: list[BaseRoute] = [
    *minor_routes.routes,
    *upload_routes.routes,
    *backup_routes.routes,
    *device_routes.routes,
    *roster_routes.routes,
    *file_routes.routes,
    *sheet_routes.routes,
    *sheet_column_routes.routes,
    *head_review_routes.routes,
    *slip_routes.routes,
    *shell_routes.routes,
]
