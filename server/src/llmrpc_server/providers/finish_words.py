"""Words for the end of an answer: what each means, whichever dialect it came in.

Servers that translate between dialects leave words of one in the other. A dialect looks in
its own table first. Sources: https://platform.openai.com/docs/api-reference/chat/object,
https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons,
https://ai.google.dev/api/generate-content#FinishReason,
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html,
https://docs.cohere.com/reference/chat,
https://docs.mistral.ai/api/, https://docs.z.ai/api-reference/llm/chat-completion and
https://huggingface.co/docs/text-generation-inference/reference/api_reference
"""

from __future__ import annotations

from collections.abc import Mapping

from llmrpc import v1 as pb

_WORDS: Mapping[pb.FinishReason.ValueType, tuple[str, ...]] = {
    pb.FINISH_REASON_STOP: (
        *("stop", "completed", "complete", "end_turn", "stop_sequence", "eos", "eos_token"),
    ),
    pb.FINISH_REASON_LENGTH: (
        *("length", "max_tokens", "max_output_tokens", "model_length", "max_length"),
        *("model_context_window_exceeded", "continuation", "max_new_tokens", "error_limit"),
    ),
    pb.FINISH_REASON_TOOL_CALLS: ("tool_calls", "tool_call", "tool_use", "function_call"),
    pb.FINISH_REASON_CONTENT_FILTER: (
        *("content_filter", "content_filtered", "content_policy_violation"),
        *("guardrail_intervened", "safety", "recitation", "blocklist", "prohibited_content"),
        *("spii", "model_armor", "image_safety", "sensitive", "error_toxic"),
    ),
    pb.FINISH_REASON_REFUSAL: ("refusal",),
    pb.FINISH_REASON_PAUSE: ("pause_turn",),
    pb.FINISH_REASON_MALFORMED_TOOL_CALL: (
        *("malformed_function_call", "malformed_tool_use", "unexpected_tool_call"),
    ),
}
_REASONS = {word: reason for reason, words in _WORDS.items() for word in words}
_PREFIX = "finish_reason_"
"""Of the names that Google's protocol buffers have."""


_NONE = frozenset({"", "null", "none"})
"""Words of an answer that has not ended, as at Alibaba:
https://www.alibabacloud.com/help/en/model-studio/qwen-api-via-dashscope"""


def is_reason(word: object) -> bool:
    """Whether a finish reason came: some servers write that there is none as a word."""
    return bool(word) and not (isinstance(word, str) and word.strip().lower() in _NONE)


def reason_of(word: str) -> pb.FinishReason.ValueType:
    """What a word means; OTHER for one that nobody knows.

    Case does not matter, and neither do hyphens, which Vercel's gateway writes.
    """
    plain = word.strip().lower().replace("-", "_")
    return _REASONS.get(plain.removeprefix(_PREFIX), pb.FINISH_REASON_OTHER)
