"""The contract every recommender keeps, as a test suite for anyone who writes one.

A class a test file collects, one test a check:

```python
import longtail.testing

class TestMine(longtail.testing.Contract):
    algorithm = "my-algorithm"
```

or every registered algorithm at once, one test a case:

```python
@pytest.mark.parametrize("case", longtail.testing.cases(), ids=str)
def test_contract(case):
    case()
```

A check that an algorithm cannot pass by its nature is exempted with a reason, and skipped with it; an exemption that
is not needed fails, and so does a suite that would check nothing. `toy_worlds()` are the small worlds with an obvious
right answer that the checks are made on.
"""

from __future__ import annotations

from longtail.testing.contract import Case, Contract, cases
from longtail.testing.worlds import ToyWorld, ragged, toy_worlds

__all__ = ["Case", "Contract", "ToyWorld", "cases", "ragged", "toy_worlds"]
