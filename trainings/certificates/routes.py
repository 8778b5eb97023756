from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.certificates import own_routes
from trainings.certificates.ceremony import handover_routes, name_routes, register_routes
from trainings.certificates.check import routes as check_routes
from trainings.certificates.designs import routes as design_routes
from trainings.certificates.issuing import bulk_routes, revocation_routes
from trainings.certificates.issuing import routes as staff_routes
from trainings.certificates.trust import routes as trust_routes

routes: list[BaseRoute] = [
    *own_routes.routes,
    *check_routes.routes,
    *trust_routes.routes,
    *revocation_routes.routes,
    *staff_routes.routes,
    *handover_routes.routes,
    *name_routes.routes,
    *bulk_routes.routes,
    *register_routes.routes,
    *design_routes.routes,
]
