"""Searching what Temporal keeps and tells for texts, in whatever form they stand there."""

import base64
import json
import re
from collections.abc import Iterable


def found(content: bytes, texts: Iterable[str]) -> set[str]:
    """Those of `texts` that stand in `content`, or in something that it has in base64."""
    packed = re.findall(rb"[A-Za-z0-9+/]{16,}", content)
    whole = b"\n".join([content, *(base64.b64decode(one[: len(one) // 4 * 4]) for one in packed)])
    return {text for text in texts if any(form in whole for form in _forms(text))}


def _forms(text: str) -> set[bytes]:
    """As it is, and as JSON may have it."""
    as_json = (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    return {form.encode() for form in (text, *as_json)}
