"""PIP: who is asking, in which session state, with which skills. Pure; the service feeds it."""
