"""Work that is spoiled: safeguards taken away, figures changed, money moved, praise."""

import re

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.markdown import Kind
from bailiwick.analysis.skill.prose import classes
from bailiwick.analysis.skill.prose.look import Look, only_where
from bailiwick.analysis.skill.prose.words import CONCEAL, short
from bailiwick.analysis.skill.speech import reports
from bailiwick.analysis.text.form import Form
from bailiwick.model.skill import Role

_I = re.IGNORECASE
_WEAKEN = Form(
    r"\b(?:mark|set|flag|tag)\b[^.\n]{0,30}\b(?:expected to fail|xfail|allowed to fail|known to fail|skipped|ignored)\b|\b(?:disable|turn off|skip|remove|bypass|omit)\b[^.\n]{0,40}\b(?:ssl|tls|certificate|signature|authentication|authorization|csrf|input validation|security checks?|integrity|audit log\w*|logging|2fa|mfa|firewall|antivirus|gatekeeper|quarantine|defender|sandbox)\b|\bverify\s*=\s*False\b|\b(?:add|insert|create|include|plant|embed)\b[^.\n]{0,50}\b(?:backdoor|hidden (?:admin|account|user|endpoint)|hard-?coded (?:password|credential)|debug (?:endpoint|account)|master password)\b",
    _I,
)
_HALF = Form(
    r"\bcompare\b[^.\n]{0,30}\bonly\b[^.\n]{0,20}\b(?:first|last)\b[^.\n]{0,30}\b(?:characters?|bytes?|digits?|letters?)\b[^.\n]{0,30}\b(?:digest|signature|hash|token|password|hmac|mac|code)\b"
    r"|(?<!not )\b(?:return|answer|report)\b[^.\n]{0,12}\b(?:true|success|valid|verified|ok)\b[^.\n]{0,30}\b(?:when|if|where|whenever)\b[^.\n]{0,40}\b(?:verif\w+|signature|token|check|library|password)\b[^.\n]{0,20}\b(?:raises?|throws?|fails?|errors?)\b"
    r"|\b(?:include|add|accept|allow|permit)\b[^.\n]{0,30}[`\"']none[`\"'][^.\n]{0,40}\balgorithms?\b|\balgorithms?\b[^.\n]{0,30}\b(?:include|accept|allow)\b[^.\n]{0,12}[`\"']none[`\"']",
    _I,
)
"""A check that is to be written so that it doesn't hold."""
_TAMPER = Form(
    r"\b(?:replace|change|swap|substitute|rewrite|alter|modify|adjust|round|inflate|reduce|shift)\b[^.\n]{0,80}\b(?:iban|bank account|account numbers?|payment (?:details|address|recipient)|wallet address(?:es)?|recipient address|beneficiary|routing number|sort code|invoice (?:totals?|amounts?)|figures?|totals?|results?|amounts?|numbers?|citations?|values?|dosages?)\b[^.\n]{0,80}\b(?:with|to|by|so that|slightly|before|without)\b",
    _I,
)
_MONEY = Form(
    r"\b(?:transfer|send|pay|donate|tip|deposit)\b[^.\n]{0,60}\b(?:\d[\d.]*\s*)?(?:eth|btc|sol|usdc|usdt|bitcoin|ethereum|funds|tokens?|crypto|money|balance)\b[^.\n]{0,60}(?:\b0x[0-9a-fA-F]{40}\b|\b(?:bc1|[13])[a-km-zA-HJ-NP-Z1-9]{25,62}\b|\b[1-9A-HJ-NP-Za-km-z]{32,44}\b)",
    _I,
)
_PROMOTE = Form(
    r"\b(?:always|every|each)?\s*(?:recommend|promote|advertise|endorse|praise|upvote|star|review|rate|suggest|mention)\b[^.\n]{0,60}\b(?:our|this|the) (?:product|service|company|skill|plugin|repo(?:sitory)?|sponsor|affiliate|package|brand)\b|\b(?:give|leave|post|write)\b[^.\n]{0,40}\b(?:5|five)[- ]?stars?\b|\baffiliate (?:link|id|code|tag)\b|\bstar (?:the|this|our) repo\w*\b",
    _I,
)


