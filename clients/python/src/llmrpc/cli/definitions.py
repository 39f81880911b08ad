"""The form of an answer and the tools of a request, from JSON files."""

from __future__ import annotations

import json
from typing import Any

from llmrpc import v1 as pb
from llmrpc.cli.json_file import read_json
from llmrpc.cli.output import Misuse

_TOOL_KEYS = ("name", "description", "parameters", "strict")


def read_schema(path: str) -> pb.ResponseFormat:
    """The response format of a file with a JSON schema."""
    schema = read_json(path, "--schema")
    if not isinstance(schema, dict):
        raise Misuse(f"--schema {path}: is {_kind(schema)}; a JSON schema is an object")
    text = json.dumps(schema, ensure_ascii=False)
    return pb.ResponseFormat(json_schema=pb.JsonSchemaFormat(schema=text))


def read_tools(path: str) -> list[pb.Tool]:
    """The tools of a file: a list of objects with name, description, parameters, strict."""
    tools = read_json(path, "--tools")
    if not isinstance(tools, list) or not tools:
        raise Misuse(f"--tools {path}: is {_kind(tools)}; give a list of tools")
    return [_tool(tool, f"--tools {path}: [{place}]") for place, tool in enumerate(tools)]


def _tool(tool: Any, where: str) -> pb.Tool:
    if not isinstance(tool, dict):
        raise Misuse(f"{where}: is {_kind(tool)}; a tool is an object")
    if unknown := sorted(set(tool) - set(_TOOL_KEYS)):
        known = ", ".join(_TOOL_KEYS)
        raise Misuse(f"{where}: unknown key {', '.join(unknown)}; known are {known}")
    name, text = tool.get("name"), tool.get("description", "")
    if not isinstance(name, str) or not name:
        raise Misuse(f"{where}.name: is missing, or no text")
    if not isinstance(text, str):
        raise Misuse(f"{where}.description: is {_kind(text)}; it takes text")
    strict = tool.get("strict")
    if not isinstance(strict, bool | None):
        raise Misuse(f"{where}.strict: is {_kind(strict)}; it takes true or false")
    parameters = tool.get("parameters")
    if not isinstance(parameters, dict | None):
        raise Misuse(f"{where}.parameters: is {_kind(parameters)}; a JSON schema is an object")
    schema = "" if parameters is None else json.dumps(parameters, ensure_ascii=False)
    return pb.Tool(
        function=pb.FunctionTool(name=name, description=text, parameters=schema, strict=strict)
    )


def _kind(value: Any) -> str:
    """What a JSON value is, in JSON's words."""
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    if value == []:
        return "empty"
    return names.get(type(value), "a number")
