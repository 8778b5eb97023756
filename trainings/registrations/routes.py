from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.registrations.calls import routes as call_routes
from trainings.registrations.cards import bearer_routes
from trainings.registrations.cards import routes as card_routes
from trainings.registrations.cards import spare_routes as spare_card_routes
from trainings.registrations.desk import export_routes, needs_routes, review_routes, waiting_routes
from trainings.registrations.desk import routes as desk_routes
from trainings.registrations.imports import routes as import_routes
from trainings.registrations.invitations import routes as letter_routes
from trainings.registrations.own import file_routes as own_file_routes
from trainings.registrations.own import lost_link_routes
from trainings.registrations.own import offer_routes as own_offer_routes
from trainings.registrations.signup import routes as sign_up_routes

routes: list[BaseRoute] = [
    *sign_up_routes.routes,
    *own_offer_routes.routes,
    *own_file_routes.routes,
    *desk_routes.routes,
    *needs_routes.routes,
    *letter_routes.routes,
    *review_routes.routes,
    *waiting_routes.routes,
    *call_routes.routes,
    *lost_link_routes.routes,
    *import_routes.routes,
    *export_routes.routes,
    *bearer_routes.routes,
    *card_routes.routes,
    *spare_card_routes.routes,
]
