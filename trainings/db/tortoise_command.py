"""For `tortoise makemigrations` (see `[tool.tortoise]`)."""

from trainings.db.config import tortoise_config
from trainings.settings import get_settings

CONFIG = tortoise_config(get_settings())
