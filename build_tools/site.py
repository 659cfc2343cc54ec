"""A hook of mkdocs, which builds a site from docs/: links to files outside that folder are made to the repository."""

import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Rewrite the links of a page. The repository is that of GITHUB_REPOSITORY, or else this checkout."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    here = f"https://github.com/{repository}/blob/main" if repository else ROOT.as_uri()
    return markdown.replace("](../", f"]({here}/")
