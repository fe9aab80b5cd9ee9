"""Asks whether a delivery id is new and which rulebook watches over it; fills this process's cache of rulebooks."""

from dataclasses import replace
from typing import Protocol

from temporalio import activity

from domain.copy import Admission, AdmitRequest


class Registry(Protocol):
    """What admitting needs of the store."""

    async def admit(self, request: AdmitRequest) -> Admission:
        """The same run always gets the same answer."""
        ...


class Library(Protocol):
    """What admitting needs of the cache of rulebooks."""

    async def load(self, version: str) -> None:
        """Makes the version ready for evaluation in this process; raises LookupError for one that is unknown, ValueError for one
        that cannot be evaluated."""
        ...


class Admitting:
    """Done as a local activity in the first workflow task."""

    def __init__(self, registry: Registry, library: Library, edition: int = 1) -> None:
        """`edition`: of the evaluator, for what begins now. The history keeps it, so that every worker judges by it."""
        self._registry = registry
        self._library = library
        self._edition = edition

    @activity.defn(name="admit")
    async def admit(self, request: AdmitRequest) -> Admission:
        admission = await self._registry.admit(request)
        if admission.version:
            await self._library.load(admission.version)
        return replace(admission, edition=self._edition)
