"""Cleaning: named steps that take rows out of the data, say whose and why, and can be undone to the last bit.

```
cleaned = clean(data, [OutlierUsers(), Bots(), ShillingProfiles()])
cleaned.data          the rows that stay
cleaned.report()      before and after, step by step: who was taken out, and why
cleaned.restore()     the data as they were: the same fingerprint
```
"""

from longtail.data.cleaning.bots import Bots
from longtail.data.cleaning.minimum import MinimumRatings
from longtail.data.cleaning.naming import STEPS, parse
from longtail.data.cleaning.outliers import OutlierUsers
from longtail.data.cleaning.report import CleaningReport
from longtail.data.cleaning.shilling import ShillingProfiles
from longtail.data.cleaning.steps import Cleaned, Marked, Removal, Step, Suspect, clean

__all__ = [
    "STEPS",
    "Bots",
    "Cleaned",
    "CleaningReport",
    "Marked",
    "MinimumRatings",
    "OutlierUsers",
    "Removal",
    "ShillingProfiles",
    "Step",
    "Suspect",
    "clean",
    "parse",
]
