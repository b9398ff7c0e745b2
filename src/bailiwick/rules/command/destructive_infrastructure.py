"""A command would take down infrastructure or data that no checkout brings back."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from bailiwick.model.access import Finding, ProgramTarget
from bailiwick.model.regex import regex
from bailiwick.model.value import value
from bailiwick.rules.rule import Evidence, Rule, Severity


@value(frozen=True, slots=True)
class _Deed:
    """Programs, words that must follow each other (globs), and options of which one must occur, if any."""

    programs: str
    words: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


_DEEDS: tuple[_Deed, ...] = (
    _Deed("terraform tofu terragrunt", ("destroy",)),
    _Deed("terraform tofu terragrunt", ("apply",), ("-destroy", "--destroy")),
    _Deed("terraform tofu terragrunt", ("state", "rm")),
    _Deed("terraform tofu terragrunt", ("workspace", "delete")),
    _Deed("terragrunt", ("run-all", "destroy")),
    _Deed("pulumi", ("destroy",)),
    _Deed("pulumi", ("stack", "rm")),
    _Deed("cdk cdktf sls serverless copilot sst", ("destroy",)),
    _Deed("sls serverless sst", ("remove",)),
    *(_Deed("kubectl oc k", ("delete", kind)) for name in (
        "ns", "namespace", "namespaces", "pv", "pvc", "persistentvolume", "persistentvolumes", "persistentvolumeclaim",
        "persistentvolumeclaims", "no", "node", "nodes", "crd", "crds", "customresourcedefinition", "customresourcedefinitions",
        "clusterrole", "clusterrolebinding", "project",
    ) for kind in (name, f"{name}/*")),
    _Deed("kubectl oc k", ("delete",), ("--all", "--all-namespaces", "-A", "--all=true")),
    _Deed("kubectl oc k", ("drain",)),
    _Deed("helm", ("uninstall",)),
    _Deed("helm", ("delete",)),
    _Deed("argocd", ("app", "delete")),
    _Deed("eksctl kind k3d minikube kops", ("delete",)),
    _Deed("aws", ("s3", "rb")),
    _Deed("aws", ("s3", "rm"), ("--recursive",)),
    _Deed("aws", ("s3", "sync"), ("--delete",)),
    _Deed("aws", ("*", "delete-*")),
    _Deed("aws", ("*", "terminate-*")),
    _Deed("aws", ("*", "deregister-*")),
    _Deed("aws", ("kms", "schedule-key-deletion")),
    _Deed("aws", ("*", "purge-*")),
    _Deed("gcloud", ("*", "delete")),
    _Deed("gsutil", ("rb",)),
    _Deed("gsutil", ("rm",), ("-r", "-R")),
    _Deed("bq", ("rm",)),
    _Deed("az", ("*", "delete")),
    _Deed("az", ("*", "purge")),
    _Deed("azd", ("down",)),
    _Deed("doctl linode-cli hcloud scw civo vultr-cli exo", ("*", "delete")),
    _Deed("flyctl fly", ("*", "destroy")),
    _Deed("flyctl fly", ("destroy",)),
    _Deed("heroku", ("*:destroy",)),
    _Deed("heroku", ("pg:reset",)),
    _Deed("gh", ("repo", "delete")),
    _Deed("glab", ("repo", "delete")),
    _Deed("docker podman", ("system", "prune"), ("--volumes",)),
    _Deed("docker podman", ("volume", "rm")),
    _Deed("docker podman", ("volume", "prune")),
    _Deed("docker-compose", ("down",), ("-v", "--volumes")),
    _Deed("docker podman", ("compose", "down"), ("-v", "--volumes")),
    _Deed("dropdb"),
    _Deed("dropuser"),
    _Deed("mysqladmin", ("drop",)),
    _Deed("redis-cli valkey-cli", ("[Ff][Ll][Uu][Ss][Hh]*",)),
    _Deed("vault", ("secrets", "disable")),
    _Deed("vault", ("kv", "destroy")),
    _Deed("vault", ("kv", "metadata", "delete")),
    _Deed("consul", ("kv", "delete"), ("-recurse",)),
    _Deed("rabbitmqctl", ("delete_*",)),
    _Deed("rabbitmqctl", ("reset",)),
    _Deed("kafka-topics kafka-topics.sh", (), ("--delete",)),
    _Deed("zfs zpool", ("destroy",)),
    _Deed("lvremove"),
    _Deed("vgremove"),
    _Deed("wipefs"),
    _Deed("mkfs mkfs.ext4 mkfs.xfs mkfs.btrfs mke2fs"),
    _Deed("virsh", ("undefine",)),
    _Deed("etcdctl", ("del",), ("--prefix",)),
    _Deed("supabase", ("db", "reset"), ("--linked",)),
)  # fmt: skip

_BY_PROGRAM: dict[str, list[_Deed]] = {}
for _deed in _DEEDS:
    for _program in _deed.programs.split():
        _BY_PROGRAM.setdefault(_program, []).append(_deed)

_HARMLESS = frozenset(
    ("--dry-run", "--dry-run=client", "--dry-run=server", "--dryrun", "--help", "-h", "--noop")
)

_CLIENTS = frozenset(
    [
        "psql",
        "pgcli",
        "mysql",
        "mariadb",
        "mycli",
        "sqlite3",
        "sqlcmd",
        "cockroach",
        "clickhouse-client",
        "duckdb",
        "mongosh",
        "mongo",
    ]
)
_STATEMENT = regex(
    r"""\b(?:drop\s+(?:database|schema|table|tablespace|owned|user|role)\b | truncate\s+(?:table\s+)?\w
    | delete\s+from\s+[\w."`]+\s*(?:;|\Z) | dropDatabase\s*\( | \.drop\s*\(\s*\) | deleteMany\s*\(\s*\{\s*\}\s*\) )""",
    re.IGNORECASE | re.VERBOSE,
)
"""Statements that leave nothing of a database, a table or a collection; a ``delete`` with a condition isn't one."""


def _find(evidence: Evidence) -> Iterator[Finding]:
    for _, access, program in evidence.programs():
        if statement := _statement(program):
            yield Finding(
                rule=RULE.id,
                message=f"{program.name}: {statement} takes down data",
                field="tool_input.command",
                cause=access.cause,
            )
        for deed in _BY_PROGRAM.get(program.name, ()):
            if _matches(deed, program):
                shown = " ".join((program.name, *deed.words, *deed.options[:1]))
                yield Finding(
                    rule=RULE.id,
                    message=f"{shown} takes down infrastructure or data",
                    field="tool_input.command",
                    cause=access.cause,
                )
                break


def _statement(program: ProgramTarget) -> str:
    """The first words of what a database client is told on its command line, where that takes data down."""
    if program.name not in _CLIENTS:
        return ""
    found = next((match for word in program.argv[1:] if word and (match := _STATEMENT.search(word))), None)
    return " ".join(found[0].split()[:2]) if found else ""


def _matches(deed: _Deed, program: ProgramTarget) -> bool:
    given = {word for word in program.argv[1:] if word}
    if given & _HARMLESS:
        return False
    if deed.options and not any(option in given for option in deed.options):
        return False
    operands = [word for word in (program.words or program.argv[1:]) if word and not word.startswith("-")]
    count = len(deed.words)
    return any(
        all(
            fnmatchcase(word, pattern)
            for word, pattern in zip(operands[at : at + count], deed.words, strict=True)
        )
        for at in range(len(operands) - count + 1)
    )


RULE = Rule(
    id="command/destructive-infrastructure",
    title="Infrastructure or data would be taken down",
    severity=Severity.CRITICAL,
    find=_find,
)
