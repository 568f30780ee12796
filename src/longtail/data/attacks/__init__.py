"""Attacks and bots to plant in data of one's own: what a recommender does with them, and whether cleaning finds them.

```
attack = plant(data, "bandwagon", share=0.03)      shilling profiles; plant_bots(data, "crawler") for bots
attack.data, attack.planted, attack.targets        the data, and what nobody else knows
```
"""

from longtail.data.attacks.attack import Attack
from longtail.data.attacks.bots import BotKind, plant_bots
from longtail.data.attacks.shilling import Intent, Kind, plant

__all__ = ["Attack", "BotKind", "Intent", "Kind", "plant", "plant_bots"]
