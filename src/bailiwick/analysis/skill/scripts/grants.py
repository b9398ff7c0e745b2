"""Rights over an account of a cloud, a cluster or a repository that are given to somebody whom the skill brings."""

import re
from collections.abc import Iterable, Iterator

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.sensitive import is_placeholder
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 40
"""Grants of one file that are looked at."""

AROUND = 700
"""Characters around a principal in which its statement says what it may do."""

_ACCOUNT = Wide(
    r"(?:arn:aws[\w-]*:iam::(\d{12}):|(?:\bAWS[\"']?\s*[=:]\s*\[?\s*|--account-id[ =]|\bidentifiers\s*=\s*\[\s*)[\"'](\d{12})[\"'])[\w/+=,.@*-]{0,80}"
)
_PRINCIPAL = re.compile(
    r"\b(?:Principals?|principals|identifiers|AccountPrincipal|ArnPrincipal|--principal|trust)\b[^\n]{0,300}(?:\n[^\n]{0,120}){0,4}$"
)
_ANYBODY = Wide(
    r"[\"']?\bPrincipals?[\"']?\s*[=:]\s*(?:[\"']\*[\"']|\{\s*[\"']?AWS[\"']?\s*[=:]\s*\[?\s*[\"']\*[\"'])|\bidentifiers\s*=\s*\[\s*[\"']\*[\"']"
)
_ACTS = re.compile(
    r"sts:(?:AssumeRole\b(?!With)|\*)|secretsmanager:|kms:Decrypt|\bactions?[\"']?\s*[=:]\s*\[?\s*[\"']\*[\"']",
    re.IGNORECASE,
)
_BOUND = re.compile(r"\b[Cc]ondition\b")
_STANDS_FOR = re.compile(
    r"^(?:(\d)\1{11}|123456789012|111122223333|444455556666|777788889999|012345678901|210987654321|098765432109|987654321098)$"
)
"""Accounts that documents use."""

_MEMBER = Wide(
    r"(?:\bmembers?[\"']?\s*[=:]\s*\[?\s*|--member[ =])[\"']?((?:user|group|serviceAccount|domain):[\w.+@-]+|allUsers|allAuthenticatedUsers)\b"
)
_HIGH_ROLE = re.compile(
    r"\broles/(?:owner|editor|iam\.\w*[aA]dmin|iam\.serviceAccountTokenCreator|secretmanager\.\w+|storage\.(?:admin|objectAdmin|objectViewer)|resourcemanager\.\w+|bigquery\.(?:admin|dataViewer)|container\.admin|compute\.admin)"
)
_GOOGLES = re.compile(
    r"gcp-sa-|developer\.gserviceaccount|appspot\.gserviceaccount|cloudservices|^[A-Z_]+\.iam\."
)
"""Accounts of the services of the cloud itself, and a project that is to be put in."""
_AZURE = Wide(
    r"\b(?:principal_id|principalId|--assignee(?:-object-id)?)[\"']?[ =:]+[\"']?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[\w.+-]+@[\w.-]+\.\w{2,10})",
    re.IGNORECASE,
)
_AZURE_ROLE = re.compile(
    r"\b(?:Owner|Contributor|User Access Administrator|Key Vault (?:Administrator|Secrets (?:User|Officer))|Storage Blob Data (?:Owner|Contributor|Reader))\b"
)
_CLUSTER = Wide(
    r"(?:\bkind:\s*ClusterRoleBinding\b[\s\S]{0,800}?\bname:\s*[\"']?(?:system:(?:anonymous|unauthenticated|authenticated)|[\w.+-]+@[\w.-]+\.\w{2,10})|\bcreate\s+clusterrolebinding\b[^\n]{0,200}--(?:user|group)[ =](?:system:(?:anonymous|unauthenticated)|[\w.+-]+@[\w.-]+))"
)
_COLLABORATOR = Wide(
    r"\bgh\s+api\b[^\n]{0,200}/collaborators/([A-Za-z][\w-]{1,38})\b[^\n]{0,200}|\bgh\s+api\b[^\n]{0,200}\b(?:repos|orgs)/[^\n]{0,120}/(?:invitations|keys)\b[^\n]{0,200}|\bgh\s+repo\s+deploy-key\s+add\b[^\n]{0,200}"
)


def grants(text: str, path: str, role: Role, into: Inventory, documents: Iterable[str]) -> None:
    """Notice who is given rights; somebody whom a document of the skill names is a partner, not a stranger."""
    for said, whom, at in _given(text, path, into):
        told = bool(whom) and any(whom in one for one in documents)
        into.notice(
            Mark.WEAKEN,
            said,
            place(path, text, at),
            role,
            sure=not told,
            target="workflow" if told else "backdoor",
        )
        if not told:
            return


def _given(text: str, path: str, into: Inventory) -> Iterator[tuple[str, str, int]]:
    for match in into.first(_ACCOUNT.finditer(text), MAX_FOUND, path):
        account = match[1] or match[2]
        before = text[max(match.start() - AROUND, 0) : match.start()]
        around = before + text[match.start() : match.end() + AROUND]
        if _STANDS_FOR.match(account) or not _PRINCIPAL.search(before) or not _ACTS.search(around):
            continue
        yield f"lets the account {account} act with rights of this one", account, match.start()
    for match in into.first(_ANYBODY.finditer(text), MAX_FOUND, path):
        around = text[max(match.start() - AROUND, 0) : match.end() + AROUND]
        if _ACTS.search(around) and not _BOUND.search(around):
            yield "lets any account act with rights of this one", "", match.start()
    for match in into.first(_MEMBER.finditer(text), MAX_FOUND, path):
        whom = match[1].partition(":")[2] or match[1]
        around = text[max(match.start() - 300, 0) : match.end() + 300]
        named = whom.partition("@")[2]
        if (
            (high := _HIGH_ROLE.search(around))
            and not (named and is_placeholder(named))
            and not _GOOGLES.search(named)
        ):
            yield f"gives {whom} the role {high[0]}", whom, match.start()
    for match in into.first(_AZURE.finditer(text), MAX_FOUND, path):
        around = text[max(match.start() - 400, 0) : match.end() + 400]
        if (high := _AZURE_ROLE.search(around)) and not re.fullmatch(r"[0-]+", match[1]):
            yield f"gives {match[1]} the role {high[0]}", match[1], match.start()
    for match in into.first(_CLUSTER.finditer(text), MAX_FOUND, path):
        around = text[max(match.start() - 300, 0) : match.end() + 300]
        if "cluster-admin" in around:
            yield "gives somebody outside all rights over a cluster", "", match.start()
    for match in into.first(_COLLABORATOR.finditer(text), MAX_FOUND, path):
        if match[1] and re.search(r"-X\s*PUT|--method\s+PUT", match[0]):
            yield f"makes {match[1]} a collaborator of the repository", match[1], match.start()
