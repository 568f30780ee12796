"""Training on JAX: all steps of a chunk in one compiled loop, whose weights never leave it."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from longtail.algorithms.trainer import optimizers
from longtail.algorithms.trainer.backend import keras
from longtail.algorithms.trainer.feeds import Chunk
from longtail.algorithms.trainer.network import Network, Table
from longtail.algorithms.trainer.settings import Settings
from longtail.algorithms.trainer.weighing import mean_loss
from longtail.kernels.touched import touched_rows
from longtail.types import AnyArray, FloatArray

__all__ = ["JaxEngine", "answering"]


class JaxEngine:
    """Runs chunks of steps, keeping weights and the state of the optimizers as JAX arrays.

    The weights of a `Table` that is large against what a step reads are updated by rows: a step gathers those rows,
    lets the optimizer work on them alone, and writes them back. For rows that are not read nothing happens, no
    momentum and no decay either.
    """

    def __init__(self, network: Network, settings: Settings) -> None:
        self.network, self.settings = network, settings
        self.program: _Program | None = None
        self.state: Any = None

    def start(self, chunk: Chunk) -> None:
        """Get ready for chunks like this one."""
        names = list(self.network.variables())
        tables = tuple(_row_wise(self.network, table, chunk, names) for table in self.network.tables())
        self.program = _program(self.network.key, self.settings.program, tuple(t for t in tables if t), self.network)
        self.state = self.program.initial(self.network)

    def run(self, chunk: Chunk, rates: FloatArray) -> Any:
        """Run the steps of a chunk; returns the sum of their losses, as soon as somebody looks at it."""
        if self.program is None:
            self.start(chunk)
        assert self.program is not None
        steps = len(rates)
        arrays = self.program.localized(chunk) | {"rate": rates}
        full = 1 << (steps - 1).bit_length()  # few lengths, so that few programs are compiled
        padded = {name: _filled_up(array, full) for name, array in arrays.items()}
        self.state, total = self.program.run(self.state, padded, steps)
        return total

    def sync(self) -> None:
        """Bring the weights into the network, as copies."""
        jnp = importlib.import_module("jax.numpy")
        if self.program is not None:
            self.program.write(self.network, self.state, jnp.copy)

    def finish(self) -> None:
        """Bring the weights into the network, for good."""
        if self.program is not None:
            self.program.write(self.network, self.state, lambda value: value)
        self.program = self.state = None


class _RowWise:
    """A table that is updated by rows: which variables, of how many rows, and which arrays index it."""

    def __init__(self, table: Table, places: tuple[int, ...], n_rows: int, capacity: int) -> None:
        self.key = (table, places, n_rows, capacity)
        self.table, self.places, self.n_rows, self.capacity = self.key
        self.indices = table.indices

    def shrink(self, template: Network) -> None:
        """Let a template stand for the rows of one step only."""
        for name in self.table.weights:
            whole = getattr(template, name)
            few = keras.Variable(np.zeros((self.capacity, *whole.shape[1:]), dtype=np.float32), dtype="float32")
            few.constraint = whole.constraint  # of rows
            setattr(template, name, few)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _RowWise) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


def _row_wise(network: Network, table: Table, chunk: Chunk, names: list[str]) -> _RowWise | None:
    """The table, if a step leaves out a good part of its rows."""
    capacity = sum(int(np.prod(chunk[name].shape[1:])) for name in table.indices)
    n_rows = int(network.variables()[table.weights[0]].shape[0])
    if 5 * capacity >= 4 * n_rows:
        return None
    return _RowWise(table, tuple(names.index(name) for name in table.weights), n_rows, capacity)


class _Program:
    """A compiled loop for all networks of one key; it knows a template, whose variables stand for the values passed."""

    def __init__(self, template: Network, settings: tuple[Any, ...], tables: tuple[_RowWise, ...]) -> None:
        jax = importlib.import_module("jax")
        for table in tables:
            table.shrink(template)
        self.template, self.tables = template, tables
        self.variables = list(template.variables().values())
        optimizer, momentum, decay, self.clip_norm = settings
        by_rows = {place for table in tables for place in table.places}
        trained = [at for at, v in enumerate(self.variables) if v.trainable]
        self.groups = [[at for at in trained if at not in by_rows], *(list(table.places) for table in tables)]
        self.kept = [at for at, v in enumerate(self.variables) if not v.trainable]
        self.makers = [optimizers.make(optimizer, 1.0, momentum, decay) for _ in self.groups]
        for maker, group in zip(self.makers, self.groups, strict=True):
            maker.build([self.variables[at] for at in group])
        self.starts = [[(_corner(v.value), tuple(v.shape)) for v in maker.variables] for maker in self.makers]
        _let_go([*self.variables, *(v for maker in self.makers for v in maker.variables)])
        self.run = jax.jit(self._run, donate_argnums=0)

    def initial(self, network: Network) -> Any:
        """The state before the first step: weights, and what the optimizers remember."""
        jnp = importlib.import_module("jax.numpy")
        weights = [jnp.copy(v.value) for v in network.variables().values()]
        memories = []
        for n, starts in enumerate(self.starts):
            rows = {0: self.tables[n - 1].n_rows} if n else {}  # of the table, not of a step
            shapes = (tuple(rows.get(axis, size) for axis, size in enumerate(shape)) for _, shape in starts)
            pairs = zip(starts, shapes, strict=True)
            memories.append([jnp.copy(jnp.broadcast_to(corner, shape)) for (corner, _), shape in pairs])
        return weights, memories

    def write(self, network: Network, state: Any, made: Any) -> None:
        """Assign the weights of a state to the variables of a network."""
        for variable, value in zip(network.variables().values(), state[0], strict=True):
            variable.assign(made(value))

    def localized(self, chunk: Chunk) -> dict[str, AnyArray]:
        """A chunk whose indices count within the rows that each step reads, with those rows."""
        arrays = dict(chunk)
        for n, table in enumerate(self.tables):
            steps = len(arrays[table.indices[0]])
            flat = np.concatenate([arrays[name].reshape(steps, -1) for name in table.indices], axis=1)
            arrays[f"rows {n}"], places = touched_rows(flat, table.n_rows)
            lo = 0
            for name in table.indices:
                hi = lo + int(np.prod(arrays[name].shape[1:]))
                arrays[name] = places[:, lo:hi].reshape(arrays[name].shape)
                lo = hi
        return arrays

    def _run(self, state: Any, chunk: dict[str, Any], steps: Any) -> Any:
        """The loop over the first `steps` steps of a chunk; with it the sum of their losses."""
        jax = importlib.import_module("jax")

        def one(at: Any, carry: Any) -> Any:
            batch = {name: jax.lax.dynamic_index_in_dim(array, at, keepdims=False) for name, array in chunk.items()}
            (weights, memories), total = carry
            weights, memories, loss = self._step(weights, memories, batch)
            return (weights, memories), total + loss

        return jax.lax.fori_loop(0, steps, one, (state, np.float32(0.0)))

    def _step(self, weights: list[Any], memories: list[Any], batch: dict[str, Any]) -> Any:
        jax, jnp = importlib.import_module("jax"), importlib.import_module("jax.numpy")
        weights, rate = list(weights), batch.pop("rate")
        rows = [batch.pop(f"rows {n}") for n in range(len(self.tables))]
        whole = {at: weights[at] for table in self.tables for at in table.places}
        for table, read in zip(self.tables, rows, strict=True):
            for at in table.places:
                weights[at] = whole[at].at[read].get(mode="fill", fill_value=0)
        chosen = [at for group in self.groups for at in group]

        def lost(values: list[Any]) -> Any:
            held = list(weights)
            for at, value in zip(chosen, values, strict=True):
                held[at] = value
            with keras.StatelessScope(state_mapping=list(zip(self.variables, held, strict=True))) as scope:
                loss = mean_loss(self.template, batch)
            return loss, [scope.get_current_value(self.variables[at]) for at in self.kept]

        (loss, kept), gradients = jax.value_and_grad(lost, has_aux=True)([weights[at] for at in chosen])
        for at, value in zip(self.kept, kept, strict=True):
            weights[at] = value
        if self.clip_norm:
            length = jnp.sqrt(sum(jnp.sum(jnp.square(gradient)) for gradient in gradients))
            gradients = [gradient * jnp.minimum(1.0, self.clip_norm / (length + 1e-12)) for gradient in gradients]
        by_weight, after = dict(zip(chosen, gradients, strict=True)), []
        for n, (maker, group, memory) in enumerate(zip(self.makers, self.groups, memories, strict=True)):
            if not group:
                after.append(memory)
                continue
            part, read = (self.tables[n - 1], rows[n - 1]) if n else (None, None)
            is_rate = [v is maker._learning_rate for v in maker.variables]
            held = [rate if at_rate else _gathered(m, part, read) for at_rate, m in zip(is_rate, memory, strict=True)]
            values, held = maker.stateless_apply(held, [by_weight[at] for at in group], [weights[at] for at in group])
            after.append([_scattered(m, h, part, read) for m, h in zip(memory, held, strict=True)])
            for at, value in zip(group, values, strict=True):
                weights[at] = value if part is None else _scattered(whole[at], value, part, read)
        return weights, after, loss


def _corner(value: Any) -> AnyArray:
    """The first entry of what an optimizer remembers, in as many dimensions: all others begin like it."""
    return np.array(value[(slice(0, 1),) * value.ndim])


def _let_go(variables: list[Any]) -> None:
    """Give back the memory of variables that only stand for the values passed."""
    for variable in variables:
        if variable.shape:
            variable.value.delete()


def _gathered(memory: Any, table: _RowWise | None, read: Any) -> Any:
    return memory if table is None or not memory.ndim else memory.at[read].get(mode="fill", fill_value=0)


def _scattered(whole: Any, value: Any, table: _RowWise | None, read: Any) -> Any:
    return value if table is None or not whole.ndim else whole.at[read].set(value, mode="drop")


def _filled_up(array: AnyArray, steps: int) -> AnyArray:
    missing = steps - len(array)
    return array if not missing else np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])


_PROGRAMS: dict[Any, _Program] = {}
_MOST_PROGRAMS = 32


def _program(key: Any, settings: Any, tables: tuple[_RowWise, ...], network: Network) -> _Program:
    """The program for these, made when it is first asked for; the least lately made is forgotten."""
    found = _PROGRAMS.get((key, settings, tables))
    if found is None:
        found = _Program(_template(network), settings, tables)
        while len(_PROGRAMS) >= _MOST_PROGRAMS:
            _PROGRAMS.pop(next(iter(_PROGRAMS)))
        _PROGRAMS[key, settings, tables] = found
    return found


def _template(network: Network) -> Network:
    """A network of the same key that belongs to the program, so that no one's weights are kept alive."""
    fields = dict(network.key[1:])
    return type(network)(**fields)


@functools.lru_cache(maxsize=32)
def _answering(key: Any) -> Any:
    jax = importlib.import_module("jax")
    template = key[0](**dict(key[1:]))
    variables = list(template.variables().values())
    _let_go(variables)

    def answer(values: list[Any], batch: Mapping[str, Any]) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return template.answer(batch)

    return jax.jit(answer)


def answering(network: Network) -> Any:
    """The compiled `answer` of a network: batch -> array."""
    program, values = _answering(network.key), [v.value for v in network.variables().values()]
    return lambda batch: program(values, dict(batch))
