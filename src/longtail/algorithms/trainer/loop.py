"""The one training loop: epochs, scores, patience, the best weights, progress, and what an interruption leaves."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from longtail.algorithms.trainer import backend
from longtail.algorithms.trainer.feeds import Chunk, Feed
from longtail.algorithms.trainer.network import Batch, Network
from longtail.algorithms.trainer.optimizers import rates
from longtail.algorithms.trainer.settings import Settings
from longtail.errors import ConfigError
from longtail.rng import generator
from longtail.types import AnyArray

__all__ = ["Report", "answers", "train"]

AHEAD = 2
"""How many chunks are made before they are run."""

log = logging.getLogger("longtail.training")


@dataclass
class Report:
    """How a training went.

    Attributes:
        epochs: of each epoch its number from 1, mean loss of its steps, score (None without), seconds, and of these
            those spent making batches, mostly while the steps before are run.
        best: the epoch whose weights were kept.
        interrupted: whether it was stopped by hand before its end.
    """

    epochs: list[dict[str, Any]] = field(default_factory=list)
    best: int = 0
    interrupted: bool = False


def train(network: Network, feed: Feed, settings: Settings, score: Callable[[], float] | None = None) -> Report:
    """Train a network in place.

    Args:
        network: its weights are where training starts, and hold the result afterwards.
        feed: the batches.
        settings: how.
        score: called after every epoch, when the network holds the weights of that epoch: higher is better. The weights
            of the best epoch are kept. Without it those of the last epoch are.

    An interrupt by hand (KeyboardInterrupt) ends the training early: the best weights so far are kept, and the report
    says so. Before the end of the first epoch it is passed on.

    Raises:
        ConfigError: if the loss is no longer a number.
    """
    report, best, kept = Report(), -np.inf, None
    engine = _engine(network, settings)
    try:
        for epoch in range(1, settings.epochs + 1):
            started = time.perf_counter()
            loss, making = _epoch(engine, feed, settings, epoch)
            if not np.isfinite(loss):
                rate = settings.learning_rate
                raise ConfigError(f"learning diverged in epoch {epoch} with learning_rate {rate:g}; choose a lower one")
            seconds, value = time.perf_counter() - started, None
            if score is not None:
                engine.sync()
                value = float(score())
                if value > best:
                    best, report.best, kept = value, epoch, network.values()
            report.epochs.append(
                {"epoch": epoch, "loss": loss, "score": value, "seconds": seconds, "making_batches": making}
            )
            scored = "" if value is None else f", score {value:.4f}"
            log.info("epoch %d of %d: loss %.4f%s (%.1f s)", epoch, settings.epochs, loss, scored, seconds)
            if score is not None and settings.patience and epoch - report.best >= settings.patience:
                break
    except KeyboardInterrupt:
        if not report.epochs:
            raise
        report.interrupted = True
        log.warning("interrupted after %d of %d epochs; the best weights so far are kept", epoch - 1, settings.epochs)
    if kept is not None:
        network.assign(kept)
    else:
        engine.finish()
    report.best = report.best or len(report.epochs)
    return report


def _epoch(engine: Any, feed: Feed, settings: Settings, epoch: int) -> tuple[float, float]:
    """One pass: the mean loss of its steps, and the seconds spent making batches."""
    chunks = feed.epoch(generator(settings.seed, "batches", epoch))
    first, total, making = (epoch - 1) * feed.steps, settings.epochs * feed.steps, 0.0
    done, losses = 0, []
    while True:
        started = time.perf_counter()
        chunk: Chunk | None = next(chunks, None)
        making += time.perf_counter() - started
        if chunk is None:
            break
        steps = len(next(iter(chunk.values())))
        rate = rates(settings.schedule, settings.learning_rate, settings.warmup, steps, total, first + done)
        with _not_torn():
            losses.append(engine.run(chunk, rate))
        if len(losses) > AHEAD:
            float(losses[-1 - AHEAD])  # waits until it is run, so that not all of an epoch's batches lie in memory
        done += steps
    return float(sum(float(np.asarray(loss)) for loss in losses)) / max(done, 1), making


@contextlib.contextmanager
def _not_torn() -> Iterator[None]:
    """An interrupt by hand is heard when the block ends: within, weights are handed over that exist only once."""
    listening = signal.getsignal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else None
    if not callable(listening):
        yield
        return
    heard: list[Any] = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, listening)
        if heard:
            listening(*heard[0])


def _engine(network: Network, settings: Settings) -> Any:
    if backend.name() == "jax":
        from longtail.algorithms.trainer.on_jax import JaxEngine

        return JaxEngine(network, settings)
    from longtail.algorithms.trainer.on_keras import StepEngine

    return StepEngine(network, settings)


def answers(network: Network, batch: Batch) -> AnyArray:
    """What a network answers to a batch of any number of rows, as a NumPy array; few sizes are compiled."""
    rows = len(next(iter(batch.values())))
    full = max(1, 1 << (rows - 1).bit_length()) if rows else 1
    padded = {name: np.concatenate([a, np.zeros((full - rows, *a.shape[1:]), a.dtype)]) for name, a in batch.items()}
    if backend.name() == "jax":
        from longtail.algorithms.trainer.on_jax import answering
    else:
        from longtail.algorithms.trainer.on_keras import answering
    return np.asarray(backend.keras.ops.convert_to_numpy(answering(network)(padded)))[:rows]
