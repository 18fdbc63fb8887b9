"""Which fault a request meets: by script, or at random but the same in every run."""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

from simulator.fault import AnyFault
from simulator.order import EVERYONE, FAULTS_AT_HAND, Chance, FaultOrder, Target

F = TypeVar("F", bound=AnyFault)
NORMAL = "normal"
"""The name of what is no fault."""


class FaultPlan(Generic[F]):
    """The faults ordered so far, for each target, out of `faults`.

    A subject is what faults are counted by: a report's id_zp, as text.
    """

    def __init__(self, faults: Mapping[str, F]) -> None:
        self.context: Mapping[str, Any] = {FAULTS_AT_HAND: faults}
        """What an order for this plan is to be validated with."""
        self._normal = faults[NORMAL]
        self.clear()

    def clear(self) -> None:
        """Forget all orders."""
        self._targets = {target: _TargetPlan(self._normal) for target in Target}

    def obey(self, order: FaultOrder) -> None:
        """Take `order` on. It replaces the earlier scripts of its subjects, and the earlier mix."""
        plan = self._targets[order.target]
        for subject, faults in order.script.items():
            plan.script(subject, faults)
        if order.mix:
            limit = order.max_faults_per_report
            plan.mix = _Mix(order.seed, tuple(order.mix.values()), limit, self._normal)

    def next_for(self, target: Target, subject: str) -> F:
        """The subject's next fault: of its own script, else of everyone's, else of the mix."""
        return cast("F", self._targets[target].next_for(subject))


class _TargetPlan:
    def __init__(self, normal: AnyFault) -> None:
        self._normal = normal
        self.mix: _Mix | None = None
        self._everyone: Sequence[AnyFault] | None = None
        self._scripts: dict[str, deque[AnyFault]] = {}
        self._copies: dict[str, deque[AnyFault]] = {}

    def script(self, subject: str, faults: Iterable[AnyFault]) -> None:
        if subject == EVERYONE:
            self._everyone = tuple(faults)
            self._copies.clear()
        else:
            self._scripts[subject] = deque(faults)

    def next_for(self, subject: str) -> AnyFault:
        script = self._script_of(subject)
        if script is not None:
            return script.popleft() if script else self._normal
        return self.mix.draw(subject) if self.mix else self._normal

    def _script_of(self, subject: str) -> deque[AnyFault] | None:
        if subject in self._scripts or self._everyone is None:
            return self._scripts.get(subject)
        return self._copies.setdefault(subject, deque(self._everyone))


class _Mix:
    """Draws from a hash of seed, subject and the number of its request, so that the order in
    which reports arrive changes nothing."""

    def __init__(
        self, seed: int, chances: Sequence[Chance], limit: int | None, normal: AnyFault
    ) -> None:
        self._normal = normal
        self._seed = seed
        self._chances = chances
        self._limit = limit
        self._requests: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()

    def draw(self, subject: str) -> AnyFault:
        self._requests[subject] += 1
        if self._limit is not None and self._faults[subject] >= self._limit:
            return self._normal
        fault = self._pick(_uniform(self._seed, subject, self._requests[subject]))
        self._faults[subject] += fault != self._normal
        return fault

    def _pick(self, draw: float) -> AnyFault:
        for chance in self._chances:
            draw -= chance.probability
            if draw < 0:
                return chance.fault
        return self._normal


def _uniform(seed: int, subject: str, number: int) -> float:
    digest = hashlib.sha256(f"{seed}/{subject}/{number}".encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56
