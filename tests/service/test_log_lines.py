"""No secret in a log line, whether it came as an argument or in an exception."""

import io
import logging

from bailiwick.audit.redaction import Redactor
from bailiwick.service.log_lines import RedactingFormatter
from planted import MAKERS

BODY = "q7Zk2Wm9Xc4Vb1Nn8Ty5Ru3Eo6Pi0LaSdFgHjKlQwErTyUiOpZxCvBnM2468Gx13"


def test_lines_and_tracebacks_are_masked() -> None:
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(RedactingFormatter(Redactor(b"k" * 32).text, "%(levelname)s %(message)s"))
    log = logging.getLogger("bailiwick.test")
    log.propagate = False
    log.addHandler(handler)
    for make in MAKERS.values():
        text, secret = make(BODY)
        log.warning("read %s", text)
        try:
            int(text)
        except ValueError:
            log.exception("failed")
        assert secret not in output.getvalue()
    assert output.getvalue().startswith("WARNING read [redacted:secret/anthropic-key:")
    assert "Traceback" in output.getvalue()
