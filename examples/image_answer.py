"""An image in the answer: the model writes and draws, and each image becomes a file."""

import asyncio
import os
import sys
from pathlib import Path

from llmrpc import GatewayClient
from llmrpc import v1 as pb

ADDRESS = os.environ.get("LLMRPC_ADDRESS", "localhost:50051")
MODEL = sys.argv[1] if len(sys.argv) > 1 else "google/gemini-3-pro-image-preview"

QUESTION = "An axolotl, in one sentence and one picture."


def save(number: int, image: pb.Image) -> None:
    """Writes the image to a file of its type."""
    if image.HasField("uri"):
        print(f"The provider has the image at {image.uri}")
        return
    file = Path(f"answer-{number}.{image.media_type.rpartition('/')[2]}")
    file.write_bytes(image.data)
    print(f"{file}: {len(image.data)} bytes")


async def main() -> None:
    request = pb.GenerateRequest(
        model=MODEL,
        messages=[pb.LLMMessage(role=pb.ROLE_USER, content=QUESTION)],
        output_modalities=[pb.MODALITY_TEXT, pb.MODALITY_IMAGE],
    )
    if MODEL.startswith("openai/"):  # OpenAI's models draw with a tool
        request.tools.add(provider_tool=pb.ProviderTool(provider="openai", type="image_generation"))
    async with GatewayClient(ADDRESS) as client:
        response = await client.generate(request)
    print(response.content)
    images = [part.image for part in response.message.parts if part.HasField("image")]
    for number, image in enumerate(images, 1):
        save(number, image)
    if not images:
        sys.exit("The answer has no image.")


asyncio.run(main())
