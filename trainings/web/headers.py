"""Security headers of every answer. Only `request.state.csp` widens the policy of a page."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy(**changes: str) -> str:
    chosen = POLICY | {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in chosen.items())


DEFAULT_POLICY = policy()
SCAN_POLICY = policy(script_src="'self' 'wasm-unsafe-eval'", media_src="'self' blob:")
"""The decoder is WebAssembly, the camera a blob."""

COMMON = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
HSTS = "max-age=31536000; includeSubDomains"


def security_headers(*, https: bool) -> dict[str, str]:
    transport = {"strict-transport-security": HSTS} if https else {}
    return {**COMMON, "content-security-policy": DEFAULT_POLICY, **transport}


class SecurityHeaders:
    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.fields = [(name.encode(), value.encode()) for name, value in security_headers(https=https).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", ())
                brought = {name for name, _value in given}
                lacking = [field for field in self.fields if field[0] not in brought]
                message["headers"] = [*given, *lacking]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def scan_page_headers() -> dict[str, str]:
    return {
        "content-security-policy": SCAN_POLICY,
        "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    }


def token_page_headers() -> dict[str, str]:
    """For secret addresses: no cache, no index, no referrer."""
    return {"cache-control": "no-store", "x-robots-tag": "noindex", "referrer-policy": "same-origin"}
