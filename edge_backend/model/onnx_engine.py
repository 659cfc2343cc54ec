"""The engine by ONNX Runtime, on the CPU. It is bundled with the extension and does not need torch.

Every window and branch is evaluated separately on a single thread, several at the same time, so that the numbers depend
neither on the number of windows nor on the number of threads.
"""

import os
import platform
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import, which otherwise starts reporting to Microsoft

import onnxruntime
from onnxruntime import InferenceSession, OrtValue, SessionOptions

from ..numerics.array import Array
from ..runtime.threads import cpu_threads
from ..schema.requests import Arithmetic, EngineName
from .decoder_config import DecoderConfig
from .engine import EXACT_BELOW, Poll, ProductArithmetic, carry_on
from .memory_cache import MemoryCache
from .onnx_decoder import OnnxDecoder
from .onnx_graph import GraphBuilder
from .weights_file import Weights

T = TypeVar("T")

BF16_PRODUCTS = "mlas.enable_gemm_fastmath_arm64_bfloat16"
"""Session option: products of float32 matrices in bf16. ONNX Runtime has them on Linux on ARM alone, and ignores the
option elsewhere: on x86 its CPU kernels have no half precision."""

_MIDDLE = 500  # any timestep

_WARNINGS_OFF = 3  # of ONNX Runtime's log levels: errors only

onnxruntime.disable_telemetry_events()


class _Memory(dict[str, Array]):
    """Outputs of the graph `memory` by name; they are inputs of `step`."""

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.values())


class _Time(NamedTuple):
    """A timestep's encoding: its vector (1, D) for FiLM, values of FiLM (6 L, D) of the null condition, its tokens."""

    vector: Array
    unconditional: Array
    read: dict[str, Array]


class _Baseline(NamedTuple):
    """The condition of the unconditional branch: hidden (1, D), and its inputs of `step`."""

    hidden: Array
    memory: _Memory


class _Music(NamedTuple):
    """Encoded windows of music: hidden (W, D), and inputs of `step` for each. baseline: None = the null condition."""

    hidden: Array
    memories: MemoryCache[int, _Memory]
    baseline: _Baseline | None


def multiplies_in_bf16() -> bool:
    """Whether BF16_PRODUCTS has an effect here: on Linux, and the processor is an ARM with bf16."""
    if sys.platform == "linux" and platform.machine() == "aarch64":
        with suppress(OSError):
            return "bf16" in Path("/proc/cpuinfo").read_text("utf-8", errors="replace").split()
    return False


