from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.panel.attendance import attendance_routes, review_routes, sheet_row_routes
from trainings.panel.calendar import list_routes, month_routes, week_routes
from trainings.panel.office import account_routes, guide_routes, message_routes, settings_routes, text_routes
from trainings.panel.people import (
    fresh_link_routes,
    own_data_routes,
    own_group_routes,
    own_routes,
    people_routes,
    person_routes,
    search_routes,
    ticket_routes,
)
from trainings.panel.public import calendar_routes, health_routes, place_routes, sitemap_routes
from trainings.panel.public import list_routes as public_list_routes
from trainings.panel.trainings import (
    absence_routes,
    change_routes,
    copy_routes,
    correction_routes,
    editor_routes,
    not_held_routes,
    practice_routes,
    project_routes,
    session_routes,
    training_routes,
    trainings_routes,
    venue_routes,
)

routes: list[BaseRoute] = [
    *health_routes.routes,
    *sitemap_routes.routes,
    *place_routes.routes,
    *public_list_routes.routes,
    *calendar_routes.routes,
    *week_routes.routes,
    *month_routes.routes,
    *list_routes.routes,
    *editor_routes.routes,
    *trainings_routes.routes,
    *copy_routes.routes,
    *training_routes.routes,
    *session_routes.routes,
    *change_routes.routes,
    *correction_routes.routes,
    *not_held_routes.routes,
    *venue_routes.routes,
    *project_routes.routes,
    *practice_routes.routes,
    *absence_routes.routes,
    *own_routes.routes,
    *own_group_routes.routes,
    *own_data_routes.routes,
    *people_routes.routes,
    *person_routes.routes,
    *search_routes.routes,
    *ticket_routes.routes,
    *fresh_link_routes.routes,
    *attendance_routes.routes,
    *sheet_row_routes.routes,
    *review_routes.routes,
    *message_routes.routes,
    *text_routes.routes,
    *settings_routes.routes,
    *account_routes.routes,
    *guide_routes.routes,
]
