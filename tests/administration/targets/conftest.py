"""Policies that the documents are compiled from."""

from collections.abc import Mapping

import pytest

from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Policy

ORGANISATION = """
organisation: acme
contact: security@acme.example
files:
  read_only: ["/etc/**", "/var/{lib,log}/**"]
  hidden: ["**/.env", "~/.aws/**"]
models: {base_url: "https://models.acme.example"}
"""

FRONTEND = """
profile: frontend
tools: {deny: [WebSearch, "Cron*"], other: allow}
files:
  writable: ["${project}/**"]
  read_only: ["${project}/dist/**", "~/.ssh/id_*"]
  ask_write: ["${project}/package.json"]
commands:
  allow: [npm]
  deny: ["rm -rf", "git push --force", "kubectl * delete", "npx foo*", "tar --a --b"]
  ask: ["git push"]
  other: ask
network: {allow: ["*.acme.example", "registry.npmjs.org:443"], deny: ["evil.example"], other: deny}
mcp: {allow: ["mcp__docs__*"], deny: ["mcp__docs__delete"], other: deny}
skills: {deny: [deploy], ask: [release], other: allow}
agents: {deny: [Explore], other: allow}
models: {allow: ["claude-sonnet-*"], regions: [eu]}
bash: {max_timeout: 30, background: deny}
sandbox: required
"""

PLAIN = "profile: plain\n"


@pytest.fixture(scope="session")
def policies() -> Mapping[str, Policy]:
    """Profiles by name, among them a monitored and a warned ``frontend``."""
    return load_policy_set(
        {
            "organisation.yaml": ORGANISATION,
            "profiles/frontend.yaml": FRONTEND,
            "profiles/monitored.yaml": FRONTEND.replace("frontend", "monitored") + "mode: monitor\n",
            "profiles/warned.yaml": FRONTEND.replace("frontend", "warned") + "mode: warn\n",
            "profiles/plain.yaml": PLAIN,
        }
    ).policies
