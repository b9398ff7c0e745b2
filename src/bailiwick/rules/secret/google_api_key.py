"""Google API key or OAuth secret.

What it looks like stands in ``analysis.text.secret_kinds``; the page beside this file says the rest.
"""

from bailiwick.rules.rule import Severity
from bailiwick.rules.secret.engine import secret_rule

RULE = secret_rule("secret/google-api-key", title="Google API key or OAuth secret", severity=Severity.HIGH)
