"""Credential in an HTTP header.

What it looks like stands in ``analysis.text.secret_kinds``; the page beside this file says the rest.
"""

from bailiwick.rules.rule import Severity
from bailiwick.rules.secret.engine import secret_rule

RULE = secret_rule(
    "secret/authorization-header", title="Credential in an HTTP header", severity=Severity.HIGH
)
