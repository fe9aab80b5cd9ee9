"""What every start has to have: one argument, and the workflow id that fits it."""

from temporalio.common import RawValue

from workflows.contract import invalid_input, problem
from workflows.guard import TooManyArguments


def one_argument(sent: RawValue | TooManyArguments | None, model: str) -> RawValue | None:
    """The argument that a workflow was started with; raises ApplicationError "InvalidInput" for several."""
    if isinstance(sent, TooManyArguments):
        said = f"{sent.count} arguments were sent; send one {model}"
        raise invalid_input([problem("", said, "too_many_arguments")])
    return sent


def refuse_other_id(workflow_id: str, wanted: str, loc: str) -> None:
    """Raises ApplicationError "InvalidInput" at the field from which the id is made."""
    if workflow_id != wanted:
        raise invalid_input([problem(loc, f"the workflow id must be {wanted}", "workflow_id")])
