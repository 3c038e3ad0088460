"""Words people write: strict YAML, units, expressions, conditions and message templates.

The way of a text: `read` makes a tree with places, `Fields` types it, `Expression` and
`Condition` check what is to be watched, `Template` what is to be said. All of it is pure: values
come in through an `Environment`, time as a number.
"""

from ionpy_auto.language.cells import Cell, CellSource
from ionpy_auto.language.changes import Change, changes
from ionpy_auto.language.condition import (
    KEYS as CONDITION_KEYS,
)
from ionpy_auto.language.condition import (
    Condition,
    ConditionState,
    Edge,
    EdgeState,
    UnknownPolicy,
)
from ionpy_auto.language.document import (
    Edit,
    apply_edits,
    logic_hash,
    set_scalar,
    without_layout,
)
from ionpy_auto.language.expressions import Bound, Expression, Part, Window
from ionpy_auto.language.fields import Fields
from ionpy_auto.language.kleene import UNKNOWN, Unknown, Value, normal
from ionpy_auto.language.merge import Clash, Merged, merge
from ionpy_auto.language.nodes import (
    Entry,
    ListNode,
    MapNode,
    Mark,
    Node,
    TextNode,
    finding_at,
    plain,
    text_node,
)
from ionpy_auto.language.reader import read, read_with_findings
from ionpy_auto.language.scope import ANY_UNIT, Environment, Places, Scope
from ionpy_auto.language.template import Template, show
from ionpy_auto.language.units import (
    Quantity,
    Unit,
    UnitError,
    find_unit,
    format_duration,
    format_number,
    format_quantity,
    parse_duration,
    parse_quantity,
)

__all__ = [
    "ANY_UNIT",
    "CONDITION_KEYS",
    "UNKNOWN",
    "Bound",
    "Cell",
    "CellSource",
    "Change",
    "Clash",
    "Condition",
    "ConditionState",
    "Edge",
    "EdgeState",
    "Edit",
    "Entry",
    "Environment",
    "Expression",
    "Fields",
    "ListNode",
    "MapNode",
    "Mark",
    "Merged",
    "Node",
    "Part",
    "Places",
    "Quantity",
    "Scope",
    "Template",
    "TextNode",
    "Unit",
    "UnitError",
    "Unknown",
    "UnknownPolicy",
    "Value",
    "Window",
    "apply_edits",
    "changes",
    "find_unit",
    "finding_at",
    "format_duration",
    "format_number",
    "format_quantity",
    "logic_hash",
    "merge",
    "normal",
    "parse_duration",
    "parse_quantity",
    "plain",
    "read",
    "read_with_findings",
    "set_scalar",
    "show",
    "text_node",
    "without_layout",
]
