"""A small provider of OpenID Connect on this machine, for the tests of the single sign-on."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey

from qianshou.kernel.clock import now

CLIENT, SECRET = "qianshou", "s3cret/with:signs"


class Provider:
    """Vouches for `subject`; what it should get wrong stands in `fault`."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"})
        self.other = ECKey.generate_key("P-256", {"kid": "k1"})
        self.subject, self.fault = "person-7", ""
        self.codes: dict[str, dict[str, str]] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": "https://elsewhere.example" if self.fault == "issuer" else self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": "http://10.9.8.7/token"
            if self.fault == "open"
            else f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def authorize(self, told: dict[str, str]) -> str:
        """Return where the browser goes on with a code, once the person has logged in here."""
        assert told["response_type"] == "code"
        assert told["client_id"] == CLIENT
        assert told["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = told
        sent = {"code": code, "state": told["state"], "iss": self.issuer}
        return f"{told['redirect_uri']}?{urlencode(sent)}"

    def token(self, sent: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Return the ID token for a code: once, to its client, against the verifier of PKCE."""
        known = base64.b64encode(b"qianshou:s3cret%2Fwith%3Asigns").decode()
        told = self.codes.pop(sent["code"], None)
        if (
            told is None
            or authorization != f"Basic {known}"
            or told["redirect_uri"] != sent["redirect_uri"]
            or create_s256_code_challenge(sent["code_verifier"]) != told["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        at = int(now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": at, "exp": at + 300,
            "nonce": told["nonce"],
        }  # fmt: skip
        wrong: dict[str, dict[str, Any]] = {
            "iss claim": {"iss": "https://elsewhere.example"},
            "audience": {"aud": "another"},
            "party": {"aud": [CLIENT, "another"], "azp": "another"},
            "expired": {"iat": at - 900, "exp": at - 600},
            "nonce": {"nonce": "another"},
            "at_hash": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        }
        claims |= wrong.get(self.fault, {})
        key = self.other if self.fault == "signature" else self.key
        signed = jwt.encode({"alg": "ES256", "kid": "k1"}, claims, key)
        if self.fault == "unsigned":
            head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
            signed = f"{head}.{signed.split('.')[1]}."
        return 200, {"access_token": "a1", "token_type": "Bearer", "id_token": signed}


def _answering(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            told = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(told))
                self.end_headers()
            elif parts.path == "/keys":
                self.tell(200, {"keys": [provider.key.as_dict(private=False)]})
            else:
                self.tell(200, provider.discovery())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            sent = {name: values[0] for name, values in parse_qs(body).items()}
            self.tell(*provider.token(sent, self.headers.get("Authorization", "")))

        def tell(self, state: int, told: dict[str, Any]) -> None:
            self.send_response(state)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Answering
