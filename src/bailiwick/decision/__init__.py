"""PDP: facts and policy to a decision. Pure."""
