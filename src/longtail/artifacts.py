"""Saving and loading without pickle: a directory with a JSON manifest and arrays that are mapped, not read.

```
model/
├── manifest.json        format, algorithm, version, hyperparameters, data fingerprint, small values, checksums;
│                        the same of the models inside, where there are any
└── arrays.safetensors   every array, the ids and the titles; memory-mapped on load
```

A directory is written beside its target, synced, and swapped with it in one step, so a full disk or a killed process
leaves the old artifact as it was. (Where the system cannot swap two directories, the old one is renamed away first: a
process killed in between leaves it under a hidden name beside the target.) Loading runs no code from the artifact: the
algorithm is looked up by name in the registry. What several of the models in an artifact hold, the very same object,
is written once and read back as one object.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from scipy import sparse

from longtail.data.ids import Ids
from longtail.errors import ArtifactError
from longtail.types import AnyArray

__all__ = ["FORMAT", "Saved", "read", "require_target", "write"]

FORMAT = 1
MANIFEST = "manifest.json"
ARRAYS = "arrays.safetensors"
_CHUNK_BYTES = 2**20
_DTYPES = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "I8": np.int8,
    "I16": np.int16,
    "I32": np.int32,
    "I64": np.int64,
    "F32": np.float32,
    "F64": np.float64,
}


@dataclass(frozen=True, eq=False)
class Saved:
    """A model as data.

    Attributes:
        manifest: JSON facts about the model.
        state: arrays, sparse arrays, `Ids`, dicts of arrays or `Ids`, lists of str, lists of `Saved` and plain JSON
            values, by name.
    """

    manifest: Mapping[str, Any]
    state: Mapping[str, Any]


def write(path: str | Path, manifest: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Write an artifact directory, replacing an artifact that stands there but nothing else.

    Args:
        path: the directory to write.
        manifest: JSON facts about the model.
        state: what it has learned, see `Saved`.

    Raises:
        ArtifactError: if something else stands at `path`, or the disk is full or not writable.
    """
    require_target(path)
    target = Path(path).resolve()
    tensors: dict[str, AnyArray] = {}
    described = _encode_state("", state, tensors, {})
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _replacing(target) as fresh:
            save_file(tensors, fresh / ARRAYS)
            (fresh / ARRAYS).chmod(0o644)  # safetensors makes it private
            _sync(fresh / ARRAYS)
            sums = {"crc32": _crc32(fresh / ARRAYS), "state_crc32": _crc32_of(described)}
            facts = {"format": FORMAT, **manifest, **sums, "state": described}
            text = json.dumps(facts, indent=1, allow_nan=False)
            (fresh / MANIFEST).write_text(text, encoding="utf-8")
            _sync(fresh / MANIFEST)
    except Exception as error:  # safetensors reports a full disk with an error of its own
        raise ArtifactError(f"cannot save to {path}: {getattr(error, 'strerror', None) or error}") from error


