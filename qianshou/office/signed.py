"""Who has signed a step that several do, who has still to, and whose turn comes later."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qianshou.design.refused import language
from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.engine import MANY, REST
from qianshou.kernel.registry.models import Officer

OPEN, DONE = 0, 1


@dataclass(frozen=True)
class Signing:
    """One step that several sign: its name, tasks signed and missing, names of those to come."""

    name: str
    signed: list[Any]
    missing: list[Any]
    later: list[str]


def signings_of(matter: Any, tasks: Iterable[Any], procedure: Procedure) -> list[Signing]:
    """Return the signings that are going on in a matter (one query where some sign in turn)."""
    state = json.loads(matter.state)
    containers = [(str(key), node) for key, node, _scope, via in state["tokens"] if via == MANY]
    rest = {key: (state.get("locals", {}).get(key, {})).get(REST, []) for key, _node in containers}
    waiting = {pk for several in rest.values() for pk in several if isinstance(pk, int)}
    names = dict(Officer.objects.filter(pk__in=waiting).values_list("pk", "name"))
    tasks, found = list(tasks), []
    for key, node_id in containers:
        node = procedure.node(node_id)
        if node.kind != "user":
            continue
        since = int(key)
        turn = [
            task
            for task in tasks
            if task.node == node_id and task.token > since and task.blocks_id is None
        ]
        found.append(
            Signing(
                node.name if language().startswith("zh") else node.name_en or node.name,
                [task for task in turn if task.state == DONE],
                [task for task in turn if task.state == OPEN],
                _names(rest[key], names),
            )
        )
    return found


def _names(rest: Iterable[Any], names: Mapping[int, str]) -> list[str]:
    return [names.get(one, str(one)) if isinstance(one, int) else str(one) for one in rest]
