"""Vietnamese law as policies: Circular 15/2025/TT-BKHCN (``policies/vn-tt15@1.toml``)."""

from __future__ import annotations

from functools import cache
from importlib import resources

from eidkit.policy import RELEASED, Policy


@cache
def policies() -> dict[str, Policy]:
    """The released Vietnamese policies by ``name@version``; hand one to ``verify(…, policy=…)``."""
    folder = resources.files("eidkit.vn").joinpath("policies")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    read = (Policy.from_toml(file.read_bytes(), RELEASED) for file in files)
    return {policy.label: policy for policy in read}
