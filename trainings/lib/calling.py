from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class CallLinks:
    tel: str
    sms: str
    whatsapp: str


def call_links(e164: str, text: str) -> CallLinks:
    """`text` is read by whoever holds the phone: no topic, no name, no secret address in it."""
    words = quote(text, safe="")
    return CallLinks(
        tel=f"tel:{e164}",
        sms=f"sms:{e164}?body={words}",
        whatsapp=f"https://wa.me/{e164.removeprefix('+')}?text={words}",
    )
