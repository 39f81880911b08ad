"""The words for a value that does not fit its field; protobuf's own name no field."""

from __future__ import annotations

import reprlib

from google.protobuf.descriptor import FieldDescriptor

_TAKES = {
    FieldDescriptor.CPPTYPE_INT32: f"a whole number from {-(2**31)} to {2**31 - 1}",
    FieldDescriptor.CPPTYPE_INT64: f"a whole number from {-(2**63)} to {2**63 - 1}",
    FieldDescriptor.CPPTYPE_DOUBLE: "a number",
    FieldDescriptor.CPPTYPE_BOOL: "True or False",
    FieldDescriptor.CPPTYPE_STRING: "text",
}


def misfit(field: FieldDescriptor, value: object, error: Exception) -> TypeError | ValueError:
    """What to raise: the field, the value if it is a number, and what the field takes.

    A number outside the field's range is a `ValueError`, all else a `TypeError`.
    Texts are left out, since they may repeat a prompt. `error` is protobuf's own; it
    says which field of a message, or which character, is wrong.
    """
    number = isinstance(value, int | float)
    shown = reprlib.repr(value) if number else type(value).__name__
    text = f"{field.name}: {shown} does not fit; it takes {_takes(field)}"
    if field.message_type is not None or isinstance(error, UnicodeError):
        text = f"{text} ({error})"
    if number and isinstance(error, ValueError):
        return ValueError(text)
    return TypeError(text)


def _takes(field: FieldDescriptor) -> str:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        value = _takes(message.fields_by_name["value"])
        return f"a dict from names to {value}"
    if message is None:
        one = _TAKES[field.cpp_type]
    elif message.file.package.startswith("google"):
        one = f"JSON's {message.name}"
    else:
        one = f"{message.name} or a dict of its fields"
    return f"a list of {one}" if field.is_repeated else one
