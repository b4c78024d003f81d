"""Which parallel branches a node lies in, so that a return redoes one branch and starves no join.

A procedure's parallel and inclusive gateways are read as blocks: a split, its branches, their
join. A container whose gateways do not pair up has no paths, and no return leads through it.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from qianshou.kernel.procedures.nodes import Node

Path = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Branches:
    """The branches around each node and flow, outermost first, as (split, first flow) pairs."""

    nodes: Mapping[str, Path]
    ways: Mapping[str, Path]
    joins: Mapping[str, str]

    def of(self, node: str, via: str) -> Path:
        """Return the branches around a token: at a join it still belongs to the one it came by."""
        return self.ways[via] if via in self.ways else self.nodes[node]

    def shared(self, node: str, other: str) -> Path | None:
        """Return the branches around both of two nodes; None when they lie beside each other."""
        one, two = self.nodes[node], self.nodes[other]
        for depth, (left, right) in enumerate(zip(one, two, strict=False)):
            if left != right:
                return None if left[0] == right[0] else one[:depth]
        return min(one, two, key=len)

    def beside(self, node: str, other: str) -> bool:
        """Whether two nodes lie in different branches of one split."""
        return {node, other} <= self.nodes.keys() and self.shared(node, other) is None


class _Ragged(Exception):
    """The gateways of a container do not pair up."""


def find_branches(nodes: Mapping[str, Node]) -> Branches:
    """Return the branches of every container whose gateways pair up."""
    paths: dict[str, Path] = {}
    ways: dict[str, Path] = {}
    joins: dict[str, str] = {}
    for container in {node.container for node in nodes.values()}:
        walk = _Walk({key: node for key, node in nodes.items() if node.container == container})
        try:
            walk.follow()
        except _Ragged:
            continue
        paths |= walk.paths
        ways |= walk.ways
        joins |= walk.joins
    return Branches(paths, ways, joins)


def with_reach(nodes: dict[str, Node]) -> dict[str, Node]:
    """Return the nodes; each inclusive join knows from where in its block it can be reached.

    What lies before its own split, as when a loop leads back there, does not count: else two
    joins, one in the other, would wait for each other.
    """
    splits = {join: split for split, join in find_branches(nodes).joins.items()}
    backwards: dict[str, list[str]] = {}
    for node in nodes.values():
        for key in (*(way.target for way in node.ways), *node.boundaries):
            backwards.setdefault(key, []).append(node.id)
    found = dict(nodes)
    for join in nodes.values():
        if join.kind != "or" or len(join.incoming) < 2:
            continue
        bounds = {join.id, splits.get(join.id, join.id)}
        seen = set(bounds)
        waiting = list(backwards.get(join.id, ()))
        while waiting:
            key = waiting.pop()
            if key not in seen:
                seen.add(key)
                waiting.extend(backwards.get(key, ()))
        found[join.id] = replace(join, reaches=frozenset(seen - bounds))
    return found


class _Walk:
    """Follows the ways of one container from its starts."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.nodes = nodes
        self.paths: dict[str, Path] = {}
        self.ways: dict[str, Path] = {}
        self.joins: dict[str, str] = {}
        self.seen: set[str] = set()

    def follow(self) -> None:
        """Find the path of every node; _Ragged when two ways to one node disagree."""
        waiting: deque[tuple[str, Path]] = deque(
            (key, ()) for key, node in self.nodes.items() if node.kind in ("start", "listen")
        )
        while waiting:
            key, path = waiting.popleft()
            if self.paths.setdefault(key, path) != path:
                raise _Ragged
            if key not in self.seen:
                self.seen.add(key)
                waiting.extend(self.following(self.nodes[key], path))

    def following(self, node: Node, path: Path) -> Iterator[tuple[str, Path]]:
        """Yield the nodes that follow, each with its path."""
        splits = node.kind in ("and", "or") and len(node.ways) > 1
        beside = node.kind == "boundary" and not node.interrupting
        for way in node.ways:
            along = (*path, (node.id, way.id)) if splits or beside else path
            self.ways[way.id] = along
            yield way.target, self.arriving(self.nodes[way.target], along)
        for boundary in node.boundaries:
            yield boundary, path

    def arriving(self, node: Node, along: Path) -> Path:
        """Return the path of a node that a flow leads to; a join ends the innermost branch."""
        if node.kind not in ("and", "or") or len(node.incoming) < 2:
            return along
        if not along or self.joins.setdefault(along[-1][0], node.id) != node.id:
            raise _Ragged
        return along[:-1]
