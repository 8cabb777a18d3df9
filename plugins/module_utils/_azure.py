# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""Ask Azure Resource Manager: credentials by azure-identity, pages, long-running operations, failures in one form.

https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

import threading
import time
import traceback
import typing as t
from collections.abc import Iterator, Mapping

from ansible.module_utils.basic import env_fallback, missing_required_lib

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _rest
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._cloud import CloudError

try:
    import azure.core.exceptions
    import azure.identity
    import requests
except ImportError:
    MISSING: str | None = traceback.format_exc()
else:
    MISSING = None

_CLOUDS = {
    "AzureCloud": ("https://management.azure.com", "https://login.microsoftonline.com"),
    "AzureUSGovernment": ("https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
    "AzureChinaCloud": ("https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
}

# The names and environment variables of azure.azcollection, so that AWX's credential type works by itself.
SPEC: dict[str, t.Any] = {
    "subscription_id": {"type": "str", "fallback": (env_fallback, ["AZURE_SUBSCRIPTION_ID"])},
    "auth_source": {
        "type": "str",
        "choices": ["auto", "cli", "env", "msi"],
        "default": "auto",
        "fallback": (env_fallback, ["ANSIBLE_AZURE_AUTH_SOURCE"]),
    },
    "client_id": {"type": "str", "fallback": (env_fallback, ["AZURE_CLIENT_ID"])},
    "secret": {"type": "str", "no_log": True, "fallback": (env_fallback, ["AZURE_SECRET", "AZURE_CLIENT_SECRET"])},
    "tenant": {"type": "str", "fallback": (env_fallback, ["AZURE_TENANT", "AZURE_TENANT_ID"])},
    "cloud_environment": {
        "type": "str",
        "choices": sorted(_CLOUDS),
        "default": "AzureCloud",
        "fallback": (env_fallback, ["AZURE_CLOUD_ENVIRONMENT"]),
    },
    "management_endpoint": {"type": "str", "fallback": (env_fallback, ["AZURE_MANAGEMENT_ENDPOINT"])},
    "operation_timeout": {"type": "float", "default": 180},
}
_HINT_CREDENTIALS = (
    "Give client_id, secret and tenant, or AZURE_CLIENT_ID, AZURE_SECRET and AZURE_TENANT, or log in with az, or run "
    "where a managed identity is attached"
)
_SPARE = 300  # seconds before its end at which a token counts as over


class Client:
    """Asks with one set of credentials. Its methods may be called from several threads.

    :param options: the options of SPEC.
    :raises CloudError: the libraries, the credentials or the subscription are missing.
    """

    def __init__(self, options: Mapping[str, t.Any]) -> None:
        if MISSING:
            text = missing_required_lib("azure-identity and requests")
            raise CloudError("missing_library", text, "Install them for the Python that runs the module")
        if not options["subscription_id"]:
            text = "The subscription is not known"
            raise CloudError("bad_request", text, "Give subscription_id, or set AZURE_SUBSCRIPTION_ID")
        self._options = options
        self.calls = 0
        audience, authority = _CLOUDS[options["cloud_environment"]]
        self._scope = f"{audience}/.default"
        self._base = (options["management_endpoint"] or audience).rstrip("/")
        self._session = requests.Session()
        self._lock = threading.Lock()
        self._token: t.Any = None
        try:
            self._credential = _credential(options, authority)
        except (ValueError, azure.core.exceptions.AzureError) as exc:
            text = f"No credentials for Azure: {_rest.short(exc)}"
            raise CloudError("no_credentials", text, _HINT_CREDENTIALS) from None

    def get(self, path: str, version: str, permission: str) -> dict[str, t.Any]:
        """One resource.

        :param path: what follows C(/subscriptions/ID/).
        :param version: the version of the API.
        :param permission: the operation that a role must allow; named when it does not.
        :raises CloudError: the call failed, or its answer is no JSON object.
        """
        return self._read(self._call("GET", self._url(path, version), permission), f"GET {path}", permission)

    def all(self, path: str, version: str, permission: str) -> list[dict[str, t.Any]]:
        """Every item of all pages; as :meth:`get`. Raises CloudError also for a page that repeats."""
        return [item for page in self._pages(path, version, permission) for item in page]

    def post(self, path: str, version: str, permission: str) -> dict[str, t.Any]:
        """The result of a long-running operation, waited for; as :meth:`get`.

        :raises CloudError: also when it does not end within C(operation_timeout), or tells no C(Location).
        """
        name = f"POST {path}"
        end = time.monotonic() + self._options["operation_timeout"]
        response = self._call("POST", self._url(path, version), permission)
        attempt = 0
        while response.status_code == 202:
            location = response.headers.get("Location")
            if not location:
                raise CloudError(
                    "bad_answer", f"{name}: 202 without Location, so there is no result to ask for", "Ask again later"
                )
            if time.monotonic() >= end:
                text = f"{name}: no result within {self._options['operation_timeout']:g} s"
                raise CloudError("timeout", text, "Give a longer operation_timeout")
            _rest.pause(attempt, response.headers.get("Retry-After"))
            attempt += 1
            response = self._call("GET", self._own(location, name), permission)
        return self._read(response, name, permission)

    def _pages(self, path: str, version: str, permission: str) -> Iterator[list[dict[str, t.Any]]]:
        url, seen, name = self._url(path, version), set(), f"GET {path}"
        while True:
            seen.add(url)
            page = self._read(self._call("GET", url, permission), name, permission)
            items = page.get("value")
            if not isinstance(items, list):
                raise CloudError("bad_answer", f"{name}: the answer has no value", "See the proxy and the endpoint")
            yield items
            following = page.get("nextLink")
            if not following:
                return
            url = self._own(following, name)
            if url in seen:
                raise CloudError("bad_answer", f"{name}: the page {len(seen) + 1} repeats another", "Ask again later")

    def _url(self, path: str, version: str) -> str:
        return f"{self._base}/subscriptions/{self._options['subscription_id']}/{path}?api-version={version}"

    def _own(self, url: str, name: str) -> str:
        """A link of an answer; one that leads elsewhere would be given the token."""
        if not url.startswith(f"{self._base}/"):
            raise CloudError("bad_answer", f"{name}: the answer leads to another host", "See management_endpoint")
        return url

    def _call(self, method: str, url: str, permission: str) -> t.Any:
        name = f"{method} {url.partition('?')[0].removeprefix(self._base)}"

        def send() -> t.Any:
            headers = {"Authorization": f"Bearer {self._bearer(name)}"}
            with self._lock:
                self.calls += 1
            return self._session.request(method, url, headers=headers, timeout=self._options["api_timeout"])

        return _rest.exchange(send, name, self._options["api_retries"])

    def _bearer(self, name: str) -> str:
        with self._lock:
            if self._token is None or self._token.expires_on < time.time() + _SPARE:
                try:
                    self._token = self._credential.get_token(self._scope)
                except azure.core.exceptions.ClientAuthenticationError as exc:
                    text = f"{name}: Azure gives no token: {_rest.short(exc)}"
                    code = "expired" if "expired" in str(exc).lower() else "no_credentials"
                    raise CloudError(code, text, _HINT_CREDENTIALS) from None
                except azure.core.exceptions.AzureError as exc:
                    text = f"{name}: no token could be had: {_rest.short(exc)}"
                    raise CloudError("unreachable", text, "See the network and the proxy") from None
            return str(self._token.token)

    @staticmethod
    def _read(response: t.Any, name: str, permission: str) -> dict[str, t.Any]:
        hints = _rest.Hints(
            forbidden=f"Give the identity a role with {permission}: see docs/permissions.md",
            not_found="See the subscription, the resource group and the name",
            status="https://azure.status.microsoft",
        )
        return _rest.read(response, name, hints)


def _credential(options: Mapping[str, t.Any], authority: str) -> t.Any:
    source = options["auth_source"]
    given = [options[name] for name in ("client_id", "secret", "tenant")]
    if source == "cli":
        return azure.identity.AzureCliCredential()
    if source == "msi":
        return azure.identity.ManagedIdentityCredential(client_id=options["client_id"])
    if all(given):
        client_id, secret, tenant = given
        return azure.identity.ClientSecretCredential(tenant, client_id, secret, authority=authority)
    if source == "env":
        raise ValueError("auth_source is env, and client_id, secret and tenant are not all given")
    return azure.identity.DefaultAzureCredential(
        authority=authority,
        managed_identity_client_id=options["client_id"],
        exclude_interactive_browser_credential=True,
    )
