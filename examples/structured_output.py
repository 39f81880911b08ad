"""Structured output: a message in plain words becomes an object of a class."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from datetime import date

from llmrpc import GatewayClient, build_conversation

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default

TEXT = "Ada, Grace and Barbara meet on the third of March 2027 to plan the museum's new exhibition."
SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "day": {"type": "string", "description": "YYYY-MM-DD"},
        "people": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["title", "day", "people"],
    "additionalProperties": False,
}


@dataclass
class Meeting:
    title: str
    day: date
    people: list[str]


async def main() -> None:
    async with GatewayClient(ADDRESS) as client:
        response = await client.generate_text(
            build_conversation("Take the meeting out of the user's message.", TEXT),
            model=MODEL,
            response_format={
                "json_schema": {"name": "meeting", "schema": json.dumps(SCHEMA), "strict": True}
            },
        )
    # A schema holds the form. Whether the values make sense is for the program to check.
    fields = json.loads(response.content)
    meeting = Meeting(fields["title"], date.fromisoformat(fields["day"]), fields["people"])
    print(f"{meeting.title}: {meeting.day:%A, %d %B %Y}, with {', '.join(meeting.people)}")


asyncio.run(main())
