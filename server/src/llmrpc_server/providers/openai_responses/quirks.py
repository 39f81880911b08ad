"""What a row may say about its own way with Responses.

The keys are the fields of `Quirks`; the defaults are OpenAI's ways. The places that
`Row.lacks` may name are those of `providers/openai/quirks.py`, as far as this
protocol has them.
"""
