from __future__ import annotations

import re
from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from trainings.web.forms import Form

DEFAULT_PATH = "/panel"
LOCAL_PATH = re.compile(r"/(?!/)[!-\[\]-~]{0,299}")
"""Printable ASCII without backslash or a second leading slash: no browser takes it for another site."""
NOT_BACK_TO = ("/entrar", "/salir")

Password = Annotated[str, StringConstraints(max_length=200)]


class SignInForm(Form):
    """The password counts exactly as typed, blanks included."""

    model_config = ConfigDict(str_strip_whitespace=False, extra="ignore", frozen=True)

    email: Annotated[str, StringConstraints(max_length=254)]
    password: Password


class NewPasswordForm(Form):
    model_config = ConfigDict(str_strip_whitespace=False, extra="ignore", frozen=True)

    password: Password


class ChangePasswordForm(NewPasswordForm):
    current_password: Password


def local_path(typed: str) -> str:
    is_ours = LOCAL_PATH.fullmatch(typed) is not None and not typed.startswith(NOT_BACK_TO)
    return typed if is_ours else DEFAULT_PATH
