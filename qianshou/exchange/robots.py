"""How robots of groups are called: WeCom and DingTalk take a JSON message at a secret address.

Sources: developer.work.weixin.qq.com/document/path/91770 (群机器人配置说明);
open.dingtalk.com/document/orgapp/custom-robots-send-group-messages and /customize-robot-security-settings
(加签: base64 of HMAC-SHA256 over "<milliseconds>\\n<secret>", as `sign` behind `timestamp`).
"""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.vault import master_key, unwrap


def message_of(text: str) -> dict[str, Any]:
    """Return the message that both services take for a plain text."""
    return {"msgtype": "text", "text": {"content": text}}


def address_to_call(kind: str, url: str, secret: str, at: datetime) -> str:
    """Return the address to call at `at`: DingTalk's is signed where the robot has a secret."""
    if kind != "dingtalk" or not secret:
        return url
    stamp = str(int(at.timestamp() * 1000))
    signed = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    asked = urlencode({"timestamp": stamp, "sign": base64.b64encode(signed).decode()})
    return f"{url}{'&' if '?' in url else '?'}{asked}"


def seal_text(text: str) -> bytes:
    """Return a text sealed under the house's master key."""
    return cipher.wrap_key(text.encode(), master_key())


def open_text(sealed: Any) -> str:
    """Return what `seal_text` sealed. Refusal vault.tampered or vault.no_key."""
    return unwrap(sealed).decode()
