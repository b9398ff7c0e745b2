"""What calls of a script do beside what they do to files: send, look up, connect, run and evaluate."""

import re

from bailiwick.analysis.skill.code import library
from bailiwick.analysis.skill.code.files import FIXED_DATE, FileEffects
from bailiwick.analysis.skill.code.places import addressed, host_in, word_of
from bailiwick.analysis.skill.code.values import GAP, NOTHING, Value, gathered
from bailiwick.analysis.skill.facts import Label, Mark, Origin, Sink
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.model.skill import CapabilityKind, Source

OUTPUT = "its output"
"""The target of a chain to what a script prints."""

_CARRIES = re.compile(rf"https?://[\w.-]{{1,200}}\.\w{{1,40}}[?/=&:][^\s{GAP}]{{0,400}}{GAP}")
"""An address with a piece in it that is put together."""

_TALKS = re.compile(r"^(?:\S*/)?(?:curl|wget|nc|ncat|netcat|socat|ssh|openssl|telnet|gh|aws)\b")
_HOSTLIKE = re.compile(r"(?:[\w-]+\.){1,6}[a-z]{2,12}(?::\d+)?")

_METHOD = re.compile(r"\.(get|post|put|patch|delete|head)$")


class Effects(FileEffects):
    """What the calls of some scripts do: they send, look up, connect, run, evaluate, beside what they do to files."""

    def _out(self, held: Value, host: str, line: int) -> None:
        if not self._looking:
            return
        self._gated(f"connects to {host}", line)
        for label in sorted(held.labels, key=str):
            self._into.chain(label, Sink.SEND, host, self._source(line), self._role)
        for label in sorted(held.auth - held.labels, key=str):
            self._into.chain(label, Sink.SEND, host, self._source(line), self._role, auth=True)

    def _gated(self, what: str, line: int) -> None:
        if self._gate and FIXED_DATE.search(self._gate):
            self._into.notice(
                Mark.GATED,
                f"{what} only when {self._gate}",
                self._source(line),
                self._role,
                sure=False,
                target="run",
            )

    def _sent(
        self, path: str, args: list[Value], named: dict[str, Value], line: int, about: Value = NOTHING
    ) -> Value:
        """A request; ``about`` is what the object that makes it holds (a session's headers)."""
        where = named.get("url") or (
            args[1]
            if path.endswith(".request") and len(args) > 1 and not addressed(args[0])
            else args[0]
            if args
            else NOTHING
        )
        host, within = self._host(where)
        method = _METHOD.search(path)
        sends = "data" in named or "json" in named or "files" in named or "content" in named or len(args) > 1
        verb = method[1].upper() if method else "POST" if sends else "GET"
        if self._looking:
            self._into.capability(
                CapabilityKind.NET, host, self._source(line), self._role, detail=verb, by=self._program.path
            )
        body = gathered(
            [
                where,
                *args[1:],
                *(value for name, value in named.items() if name not in library.HEADERS and name != "url"),
            ]
        )
        # A variable that says where to goes nowhere; ``headers`` prove who asks.
        address = within | frozenset(
            label
            for label in where.labels
            if (label.origin is Origin.VARIABLE and where.texts and where.text.startswith(GAP))
            or (label.origin is Origin.VARIABLE and not where.texts)
        )
        auth = (
            frozenset().union(*(value.every for name, value in named.items() if name in library.HEADERS))
            if named
            else frozenset[Label]()
        )
        self._out(
            Value((), (body.labels - address) | about.labels, body.auth | auth | about.auth), host, line
        )
        if path == "urllib.request.urlretrieve" and len(args) > 1:
            fetched = frozenset((Label(Origin.DOWNLOAD, host, self._source(line)),))
            self._written(args[1], Value((), fetched), line)
        return Value(
            where.texts if path.endswith(".Request") else (),
            frozenset(
                (
                    Label(Origin.DOWNLOAD, host, self._source(line)),
                    Label(Origin.CARRIED, host, self._source(line)),
                )
            )
            if path.startswith(("http", "XML"))
            else frozenset((Label(Origin.DOWNLOAD, host, self._source(line)),)),
        )

    def _host(self, where: Value) -> tuple[str, frozenset[Label]]:
        """The host of an address, and the labels of the files of the skill in which it stands."""
        host = host_in(where)
        if host != "*":
            return host, frozenset()
        for label in sorted(where.labels, key=str):
            name = label.name.removeprefix("${skill}/").removeprefix("*/")
            for path, text in self._data.items() if label.origin is Origin.FILE and name else ():
                if (path == name or path.endswith(f"/{name}")) and (hosts := hosts_in(text)):
                    return hosts[0], frozenset((label,))
        return "*", frozenset()

    def _connected(self, args: list[Value], line: int) -> Value:
        host = host_in(args[0]) if args else "*"
        if (
            host == "*"
            and args
            and GAP not in args[0].text
            and re.fullmatch(r"[\w.:-]*[a-zA-Z.][\w.:-]*", args[0].text)
        ):
            host = args[0].text.lower()
        if self._looking:
            self._into.capability(
                CapabilityKind.NET,
                host,
                self._source(line),
                self._role,
                detail="connect",
                by=self._program.path,
            )
        return Value((), frozenset((Label(Origin.CARRIED, host, self._source(line)),)))

    def _dns(self, args: list[Value], line: int) -> Value:
        held = gathered(args)
        host = args[0].text.rpartition(GAP)[2].lstrip(".") if args and args[0].texts else ""
        if self._looking:
            self._into.capability(
                CapabilityKind.NET,
                host or "*",
                self._source(line),
                self._role,
                detail="dns",
                by=self._program.path,
            )
            if args and (host or not args[0].texts or GAP in args[0].text):
                for label in sorted(held.labels, key=str):
                    self._into.chain(label, Sink.DNS, host or "*", self._source(line), self._role)
        return Value((), frozenset((Label(Origin.DOWNLOAD, host or "*", self._source(line)),)))

    def _shown(self, held: Value, texts: tuple[str, ...], line: int) -> None:
        """What a script prints, the model reads: an address with data in it, or what somebody else's host answers."""
        if not self._looking:
            return
        host = next((hosts_in(text.replace(GAP, "x"))[0] for text in texts if _CARRIES.search(text)), "")
        for label in sorted(held.labels, key=str):
            if host and label.origin in (
                Origin.CREDENTIALS,
                Origin.ENVIRONMENT,
                Origin.VARIABLE,
                Origin.CONVERSATION,
                Origin.PERSONAL,
            ):
                self._into.chain(label, Sink.LINK, host, self._source(line), self._role)
            elif label.origin is Origin.DOWNLOAD:
                self._into.chain(label, Sink.CONTEXT, OUTPUT, self._source(line), self._role)

    def _ran(
        self, path: str, args: list[Value], words: list[Value], line: int, given: Value = NOTHING
    ) -> Value:
        """A command that is started; ``words`` are its words, where they stand apart, ``given`` what it reads."""
        held = gathered(args)
        texts = (
            [" ".join(word_of(word.text) for word in words)] if words else list(args[0].texts) if args else []
        )
        source = self._source(line)
        result: frozenset[Label] = frozenset()
        if not self._looking:
            printed = [label for text in texts for label in self._printed(text, source)]
            spoken = [label for text in texts if _TALKS.search(text) for label in self._carried(text, source)]
            return Value((), held.labels.union(printed, spoken))
        self._gated(f"runs {texts[0][:60] if texts else 'something'}", line)
        for text in texts:
            for label in self._shell.command(text, source, self._role, held.labels, self._program.path):
                result |= {label}
        if given.labels:
            for host in dict.fromkeys(
                item.target
                for item in self._into.capabilities
                if item.kind is CapabilityKind.NET and item.source == source
            ):
                self._out(given, host, line)
        if not texts:
            self._into.capability(CapabilityKind.EXEC, "*", source, self._role, by=self._program.path)
        for label in sorted(held.labels, key=str):
            if label.origin in (Origin.DOWNLOAD, Origin.ENCODED, Origin.INPUT, Origin.CARRIED):
                self._into.chain(label, Sink.EXECUTE, path, source, self._role)
        spoken = [label for text in texts if _TALKS.search(text) for label in self._carried(text, source)]
        return Value((), (result | held.labels).union(spoken))

    def _carried(self, text: str, source: Source) -> list[Label]:
        """A program under way that sends what it reads is a connection to its host."""
        hosts = hosts_in(text.replace(GAP, "x")) or [
            word for word in text.split() if _HOSTLIKE.fullmatch(word)
        ]
        return [Label(Origin.CARRIED, host, source) for host in hosts[:1]]

    def _printed(self, text: str, source: Source) -> frozenset[Label]:
        """The kinds of data in what a command prints; a command is read once for it."""
        if (text, source) not in self._outputs:
            self._outputs[text, source] = self._shell.command(
                text, source, self._role, frozenset(), self._program.path
            )
        return self._outputs[text, source]

    def _evaluated(self, args: list[Value], line: int, path: str) -> Value:
        if self._looking:
            for label in sorted(args[0].labels, key=str):
                self._into.chain(label, Sink.EXECUTE, path, self._source(line), self._role)
            for text in args[0].texts:
                if any(label.origin is Origin.ENCODED for label in args[0].labels):
                    self._shell.decoded(text, self._source(line), self._role)
        return Value((), args[0].labels)

    def _deserialized(
        self, path: str, held: Value, named: dict[str, Value], args: list[Value], line: int
    ) -> None:
        if (
            not self._looking
            or (path == "yaml.load" and (len(args) > 1 or "Loader" in named))
            or path == "yaml.full_load"
        ):
            return
        for label in sorted(held.labels, key=str):
            if label.origin in (Origin.DOWNLOAD, Origin.CARRIED, Origin.FILE, Origin.ENCODED):
                self._into.notice(
                    Mark.DESERIALIZE,
                    f"{path} runs what is in {label.name}",
                    self._source(line),
                    self._role,
                    sure=label.origin is not Origin.FILE or path.startswith("marshal"),
                    target=label.origin.value,
                    also=(label.source,),
                )
