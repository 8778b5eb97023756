"""The only reader of the environment (and of `.env`)."""

from __future__ import annotations

import secrets
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1"})


class Environment(StrEnum):
    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class SettingsProblem(ValueError):
    """The sentence says how to mend it."""


class Settings(BaseSettings):
    """From `TRAININGS_…` variables; documented in docs/operations.md."""

    model_config = SettingsConfigDict(env_prefix="TRAININGS_", env_file=".env", extra="ignore")

    env: Environment = Environment.PRODUCTION
    data_dir: Path = Path("./var")
    database_url: str = ""
    database_pool: int = Field(default=10, ge=2, le=100)
    base_url: str = "http://localhost:8000"
    trusted_proxies: str = ""
    secret_keys: str = Field(default="", repr=False)
    smtp_url: SecretStr | None = None
    mail_from: str = "Ventanilla municipal <avisos@ventanillas.example>"
    rate_limits: bool = True
    languages: str = "es-GT,en"
    uid_domain: str = "ventanillas.example"
    log_level: str = "INFO"
    demo_password: SecretStr | None = None

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if self.is_production and not self.rate_limits:
            raise SettingsProblem("TRAININGS_RATE_LIMITS=off is refused in production. Remove the setting.")
        return self

    @property
    def is_production(self) -> bool:
        return self.env is Environment.PRODUCTION

    @property
    def is_https(self) -> bool:
        return urlsplit(self.base_url).scheme == "https"

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def sends_mail(self) -> bool:
        """Without a mail server no page promises mail: messages are kept, and people are called."""
        return bool(self.smtp_url and self.smtp_url.get_secret_value())

    @cached_property
    def allowed_hosts(self) -> frozenset[str]:
        """Accepted Host headers, without port."""
        own = frozenset({urlsplit(self.base_url).hostname or "localhost"})
        return own if self.is_production else own | LOOPBACK_NAMES

    @cached_property
    def allowed_origins(self) -> frozenset[str]:
        """Origins whose forms are accepted."""
        parts = urlsplit(self.base_url)
        own = {f"{parts.scheme}://{parts.netloc}"}
        if not self.is_production and parts.hostname in LOOPBACK_NAMES:
            port = f":{parts.port}" if parts.port else ""
            own |= {f"{parts.scheme}://{name}{port}" for name in LOOPBACK_NAMES}
        return frozenset(own)

    @property
    def is_sqlite(self) -> bool:
        return not self.database_url.startswith(("postgres://", "postgresql://"))

    @property
    def sqlite_path(self) -> Path:
        if self.database_url.startswith("sqlite://"):
            return Path(self.database_url.removeprefix("sqlite://"))
        return self.data_dir / "trainings.db"

    @cached_property
    def language_codes(self) -> tuple[str, ...]:
        return tuple(code.strip() for code in self.languages.split(",") if code.strip())

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The current first. Made on first run in the data folder. Raises SettingsProblem in production without the
        setting and the file.
        """
        if self.secret_keys:
            return tuple(key.strip() for key in self.secret_keys.split(",") if key.strip())
        kept = self.data_dir / "secret_keys"
        if kept.exists():
            return tuple(kept.read_text().split())
        if self.is_production:
            raise SettingsProblem(
                "TRAININGS_SECRET_KEYS is missing. Make one with `trainings keygen` and keep it outside the database."
            )
        self.data_dir.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(48) + "\n")
        return tuple(kept.read_text().split())


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    return Settings()
