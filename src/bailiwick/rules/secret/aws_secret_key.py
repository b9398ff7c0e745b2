"""AWS secret access key.

What it looks like stands in ``analysis.text.secret_kinds``; the page beside this file says the rest.
"""

from bailiwick.rules.rule import Severity
from bailiwick.rules.secret.engine import secret_rule

RULE = secret_rule("secret/aws-secret-key", title="AWS secret access key", severity=Severity.CRITICAL)
