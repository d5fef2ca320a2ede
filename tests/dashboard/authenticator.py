"""A phone with passkeys, in software: it makes them and answers by WebAuthn's rules, also on request wrongly."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode

from tests.dashboard.browser import Browser

PRESENT, VERIFIED, NEW = 1, 4, 64


@dataclass
class Phone:
    """One passkey. `origin` is what the browser says where it is; `flags` what the owner did."""

    origin: str
    rp_id: str = "example.com"
    flags: int = PRESENT | VERIFIED
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    handle: str = ""

    def make(self, options: dict[str, Any]) -> str:
        """The answer to what asks for a new passkey."""
        self.handle = options["user"]["id"]
        public = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))  # type: ignore[no-untyped-call]  # fido2's
        about = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        auth_data = self._auth_data(self.flags | NEW) + about
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": auth_data})
        client = self._client("webauthn.create", options["challenge"])
        return self._answer(clientDataJSON=client, attestationObject=attestation)

    def use(self, options: dict[str, Any]) -> str:
        """The answer to what asks for one."""
        client, auth_data = self._client("webauthn.get", options["challenge"]), self._auth_data()
        signed = auth_data + hashlib.sha256(client).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            clientDataJSON=client,
            authenticatorData=auth_data,
            signature=signature,
            userHandle=websafe_decode(self.handle),
        )

    def _auth_data(self, flags: int | None = None) -> bytes:
        shown = self.flags if flags is None else flags
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([shown]) + bytes(4)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, **response: bytes) -> str:
        name = websafe_encode(self.id)
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "clientExtensionResults": {},
                "response": {key: websafe_encode(value) for key, value in response.items()},
            }
        )


def phone_at(browser: Browser, **options: Any) -> Phone:
    """One that the browser's computer asks."""
    return Phone(origin=f"http://{browser.host}", **options)


def asked(page: str) -> dict[str, Any]:
    """What the page has its script ask."""
    options = page.partition('data-options="')[2].partition('"')[0]
    assert options, "nothing is asked"
    return dict(json.loads(unescape(options)))


def make_passkey(browser: Browser, **options: Any) -> Phone:
    """A passkey, made on the page."""
    phone = phone_at(browser, **options)
    reply = give_new(browser, phone)
    assert reply.status_code == 302, reply.content.decode()
    return phone


def give_new(browser: Browser, phone: Phone, name: str = "Phone") -> Any:
    """The page's form, with the phone's answer."""
    options = asked(browser.get("/settings/auth/passkeys").content.decode())
    data = {"name": name, "credential": phone.make(options)}
    return browser.post("/settings/auth/passkeys", data)


def sign_in_with(browser: Browser, phone: Phone, **more: str) -> Any:
    """The sign-in page's button."""
    options = browser.get("/sign-in/passkey", accept="application/json").json()
    return browser.post("/sign-in/passkey", {"credential": phone.use(options), **more})
