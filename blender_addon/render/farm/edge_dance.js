// SPDX-License-Identifier: GPL-3.0-or-later
//
// A job type of Flamenco: renders a dance in chunks of frames, mixes the sequencer's sound, and joins both to a film.
// It goes into the folder `scripts` beside Flamenco's manager. The blend file renders pictures, not a film.

const JOB_TYPE = {
    label: "EDGE Dance",
    description: "Render a dance frame by frame, mix its song, and join both to a film",
    settings: [
        { key: "frames", type: "string", required: true,
          eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'",
          evalInfo: { showLinkButton: true, description: "Scene frame range" },
          description: "Frames to render: first-last" },
        { key: "chunk_size", type: "int32", default: 20, propargs: { min: 1 }, visible: "submission",
          description: "Frames that one machine renders at a time" },
        { key: "render_output_root", type: "string", subtype: "dir_path", required: true, visible: "submission",
          description: "Folder in which the job makes one of its own; it may begin with a variable of the manager" },
        { key: "render_output_path", type: "string", subtype: "file_path", editable: false,
          eval: "str(Path(abspath(settings.render_output_root), jobname, '######'))",
          description: "The pictures" },
        { key: "sound", type: "bool", default: true, description: "Mix the sequencer's sound into the film" },
        { key: "blendfile", type: "string", required: true, visible: "web", description: "The blend file" },
        { key: "scene", type: "string", required: true, eval: "C.scene.name", visible: "web",
          description: "The scene to render" },
        { key: "fps", type: "float", eval: "C.scene.render.fps / C.scene.render.fps_base", visible: "hidden" },
        { key: "image_file_extension", type: "string", default: ".png", visible: "hidden" },
    ]
};

function compileJob(job) {
    const settings = job.settings;
    const folder = path.dirname(settings.render_output_path);
    const stem = path.stem(settings.blendfile);
    const sound = path.join(folder, `${stem}.wav`);

    const before = frameChunker(settings.frames, settings.chunk_size).map((chunk) => renderTask(settings, chunk));
    if (settings.sound) {
        before.push(soundTask(settings, sound));
    }
    const film = filmTask(settings, folder, path.join(folder, `${stem}.mp4`), settings.sound ? sound : "");
    for (const task of before) {
        job.addTask(task);
        film.addDependency(task);
    }
    job.addTask(film);
}

function renderTask(settings, chunk) {
    const task = author.Task(`render-${chunk}`, "blender");
    task.addCommand(blender(settings, [
        "--scene", settings.scene,
        "--render-output", settings.render_output_path,
        "--render-format", "PNG",
        "--render-frame", chunk.replaceAll("-", ".."),  // Blender writes ranges with two dots
    ]));
    return task;
}

function soundTask(settings, target) {
    const [first, last] = ends(settings.frames);
    const task = author.Task("sound", "blender");
    task.addCommand(blender(settings, [
        "--scene", settings.scene,
        "--python-exit-code", "1",
        "--python-expr",
        "import bpy; s = bpy.context.scene; " +
        `s.frame_start, s.frame_end = ${first}, ${last}; ` +
        `bpy.ops.sound.mixdown(filepath=${JSON.stringify(target)}, container='WAV', codec='PCM')`,
    ]));
    return task;
}

function filmTask(settings, folder, target, sound) {
    const task = author.Task("film", "ffmpeg");
    task.addCommand(author.Command("frames-to-video", {
        exe: "ffmpeg",
        fps: settings.fps,
        inputGlob: path.join(folder, `*${settings.image_file_extension}`),
        outputFile: target,
        args: [
            ...(sound ? ["-i", sound, "-c:a", "aac", "-b:a", "192k"] : []),
            "-c:v", "h264",
            "-crf", "20",
            "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2",  // h264 has even sizes
            "-pix_fmt", "yuv420p",
            "-r", settings.fps,
            "-y",
        ],
    }));
    return task;
}

function blender(settings, args) {
    return author.Command("blender-render", {
        exe: "{blender}",
        exeArgs: "{blenderArgs}",
        argsBefore: [],
        blendfile: settings.blendfile,
        args: args,
    });
}

function ends(frames) {
    const numbers = frames.split(/[-,]/).map((number) => parseInt(number, 10));
    return [Math.min(...numbers), Math.max(...numbers)];
}
