"""Accounts with rights that a seed, a migration or a script makes in a database, and that no document speaks of."""

import re
from collections.abc import Iterable, Iterator

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import meant, place
from bailiwick.analysis.skill.sensitive import is_placeholder
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 40
"""Statements of one file that are looked at."""

_INSERTS = Wide(
    r"\binsert\s+(?:or\s+\w+\s+|ignore\s+)?into\s+[\"'`\[]?(?:\w+[\"'`\]]?\.[\"'`\[]?)?\w{0,30}(?:user|account|admin|member|staff|operator|auth|login|role|principal)\w{0,30}[\"'`\]]?[^;]{1,1500}",
    re.IGNORECASE,
)
_MODELS = Wide(
    r"\b(?:create_superuser|createsuperuser|create_admin_user|createAdminUser)\([^)]{1,400}\)|\b(?:[Uu]sers?|[Aa]dmins?|[Aa]dminUser|[Aa]ccounts?|[Mm]embers?|[Oo]perators?)(?:\.objects|\.query)?\.(?:create!?|create_user|insert(?:One|_one|Many)?|upsert|find_or_create_by!?|findOrCreate|updateOne|update_or_create|firstOrCreate|updateOrCreate|new)\b\s{0,3}[({][\s\S]{1,600}?(?:\)\s*$|\n\s*\n|\)\s*;|\Z)|\bUser::(?:create|firstOrCreate|updateOrCreate)\([\s\S]{1,600}?\)\s*;|\bcreateUser\(\s*\{[\s\S]{1,400}?\}\s*\)|\bdb\.(?:users?|admins?|accounts?)\.(?:insert\w*|update\w*|replaceOne)\([\s\S]{1,600}?\)\s*;?\s*$",
    re.MULTILINE,
)
_HIGH = re.compile(
    r"[\"'](?:super_?admin(?:istrator)?|admin(?:istrator)?|root|owner|superuser|sysadmin|ROLE_(?:SUPER_?)?ADMIN|userAdminAnyDatabase|dbAdminAnyDatabase|readWriteAnyDatabase)[\"']|\bis_?(?:super_?user|admin|staff|root)\b(?:[\"']?\s*(?:=>|[:=])\s*(?:true|1)|[^;]{0,600}\b(?:true|1)\b)|\badmin[\"']?\s*(?:=>|[:=])\s*true\b|\bcreate_superuser\(|\bcreateAdminUser\(|\bcreate_admin_user\(|:(?:super_?)?admin\b",
    re.IGNORECASE,
)
_HASH = re.compile(
    r"\$2[abxy]\$\d\d\$|\$argon2|\bpbkdf2[_:$]|\{S?SHA\d*\}|\$(?:5|6|y)\$|\bscrypt[:$]|[\"'][0-9a-f]{32}(?:[0-9a-f]{8}|[0-9a-f]{32}|[0-9a-f]{96})?[\"']"
)
_CHOSEN = re.compile(
    r"(?:password\w*|passwd|pwd|pass|pw)[\"']?\s*(?:=>|[:=,])\s*(?:\w+\(\s*)?[\"']((?=[^\"'\n]*\d)(?=[^\"'\n]*[A-Za-z])[^\"'\s$]{8,60})[\"']|\bcreate_superuser\((?:[^)]*?,\s*){1,3}[\"']((?=[^\"'\n]*\d)(?=[^\"'\n]*[A-Za-z])[^\"'\s$]{8,60})[\"']|\b(?:bcrypt|hash\w*|crypt|Hash::make|make_password|generate_password_hash|hashSync)\(\s*[\"']((?=[^\"'\n]*\d)(?=[^\"'\n]*[A-Za-z])[^\"'\s$]{8,60})[\"']",
    re.IGNORECASE,
)
"""A password that somebody chose, and not a word that stands for one."""
_STANDS_FOR = re.compile(
    r"passw|admin|secret|change|test|demo|example|default|local|dev|sample|123456|your|placeholder|letmein|welcome|qwerty",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[\"']([\w.+-]+@([\w-]+(?:\.[\w-]+)+))[\"']")
_RESERVED = re.compile(
    r"(?:^|\.)(?:example|test|localhost|local|invalid|internal)$|^(?:example|test|demo|dev|sample)\.\w+$|^(?:(?:your|my|acme|company|domain|contoso|corp)[\w-]*|e?mail|app|site)\.\w+$"
)
_ROLES = Wide(
    r"\bcreate\s+(?:role|user|login)\s+(?:if\s+not\s+exists\s+)?[\"'`\[]?([\w.-]{2,60})[^;]{0,300}?(?:\bpassword\s*=?\s*(?:\w+\s+)?|\bidentified\s+(?:with\s+\w+\s+)?by\s+)[\"']([^\"'\n]{4,80})[\"'][^;]{0,200}|\balter\s+(?:role|user|login)\s+[\"'`\[]?(postgres|root|sa|admin|mysql)\b[^;]{0,200}?(?:\bpassword\s*=?\s*|\bidentified\s+by\s+)[\"']([^\"'\n]{4,80})[\"']",
    re.IGNORECASE,
)
_ALL_RIGHTS = re.compile(
    r"\b(?<!no)superuser\b|\bbypassrls\b|\bcreaterole\b|\bgrant\s+all\b[^;]{0,60}\bon\s+\*\.\*|\bsysadmin\b|\bsecurityadmin\b|\bgrant\s+dba\b|\bpg_(?:read_all_data|write_all_data|execute_server_program|read_server_files)\b|\bwith\s+grant\s+option\b|\brds_superuser\b",
    re.IGNORECASE,
)
_MARKS = re.compile(r"\$|\{|%s|:\w|\?|<|^\s*$|^__|env")


def seeds(text: str, path: str, role: Role, into: Inventory, documents: Iterable[str]) -> None:
    """Notice the first of them: whoever wrote the skill can log in wherever it was used."""
    for who, what, at in (*_accounts(text, path, into), *_roles(text, path, into)):
        if not meant(text, at) or any(who.lower() in one.lower() for one in documents):
            continue
        said = f"makes {who} {what}, which no document says"
        into.notice(Mark.WEAKEN, said, place(path, text, at.start()), role, target="backdoor")
        return


def _accounts(text: str, path: str, into: Inventory) -> Iterator[tuple[str, str, re.Match[str]]]:
    for form in (_INSERTS, _MODELS):
        for match in into.first(form.finditer(text), MAX_FOUND, path):
            row = match[0]
            chosen = next((next(g for g in one.groups() if g) for one in _CHOSEN.finditer(row)), "")
            known = _HASH.search(row) is not None or (chosen and not _STANDS_FOR.search(chosen))
            if not known or not _HIGH.search(row):
                continue
            mail = next((one for one in _MAIL.finditer(row)), None)
            if mail and (is_placeholder(mail[2]) or _RESERVED.search(mail[2].lower())):
                continue
            named = re.search(r"(?:user(?:name)?|login|name)[\"']?\s*(?:=>|[:=])\s*[\"'](\w{3,40})[\"']", row)
            who = mail[1] if mail else named[1] if named else ""
            if who or _HASH.search(row):
                yield who or "an account of its own", "an administrator with a password of its own", match


def _roles(text: str, path: str, into: Inventory) -> Iterator[tuple[str, str, re.Match[str]]]:
    for match in into.first(_ROLES.finditer(text), MAX_FOUND, path):
        who, word = match[1] or match[3], match[2] or match[4]
        if _MARKS.search(word) or _STANDS_FOR.search(word) or word.lower() == who.lower():
            continue
        after = text[match.start() : match.end() + 400]
        if match[3] or _ALL_RIGHTS.search(after):
            yield who, "a user of the database with all rights and a password of its own", match
