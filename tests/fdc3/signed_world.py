"""A world of apps that sign and encrypt: where they publish their keys, whom they trust, and what time it is."""

from __future__ import annotations

import json

from fdc3.security import PublishedKeys, Replays, Signer, Verifier, new_signing_key, new_wrapping_key, published

NOW = 1_800_000_000


class App:
    """An app with keys of its own, published at its origin."""

    def __init__(self, world: World, name: str, algorithm: str = "EdDSA") -> None:
        self.origin = f"https://{name}.example"
        self.jku = f"{self.origin}/.well-known/jwks.json"
        self.signing = new_signing_key(f"{name}-sig", algorithm)
        self.wrapping = new_wrapping_key(f"{name}-enc")
        self.keys = PublishedKeys(world.trusts, fetch=world.fetch, monotonic=lambda: world.now)
        self.signer = Signer(self.signing, self.jku, clock=lambda: world.now)
        self.verifier = Verifier(self.keys, clock=lambda: world.now)
        self.replays = Replays()


class World:
    """Where apps publish, whom they trust, and what time it is."""

    def __init__(self) -> None:
        self.now = float(NOW)
        self.sites: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.trusted: set[str] = set()
        self.issuers: set[str] = {"https://idp.example"}

    def app(self, name: str, algorithm: str = "EdDSA", *, trusted: bool = True) -> App:
        app = App(self, name, algorithm)
        self.publish(app)
        if trusted:
            self.trusted.add(app.jku)
        return app

    def publish(self, app: App) -> None:
        self.sites[app.jku] = json.dumps(published(app.signing, app.wrapping)).encode()

    def trusts(self, jku: str, issuer: str | None) -> bool:
        return jku in self.trusted and (issuer is None or issuer in self.issuers)

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if url not in self.sites:
            raise OSError("not there")
        return self.sites[url]
