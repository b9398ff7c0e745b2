"""Personal data in strict forms: payment cards, IBAN, national ids, e-mail, telephone numbers, addresses of machines people use.

Every number is checked by its issuer's rule (python-stdnum, own Luhn and mod-97); what has no check of its own needs words
beside it. Names and postal addresses are not looked for: they have no form.
"""

import importlib
import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from bailiwick.analysis.text.kind import Certainty, Judge, Judged, Kind, Weight
from bailiwick.analysis.text.verify import luhn
from bailiwick.model.access import Tier
from bailiwick.model.regex import regex

_BESIDE = 60
"""Characters before a value in which words speak of it."""


def _before(match: re.Match[str], size: int = _BESIDE) -> str:
    return match.string[max(match.start("value") - size, 0) : match.start("value")]


# -- cards

_CARD_WORDS = regex(
    r"(?i)card|visa|master|amex|american express|discover|diners|jcb|maestro|\bpan\b|credit|debit|payment|billing|karte|carte|tarjeta|carta\b|\bcc\b|cvv|\bexp"
)
_ID_WORDS = regex(
    r"(?i)(?:\bid|_id|ids|timestamp|\bts|time|order|seq|offset|size|hash|version|snowflake|nonce|tweet|build|0\.|e-)[\"'\s:=#.\]]*$"
)
_TEST_CARDS: Final = frozenset((
    "4111111111111111", "4012888888881881", "4222222222222", "4242424242424242", "4000056655665556", "4000000000000002", "4000002500003155",
    "5555555555554444", "5105105105105100", "5200828282828210", "2223003122003222", "378282246310005", "371449635398431", "378734493671000",
    "6011111111111117", "6011000990139424", "6011981111111113", "3056930009020004", "36227206271667", "30569309025904", "38520000023237",
    "3566002020360505", "3530111333300000", "6200000000000005", "6205500000000000004", "5431111111111111", "4917610000000000", "5454545454545454",
))  # fmt: skip
"""Numbers that payment providers document for tests."""


_ISSUERS: Final = (
    # from, to, lengths: ISO/IEC 7812 and the schemes' own lists
    ("4", "4", (13, 16, 19)), ("51", "55", (16,)), ("2221", "2720", (16,)), ("34", "34", (15,)), ("37", "37", (15,)),
    ("36", "36", (14,)), ("38", "38", (14,)), ("300", "305", (14,)), ("3528", "3589", (16,)), ("2200", "2204", (16,)),
    ("6011", "6011", (16, 17, 18, 19)), ("62", "62", (16, 17, 18, 19)), ("65", "65", (16, 17, 18, 19)), ("81", "82", (16, 17, 18, 19)),
    ("644", "649", (16, 17, 18, 19)), ("50", "50", (16,)), ("56", "58", (16,)), ("60", "60", (16,)), ("63", "63", (16,)), ("67", "67", (16,)),
)  # fmt: skip


def _issuer(digits: str) -> bool:
    """Whether the number is in a range of an issuer, with a length that it gives."""
    return any(
        low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in _ISSUERS
    )


_AMONG = regex(r"[0-9A-F]{4}[ \n]\Z")
"""Before groups of four digits that are part of a longer list of such groups."""


def _card(match: re.Match[str]) -> Iterable[Judged]:
    text = match.group("value")
    digits = re.sub(r"\D", "", text)
    if not 13 <= len(digits) <= 19 or len(set(digits)) < 4 or not _issuer(digits) or not luhn(digits):  # noqa: PLR2004 - lengths of cards
        return
    span = match.span("value")
    if digits in _TEST_CARDS:
        yield *span, Certainty.STAND_IN
        return
    grouped = re.fullmatch(r"\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5}", text) is not None
    if not grouped and not text.isdigit():
        return
    spoken = _CARD_WORDS.search(_before(match)) or re.search(
        r"(?i)cvv|cvc|\b\d\d/\d\d", match.string[span[1] : span[1] + 30]
    )
    if grouped and not spoken and _AMONG.search(match.string, max(span[0] - 5, 0), span[0]):
        return
    if grouped or spoken:
        yield *span, Certainty.HIGH
    elif not _ID_WORDS.search(_before(match, 24)):
        yield *span, Certainty.LOW


