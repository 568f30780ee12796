"""The MovieLens releases on disk: which files each one has, and what their columns mean.

| release | ratings | films | people |
|---|---|---|---|
| 100k | `u.data`, tabs | `u.item`, bars and 19 genre flags, Latin-1 | `u.user` |
| 1m | `ratings.dat`, `::` | `movies.dat`, Latin-1 | `users.dat` with coded occupations |
| 10m | `ratings.dat` | `movies.dat`, UTF-8; `tags.dat` | - |
| 20m and later, latest-small | `ratings.csv` | `movies.csv`, `links.csv`, `tags.csv` | - |

Source: the README of each release; F. M. Harper and J. A. Konstan (2015), The MovieLens Datasets: History and Context,
ACM Transactions on Interactive Intelligent Systems 5(4), 19, https://doi.org/10.1145/2827872.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from longtail.data.catalog import YEAR_AT_END, Catalog
from longtail.data.interactions import Interactions
from longtail.errors import DataError

__all__ = ["holds_ratings", "read_catalog", "read_folder"]

_RATINGS = ("ratings.csv", "ratings.dat", "u.data")
_HALF_STARS = (0.5, 5.0)
_WHOLE_STARS = (1.0, 5.0)
_OCCUPATIONS = (  # the README of the 1m release, codes 0 to 20
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service",
    "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer", "programmer",
    "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer", "tradesman/craftsman",
    "unemployed", "writer",
)  # fmt: skip
_GENRES_100K = (  # `u.genre`, in the order of the flags
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


_TITLE = pl.col("title").str.strip_chars()


def holds_ratings(folder: Path) -> bool:
    """Whether the folder holds the ratings of a MovieLens release."""
    return any((folder / name).is_file() for name in _RATINGS)


def read_folder(folder: str | Path) -> Interactions:
    """The ratings of an unpacked MovieLens release, with its catalog; other files than the ratings may be missing.

    The catalog's `items` have `title` (as released, with the year), `year`, `genres` and, by release, `imdb` and
    `tmdb` (ids of those sites) or `released` and `url`; `users` have `age`, `gender`, `occupation` and `zip`; `tags`
    have `user`, `item`, `tag` and `timestamp`.

    Raises:
        DataError: if it is no such folder, or a file in it is damaged.
    """
    place, name = Path(folder), _ratings_file(folder)
    whole_stars = name == "u.data" or (name == "ratings.dat" and (place / "users.dat").is_file())
    return Interactions.from_csv(
        place / name,
        separator={"ratings.csv": ",", "ratings.dat": "::", "u.data": "\t"}[name],
        scale=_WHOLE_STARS if whole_stars else _HALF_STARS,
        catalog=read_catalog(folder),
    )


def read_catalog(folder: str | Path) -> Catalog | None:
    """What a release says of films and people, or None where there is no file of films; the ratings are not read.

    Raises:
        DataError: as `read_folder`.
    """
    read = {"ratings.csv": _catalog_csv, "ratings.dat": _catalog_dat, "u.data": _catalog_100k}[_ratings_file(folder)]
    try:
        return read(Path(folder))
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        first_line = str(error).partition("\n")[0]
        raise DataError(f"{folder} is no sound MovieLens release ({first_line})") from None


def _ratings_file(folder: str | Path) -> str:
    name = next((name for name in _RATINGS if (Path(folder) / name).is_file()), None)
    if name is None:
        raise DataError(
            f"no {', '.join(_RATINGS[:-1])} or {_RATINGS[-1]} in {folder}; name a MovieLens folder or a file"
        )
    return name


def _catalog_csv(folder: Path) -> Catalog | None:
    movies, links, tags = (folder / name for name in ("movies.csv", "links.csv", "tags.csv"))
    if not movies.is_file():
        return None
    items = _films(pl.read_csv(movies, schema=_schema("movieId:i title genres")))
    if links.is_file():
        sites = pl.read_csv(links, schema=_schema("movieId:i imdbId tmdbId:i"))
        items = items.join(sites.rename({"movieId": "item", "imdbId": "imdb", "tmdbId": "tmdb"}), "item", "left")
    tagged = None
    if tags.is_file():
        names = {"userId": "user", "movieId": "item"}
        tagged = pl.read_csv(tags, schema=_schema("userId:i movieId:i tag timestamp:i")).rename(names)
    return Catalog(items, tags=tagged)


def _catalog_dat(folder: Path) -> Catalog | None:
    movies, users, tags = (folder / name for name in ("movies.dat", "users.dat", "tags.dat"))
    if not movies.is_file():
        return None
    items = _films(_cut(movies, r"^(?<movieId>\d+)::(?<title>.*)::(?<genres>.*)$", ["movieId"]))
    people = None
    if users.is_file():
        pattern = r"^(?<user>\d+)::(?<gender>\w)::(?<age>\d+)::(?<occupation>\d+)::(?<zip>.*)$"
        people = _cut(users, pattern, ["user", "age", "occupation"]).with_columns(
            pl.col("occupation").replace_strict(dict(enumerate(_OCCUPATIONS)), return_dtype=pl.String)
        )
    tagged = None
    if tags.is_file():
        pattern = r"^(?<user>\d+)::(?<item>\d+)::(?<tag>.*)::(?<timestamp>\d+)$"
        tagged = _cut(tags, pattern, ["user", "item", "timestamp"])
    return Catalog(items, people, tagged)


def _catalog_100k(folder: Path) -> Catalog | None:
    if not (folder / "u.item").is_file():
        return None
    flags = [f"flag_{i}" for i in range(len(_GENRES_100K))]
    films = _barred(folder / "u.item", f"item:i title released video url {' '.join(f'{flag}:i' for flag in flags)}")
    named = [pl.when(pl.col(flag) == 1).then(pl.lit(genre)) for flag, genre in zip(flags, _GENRES_100K, strict=True)]
    items = films.select(
        "item",
        _TITLE,
        _year(),
        pl.concat_list(named[1:]).list.drop_nulls().alias("genres"),  # the first flag says "unknown"
        pl.col("released").str.to_date("%d-%b-%Y", strict=False),
        "url",
    )
    people = folder / "u.user"
    return Catalog(items, _barred(people, "user:i age:i gender occupation zip") if people.is_file() else None)


def _films(movies: pl.DataFrame) -> pl.DataFrame:
    listed = pl.when(pl.col("genres").is_in(["", "(no genres listed)"])).then(None).otherwise(pl.col("genres"))
    genres = listed.str.split("|").fill_null([]).alias("genres")
    return movies.select(pl.col("movieId").alias("item"), _TITLE, _year(), genres)


def _year() -> pl.Expr:
    return pl.col("title").str.extract(YEAR_AT_END, 1).cast(pl.Int32).alias("year")


def _cut(path: Path, pattern: str, whole: Sequence[str]) -> pl.DataFrame:
    """The named groups of `pattern` in every line, those of `whole` as integers."""
    lines = pl.Series("line", [line for line in _decoded(path).split("\n") if line.strip()], dtype=pl.String)
    table = lines.str.strip_chars_end("\r").str.extract_groups(pattern).struct.unnest()
    unlike = table[whole[0]].is_null().arg_max() if table[whole[0]].null_count() else None
    if unlike is not None:
        raise DataError(f"{path} line {unlike + 1:,} is not as in MovieLens: {lines[unlike][:60]!r}")
    return table.with_columns(pl.col(column).cast(pl.Int64) for column in whole)


def _barred(path: Path, columns: str) -> pl.DataFrame:
    text, named = io.BytesIO(_decoded(path).encode()), _schema(columns)
    numbered = {f"column_{i + 1}": kind for i, kind in enumerate(named.values())}
    table = pl.read_csv(text, separator="|", quote_char=None, has_header=False, schema=numbered)
    return table.rename(dict(zip(numbered, named, strict=True)))


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _schema(columns: str) -> dict[str, pl.DataType]:
    """`"userId:i tag"` as a schema: `:i` marks integers, the rest is text."""
    names = [name.partition(":") for name in columns.split()]
    return {name: pl.Int64() if kind else pl.String() for name, _, kind in names}
