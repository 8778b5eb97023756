"""Signing up, one's own registration, and the desk."""

from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.registrations import (
    bearer_routes,
    call_routes,
    card_routes,
    desk_routes,
    export_routes,
    fresh_link_routes,
    import_routes,
    letter_routes,
    lost_link_routes,
    needs_routes,
    own_data_routes,
    own_file_routes,
    own_group_routes,
    own_offer_routes,
    own_routes,
    review_routes,
    sign_up_routes,
    spare_card_routes,
    staff_routes,
    ticket_routes,
    waiting_routes,
)

routes: list[BaseRoute] = [
    *sign_up_routes.routes,
    *own_routes.routes,
    *own_group_routes.routes,
    *own_offer_routes.routes,
    *own_data_routes.routes,
    *own_file_routes.routes,
    *staff_routes.routes,
    *ticket_routes.routes,
    *fresh_link_routes.routes,
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
