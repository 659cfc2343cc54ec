"""For mkdocs, which makes a site of docs/: links to what lies beside that folder lead to the repository."""

import os
from typing import Any

HERE = "https://github.com/{}/blob/main/"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """A page as mkdocs is to read it. The repository is that of the workflow, GITHUB_REPOSITORY."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    return markdown.replace("](../", f"]({HERE.format(repository)}") if repository else markdown
