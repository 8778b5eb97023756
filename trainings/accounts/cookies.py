from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

SESSION = "staff"
KEPT_FORM = "guardado"
LONGEST_TOKEN = 64


@dataclass(frozen=True, slots=True)
class StaffCookies:
    """`__Host-` and `Secure` under https only: browsers refuse such cookies over http."""

    https: bool

    def name(self, cookie: str) -> str:
        return f"__Host-{cookie}" if self.https else cookie

    def read(self, request: Request, cookie: str) -> str:
        """Empty where no token could be ours."""
        token = request.cookies.get(self.name(cookie), "")
        return token if len(token) <= LONGEST_TOKEN else ""

    def write(self, response: Response, cookie: str, token: str, *, seconds: int) -> None:
        response.set_cookie(
            self.name(cookie), token, max_age=seconds, path="/", secure=self.https, httponly=True, samesite="lax"
        )

    def clear(self, response: Response, cookie: str) -> None:
        response.delete_cookie(self.name(cookie), path="/", secure=self.https, httponly=True, samesite="lax")
