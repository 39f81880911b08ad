"""docs/contract.md holds the whole contract, and links that lead where they say."""

from __future__ import annotations

import re

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.rpc import error_details_pb2

from docs.contract_page import ORDER
from docs.contract_types import linked, reference
from docs.descriptors import PROTOS, Comments, contract
from docs.reasons_table import comments
from llmrpc.v1 import llm_service_pb2
from tests.docs.pages import first_cells, page, section

PAGE = page("docs/contract.md")


def modules() -> list[FileDescriptorProto]:
    return list(contract())


def test_every_file_is_there_in_the_order_of_reading() -> None:
    names = [path.stem for path in PROTOS.glob("llmrpc/v1/*.proto")]
    assert {each.name for each in modules()} == {f"llmrpc/v1/{name}.proto" for name in names}
    heads = re.findall(r"^## `llmrpc/v1/(\w+)\.proto`$", PAGE, re.MULTILINE)
    assert tuple(heads) == ORDER


def everything() -> list[Descriptor | EnumDescriptor]:
    """All messages and enums of the loaded stubs, which buf has no part in."""
    pool = llm_service_pb2.DESCRIPTOR.pool
    found: list[Descriptor | EnumDescriptor] = []
    for each in modules():
        file = pool.FindFileByName(each.name)
        found += [*file.message_types_by_name.values(), *file.enum_types_by_name.values()]
    for message in [each for each in found if isinstance(each, Descriptor)]:
        inner = [each for each in message.nested_types if not each.GetOptions().map_entry]
        found += [*inner, *message.enum_types]
    return found


@pytest.mark.parametrize("each", everything(), ids=lambda each: each.full_name)
def test_every_field_and_value_has_its_row(each: Descriptor | EnumDescriptor) -> None:
    part = section(PAGE, each.full_name.removeprefix("llmrpc.v1."))
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", part.partition("\n### ")[0], re.MULTILINE)
    if isinstance(each, Descriptor):
        assert rows == [(field.name, str(field.number)) for field in each.fields]
    else:
        assert rows == [(value.name, str(value.number)) for value in each.values]


def test_every_method_has_its_row() -> None:
    service = llm_service_pb2.DESCRIPTOR.services_by_name["LLMService"]
    assert first_cells(section(PAGE, "LLMService")) == list(service.methods_by_name)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("| `temperature` | 3 |", "| optional `double` |"),
        ("| `messages` | 1 |", "| repeated [`LLMMessage`](#llmmessage) |"),
        ("| `labels` | 19 |", "| map of `string` to `string` |"),
        ("| `image` | 2 |", "| [`Image`](#image), one of `kind` |"),
        ("| `outcome` | 4 |", "| [`Attempt.Outcome`](#attemptoutcome) |"),
        ("| `BatchGenerate` |", "| stream of [`BatchItem`](#batchitem) |"),
    ],
)
def test_a_type_says_how_often_it_is_there(row: str, kind: str) -> None:
    (line,) = (each for each in PAGE.splitlines() if each.startswith(row))
    assert kind in line


@pytest.mark.parametrize("row", ["`temperature` | 3", "`tools` | 11", "`is_error` | 5"])
def test_a_meaning_does_not_repeat_the_name(row: str) -> None:
    (line,) = (each for each in PAGE.splitlines() if each.startswith(f"| {row} "))
    assert line.split(" | ")[-1].startswith(("The ", "True "))


def test_types_of_others_lead_to_their_own_pages() -> None:
    assert reference(".google.protobuf.Duration").endswith("/google.protobuf/#duration)")
    assert reference(".google.rpc.Status").endswith("/google/rpc/status.proto)")


def test_a_comment_links_other_types_alone() -> None:
    text = "See ErrorReason and `LLMResponse.attempts`; Usage is a word, `Nothing.at` too."
    assert linked(text, "ErrorReason") == (
        "See ErrorReason and [`LLMResponse.attempts`](#llmresponse); "
        "Usage is a word, `Nothing.at` too."
    )


def test_what_has_no_comment_is_refused() -> None:
    with pytest.raises(ValueError, match="no comment"):
        Comments(FileDescriptorProto(name="empty.proto")).line(12)


def test_every_reason_has_an_error_info_that_is_one() -> None:
    for name, comment in comments().items():
        if name != "ERROR_REASON_UNSPECIFIED":
            info = json_format.Parse(comment.example, error_details_pb2.ErrorInfo())
            assert (f"ERROR_REASON_{info.reason}", info.domain) == (name, "llmrpc")
