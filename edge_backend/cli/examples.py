"""What one may type: examples that each command's help ends with."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "generate": (
        "song.ogg -o dance.npz",
        "song.ogg -o calm.npz --style salsa --energy 0.3 --seed 7",
        "song.ogg -o loop.npz --loop-bars 4",
        "song.ogg -o varied.npz --vary dance.npz --strength 0.4 --seed 3",
        "song.ogg -o anew.npz --regenerate dance.npz --frames 100:200 --seed 7",
    ),
    "batch": ("songs/ --out dances --seeds 1-8",),
    "features": ("song.ogg -o features.npz",),
    "listen": ("song.ogg -o map.json --plot map.png",),
    "weights": (
        "list",
        "show starter",
        "fetch edge",
        "import checkpoint.pt -o my_weights/mine.safetensors",
    ),
    "jukebox": ("fetch -o openai", "convert openai --weights-folder my_weights", "benchmark"),
    "export": ("dance.npz -o dance.bvh", "dance.npz -o amass.npz", "dance.npz -o edge.pkl"),
    "convert": ("results.pkl dance.npz", "recordings/ other.bvh motions/ --skip"),
    "phrases": ("add my_phrases recordings/ dance.npz", "list my_phrases"),
    "preview": ("dance.npz --audio song.ogg -o dance.mp4", "dance.npz --sheet dance.png"),
    "bones": ("rig.json",),
    "bench": ("", "--seconds 10 --repeat 3"),
    "doctor": ("", "--json"),
    "setup": ("--home environment", "--home environment --build cpu"),
}
"""Command -> the words behind it, one example each."""


def examples_of(program: str, command: str) -> str:
    """The end of a command's help; "" for a command without examples."""
    rows = [f"  {program} {command} {words}".rstrip() for words in EXAMPLES.get(command, ())]
    return "\n".join(["for example:", *rows]) if rows else ""
