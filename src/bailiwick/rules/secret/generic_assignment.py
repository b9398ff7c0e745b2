"""Value that looks random, assigned to a name for secrets.

What it looks like stands in ``analysis.text.secret_kinds``; the page beside this file says the rest.
"""

from bailiwick.rules.rule import Severity
from bailiwick.rules.secret.engine import secret_rule

RULE = secret_rule(
    "secret/generic-assignment",
    title="Value that looks random, assigned to a name for secrets",
    severity=Severity.MEDIUM,
)
