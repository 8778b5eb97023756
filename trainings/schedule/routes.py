"""All pages of the schedule: the public ones, and those of the panel."""

from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.schedule import (
    absence_routes,
    calendar_routes,
    change_routes,
    copy_routes,
    correction_routes,
    course_routes,
    editor_routes,
    feast_routes,
    list_routes,
    month_routes,
    not_held_routes,
    public_routes,
    session_routes,
    show_routes,
    staff_routes,
    topic_name_routes,
    topic_routes,
    venue_routes,
    week_routes,
)

routes: list[BaseRoute] = [
    *public_routes.routes,
    *calendar_routes.routes,
    *topic_routes.routes,
    *week_routes.routes,
    *month_routes.routes,
    *list_routes.routes,
    *editor_routes.routes,
    *staff_routes.routes,
    *copy_routes.routes,
    *show_routes.routes,
    *session_routes.routes,
    *change_routes.routes,
    *correction_routes.routes,
    *not_held_routes.routes,
    *course_routes.routes,
    *topic_name_routes.routes,
    *venue_routes.routes,
    *feast_routes.routes,
    *absence_routes.routes,
]
