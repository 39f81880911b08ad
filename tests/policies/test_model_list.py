"""The list has the models that Generate can call."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from llmrpc import v1 as pb
from llmrpc_server.catalogue.prices import PriceBook
from llmrpc_server.policies.model_list import ModelList, Offer


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ([], True),
        ([pb.MODALITY_TEXT], True),
        ([pb.MODALITY_IMAGE], True),
        ([pb.MODALITY_AUDIO, pb.MODALITY_TEXT], True),
        ([pb.MODALITY_AUDIO], False),
        ([pb.MODALITY_VIDEO], False),
    ],
)
async def test_a_model_that_writes_neither_text_nor_images_is_left_out(
    written: Sequence[pb.Modality.ValueType], listed: bool
) -> None:
    found = {"a": pb.Model(output_modalities=written), "b": pb.Model()}
    models = ModelList({"p": Offer(frozenset())}, dict, PriceBook(), lambda provider: found)
    names = [model.name for model in await models.models()]
    assert names == (["p/a", "p/b"] if listed else ["p/b"])
