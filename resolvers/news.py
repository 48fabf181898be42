"""What sources say of the keys by which they are asked: that a record is gone, or another key has taken its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from adapters.answers import Answer, Gone, Key, ReplacedBy
from adapters.crossref import KeyNews, Subject
from resolvers.steps import Step

__all__ = ["Hear", "news_of"]

Hear = Callable[[KeyNews], None]
"""Takes what a source has said. It has to return at once and not to raise: a request waits for it."""


def news_of(step: Step, subjects: Sequence[Subject], answers: Mapping[Key, Answer]) -> Iterator[KeyNews]:
    """Yield what the step's answers say of the links of these customers.

    A source is heard about its own keys, when it is asked for the customer's own facts: a list can be gone without the
    customer, and a key that stands in a record is in no link.
    """
    if step.offer.is_list or not step.keyspaces:
        return
    said = {key: answer for key, answer in answers.items() if isinstance(answer, Gone | ReplacedBy)}
    for subject in subjects if said else ():
        for linked in (one for keyspace in step.keyspaces for one in subject.keys.get(keyspace, ())):
            answer = said.get(linked.key)
            if answer is not None:
                yield KeyNews(linked.link_id, answer.key if isinstance(answer, ReplacedBy) else None)
