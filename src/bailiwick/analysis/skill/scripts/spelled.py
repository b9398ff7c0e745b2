"""Commands made of numbers or moved letters and given to a shell."""

from bailiwick.analysis.text.form import Wide

SPELLED = Wide(
    r"(?:\b[gmn]?awk\b[^\n]{0,200}printf\s*\(?\s*\\?[\"'](?:%c|\\\\x%|%b)|\bprintf\b[^\n]{0,80}\\\\(?:x[0-9a-fA-F]{2}|[0-7]{3})|\bxxd\s+-\w*r|\brev\b|\btr\s+[\"']?(?:A-Za-z|a-zA-Z|\[?[a-z]-[a-z]\]?)|\bperl\b[^\n]{0,60}\b(?:pack|chr)\b|\bpython3?\s+-c[^\n]{0,80}\bchr\()[^\n|]{0,200}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b(?!\s+(?:-c\s|[A-Za-z./$]))"
)
"""Letters made out of numbers, or moved, that a shell is then given to run."""
