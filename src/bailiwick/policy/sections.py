"""The sections of one file to the rules, defaults and duties of its layer."""

from collections.abc import Iterator
from dataclasses import field

from bailiwick.model.decision import Clamp, Notify, Obligation, Origin, Redact, Rewrite, Sandbox
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy import conditions, wording
from bailiwick.policy.errors import Problems
from bailiwick.policy.shapes import Text
from bailiwick.policy.syntax import CommandEntry, Entry, Fallback, Names, Obligations, Sections
from bailiwick.policy.types import (
    UNKNOWN_HOST,
    AnyCondition,
    Condition,
    Duty,
    HostCondition,
    Layer,
    NameCondition,
    Rule,
    Scope,
    Subject,
)

READERS: dict[Subject, conditions.Reader] = {
    Subject.TOOLS: conditions.tool,
    Subject.ENVIRONMENT: conditions.variable,
    Subject.NETWORK: conditions.host,
    Subject.MCP: conditions.mcp,
    Subject.SKILLS: conditions.name,
    Subject.AGENTS: conditions.name,
    Subject.PROMPTS: conditions.finding,
    Subject.FINDINGS: conditions.finding,
    Subject.CONFIG: conditions.name,
}
"""Sections that are plain allow, ask and deny lists."""

FILE_LISTS = (
    ("readable", Verdict.ALLOW, conditions.READ),
    ("writable", Verdict.ALLOW, conditions.READ | conditions.WRITE),
    ("read_only", Verdict.DENY, conditions.WRITE),
    ("hidden", Verdict.DENY, conditions.READ | conditions.WRITE | conditions.EXECUTE),
    ("ask", Verdict.ASK, conditions.READ | conditions.WRITE | conditions.EXECUTE),
    ("ask_write", Verdict.ASK, conditions.WRITE),
)
"""The lists under `files`, the verdict of each and the accesses it speaks of."""

_VERDICTS = {"allow": Verdict.ALLOW, "ask": Verdict.ASK, "deny": Verdict.DENY}

_SANDBOX = "sandbox"
"""The word for a question that is not asked where the sandbox holds the command."""


