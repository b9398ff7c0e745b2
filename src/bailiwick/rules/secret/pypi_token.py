"""PyPI upload token.

What it looks like stands in ``analysis.text.secret_kinds``; the page beside this file says the rest.
"""

from bailiwick.rules.rule import Severity
from bailiwick.rules.secret.engine import secret_rule

RULE = secret_rule("secret/pypi-token", title="PyPI upload token", severity=Severity.CRITICAL)
