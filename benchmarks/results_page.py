"""Fill the tables of `docs/results.md` from the figures recorded in `benchmarks/results`.

```
python benchmarks/results_page.py           # write them
python benchmarks/results_page.py --check   # only say whether they are up to date
```

A table stands between the lines `<!-- table: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import accuracy
import growth
import ranking

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "results.md"
TABLE = re.compile(r"(?<=<!-- table: )(?P<name>[\w -]+)(?P<head> -->\n).*?(?=<!-- end -->)", re.DOTALL)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the page is out of date")
    options = parser.parse_args(arguments)
    before = PAGE.read_text(encoding="utf-8")
    after = filled(before)
    if options.check:
        return int(before != after)
    PAGE.write_text(after, encoding="utf-8")
    return 0


def filled(page: str) -> str:
    """The page with every table made anew."""
    return TABLE.sub(lambda found: f"{found['name']}{found['head']}\n{TABLES[found['name']]()}\n\n", page)


def _recorded(name: str) -> Any:
    return json.loads((HERE / "results" / f"{name}.json").read_text(encoding="utf-8"))


TABLES: dict[str, Callable[[], str]] = {
    "accuracy": lambda: accuracy.markdown(_recorded("accuracy")),
    "ranking": lambda: ranking.tables(_recorded("ranking")).strip(),
    "growth": lambda: growth.markdown(_recorded("growth")),
}

if __name__ == "__main__":
    sys.exit(main())