def require_target(path: str | Path) -> None:
    """Refuse, before anything is computed for it, a path that `write` could not write to.

    Raises:
        ArtifactError: if something else than a saved model stands at `path`, or its folder is not writable.
    """
    target = Path(path).resolve()
    if target.exists() and not _replaceable(target):
        raise ArtifactError(f"{path} exists and is not a saved model; choose another path")
    folder = next(folder for folder in target.parents if folder.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise ArtifactError(f"cannot save to {path}: {folder} is not a folder you may write to")


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read an artifact directory: its manifest and its state, arrays mapped copy-on-write.

    The arrays are read through once, to compare their checksum (CRC-32), and then mapped.

    Raises:
        ArtifactError: if the directory is missing, truncated, damaged, or was not written by Longtail.
    """
    source = Path(path)
    if not source.is_dir():
        raise ArtifactError(f"no saved model at {source}")
    try:
        manifest = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise ArtifactError(f"{source} has format {manifest['format']}; this version reads format {FORMAT}")
        tensors = _map_tensors(source / ARRAYS)
        if manifest.pop("crc32") != _crc32(source / ARRAYS):
            raise ArtifactError(f"{source} is damaged: the checksum of {ARRAYS} differs; save the model again")
        described = manifest.pop("state")
        if manifest.pop("state_crc32", None) != _crc32_of(described):
            raise ArtifactError(f"{source} is damaged: the checksum of the state in {MANIFEST} differs; save it again")
        state = _decode_state("", described, tensors, {})
    except ArtifactError:
        raise
    except FileNotFoundError as error:
        raise ArtifactError(f"{source} is not a saved model: {Path(error.filename).name} is missing") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactError(f"{source} is truncated or not a saved model ({type(error).__name__}: {error})") from error
    return manifest, state


def _encode_state(prefix: str, state: Mapping[str, Any], tensors: dict[str, AnyArray], places: dict[int, str]) -> Any:
    """The entries of a state; `places` says under which name an object was written before."""
    described = {}
    for name, value in state.items():
        place = f"{prefix}{name}"
        if not isinstance(value, (Ids, list, np.ndarray, sparse.csr_array)):
            described[name] = _encode(place, value, tensors)
        elif id(value) in places:
            described[name] = {"same": places[id(value)]}
        else:
            places[id(value)] = place
            described[name] = (
                {"models": [_encode_model(f"{place}.{n}.", one, tensors, places) for n, one in enumerate(value)]}
                if isinstance(value, list) and value and isinstance(value[0], Saved)
                else _encode(place, value, tensors)
            )
    return described


def _encode_model(prefix: str, model: Saved, tensors: dict[str, AnyArray], places: dict[int, str]) -> Any:
    return {**model.manifest, "state": _encode_state(prefix, model.state, tensors, places)}


def _decode_state(prefix: str, described: dict[str, Any], tensors: dict[str, AnyArray], found: dict[str, Any]) -> Any:
    """The state its entries describe; `found` holds what was decoded before, by the name it was written under."""
    state = {}
    for name, entry in described.items():
        place = f"{prefix}{name}"
        if "same" in entry:
            state[name] = found[entry["same"]]
            continue
        if "models" in entry:
            models = enumerate(entry["models"])
            state[name] = [_decode_model(f"{place}.{n}.", one, tensors, found) for n, one in models]
        else:
            state[name] = _decode(place, entry, tensors)
        found[place] = state[name]
    return state


def _decode_model(prefix: str, manifest: dict[str, Any], tensors: dict[str, AnyArray], found: dict[str, Any]) -> Saved:
    return Saved(manifest, _decode_state(prefix, manifest.pop("state"), tensors, found))


def _encode(name: str, value: Any, tensors: dict[str, AnyArray]) -> Any:
    if isinstance(value, Ids):
        return {"ids": value.kind, "values": _encode(f"{name}.values", value.values, tensors)}
    if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
        return {"strings": _encode_text(name, value, tensors)}
    if isinstance(value, np.ndarray) and value.dtype.kind == "U":
        return {"text": _encode_text(name, value.tolist(), tensors)}
    if isinstance(value, np.ndarray):
        tensors[name] = np.asarray(value, order="C")
        return {"array": name}
    if isinstance(value, dict) and value and all(isinstance(entry, (np.ndarray, Ids)) for entry in value.values()):
        return {"arrays": {key: _encode(f"{name}/{key}", entry, tensors) for key, entry in value.items()}}
    if isinstance(value, sparse.csr_array):
        for part in ("data", "indices", "indptr"):
            tensors[f"{name}.{part}"] = np.asarray(getattr(value, part), order="C")
        return {"csr": name, "shape": [int(side) for side in value.shape]}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return {"json": list(value) if isinstance(value, tuple) else value, "tuple": isinstance(value, tuple)}


def _encode_text(name: str, texts: list[str], tensors: dict[str, AnyArray]) -> str:
    encoded = [text.encode() for text in texts]
    tensors[f"{name}.utf8"] = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    tensors[f"{name}.ends"] = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return name


def _decode_text(name: str, tensors: dict[str, AnyArray]) -> list[str]:
    blob, ends = tensors[f"{name}.utf8"].tobytes(), tensors[f"{name}.ends"].tolist()
    return [blob[start:end].decode() for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _decode(name: str, entry: dict[str, Any], tensors: dict[str, AnyArray]) -> Any:
    if "ids" in entry:
        return Ids(_decode(name, entry["values"], tensors), kind=entry["ids"])
    if "strings" in entry:
        return _decode_text(entry["strings"], tensors)
    if "text" in entry:
        return np.array(_decode_text(entry["text"], tensors), dtype=np.str_)
    if "array" in entry:
        return tensors[entry["array"]]
    if "arrays" in entry:
        return {key: _decode(f"{name}/{key}", array, tensors) for key, array in entry["arrays"].items()}
    if "csr" in entry:
        parts = tuple(tensors[f"{entry['csr']}.{part}"] for part in ("data", "indices", "indptr"))
        return sparse.csr_array(parts, shape=tuple(entry["shape"]))
    if "float" in entry:
        return float(entry["float"])
    return tuple(entry["json"]) if entry.get("tuple") else entry["json"]


def _map_tensors(path: Path) -> dict[str, AnyArray]:
    """The tensors of a safetensors file, mapped: 8 bytes header length, JSON header, then the raw arrays."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= size - 8:
            raise ArtifactError(f"{path.parent} is truncated: {path.name} has no complete header")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    start = 8 + length
    if start + max((entry["data_offsets"][1] for entry in header.values()), default=0) != size:
        raise ArtifactError(f"{path.parent} is truncated: {path.name} has {size:,} bytes, its header promises others")
    tensors: dict[str, AnyArray] = {}
    for name, entry in header.items():
        dtype, shape, (lo, hi) = np.dtype(_DTYPES[entry["dtype"]]), tuple(entry["shape"]), entry["data_offsets"]
        if lo < 0 or hi - lo != dtype.itemsize * math.prod(shape):
            raise ArtifactError(f"{path.parent} is damaged: {name} has {hi - lo} bytes for shape {shape}")
        mapped = np.memmap(path, dtype=dtype, mode="c", offset=start + lo, shape=shape) if hi > lo else None
        tensors[name] = np.empty(shape, dtype) if mapped is None else mapped.view(np.ndarray)
    return tensors


def _crc32(path: Path) -> int:
    found = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            found = zlib.crc32(chunk, found)
    return found


def _crc32_of(described: Any) -> int:
    """The checksum of a described state, whatever the white space it is written with."""
    return zlib.crc32(json.dumps(described, sort_keys=True, allow_nan=False).encode())


def _replaceable(target: Path) -> bool:
    """Whether nothing but a saved model would be lost: a directory of exactly our two files, or an empty one."""
    return target.is_dir() and {entry.name for entry in target.iterdir()} in (set(), {MANIFEST, ARRAYS})


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A fresh directory beside `target` that takes its place when the block ends well, and vanishes when not."""
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield fresh
        fresh.chmod(0o755)
        if not target.exists():
            fresh.rename(target)
        elif not _swap(fresh, target):
            _swap_by_turns(fresh, target)
        _sync(target.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(a: Path, b: Path) -> bool:
    """Exchange two directories in one step; False where the system or the file system cannot (Linux mostly can)."""
    call = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)
    return call is not None and call(here, os.fsencode(a), here, os.fsencode(b), exchange) == 0


def _swap_by_turns(fresh: Path, target: Path) -> None:
    """Exchange two directories by renaming; when the second step fails, the first is undone."""
    old = fresh.with_name(fresh.name + "-old")
    target.rename(old)
    try:
        fresh.rename(target)
    except BaseException:
        old.rename(target)
        raise
    old.rename(fresh)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
