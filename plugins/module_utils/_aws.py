# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is private to the collection; its interface may change in any release.
"""Ask AWS through botocore: clients, pages, regions side by side, and failures in one form."""

from __future__ import annotations

import concurrent.futures
import os
import threading
import traceback
import typing as t
from collections.abc import Mapping

from ansible.module_utils.basic import env_fallback, missing_required_lib

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _contract
from ansible_collections.cloudbgp.exabgp.plugins.module_utils._cloud import Answer, CloudError, answer

try:
    import boto3
    import botocore
    import botocore.config
    import botocore.exceptions
    import botocore.parsers
except ImportError:
    MISSING: str | None = traceback.format_exc()
else:
    MISSING = None

# The names of amazon.aws's options. What is not given is found by botocore: AWS_PROFILE, AWS_ACCESS_KEY_ID and its
# like, AWS_ENDPOINT_URL, AWS_CA_BUNDLE, the instance's role.
SPEC: dict[str, t.Any] = {
    "regions": {"type": "list", "elements": "str", "aliases": ["region"]},
    "profile": {"type": "str"},
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
    "endpoint_url": {"type": "str", "fallback": (env_fallback, ["AWS_URL"])},
}
_REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")

_STATES = {"up": _contract.ESTABLISHED, "down": _contract.DOWN, "unknown": _contract.UNKNOWN}
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_THROTTLED = frozenset(
    {"EC2ThrottledException", "RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)
_HINT_CREDENTIALS = "Give profile, or access_key and secret_key, or AWS_PROFILE, or run where a role is attached"
_AT_A_TIME = 8


class Client:
    """One service in one region. Its methods may be called from several threads.

    :param options: the options of SPEC.
    :param service: botocore's name of the service, C(ec2) say.
    :param region: the region; None for the one that is configured.
    :raises CloudError: the library, the region or the credentials are missing.
    """

    def __init__(self, options: Mapping[str, t.Any], service: str, region: str | None) -> None:
        if MISSING:
            text = missing_required_lib("boto3")
            raise CloudError("missing_library", text, "Install it for the Python that runs the module")
        self.calls = 0
        self._lock = threading.Lock()
        self._service = service
        config = botocore.config.Config(
            connect_timeout=options["api_timeout"],
            read_timeout=options["api_timeout"],
            retries={"mode": "standard", "total_max_attempts": options["api_retries"] + 1},
            max_pool_connections=_AT_A_TIME,
        )
        try:
            session: t.Any = boto3.session.Session(
                aws_access_key_id=options["access_key"],
                aws_secret_access_key=options["secret_key"],
                aws_session_token=options["session_token"],
                profile_name=options["profile"],
            )
            self._client = session.client(
                service, region_name=region, endpoint_url=options["endpoint_url"], config=config
            )
        except botocore.exceptions.BotoCoreError as exc:
            raise _of_botocore(exc, service) from None
        except ValueError as exc:
            raise CloudError("bad_request", f"{service}: {exc}", "See endpoint_url and the region") from None
        self.region = str(self._client.meta.region_name)

    def call(self, operation: str, permission: str, **parameters: t.Any) -> dict[str, t.Any]:
        """One answer.

        :param operation: boto3's name of the call, C(describe_route_servers) say.
        :param permission: the IAM action that it needs; named when it is not granted.
        :raises CloudError: the call failed.
        """
        method = getattr(self._client, operation, None)
        if method is None:
            raise CloudError(
                "missing_library",
                f"botocore {botocore.__version__} does not know {self._service} {operation}",
                "Install a newer boto3",
            )
        with self._lock:
            self.calls += 1
        name = f"{permission} in {self.region}"
        try:
            return t.cast("dict[str, t.Any]", method(**parameters))
        except botocore.exceptions.ClientError as exc:
            raise _of_answer(exc, name, permission) from None
        except botocore.exceptions.BotoCoreError as exc:
            raise _of_botocore(exc, name) from None
        except botocore.parsers.ResponseParserError:
            text = f"{name}: what came back is not an answer of AWS"
            raise CloudError("bad_answer", text, "See endpoint_url and the proxy") from None

    def all(
        self, operation: str, permission: str, key: str, cursor: str = "NextToken", **parameters: t.Any
    ) -> list[dict[str, t.Any]]:
        """Every item of all pages.

        :param key: the field of the answer that holds the items. An answer without it is none.
        :param cursor: the field with the next page's token, in question and answer.
        :raises CloudError: also for a token that repeats, which would be asked for ever.
        """
        found: list[dict[str, t.Any]] = []
        for page in self.pages(operation, permission, key, cursor, **parameters):
            found += page[key]
        return found

    def pages(
        self, operation: str, permission: str, key: str, cursor: str = "NextToken", **parameters: t.Any
    ) -> t.Iterator[dict[str, t.Any]]:
        """Every page; as :meth:`all`."""
        seen: set[str] = set()
        following = None
        while True:
            page = self.call(operation, permission, **parameters, **({cursor: following} if following else {}))
            if key not in page:
                raise CloudError(
                    "bad_answer",
                    f"{permission} in {self.region}: the answer has no {key}",
                    "See endpoint_url and the proxy",
                )
            yield page
            following = page.get(cursor)
            if not following:
                return
            if following in seen:
                raise CloudError(
                    "bad_answer", f"{permission} in {self.region}: the page token repeats", "Ask again later"
                )
            seen.add(following)


class Asker(t.Protocol):
    """Asks one region for all that a module's options want; made once, and asked again for C(wait_for)."""

    def ask(self) -> Answer:
        """One round. Raises CloudError when the peerings cannot be had."""


def run(module: t.Any, asker: t.Callable[[dict[str, t.Any], str | None], Asker]) -> None:
    """Ask as the options of a module want, and end it with what there is.

    :param asker: makes what asks one region, from the options and the region.
    """
    made: dict[str | None, Asker] = {}

    def ask(region: str | None) -> Answer:
        if region not in made:
            made[region] = asker(module.params, region)
        return made[region].ask()

    answer(module, lambda: in_regions(module.params, ask))


def in_regions(options: Mapping[str, t.Any], ask: t.Callable[[str | None], Answer]) -> Answer:
    """Ask every region at once, and join what they answer.

    :raises CloudError: where no region answered; a region that failed beside others is the answer's failure.
    """
    regions: list[str | None] = list(options["regions"] or [_environment_region()])
    failure: CloudError | None = None
    answers: list[Answer] = []
    with concurrent.futures.ThreadPoolExecutor(_AT_A_TIME) as pool:
        for job in [pool.submit(ask, region) for region in regions]:
            try:
                answers.append(job.result())
            except CloudError as exc:
                failure = failure or exc
    if failure and not answers:
        raise failure
    extra: dict[str, t.Any] = {}
    for found in answers:
        failure = failure or found.failure
        for name, value in found.extra.items():
            extra[name] = extra[name] + value if name in extra else value
    return Answer([item for found in answers for item in found.peerings], extra, failure)


def side_by_side(jobs: t.Iterable[t.Callable[[], t.Any]]) -> list[t.Any]:
    """The results of independent questions, in their order. Raises the first CloudError."""
    with concurrent.futures.ThreadPoolExecutor(_AT_A_TIME) as pool:
        return [job.result() for job in [pool.submit(work) for work in jobs]]


def state_of(word: t.Any, problems: list[str]) -> str:
    """C(up) and C(down), however they are spelled; anything else is unknown, and a word of no model a problem."""
    if word is not None and str(word).lower() not in _STATES:
        problems.append(f"the BGP status is {word!r}, which AWS does not document")
    return _STATES.get(str(word).lower(), _contract.UNKNOWN)


def name_of(item: Mapping[str, t.Any], otherwise: str) -> str:
    """The tag Name of a resource, or its id."""
    tags = {tag.get("Key", tag.get("key")): tag.get("Value", tag.get("value")) for tag in item.get("Tags") or ()}
    return tags.get("Name") or otherwise


def _environment_region() -> str | None:
    return next((os.environ[name] for name in _REGION if os.environ.get(name)), None)


def _of_answer(exc: t.Any, name: str, permission: str) -> CloudError:
    error = exc.response.get("Error", {})
    code, status = str(error.get("Code", "")), exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    text = f"{name}: {code} {error.get('Message') or ''}".rstrip()[:600]
    if code in _EXPIRED:
        return CloudError("expired", text, "Get new credentials, and see the clock")
    if code in _FORBIDDEN:
        return CloudError("forbidden", text, f"Allow {permission}: see docs/permissions.md")
    if code in _CREDENTIALS:
        return CloudError("no_credentials", text, _HINT_CREDENTIALS)
    if code in _THROTTLED or status == 429:
        return CloudError("throttled", text, "Ask later, or raise api_retries")
    if "NotFound" in code or status == 404:
        return CloudError("not_found", text, "See the ids and the region")
    if status >= 500:
        return CloudError("server_error", text, "Ask later: https://health.aws.amazon.com")
    return CloudError("bad_request", text, "See the options")


def _of_botocore(exc: Exception, name: str) -> CloudError:
    kinds = botocore.exceptions
    text = f"{name}: {(str(exc).splitlines() or [''])[0][:300]}"
    expired = (kinds.UnauthorizedSSOTokenError, kinds.SSOTokenLoadError, kinds.TokenRetrievalError)
    if isinstance(exc, expired):
        return CloudError("expired", text, "Log in again: aws sso login")
    credentials = (kinds.NoCredentialsError, kinds.PartialCredentialsError, kinds.CredentialRetrievalError)
    if isinstance(exc, (*credentials, kinds.ProfileNotFound)):
        return CloudError("no_credentials", text, _HINT_CREDENTIALS)
    if isinstance(exc, kinds.NoRegionError):
        return CloudError("bad_request", text, "Give regions, or set AWS_REGION")
    if isinstance(exc, (kinds.ConnectTimeoutError, kinds.ReadTimeoutError)):
        return CloudError("timeout", text, "See the network and the proxy")
    if isinstance(exc, kinds.SSLError):
        return CloudError("tls", text, "See the proxy, AWS_CA_BUNDLE and the clock")
    if isinstance(exc, (kinds.ConnectionError, kinds.HTTPClientError)):
        return CloudError("unreachable", text, "See the network, the proxy and the region")
    if isinstance(exc, kinds.ParamValidationError):
        return CloudError("bad_request", text, "See the options")
    return CloudError("bad_answer", text, "See endpoint_url and the proxy")
