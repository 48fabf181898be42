"""In which form keys are kept: as they are, or as a keyed digest to look up by and a ciphertext to read back."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adapters.crossref.errors import SecretError
from adapters.crossref.keys.secrets import Secrets, decrypt, encrypt
from adapters.crossref.keys.sources import KeyMode, SourceSystem

__all__ = ["KeptKey", "Keyring"]


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key as the link table keeps it: the form to look up by, and the ciphertext where the source is sealed."""

    lookup: str = field(repr=False)
    sealed: bytes | None = field(default=None, repr=False)


class Keyring:
    """Turns the keys of one tenant's sources into the forms that are kept, and back.

    A plain source's key is kept as it is. A sealed source's key is looked up by `v1:` and the base64url HMAC-SHA-256 of
    it, and read back from its AES-GCM ciphertext (two bytes of version, then nonce and ciphertext), which is bound to
    tenant and source. Both keys differ for each tenant, source, use and version.
    """

    def __init__(self, tenant: str, secrets: Secrets | None) -> None:
        self._tenant = tenant
        self._secrets = secrets
        self._derived: dict[tuple[str, str, int], bytes] = {}  # as many as there are sources, uses and versions
        self._marks: dict[int, str] = {}

    def check(self, source: SourceSystem) -> None:
        """Raise SecretError when the source is sealed and there is no secret to do it with."""
        if source.key_mode is KeyMode.SEALED:
            self._need()

    def check_versions(self, wanted: Iterable[int]) -> None:
        """Raise SecretError unless every version is at hand."""
        missing = sorted({*wanted} - {*self._need().versions})
        if missing:
            raise SecretError(
                f"got secrets of the versions {sorted(self._need().versions)}; wanted also {missing}, "
                "with which live keys are sealed: give them back beside the others"
            )

    def mark(self, version: int) -> str:
        """Return what tells the secret of this version from any other: with it alone nobody finds out the secret."""
        if version not in self._marks:
            # under a key of its own: it tells nothing of any other that is derived from the secret
            digest = self.hmac("mark", "", version, b"")
            self._marks[version] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return self._marks[version]

    def lacking(self, written: Mapping[str, str]) -> tuple[int, ...]:
        """Return those versions of which the secret is not at hand, of those with which the tenant was written.

        `written` is version -> the mark of its secret. They are no hindrance where nothing is in use that they sealed.
        Raises SecretError when one is newer than all at hand: another process writes with it what this one could not
        find. Without secrets none is lacking, for nothing that is sealed can be asked for.
        """
        versions = self.versions
        if not versions:
            return ()
        kept = {int(version): mark for version, mark in written.items()}
        lacking = sorted(one for one, mark in kept.items() if one not in versions or self.mark(one) != mark)
        if lacking and lacking[-1] > max(versions):
            raise SecretError(
                f"got secrets of the versions {sorted(versions)}; wanted also {lacking}, with which another process "
                "has written: give this one the same secrets, every process before any writes with a new one"
            )
        return tuple(lacking)

    def kept(self, source: SourceSystem, key: str) -> KeptKey:
        """Return the form in which a key in normal form is written, made with the current version."""
        if source.key_mode is KeyMode.PLAIN:
            return KeptKey(key)
        return KeptKey(
            self._digest(source.name, key, self._need().current_version), self.seal(source, "key", key.encode())
        )

    def lookup_forms(self, source: SourceSystem, key: str) -> tuple[str, ...]:
        """Return every form under which a key in normal form may have been written: one a version."""
        if source.key_mode is KeyMode.PLAIN:
            return (key,)
        return tuple(self._digest(source.name, key, version) for version in self._need().versions)

    def read(self, source: SourceSystem, kept: KeptKey) -> str:
        """Return the key that was written, in normal form; raises SecretError when it does not open."""
        if kept.sealed is None:
            return kept.lookup
        return self.unseal(source, "key", kept.sealed).decode()

    def seal(self, source: SourceSystem, use: str, plain: bytes, *bound_to: str) -> bytes:
        """Return the ciphertext of a value of a sealed source; the value of a plain source as it is."""
        if source.key_mode is KeyMode.PLAIN:
            return plain
        version = self._need().current_version
        sealed = encrypt(self._key(source.name, use, version), plain, self._bound(source.name, bound_to))
        return version.to_bytes(2, "big") + sealed

    def unseal(self, source: SourceSystem, use: str, sealed: bytes, *bound_to: str) -> bytes:
        """Return what `seal` was given; raises SecretError when it does not open."""
        if source.key_mode is KeyMode.PLAIN:
            return sealed
        key = self._key(source.name, use, int.from_bytes(sealed[:2], "big"))
        return decrypt(key, sealed[2:], self._bound(source.name, bound_to))

    def wanted_for(self, source: SourceSystem, sealed: bytes) -> int | None:
        """Return the version that sealed a value and is not at hand; None when it is, or nothing is sealed."""
        version = int.from_bytes(sealed[:2], "big")  # 0 is none
        return None if source.key_mode is KeyMode.PLAIN or version in (0, *self.versions) else version

    def tenant_keys(self, use: str) -> tuple[bytes, ...]:
        """Return the tenant's own key for a use that concerns no one source, of each version, the current one first.

        Without secrets there is none.
        """
        if self._secrets is None:
            return ()
        current = self._secrets.current_version
        others = (version for version in self._secrets.versions if version != current)
        return tuple(self._key("", use, version) for version in (current, *others))  # no source has an empty name

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions of the secret at hand, the current one first; none without secrets."""
        if self._secrets is None:
            return ()
        current = self._secrets.current_version
        return (current, *(version for version in self._secrets.versions if version != current))

    def hmac(self, use: str, name: str, version: int, content: bytes) -> bytes:
        """Return the HMAC-SHA-256 of a content under the tenant's key for this use, name and version of the secret."""
        return hmac.digest(self._key(name, use, version), content, "sha256")

    def _digest(self, source: str, key: str, version: int) -> str:
        digest = hmac.digest(self._key(source, "lookup", version), key.encode(), "sha256")
        return f"v{version}:{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"

    def _key(self, source: str, use: str, version: int) -> bytes:
        name = (source, use, version)
        if name not in self._derived:
            info = json.dumps(["crossref", use, self._tenant, source])
            self._derived[name] = self._need().derive(info, version=version)
        return self._derived[name]

    def _bound(self, source: str, more: tuple[str, ...]) -> bytes:
        return json.dumps([self._tenant, source, *more]).encode()

    def _need(self) -> Secrets:
        if self._secrets is None:
            raise SecretError(
                "a source's keys are sealed and no secret was given; open the cross-reference with secrets="
            )
        return self._secrets
