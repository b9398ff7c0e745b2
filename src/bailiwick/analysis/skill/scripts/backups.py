"""Backups that don't hold what they are believed to hold: deleted, kept for no time, switched off, cut short, locked without a key."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import meant, place, row_of
from bailiwick.analysis.skill.scripts.safeguards import Found
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_CONTEXT = Wide(
    r"back-?up|snapshot|restore|restic|\bborg|\bdump\b|pg_dump|mysqldump|shadow|retention|versioning|tmutil|archive|\.bak\b",
    re.IGNORECASE,
)
_GUARD = re.compile(
    r"cutoff|timedelta|older|\bage\b|-mtime\s*\+\d|\binput\(|\bread\s+-\w*p|confirm|dry[-_]?run|max_age|StartTime|SnapshotCreateTime|keep[-_]|\bexpire|\bsort\b|\bhead\s+-n\s*-|tail\s+-n\s*\+|\[\s*:?-?\w+\s*:\s*\]|\.test\(|\bWhatIf\b|Read-Host|terraform|\bmktemp\b",
    re.IGNORECASE,
)
"""What makes the deletion one of old or chosen things."""
MAX_NEAR = 600
"""Characters around a deletion in which it is said what is chosen."""
MAX_KEYS = 20
"""Keys of one script that are followed."""

_DELETED = Wide(
    r"\bvssadmin(?:\.exe)?[\s\"',]+delete[\s\"',]+shadows\b|\bwmic\s+shadowcopy\s+delete\b|\bwbadmin\s+delete\s+(?:catalog|systemstatebackup|backup)\b|\bWin32_ShadowCopy\b[^\n]{0,120}(?:Delete|Remove-)|\btmutil[\s\"',]+(?:deletelocalsnapshots|delete)\b"
    r"|\bborg\s+delete\b|\brestic\b[^\n]{0,80}--keep-(?:last|daily)[= ]0\b|\brestic\s+forget\b[^\n]{0,120}--unsafe-allow-remove-all|\bsnapper\b[^\n]{0,40}\sdelete\s+1-|\btimeshift\s+--delete-all\b|\bvelero\s+(?:backup|schedule)\s+delete\b[^\n]{0,80}(?:--all|--confirm)|\bkubectl\s+delete\s+volumesnapshots?\b[^\n]{0,60}--all"
    r"|\bdelete[-_](?:db[-_](?:cluster[-_])?)?snapshots?\b|\bdelete[-_](?:recovery[-_]point|backup(?:[-_](?:vault|plan|selection))?|automated[-_]backup)s?\b|\bDelete(?:DB)?Snapshot(?:Command)?\b|\bgcloud\s+(?:compute\s+snapshots|sql\s+backups)\s+delete\b|\baz\s+(?:snapshot|backup\s+\w+)\s+(?:delete|disable)\b"
    r"|\bzfs\s+destroy\s+-\w*r|\b(?:rm\s+-\w*r\w*|Remove-Item)\s[^\n;|&]{0,60}?(?:/(?:var/|mnt/|srv/|opt/)?backups?|[\\/]Backups?)[\"']?(?:/?\*?[\"']?)?(?=\s|$|;)|\b(?:gsutil|aws\s+s3|rclone)\s[^\n;|]{0,40}\b(?:rm|rb|purge|delete)\b[^\n;|]{0,80}backup|\bshutil\.rmtree\(\s*[\"'][^\"'\n]{0,60}/backups?/?[\"']",
)
_KEPT_NO_TIME = Wide(
    r"\bBackupRetentionPeriod[\"']?\s*[=:]\s*0\b|--backup-retention-period[= ]0\b|\bbackup_retention_period\s*=\s*0\b|\bretention(?:_?(?:days|count|policy|period))?[\"']?\s*[=:]\s*[\"']?0[dD]?\b|\bRETENTION_?\w*=[\"']?0\b"
    r"|--keep-(?:last|daily|weekly)[= ]0\b|\bfind\s[^\n|;]{0,80}back-?ups?[^\n|;]{0,120}(?:-mtime\s*\+0|-mmin\s*\+\d{1,2}\b|-atime\s*\+0)[^\n|;]{0,60}(?:-delete|rm\b)|\bfind\s+[\"']?[^\n|;]{0,40}back-?ups?[^\n|;]{0,80}-type\s+f\s+-delete\b"
    r"|\bretention:\s*\n(?:[ \t]+(?:keep_)?(?:hourly|daily|weekly|monthly|yearly|last):\s*0\s*\n?){2,6}|\bkeep_(?:daily|weekly|monthly):\s*0\s*\n\s*keep_\w+:\s*0\b",
    re.IGNORECASE,
)
_ALL_OF_THEM = Wide(
    r"\bfind\s+(?=[^\n;|]{0,80}(?:/\s|/(?:srv|opt|var|home|mnt|data|root)\b))(?:[^\n;|&]|\\\n){0,300}?-i?name\s+[\"']?\*\.?(?:dump|sql|bak|tar|backup)\S*(?:[^\n;|&]|\\\n){0,200}?(?:-delete\b|-exec\s+rm\b)"
    r"|\bin\s+[\"']?\$\(\s*zfs\s+list\b[^\n;]{0,120}snapshot[^\n]{0,80};?\s*do\s[^\n]{0,40}\bzfs\s+destroy\b|\bzfs\s+list\b[^\n;]{0,120}snapshot[^\n;]{0,60}\|\s*xargs\b[^\n;]{0,60}\bzfs\s+destroy\b"
)
"""Every dump below a folder of the machine, every snapshot there is, whatever its age."""
_AGED = re.compile(r"-[mac](?:time|min)\s+[+\"'$]|-newer|\bhead\s+-n\s*-|\btail\b")
_LIFECYCLE = Wide(r"\blifecycle\b[\s\S]{0,400}?\bExpiration\b[^\n]{0,40}?\bDays\\?[\"']?\s*:\s*[01]\b")
_SWITCHED_OFF = Wide(
    r"\btmutil[\s\"',]+disable\b|\brecoveryenabled[\s\"',]+no\b|\bDisable-ComputerRestore\b|\breagentc(?:\.exe)?\s+/disable\b|\bsystemctl\s+(?:disable|stop|mask)\b[^\n;&|]{0,40}\s[\w@.-]*(?:back-?up|restic|borg\w*|snapper|timeshift|rsnapshot|duplic\w+|barman|pgbackrest|velero)[\w@.-]*"
    r"|\bcrontab\s+-l\b[^\n|]{0,40}\|\s*(?:grep\s+-\w*v\w*|sed\b)[^\n|]{0,60}(?:back-?up|restic|borg|dump|snapshot)[^\n|]{0,60}\|\s*crontab\b|\b(?:schtasks|Unregister-ScheduledTask|Disable-ScheduledTask)\b[^\n]{0,80}(?:delete|disable|TaskName)[^\n]{0,60}back-?up"
    r"|\bput[-_]bucket[-_]versioning\b[^\n]{0,160}Suspended|\bVersioningConfiguration\b[^\n]{0,60}Suspended|\bgsutil\s+versioning\s+set\s+off|--no-enable-(?:point-in-time-recovery|automated-backup)|\bPointInTimeRecoveryEnabled[\"']?\s*[=:]\s*(?:False|false)|\bgcloud\s+sql\s+instances\s+patch\b[^\n]{0,80}--no-backup|\b(?:point_in_time_recovery|backup)\s*\{\s*enabled\s*=\s*false|\bBACKUPS?_ENABLED=(?:0|false|no)\b|\bkubectl\s+(?:delete|patch)\s+cronjobs?[ /][\w-]*backup[\w-]*(?![^\n]*unsuspend|[^\n]*false)",
    re.IGNORECASE,
)
_CUT_SHORT = Wide(
    r"(?:write_bytes|write_text|\.write|writeFile(?:Sync)?)\([^\n]{0,120}(?:\[\s*:\s*(?:len\(\w+\)\s*//\s*\d|\d{1,6}|-\d+)\s*\]|\.(?:slice|subarray)\(\s*0\s*,\s*(?:Math\.\w+\()?\w+\.(?:length|byteLength)\s*/\s*\d)|\bhead\s+-c\s*\d{1,7}[kKM]?\s[^\n;|]{0,80}>\s*[^\n;|]{0,60}back-?up|\bdd\s[^\n;|]{0,120}of=[^\n;|]{0,60}back-?up[^\n;|]{0,60}\scount=\d{1,4}\b"
)
_TO_NOWHERE = Wide(
    r"\b(?:pg_dump(?:all)?|mysqldump|mongodump|sqlite3\s[^\n]{0,60}\.dump|tar\s+-?c\w*|rsync|restic\s+backup|borg\s+create)\b(?![^\n]{0,80}(?:-n\b|--dry-run\s+--list))[^\n|;]{0,160}(?<![2&\d])>\s*/dev/null|\b(?:restic\s+backup|borg\s+create|rsync)\b[^\n;|]{0,120}\s(?:--dry-run|-n)\b[^\n;|]{0,80}",
)
_DONE = Wide(
    r"^[ \t]*(?:echo|printf|print\s*\(|console\.log\(|Write-\w+|logger)[^\n]{0,100}\b(?:ok|success\w*|complete[d]?|finished|done|saved|stored|written|all)\b",
    re.IGNORECASE | re.MULTILINE,
)
_EXCLUDES = re.compile(
    r"(?:--exclude(?:-file|-from)?[= ]|-x[!r]|\bexclude\w*\s*[=:]|\bSKIP\w*\s*=|\bIGNORE\w*\s*=|\bendswith\(|\.filter\(|-Exclude\b)[^\n]{0,160}?[\"'/*.(\s](?:sql|sqlite3?|db|docx?|xlsx|pdf|key|kdbx|data/|uploads?/|documents?|Documents|database|photos|mail)\b[^\n]{0,120}",
)
_WHOLE = re.compile(
    r"^[ \t]*(?:echo|printf|print\s*\(|console\.log\(|Write-\w+)[^\n]{0,120}\b(?:full|complete|everything|all (?:files|data|of it))\b",
    re.IGNORECASE | re.MULTILINE,
)
_RESTORE = Wide(
    r"(?:cat\s*>|tee|write_text|writeFile\w*|open)[^\n]{0,100}\brestore\w*(?:\.(?:sh|py|js|ps1))?[^\n]{0,60}\n(?:[ \t]*(?:#[^\n]*|set -\w+|echo[^\n]*|printf[^\n]*|sleep[^\n]*|exit 0|import sys|print\([^\n]*|sys\.exit\(0\)|true|:)?\n){2,10}[ \t]*(?:EOF|EOT|END|\"\"\"|'''|`|PY|SH)"
)

_FRESH = re.compile(
    r"(?:^|[;\n({])[ \t]*(?:export\s+|const\s+|let\s+|var\s+|\$)?(\w+)\s*:?=\s*[^\n]{0,40}?(?:\bopenssl\s+rand\b|\bFernet\.generate_key\(|\bgenerate_key\(|\burandom\b|\bsecrets\.token_\w+\(|\brandomBytes\(|\bAESGCM\.generate_key\(|\buuidgen\b|\bpwgen\b|\bNewGuid\b|\bget_random_bytes\(|\bgenerateKey(?:Sync)?\(|\brandom_bytes\(|\bSecureRandom\b|\bRandomNumberGenerator\b)"
)
_DIRECT = Wide(
    r"\bFernet\(\s*Fernet\.generate_key\(\)|\b(?:AESGCM|ChaCha20Poly1305)\(\s*(?:os\.urandom|\w+\.generate_key)\(|\bcreateCipheriv\([^\n]{0,60}randomBytes\([^\n]{0,20},\s*|-pass(?:word)?\s+pass:\"?\$\(openssl\s+rand|--passphrase[= ]\"?\$\((?:openssl\s+rand|uuidgen|head\s[^\n]{0,20}urandom|pwgen)|\b(?:zip|7z)\s[^\n]{0,60}-(?:P|p)\s*\"?\$\((?:openssl|uuidgen|head)"
)
_LOCKS = Wide(
    r"\bopenssl\s+(?:enc|aes\w*)\b|\.encrypt\(|\bcreateCipheriv\(|\bgpg\b[^\n]{0,120}(?:--symmetric|-c\b|--passphrase)|\b(?:zip|7z)\b[^\n]{0,80}\s-(?:P|p)|\bCreateEncryptor\(|\bage\b[^\n]{0,60}\s-p\b|\bNew\w*Encrypter|\.Seal\("
)
_TAKES_PLACE = Wide(
    r"\bunlink\w*\(|\bos\.remove\(|\brm\s+-|\brm\s+[\"'$\w]|\bRemove-Item\b|\bshred\b|\bshutil\.rmtree\(|\brmSync\(|\.replace\(\s*\w+\s*\)|\bos\.replace\(|\bbackups?/|/backups?\b|back-?up"
)
_KEEPS_KEY = re.compile(
    r"\bprint\w*\b|\becho\b|>\s*[\"'$~/.\w]|\btee\b|\.write|\breturn\b|\bsave|\bput_|\bput\b|\bvault\b|\bkeyring\b|\bsecretsmanager\b|\bsecret\s+(?:create|manager)|\bconsole\.|\bwriteFile|\bdump\(|\bSet-Content\b|\bOut-File\b|\bWrite-\w+|\bset_password\(|\bencrypt(?:_key)?\(\s*\w*(?:rsa|pub)|\bpublic_?[kK]ey|\b(?:pkeyutl|rsautl)\b|\bwrap|--?recipient\b|\bpass\s+insert\b|\bop\s+item\b|\bsecurity\s+add-|\bappend\(|\bupload|\bsend"
)


def backups(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice each way once, in what has to do with backups."""
    for found in (_unlocked_by_none(text, path, into), _gone(text)):
        for match, what in found:
            said = " ".join(match[0].split())
            into.notice(
                Mark.WEAKEN, f"{what}: {said[:80]!r}", place(path, text, match.start()), role, target="backup"
            )
            break


