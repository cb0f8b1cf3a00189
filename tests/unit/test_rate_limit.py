"""How a rate limit is judged on fast and slow machines: against a bucket that gives tokens back one by one, as Envoy does."""

from dataclasses import dataclass

import pytest

from helpers import mesh, mesh_rules
from helpers.checks import resilience


@dataclass
class Bucket:
    """A bucket and the clock that it goes by; a call takes `call` seconds."""

    size: float
    per_second: float
    call: float
    now: float = 0.0
    tokens: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.tokens = min(self.size, self.tokens + seconds * self.per_second)

    def monotonic(self) -> float:
        return self.now

    def asked(self, source: str, url: str, count: int) -> mesh.Sample:
        return mesh.Sample([self._answer() for _ in range(count)])

    def _answer(self) -> mesh.Call:
        self.sleep(self.call)
        taken = self.tokens >= 1
        self.tokens -= taken
        return mesh.Call(200 if taken else 429, "", self.call)


@pytest.mark.parametrize(
    ("bucket", "right"),
    [
        (Bucket(5, 1, 0.01), True),
        (Bucket(5, 1, 0.15), True),  # so slow that some tokens come while it is being asked
        (Bucket(5, 5, 0.001), False),  # filled five times too fast
        (Bucket(5, 5 / 60, 0.01), False),  # once a minute
        (Bucket(50, 1, 0.01), False),
        (Bucket(15, 3, 0.01), False),
        (Bucket(1000, 100, 0.01), False),
    ],
)
def test_five_calls_in_five_seconds(bucket: Bucket, right: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resilience, "time", bucket)
    monkeypatch.setattr(mesh, "call", bucket.asked)
    monkeypatch.setattr(mesh_rules, "current", lambda *kinds: [])
    monkeypatch.setattr(mesh_rules, "young", lambda *_: False)
    monkeypatch.setattr(mesh_rules, "faults", lambda *_: [])
    bucket.sleep(100)
    assert resilience.trouble("counter").are_limited(5, 5).probe().ok is right
