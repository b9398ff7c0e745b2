"""What nodes of the syntax tree of JavaScript say: texts, names, conditions around them."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from bailiwick.analysis.skill.code.form import (
    Call,
    Constant,
    Expression,
    Joined,
    Name,
    Part,
)

FUNCTIONS = frozenset(
    (
        "function_declaration",
        "function_expression",
        "arrow_function",
        "method_definition",
        "generator_function_declaration",
        "function",
    )
)
"""Kinds of nodes that are functions."""


def folded(value: Expression | None) -> str | None:
    """A text that is put together of texts that stand in the code."""
    match value:
        case Joined(items=items, text=True):
            pieces = [item.value for item in items if isinstance(item, Constant) and item.value is not None]
            return "".join(pieces) if len(pieces) == len(items) else None
        case _:
            return None


def required(value: Expression) -> Name | None:
    """``require('x')`` as the module it stands for."""
    match value:
        case Call(path="require", args=(Constant(value=str(module)), *_)):
            return Name(module.removeprefix("node:"), value.line)
        case Part(base=base, key=str(key)):
            inner = required(base)
            return Name(f"{inner.path}.{key}", value.line) if inner is not None else None
        case _:
            return None


def contains_call(value: Expression) -> bool:
    """Whether a value is one that a call gives, or made of one."""
    match value:
        case Call():
            return True
        case Joined(items=items):
            return any(contains_call(item) for item in items)
        case Part(base=base):
            return contains_call(base)
        case _:
            return False


def within_call(node: Node) -> bool:
    """Whether the call stands in another, which is looked at with all that is in it."""
    parent = node.parent
    while parent is not None and parent.type in (
        "arguments",
        "member_expression",
        "await_expression",
        "parenthesized_expression",
        "call_expression",
        "binary_expression",
        "template_substitution",
        "template_string",
        "object",
        "pair",
        "array",
        "spread_element",
    ):
        if parent.type == "call_expression":
            return True
        parent = parent.parent
    return False


MAX_GUARD = 12
"""Nodes above an assignment among which its condition is looked for."""


def chosen(value: Node) -> str:
    """The condition on which one of two values is taken."""
    inner = (
        value.named_children[0]
        if value.type == "parenthesized_expression" and value.named_children
        else value
    )
    return text_of(inner.child_by_field_name("condition"))[:120] if inner.type == "ternary_expression" else ""


def guard_of(node: Node) -> str:
    """The condition nearest around an assignment."""
    parent = node.parent
    for _ in range(MAX_GUARD):
        if parent is None or parent.type in FUNCTIONS:
            return ""
        if parent.type in ("if_statement", "ternary_expression"):
            return text_of(parent.child_by_field_name("condition"))[:120]
        parent = parent.parent
    return ""


def text_of(node: Node | None) -> str:
    """What stands there in the file."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


_ESCAPES = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL)


def string_of(node: Node) -> str:
    """What a string literal says, its escapes undone."""

    def undone(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code:
            number = int(code, 16)
            return chr(number) if number <= 0x10FFFF else "?"
        return {"n": "\n", "t": "\t", "r": "\r"}.get(match[4], match[4])

    return _ESCAPES.sub(undone, text_of(node)[1:-1])


def identifiers(node: Node) -> Iterator[str]:
    """The names in a pattern, in order."""
    pending = [node]
    while pending:
        one = pending.pop()
        if one.type in ("identifier", "shorthand_property_identifier_pattern"):
            yield text_of(one)
        pending.extend(reversed(one.named_children))
