"""Compound commands: which state each branch starts in and how the states join again."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import (
    LITERAL,
    NUMBER,
    OPEN,
    PATTERN,
    UNKNOWN,
    Arg,
    Place,
    sources_of,
)
from bailiwick.analysis.shell.redirection import carry_out, stored, untouched
from bailiwick.analysis.shell.state import Outcome, State
from bailiwick.analysis.shell.syntax import (
    AndOr,
    ArithmeticCommand,
    ArithmeticFor,
    Case,
    Command,
    Coprocess,
    For,
    Function,
    Group,
    If,
    Loop,
    Pipeline,
    Redirected,
    Sequence,
    Simple,
    Subshell,
    Test,
)

if TYPE_CHECKING:
    from bailiwick.analysis.shell.interpreter import Interpreter

MAX_UNROLLED = 24
"""Words of a ``for`` list that are followed one by one."""
_PASSES = 3
_ARITHMETIC_TESTS = frozenset(("-v", "-eq", "-ne", "-lt", "-gt", "-le", "-ge", "-R"))


def run(interpreter: "Interpreter", node: Command, state: State, stdin: Arg | None) -> Outcome:  # noqa: C901, PLR0912 - one arm per form
    """Read a compound command."""
    match node:
        case Pipeline():
            return _pipeline(interpreter, node, state, stdin)
        case AndOr():
            return _and_or(interpreter, node, state)
        case Simple():
            return interpreter.simple(node, state, stdin)
        case Sequence():
            return interpreter.sequence(node, state)
        case Subshell(body):
            interpreter.sequence(body, state.copy())
            return state, state
        case Coprocess(body):
            interpreter.command(body, state.copy())
            return state, state
        case Group(body):
            return interpreter.sequence(body, state)
        case If():
            return _if(interpreter, node, state)
        case Loop():
            return _loop(interpreter, (node.condition, node.body), state)
        case For():
            return _for(interpreter, node, state)
        case ArithmeticFor(header, body):
            span = interpreter.span(0, 0)
            interpreter.expander.arithmetic(header, state, span)
            return _loop(interpreter, (body,), state)
        case Case():
            return _case(interpreter, node, state)
        case ArithmeticCommand(expression):
            interpreter.expander.arithmetic(expression, state, interpreter.span(0, 0))
            return state, state.copy()
        case Test():
            _test(interpreter, node, state)
            return state, state.copy()
        case Function(name, body):
            state.functions[name] = body
            return state, state
        case Redirected(command, redirects):
            before = untouched(redirects, state)
            given, outputs = carry_out(interpreter, redirects, state)
            first, fed = len(interpreter.writers), interpreter.fed
            interpreter.fed |= given is not None
            ok, bad = interpreter.command(command, state, given if given is not None else stdin)
            interpreter.fed = fed
            stored(interpreter, outputs, interpreter.writers[first:])
            return ok, join(interpreter, (bad, before))


def join(interpreter: "Interpreter", states: Iterable[State | None]) -> State | None:
    """The join of those that exist."""
    result: State | None = None
    for state in states:
        if result is None or state is None:
            result = result or state
        elif state is not result:
            interpreter.record.spend(1 + len(result.variables) // 8)
            result = result.join(state)
    return result


def _and_or(interpreter: "Interpreter", node: AndOr, state: State) -> Outcome:
    before = state.copy()
    ok, bad = interpreter.command(node.first, state)
    for operator, command in node.rest:
        start = (ok if operator == "&&" else bad) or before
        right_ok, right_bad = interpreter.command(command, start.copy())
        if operator == "&&":
            if ok is None:
                continue
            ok, bad = right_ok, join(interpreter, (bad, right_bad))
        elif bad is not None:
            ok, bad = join(interpreter, (ok, right_ok)), right_bad
    return ok, bad


def _pipeline(interpreter: "Interpreter", node: Pipeline, state: State, stdin: Arg | None) -> Outcome:
    if len(node.stages) == 1:
        ok, bad = interpreter.command(node.stages[0], state, stdin)
        return bad, ok
    outer, heard, fed = (interpreter.readers, interpreter.writers), interpreter.heard, interpreter.fed
    interpreter.record.trail.loose += 1
    last = len(node.stages) - 1
    first_readers: list[int] = []
    previous: list[int] = []
    after: State | None = state
    for number, stage in enumerate(node.stages):
        interpreter.readers, interpreter.writers = [], []
        interpreter.heard = heard or number < last
        interpreter.fed = fed or number > 0
        inner = state.copy() if interpreter.alters(stage, state) else state
        ended = interpreter.command(stage, inner, stdin)
        if number == 0:
            first_readers = interpreter.readers
        for source in previous:
            for sink in interpreter.readers:
                interpreter.record.flow(source, sink)
        previous = interpreter.writers
        output = interpreter.output if isinstance(stage, Simple) else None
        stdin = output if output is not None else Arg("", UNKNOWN, None, frozenset(previous))
        if number == last and interpreter.dialect == "zsh":
            after = join(interpreter, (state, *ended))  # zsh runs the last stage in the shell itself
    interpreter.record.trail.loose -= 1
    (interpreter.readers, interpreter.writers), interpreter.heard, interpreter.fed = outer, heard, fed
    interpreter.readers += first_readers
    interpreter.writers += previous
    return after, after


def _if(interpreter: "Interpreter", node: If, state: State) -> Outcome:
    ends: list[State | None] = []
    current: State = state
    for condition, body in node.branches:
        fallback = current.copy()
        ok, bad = interpreter.sequence(condition, current)
        ends += (
            interpreter.sequence(body, (ok or fallback).copy())
            if ok is None or bad is not None
            else interpreter.sequence(body, ok)
        )
        current = bad.copy() if bad is not None else fallback
    if node.otherwise is not None:
        ends += interpreter.sequence(node.otherwise, current)
    else:
        ends.append(current)
    result = join(interpreter, ends)
    return result, result.copy() if result else None


def _loop(interpreter: "Interpreter", parts: tuple[Sequence, ...], state: State) -> Outcome:
    """Read the body until the state at its start covers every round."""
    interpreter.nesting += 1
    interpreter.record.again += 1
    interpreter.record.trail.loose += 1
    start = state
    for number in range(_PASSES):
        current: State = start.copy()
        ends: list[State | None] = [start]
        for part in parts:
            ok, bad = interpreter.sequence(part, current)
            merged = join(interpreter, (ok, bad))
            ends.append(merged)
            current = merged.copy() if merged is not None else start.copy()
        after = join(interpreter, ends) or start
        if after == start:
            break
        start = after if number == 0 and interpreter.nesting < _PASSES else after.widened(state)
    interpreter.nesting -= 1
    interpreter.record.again -= 1
    interpreter.record.trail.loose -= 1
    return start, start.copy()


def _for(interpreter: "Interpreter", node: For, state: State) -> Outcome:
    if node.words is None:
        words = list(state.positional) if state.positional is not None else [Arg("", OPEN)]
    else:
        words = interpreter.literal_words(node.words, state)
    interpreter.set_variable(state, node.name, Arg("", UNKNOWN), None, exported=False)
    if len(words) <= MAX_UNROLLED and not node.select and all(w.kind is LITERAL for w in words):
        current: State = state
        interpreter.record.again += 1
        for word in words:
            current.variables[node.name] = word
            before = current.copy()
            current = join(interpreter, interpreter.sequence(node.body, current)) or before
        interpreter.record.again -= 1
        return current, current.copy()
    if node.select:
        state.variables["REPLY"] = Arg("", UNKNOWN)
    state.variables[node.name] = _any_of(words)
    held = state.variables[node.name]
    start, _ = _loop(interpreter, (node.body,), state)
    if start is not None and start.variables.get(node.name) != held:
        start.variables[node.name] = Arg("", UNKNOWN, held.span, held.sources)
    return start, start


def _any_of(words: list[Arg]) -> Arg:
    """One word that is any of these."""
    sources = sources_of(words)
    span = words[0].span if words else None
    if len(words) == 1 and words[0].kind in (PATTERN, LITERAL, NUMBER):
        return words[0]
    if words and all(word.literal is not None and word.text.isdigit() for word in words):
        return Arg("", NUMBER, span, sources)
    return Arg("", UNKNOWN, span, sources)


def _case(interpreter: "Interpreter", node: Case, state: State) -> Outcome:
    interpreter.expander.value(node.word, state)
    ends: list[State | None] = [state]
    for patterns, body in node.arms:
        for pattern in patterns:
            interpreter.expander.value(pattern, state)
        ends += interpreter.sequence(body, state.copy())
    result = join(interpreter, ends)
    return result, result.copy() if result else None


def _test(interpreter: "Interpreter", node: Test, state: State) -> None:
    values = [None if item is None else interpreter.expander.value(item, state) for item in node.items]
    for index, item in enumerate(node.items):
        if item is not None and item.literal in _ARITHMETIC_TESTS:
            for other in (index - 1, index + 1):
                if 0 <= other < len(values):
                    _arithmetic_operand(interpreter, values[other], state)


def _arithmetic_operand(interpreter: "Interpreter", value: Arg | None, state: State) -> None:
    """``[[ a -eq b ]]`` evaluates both sides as arithmetic; a name is looked up in turn."""
    if value is None or value.kind is NUMBER:
        return
    text = value.literal
    if text is None or not text.lstrip("-+").replace("_", "").isalnum():
        interpreter.record.opaque("operand of [[ ]] evaluated as arithmetic", value.span)
    elif not text.lstrip("-+").isdigit():
        interpreter.expander.number(text, state, value.span)


def call(
    interpreter: "Interpreter", name: str, args: tuple[Arg, ...], state: State, span: Place | None
) -> Outcome:
    """Call a function of the script."""
    body = state.functions[name]
    if body is None:
        if (alias := interpreter.aliased.pop(name, None)) is not None:  # in itself it stands for nothing
            inner = state.copy()
            inner.positional = args[1:]
            interpreter.nested(Arg(f'{alias} "$@"', LITERAL, span), inner, interpreter.dialect)
            interpreter.aliased[name] = alias
        interpreter.record.opaque(f"which definition of {name} is called isn't known", span)
        state.cwd, state.shaky = None, True
        state.variables = {n: Arg("", OPEN, None, v.sources) for n, v in state.variables.items()}
        return state, state
    outer, state.positional = state.positional, args[1:]
    names, interpreter.local_names = interpreter.local_names, frozenset()
    interpreter.record.again += 1
    interpreter.inside += 1
    ok, bad = interpreter.command(body, state)
    interpreter.inside -= 1
    interpreter.record.again -= 1
    for end in (ok, bad):
        if end is not None:
            end.positional = outer
            # Which value a name has again that was declared inside isn't followed.
            end.variables.update({local: Arg("", OPEN) for local in interpreter.local_names})
    interpreter.local_names = names
    interpreter.output = None
    return ok, bad
