"""Reads `PRINTER_URL`.

Decides which addresses are right: `browser:`, `dummy:`, `tcp://host:9100`, `file:/dev/usb/lp0`, each with options
behind a question mark: `paper=58|80` (mm), `timeout_s=4`, `status=on|off` (off: the device cannot answer questions).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

EXAMPLES = "browser:, dummy:, tcp://192.0.2.10:9100, file:/dev/usb/lp0 (options: ?paper=58&timeout_s=4&status=off)"
OPTIONS = {"paper": ("58", "80"), "status": ("on", "off"), "timeout_s": ()}


@dataclass(frozen=True, slots=True)
class PrinterAddress:
    """Where the printer is and how it is to be treated."""

    scheme: str
    host: str = ""
    port: int = 9100
    path: str = ""
    paper_mm: int = 80
    timeout_s: float = 4.0
    answers: bool = True


def read_printer_url(url: str) -> PrinterAddress:
    """The address; `ValueError` with right examples for anything else."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        _check(parts.scheme, parts.hostname, parts.path, options)
        return PrinterAddress(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or 9100,
            path=parts.path,
            paper_mm=int(options.get("paper", 80)),
            timeout_s=_seconds(options.get("timeout_s", "4")),
            # A plain device file mostly goes one way; asking it would make every paper an unsure one.
            answers=options.get("status", "off" if parts.scheme == "file" else "on") == "on",
        )
    except ValueError as error:
        raise ValueError(f"PRINTER_URL {url!r}: {error}. Right are: {EXAMPLES}") from error


def _check(scheme: str, host: str | None, path: str, options: dict[str, str]) -> None:
    if scheme not in {"browser", "dummy", "tcp", "file"}:
        raise ValueError(f"unknown kind {scheme!r}")
    if scheme == "tcp" and not host:
        raise ValueError("the host is missing")
    if scheme == "file" and not path.startswith("/"):
        raise ValueError("the full path of the device is missing")
    for name, value in options.items():
        if name not in OPTIONS or (OPTIONS[name] and value not in OPTIONS[name]):
            raise ValueError(f"unknown option {name}={value}")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 60:
        raise ValueError("timeout_s is more than 0 and at most 60")
    return seconds
