from trainings.db import transaction
from trainings.versions.actions import bump
from trainings.versions.queries import current


async def test_bump(db: object) -> None:
    async with transaction():
        await bump("b", "a")
        await bump("a")
    assert (await current("a"))[0] == 2
    assert (await current("zz"))[0] == 0
