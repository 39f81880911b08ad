"""Code generation: asks for a function, and looks whether the answer is Python."""

import ast
import asyncio
import os
import re
import sys

from llmrpc import GatewayClient, build_conversation

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else ""  # empty: the gateway's default

INSTRUCTIONS = (
    "You write Python 3.11 with type hints. Answer with one block of code and nothing else."
)
TASK = "A function `median` of a list of floats; ValueError for an empty list."


async def main() -> None:
    async with GatewayClient(ADDRESS) as client:
        response = await client.generate_text(
            build_conversation(INSTRUCTIONS, TASK), model=MODEL, max_tokens=1000
        )
    block = re.search(r"```(?:python)?\n(.*?)```", response.content, re.DOTALL)
    code = block.group(1) if block else response.content
    print(code)
    # Read what a model wrote before you run it. This only parses it.
    try:
        names = [one.name for one in ast.parse(code).body if isinstance(one, ast.FunctionDef)]
        print(f"# It is Python and defines: {', '.join(names) or 'no function'}")
    except SyntaxError as error:
        print(f"# It is no Python: {error.msg} in line {error.lineno}")


asyncio.run(main())
