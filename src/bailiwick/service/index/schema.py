"""The embedded index's tables.

Names (users, sessions, tools, paths ...) stand once and are numbers elsewhere. Rows go by place in the log, which is also the
order of every answer, so an index on a name alone gives its records newest first; a time becomes a range of places through ``hour``.
Full text keeps which words occur in which record, not the texts (FTS5, contentless, ``detail=none``); whose record it is is a word
of it too, so that looking through one user's records doesn't look through everybody's. ``total`` and ``daily`` hold the counts that
fleet-wide questions ask for, ``seen`` what each user's agent used and when first.
"""

VERSION = 3

FIELDS = ("user", "session", "client_session", "tool", "kind", "host")
"""Single-valued names of a record, each a column of ``event``; 0 stands for none."""

VERDICTS = ("", "abstain", "allow", "ask", "deny")
"""Verdicts are their place in this list."""

ASKED = 3
"""From this verdict on somebody was stopped."""

LISTS = ("skill", "rule", "path", "contact")
"""Names of which a record may have several, each with a table of its own."""

CODES = {name: code for code, name in enumerate((*FIELDS, *LISTS))}
"""How the table of names calls the fields."""

OWNER = "\ue000"
"""A letter for private use, which no text keeps: with the number of the user it is a word of each of the user's records."""

_COLUMNS = ", ".join(f"{name} INTEGER NOT NULL" for name in FIELDS)
_USES = "\n".join(
    f"CREATE TABLE {name}_of (name INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (name, place)) STRICT, WITHOUT ROWID;"
    for name in LISTS
)

SCHEMA = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE name (id INTEGER PRIMARY KEY, field INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE (field, text)) STRICT;
CREATE TABLE event (place INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, verdict INTEGER NOT NULL, enforced INTEGER NOT NULL, {_COLUMNS}) STRICT;
CREATE INDEX event_user ON event (user);
CREATE INDEX event_session ON event (session);
CREATE INDEX event_client_session ON event (client_session);
CREATE INDEX event_stopped ON event (place) WHERE enforced >= {ASKED} OR verdict >= {ASKED};
{_USES}
CREATE VIRTUAL TABLE words USING fts5(text, content='', columnsize=0, detail=none, tokenize="unicode61 remove_diacritics 0");
CREATE TABLE hour (hour INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;
CREATE TABLE total (user INTEGER NOT NULL, tool INTEGER NOT NULL, verdict INTEGER NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY (user, tool, verdict)) STRICT, WITHOUT ROWID;
CREATE TABLE daily (day INTEGER NOT NULL, tool INTEGER NOT NULL, verdict INTEGER NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY (day, tool, verdict)) STRICT, WITHOUT ROWID;
CREATE TABLE daily_user (day INTEGER NOT NULL, user INTEGER NOT NULL, verdict INTEGER NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY (day, user, verdict)) STRICT, WITHOUT ROWID;
CREATE TABLE daily_both (user INTEGER NOT NULL, day INTEGER NOT NULL, tool INTEGER NOT NULL, verdict INTEGER NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY (user, day, tool, verdict)) STRICT, WITHOUT ROWID;
CREATE TABLE seen (thing TEXT NOT NULL, user INTEGER NOT NULL, name INTEGER NOT NULL, place INTEGER NOT NULL, time_ms INTEGER NOT NULL,
  times INTEGER NOT NULL, PRIMARY KEY (thing, user, name)) STRICT, WITHOUT ROWID;
CREATE INDEX seen_time ON seen (thing, time_ms);
PRAGMA user_version = {VERSION};
"""