@value(frozen=False, slots=True, kw_only=True)
class LayerBuilder:
    """Collects one layer. ``mode`` is put on every rule that names none; None leaves it to the policy's."""

    scope: Scope
    name: str
    problems: Problems
    mode: Mode | None = None
    rules: list[Rule] = field(default_factory=list)
    defaults: dict[Subject, Rule] = field(default_factory=dict)
    duties: list[Duty] = field(default_factory=list)

    def layer(self) -> Layer:
        """What was collected."""
        return Layer(
            scope=self.scope,
            name=self.name,
            rules=tuple(self.rules),
            defaults=dict(self.defaults),
            duties=tuple(self.duties),
        )

    def read(self, sections: Sections) -> None:
        """Take in every section of one file."""
        for subject, reader in READERS.items():
            names: Names | None = getattr(sections, subject.value)
            if names is not None:
                for heading, verdict in _VERDICTS.items():
                    self._list(subject, heading, verdict, getattr(names, heading), reader)
                self._default(subject, subject.value, "other", names.other)
        self._unknown_host(sections)
        self._files(sections)
        self._commands(sections)
        self._modes(sections)
        self._models(sections)
        self._bash(sections)
        if sections.obligations is not None:
            self._obligations(sections.obligations)

    def default(
        self, subject: Subject, verdict: Verdict, at: Origin, *, because: str = "", instead: str = ""
    ) -> None:
        """The layer's default for ``subject`` where the text gave none."""
        if subject not in self.defaults:
            self.defaults[subject] = self._rule(
                section=_section(subject),
                heading=_heading(subject),
                subject=subject,
                verdict=verdict,
                when=AnyCondition(),
                at=at,
                because=because,
                instead=instead,
            )

    def _unknown_host(self, sections: Sections) -> None:
        if sections.network is None:
            return
        fetch = sections.network.fetch
        self._list(Subject.NETWORK, "fetch", Verdict.ALLOW, fetch, conditions.fetched)
        said = sections.network.unknown
        if said is not None:
            self.rules.append(
                self._spoken(Subject.NETWORK, "network", "unknown", said, HostCondition(host=UNKNOWN_HOST))
            )

    def _files(self, sections: Sections) -> None:
        if sections.files is None:
            return
        for heading, verdict, kinds in FILE_LISTS:
            self._list(
                Subject.FILES, heading, verdict, getattr(sections.files, heading), conditions.files(kinds)
            )
        self._default(Subject.FILES, "files", "other", sections.files.other)

    def _commands(self, sections: Sections) -> None:
        commands = sections.commands
        if commands is None:
            return
        for heading, verdict in _VERDICTS.items():
            self._list(Subject.COMMANDS, heading, verdict, getattr(commands, heading), conditions.command)
        self._default(Subject.COMMANDS, "commands", "other", commands.other)
        self._default(Subject.OPAQUE, "commands", "opaque", commands.opaque)
        self._default(Subject.PROJECT_CODE, "commands", "project_code", commands.project_code)

    def _modes(self, sections: Sections) -> None:
        self._closed(Subject.PERMISSION_MODES, sections.permission_modes)

    def _models(self, sections: Sections) -> None:
        if sections.models is not None:
            self._closed(Subject.MODELS, sections.models.allow)

    def _closed(self, subject: Subject, allowed: tuple[Text, ...]) -> None:
        """A bare list of what is allowed: everything else is denied."""
        if not allowed:
            return
        for number, text in enumerate(allowed, 1):
            for condition in conditions.name(text, self.problems):
                self.rules.append(
                    self._rule(
                        section=subject.value,
                        heading="allow",
                        number=str(number),
                        subject=subject,
                        verdict=Verdict.ALLOW,
                        when=condition,
                        at=text.at,
                        match=text.text,
                    )
                )
        self.default(subject, Verdict.DENY, allowed[0].at)

    def _bash(self, sections: Sections) -> None:
        bash = sections.bash
        if bash is None:
            return
        if bash.max_timeout is not None:
            clamp = Clamp(field="timeout", maximum=bash.max_timeout * 1000)
            self.duty(f"{self.name}.bash.max_timeout", bash.at, clamp, ("Bash",))
        # The client moves a command whose time is up to the background, where it goes on: a limit needs no background.
        limited = bash.max_timeout is not None
        if bash.background.text == "deny" if bash.background else limited:
            foreground = Rewrite(field="run_in_background", value=False)
            at = bash.background.at if bash.background else bash.at
            self.duty(f"{self.name}.bash.background", at, foreground, ("Bash",))

    def duty(self, name: str, at: Origin, obligation: Obligation, tools: tuple[str, ...]) -> None:
        """Add an obligation."""
        self.duties.append(Duty(id=name, origin=at, obligation=obligation, tools=tools))

    def _obligations(self, said: Obligations) -> None:
        stem = f"{self.name}.obligations"
        for number, clamp in enumerate(said.clamp, 1):
            lower = Clamp(field=clamp.field.text, maximum=clamp.maximum)
            self.duty(f"{stem}.clamp.{number}", clamp.at, lower, self._tools(clamp.tools))
        for number, rewrite in enumerate(said.rewrite, 1):
            put = Rewrite(field=rewrite.field.text, value=rewrite.value)
            self.duty(f"{stem}.rewrite.{number}", rewrite.at, put, self._tools(rewrite.tools))
        for number, redact in enumerate(said.redact, 1):
            mask = Redact(rules=tuple(rule.text for rule in redact.rules))
            self.duty(f"{stem}.redact.{number}", redact.at, mask, self._tools(redact.tools))
        for number, notify in enumerate(said.notify, 1):
            tell = Notify(channel=notify.channel.text)
            self.duty(f"{stem}.notify.{number}", notify.at, tell, self._tools(notify.tools))
        for number, sandbox in enumerate(said.sandbox, 1):
            self.duty(f"{stem}.sandbox.{number}", sandbox.at, Sandbox(), self._tools(sandbox.tools))

    def _tools(self, texts: tuple[Text, ...]) -> tuple[str, ...]:
        reads = (
            (conditions.mcp if text.text.startswith("mcp__") else conditions.tool)(text, self.problems)
            for text in texts
        )
        return tuple(found.name for read in reads for found in read if isinstance(found, NameCondition))

    def _list(
        self,
        subject: Subject,
        heading: str,
        verdict: Verdict,
        entries: tuple[Entry, ...],
        reader: conditions.Reader,
    ) -> None:
        section = subject.value
        for position, entry in enumerate(entries, 1):
            read = list(self._conditions(entry, reader))
            stem = str(position) if entry.id is None else entry.id.text
            for part, (text, condition) in enumerate(read, 1):
                number = stem if len(read) == 1 else f"{stem}.{part}"
                self.rules.append(
                    self._rule(
                        section=section,
                        heading=heading,
                        number=number,
                        subject=subject,
                        verdict=verdict,
                        when=condition,
                        at=text.at,
                        match=text.text,
                        because="" if entry.because is None else entry.because.text,
                        instead="" if entry.instead is None else entry.instead.text,
                        mode=None if entry.mode is None else Mode(entry.mode.text),
                    )
                )

    def _conditions(self, entry: Entry, reader: conditions.Reader) -> Iterator[tuple[Text, Condition]]:
        as_user = (
            entry.as_user.text if isinstance(entry, CommandEntry) and entry.as_user is not None else None
        )
        for text in entry.match:
            read = (
                reader(text, self.problems)
                if as_user is None
                else conditions.command(text, self.problems, as_user)
            )
            yield from ((text, condition) for condition in read)

    def _default(self, subject: Subject, section: str, heading: str, fallback: Fallback | None) -> None:
        if fallback is not None:
            self.defaults[subject] = self._spoken(subject, section, heading, fallback, AnyCondition())

    def _spoken(
        self, subject: Subject, section: str, heading: str, fallback: Fallback, when: Condition
    ) -> Rule:
        return self._rule(
            section=section,
            heading=heading,
            subject=subject,
            verdict=_VERDICTS.get(fallback.verdict.text, Verdict.ASK),
            contained=fallback.verdict.text == _SANDBOX,
            when=when,
            at=fallback.verdict.at,
            because="" if fallback.because is None else fallback.because.text,
            instead="" if fallback.instead is None else fallback.instead.text,
            mode=None if fallback.mode is None else Mode(fallback.mode.text),
        )

    def _rule(  # noqa: PLR0913 (a rule has that many parts)
        self,
        *,
        section: str,
        heading: str,
        subject: Subject,
        verdict: Verdict,
        when: Condition,
        at: Origin,
        number: str = "",
        match: str = "",
        because: str = "",
        instead: str = "",
        mode: Mode | None = None,
        contained: bool = False,
    ) -> Rule:
        return Rule(
            id=".".join(part for part in (self.name, section, heading, number) if part),
            origin=at,
            subject=subject,
            verdict=verdict,
            when=when,
            because=because
            or wording.because(
                subject=subject,
                verdict=verdict,
                heading=heading,
                match=match,
                layer=self.name,
                contained=contained,
            ),
            instead=instead or wording.instead(subject=subject, verdict=verdict, heading=heading),
            mode=mode or self.mode,
            contained=contained,
        )


def _section(subject: Subject) -> str:
    return "commands" if subject in {Subject.OPAQUE, Subject.PROJECT_CODE} else subject.value


def _heading(subject: Subject) -> str:
    return subject.value if subject in {Subject.OPAQUE, Subject.PROJECT_CODE} else "other"
