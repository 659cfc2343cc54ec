"""Jobs for render farms: Flamenco's job type, as its manager compiles it, and OpenJD's templates."""

import json
import shutil
import subprocess
from pathlib import Path

import bpy
import pytest
from blender_fixtures import addon, put_dancer, random_motion

import build_addon

FARM = Path(build_addon.__file__).parent / "blender_addon/render/farm"
MANAGER = """
const path = require("path").posix;
const made = [];
path.stem = (name) => path.parse(name).name;
const author = {
    Task: (name, type) => ({name, type, commands: [], after: [],
        addCommand(command) { this.commands.push(command); }, addDependency(task) { this.after.push(task.name); }}),
    Command: (name, parameters) => ({name, parameters}),
};
function frameChunker(frames, size) {  // first-last alone
    const [first, last] = frames.split("-").map(Number), chunks = [];
    for (let at = first; at <= last; at += size) {
        const end = Math.min(at + size - 1, last);
        chunks.push(at === end ? `${at}` : `${at}-${end}`);
    }
    return chunks;
}
const print = () => {};
"""
"""What a job type finds in Flamenco's manager, as its own job types use it."""


def farm_job(tmp_path, farm):
    """The job file of a dance in 40 frames, in chunks of 7."""
    scene = bpy.context.scene
    scene.render.fps = 30
    addon("takes.new_take").add_take(put_dancer(), random_motion(40), scene, 1)
    scene.frame_end = 40
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(scene.camera)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "my dance.blend"))
    path = tmp_path / "job.json"
    assert bpy.ops.edge_dance.write_farm_job(farm=farm, filepath=str(path), chunk=7) == {"FINISHED"}
    return json.loads(path.read_text())


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_the_job_type_compiles_to_pictures_sound_and_a_film(tmp_path):
    job = farm_job(tmp_path, "FLAMENCO")
    script = (
        MANAGER
        + (FARM / "edge_dance.js").read_text()
        + (
            f"compileJob({{settings: {json.dumps(job['settings'])}, addTask: (task) => made.push(task)}});"
            "console.log(JSON.stringify({type: JOB_TYPE, tasks: made}));"
        )
    )
    made = json.loads(subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout)
    tasks = {task["name"]: task for task in made["tasks"]}
    chunks = ["1-7", "8-14", "15-21", "22-28", "29-35", "36-40"]
    assert list(tasks) == [*(f"render-{chunk}" for chunk in chunks), "sound", "film"]
    assert tasks["film"]["after"] == [*(f"render-{chunk}" for chunk in chunks), "sound"]
    render = tasks["render-8-14"]["commands"][0]["parameters"]
    assert render["blendfile"] == (tmp_path / "my dance.blend").as_posix() and render["exe"] == "{blender}"
    assert render["args"][-2:] == ["--render-frame", "8..14"]
    film = tasks["film"]["commands"][0]["parameters"]
    assert film["args"][:2] == ["-i", f"{tmp_path.as_posix()}/render/my dance/my dance.wav"]
    assert film["outputFile"] == f"{tmp_path.as_posix()}/render/my dance/my dance.mp4"
    keys = {setting["key"] for setting in made["type"]["settings"]}
    assert set(job["settings"]) <= keys
    assert all(setting["key"] in job["settings"] for setting in made["type"]["settings"] if setting.get("required"))
    expression = tasks["sound"]["commands"][0]["parameters"]["args"][-1]
    compile(expression, "sound", "exec")
    assert "1, 40" in expression


def test_the_openjd_template_is_of_this_scene(tmp_path):
    template = farm_job(tmp_path, "OPENJD")
    assert template["specificationVersion"] == "jobtemplate-2023-09"
    defaults = {one["name"]: one.get("default") for one in template["parameterDefinitions"]}
    assert (defaults["Frames"], defaults["ChunkSize"], defaults["LastFrame"]) == ("1-40:7", 7, 40)
    assert defaults["BlendFile"] == (tmp_path / "my dance.blend").as_posix()
    assert defaults["OutputFolder"] == f"{tmp_path.as_posix()}/render"


@pytest.mark.parametrize("name", ["render", "dance"])
def test_the_templates_are_valid(name):
    models = pytest.importorskip("openjd.model")
    content = json.loads((FARM / f"{name}.openjd.json").read_text())
    assert models.decode_job_template(template=content).specificationVersion.value == "jobtemplate-2023-09"


def test_the_dance_template_knows_the_styles():
    content = json.loads((FARM / "dance.openjd.json").read_text())
    style = next(one for one in content["parameterDefinitions"] if one["name"] == "Style")
    assert tuple(style["allowedValues"]) == addon("edge_backend.schema.requests").STYLES
