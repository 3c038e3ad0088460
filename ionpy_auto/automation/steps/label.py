"""``label``: a place in a sequence that a ``goto`` leads to."""

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import StepContext
from ionpy_auto.automation.fields import Word


@step
class Label(Step):
    """A place to go to; does nothing. Its name is its id."""

    shorthand = "name"
    is_control = True
    uses_channel = False
    takes_time = False
    name: Word

    @property
    def own_id(self) -> str:
        """Its name."""
        return self.name

    def sentence(self) -> str:
        """As a person would say it."""
        return f"Label {self.name}"

    async def run(self, context: StepContext) -> None:
        """Nothing."""
