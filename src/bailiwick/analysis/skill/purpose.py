"""What a skill says it is for: a closed taxonomy of purposes, and the promises it makes."""

import re
from collections.abc import Iterator

from bailiwick.model.skill import Claim, Source

PURPOSES: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "security": r"\b(?:security|pentest\w*|penetration|red[- ]?team\w*|vulnerab\w+|malware|forensic\w*|exploit\w*|threat\w*|ctf|osint|recon\w*|incident|soc\b|siem|yara|sigma|semgrep|codeql|fuzz\w*|audit\w*|hardening|secrets? (?:detection|scanning)|prompt injection|attack\w*|adversar\w*|reverse engineer\w*|hunt\w*|detect\w*|phishing|ransomware|c2\b|burp|nmap|metasploit|mitre|cve|sast|dast|vetter|vetting|guardrails?|jailbreak\w*)\b",
        "credentials": r"\b(?:passwords?|credentials?|secrets?|vault|1password|bitwarden|keychain|ssh|gpg|pgp|tokens?|api keys?|oauth|auth\w*|login|keyring|env(?:ironment)? (?:files?|variables?)|dotenv|certificates?)\b",
        "deployment": r"\b(?:deploy\w*|ship(?:ping)?|releas\w+|ci/?cd|kubernetes|k8s|docker|terraform|infrastructure|devops|server\w*|hosting|vercel|netlify|heroku|cloud\w*|aws|gcp|azure|provision\w*|vm|vps|ssh|remote|fly\.io)\b",
        "messaging": r"\b(?:slack|discord|telegram|teams|email|gmail|outlook|sms|whatsapp|imessage|notif\w+|messag\w+|post(?:ing)? to|twitter|tweet|linkedin|social media|newsletter|webhook\w*|chat\w*|signal)\b",
        "sharing": r"\b(?:upload\w*|publish\w*|shar(?:e|ing)|sync\w*|export\w*|backup\w*|back up|telemetry|analytics|report(?:ing)? (?:bugs?|issues)|submit\w*|feedback|gist|pastebin|transfer)\b",
        "web": r"\b(?:api|apis|web|http|fetch\w*|scrap\w+|search\w*|crawl\w*|browser|download\w*|online|internet|url|urls|rest|graphql|website|rss|feed|weather|news|stock|crypto|youtube|market|prices?|research\w*|lookup|query\w*|integrat\w+|mcp|connect\w*|llm|model|openai|gemini|image generation|text-to-speech|speech|transcri\w+|maps?|travel|flights?|payments?|wallet|blockchain|database|papers?|pubmed|literature)\b",
        "memory": r"\b(?:memory|memories|remember\w*|context|knowledge base|learn\w*|CLAUDE\.md|AGENTS\.md|session|handoff|notes?|journal|onboard\w*|preferences|self-improv\w+|persist\w*|continual|instinct\w*|persona|identity|init)\b",
        "configuration": r"\b(?:settings?|config\w*|hooks?|permissions?|plugins?|set ?up|install\w*|statusline|keybindings?|claude code|mcp server|automat\w+|skills?|agents?|bootstrap|workflow|harness)\b",
        "backup": r"\b(?:backup\w*|back up|restore|migrat\w+|clone|dotfiles?|snapshot)\b",
        "browser": r"\b(?:browser\w*|chrome|firefox|cookies?|playwright|puppeteer|selenium|automation)\b",
        "finance": r"\b(?:crypto\w*|wallet\w*|trading|defi|solana|ethereum|bitcoin|payments?|invoice\w*|accounting|bank\w*|finance|financial|tax\w*)\b",
        "formatting": r"\b(?:format\w*|lint\w*|style|prettif\w*|convert\w*|render\w*|markdown|csv|json|pdf|docx|xlsx|spreadsheet|document\w*|slides?|image\w*|chart\w*|diagram\w*|text|summar\w+|translat\w+|grammar|spell\w*)\b",
        "cleanup": r"\b(?:clean\w*|delete\w*|remov\w+|purg\w+|uninstall\w*|reset|wipe|prun\w+)\b",
        "scheduling": r"\b(?:cron\w*|schedul\w+|daemon|background|periodic\w*|recurring|monitor\w*|watch\w*|reminder\w*|heartbeat|auto-?updat\w+|launchd?|systemd|(?:system|background|windows) services?|as a service)\b",
    }.items()
}
"""Closed on purpose: a purpose that isn't among them covers nothing."""

_CLAIMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "offline",
        re.compile(
            r"\b(?:works?|runs?|fully|completely|entirely|100%|strictly|operates?)\s+(?:\w+\s+){0,2}?(?:offline|locally|on your machine|on-device)\b|\bno (?:network|internet)(?: (?:access|connection|calls?|requests?|required|needed))?\b(?! (?:but|except|save|other than|beyond)\b|:)|\bnever (?:connects?|makes? (?:any )?(?:network|http|external)|sends? (?:any )?data|leaves? (?:your|the) (?:machine|computer|device))|\bno (?:data|files?) (?:is |are )?(?:ever )?(?:sent|uploaded|leaves?|transmitted)\b|\bdoes not (?:use|need|require|access|make) (?:the |any )?(?:network|internet|external)|\bno external (?:calls?|requests?|network|services?|apis?)\b|\boffline(?:-only|,| and)|\b(?:local-only|purely local)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "read-only",
        re.compile(
            r"\bread-?only\b|\bnever (?:modif(?:y|ies)|writes?|changes?|edits?|deletes?)\b[^.]{0,40}\b(?:files?|anything|data|code|system)\b|\bdoes not (?:modify|write|change|edit|delete) (?:any|your|the)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "no-execution",
        re.compile(
            r"\b(?:does not|never) (?:run|execute)s? (?:any )?(?:code|commands?|scripts?)\b|\bno (?:code|command|script) execution\b|\b(?:pure|only) (?:documentation|text|instructions)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "no-telemetry",
        re.compile(
            r"\bno (?:telemetry|tracking|analytics|data collection)\b|\bdoes not collect\b|\bprivacy[- ](?:first|respecting)\b",
            re.IGNORECASE,
        ),
    ),
)


def purposes_of(text: str) -> tuple[str, ...]:
    """The purposes that a name and a description speak of, in the order of the taxonomy."""
    plain = text.replace("_", " ").replace("-", " ") + " " + text
    return tuple(name for name, pattern in PURPOSES.items() if pattern.search(plain))


def claims_in(text: str, source: Source) -> Iterator[Claim]:
    """The promises in a sentence; one about examples or about others is none."""
    for kind, pattern in _CLAIMS:
        match = pattern.search(text)
        if match and not re.search(
            r"\b(?:if|unless|when|should|must|ensure|prefer|option|mode|flag|mount|transaction|replica|database|access|attacker|users?|can)\b",
            text[: match.start()][-60:],
            re.IGNORECASE,
        ):
            yield Claim(kind=kind, target=match[0], source=source)
