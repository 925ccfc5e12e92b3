"""Terms of lane keeping, in metres and metres per second; published pixels are 40 to a metre."""

from __future__ import annotations

from ..core.arrays import Array
from ..core.term import term

_FUSE = "Miangoleh et al. 2025, 'BLIP-FusePPO', arXiv:2510.22370 (constants of a third-party implementation)"


@term(high=1.0, source=_FUSE)
def in_lane(offset: Array, *, half_width: float = 2.5) -> Array:
    """1 - |d| / half width: 1 on the centre line, 0 at the edge, negative beyond; 100 pixels are 2.5 m.

    Example:
        >>> import numpy as np
        >>> in_lane({"offset": np.array([0.0, -1.25, 5.0])}).tolist()
        [1.0, 0.5, -1.0]
    """
    return 1.0 - abs(offset) / half_width


@term(high=0.0, source=_FUSE)
def off_centre(offset: Array, *, tolerance: float = 2.0) -> Array:
    """-2.5 (d / tolerance)^2; 80 pixels are 2 m.

    Example:
        >>> import numpy as np
        >>> off_centre({"offset": np.array([0.0, 2.0])}).tolist()
        [-0.0, -2.5]
    """
    return -2.5 * (offset / tolerance) ** 2


@term(high=0.0, source=_FUSE)
def off_speed(speed: Array, *, target: float = 20.0) -> Array:
    """-((v - target) / target)^2 with v in km/h, from ``speed`` in m/s; -1 for a standing car.

    Example:
        >>> import numpy as np
        >>> off_speed({"speed": np.array([0.0, 20.0 / 3.6])}).round(6).tolist()
        [-1.0, -0.0]
    """
    return -(((3.6 * speed - target) / target) ** 2)


@term(low=0.0, high=1.0, source="highway-env (racetrack: lane_centering_reward, cost 4)")
def lane_centring(offset: Array, *, cost: float = 4.0) -> Array:
    """1 / (1 + cost d^2).

    Example:
        >>> import numpy as np
        >>> lane_centring({"offset": np.array([0.0, 0.5])}).tolist()
        [1.0, 0.5]
    """
    return 1.0 / (1.0 + cost * offset**2)