# -- numbers with a check of their own


def _standard(module: str, *, words: str = "", strict: bool = False) -> Judge:
    """A judge by a module of python-stdnum.

    With ``words`` one of them must stand before it; ``strict`` numbers need none where they are written in groups.
    """
    spoken = re.compile(f"(?i){words}") if words else None

    def judge(match: re.Match[str]) -> Iterable[Judged]:
        value = match.group("value")
        said = spoken is None or spoken.search(_before(match)) is not None
        grouped = any(not c.isalnum() for c in value)
        if not said and not (strict and grouped):
            return
        if len(set(re.sub(r"\W", "", value))) < 3:  # noqa: PLR2004 - 000-00-0000 and its like
            return
        if importlib.import_module(f"stdnum.{module}").is_valid(value):
            yield *match.span("value"), Certainty.HIGH if said or module == "iban" else Certainty.LOW

    return judge


_EDGE = "(?:^|[^0-9A-Za-z])"
"""Before a number stands the beginning of the text, or no part of a longer one."""

_D = r"(?<![\w.,-])"
_END = r"(?![\w]|[.,-]\d)"

_FORMS: Final = (
    ("us-ssn", "US social security number", rf"{_D}(?P<value>\d{{3}}-\d{{2}}-\d{{4}}){_END}", (("-", 3),), r"[0-9]{3}-[0-9]{2}-[0-9]{4}", 11, "us.ssn", "", True, "SSN: 536-22-8726"),
    ("br-cpf", "Brazilian CPF", rf"{_D}(?P<value>\d{{3}}\.\d{{3}}\.\d{{3}}-\d{{2}}){_END}", ((".", 3),), r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", 14, "br.cpf", "", True, "CPF 390.533.447-05"),
    ("it-codice-fiscale", "Italian codice fiscale", r"(?<!\w)(?P<value>[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z])(?!\w)", (), r"[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z][0-9]{3}[A-Z]", 16, "it.codicefiscale", "", False, "CF RCCMNL83S18D969H"),
    ("mx-curp", "Mexican CURP", r"(?<!\w)(?P<value>[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d)(?!\w)", (), r"[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[A-Z0-9][0-9]", 18, "mx.curp", "", False, "CURP BOXW310820HNERXN09"),
    ("ch-ahv", "Swiss AHV number", rf"{_D}(?P<value>756\.\d{{4}}\.\d{{4}}\.\d{{2}}){_END}", (("756.", 0),), r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", 16, "ch.ssn", "", True, "AHV 756.9217.0769.85"),
    ("be-national-number", "Belgian national number", rf"{_D}(?P<value>\d{{2}}\.\d{{2}}\.\d{{2}}-\d{{3}}\.\d{{2}}){_END}", ((".", 2),), r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", 15, "be.nn", "", True, "NN 85.07.30-033.28"),
    ("fi-hetu", "Finnish personal identity code", rf"{_D}(?P<value>\d{{6}}[-+ABCDEFYXWVU]\d{{3}}[0-9A-Y])(?!\w)", (), r"[0-9]{6}[-+ABCDEFYXWVU][0-9]{3}[0-9A-Y]", 11, "fi.hetu", "", True, "HETU 131052-308T"),
    ("kr-rrn", "Korean resident registration number", rf"{_D}(?P<value>\d{{6}}-[1-8]\d{{6}}){_END}", (("-", 6),), r"[0-9]{6}-[1-8][0-9]{6}", 14, "kr.rrn", "", True, "RRN 971013-2019903"),
    ("uk-nino", "UK national insurance number", r"(?<!\w)(?P<value>[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D])(?!\w)", (), r"[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]", 0, "", r"national insurance|\bni\b|nino|ni (?:no|num)|insurance", True, "NI number AB 12 34 56 C"),
    ("fr-nir", "French social security number", rf"{_D}(?P<value>[12] ?\d{{2}} ?(?:0\d|1[0-2]|[2-9]\d) ?(?:\d{{2}}|2[AB]) ?\d{{3}} ?\d{{3}} ?\d{{2}}){_END}", (), r"[12] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", 0, "fr.nir", r"nir|s[ée]cu|insee|social|assur", True, "NIR 2 95 10 99 126 111 93"),
    ("es-dni", "Spanish DNI or NIE", rf"{_D}(?P<value>(?:[XYZ][- ]?\d{{7}}|\d{{8}})[- ]?[A-Z])(?!\w)", (), r"[0-9XYZ][- ]?[0-9]{7}[- ]?[A-Z]", 0, "es.nif", r"\bdni|\bnie\b|\bnif\b|identidad|identifica", False, "DNI 54362315K"),
    ("se-personnummer", "Swedish personal number", rf"{_D}(?P<value>(?:19|20)?\d{{6}}[-+]\d{{4}}){_END}", (), r"[0-9]{6}[-+][0-9]{4}", 0, "se.personnummer", r"person|\bpnr|ssn|born", False, "personnummer 880320-0016"),
    ("in-aadhaar", "Indian Aadhaar number", rf"{_D}(?P<value>[2-9]\d{{3}}[ -]?\d{{4}}[ -]?\d{{4}}){_END}", (), r"[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}", 0, "in_.aadhaar", r"aadhaa?r|uidai|\buid\b", False, "Aadhaar 2341 2341 2346"),
    ("in-pan", "Indian PAN", r"(?<!\w)(?P<value>[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z])(?!\w)", (), r"[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]", 10, "in_.pan", r"\bpan\b|permanent account|income", False, "PAN ACUPA7085R"),
    ("ca-sin", "Canadian social insurance number", rf"{_D}(?P<value>\d{{3}}[ -]?\d{{3}}[ -]?\d{{3}}){_END}", (), r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}", 0, "ca.sin", r"\bsin\b|social insurance|\bnas\b|assurance sociale", False, "SIN 123-456-782"),
    ("au-tfn", "Australian tax file number", rf"{_D}(?P<value>\d{{3}}[ -]?\d{{3}}[ -]?\d{{3}}){_END}", (), r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}", 0, "au.tfn", r"\btfn\b|tax file", False, "TFN 123 456 782"),
    ("nl-bsn", "Dutch BSN", rf"{_D}(?P<value>\d{{4}}[. ]?\d{{2}}[. ]?\d{{3}}|\d{{9}}){_END}", (), r"[0-9]{4}[. ]?[0-9]{2}[. ]?[0-9]{3}", 0, "nl.bsn", r"\bbsn\b|burgerservice|sofi", False, "BSN 111222333"),
    ("de-steuer-id", "German tax id", rf"{_D}(?P<value>\d{{2}} ?\d{{3}} ?\d{{3}} ?\d{{3}}){_END}", (), r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", 0, "de.idnr", r"steuer|idnr|tin\b|tax", False, "Steuer-ID 36 574 261 809"),
    ("pl-pesel", "Polish PESEL", rf"{_D}(?P<value>\d{{11}}){_END}", (), r"[0-9]{11}", 0, "pl.pesel", r"pesel", False, "PESEL 44051401359"),
    ("no-fodselsnummer", "Norwegian birth number", rf"{_D}(?P<value>\d{{6}} ?\d{{5}}){_END}", (), r"[0-9]{6} ?[0-9]{5}", 0, "no.fodselsnummer", r"f[øo]dsel|personn|fnr", False, "fnr 15108695088"),
    ("dk-cpr", "Danish CPR number", rf"{_D}(?P<value>\d{{6}}-?\d{{4}}){_END}", (), r"[0-9]{6}-?[0-9]{4}", 0, "dk.cpr", r"\bcpr|personn", False, "CPR 211062-5629"),
    ("pt-nif", "Portuguese NIF", rf"{_D}(?P<value>\d{{3}} ?\d{{3}} ?\d{{3}}){_END}", (), r"[0-9]{3} ?[0-9]{3} ?[0-9]{3}", 0, "pt.nif", r"\bnif\b|contribuinte", False, "contribuinte 501964843"),
    ("ie-pps", "Irish PPS number", rf"{_D}(?P<value>\d{{7}}[A-W][A-IW]?)(?!\w)", (), r"[0-9]{7}[A-W]", 0, "ie.pps", r"\bpps", False, "PPS 6433435F"),
    ("cz-rodne-cislo", "Czech or Slovak birth number", rf"{_D}(?P<value>\d{{6}}/\d{{3,4}}){_END}", (("/", 6),), r"[0-9]{6}/[0-9]{3}", 10, "cz.rc", r"rodn|\brč|\brc\b", False, "rodné číslo 710319/2745"),
    ("ro-cnp", "Romanian CNP", rf"{_D}(?P<value>[1-9]\d{{12}}){_END}", (), r"[1-9][0-9]{12}", 0, "ro.cnp", r"\bcnp", False, "CNP 1630615123457"),
    ("za-id", "South African id number", rf"{_D}(?P<value>\d{{13}}){_END}", (), r"[0-9]{13}", 0, "za.idnr", r"\bid (?:no|num)|identity|south afric|\brsa\b", False, "identity number 7503305044089"),
    ("tr-tckimlik", "Turkish identity number", rf"{_D}(?P<value>[1-9]\d{{10}}){_END}", (), r"[1-9][0-9]{10}", 0, "tr.tckimlik", r"kimlik|\btc\b|tckn", False, "TC kimlik 17291716060"),
    ("cn-ric", "Chinese resident id", rf"{_D}(?P<value>[1-9]\d{{16}}[0-9X])(?!\w)", (), r"[1-9][0-9]{16}[0-9X]", 18, "cn.ric", "", False, "id 360426199101010071"),
    ("us-itin", "US taxpayer id", rf"{_D}(?P<value>9\d{{2}}-\d{{2}}-\d{{4}}){_END}", (("-", 3),), r"9[0-9]{2}-[0-9]{2}-[0-9]{4}", 11, "us.itin", r"itin|tax", False, "ITIN 912-90-3456"),
)  # fmt: skip
"""Rule, what it is, form, words with their distance, filter and its width, module of python-stdnum, words that must stand
before it, whether grouping stands for them, an example (the modules' own)."""

_DIGITS = tuple((digit, 0) for digit in "0123456789")
_LETTERS = tuple((letter, 0) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _nino(match: re.Match[str]) -> Iterable[Judged]:
    value = match.group("value")
    said = re.search(r"(?i)national insurance|\bni\b|nino|insurance", _before(match)) is not None
    if value[:2] not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"} and (said or value.count(" ") == 4):  # noqa: PLR2004 - in five groups
        yield *match.span("value"), Certainty.HIGH if said else Certainty.LOW


def _first(pattern: str) -> tuple[tuple[str, int], ...]:
    """What values of a form can begin with, where no fixed text stands in them."""
    head = pattern[pattern.index("(?P<value>") + 10 :]
    return (
        _LETTERS if head.startswith("[A") else (*_DIGITS, *_LETTERS[-3:]) if "XYZ" in head[:12] else _DIGITS
    )


def _national() -> Iterable[Kind]:
    for rule, title, pattern, words, expression, width, module, spoken, strict, example in _FORMS:
        yield Kind(
            rule=f"personal/{rule}", title=title, weight=Weight.HIGH, tier=Tier.REDACT, pattern=pattern,
            words=words or _first(pattern), filters=((f"{_EDGE}{expression}", width),), reach=24 if not width else 0, anchored=False,
            judge=_standard(module, words=spoken, strict=strict) if module else _nino, example=example,
        )  # fmt: skip


# -- e-mail, telephone, addresses

_LOCAL = regex(r"[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_%+-])?$")
_RESERVED_MAIL = regex(
    r"(?i)(?:^|\.)(?:example|test|invalid|localhost|local|internal|lan|noreply)$|(?:^|\.)example\.(?:com|org|net|edu|co\.\w\w|de)$|(?:^|\.)(?:domain|email|mail|company|acme|corp|yourdomain|mydomain|foo|bar|foobar|host|server|site|somewhere|test|users\.noreply\.github)\.(?:com|org|net|tld)$"
)
_ROLE = regex(
    r"(?i)^(?:bugs?-[\w-]+|[\w-]+-(?:bugs?|sig|developers?|porters|discuss|help|maintainers?|commits?|patches|security)|hostmaster|noc|feedback|press|office|developers?|maintainers?|git|hg|svn|no-?reply|do-?not-?reply|noreply\d*|postmaster|mailer-daemon|root|nobody|actions|bot|dependabot|github-actions|www-data|user(?:name)?|you|your\.?(?:name|email)|me|foo|bar|name|someone|somebody|email|test\w*|admin|info|support|security|bugs?|help|hello|contact|sales|legal|privacy|abuse|webmaster|team|dev|devel|list|announce\w*|\w+-(?:dev|devel|list|users|announce|bugs|owner|request))$"
)
_LISTS = regex(
    r"(?i)(?:^|\.)(?:lists?|groups|googlegroups|mailman|bugs|rt|packages|tracker|alioth)\.|(?:^|\.)(?:googlegroups\.com|openssh\.com|libssh\.org|lysator\.liu\.se)$"
)
"""Where lists and trackers are, and whose names of algorithms are written like addresses."""

_WORK = regex(
    r"(?i)copyright|\bauthors?\b|\bmaintain|written by|\blicen[cs]e|contributors?\b|=head1|acknowledg"
)
"""What stands above an address in the head of a file or a list of those who made something."""

_REMARK = regex(r"[ \t]*(?:#|//|--|;|\.\\\")|[ \t]+\*[ \t]")
_ABOVE = 240
_FILES = frozenset(
    (
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "js",
        "ts",
        "py",
        "rb",
        "go",
        "rs",
        "css",
        "html",
        "json",
        "md",
        "txt",
        "so",
        "dll",
        "exe",
        "sh",
        "service",
        "socket",
        "timer",
        "mount",
        "target",
    )
)
_CREDIT = regex(
    r"(?i)copyright|\(c\)|©|@author|author|maintain|contribut|written by|signed-off|co-authored|reviewed-by|acked-by|reported-by|credit|thanks to|licen[cs]e|packager|uploader|changelog|patch (?:by|from)|from: .*git|\"email\"|'email'|\bby [A-Z]|--\s"
)


def _mail(match: re.Match[str]) -> Iterable[Judged]:
    text, at = match.string, match.start()
    local = _LOCAL.search(text, max(at - 64, 0), at)
    domain = match.group("domain")
    if (
        local is None
        or local.group().isdigit()
        or domain.rpartition(".")[2].lower() in _FILES
        or text[local.start() - 1 : local.start()]
        in {"/", ":", "@", "=" if "://" in text[max(at - 90, 0) : at] else "/"}
    ):
        return
    start, end = local.start(), match.end()
    if _RESERVED_MAIL.search(domain) or _ROLE.match(local.group()) or _LISTS.search(domain):
        yield start, end, Certainty.STAND_IN
        return
    line = text[max(text.rfind("\n", 0, start) + 1, start - 160) : start]
    named = text.endswith(("<", "&lt;"), 0, start) or text[end : end + 1] == ">"
    if (
        _CREDIT.search(line)
        or _by_whom(text, start)
        or (named and not re.search(r"(?i)\b(?:from|to|cc|bcc|reply-to)\s*:[^:]{0,60}$|mailto:$", line))
    ):
        return  # whom a work is by is meant to be known
    yield start, end, Certainty.LOW


def _by_whom(text: str, start: int) -> bool:
    """Whether it is told in a remark of a program, or below words that speak of who made the work."""
    if text.endswith("E<lt>", 0, start):
        return True
    above = text[max(start - _ABOVE, 0) : start]
    if _TOLD.search(above[-80:]):
        return False
    marks = [
        _REMARK.match(text, text.rfind("\n", 0, start) + 1),
        re.search(r"[ \t](?:#|//)[^\n\"']*\Z", above),
    ]
    return any(marks) or ("\n" in above.strip("\n") and _WORK.search(above) is not None)


_TOLD = regex(
    r"(?i)\b(?:customer|user|client|patient|employee|subscriber|recipient|login|account|member|applicant)(?:s|name)?\b"
)
"""Words before an address that is somebody's in data."""

_COUNTRY = regex(
    r"(?:1|7|2[07]|2[1-689]\d|3[0-469]|3[578]\d|4[013-9]|42\d|5[1-8]|5[09]\d|6[0-6]|6[7-9]\d|8[1246]|8[0578]\d|9[0-58]|9[679]\d)"
)
_SHORTEST, _WHOLE, _LONGEST = 8, 10, 15
"""Digits of a number with its country (E.164): the fewest, those of most countries' numbers, the most."""

_PHONE_WORDS = regex(
    r"(?i)phone|\btel\b|tel[.:]|telefon|t[ée]l[ée]|mobil|mobile|cell|call|fax|whatsapp|sms|text me|ring|dial|contact|handy|rufnummer"
)


def _phone(match: re.Match[str]) -> Iterable[Judged]:
    value = match.group("value")
    digits = re.sub(r"\D", "", value)
    span = match.span("value")
    if re.search(r"555-?01\d\d$", value) or len(set(digits)) < 4:  # noqa: PLR2004 - 000 000 and its like
        yield *span, Certainty.STAND_IN
    elif value.startswith("+"):
        parts = re.findall(r"\d+", value)
        groups = len(parts)
        if groups == 2 and "." in value and not _PHONE_WORDS.search(_before(match)):  # noqa: PLR2004 - a number with decimals
            return
        if (
            _COUNTRY.match(digits)
            and _SHORTEST <= len(digits) <= _LONGEST
            and (groups > 1 or len(digits) >= _WHOLE or _PHONE_WORDS.search(_before(match)))
        ):
            yield *span, Certainty.HIGH if groups > 1 else Certainty.LOW
    elif value.startswith("("):
        if value[1] in "23456789":
            yield *span, Certainty.HIGH
    elif _PHONE_WORDS.search(_before(match, 30)):
        yield *span, Certainty.LOW


_ADDRESS_WORDS = regex(
    r"(?i)(?<![a-z])(?:clients?|remote|visitor|customer|user|subscriber)(?![a-z]{3})|login|logged in|signed in|sign-in|forwarded|real-ip|source ip|src ip|src_ip|source_ip|sourceip|ip ?address|ip_addr|\bip[\"']?\s*[:=]|from ip|peer|caller|connection from|accepted .* for"
)
_SECTIONS: Final = 32
_DIRECTLY = regex(r"(?i)(?:ip\w*|addr\w*|from|remote\w*|for)[\"']?\W{0,6}\Z")
"""What stands directly before the address of a machine, and not before the number of a section."""

_PLACE = regex(
    r"(?i)(?:proxy|server|destination|target|endpoint|upstream)\W{1,16}(?:\w{0,4}ip\w{0,8}|host\w{0,4}|address)[\"']?\s*[:=]\s*[\"']?\Z"
)
"""What is configured: the address of a machine that serves, not of somebody's."""

_VERSION_WORDS = regex(
    r"(?i)version|ver\.?|release|v$|build|tag|dns|resolver|nameserver|gateway|subnet|mask|\bas\d|bind|listen|server\b|(?<![a-z])host(?:name)?[\"']?\s*[:=]|proxy|endpoint|upstream"
)


def _address(match: re.Match[str]) -> Iterable[Judged]:
    before = _before(match, 40)
    try:
        address = ip_address(match.group("value"))
    except ValueError:
        return
    small = address.version == 4 and all(octet < _SECTIONS for octet in address.packed)  # noqa: PLR2004 - IPv4
    if small and not _DIRECTLY.search(before):
        return  # the number of a section
    if _PLACE.search(match.string, max(match.start("value") - 60, 0), match.start("value")):
        return
    if (
        address.is_global
        and not address.is_multicast
        and _ADDRESS_WORDS.search(before)
        and not _VERSION_WORDS.search(before[-16:])
    ):
        if str(address) in {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "1.2.3.4", "4.3.2.1"}:
            yield *match.span("value"), Certainty.STAND_IN
        else:
            yield *match.span("value"), Certainty.LOW


_IBAN_COUNTRIES = [
    "AD",
    "AE",
    "AL",
    "AT",
    "AZ",
    "BA",
    "BE",
    "BG",
    "BH",
    "BR",
    "BY",
    "CH",
    "CR",
    "CY",
    "CZ",
    "DE",
    "DK",
    "DO",
    "EE",
    "EG",
    "ES",
    "FI",
    "FO",
    "FR",
    "GB",
    "GE",
    "GI",
    "GL",
    "GR",
    "GT",
    "HR",
    "HU",
    "IE",
    "IL",
    "IQ",
    "IS",
    "IT",
    "JO",
    "KW",
    "KZ",
    "LB",
    "LC",
    "LI",
    "LT",
    "LU",
    "LV",
    "LY",
    "MC",
    "MD",
    "ME",
    "MK",
    "MR",
    "MT",
    "MU",
    "NL",
    "NO",
    "PK",
    "PL",
    "PS",
    "PT",
    "QA",
    "RO",
    "RS",
    "SA",
    "SC",
    "SD",
    "SE",
    "SI",
    "SK",
    "SM",
    "ST",
    "SV",
    "TL",
    "TN",
    "TR",
    "UA",
    "VA",
    "VG",
    "XK",
]


def _kind(  # noqa: PLR0913, PLR0917 - a table with as many columns
    rule: str,
    title: str,
    pattern: str,
    words: tuple[tuple[str, int], ...],
    filters: tuple[tuple[str, int], ...],
    judge: Judge,
    *,
    reach: int = 0,
    weight: Weight = Weight.MEDIUM,
    example: str,
) -> Kind:
    return Kind(
        rule=f"personal/{rule}", title=title, weight=weight, tier=Tier.REDACT, pattern=pattern, words=words, filters=filters, reach=reach,
        anchored=False, judge=judge, example=example,
    )  # fmt: skip


PERSONAL: Final[tuple[Kind, ...]] = (
    _kind(
        "payment-card", "Payment card number", r"(?<![\w.,+/-])(?P<value>[2-6]\d{3}(?:[ -]?\d){9,15})(?![\w]|[.,-]\d|[ -]\d{3})",
        tuple((digit, 0) for digit in "23456"), ((_EDGE + r"[2-6][0-9]{3}(?:[ -]?[0-9]){9}", 0),), _card,
        reach=28, weight=Weight.CRITICAL, example="card 4539 5787 6362 1486",
    ),
    _kind(
        "iban", "International bank account number", r"(?<![A-Za-z0-9])(?P<value>[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)(?![A-Za-z0-9])",
        tuple((country, 0) for country in _IBAN_COUNTRIES), ((_EDGE + r"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}", 0),), _standard("iban"),
        reach=14, weight=Weight.HIGH, example="IBAN DE89 3704 0044 0532 0130 00",
    ),
    *_national(),
    _kind(
        "email", "E-mail address of a person", r"@(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,5}[A-Za-z]{2,24})(?![A-Za-z0-9_-]|\.[A-Za-z0-9])",
        (("@", 0),), ((r"[A-Za-z0-9_%+-]@[A-Za-z0-9-]{1,63}\.[A-Za-z0-9]", 0),), _mail, reach=68, example="write to jane.doe@contoso-mail.com",
    ),
    _kind(
        "phone", "Telephone number", r"(?<![\w.,+/=-])(?P<value>\+[1-9]\d{0,3}(?:[ .-]?\(?\d{1,5}\)?){1,6}|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?![\w]|[.,-]\d)",
        (("+", 0), ("(", 0), *_DIGITS), ((r"\+[1-9](?:[ .()-]{0,2}[0-9]){7}", 0), (r"\([0-9]{3}\) ?[0-9]{3}-[0-9]{4}", 0), (_EDGE + r"[0-9]{3}-[0-9]{3}-[0-9]{4}", 12)), _phone,
        reach=26, example="call +49 30 9012 3456",
    ),
    _kind(
        "ip-address", "Address of somebody's machine", r"(?<![\w.:-])(?P<value>\d{1,3}(?:\.\d{1,3}){3})(?![\w]|\.\d|-\d)",
        _DIGITS, ((_EDGE + r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]", 0),), _address, reach=16, weight=Weight.LOW, example="client ip: 93.184.216.34",
    ),
    _kind(
        "ip-address", "Address of somebody's machine", r"(?<![\w.:-])(?P<value>[23][0-9a-f]{3}:(?:[0-9a-f]{0,4}:){1,6}[0-9a-f]{1,4})(?![\w:])",
        (("2", 0), ("3", 0)), ((_EDGE + r"[23][0-9a-f]{3}:(?:[0-9a-f]{0,4}:)[0-9a-f]", 0),), _address, reach=12, weight=Weight.LOW, example="client ip: 2a00:1450:4001:81b::200e",
    ),
)  # fmt: skip
