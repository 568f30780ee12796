"""Write the table of agreements into its page: `python tests/tools/agreement`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agreement.table import PAGE, filled

PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
