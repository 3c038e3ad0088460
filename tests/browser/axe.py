"""What the accessibility checker finds on a page as it is shown now."""

from pathlib import Path

from playwright.sync_api import Page

SOURCE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
RUN = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa']})"


def findings(page: Page) -> list[str]:
    """All findings of WCAG 2 A and AA, one line each; empty when there is none."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text(encoding="utf-8"))
    return [
        f"{found['impact']} {found['id']}: {node['html'][:200]}"
        for found in page.evaluate(RUN)["violations"]
        for node in found["nodes"]
    ]
