"""SASRec of RecBole 1.2.1, a part of an epoch: the peer of `sasrec.py`, which starts it with a Python that has RecBole.

```
python -m venv recbole-env
recbole-env/bin/pip install "recbole==1.2.1" "numpy<2" "scipy<1.13" "pandas<2.2" torch
recbole-env/bin/python benchmarks/sasrec_recbole.py FOLDER --steps 20
```

`FOLDER/log/log.inter` is the log. RecBole turns a history of n events into n - 1 samples; an epoch that learns from
every event once is a step for each `train_batch_size` (2048, its default) of them. It prints a JSON line with the
seconds of `--steps` steps of its own training loop times the steps of an epoch.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time

import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--loss", default="CE")
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    config = Config(
        model="SASRec",
        dataset="log",
        config_dict={
            "data_path": chosen.folder,
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "MAX_ITEM_LIST_LENGTH": 50,
            "hidden_size": 64,
            "inner_size": 64,
            "n_layers": 2,
            "n_heads": 1,
            "hidden_dropout_prob": 0.2,
            "attn_dropout_prob": 0.2,
            "hidden_act": "relu",
            "loss_type": chosen.loss,
            "train_neg_sample_args": None
            if chosen.loss == "CE"
            else {"distribution": "uniform", "sample_num": 1, "alpha": 1.0, "dynamic": False, "candidate_num": 0},
            "eval_args": {"split": {"LS": "valid_and_test"}, "group_by": "user", "order": "TO", "mode": "full"},
            "use_gpu": False,
            "show_progress": False,
            "state": "ERROR",
            "checkpoint_dir": chosen.folder,
        },
    )
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    events, people = dataset.inter_num, dataset.user_num - 1
    train, _, _ = data_preparation(config, dataset)
    model = get_model("SASRec")(config, train.dataset)
    trainer = get_trainer(config["MODEL_TYPE"], "SASRec")(config, model)
    model.train()

    class Part:
        """The first batches of an epoch, which RecBole's own loop runs through."""

        dataset, sampler, _dataloader = train.dataset, None, None

        def __init__(self, steps: int) -> None:
            self.steps = steps

        def __iter__(self):
            return itertools.islice(iter(train), self.steps)

        def __len__(self) -> int:
            return self.steps

    trainer._train_epoch(Part(3), 0)
    began = time.perf_counter()
    trainer._train_epoch(Part(chosen.steps), 1)
    step = (time.perf_counter() - began) / chosen.steps
    samples = events - people  # every event but the first of everyone is a target once
    print(json.dumps({"": step * samples / config["train_batch_size"], "_step": step, "_samples": samples}))


if __name__ == "__main__":
    main()