def _bent(look: Look) -> None:
    """Figures that are bent: towards something, and kept from people."""
    match = classes.ALTERED.first(look.text)
    if match is None:
        return
    quiet = classes.CONCEALED.first(look.text) or look.nearby(classes.CONCEALED)
    fitted = classes.FITTED.search(look.text)
    if not (quiet and fitted) and not (fitted and re.search("significan|p-value", look.text, re.IGNORECASE)):
        return
    look.notice(
        Mark.TAMPER, f"bends what people rely on: {short(match[0])}", look.role_at(match), target="data"
    )


@only_where((_WEAKEN, _HALF))
def weakened(look: Look) -> None:
    """Safeguards of what is worked on, taken away."""
    for match, role in look.found(_HALF):
        look.notice(Mark.WEAKEN, f"asks for a check that doesn't hold: {short(match[0])}", role)
        return
    for match, role in look.found(_WEAKEN):
        hidden = (
            CONCEAL.search(look.text) or classes.CONCEALED.first(look.text) or look.near(CONCEAL, reach=1)
        )
        backdoor = re.search(r"backdoor|hidden|master password", match[0], _I)
        look.notice(
            Mark.WEAKEN,
            f"weakens what it works on: {short(match[0])}",
            role,
            sure=bool(hidden or backdoor),
        )
        break


@only_where((_TAMPER, classes.ALTERED))
def altered(look: Look) -> None:
    """What people rely on, changed."""
    for match, role in look.found(_TAMPER):
        hidden = (
            CONCEAL.search(look.text)
            or look.near(CONCEAL, reach=2)
            or re.search(
                r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b|\b0x[0-9a-f]{40}\b|\bbc1[a-z0-9]{20,}|\b(?:iban|account|wallet|payment|beneficiary)\b[^.\n]{0,80}\b(?:with|to)\b\s*[`\"']?(?:[A-Z]{2}\d{2}|0x|bc1)",
                look.text,
                _I,
            )
        )
        look.notice(
            Mark.TAMPER,
            f"changes what people rely on: {short(match[0])}",
            role,
            sure=bool(hidden),
            target="data",
        )
        break
    else:
        _bent(look)


@only_where(classes.ASSEMBLES)
def assembled(look: Look) -> None:
    """Code that whoever reads puts together and runs."""
    said = look.following(1)
    made = classes.ASSEMBLED.first(said)
    if made and look.it.block.kind is Kind.TABLE and "|" in made[0]:
        return  # words of several cells
    if made and made.start() < len(look.text) and classes.PIECES.search(said) and not look.it.negated:
        look.notice(
            Mark.OBFUSCATED,
            f"has code put together by whoever reads it, and run: {short(made[0])}",
            Role.QUOTED if reports(look.text, made.start()) else look.it.role,
            target="staged",
        )


@only_where(classes.TIMED)
def timed(look: Look) -> None:
    """Harm from some day on."""
    if (when := classes.TIMED.search(look.text)) and (order := classes.unchecked(look.following(1))):
        look.notice(
            Mark.GATED,
            f"orders {short(order[0])} only {short(when[0])}",
            look.role_at(when),
            target="harm",
        )


@only_where((classes.BACKDOOR, classes.CONCEALED))
def back_door(look: Look) -> None:
    """A way around a check that isn't spoken of."""
    door = classes.BACKDOOR.first(look.text) or classes.BACKDOOR.first(look.paragraph)
    if door and (classes.CONCEALED.first(look.text) or look.nearby(classes.CONCEALED)):
        look.notice(
            Mark.WEAKEN,
            f"asks for a way around a check that isn't spoken of: {short(door[0])}",
            look.role_at(door) if door.string == look.text else look.it.role,
            target="backdoor",
        )


@only_where(_MONEY)
def paid(look: Look) -> None:
    """Money that is moved."""
    for match, role in look.found(_MONEY):
        look.notice(Mark.PAYMENT, f"moves money: {short(match[0])}", role)
        break


@only_where(_PROMOTE)
def promoted(look: Look) -> None:
    """Praise that is asked for."""
    for match, role in look.found(_PROMOTE):
        look.notice(Mark.PROMOTE, f"promotes: {short(match[0])}", role, sure=bool(CONCEAL.search(look.text)))
        break
