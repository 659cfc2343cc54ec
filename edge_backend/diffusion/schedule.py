"""How much noise there is at each timestep (Ho et al. 2020; the cosine schedule of Nichol and Dhariwal 2021)."""

import math
from dataclasses import dataclass

import numpy as np

from ..numerics.array import Array

CLEAN = -1  # the timestep after 0: no noise is left
PURE_NOISE = -5.1  # log(signal / sigma); what lies below is nothing but noise


@dataclass(frozen=True)
class Schedule:
    """betas, alphas_cumprod: (steps,) float32. Timestep 0 has the least noise, steps - 1 the most.

    Every method also takes t = CLEAN, where the signal is 1 and the noise 0.
    """

    betas: Array
    alphas_cumprod: Array

    @property
    def steps(self) -> int:
        """How many timesteps there are."""
        return len(self.betas)

    def abar(self, t: int) -> float:
        """The signal's share of the variance at timestep t, alpha bar of Ho et al. 2020."""
        return 1.0 if t == CLEAN else float(self.alphas_cumprod[t])

    def signal(self, t: int) -> float:
        """Factor of x0 in x at timestep t."""
        return math.sqrt(self.abar(t))

    def sigma(self, t: int) -> float:
        """Factor of the noise in x at timestep t."""
        return math.sqrt(1 - self.abar(t))

    def beta(self, t: int, t_next: int) -> float:
        """The variance of the noise that comes in between t_next and t > t_next, relative to the signal at t_next."""
        # A product of betas, not a quotient of abars: those are float32, and near t = 0 their quotient is nearly 1.
        return 1 - float(np.prod(1 - self.betas[t_next + 1 : t + 1].astype(np.float64)))

    def log_snr(self, t: int) -> float:
        """log(signal / sigma), the lambda of Lu et al. 2022; infinite at CLEAN."""
        return math.inf if t == CLEAN else math.log(self.signal(t) / self.sigma(t))

    def q_sample(self, x0: Array, t: int, noise: Array) -> Array:
        """x at timestep t from x0 and noise of its shape (Ho et al. 2020, eq. 4)."""
        return self.signal(t) * x0 + self.sigma(t) * noise

    def noise_in(self, x: Array, x0: Array, t: int) -> Array:
        """The noise that makes x out of x0 at timestep t: q_sample solved for the noise."""
        return (x - self.signal(t) * x0) / self.sigma(t)


def cosine_schedule(steps: int = 1000) -> Schedule:
    """alpha bar as a squared cosine (Nichol and Dhariwal 2021, eq. 17), each beta at most 0.999."""
    u = np.arange(steps + 1) / steps + 0.008
    abar = np.cos(u / 1.008 * math.pi / 2) ** 2
    betas = np.clip(1 - abar[1:] / abar[:-1], 0, 0.999).astype(np.float32)
    # Rounded to float32 before the product, as EDGE's weights have seen it.
    return Schedule(betas, np.cumprod(1 - betas, dtype=np.float64).astype(np.float32))


def ddim_times(steps: int, schedule: Schedule) -> list[int]:
    """`steps` timesteps at equal distances, from the last one down; EDGE's grid is steps = 50 of 1000."""
    # Counted from both ends in float32, as torch.linspace does: where its rounding ends decides which timestep it is.
    index, stride = np.arange(steps + 1), float(np.float32(schedule.steps) / np.float32(steps))
    grid = np.where(index < (steps + 1) // 2, stride * index - 1, schedule.steps - 1 - stride * (steps - index))
    return [int(t) for t in grid.astype(np.float32)[:0:-1]]


def log_snr_times(steps: int, schedule: Schedule, first: int | None = None) -> list[int]:
    """At most `steps` timesteps, descending, at equal distances in log(signal / sigma) (Lu et al. 2022, section 3.3).

    first: the timestep of a way that begins with less noise; it gets its share of the steps, at the same distances.
    """
    clean = schedule.log_snr(0)
    start = PURE_NOISE if first is None else max(schedule.log_snr(first), PURE_NOISE)
    share = (clean - start) / (clean - PURE_NOISE)
    count = max(1, math.ceil(steps * share))
    log_snr = np.array([schedule.log_snr(t) for t in range(schedule.steps)])
    wanted = np.linspace(start, clean, count)
    nearest = np.abs(log_snr - wanted[:, None]).argmin(axis=1).tolist()
    # A fine grid names the last timesteps twice: they lie far apart in log SNR.
    return sorted(set(nearest), reverse=True)
