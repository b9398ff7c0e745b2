"""Every rule, in the order findings are reported. A rule that isn't listed here doesn't exist."""

from bailiwick.analysis.text.kinds import KINDS
from bailiwick.rules.command import (
    destructive_infrastructure,
    downloaded_code,
    environment_injection,
    persistence,
    privilege,
    unbounded,
)
from bailiwick.rules.internal import not_fully_scanned, rule_error
from bailiwick.rules.prompt import hidden_text
from bailiwick.rules.rule import Rule
from bailiwick.rules.secret.engine import encoded_rule, rules_of

CATALOGUE: tuple[Rule, ...] = (
    downloaded_code.RULE,
    privilege.RULE,
    environment_injection.RULE,
    persistence.RULE,
    destructive_infrastructure.RULE,
    unbounded.RULE,
    hidden_text.RULE,
    *rules_of(KINDS),
    encoded_rule(),
    not_fully_scanned.RULE,
    rule_error.RULE,
)

PLAIN: tuple[Rule, ...] = tuple(rule for rule in CATALOGUE if not rule.of_secrets)
"""Those that look at more than the secrets found."""