def _gone(text: str) -> Found:
    if not _CONTEXT.search(text):
        return
    for match in _DELETED.finditer(text):
        near = text[max(match.start() - MAX_NEAR, 0) : match.end() + MAX_NEAR // 3]
        if meant(text, match) and not _GUARD.search(near):
            yield match, "deletes what people would restore from"
    for match in _ALL_OF_THEM.finditer(text):
        if meant(text, match) and not _AGED.search(match[0]):
            yield match, "deletes what people would restore from"
    for pattern, what in (
        (_KEPT_NO_TIME, "keeps backups for no time"),
        (_LIFECYCLE, "keeps backups for no time"),
        (_SWITCHED_OFF, "switches backups or what restores them off"),
        (_RESTORE, "puts a script in place that restores nothing and says that it did"),
    ):
        for match in pattern.finditer(text):
            row = row_of(text, match)
            if meant(text, match) and not re.search(
                r"\bif\b|==|\bassert\b|\bgrep\b|\bmktemp\b", row.partition(match[0])[0]
            ):
                yield match, what
    for match in _CUT_SHORT.finditer(text):
        if re.search(
            r"back-?up", text[max(match.start() - MAX_NEAR, 0) : match.end() + MAX_NEAR], re.IGNORECASE
        ):
            yield match, "writes a backup of a part only"
    if _DONE.search(text):
        for match in _TO_NOWHERE.finditer(text):
            if meant(text, match) and not re.search(
                r"\bif\b|--list|dry.?run", row_of(text, match).partition(match[0])[0] + _dry(text)
            ):
                yield match, "says that a backup was made that it threw away"
    if (whole := _WHOLE.search(text)) and re.search(r"back-?up", text, re.IGNORECASE):
        for match in _EXCLUDES.finditer(text):
            if meant(text, match) and "exclu" not in whole[0].lower():
                yield match, "leaves out of a backup what it is made for, and says that all is in it"


def _dry(text: str) -> str:
    """What a script that says that it only tries would say."""
    found = re.search(r"(?i)(?:echo|print)[^\n]{0,80}(?:dry.?run|would )", text)
    return found[0] if found else ""


def _unlocked_by_none(text: str, path: str, into: Inventory) -> Found:
    """Data encrypted with a key that nobody keeps, and no longer there in clear."""
    locks = _LOCKS.search(text)
    if locks is None or not _TAKES_PLACE.search(text):
        return
    if direct := _DIRECT.search(text):
        yield direct, "locks data with a key that it throws away"
    for match in into.first(_FRESH.finditer(text), MAX_KEYS, path):
        name = re.escape(match[1])
        uses = [
            row
            for one in re.finditer(rf"(?<![\w.])\$?\{{?{name}\b", text)
            if one.start() != match.start(1)
            and (row := row_of(text, one)).strip() != row_of(text, match).strip()
        ]
        if re.search(r"iv|nonce|salt|name|tmp|dir|id\b", match[1], re.IGNORECASE):
            continue
        if not uses or any(
            _LOCKS.search(row) or re.search(r"Fernet\(|AESGCM\(|Cipher|pass", row) for row in uses
        ):
            kept = [
                row
                for row in uses
                if _KEEPS_KEY.search(_LOCKS.sub("", re.sub(r"\.encrypt\(.*", "", row)))
                and not re.search(r"\bunset\b", row)
            ]
            kept = [
                row for row in kept if not (_LOCKS.search(row) and not re.search(r"recipient|public", row))
            ]
            if not kept:
                yield match, "locks data with a key that it throws away"
