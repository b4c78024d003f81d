"""The one settings file: secrets, database, hosts. What a district changes is rows, not settings."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "qianshou"
VAR = Path(os.environ.get("QIANSHOU_VAR", ROOT / "var"))


def given_secret(name: str) -> str:
    """Return the secret that the environment gives as `name`, or in the file that `name`_FILE names;
    "" where it gives none.
    """
    path = os.environ.get(f"{name}_FILE")
    return Path(path).read_text(encoding="utf-8").strip() if path else os.environ.get(name, "")


def read_secret(name: str) -> str:
    """Return the secret `QIANSHOU_<NAME>` of the environment, or one made once and kept under var/."""
    given = given_secret(f"QIANSHOU_{name.upper()}")
    if given:
        return given
    kept = VAR / name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, secrets.token_hex(32).encode())
        os.close(descriptor)
    return kept.read_text().strip()


def read_mail(url: str) -> dict[str, Any]:
    """Return where mail is sent by, for `url` (smtp://… or smtps://…), none for an empty one."""
    parts = urlsplit(url)
    if url and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
        raise ValueError(f"QIANSHOU_MAIL: cannot read {parts.scheme!r}, use smtp:// or smtps://")
    return {
        "host": parts.hostname or "",
        "port": parts.port or (465 if parts.scheme == "smtps" else 25),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "ssl": parts.scheme == "smtps",
        "starttls": dict(parse_qsl(parts.query)).get("starttls") == "1",
    }


def read_choice(name: str, *choices: str) -> str:
    """Return what the variable `name` says, the first choice when nothing; ValueError for others."""
    given = os.environ.get(name) or choices[0]
    if given not in choices:
        raise ValueError(f"{name}: unknown {given!r}, use {' or '.join(choices)}")
    return given


def read_vault_keys() -> list[str]:
    """Return the vault's master secrets: the one that seals, then those that may still open.

    Read anew each time, so that a running server follows `qianshou keys rotate`.
    """
    kept = VAR / "vault_key_old"
    given = given_secret("QIANSHOU_VAULT_KEY_OLD").split()
    old = kept.read_text().split() if kept.exists() else []
    return list(dict.fromkeys((read_secret("vault_key"), *given, *old)))


def read_database(url: str) -> dict[str, Any]:
    """Return Django's settings for `url` (postgresql://…), or for the embedded SQLite when empty."""
    if not url:
        VAR.mkdir(parents=True, exist_ok=True)
        synchronous = "FULL" if os.environ.get("QIANSHOU_DURABLE") == "1" else "NORMAL"
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR / "qianshou.sqlite3",
            "CONN_MAX_AGE": 600,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    f"PRAGMA journal_mode=WAL;PRAGMA synchronous={synchronous};"
                    "PRAGMA mmap_size=2147483648;PRAGMA cache_size=-65536;PRAGMA temp_store=MEMORY;"
                    "PRAGMA secure_delete=ON;"  # a key destroyed leaves no bytes on its page
                    "PRAGMA journal_size_limit=67108864;PRAGMA wal_autocheckpoint=4000;"
                ),
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError(f"DATABASE_URL: unknown scheme {parts.scheme!r}, use postgresql://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "OPTIONS": {**dict(parse_qsl(parts.query)), "prepare_threshold": 2},
    }


SECRET_KEY = read_secret("secret_key")
VAULT_KEYS = read_vault_keys
HASH = read_choice("QIANSHOU_HASH", "sha256", "sm3")  # of the ledger, its seals and lookups
CIPHER = read_choice("QIANSHOU_CIPHER", "aes", "sm4")  # of the vault and of sealed files, in GCM
CLAMAV = os.environ.get("QIANSHOU_CLAMAV", "")  # its socket, or host:port
OIDC_ISSUER = os.environ.get("QIANSHOU_OIDC_ISSUER", "")
OIDC_CLIENT = os.environ.get("QIANSHOU_OIDC_CLIENT_ID", "")
OIDC_SECRET = given_secret("QIANSHOU_OIDC_CLIENT_SECRET")
DEBUG = os.environ.get("QIANSHOU_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("QIANSHOU_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
MAIL = read_mail(given_secret("QIANSHOU_MAIL"))
EMAIL_HOST, EMAIL_PORT = MAIL["host"], MAIL["port"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL["user"], MAIL["password"]
EMAIL_USE_SSL, EMAIL_USE_TLS = MAIL["ssl"], MAIL["starttls"]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("QIANSHOU_MAIL_FROM", "qianshou@localhost")
OUTBOUND_HOSTS = os.environ.get("QIANSHOU_OUTBOUND_HOSTS", "").split(",")
ADDRESS = os.environ.get("QIANSHOU_ADDRESS", "http://127.0.0.1:8000").rstrip("/")
SECURE = os.environ.get("QIANSHOU_TLS") == "1"

PACKS = sorted(
    ".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.glob("packs/*/*/pack.toml")
)
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "qianshou.kernel",
    "qianshou.kernel.registry",
    "qianshou.kernel.procedures",
    "qianshou.kernel.worklist",
    "qianshou.kernel.ledger",
    "qianshou.kernel.documents",
    "qianshou.kernel.outbox",
    "qianshou.kernel.limits",
    "qianshou.kernel.tokens",
    "qianshou.kernel.login",
    "qianshou.kernel.duties",
    "qianshou.kernel.indicators",
    "qianshou.kernel.campaigns",
    "qianshou.kernel.simulations",
    "qianshou.design",
    *PACKS,
    "qianshou.office",
    "qianshou.portal",
    "qianshou.exchange",
    "qianshou.demo",
]
MIDDLEWARE = [
    "qianshou.health.measuring.Measure",
    "django.middleware.security.SecurityMiddleware",
    "qianshou.design.headers.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "qianshou.kernel.login.sessions.WhoAsks",
    "django.contrib.messages.middleware.MessageMiddleware",
    "qianshou.design.asked.NoNul",
    "qianshou.design.sought.Seek",
]
ROOT_URLCONF = "qianshou.urls"
WSGI_APPLICATION = "qianshou.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "qianshou.design.environment.environment",
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
DATABASES = {"default": read_database(given_secret("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "registry.Officer"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "qianshou.kernel.login.passwords.NoHouseWords"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "worklist"
LOGOUT_REDIRECT_URL = "login"
SESSION_ENGINE = "qianshou.kernel.login.sessions"
SESSION_COOKIE_AGE = 30 * 60
SESSION_SAVE_EVERY_REQUEST = False
# Under TLS the names' prefix lets no other host of the domain set or overwrite them (RFC 6265bis).
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "qianshou.office.errors.forged"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
DOCUMENTS_ROOT = VAR / "documents"
METRICS_TOKEN = given_secret("QIANSHOU_METRICS_TOKEN")
METRICS_FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
if METRICS_FOLDER:  # any command counts: an act that was committed must not end in a missing folder
    Path(METRICS_FOLDER).mkdir(parents=True, exist_ok=True)
LINES = "json" if os.environ.get("QIANSHOU_LOG") == "json" else "line"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "qianshou.health.lines.PlainLines"},
        "json": {"()": "qianshou.health.lines.JsonLines"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LINES}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"qianshou.requests": {"level": "INFO" if LINES == "json" else "WARNING"}},
}
