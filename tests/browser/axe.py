"""What the accessibility checker finds on a page as it is shown now."""

from pathlib import Path

from playwright.sync_api import Page

SOURCE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = "{runOnly: ['wcag2a', 'wcag2aa']}"


def findings(page: Page, *rules: str) -> list[str]:
    """Findings of WCAG 2 A and AA, or of some rules, one line each; empty when there is none."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text(encoding="utf-8"))
    options = f"{{runOnly: {{type: 'rule', values: {list(rules)}}}}}" if rules else TAGS
    return [
        f"{found['impact']} {found['id']}: {node['html'][:200]}"
        for found in page.evaluate(f"axe.run(document, {options})")["violations"]
        for node in found["nodes"]
    ]
