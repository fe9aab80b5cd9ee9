"""A condition as a list of conjuncts, each split into what changes only by an event (facts) and what time changes too.

Negations are pushed down to the sentences and alls are multiplied out. In three-valued logic that is exact for "true":
a condition is true if and only if every literal of one of its conjuncts is; false likewise for its negation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from rules.readings import TIME_DEPENDENT
from rules.tree import All, AnyOf, AtLeast, Between, Compare, Condition, Group, Includes, Is, Known, Later, NoneOf, Same, Sentence

MOST_CONJUNCTS = 64
"""A condition with more is not split: its sentences are looked at one by one."""

FACT_FORMS = (Is, Includes, Same, Compare, Between, Known)


@dataclass(frozen=True, slots=True)
class Literal:
    """A sentence that has to be true, or (`wanted` is False) false."""

    sentence: Sentence
    wanted: bool


Conjunct: TypeAlias = tuple[Literal, ...]


class TooManyConjunctsError(Exception):
    """Multiplied out, the condition is too long to be worth it."""


def conjuncts(condition: Condition, wanted: bool = True) -> tuple[Conjunct, ...]:
    """The conjuncts of a condition, or of its negation; raises TooManyConjunctsError for more than MOST_CONJUNCTS,
    and for `at least N of`, which multiplies."""
    if not isinstance(condition, Group):
        return ((Literal(condition, wanted),),)
    if isinstance(condition, AtLeast):
        raise TooManyConjunctsError
    if isinstance(condition, NoneOf):
        return _multiplied(conjuncts(child, not wanted) for child in condition.children) if wanted else _any(condition, True)
    if isinstance(condition, All) is wanted:
        return _multiplied(conjuncts(child, wanted) for child in condition.children)
    return _any(condition, wanted)


def is_fact(sentence: Sentence) -> bool:
    """Whether only an event can change its truth."""
    if isinstance(sentence, Later):
        return sentence.counted is None and "cutoff" not in (sentence.first.kind, sentence.second.kind)
    if not isinstance(sentence, FACT_FORMS) or sentence.held:
        return False
    facts = {sentence.fact, sentence.other} if isinstance(sentence, Same) else {sentence.fact}
    return TIME_DEPENDENT not in facts


def _any(group: All | AnyOf | NoneOf, wanted: bool) -> tuple[Conjunct, ...]:
    return _few(conjunct for child in group.children for conjunct in conjuncts(child, wanted))


def _multiplied(children: Iterable[tuple[Conjunct, ...]]) -> tuple[Conjunct, ...]:
    product: tuple[Conjunct, ...] = ((),)
    for child in children:
        product = _few(tuple(dict.fromkeys(left + right)) for left in product for right in child)
    return product


def _few(found: Iterable[Conjunct]) -> tuple[Conjunct, ...]:
    distinct: dict[Conjunct, None] = {}
    for conjunct in found:
        distinct[conjunct] = None
        if len(distinct) > MOST_CONJUNCTS:
            raise TooManyConjunctsError
    return tuple(distinct)
