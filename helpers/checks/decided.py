"""Expectations about decisions: a choice, and the reasons for it as data."""

from helpers import market
from helpers.checks.verdict import Expectation, Seen
from helpers.lessons import read_answer

_FORM = '{"registry": "…", "because": ["…", "…"]}'


def _judged(case: market.Case, given: object) -> Seen:
    if not isinstance(given, dict) or not isinstance(given.get("because"), list):
        return Seen(False, f"the answer has the form {_FORM}; yours is {given!r}"[:300])
    chosen = next((offer for offer in market.OFFERS if offer.name == given.get("registry")), None)
    if chosen is None:
        return Seen(False, f"there is no registry {given.get('registry')!r} in the table")
    reasons = {str(reason) for reason in given["because"]}
    unknown, untrue = reasons - set(market.FACTS), reasons - chosen.facts
    if unknown:
        return Seen(False, f"{sorted(unknown)[0]!r} is no fact of the table")
    if untrue:
        return Seen(False, f"{sorted(untrue)[0]!r} is not true of {chosen.name}")
    beside = reasons - case.needs
    if beside:
        return Seen(False, f"{sorted(beside)[0]!r} is true of {chosen.name}, and nobody in the story asked for it")
    left = [offer.name for offer in market.OFFERS if reasons <= offer.facts and not case.needs <= offer.facts]
    if not case.needs <= chosen.facts:
        return Seen(False, f"{chosen.name} lacks something that the story asks for")
    if left:
        return Seen(False, f"your reasons speak for {left[0]} as well, which does not fit")
    return Seen(True, f"{chosen.name}, because of {', '.join(sorted(reasons))}")


def decision(key: str, points: float = 1, hint: str = "read the story once more, sentence by sentence") -> Expectation:
    """The answer `key` chooses a registry that fits the team of that name, for reasons of the story that rule out all others."""
    case = market.CASES[key]
    return Expectation(
        f"the choice for '{key}' fits its story, and the reasons leave nothing that does not",
        lambda: _judged(case, read_answer(key)),
        points,
        hint,
    )
