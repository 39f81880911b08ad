"""No secret in what a provider says around an answer; what the model wrote stays as it is."""

from __future__ import annotations

from google.protobuf import struct_pb2

from llmrpc import v1 as pb
from llmrpc.call import ApiKey
from llmrpc_server.providers.dialect import secrets_of
from llmrpc_server.providers.http import Upstream
from llmrpc_server.providers.row import Row
from llmrpc_server.redaction import Redactor, redactor_of


def redactor_for(row: Row, key: ApiKey | None, upstream: Upstream) -> Redactor:
    """Knows what goes with a request to a provider, the proxy's password included."""
    values = [secret.reveal() for secret in secrets_of(row, key)]
    proxy = upstream.settings.proxy
    return redactor_of(tuple(values if proxy is None else [*values, proxy.reveal()]))


def mask_response(redactor: Redactor, response: pb.LLMResponse) -> None:
    """Takes secrets out of the names that stand around an answer."""
    said = f"{response.model}\n{response.provider_response_id}\n{response.provider_finish_reason}"
    if response.warnings:
        for warning in response.warnings:
            said += f"\n{warning.field}\n{warning.message}"
    if response.provider_metadata:
        for key, value in response.provider_metadata.items():
            said += f"\n{key}\n{value.SerializeToString().decode('latin-1')}"
    if redactor.clean(said) == said:  # as nearly always
        return
    clean = redactor.clean
    response.model = clean(response.model)
    response.provider_response_id = clean(response.provider_response_id)
    response.provider_finish_reason = clean(response.provider_finish_reason)
    for warning in response.warnings:
        warning.field, warning.message = clean(warning.field), clean(warning.message)
    metadata = {
        clean(key): _masked(redactor, value) for key, value in response.provider_metadata.items()
    }
    response.provider_metadata.clear()
    for key, value in metadata.items():
        response.provider_metadata[key].CopyFrom(value)


def _masked(redactor: Redactor, value: struct_pb2.Value) -> struct_pb2.Value:
    match value.WhichOneof("kind"):
        case "string_value":
            return struct_pb2.Value(string_value=redactor.clean(value.string_value))
        case "list_value":
            items = [_masked(redactor, each) for each in value.list_value.values]
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
        case "struct_value":
            fields = {
                redactor.clean(key): _masked(redactor, each)
                for key, each in value.struct_value.fields.items()
            }
            return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
        case _:
            return value
