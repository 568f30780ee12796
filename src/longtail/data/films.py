"""A catalogue of films nobody has made: genres, years, titles and prices for a generated world."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from longtail.types import BoolArray, FloatArray, IntArray, LongArray

__all__ = ["AXES", "GENRES", "LAST_YEAR", "MEAN_PLACE", "Films", "invent"]

AXES = ("dark", "tense", "fantastic", "adult")
"""What a genre says of a film: each axis runs from its opposite (about -1) to the named end (about 1)."""

_GENRES: dict[str, tuple[float, tuple[float, ...]]] = {  # share among first genres, place on AXES
    "Action": (0.13, (0.2, 1.0, 0.3, 0.1)),
    "Adventure": (0.07, (-0.3, 0.7, 0.6, -0.5)),
    "Animation": (0.04, (-0.6, -0.1, 0.9, -0.9)),
    "Children": (0.03, (-0.8, -0.3, 0.5, -1.2)),
    "Comedy": (0.22, (-1.0, -0.6, -0.2, -0.1)),
    "Crime": (0.06, (0.8, 0.6, -0.5, 0.7)),
    "Documentary": (0.04, (0.1, -0.8, -1.2, 0.5)),
    "Drama": (0.20, (0.4, -0.8, -0.6, 0.6)),
    "Fantasy": (0.03, (-0.2, 0.1, 1.2, -0.5)),
    "Film-Noir": (0.01, (0.9, 0.4, -0.4, 0.8)),
    "Horror": (0.05, (1.1, 0.8, 0.6, 0.7)),
    "Musical": (0.02, (-0.9, -0.7, 0.2, -0.5)),
    "Mystery": (0.02, (0.7, 0.5, 0.0, 0.3)),
    "Romance": (0.07, (-0.5, -1.0, -0.3, 0.2)),
    "Sci-Fi": (0.04, (0.2, 0.6, 1.2, 0.1)),
    "Thriller": (0.05, (0.8, 0.9, -0.2, 0.5)),
    "War": (0.02, (0.7, 0.4, -0.7, 0.6)),
    "Western": (0.01, (0.2, 0.5, -0.5, 0.1)),
}
GENRES = tuple(_GENRES)
_SHARE = np.array([share for share, _ in _GENRES.values()])
_PLACE = np.array([place for _, place in _GENRES.values()])
MEAN_PLACE: FloatArray = (_SHARE @ _PLACE / _SHARE.sum()).astype(np.float32)
_NOUNS = {
    "Action": "Strike Pursuit Vengeance Siege Showdown Bullet Ambush Thunder",
    "Adventure": "Expedition Voyage Treasure Island Compass Quest Caravan Summit",
    "Animation": "Lantern Fox Puppet Parade Kite Robot Teapot Whale",
    "Children": "Puppy Snowman Circus Treehouse Rabbit Pony Birthday Holiday",
    "Comedy": "Wedding Neighbour Roommate Uncle Vacation Reunion Landlord Mix-Up",
    "Crime": "Heist Informant Alibi Verdict Ledger Syndicate Getaway Witness",
    "Documentary": "Glacier Archive Orchestra Factory Harvest Portrait Frontier River",
    "Drama": "Daughter Winter Promise Silence Inheritance Letter Kitchen Garden",
    "Fantasy": "Dragon Enchantress Kingdom Amulet Prophecy Sorcerer Raven Throne",
    "Film-Noir": "Alley Stranger Shadow Cigarette Detective Telegram Nightclub Blonde",
    "Horror": "Cellar Curse Grave Scream Possession Asylum Ritual Hollow",
    "Musical": "Melody Ballroom Chorus Serenade Spotlight Piano Rhythm Encore",
    "Mystery": "Secret Cipher Disappearance Manor Clue Mask Riddle Photograph",
    "Romance": "Kiss Summer Heart Proposal Bouquet Affair Honeymoon Valentine",
    "Sci-Fi": "Signal Android Orbit Galaxy Paradox Starship Colony Machine",
    "Thriller": "Conspiracy Hostage Deadline Trap Obsession Stalker Suspect Edge",
    "War": "Battalion Trench Soldier Bridge Armistice Regiment Bunker Convoy",
    "Western": "Outlaw Saddle Canyon Sheriff Stagecoach Ranch Gunslinger Prairie",
}
_ANY_NOUN = (
    "Harbour Tower Mirror Train Road Window Bell Clock Map Storm Tide Door Library Station Forest Lake Mountain "
    "Street Market Painter Doctor Teacher Sailor Pilot Widow Twin Captain Baker Tailor Thief Hour Morning Evening "
    "Night Autumn Spring Dream Memory Song Dance Game Journey Return Escape Crossing Feather Stone Glass Ember "
    "Anchor Carousel"
)
_ADJECTIVES = (
    "Silent Hidden Broken Golden Crimson Distant Forgotten Burning Frozen Restless Velvet Marble Endless Lonely "
    "Gentle Savage Sacred Secret Stolen Scarlet Silver Emerald Midnight Paper Iron Wooden Electric Invisible "
    "Reluctant Perfect Ordinary Impossible Curious Wicked Wild Quiet Shattered Faithful Fearless Final Second Last "
    "First Lost Long Little Great Blue Black White Green Red Bitter Sweet Lucky Foolish Honest Borrowed Vanishing "
    "Wandering"
)
_PLACES = (
    "Lisbon Vienna Cairo Havana Prague Dublin Naples Boston Oslo Shanghai Istanbul Marseille Kyoto Calcutta Nairobi "
    "Lima Montreal Warsaw Seville Tangier Odessa Geneva Bombay Bristol Savannah Memphis Reykjavik Salamanca Trieste "
    "Antwerp"
)
_NAMES = (
    "Clara Oscar Martha Felix Nora Hugo Irene Victor Alma Leo Edith Jonah Ruth Simon Vera Walter Agnes Theo Ida Max "
    "Rosa Otto Lena Arthur Mabel Julius Greta Samuel Ada Henry Paula Emil Sylvia Conrad Judith Anton Flora Rupert "
    "Ingrid Miles"
)
_PATTERNS = (
    "The {adjective} {noun}",
    "{adjective} {noun}",
    "{name}'s {noun}",
    "The {noun} of {place}",
    "{name} and the {noun}",
    "A {adjective} {other}",
    "The {noun} and the {other}",
    "Goodbye, {name}",
    "{adjective} {noun} in {place}",
    "{name} of {place}",
    "Last {noun} to {place}",
)
_PATTERN_SHARE = (0.27, 0.17, 0.10, 0.10, 0.06, 0.06, 0.07, 0.02, 0.07, 0.03, 0.05)
_GENRES_PER_FILM = (0.35, 0.40, 0.25)  # share of films with one, two, three
_COMPANY = 2.0  # how much nearer genres are preferred as a second and third
_FIRST_YEAR, LAST_YEAR, _MEAN_AGE = 1925, 2019, 18.0


@dataclass(frozen=True)
class Films:
    """Facts about n generated films, in index order.

    Attributes:
        genres: (n, 18) bool, column order of `GENRES`.
        first_genre: (n,) int32, column of the leading genre.
        places: (n, 4) float32, mean place of the film's genres on `AXES`.
        years: (n,) int64, up to `LAST_YEAR`.
        titles: n distinct titles, each with its year behind it.
        prices: (n,) float32, in dollars.
    """

    genres: BoolArray
    first_genre: IntArray
    places: FloatArray
    years: LongArray
    titles: list[str]
    prices: FloatArray

    def frame(self, item_ids: LongArray) -> pl.DataFrame:
        """The films as the `items` of a Catalog: item, title, year, genres, price."""
        film, genre = np.nonzero(self.genres)
        pairs = pl.DataFrame({"film": film, "genre": np.array(GENRES)[genre]})
        columns = {
            "item": item_ids,
            "title": self.titles,
            "year": self.years,
            "genres": pairs.group_by("film", maintain_order=True).agg("genre")["genre"],
            "price": self.prices,
        }
        return pl.DataFrame(columns, schema_overrides={"year": pl.Int32})


def invent(n: int, rng: np.random.Generator) -> Films:
    """Invent n films, the same for the same generator state.

    Examples:
        >>> films = invent(500, np.random.default_rng(0))
        >>> len(set(films.titles)), np.unique(films.genres.sum(axis=1)).tolist()
        (500, [1, 2, 3])
    """
    genres, first = _draw_genres(n, rng)
    places = genres @ _PLACE / genres.sum(axis=1, keepdims=True)
    age = (rng.exponential(_MEAN_AGE, n) % (LAST_YEAR - _FIRST_YEAR)).astype(np.int64)
    noir = genres[:, GENRES.index("Film-Noir")]
    years = np.where(noir, 1940 + age % 20, LAST_YEAR - age)
    dollars = np.floor(4.0 + 11.0 * np.exp(-(LAST_YEAR - years) / 15.0) + rng.gamma(2.0, 1.0, n))
    return Films(
        genres=genres,
        first_genre=first,
        places=places.astype(np.float32),
        years=years,
        titles=_name_all(first, years, rng),
        prices=(dollars + 0.99).astype(np.float32),
    )


def _draw_genres(n: int, rng: np.random.Generator) -> tuple[BoolArray, IntArray]:
    """One to three genres a film: the first by share, the others by share and nearness to it (Gumbel top-k)."""
    direction = _PLACE / np.linalg.norm(_PLACE, axis=1, keepdims=True)
    first = rng.choice(len(GENRES), n, p=_SHARE / _SHARE.sum())
    key = np.log(_SHARE) + _COMPANY * (direction @ direction.T)[first] + rng.gumbel(size=(n, len(GENRES)))
    key[np.arange(n), first] = np.inf
    many = 1 + rng.choice(len(_GENRES_PER_FILM), n, p=_GENRES_PER_FILM)
    rank = np.argsort(np.argsort(-key, axis=1), axis=1)
    return rank < many[:, None], first.astype(np.int32)


def _name_all(first_genre: IntArray, years: LongArray, rng: np.random.Generator) -> list[str]:
    """A distinct title for each film; a name met again in a later film gets the number of a sequel."""
    n = len(years)
    nouns = [_NOUNS[genre].split() for genre in GENRES]
    any_noun, adjectives, places, names = (text.split() for text in (_ANY_NOUN, _ADJECTIVES, _PLACES, _NAMES))
    pattern = rng.choice(len(_PATTERNS), n, p=_PATTERN_SHARE)
    word = rng.integers(0, 2**31, size=(n, 6))
    titles, met = [""] * n, Counter[str]()
    for film in np.argsort(years, kind="stable").tolist():
        pick = word[film].tolist()
        own = nouns[first_genre[film]] if pick[5] % 2 else any_noun
        noun = own[pick[0] % len(own)]
        other = any_noun[pick[1] % len(any_noun)]
        title = _PATTERNS[pattern[film]].format(
            noun=noun,
            other=other if other != noun else any_noun[(pick[1] + 1) % len(any_noun)],
            adjective=adjectives[pick[2] % len(adjectives)],
            place=places[pick[3] % len(places)],
            name=names[pick[4] % len(names)],
        )
        met[title] += 1
        number = f" {met[title]}" if met[title] > 1 else ""
        titles[film] = f"{title}{number} ({years[film]})"
    return titles
