"""All pages about sameness of people, and about erasing certificates; none of them is for the public."""

from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.privacy import merge_routes, paper_routes

routes: list[BaseRoute] = [*merge_routes.routes, *paper_routes.routes]
