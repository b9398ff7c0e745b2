"""The session layer: what the flags of one session take away from the policy. It can only narrow."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bailiwick.model.decision import Clamp, Origin, Rewrite
from bailiwick.model.verdict import Verdict
from bailiwick.policy.errors import PolicyErrors, Problems
from bailiwick.policy.revision import revision_of
from bailiwick.policy.sections import LayerBuilder
from bailiwick.policy.shapes import Text
from bailiwick.policy.syntax import MAX_TIMEOUT_SECONDS, Entry, Files, Names, Sections
from bailiwick.policy.types import Layer, Policy, Scope, Subject

ALLOWED_TOOLS = "flag:--allowedTools"
READ_ONLY_FILES = "flag:--readOnlyFiles"
MAX_BASH_TIMEOUT = "flag:--maxBashTimeout"


def session_layer(
    *,
    allowed_tools: Sequence[str] | None = None,
    read_only_files: Sequence[str] | None = None,
    max_bash_timeout: int | str | None = None,
) -> Layer:
    """The layer that a session's flags make.

    Args:
        allowed_tools: tools that are left to the policy; every other tool, MCP tools included, is denied.
            `Search` is Grep and Glob; `mcp__server__tool` names an MCP tool. None: no limit.
        read_only_files: path globs that can't be written or deleted.
        max_bash_timeout: seconds; longer time-outs of Bash are lowered to it, and nothing runs in the background.

    Items are split at commas. Raises PolicyErrors, whose file is the flag and whose column counts its characters.
    """
    problems = Problems(
        {
            ALLOWED_TOOLS: ",".join(allowed_tools or ()),
            READ_ONLY_FILES: ",".join(read_only_files or ()),
            MAX_BASH_TIMEOUT: "" if max_bash_timeout is None else str(max_bash_timeout),
        }
    )
    builder = LayerBuilder(scope=Scope.SESSION, name="session", problems=problems)
    if allowed_tools is not None:
        _tools(builder, _items(ALLOWED_TOOLS, allowed_tools, problems))
    if read_only_files:
        texts = _items(READ_ONLY_FILES, read_only_files, problems)
        if texts:
            top = _top(READ_ONLY_FILES)
            because = Text("this session was started with --readOnlyFiles", top)
            entries = tuple(Entry(at=text.at, match=(text,), because=because) for text in texts)
            builder.read(Sections(at=top, files=Files(at=top, read_only=entries)))
    if max_bash_timeout is not None:
        _timeout(builder, max_bash_timeout)
    problems.raise_any()
    return builder.layer()


def with_layer(policy: Policy, layer: Layer) -> Policy:
    """``policy`` with one more, narrowing layer; its revision tells it from the policy without."""
    wider = replace(policy, layers=(*policy.layers, layer))
    return replace(wider, revision=revision_of((policy.revision, layer)))


def _tools(builder: LayerBuilder, texts: list[Text]) -> None:
    top = _top(ALLOWED_TOOLS)
    mcp = tuple(Entry(at=text.at, match=(text,)) for text in texts if text.text.startswith("mcp__"))
    own = tuple(Entry(at=text.at, match=(text,)) for text in texts if not text.text.startswith("mcp__"))
    builder.read(Sections(at=top, tools=Names(at=top, allow=own), mcp=Names(at=top, allow=mcp)))
    listed = ", ".join(text.text for text in texts)
    for subject in (Subject.TOOLS, Subject.MCP):
        builder.default(
            subject,
            Verdict.DENY,
            top,
            because=f"this session was started with --allowedTools {listed}",
            instead=f"Use {listed}, or start a session that allows the tool.",
        )


def _timeout(builder: LayerBuilder, seconds: int | str) -> None:
    text = str(seconds)
    at = _top(MAX_BASH_TIMEOUT)
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:12]) <= MAX_TIMEOUT_SECONDS:
        mend = f"a whole number of seconds from 1 to {MAX_TIMEOUT_SECONDS}"
        builder.problems.add(at, f"`{text[:60]}` is not a time in seconds", mend)
        return
    clamp = Clamp(field="timeout", maximum=int(text) * 1000)
    builder.duty("session.bash.max_timeout", at, clamp, ("Bash",))
    # In the background a command whose time is up would go on.
    foreground = Rewrite(field="run_in_background", value=False)
    builder.duty("session.bash.background", at, foreground, ("Bash",))


def _items(flag: str, values: Iterable[str], problems: Problems) -> list[Text]:
    """The items between commas (a comma inside braces belongs to a glob), each with its column."""
    texts: list[Text] = []
    column, depth, start, joined = 0, 0, 0, ",".join(values)
    for column, char in enumerate(f"{joined},"):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char == "," and depth <= 0:
            item = joined[start:column]
            if stripped := item.strip():
                begin = start + len(item) - len(item.lstrip())
                texts.append(Text(stripped, Origin(file=flag, line=1, column=begin + 1)))
            start = column + 1
    if not texts:
        problems.add(_top(flag), "the flag names nothing", "list at least one item, separated by commas")
    return texts


def _top(flag: str) -> Origin:
    return Origin(file=flag, line=1, column=1)


__all__ = ["PolicyErrors", "session_layer", "with_layer"]
