"""All pages about sameness of people; none of them is for the public."""

from __future__ import annotations

from starlette.routing import BaseRoute

from trainings.privacy import merge_routes

routes: list[BaseRoute] = [*merge_routes.routes]
