"""Apply migrations in a fraction of the mapper's time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tortoise import Model, Tortoise
from tortoise.connection import get_connection
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.migration import Migration
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps

Models = dict[tuple[str, str], ModelState]


async def apply_pending(config: dict[str, Any]) -> None:
    """Oldest first, in a context of its own."""
    await Tortoise.init(config=config, init_connections=False)
    await _Executor(get_connection("default"), config["apps"]).migrate()


async def told_by(steps: Iterable[Migration], connections: Mapping[str, str]) -> State:
    """Models that these migrations make; `connections` by app."""
    told = _Told({}, connections)
    for step in steps:
        await step.apply(told, dry_run=True)
    return told


class _Executor(MigrationExecutor):
    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        assert upto is None, "the way is forward only"
        nodes: Any = self.loader.graph.nodes
        connections = {label: config["default_connection"] for label, config in self.loader.apps_config.items()}
        return await told_by((nodes[key] for key in self._full_plan() if key in applied), connections)


class _Told(State):
    """Descriptions of models without classes: at each step the mapper would make all related classes anew.

    Tortoise copies it before each step.
    """

    def __init__(self, models: Models, connections: Mapping[str, str]) -> None:
        super().__init__(models=models, apps=_Classes(models, connections))
        self._connections = connections

    def clone(self) -> State:
        return _Told({key: model.clone() for key, model in self.models.items()}, self._connections)

    def reload_model(self, app_label: str, model_name: str) -> None:
        pass

    def reload_models(self, model_tuples: Iterable[tuple[str, str]]) -> None:
        pass


class _Classes(StateApps):
    """Makes a class when a step asks for it, as described then, with its foreign keys' classes.

    Nothing else: no many-to-many relation, no foreign keys of those. Two calls return different classes, so their rows
    are not to be compared.
    """

    def __init__(self, models: Models, connections: Mapping[str, str]) -> None:
        super().__init__(dict(connections))
        self._models = models

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        key = (app_label, model_name) if model_name else self.split_reference(app_label)
        made = StateApps(self._default_connections, self._connections)
        for each in {key, *self._referred_to(self._models[key])}:
            if each in self._models:
                made.register_model(each[0], self._models[each].render(made))
        made._init_relations()
        made._build_initial_querysets()
        return made.get_model(*key)

    def _referred_to(self, model: ModelState) -> Iterator[tuple[str, str]]:
        for field in model.fields.values():
            if isinstance(field, ForeignKeyFieldInstance):
                yield self.split_reference(field.model_name)
