"""Pages in headless Chromium, for tests; they are skipped with a reason where there is none."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str | None:
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES)]
    return next((name for name in found if name), None)


@contextmanager
def opened(path: Path | str, width: int = 1280, height: int = 800) -> Iterator:
    """A page of a file or address; the test fails where its scripts do, or ask the network."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    if not executable():
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    problems: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height})
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        address = f"file://{path}" if isinstance(path, Path) else path
        if isinstance(path, Path):
            page.on("request", lambda r: None if r.url.startswith(("file:", "data:", "blob:"))
                    else problems.append(f"asked for {r.url}"))  # fmt: skip
        page.goto(address)
        try:
            yield page
        finally:
            browser.close()
    assert not problems
