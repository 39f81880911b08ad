"""YAML in which a key stands once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

MOST_VALUES = 100_000
"""Values of a file, those that aliases repeat counted each time."""


class UniqueKeyLoader(yaml.SafeLoader):
    """A safe loader that refuses a repeated key; YAML's rule, which PyYAML lets pass.

    It also refuses aliases that would repeat values without end, or nearly so.
    """

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()
        if node is not None and _size(node, {}) > MOST_VALUES:
            raise yaml.constructor.ConstructorError(
                problem=f"its aliases make more than {MOST_VALUES} values of it",
                problem_mark=node.start_mark,
            )
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue  # PyYAML's own fault
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key!r} is there twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for; `known` are sizes by node, 0 inside themselves."""
    if id(node) not in known:
        known[id(node)] = 0
        children: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            children = node.value
        elif isinstance(node, yaml.MappingNode):
            children = [each for pair in node.value for each in pair]
        known[id(node)] = 1 + sum(_size(child, known) for child in children)
    return known[id(node)]
