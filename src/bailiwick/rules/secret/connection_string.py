"""Connection string with a password.

What it looks like stands in ``analysis.text.secret_kinds``; the page beside this file says the rest.
"""

from bailiwick.rules.rule import Severity
from bailiwick.rules.secret.engine import secret_rule

RULE = secret_rule(
    "secret/connection-string", title="Connection string with a password", severity=Severity.HIGH
)
