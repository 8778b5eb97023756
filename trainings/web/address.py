from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from starlette.requests import Request

HOME_BITS = 64


def client_address(request: Request) -> str:
    """The address for limits: of IPv6 the first 64 bits, since a home has all the rest. Trusted proxies were applied
    before.
    """
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address) >> HOME_BITS << HOME_BITS))
    return str(address)
