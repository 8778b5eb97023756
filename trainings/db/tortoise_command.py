"""For `tortoise makemigrations` (see `[tool.tortoise]`); the program does not import it."""

from trainings.db.config import tortoise_config
from trainings.settings import get_settings

CONFIG = tortoise_config(get_settings())
