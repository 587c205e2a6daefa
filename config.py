"""The settings: read from the environment here and nowhere else, checked before anything starts.

A wrong or unsafe combination stops the start with a sentence that names the fix. Every setting is documented in
docs/operating.md; a test compares the two lists.
"""

from __future__ import annotations

import os
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

ROOT = Path(__file__).parent
SMALLEST_SECRET = 32


class WrongSetting(SystemExit):
    """The start is refused. The text says which setting, and what to do."""


@dataclass(frozen=True)
class Settings:
    """What the environment says. Names as in interface.md section 4, in small letters."""

    database_url: str
    redis_url: str
    secret_key: str
    data_keys: tuple[str, ...]
    instance: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    public_url: str = ""
    trusted_proxies: int = 0
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_from: str = ""
    twilio_api_base: str = ""
    smtp_url: str = ""
    mail_from: str = ""
    security_contact: str = ""
    line_channel_secret: str = ""
    line_channel_token: str = ""
    line_api_base: str = ""
    line_account: str = ""
    vapid_private_key: str = ""
    vapid_subject: str = ""
    push_api_base: str = ""
    printer_url: str = "browser:"
    voice_python: Path | None = None
    rate_limit_public: str = "600/minute"
    log_level: str = "INFO"
    log_format: str = "text"

    @property
    def is_embedded(self) -> bool:
        """SQLite in one process with threads; otherwise PostgreSQL and Redis with gevent workers."""
        return self.database_url.startswith("sqlite")

    @property
    def is_secure(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def channels(self) -> frozenset[str]:
        """The channels that are set up; the others are not offered anywhere."""
        wanted = {
            "sms": self.twilio_account_sid and self.twilio_auth_token and self.twilio_from,
            "email": self.smtp_url and self.mail_from,
            "line": self.line_channel_secret and self.line_channel_token,
            "push": self.vapid_private_key and self.vapid_subject,
        }
        return frozenset(name for name, there in wanted.items() if there)


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings, or `WrongSetting`."""
    instance = Path(environ.get("MATAZU_INSTANCE", ROOT / "instance"))
    database_url = _database_url(environ, instance)
    embedded = database_url.startswith("sqlite")
    host, port = environ.get("HOST", "127.0.0.1"), _port(environ.get("PORT", "8000"))
    settings = Settings(
        database_url=database_url,
        redis_url=environ.get("REDIS_URL", ""),
        secret_key=_secret(environ, instance, embedded=embedded),
        data_keys=_data_keys(environ, instance, embedded=embedded),
        instance=instance,
        host=host,
        port=port,
        workers=_whole(environ, "WEB_CONCURRENCY", "1" if embedded else "2", least=1, most=64),
        public_url=_public_url(environ.get("PUBLIC_URL", f"http://{host}:{port}")),
        trusted_proxies=_whole(environ, "TRUSTED_PROXIES", "0", least=0, most=10),
        printer_url=_printer_url(environ.get("PRINTER_URL", "browser:")),
        voice_python=_voice_python(environ.get("VOICE_PYTHON", "")),
        rate_limit_public=_rate(environ.get("RATE_LIMIT_PUBLIC", "600/minute")),
        log_level=_one_of(environ, "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        log_format=_one_of(environ, "LOG_FORMAT", "text", ("text", "json")),
        **{name.lower(): environ.get(name, "") for name in _PLAIN},
    )
    _check_topology(settings, environ)
    _check_channels(settings)
    return settings


_PLAIN = (
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_FROM",
    "TWILIO_API_BASE",
    "SMTP_URL",
    "MAIL_FROM",
    "SECURITY_CONTACT",
    "LINE_CHANNEL_SECRET",
    "LINE_CHANNEL_TOKEN",
    "LINE_API_BASE",
    "LINE_ACCOUNT",
    "VAPID_PRIVATE_KEY",
    "VAPID_SUBJECT",
    "PUSH_API_BASE",
)


def _check_topology(settings: Settings, environ: Mapping[str, str]) -> None:
    """Exactly two set-ups are supported; every other one loses numbers or calls in some way."""
    if settings.redis_url and urlsplit(settings.redis_url).scheme not in ("redis", "rediss", "unix"):
        _refuse("REDIS_URL", "it must look like redis://host:6379/0")
    if settings.is_embedded:
        if settings.workers > 1:
            _refuse(
                "WEB_CONCURRENCY", "SQLite works with one worker; set WEB_CONCURRENCY=1 or use PostgreSQL and Redis"
            )
        if environ.get("SOCKETIO_ASYNC_MODE", "threading") != "threading":
            _refuse("SOCKETIO_ASYNC_MODE", "SQLite blocks gevent; leave it out, or use PostgreSQL and Redis")
        return
    if environ.get("SOCKETIO_ASYNC_MODE", "gevent") != "gevent":
        _refuse("SOCKETIO_ASYNC_MODE", "PostgreSQL runs with gevent workers; leave it out")
    if not settings.redis_url:
        _refuse("REDIS_URL", "PostgreSQL needs Redis between its workers; set REDIS_URL=redis://host:6379/0")


def _check_channels(settings: Settings) -> None:
    """A channel that is set up by halves would be offered and fail."""
    for names in (
        ("twilio_account_sid", "twilio_auth_token", "twilio_from"),
        ("smtp_url", "mail_from"),
        ("line_channel_secret", "line_channel_token"),
        ("vapid_private_key", "vapid_subject"),
    ):
        missing = [name.upper() for name in names if not getattr(settings, name)]
        if missing and len(missing) < len(names):
            _refuse(missing[0], f"it belongs to {', '.join(name.upper() for name in names)}; set all of them or none")
    if not re.fullmatch(r"(?:(?:mailto:|https://)[!-~]+)?", settings.security_contact):
        _refuse("SECURITY_CONTACT", "use mailto:somebody@city.example or the https:// address of a page")
    if settings.line_account and not re.fullmatch(r"@[\w.-]{1,40}", settings.line_account, re.ASCII):
        _refuse("LINE_ACCOUNT", "use the id that people see, with its @, e.g. @aoba-city")
    if settings.vapid_private_key and not _is_data_key(settings.vapid_private_key.rstrip("=") + "="):
        _refuse("VAPID_PRIVATE_KEY", "use the 43 characters that `flask --app run push-key` prints")
    if settings.vapid_subject and not settings.vapid_subject.startswith(("mailto:", "https://")):
        _refuse("VAPID_SUBJECT", "use an address at which you are reached, e.g. mailto:joho@city.example.lg.jp")


def _database_url(environ: Mapping[str, str], instance: Path) -> str:
    url = environ.get("DATABASE_URL") or f"sqlite:///{instance / 'matazu.db'}"
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            url = "postgresql+psycopg://" + url.removeprefix(plain)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        _refuse("DATABASE_URL", "use sqlite:////full/path/matazu.db or postgresql://user:password@host/name")
    if url in ("sqlite:///", "sqlite:///:memory:"):
        _refuse("DATABASE_URL", "a database in memory loses every ticket; name a file")
    return url


def _secret(environ: Mapping[str, str], instance: Path, *, embedded: bool) -> str:
    given = environ.get("SECRET_KEY")
    if given is None:
        return _kept(instance, "secret_key", lambda: secrets.token_urlsafe(48), "SECRET_KEY", embedded=embedded)
    if len(given) < SMALLEST_SECRET or len(set(given)) < 8:
        _refuse("SECRET_KEY", f"use at least {SMALLEST_SECRET} random characters, e.g. from `openssl rand -base64 48`")
    return given


def _data_keys(environ: Mapping[str, str], instance: Path, *, embedded: bool) -> tuple[str, ...]:
    given = environ.get("DATA_KEYS")
    if given is None:
        given = _kept(instance, "data_keys", _new_data_key, "DATA_KEYS", embedded=embedded)
    keys = tuple(key.strip() for key in given.split(",") if key.strip())
    if not all(_is_data_key(key) for key in keys):
        keys = ()
    if not keys:
        _refuse("DATA_KEYS", "use Fernet keys (44 characters each), separated by commas, newest first")
    return keys


def _new_data_key() -> str:
    """A Fernet key is 32 random bytes in URL-safe base64; the library itself is left to whoever seals."""
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _is_data_key(text: str) -> bool:
    try:
        return len(urlsafe_b64decode(text.encode("ascii"))) == 32
    except ValueError:
        return False


def _kept(instance: Path, name: str, make: Callable[[], str], setting: str, *, embedded: bool) -> str:
    """A secret of the embedded set-up: made on first use, readable by the owner alone."""
    if not embedded:
        _refuse(setting, "it must be set when the database is not SQLite; see docs/operating.md")
    file = instance / name
    try:
        if not file.exists():
            _write_once(file, make() + "\n")
        return file.read_text().strip()
    except OSError as error:
        _refuse("MATAZU_INSTANCE", f"{file} cannot be kept ({error.strerror}); give the folder to this user")


def _write_once(file: Path, text: str) -> None:
    """The first of two processes wins, and both read what it wrote."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 65_535:
        _refuse("PORT", "use a number from 1 to 65535")
    return int(text)


def _whole(environ: Mapping[str, str], name: str, default: str, *, least: int, most: int) -> int:
    text = environ.get(name, default)
    if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
        _refuse(name, f"use a whole number from {least} to {most}")
    return int(text)


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        _refuse("PUBLIC_URL", "use the address people open, e.g. https://madoguchi.example.lg.jp")
    return text.rstrip("/")


def _printer_url(text: str) -> str:
    if not re.fullmatch(r"browser:|dummy:|tcp://[^/\s]+:\d+|file:/\S+", text):
        _refuse("PRINTER_URL", "use browser:, dummy:, tcp://host:9100 or file:/dev/usb/lp0")
    return text


def _voice_python(text: str) -> Path | None:
    """The Python that has the optional voice: named, or the one that `make voice` made, or none."""
    if text == "off":
        return None
    if not text:
        made = ROOT / ".voice" / "bin" / "python"
        return made if made.exists() else None
    if not Path(text).is_file():
        _refuse("VOICE_PYTHON", "name the python of the voice's environment (.voice/bin/python), or off")
    return Path(text)


def _rate(text: str) -> str:
    if text != "off" and not re.fullmatch(r"[1-9]\d{0,6}/(second|minute|hour)", text):
        _refuse("RATE_LIMIT_PUBLIC", "use a form like 600/minute, or off")
    return text


def _one_of(environ: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    value = environ.get(name, default)
    if value not in choices:
        _refuse(name, f"use one of {', '.join(choices)}")
    return value


def _refuse(name: str, fix: str) -> NoReturn:
    raise WrongSetting(f"Matazu does not start: {name}: {fix}.")
