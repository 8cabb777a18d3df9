# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""Ask Google Cloud's REST APIs: credentials, retries, pages, and failures in one form.

https://cloud.google.com/compute/docs/reference/rest/v1
"""

from __future__ import annotations

import json
import traceback
import typing as t
from collections.abc import Mapping

from ansible.module_utils.basic import env_fallback, missing_required_lib

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _rest
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._cloud import CloudError

try:
    import google.auth
    import google.auth.compute_engine
    import google.auth.exceptions
    import google.auth.transport.requests
    import google.oauth2.credentials
    import google.oauth2.service_account
except ImportError:
    MISSING: str | None = traceback.format_exc()
else:
    MISSING = None

COMPUTE = "https://compute.googleapis.com/compute/v1"
CONNECTIVITY = "https://networkconnectivity.googleapis.com/v1"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

# The names and the environment variables of google.cloud's modules, so that AWX's credential type works by itself;
# those of the endpoints are gcloud's.
SPEC: dict[str, t.Any] = {
    "project": {"type": "str", "fallback": (env_fallback, ["GCP_PROJECT", "GCE_PROJECT"])},
    "auth_kind": {
        "type": "str",
        "choices": ["accesstoken", "application", "machineaccount", "serviceaccount"],
        "fallback": (env_fallback, ["GCP_AUTH_KIND"]),
    },
    "service_account_file": {
        "type": "path",
        "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_FILE", "GCE_CREDENTIALS_FILE_PATH"]),
    },
    "service_account_contents": {
        "type": "jsonarg",
        "no_log": True,
        "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_CONTENTS"]),
    },
    "service_account_email": {"type": "str", "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_EMAIL"])},
    "access_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["GCP_ACCESS_TOKEN"])},
    "compute_endpoint": {
        "type": "str",
        "default": COMPUTE,
        "fallback": (env_fallback, ["CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"]),
    },
    "network_connectivity_endpoint": {
        "type": "str",
        "default": CONNECTIVITY,
        "fallback": (env_fallback, ["CLOUDSDK_API_ENDPOINT_OVERRIDES_NETWORKCONNECTIVITY"]),
    },
}

_HINT_CREDENTIALS = (
    "Give auth_kind and service_account_file, access_token, or GOOGLE_APPLICATION_CREDENTIALS, or run where a service "
    "account is attached"
)


def require_library() -> None:
    """Raises CloudError where google-auth or requests is missing."""
    if MISSING:
        text = missing_required_lib("google-auth and requests")
        raise CloudError("missing_library", text, "Install them for the Python that runs the module")


class Client:
    """Asks with one set of credentials. Its methods may be called from several threads.

    :param options: the options of SPEC.
    :raises CloudError: the libraries, the credentials or the project are missing.
    """

    def __init__(self, options: Mapping[str, t.Any]) -> None:
        require_library()
        self._options = options
        self.calls = 0
        try:
            self._credentials, found = _credentials(options)
        except (google.auth.exceptions.GoogleAuthError, OSError, ValueError) as exc:
            raise CloudError("no_credentials", f"No credentials for Google Cloud: {exc}", _HINT_CREDENTIALS) from None
        self.project: str = options["project"] or found or ""
        if not self.project:
            raise CloudError("bad_request", "The project is not known", "Give project, or set GCP_PROJECT")
        self._session = google.auth.transport.requests.AuthorizedSession(
            self._credentials, max_refresh_attempts=1, refresh_timeout=options["api_timeout"]
        )

    def compute(self, path: str, permission: str, **query: t.Any) -> dict[str, t.Any]:
        """One answer of Compute's API.

        :param path: what follows C(projects/PROJECT/).
        :param permission: what IAM must grant for it; named when it does not.
        :raises CloudError: the call failed, or its answer is no JSON object.
        """
        base = self._options["compute_endpoint"].rstrip("/")
        return self._get(f"{base}/projects/{self.project}/{path}", permission, query)

    def connectivity(self, path: str, permission: str, **query: t.Any) -> dict[str, t.Any]:
        """One answer of the Network Connectivity API; as :meth:`compute`."""
        base = self._options["network_connectivity_endpoint"].rstrip("/")
        return self._get(f"{base}/projects/{self.project}/{path}", permission, query)

    def _get(self, url: str, permission: str, query: Mapping[str, t.Any]) -> dict[str, t.Any]:
        name = f"GET {url.rpartition(f'/projects/{self.project}/')[2]}"

        def send() -> t.Any:
            self.calls += 1
            try:
                return self._session.get(url, params=query, timeout=self._options["api_timeout"])
            except google.auth.exceptions.RefreshError as exc:
                expired = self._options["access_token"] or "expired" in str(exc)
                text = f"{name}: Google does not take the credentials: {_rest.short(exc)}"
                if expired:
                    raise CloudError("expired", text, "Get a new token") from None
                raise CloudError("no_credentials", text, _HINT_CREDENTIALS) from None
            except google.auth.exceptions.GoogleAuthError as exc:
                text = f"{name}: no token: {_rest.short(exc)}"
                raise CloudError("no_credentials", text, _HINT_CREDENTIALS) from None

        response = _rest.exchange(send, name, self._options["api_retries"])
        return _rest.read(response, name, self._hints(permission))

    def _hints(self, permission: str) -> _rest.Hints:
        return _rest.Hints(
            forbidden=f"Grant {permission} on the project {self.project}: see docs/permissions.md",
            not_found=f"See the project ({self.project}), the region and the name",
            status="https://status.cloud.google.com",
        )


def pages(
    ask: t.Callable[..., dict[str, t.Any]], path: str, permission: str, **query: t.Any
) -> t.Iterator[dict[str, t.Any]]:
    """Every page of a list, in order.

    :raises CloudError: also for a token that repeats, which would be asked for ever.
    """
    seen: set[str] = set()
    token = None
    while True:
        page = ask(path, permission, **query, **({"pageToken": token} if token else {}))
        yield page
        token = page.get("nextPageToken")
        if not token:
            return
        if token in seen:
            raise CloudError("bad_answer", f"GET {path}: the page token repeats", "Ask again later")
        seen.add(token)


def _credentials(options: Mapping[str, t.Any]) -> tuple[t.Any, str | None]:
    kind = options["auth_kind"]
    contents, file, token = (
        options[name] for name in ("service_account_contents", "service_account_file", "access_token")
    )
    if kind is None:
        kind = "accesstoken" if token else "serviceaccount" if contents or file else "application"
    if kind == "accesstoken":
        if not token:
            raise ValueError("auth_kind is accesstoken and access_token is not given")
        return google.oauth2.credentials.Credentials(token), None
    if kind == "serviceaccount":
        made = google.oauth2.service_account.Credentials
        if contents:
            found = made.from_service_account_info(json.loads(contents), scopes=[_SCOPE])
        elif file:
            found = made.from_service_account_file(file, scopes=[_SCOPE])
        else:
            raise ValueError("auth_kind is serviceaccount and neither service_account_file nor _contents is given")
        return found, found.project_id
    if kind == "machineaccount":
        return google.auth.compute_engine.Credentials(options["service_account_email"] or "default"), None
    return t.cast("tuple[t.Any, str | None]", google.auth.default(scopes=[_SCOPE]))
