"""ListModels: which page of which models. A token says behind which name it goes on."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b

from llmrpc import v1 as pb
from llmrpc.errors import InvalidRequestError, Violation
from llmrpc_server.rpc.filter import parse_filter
from llmrpc_server.rpc.filter_words import FilterError
from llmrpc_server.words import too_small

PAGE = 100
LARGEST_PAGE = 1000
_DIGEST = 8
_LONGEST_TOKEN = 4096


def page_of(models: Sequence[pb.Model], request: pb.ListModelsRequest) -> pb.ListModelsResponse:
    """The page that is asked for, of models in the order of their names.

    A token names the last model of the page before, so it stays good when models
    come and go: none is told twice, and one that came behind it is told. Raises
    `InvalidRequestError` naming page_size, page_token or filter.
    """
    if request.page_size < 0:
        raise _refused("page_size", f"{too_small(request.page_size, 0)}; 0 is the default, {PAGE}")
    try:
        wanted = parse_filter(request.filter, pb.Model.DESCRIPTOR)
    except FilterError as error:
        raise _refused("filter", str(error)) from None
    size = min(request.page_size or PAGE, LARGEST_PAGE)
    start = 0
    if request.page_token:
        last = _read(request.page_token, request.filter)
        start = bisect_right(models, last, key=lambda model: model.name)
    response = pb.ListModelsResponse()
    for model in models[start:]:
        if wanted(model):
            if len(response.models) == size:
                response.next_page_token = _token(response.models[-1].name, request.filter)
                break
            response.models.append(model)
    return response


def _token(name: str, filter: str) -> str:
    data = name.encode()
    return base64.urlsafe_b64encode(_digest(data, filter) + data).decode()


def _read(token: str, filter: str) -> str:
    """The name in a token. Raises where it is none of ours, or of another filter."""
    try:
        data = base64.b64decode(token[:_LONGEST_TOKEN], altchars=b"-_", validate=True)
        digest, name = data[:_DIGEST], data[_DIGEST:]
        text = name.decode()
    except (ValueError, binascii.Error):
        digest, name, text = b"", b"", ""
    if digest != _digest(name, filter):
        raise _refused(
            "page_token", "is no next_page_token of this filter; leave it out for the first page"
        )
    return text


def _digest(name: bytes, filter: str) -> bytes:
    """Tells a token from anything else, and one of another filter; it is no secret."""
    return blake2b(name + b"\0" + filter.encode(errors="replace"), digest_size=_DIGEST).digest()


def _refused(field: str, why: str) -> InvalidRequestError:
    return InvalidRequestError(f"{field}: {why}", violations=[Violation(field, why)])
