"""Every rule, in the order findings are reported. A rule that isn't listed here doesn't exist."""

from bailiwick.rules.command import (
    destructive_infrastructure,
    downloaded_code,
    environment_injection,
    persistence,
    privilege,
)
from bailiwick.rules.internal import not_fully_scanned, rule_error
from bailiwick.rules.prompt import hidden_text
from bailiwick.rules.rule import Rule
from bailiwick.rules.secret import (
    anthropic_key,
    authorization_header,
    aws_access_key,
    aws_secret_key,
    connection_string,
    generic_assignment,
    github_token,
    gitlab_token,
    google_api_key,
    jwt,
    npm_token,
    openai_key,
    private_key,
    pypi_token,
    slack_token,
    stripe_key,
)

CATALOGUE: tuple[Rule, ...] = (
    downloaded_code.RULE,
    privilege.RULE,
    environment_injection.RULE,
    persistence.RULE,
    destructive_infrastructure.RULE,
    hidden_text.RULE,
    anthropic_key.RULE,
    aws_access_key.RULE,
    aws_secret_key.RULE,
    github_token.RULE,
    gitlab_token.RULE,
    npm_token.RULE,
    pypi_token.RULE,
    slack_token.RULE,
    google_api_key.RULE,
    openai_key.RULE,
    stripe_key.RULE,
    private_key.RULE,
    connection_string.RULE,
    jwt.RULE,
    authorization_header.RULE,
    generic_assignment.RULE,
    not_fully_scanned.RULE,
    rule_error.RULE,
)
