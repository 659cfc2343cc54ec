"""For mkdocs, which makes a site of docs/: links to what lies beside that folder lead to the repository."""

import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """A page as mkdocs is to read it. The repository is the workflow's, GITHUB_REPOSITORY, or else this checkout."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    here = f"https://github.com/{repository}/blob/main" if repository else ROOT.as_uri()
    return markdown.replace("](../", f"]({here}/")