class OnnxEngine:
    """The engine with these weights. threads: None = those of runtime.threads.

    arithmetic: fastest = the evaluations from EXACT_BELOW on in bf16, where `multiplies_in_bf16` and the network's
    results are finite.
    """

    name: EngineName = "onnx"
    version: str = onnxruntime.__version__
    device = "cpu"

    def __init__(self, weights: Weights, threads: int | None = None, arithmetic: Arithmetic = "exact") -> None:
        self.arithmetic: ProductArithmetic = "fp32"
        self.threads = threads or cpu_threads()
        decoder = OnnxDecoder(weights.info.config, weights.parameters)
        graphs = (decoder.encoder(), decoder.memory(), decoder.time(), decoder.film(), decoder.step())
        self._encoder, self._memory, self._time, self._film, self._step = map(_Session, graphs)
        self._times: dict[int, _Time] = {}
        tokens, self._unknown_hidden = (
            np.asarray(weights.parameters[f"null_cond_{name}"], np.float32) for name in ("embed", "hidden")
        )
        self._unknown = _Memory(self._memory({"tokens": tokens[0]}))
        self._fast_step = self._step
        if arithmetic == "fastest" and multiplies_in_bf16():
            self._use_bf16(decoder, weights.info.config)

    def encode(self, cond: Array, poll: Poll = carry_on, *, baseline: Array | None = None) -> _Music:
        """As Engine.encode."""
        encoded = self._run([partial(self._encoder, {"cond": window}) for window in _float32(cond)], poll)
        tokens = [window["tokens"] for window in encoded]
        hidden = np.concatenate([window["hidden"] for window in encoded])
        other = None
        if baseline is not None:
            (window,) = _float32(baseline[None])
            read = self._encoder({"cond": window})
            other = _Baseline(read["hidden"], _Memory(self._memory({"tokens": read["tokens"]})))
        return _Music(hidden, MemoryCache(lambda window: _Memory(self._memory({"tokens": tokens[window]}))), other)

    def predict(
        self, x: Array, t: int, music: _Music, *, conditional: bool, unconditional: bool, poll: Poll = carry_on
    ) -> list[Array]:
        """As Engine.predict."""
        time, x = self._time_of(t), _float32(x)
        step = self._step if t < EXACT_BELOW else self._fast_step
        jobs: list[Callable[[], Array]] = []
        if conditional:
            film = self._film({"vector": time.vector + music.hidden})["film"]
            jobs += [
                partial(self._conditional, step, one, time, film[number], memories=music.memories, window=number)
                for number, one in enumerate(x)
            ]
        if unconditional:
            film, memory = time.unconditional, self._unknown
            if music.baseline:
                (film,), memory = (
                    self._film({"vector": time.vector + music.baseline.hidden})["film"],
                    music.baseline.memory,
                )
            jobs += [partial(self._predicted, step, window, time, film, memory) for window in x]
        x0 = np.stack(self._run(jobs, poll))
        return list(x0.reshape(-1, *x.shape))

    def plain(self, x: Array, t: int, cond: Array, *, unconditional: bool) -> Array:
        """As Engine.plain."""
        (x0,) = self.predict(x, t, self.encode(cond), conditional=not unconditional, unconditional=unconditional)
        return x0

    def _use_bf16(self, decoder: OnnxDecoder, config: DecoderConfig) -> None:
        """Evaluate the steps with BF16_PRODUCTS, if a step on noise has finite results."""
        step = _Session(decoder.step(), BF16_PRODUCTS)
        noise = _float32(np.random.default_rng(0).normal(size=(config.frames, config.channels)))
        time = self._time_of(_MIDDLE)
        if np.isfinite(self._predicted(step, noise, time, time.unconditional, self._unknown)).all():
            self._fast_step, self.arithmetic = step, "bf16"

    def _conditional(
        self, step: "_Session", x: Array, time: _Time, film: Array, *, memories: MemoryCache[int, _Memory], window: int
    ) -> Array:
        return self._predicted(step, x, time, film, memories.of(window))

    def _predicted(self, step: "_Session", x: Array, time: _Time, film: Array, memory: _Memory) -> Array:
        return step({"x": x, "film": film, **memory, **time.read})["x0"]

    def _time_of(self, t: int) -> _Time:
        if t not in self._times:
            read = self._time({"t": np.array([t], np.float32)})
            vector = read.pop("vector")
            (unconditional,) = self._film({"vector": vector + self._unknown_hidden})["film"]
            self._times[t] = _Time(vector, unconditional, read)
        return self._times[t]

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.threads, "window")

    def _run(self, jobs: Sequence[Callable[[], T]], poll: Poll) -> list[T]:
        """The results of the jobs, which run on `threads` threads. poll: is called before each."""
        if self.threads == 1:
            return _polled(jobs, poll)
        futures: list[Future[T]] = []
        running: set[Future[T]] = set()
        try:
            for job in jobs:
                if len(running) >= self.threads:
                    _, running = wait(running, return_when=FIRST_COMPLETED)
                poll()
                futures.append(self._pool.submit(job))
                running.add(futures[-1])
        finally:
            wait(running)
        return [future.result() for future in futures]


class _Session:
    """A loaded graph, evaluated on the calling thread. switched_on: options of the session that are set to 1."""

    def __init__(self, graph: GraphBuilder, *switched_on: str) -> None:
        options = SessionOptions()
        for name in switched_on:
            options.add_session_config_entry(name, "1")
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _WARNINGS_OFF
        values = [OrtValue.ortvalue_from_numpy(array) for array in graph.weights.values()]
        options.add_external_initializers(list(graph.weights), values)
        model = graph.to_bytes(with_weights=False)
        self._session = InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """Outputs by name."""
        return dict(zip(self._outputs, self._session.run(self._outputs, inputs), strict=True))


def _polled(jobs: Sequence[Callable[[], T]], poll: Poll) -> list[T]:
    results = []
    for job in jobs:
        poll()
        results.append(job())
    return results


def _float32(array: Array) -> Array:
    return np.ascontiguousarray(array, dtype=np.float32)
