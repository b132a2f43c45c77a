# SPDX-License-Identifier: Apache-2.0
"""One reply from several damaged copies of it.

On a bad line a long reply hardly ever arrives whole, but each of its lines often does. What most
copies agree on, line by line, is the reply if one of the CRCs that came with them says so."""

import zlib
from collections import Counter
from collections.abc import Iterator


def crc_of(lines: list[bytes]) -> int:
    """The CRC-32 that ends a reply of these lines."""
    return zlib.crc32(b"".join(line + b"\r\n" for line in lines))


class Copies:
    """The copies of one reply that came so far, each with a CRC that is perhaps not its own."""

    def __init__(self) -> None:
        self._copies: list[list[bytes]] = []
        self._crcs: set[int] = set()

    def add(self, lines: list[bytes], crc: int) -> None:
        """A copy, and the CRC that its end names."""
        self._copies.append(lines)
        self._crcs.add(crc)

    def agreed(self) -> list[bytes] | None:
        """The reply, if the copies give it away."""
        return next((x for x in self._guesses() if crc_of(x) in self._crcs), None)

    def _guesses(self) -> Iterator[list[bytes]]:
        """The most frequent line at each place; then with one of them replaced by the second."""
        lengths = Counter(len(lines) for lines in self._copies)
        for length, _ in lengths.most_common(2):
            same = [lines for lines in self._copies if len(lines) == length]
            ranked = [Counter(place).most_common(2) for place in zip(*same, strict=True)]
            best = [choices[0][0] for choices in ranked]
            yield best
            for i, choices in enumerate(ranked):
                if len(choices) > 1:
                    yield [*best[:i], choices[1][0], *best[i + 1 :]]
