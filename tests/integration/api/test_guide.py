"""The examples of the guide are answered as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.api.ground import Ground
from tradsy.testing.product import Trader

GUIDE = Path(__file__).parents[3] / "docs" / "reference" / "api.md"
EXAMPLES = re.findall(r"```http\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest_asyncio.fixture(scope="module")
async def trader(ground: Ground) -> Trader:
    """Whose key the examples use."""
    return await ground.product.trader()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.splitlines()[0])
async def test_example(ground: Ground, trader: Trader, example: str):
    first, *rest = example.strip().splitlines()
    method, url = first.split()
    headers = dict(line.split(": ", 1) for line in rest if re.match(r"[A-Z][\w-]+: ", line))
    body = next((line.encode() for line in rest if line.startswith("{")), None)
    status, *code = rest[-1].removeprefix("-> ").split()
    if body:
        headers["Content-Type"] = "application/json"
    answer = await ground.program(trader.api_key).request(method, url, content=body, headers=headers)
    assert answer.status == int(status), answer.text
    if code:
        assert answer.json()["code"] == code[0]


def test_the_guide_has_examples():
    assert len(EXAMPLES) >= 9
