"""Files of messages, and the lifetimes of cache breakpoints: what is refused, and what is not."""

from __future__ import annotations

import pytest
from google.protobuf import duration_pb2

from llmrpc import v1 as pb
from tests.server.checked import ASSISTANT, kept, said, tool_result, violations
from tests.server.wire import ask

REFUSED = {
    "messages[0].parts[0].tool_result.parts[0].image": tool_result(
        tool_call_id="1", parts=[pb.Part(image=pb.Image())]
    ),
    "messages[0].parts[0].image": said(pb.Part(image=pb.Image(media_type="image/png"))),
    "messages[0].parts[0].image.data": said(
        pb.Part(image=pb.Image(data=b"", media_type="image/png"))
    ),
    "messages[0].parts[0].image.media_type": said(pb.Part(image=pb.Image(data=b"png"))),
    "messages[0].parts[0].image.uri": said(pb.Part(image=pb.Image(uri="https://a\r\nb"))),
    "messages[0].parts[0].image.uri#empty": said(pb.Part(image=pb.Image(uri=""))),
    "messages[0].parts[0].image.uri#file": said(pb.Part(image=pb.Image(uri="file:///etc/passwd"))),
    "messages[0].parts[0].image.uri#model": said(
        pb.Part(image=pb.Image(uri="file:///etc/passwd")), role=ASSISTANT
    ),
    "messages[0].parts[0].image.uri#path": said(pb.Part(image=pb.Image(uri="/etc/passwd"))),
    "messages[0].parts[0].image.uri#colon": said(pb.Part(image=pb.Image(uri="://a/b.png"))),
    "messages[0].parts[0].audio.uri": said(pb.Part(audio=pb.Audio(uri="FTP://a/b.wav"))),
    "messages[0].parts[0].document.uri": said(
        pb.Part(document=pb.Document(uri="javascript:alert(1)"))
    ),
    "messages[0].parts[0].tool_result.parts[0].document.uri": tool_result(
        tool_call_id="1", parts=[pb.Part(document=pb.Document(uri="file:a.pdf"))]
    ),
    "messages[0].parts[0].image.media_type#break": said(
        pb.Part(image=pb.Image(data=b"png", media_type="image/png\r\nx: y"))
    ),
    "messages[0].parts[0].image.media_type#uri": said(
        pb.Part(image=pb.Image(uri="https://a/b.png", media_type="image/png\0"))
    ),
    "messages[0].parts[0].document.media_type#long": said(
        pb.Part(document=pb.Document(data=b"a", media_type="a" * 257))
    ),
    "messages[0].parts[0].document.file_id#break": said(
        pb.Part(document=pb.Document(file_id="a\nb"))
    ),
    "messages[0].parts[0].cache_breakpoint.ttl": said(kept(seconds=-1)),
    "messages[0].parts[0].cache_breakpoint.ttl#nanos": said(kept(nanos=-1)),
    "messages[0].parts[0].cache_breakpoint.ttl#long": said(kept(seconds=400 * 24 * 3600)),
    "messages[0].parts[0].cache_breakpoint.ttl#longest": said(kept(seconds=2**63 - 1)),
    "messages[0].parts[0].cache_breakpoint.ttl#odd": said(kept(nanos=2_000_000_000)),
    "messages[0].parts[0].cache_breakpoint.ttl#signs": said(kept(seconds=1, nanos=-1)),
    "messages[0].parts[0].tool_result.parts[0].cache_breakpoint.ttl": tool_result(
        tool_call_id="1", parts=[kept(seconds=-1)]
    ),
    "tools[0].cache_breakpoint.ttl": ask(
        tools=[
            pb.Tool(
                function=pb.FunctionTool(name="a"),
                cache_breakpoint=pb.CacheBreakpoint(ttl=duration_pb2.Duration(seconds=-1)),
            )
        ]
    ),
    "messages[0].parts[0].audio.media_type": said(pb.Part(audio=pb.Audio(data=b"wav"))),
    "messages[0].parts[0].document.file_id": said(pb.Part(document=pb.Document(file_id=""))),
}
"""A request by the one path that is wrong in it; `#` parts cases of one path."""

TAKEN = [
    *(
        said(pb.Part(image=pb.Image(uri=uri)))
        for uri in ("http://a/b.png", "HTTPS://a/b.png", "data:image/png;base64,eA==", "gs://a/b")
    ),
    said(pb.Part(image=pb.Image(data=b"png", media_type="image/svg+xml; charset=utf-8"))),
    said(kept(), kept(seconds=1), kept(nanos=1), kept(seconds=365 * 24 * 3600)),
]


@pytest.mark.parametrize("path", REFUSED)
def test_a_wrong_field_is_named(path: str) -> None:
    assert violations(REFUSED[path]) == [path.partition("#")[0]]


@pytest.mark.parametrize("request_", TAKEN)
def test_what_a_provider_could_read_is_taken(request_: pb.GenerateRequest) -> None:
    assert violations(request_) == []
