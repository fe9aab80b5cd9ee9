"""Gets a version of a rulebook ready in this process, before a running delivery adopts it."""

from temporalio import activity

from activities.admit import Library
from domain.copy import Loaded


class Loading:
    """Done as a local activity, so that the worker that goes on with the delivery has the version in memory."""

    def __init__(self, library: Library, edition: int = 1) -> None:
        """`edition`: of the evaluator, for what adopts a rulebook now."""
        self._library = library
        self._edition = edition

    @activity.defn(name="load_rulebook")
    async def load(self, version: str) -> Loaded:
        """Whether the version is known and can be evaluated by this program; what is in the way is told, not raised."""
        try:
            await self._library.load(version)
        except LookupError:
            return Loaded(
                is_known=False, problem=f"no rulebook version {version} is published; publish it with `doorstep rules publish`"
            )
        except ValueError as error:  # pydantic's and NotBuiltError are
            said = str(error).splitlines()[0]
            return Loaded(problem=f"rulebook version {version} cannot be used by this program: {said}")
        return Loaded(edition=self._edition)
