"""The built-in layer: what holds under every policy, written in the same language."""

from functools import cache
from importlib.resources import files

from bailiwick.policy.document import read_document
from bailiwick.policy.errors import Problems
from bailiwick.policy.sections import LayerBuilder
from bailiwick.policy.shapes import Record
from bailiwick.policy.syntax import Builtin
from bailiwick.policy.types import Layer, Scope

FILE = "builtin:self-protection.yaml"
NAME = "builtin"


@cache
def builtin_layer() -> Layer:
    """Self-protection: the client's settings and hooks, Bailiwick's own files, service and environment."""
    text = files(__name__).joinpath("self-protection.yaml").read_text(encoding="utf-8")
    problems = Problems({FILE: text})
    node = read_document(FILE, text, problems)
    said = None if node is None else Record(of=Builtin).read(node, problems)
    builder = LayerBuilder(scope=Scope.BUILTIN, name=NAME, problems=problems)
    if said is not None:
        builder.read(said)
    problems.raise_any()
    return builder.layer()
